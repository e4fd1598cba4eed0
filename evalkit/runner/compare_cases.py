"""Which cases one run did better than the other, and what was said in them."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from evalkit.gates.measurements import COVERAGE, CheckTable
from evalkit.protocols import Metric
from evalkit.records import Status
from evalkit.results import Exchange
from evalkit.runner.compare_changes import CaseChange
from evalkit.runner.compare_metrics import BY_CASE, OF_SPEED, TOLERANCE
from evalkit.runner.compare_sides import Side
from evalkit.runner.findings import MASKING, exchanges_of
from evalkit.runner.values_by_case import values_by_case
from evalkit.store import Store

if TYPE_CHECKING:
    from numpy.typing import NDArray


def telling_metrics(table: CheckTable, gated: Set[tuple[str, str]]) -> list[Metric]:
    """Metrics that decide whether a case became better or worse: those with a gate; without gates, those with bounds.

    Only those: an answer of more words is not a better one unless the suite says so."""
    by_case = [m for m in table.metrics if m.kind in BY_CASE and m.unit not in OF_SPEED]
    return [m for m in by_case if (table.name, m.name) in gated] or [m for m in by_case if m.bounds is not None]


@dataclass(frozen=True, slots=True)
class Turned:
    """Cases of a check that two runs have in common and that went otherwise in ours: the largest change first; before
    all, cases of which only one side has a score. A row each; of the others no more than their number is kept."""

    theirs: NDArray[np.int64]
    """Where they stand in the other table, and in ours."""
    ours: NDArray[np.int64]
    telling: NDArray[np.int64]
    """Which metric tells; ``ONE_SIDED`` of cases that only one side scored."""
    was: NDArray[np.float64]
    now: NDArray[np.float64]
    improved: NDArray[np.bool_]
    metrics: tuple[Metric, ...]
    """Those that could be compared."""
    counts: Mapping[str, tuple[int, int, int]]
    """By metric, in how many cases it improved, fell and stayed, whether or not it is the first that tells."""

    def __len__(self) -> int:
        return len(self.ours)


ONE_SIDED = -1


def turned(theirs: CheckTable, ours: CheckTable, telling: Sequence[Metric]) -> Turned:
    """The first of the ``telling`` metrics that changed tells of a case. Some numbers a case, and only for a moment."""
    there, here = common_places(theirs, ours)
    failed = [_are_errored(table)[places] for table, places in ((theirs, there), (ours, here))]
    first = np.where(failed[0] == failed[1], len(telling), ONE_SIDED)
    size = np.where(first == ONE_SIDED, np.inf, 0.0)
    was, now = np.full(len(here), np.nan), np.full(len(here), np.nan)
    improved = failed[0] & ~failed[1]
    both = ~failed[0] & ~failed[1]
    counts = {COVERAGE: _counted(first == ONE_SIDED, improved, both | (failed[0] & failed[1]))}
    compared: list[Metric] = []
    for metric in telling:
        values = _both_values(theirs, ours, metric)
        if values is None:
            continue
        before, after = values[0][there], values[1][here]
        gap = after - before
        changed = both & (np.abs(gap) > TOLERANCE)  # false where either has no value
        better = (gap > 0) == (metric.better == "higher")
        counts[metric.name] = _counted(changed, better, both & ~np.isnan(gap))
        new = changed & (first == len(telling))
        first[new], size[new] = len(compared), np.abs(gap[new])
        was[new], now[new], improved[new] = before[new], after[new], better[new]
        compared.append(metric)
    rows = np.flatnonzero(first < len(telling))
    rows = rows[np.argsort(-size[rows], kind="stable")]
    return Turned(
        theirs=there[rows],
        ours=here[rows],
        telling=first[rows],
        was=was[rows],
        now=now[rows],
        improved=improved[rows],
        metrics=tuple(compared),
        counts=counts,
    )


def common_places(theirs: CheckTable, ours: CheckTable) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the cases that both have stand in each, in our order. Both are gone through by name: no dictionary."""
    left, right = iter(theirs.cases.in_order()), iter(ours.cases.in_order())
    there, here = array("q"), array("q")
    with suppress(StopIteration):
        at, to = next(left), next(right)
        name, other = theirs.cases[at], ours.cases[to]
        while True:
            if name == other:
                there.append(at)
                here.append(to)
            step_left, step_right = name <= other, other <= name
            if step_left:
                at = next(left)
                name = theirs.cases[at]
            if step_right:
                to = next(right)
                other = ours.cases[to]
    in_order = np.argsort(np.asarray(here, dtype=np.int64), kind="stable")
    return np.asarray(there, dtype=np.int64)[in_order], np.asarray(here, dtype=np.int64)[in_order]


