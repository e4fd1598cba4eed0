"""What changed in the metrics of two runs, over the cases that both have, and whether chance could have done it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from evalkit.gates.measurements import COVERAGE, CheckTable
from evalkit.protocols import Metric
from evalkit.records import Contrast, Status, Vector
from evalkit.results import CheckSummary
from evalkit.runner.compare_changes import ALPHA, Asked, CheckChange, MetricChange

TOLERANCE = 1e-12
"""Values of a case that differ by less are the same value."""
BY_CASE = ("rate", "mean")
"""Kinds of metric whose value over one case means something."""
OF_SPEED = ("s", "ms", "tokens/s", "MB")
"""Units of what differs between any two runs: told, never judged, and never a reason to list a case."""
RESAMPLES = 2000
MCNEMAR, SWAPS = "McNemar, exact", "swaps"


@dataclass(slots=True)
class Pairs:
    """One metric of two runs, a row a case that both measured, in the candidate's order."""

    metric: Metric
    cases: list[str] = field(default_factory=list)
    clusters: list[str] = field(default_factory=list)
    before: list[Vector] = field(default_factory=list)
    after: list[Vector] = field(default_factory=list)
    only_before: tuple[str, ...] = ()
    only_after: tuple[str, ...] = ()
    measured: bool = False
    """At least one side scored at least one of the pairs; errors on both sides measure nothing."""

    @property
    def comparable(self) -> bool:
        """Two vectors that say different things cannot be subtracted, whatever was allowed."""
        return self.measured and all(len(a) == len(b) for a, b in zip(self.before, self.after, strict=True))

    @property
    def differs(self) -> bool:
        return any(
            abs(x - y) > TOLERANCE
            for a, b in zip(self.before, self.after, strict=True)
            for x, y in zip(a, b, strict=False)
        )

    @property
    def yes_or_no(self) -> bool:
        """Each case a cluster of its own that counts as one trial: exactly what McNemar's test is for."""
        named = [cluster for cluster in self.clusters if cluster]
        return self.metric.kind == "rate" and len(set(named)) == len(named) and self._single_trials()

    def _single_trials(self) -> bool:
        return all(
            len(vector) == 2 and vector[1] == 1 and vector[0] in (0, 1)
            for side in (self.before, self.after)
            for vector in side
        )

    def directions(self) -> list[str]:
        return [
            direction(self.metric, self.metric.value(before), self.metric.value(after))
            for before, after in zip(self.before, self.after, strict=True)
        ]


def pair_up(theirs: CheckTable, ours: CheckTable, name: str) -> Pairs:
    left, right = _by_case(theirs, name), _by_case(ours, name)
    common = [case for case in right if case in left]
    clusters = dict(zip(ours.cases, ours.clusters, strict=True))
    errors = [{table.cases[i] for i in table.columns[name].errors} for table in (theirs, ours)]
    return Pairs(
        metric=ours.columns[name].metric,
        cases=common,
        clusters=[clusters[case] for case in common],
        before=[left[case] for case in common],
        after=[right[case] for case in common],
        only_before=tuple(case for case in left if case not in right),
        only_after=tuple(case for case in right if case not in left),
        measured=any(case not in failed for failed in errors for case in common),
    )


def _by_case(table: CheckTable, name: str) -> dict[str, Vector]:
    vectors, kept = table.vectors(name, range(len(table.cases)))
    return {table.cases[i]: vector for vector, i in zip(vectors, kept, strict=True)}


def direction(metric: Metric, before: float | None, after: float | None) -> str:
    if before is None or after is None or abs(after - before) <= TOLERANCE:
        return "unchanged"
    return "improved" if (after > before) == (metric.better == "higher") else "regressed"


# --- all checks together ----------------------------------------------------------------------------------------------


def check_changes(
    theirs: Mapping[str, tuple[CheckSummary, CheckTable]],
    ours: Mapping[str, tuple[CheckSummary, CheckTable]],
    gated: Set[tuple[str, str]],
) -> tuple[CheckChange, ...]:
    """``gated``: metrics that a gate speaks of, by check and name; without any, those with bounds decide.

    P-values come last: how many resamples they need depends on how many metrics share the error.
    """
    common = [name for name in ours if name in theirs]
    paired = {
        (name, metric): pair_up(theirs[name][1], ours[name][1], metric)
        for name in common
        for metric in ours[name][1].columns
        if metric in theirs[name][1].columns
    }
    changes = {key: _change(key, pairs, gated) for key, pairs in paired.items()}
    changes = {key: change for key, change in changes.items() if key[1] != COVERAGE or change.differs}
    for judged in (True, False):
        family = {key: paired[key] for key, change in changes.items() if change.judged is judged and _is_open(change)}
        changes.update(_tested({key: changes[key] for key in family}, family))
    return tuple(
        _check(theirs[name], ours[name], tuple(change for key, change in changes.items() if key[0] == name))
        for name in common
    )


def has_gates(gated: Set[tuple[str, str]]) -> bool:
    """That a suite wrote: coverage has one by itself."""
    return any(name != COVERAGE for _, name in gated)


def _is_open(change: MetricChange) -> bool:
    """Where no case differs there is nothing that a test could refute: it takes no share of the error.

    The tests condition on how much each case differs, so leaving those out does not depend on what they would find.
    """
    return change.differs and change.contrast.value is not None


