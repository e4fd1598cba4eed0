"""What changed in the metrics of two runs, over the cases that both have, and whether chance could have done it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evalkit.gates.measurements import COVERAGE, CheckTable
from evalkit.protocols import Metric
from evalkit.records import Contrast, Status
from evalkit.results import CheckSummary
from evalkit.runner.compare_changes import ALPHA, Asked, CheckChange, MetricChange
from evalkit.runner.compare_pairs import TOLERANCE, Pairs, Places, common_places, pair_up

if TYPE_CHECKING:
    from numpy.typing import NDArray

BY_CASE = ("rate", "mean")
"""Kinds of metric whose value over one case means something."""
OF_SPEED = ("s", "ms", "tokens/s", "MB")
"""Units of what differs between any two runs: told, never judged, and never a reason to list a case."""
RESAMPLES = 2000
MCNEMAR, SWAPS = "McNemar, exact", "swaps"


# --- all checks together ----------------------------------------------------------------------------------------------


def check_changes(
    theirs: Mapping[str, tuple[CheckSummary, CheckTable]],
    ours: Mapping[str, tuple[CheckSummary, CheckTable]],
    gated: Set[tuple[str, str]],
) -> tuple[CheckChange, ...]:
    """``gated``: metrics that a gate speaks of, by check and name; without any, those with bounds decide."""
    common = [name for name in ours if name in theirs]
    before, after = ({name: side[name][1] for name in common} for side in (theirs, ours))
    changes = metric_changes(before, after, gated)
    return tuple(
        _check(theirs[name], ours[name], tuple(change for change in changes if change.check == name)) for name in common
    )


def metric_changes(
    theirs: Mapping[str, CheckTable],
    ours: Mapping[str, CheckTable],
    gated: Set[tuple[str, str]],
    alike: Callable[[Metric, CheckTable], bool] = lambda metric, theirs: metric.name in theirs.columns,
    common: Mapping[str, Places] | None = None,
) -> list[MetricChange]:
    """P-values come last: how many resamples they need depends on how many metrics share the error."""
    places = common or {name: common_places(theirs[name], ours[name]) for name in ours}
    paired = {
        (name, metric): pair_up(theirs[name], ours[name], metric, places[name])
        for name in ours
        for metric, column in ours[name].columns.items()
        if alike(column.metric, theirs[name])
    }
    changes = {key: _change(key, pairs, gated) for key, pairs in paired.items()}
    changes = {key: change for key, change in changes.items() if key[1] != COVERAGE or change.differs}
    for judged in (True, False):
        family = {key: paired[key] for key, change in changes.items() if change.judged is judged and _is_open(change)}
        changes.update(_tested({key: changes[key] for key in family}, family))
    return list(changes.values())


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
        baseline=_value(pairs.read_by, pairs.before) if pairs.measured else None,
        candidate=_value(metric, pairs.after) if pairs.measured else None,
        contrast=_contrast(key, pairs),
        judged=not timed and (bounded or key in gated),
        decisive=not timed and (key in gated if has_gates(gated) else bounded),
        differs=pairs.differs,
    )
    if metric.kind not in BY_CASE or pairs.sides is None or not change.judged:
        return change
    improved, regressed, unchanged = pairs.directions()
    return replace(change, improved=improved, regressed=regressed, unchanged=unchanged)


def _contrast(key: tuple[str, str], pairs: Pairs) -> Contrast:
    from evalkit.stats.bootstrap import paired_bootstrap

    sides = (pairs.only_after, pairs.only_before)
    name, missing = ".".join(key), len(pairs.only_before) + len(pairs.only_after)
    if not pairs.count or pairs.sides is None:
        return Contrast(name, None, None, pairs.count, missing, *sides)
    before, after = pairs.sides
    value, interval = paired_bootstrap(pairs.metric, after, before, pairs.clusters)
    return Contrast(name, value, interval, pairs.count, missing, *sides)


def _value(metric: Metric, statistics: NDArray[np.float64] | None) -> float | None:
    from evalkit.stats.bootstrap import total_of

    if statistics is None or not len(statistics):
        return None
    if metric.kind == "quantile":
        return float(np.quantile(statistics[:, 0], getattr(metric, "quantile", 0.5)))
    try:
        return metric.value(total_of(statistics))
    except Exception:  # noqa: BLE001 - a metric is a plugin, and the baseline's statistics may be another version's
        return None


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

    if pairs.sides is None:
        raise ValueError(f"metric '{pairs.metric.name}': the two sides cannot be subtracted")
    before, after = pairs.sides
    if pairs.yes_or_no:
        improved, regressed, _ = pairs.directions()
        return mcnemar_exact(improved, regressed), MCNEMAR
    if pairs.metric.kind == "quantile":
        return _swapped_quantiles(pairs, before[:, 0], after[:, 0], resamples), SWAPS
    # all sides swapped give the same difference with the other sign: both directions are as likely
    sides = (after, before) if _fell(pairs.metric, before, after) else (before, after)
    return min(1.0, 2 * swap_test(pairs.metric, *sides, pairs.clusters, resamples=resamples)), SWAPS


def _fell(metric: Metric, before: NDArray[np.float64], after: NDArray[np.float64]) -> bool:
    was, now = _value(metric, before), _value(metric, after)
    return was is not None and now is not None and (now < was) == (metric.better == "higher")


def _swapped_quantiles(pairs: Pairs, left: NDArray[np.float64], right: NDArray[np.float64], resamples: int) -> float:
    """A quantile is no sum of its cases: the sides are swapped and the quantile is taken anew."""
    from evalkit.stats.resampling import cluster_codes

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
