"""What changed in the metrics of a check, over the cases that both runs have."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace

from evalkit.gates.contrast import contrast
from evalkit.gates.measurements import COVERAGE, CheckTable
from evalkit.protocols import Metric
from evalkit.records import Status, Vector
from evalkit.runner.compare_changes import TOLERANCE, CheckChange, MetricChange

BY_CASE = ("rate", "mean")
"""Kinds of metric whose value over one case means something."""
OF_SPEED = ("s", "ms", "tokens/s", "MB")
"""Units of what differs between any two runs: compared as a whole, and never a reason to list a case."""


def check_change(theirs: CheckTable, ours: CheckTable, gated: Set[str]) -> CheckChange:
    left, right = (
        dict(zip(theirs.cases, theirs.statuses, strict=True)),
        dict(zip(ours.cases, ours.statuses, strict=True)),
    )
    common = [case for case in left if case in right]

    def tally(status: Status) -> tuple[int, int]:
        return sum(left[case] is status for case in common), sum(right[case] is status for case in common)

    names = [name for name in theirs.columns if name in ours.columns and name != COVERAGE]
    return CheckChange(
        name=ours.name,
        pairs=len(common),
        only_baseline=tuple(case for case in left if case not in right),
        only_candidate=tuple(case for case in right if case not in left),
        errored=tally(Status.ERRORED),
        unscored=tally(Status.UNSCORED),
        metrics=tuple(_metric(theirs, ours, name, gated) for name in names),
    )


def _metric(theirs: CheckTable, ours: CheckTable, name: str, gated: Set[str]) -> MetricChange:
    metric = ours.columns[name].metric
    pairs = by_case_pairs(theirs, ours, name)
    change = MetricChange(
        check=ours.name,
        metric=name,
        unit=metric.unit,
        better=metric.better,
        baseline=_value(metric, [before for before, _ in pairs.values()]),
        candidate=_value(metric, [after for _, after in pairs.values()]),
        contrast=contrast(ours, theirs, name, {}),
        judged=name in gated or metric.bounds is not None or metric.unit in OF_SPEED,
    )
    if metric.kind not in BY_CASE:
        return change
    directions = [direction_of(metric, *values_of_pair(metric, pair)) for pair in pairs.values()]
    return replace(
        change,
        improved=directions.count("improved"),
        regressed=directions.count("regressed"),
        unchanged=directions.count("unchanged"),
    )


def by_case_pairs(theirs: CheckTable, ours: CheckTable, name: str) -> dict[str, tuple[Vector, Vector]]:
    """By case, in the candidate's order."""
    before = _by_case(theirs, name)
    return {case: (before[case], vector) for case, vector in _by_case(ours, name).items() if case in before}


def _by_case(table: CheckTable, name: str) -> dict[str, Vector]:
    vectors, kept = table.vectors(name, range(len(table.cases)))
    return {table.cases[i]: vector for vector, i in zip(vectors, kept, strict=True)}


def _value(metric: Metric, vectors: Sequence[Vector]) -> float | None:
    if not vectors:
        return None
    if metric.kind == "quantile":
        import numpy as np

        return float(np.quantile([vector[0] for vector in vectors], getattr(metric, "quantile", 0.5)))
    import math

    return metric.value(tuple(math.fsum(column) for column in zip(*vectors, strict=True)))


def values_of_pair(metric: Metric, pair: tuple[Vector, Vector]) -> tuple[float | None, float | None]:
    return metric.value(pair[0]), metric.value(pair[1])


def direction_of(metric: Metric, before: float | None, after: float | None) -> str:
    if before is None or after is None or abs(after - before) <= TOLERANCE:
        return "unchanged"
    return "improved" if (after > before) == (metric.better == "higher") else "regressed"