def _change(key: tuple[str, str], pairs: Pairs, gated: Set[tuple[str, str]]) -> MetricChange:
    metric = pairs.metric
    timed, bounded = metric.unit in OF_SPEED, metric.bounds is not None
    change = MetricChange(
        check=key[0],
        metric=key[1],
        unit=metric.unit,
        better=metric.better,
        baseline=_value(metric, pairs.before) if pairs.measured else None,
        candidate=_value(metric, pairs.after) if pairs.measured else None,
        contrast=_contrast(key, pairs),
        judged=not timed and (bounded or key in gated),
        decisive=not timed and (key in gated if has_gates(gated) else bounded),
        differs=pairs.differs,
    )
    if metric.kind not in BY_CASE or not pairs.comparable or not change.judged:
        return change
    directions = pairs.directions()
    return replace(
        change,
        improved=directions.count("improved"),
        regressed=directions.count("regressed"),
        unchanged=directions.count("unchanged"),
    )


def _contrast(key: tuple[str, str], pairs: Pairs) -> Contrast:
    from evalkit.stats.bootstrap import paired_bootstrap

    sides = (pairs.only_after, pairs.only_before)
    name, missing = ".".join(key), len(pairs.only_before) + len(pairs.only_after)
    if not pairs.cases or not pairs.comparable:
        return Contrast(name, None, None, len(pairs.cases), missing, *sides)
    value, interval = paired_bootstrap(pairs.metric, pairs.after, pairs.before, pairs.clusters)
    return Contrast(name, value, interval, len(pairs.cases), missing, *sides)


def _value(metric: Metric, vectors: Sequence[Vector]) -> float | None:
    if not vectors:
        return None
    if metric.kind == "quantile":
        import numpy as np

        return float(np.quantile([vector[0] for vector in vectors], getattr(metric, "quantile", 0.5)))
    return metric.value(tuple(math.fsum(column) for column in zip(*vectors, strict=True)))


# --- chance -----------------------------------------------------------------------------------------------------------


def _tested(
    changes: Mapping[tuple[str, str], MetricChange], family: Mapping[tuple[str, str], Pairs]
) -> dict[tuple[str, str], MetricChange]:
    """With p-values, each alone and after Holm over the family."""
    from evalkit.stats.multiplicity import holm_adjusted

    resamples = max(RESAMPLES, math.ceil(4 * len(family) / ALPHA))  # so that the smallest p-value can still be found
    found = {key: p_value(pairs, resamples) for key, pairs in family.items()}
    adjusted = holm_adjusted([p for p, _ in found.values()])
    return {
        key: replace(changes[key], contrast=replace(changes[key].contrast, p_value=p), test=test, adjusted=after)
        for (key, (p, test)), after in zip(found.items(), adjusted, strict=True)
    }


def p_value(pairs: Pairs, resamples: int = RESAMPLES) -> tuple[float, str]:
    """Two-sided, of no difference: how often as much would be found if it were chance which run gave which answer."""
    from evalkit.stats.paired import mcnemar_exact, swap_test

    if pairs.yes_or_no:
        directions = pairs.directions()
        return mcnemar_exact(directions.count("improved"), directions.count("regressed")), MCNEMAR
    if pairs.metric.kind == "quantile":
        return _swapped_quantiles(pairs, resamples), SWAPS
    worse = swap_test(pairs.metric, pairs.after, pairs.before, pairs.clusters, resamples=resamples)
    better = swap_test(pairs.metric, pairs.before, pairs.after, pairs.clusters, resamples=resamples)
    return min(1.0, 2 * min(worse, better)), SWAPS


def _swapped_quantiles(pairs: Pairs, resamples: int) -> float:
    """A quantile is no sum of its cases: the sides are swapped and the quantile is taken anew."""
    import numpy as np

    from evalkit.stats.resampling import cluster_codes

    left, right = (np.array([vector[0] for vector in side]) for side in (pairs.before, pairs.after))
    codes, count = cluster_codes(pairs.clusters, len(left))
    q = float(getattr(pairs.metric, "quantile", 0.5))
    observed = abs(float(np.quantile(right, q)) - float(np.quantile(left, q)))
    random = np.random.default_rng(0)
    as_much = 0
    for _ in range(resamples):
        swapped = random.integers(0, 2, size=count, dtype=np.uint8)[codes].astype(bool)
        moved = np.quantile(np.where(swapped, left, right), q) - np.quantile(np.where(swapped, right, left), q)
        as_much += bool(abs(float(moved)) >= observed - TOLERANCE)
    return (as_much + 1) / (resamples + 1)


# --- one check --------------------------------------------------------------------------------------------------------


def _check(
    theirs: tuple[CheckSummary, CheckTable], ours: tuple[CheckSummary, CheckTable], metrics: Iterable[MetricChange]
) -> CheckChange:
    left, right = (dict(zip(table.cases, table.statuses, strict=True)) for _, table in (theirs, ours))
    common = [case for case in left if case in right]
    clusters = dict(zip(ours[1].cases, ours[1].clusters, strict=True))

    def tally(status: Status) -> tuple[int, int]:
        return sum(left[case] is status for case in common), sum(right[case] is status for case in common)

    return CheckChange(
        name=ours[1].name,
        pairs=len(common),
        units=len({clusters[case] or (case,) for case in common}),
        only_baseline=tuple(case for case in left if case not in right),
        only_candidate=tuple(case for case in right if case not in left),
        errored=tally(Status.ERRORED),
        unscored=tally(Status.UNSCORED),
        asked=(_asked(*theirs), _asked(*ours)),
        metrics=tuple(metrics),
    )


def _asked(summary: CheckSummary, table: CheckTable) -> Asked:
    planned = summary.counts.planned or len(table.cases)
    return Asked(planned, max(summary.available, planned), summary.stopped)
