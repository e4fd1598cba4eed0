"""Which cases one run did better than the other, and what was said in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from evalkit.gates.measurements import COVERAGE, CheckTable
from evalkit.protocols import Metric
from evalkit.records import Status
from evalkit.results import Exchange
from evalkit.runner.compare_changes import CaseChange
from evalkit.runner.compare_metrics import BY_CASE, OF_SPEED
from evalkit.runner.compare_pairs import TOLERANCE, Places, common_places
from evalkit.runner.compare_sides import Side
from evalkit.runner.findings import MASKING, exchanges_of
from evalkit.runner.targets import NO_TARGETS, Target, Targets, met_by
from evalkit.runner.values_by_case import values_by_case
from evalkit.store import Store

if TYPE_CHECKING:
    from numpy.typing import NDArray


def telling_metrics(table: CheckTable, gated: Set[tuple[str, str]]) -> list[Metric]:
    """Metrics that decide whether a case became better or worse: those with a gate; without gates, those with bounds.

    Only those: an answer of more words is not a better one unless the suite says so."""
    by_case = metrics_by_case(table)
    return [m for m in by_case if (table.name, m.name) in gated] or [m for m in by_case if m.bounds is not None]


def metrics_by_case(table: CheckTable) -> list[Metric]:
    return [m for m in table.metrics if m.kind in BY_CASE and m.unit not in OF_SPEED]


class Counts(NamedTuple):
    """How many cases went which way, in the order of ``DIRECTIONS``, and how many stayed."""

    regressed: int
    improved: int
    lower: int
    higher: int
    same: int


@dataclass(frozen=True, slots=True)
class Turned:
    """Cases of a check that two runs have in common and that went otherwise in ours: what regressed, what improved,
    what moved without either; of each the largest change first, before all cases of which only one side has a score.
    A row each; of the others no more than their number is kept."""

    theirs: NDArray[np.int64]
    """Where they stand in the other table, and in ours."""
    ours: NDArray[np.int64]
    telling: NDArray[np.int64]
    """Which metric tells; ``ONE_SIDED`` of cases that only one side scored."""
    was: NDArray[np.float64]
    now: NDArray[np.float64]
    directions: NDArray[np.int8]
    """Places in ``DIRECTIONS``."""
    metrics: tuple[Metric, ...]
    """Those that could be compared."""
    counts: Mapping[str, Counts]
    """By metric, whether or not it tells."""
    pairs: int

    def __len__(self) -> int:
        return len(self.ours)

    def many(self, *directions: str) -> int:
        return int(np.isin(self.directions, [DIRECTIONS.index(one) for one in directions]).sum())


ONE_SIDED = -1
DIRECTIONS = ("regressed", "improved", "lower", "higher")
STAYED = len(DIRECTIONS)


def turned(
    theirs: CheckTable,
    ours: CheckTable,
    telling: Sequence[Metric],
    targets: Targets = NO_TARGETS,
    *,
    counted: Sequence[Metric] = (),
    common: Places | None = None,
) -> Turned:
    """Of the ``telling`` metrics the first that regressed tells of a case, else the first that improved, else the
    first that moved; ``counted`` ones are counted only. Some numbers a case, and only for a moment."""
    there, here = common or common_places(theirs, ours)
    failed = [_are_errored(table)[places] for table, places in ((theirs, there), (ours, here))]
    best = np.where(failed[0] == failed[1], STAYED, np.where(failed[1], 0, 1)).astype(np.int8)
    first = np.where(failed[0] == failed[1], len(telling), ONE_SIDED)
    size = np.where(first == ONE_SIDED, np.inf, 0.0)
    was, now = np.full(len(here), np.nan), np.full(len(here), np.nan)
    both = ~failed[0] & ~failed[1]
    counts = {COVERAGE: _counted(best, np.ones(len(here), dtype=np.bool_))}
    compared: list[Metric] = []
    for place, metric in enumerate((*telling, *counted)):
        values = _both_values(theirs, ours, metric)
        if values is None:
            continue
        before, after = values[0][there], values[1][here]
        went = np.where(both, _directions(metric, before, after, targets.get((ours.name, metric.name), ())), STAYED)
        counts[metric.name] = _counted(went, both & ~np.isnan(after - before))
        if place >= len(telling):
            continue
        new = both & (_rank(went) < _rank(best))
        best[new], first[new], size[new] = went[new], len(compared), np.abs(after - before)[new]
        was[new], now[new] = before[new], after[new]
        compared.append(metric)
    rows = np.flatnonzero(best != STAYED)
    rows = rows[np.lexsort((-size[rows], _rank(best[rows])))]
    return Turned(
        theirs=there[rows],
        ours=here[rows],
        telling=first[rows],
        was=was[rows],
        now=now[rows],
        directions=best[rows],
        metrics=tuple(compared),
        counts=counts,
        pairs=len(here),
    )


def _directions(
    metric: Metric, before: NDArray[np.float64], after: NDArray[np.float64], targets: Sequence[Target]
) -> NDArray[np.int8]:
    """A place in ``DIRECTIONS`` for each case, ``STAYED`` where it has no value on one side.

    Of a yes or no the better one is right; any other value is where it meets its targets.
    """
    gap = after - before
    moved = np.abs(gap) > TOLERANCE  # false where either has no value
    right_then, right_now = (met_by(side, targets) for side in (before, after))
    flipped = moved & (right_then != right_now)
    if metric.kind == "rate":
        yes_or_no = moved & np.isin(before, (0.0, 1.0)) & np.isin(after, (0.0, 1.0))
        flipped |= yes_or_no
        right_now = np.where(yes_or_no, (gap > 0) == (metric.better == "higher"), right_now)
    regressed, improved, lower, higher = range(STAYED)
    by_turn = np.where(right_now, improved, regressed)
    return np.where(flipped, by_turn, np.where(moved, np.where(gap > 0, higher, lower), STAYED)).astype(np.int8)


def _rank(went: NDArray[np.int8]) -> NDArray[np.int8]:
    """Values that moved are as good a reason to list a case whichever way they went."""
    return np.where(went == DIRECTIONS.index("higher"), DIRECTIONS.index("lower"), went).astype(np.int8)


def _counted(went: NDArray[np.int8], compared: NDArray[np.bool_]) -> Counts:
    regressed, improved, lower, higher, same = np.bincount(went[compared], minlength=STAYED + 1).tolist()
    return Counts(regressed, improved, lower, higher, same)


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


def case_changes(
    theirs: CheckTable, ours: CheckTable, telling: Sequence[Metric], targets: Targets = NO_TARGETS
) -> list[CaseChange]:
    """In the order of ``Turned``."""
    found = turned(theirs, ours, telling, targets)
    return [case_change(theirs, ours, found, row) for row in range(len(found))]


def case_change(theirs: CheckTable, ours: CheckTable, found: Turned, row: int) -> CaseChange:
    place, other, telling = int(found.ours[row]), int(found.theirs[row]), int(found.telling[row])
    one_sided = telling == ONE_SIDED
    return CaseChange(
        check=ours.name,
        case=ours.cases[place],
        direction=DIRECTIONS[found.directions[row]],
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
    for directions in (("regressed",), ("improved",), ("lower", "higher")):
        lists = [found for (of, _), found in by_check.items() if of in directions]
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