def _are_errored(table: CheckTable) -> NDArray[np.bool_]:
    return np.fromiter((status is Status.ERRORED for status in table.statuses), dtype=np.bool_, count=len(table.cases))


def _both_values(
    theirs: CheckTable, ours: CheckTable, metric: Metric
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """None where the two sides' statistics say different things."""
    if metric.name not in theirs.columns or not _have_one_shape(theirs, ours, metric.name):
        return None
    before = values_by_case(theirs, metric.name, read_by=metric)
    after = values_by_case(ours, metric.name)
    return None if before is None or after is None else (before, after)


def _have_one_shape(theirs: CheckTable, ours: CheckTable, name: str) -> bool:
    sides = [table.vectors(name, range(len(table.cases)))[0] for table in (theirs, ours)]
    return not sides[0] or not sides[1] or len(sides[0][0]) == len(sides[1][0])


def _counted(
    changed: NDArray[np.bool_], better: NDArray[np.bool_], compared: NDArray[np.bool_]
) -> tuple[int, int, int]:
    up, moved = int((changed & better).sum()), int(changed.sum())
    return up, moved - up, int((compared & ~changed).sum())


def case_changes(theirs: CheckTable, ours: CheckTable, telling: Sequence[Metric]) -> list[CaseChange]:
    """The largest change first; before all, cases of which only one side has a score."""
    found = turned(theirs, ours, telling)
    return [case_change(theirs, ours, found, row) for row in range(len(found))]


def case_change(theirs: CheckTable, ours: CheckTable, found: Turned, row: int) -> CaseChange:
    place, other, telling = int(found.ours[row]), int(found.theirs[row]), int(found.telling[row])
    one_sided = telling == ONE_SIDED
    return CaseChange(
        check=ours.name,
        case=ours.cases[place],
        direction="improved" if found.improved[row] else "regressed",
        metric=COVERAGE if one_sided else found.metrics[telling].name,
        baseline=None if one_sided else float(found.was[row]),
        candidate=None if one_sided else float(found.now[row]),
        baseline_status=theirs.statuses[other],
        candidate_status=ours.statuses[place],
    )


def with_exchanges(theirs: Side, ours: Side, changes: Sequence[CaseChange], show: int) -> list[CaseChange]:
    """Checks take turns, so that one that changed everywhere does not hide the others; the first get their answers."""
    by_check: dict[tuple[str, str], list[CaseChange]] = {}
    for change in changes:
        by_check.setdefault((change.direction, change.check), []).append(change)
    ordered: list[CaseChange] = []
    for turned in ("regressed", "improved"):
        lists = [found for (of, _), found in by_check.items() if of == turned]
        turns = [change for turn in zip_longest(*lists) for change in turn if change is not None]
        ordered += with_answers(theirs, ours, turns[:show]) + turns[show:]
    return ordered


def with_answers(theirs: Side, ours: Side, changes: Sequence[CaseChange]) -> list[CaseChange]:
    """What each side was asked and answered, read for these alone."""
    wanted: dict[str, set[str]] = {}
    for change in changes:
        wanted.setdefault(change.check, set()).add(change.case)
    before, after = _exchanges(theirs, wanted), _exchanges(ours, wanted)
    return [
        replace(
            change,
            baseline_exchanges=before.get((change.check, change.case), ()),
            candidate_exchanges=after.get((change.check, change.case), ()),
        )
        for change in changes
    ]


def _exchanges(side: Side, wanted: Mapping[str, set[str]]) -> dict[tuple[str, str], tuple[Exchange, ...]]:
    found: dict[tuple[str, str], tuple[Exchange, ...]] = {}
    store, result = side.store, side.result
    masked = any(check.kind == MASKING for check in result.checks)
    for check in result.checks:
        cases = wanted.get(check.name)
        if cases and store is not None:
            said = said_in(store, result.run.id, check.name, result.run.datasets[check.dataset], cases, masked=masked)
            found.update({(check.name, case): exchanges for case, exchanges in said.items()})
    return found


def said_in(
    store: Store, run_id: str, check: str, fingerprint: str, cases: Collection[str], *, masked: bool
) -> dict[str, tuple[Exchange, ...]]:
    """By case, what a run asked and was answered."""
    scores = store.get_scores(run_id, check, cases)
    by_case = exchanges_of(store, fingerprint, scores, masked=masked)
    return {case: tuple(exchanges) for case, exchanges in by_case.items()}
