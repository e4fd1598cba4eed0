"""What changed in the metrics of two runs, over the cases that both have, and whether chance could have done it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from evalkit.compact import Chosen
from evalkit.gates.measurements import COVERAGE, CheckTable
from evalkit.protocols import Metric
from evalkit.records import Contrast, Status
from evalkit.results import CheckSummary
from evalkit.runner.compare_changes import ALPHA, Asked, CheckChange, MetricChange
from evalkit.runner.compare_pairs import BY_CASE, OF_SPEED, TOLERANCE, Pairs, Places, common_places, pair_up
from evalkit.runner.targets import NO_TARGETS, Targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESAMPLES = 2000
MCNEMAR, SWAPS = "McNemar, exact", "swaps"


# --- all checks together ----------------------------------------------------------------------------------------------


def check_changes(
    theirs: Mapping[str, tuple[CheckSummary, CheckTable]],
    ours: Mapping[str, tuple[CheckSummary, CheckTable]],
    gated: Set[tuple[str, str]],
    targets: Targets = NO_TARGETS,
    common: Mapping[str, Places] | None = None,
) -> tuple[CheckChange, ...]:
    """``gated``: metrics that a gate speaks of, by check and name; without any, those with bounds decide."""
    names = [name for name in ours if name in theirs]
    before, after = ({name: side[name][1] for name in names} for side in (theirs, ours))
    places = common or {name: common_places(before[name], after[name]) for name in names}
    changes = metric_changes(before, after, gated, common=places, targets=targets)
    by_check = {name: tuple(change for change in changes if change.check == name) for name in names}
    return tuple(_check(theirs[name], ours[name], places[name], by_check[name]) for name in names)


def metric_changes(
    theirs: Mapping[str, CheckTable],
    ours: Mapping[str, CheckTable],
    gated: Set[tuple[str, str]],
    alike: Callable[[Metric, CheckTable], bool] = lambda metric, theirs: metric.name in theirs.columns,
    *,
    common: Mapping[str, Places] | None = None,
    targets: Targets = NO_TARGETS,
) -> list[MetricChange]:
    """P-values come last: how many resamples they need depends on how many metrics share the error. What is paired is
    paired again for them: held for all metrics together, the numbers of a million cases would be gigabytes."""
    places = common or {name: common_places(theirs[name], ours[name]) for name in ours}

    def paired(key: tuple[str, str]) -> Pairs:
        name, metric = key
        return pair_up(theirs[name], ours[name], metric, places[name])

    changes: dict[tuple[str, str], MetricChange] = {}
    for name in ours:
        for metric, column in ours[name].columns.items():
            if alike(column.metric, theirs[name]):
                change = _change((name, metric), paired((name, metric)), gated, targets)
                if metric != COVERAGE or change.differs:
                    changes[name, metric] = change
    for judged in (True, False):
        family = {key: change for key, change in changes.items() if change.judged is judged and _is_open(change)}
        changes.update(_tested(family, paired))
    return list(changes.values())


def has_gates(gated: Set[tuple[str, str]]) -> bool:
    """That a suite wrote: coverage has one by itself."""
    return any(name != COVERAGE for _, name in gated)


def _is_open(change: MetricChange) -> bool:
    """Where no case differs there is nothing that a test could refute: it takes no share of the error.

    The tests condition on how much each case differs, so leaving those out does not depend on what they would find.
    """
    return change.differs and change.contrast.value is not None


def _change(key: tuple[str, str], pairs: Pairs, gated: Set[tuple[str, str]], targets: Targets) -> MetricChange:
    metric = pairs.metric
    timed, bounded = metric.unit in OF_SPEED, metric.bounds is not None
    before = _read(pairs.read_by, pairs.before if pairs.measured else None)
    after = _read(metric, pairs.after if pairs.measured else None)
    contrast, why = (None, "") if before.why or after.why else _difference(key, pairs)
    named = (("baseline", before.why), ("candidate", after.why), ("difference", why))
    change = MetricChange(
        check=key[0],
        metric=key[1],
        unit=metric.unit,
        better=metric.better,
        baseline=before.value,
        candidate=after.value,
        contrast=contrast or _no_difference(key, pairs),
        judged=not timed and (bounded or key in gated),
        decisive=not timed and (key in gated if has_gates(gated) else bounded),
        differs=pairs.differs,
        unread=tuple((what, said) for what, said in named if said),
    )
    if metric.kind not in BY_CASE or pairs.sides is None or timed or change.unread:
        return change
    return replace(change, cases=pairs.turns(targets.get(key, ())))


def _difference(key: tuple[str, str], pairs: Pairs) -> tuple[Contrast | None, str]:
    """None where there is none; with the reason, where the metric failed."""
    from evalkit.stats.bootstrap import paired_bootstrap

    if not pairs.count or pairs.sides is None:
        return None, ""
    before, after = pairs.sides
    try:
        value, interval = paired_bootstrap(pairs.metric, after, before, pairs.clusters)
    except Exception as error:  # noqa: BLE001 - as in _read
        return None, _reason(error)
    return replace(_no_difference(key, pairs), value=value, interval=interval), ""


def _no_difference(key: tuple[str, str], pairs: Pairs) -> Contrast:
    missing = len(pairs.only_before) + len(pairs.only_after)
    return Contrast(".".join(key), None, None, pairs.count, missing, pairs.only_after, pairs.only_before)


class _Read(NamedTuple):
    value: float | None
    why: str = ""
    """There is none though there are statistics."""


def _read(metric: Metric, statistics: NDArray[np.float64] | None) -> _Read:
    from evalkit.stats.bootstrap import total_of

    if statistics is None or not len(statistics):
        return _Read(None)
    if metric.kind == "quantile":
        return _Read(float(np.quantile(statistics[:, 0], getattr(metric, "quantile", 0.5))))
    try:
        return _Read(metric.value(total_of(statistics)))
    except Exception as error:  # noqa: BLE001 - a metric is a plugin, and the baseline's statistics may be another version's
        return _Read(None, _reason(error))


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


# --- chance -----------------------------------------------------------------------------------------------------------


def _tested(
    family: Mapping[tuple[str, str], MetricChange], paired: Callable[[tuple[str, str]], Pairs]
) -> dict[tuple[str, str], MetricChange]:
    """With p-values, each alone and after Holm over the family."""
    from evalkit.stats.multiplicity import holm_adjusted

    resamples = max(RESAMPLES, math.ceil(4 * len(family) / ALPHA))  # so that the smallest p-value can still be found
    found = {key: p_value(paired(key), resamples) for key in family}
    adjusted = holm_adjusted([p for p, _ in found.values()])
    return {
        key: replace(family[key], contrast=replace(family[key].contrast, p_value=p), test=test, adjusted=after)
        for (key, (p, test)), after in zip(found.items(), adjusted, strict=True)
    }


def p_value(pairs: Pairs, resamples: int = RESAMPLES) -> tuple[float, str]:
    """Two-sided, of no difference: how often as much would be found if it were chance which run gave which answer."""
    from evalkit.stats.paired import mcnemar_exact, swap_test

    if pairs.sides is None:
        raise ValueError(f"metric '{pairs.metric.name}': the two sides cannot be subtracted")
    before, after = pairs.sides
    if pairs.yes_or_no:
        turns = pairs.turns()
        return mcnemar_exact(turns.improved, turns.regressed), MCNEMAR
    if pairs.metric.kind == "quantile":
        return _swapped_quantiles(pairs, before[:, 0], after[:, 0], resamples), SWAPS
    # all sides swapped give the same difference with the other sign: both directions are as likely
    sides = (after, before) if _fell(pairs.metric, before, after) else (before, after)
    return min(1.0, 2 * swap_test(pairs.metric, *sides, pairs.clusters, resamples=resamples)), SWAPS


def _fell(metric: Metric, before: NDArray[np.float64], after: NDArray[np.float64]) -> bool:
    was, now = _read(metric, before).value, _read(metric, after).value
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
    theirs: tuple[CheckSummary, CheckTable],
    ours: tuple[CheckSummary, CheckTable],
    common: Places,
    metrics: Iterable[MetricChange],
) -> CheckChange:
    (left, right), (there, here) = (theirs[1], ours[1]), common

    def tally(status: Status) -> tuple[int, int]:
        return int(left.statuses.which(status)[there].sum()), int(right.statuses.which(status)[here].sum())

    clusters = right.clusters_at(here.tolist())
    named = enumerate(clusters or ())
    return CheckChange(
        name=right.name,
        pairs=len(here),
        units=len(here) if clusters is None else len({cluster or place for place, cluster in named}),
        only_baseline=_others(left, there),
        only_candidate=_others(right, here),
        errored=tally(Status.ERRORED),
        unscored=tally(Status.UNSCORED),
        asked=(_asked(*theirs), _asked(*ours)),
        metrics=tuple(metrics),
    )


def _others(table: CheckTable, common: NDArray[np.int64]) -> Chosen[str]:
    left = np.ones(len(table.cases), dtype=np.bool_)
    left[common] = False
    return Chosen(table.cases, np.flatnonzero(left))


def _asked(summary: CheckSummary, table: CheckTable) -> Asked:
    planned = summary.counts.planned or len(table.cases)
    return Asked(planned, max(summary.available, planned), summary.stopped)
