"""Which cases one run did better than the other, and what was said in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from itertools import zip_longest

from evalkit.gates.measurements import COVERAGE, CheckTable
from evalkit.protocols import Metric
from evalkit.records import Status
from evalkit.results import Exchange
from evalkit.runner.compare_changes import CaseChange
from evalkit.runner.compare_metrics import BY_CASE, OF_SPEED, direction, pair_up
from evalkit.runner.compare_sides import Side
from evalkit.runner.findings import MASKING, exchanges_of


def telling_metrics(table: CheckTable, gated: Set[tuple[str, str]]) -> list[Metric]:
    """Metrics that decide whether a case became better or worse: those with a gate; without gates, those with bounds.

    Only those: an answer of more words is not a better one unless the suite says so."""
    by_case = [m for m in table.metrics if m.kind in BY_CASE and m.unit not in OF_SPEED]
    return [m for m in by_case if (table.name, m.name) in gated] or [m for m in by_case if m.bounds is not None]


def case_changes(theirs: CheckTable, ours: CheckTable, telling: Sequence[Metric]) -> list[CaseChange]:
    """The largest change first; before all, cases of which only one side has a score."""
    left = dict(zip(theirs.cases, theirs.statuses, strict=True))
    paired = {m.name: pair_up(theirs, ours, m.name) for m in telling if m.name in theirs.columns}
    vectors = {
        name: dict(zip(pairs.cases, zip(pairs.before, pairs.after, strict=True), strict=True))
        for name, pairs in paired.items()
        if pairs.comparable
    }
    found: list[tuple[float, CaseChange]] = []
    for case, after in zip(ours.cases, ours.statuses, strict=True):
        before = left.get(case)
        if before is None:
            continue
        if (before is Status.ERRORED) != (after is Status.ERRORED):
            turned = "regressed" if after is Status.ERRORED else "improved"
            change = CaseChange(ours.name, case, turned, COVERAGE, None, None, before, after)
            found.append((float("inf"), change))
            continue
        for metric in telling:
            pair = vectors.get(metric.name, {}).get(case)
            if pair is None:
                continue
            was, now = metric.value(pair[0]), metric.value(pair[1])
            turned = direction(metric, was, now)
            if turned != "unchanged" and was is not None and now is not None:
                found.append(
                    (abs(now - was), CaseChange(ours.name, case, turned, metric.name, was, now, before, after))
                )
                break
    return [change for _, change in sorted(found, key=lambda entry: -entry[0])]


def with_exchanges(theirs: Side, ours: Side, changes: Sequence[CaseChange], show: int) -> list[CaseChange]:
    """Checks take turns, so that one that changed everywhere does not hide the others; the first get their answers."""
    by_check: dict[tuple[str, str], list[CaseChange]] = {}
    for change in changes:
        by_check.setdefault((change.direction, change.check), []).append(change)
    ordered: list[CaseChange] = []
    for turned in ("regressed", "improved"):
        lists = [found for (of, _), found in by_check.items() if of == turned]
        turns = [change for turn in zip_longest(*lists) for change in turn if change is not None]
        ordered += _filled(theirs, ours, turns[:show]) + turns[show:]
    return ordered


def _filled(theirs: Side, ours: Side, changes: Sequence[CaseChange]) -> list[CaseChange]:
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
        if not cases or store is None:
            continue
        scores = store.get_scores(result.run.id, check.name, cases)
        by_case = exchanges_of(store, result.run.datasets[check.dataset], scores, masked=masked)
        found.update({(check.name, case): tuple(exchanges) for case, exchanges in by_case.items()})
    return found
