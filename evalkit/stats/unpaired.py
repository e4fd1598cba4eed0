"""Two groups of different cases: by how much does a metric differ, and could that be chance?

* Yes or no of independent cases: Newcombe's interval (1998, method 10) of two Wilson intervals; Fisher's exact test.
* Other rates, means and ratios: Welch's t of the sums' quotients. Each cluster of cases is one witness: what it adds to
  a quotient is its sum less what the quotient would have it add. Of independent cases this is Welch's test of means.
* Anything else that is a function of sums: each side is resampled by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from evalkit.protocols import Metric
from evalkit.records import Interval
from evalkit.stats.bootstrap import Resampling, resampled_values, total_of
from evalkit.stats.intervals import wilson
from evalkit.stats.resampling import Matrix, as_matrix, cluster_codes, sum_by

CONFIDENCE = 0.95
NEWCOMBE, WELCH, BOOTSTRAP = "Newcombe, Fisher exact", "Welch's t", "bootstrap of both sides"
LEAST = 2
"""Clusters of each side, for anything to be known of its spread."""
ROUNDING = 1e-12


class Group(NamedTuple):
    """The statistics of one side's cases."""

    vectors: NDArray[Any] | Sequence[Sequence[float]]
    clusters: Sequence[str] | None = None
    """None: each case is a cluster of its own."""


@dataclass(frozen=True, slots=True)
class Unpaired:
    """``here - there``."""

    here: float | None
    there: float | None
    difference: float | None
    interval: Interval | None
    p_value: float | None
    """Of no difference."""
    method: str
    cases: tuple[int, int]


def unpaired(metric: Metric, here: Group, there: Group, confidence: float = CONFIDENCE) -> Unpaired:
    """``ValueError`` for statistics that are no numbers; nothing is claimed of sides that do not vary."""
    matrices = tuple(as_matrix(side.vectors, metric.name) for side in (here, there))
    values = tuple(metric.value(total_of(matrix)) if len(matrix) else None for matrix in matrices)
    cases = (len(matrices[0]), len(matrices[1]))
    ours, theirs = values
    if ours is None or theirs is None or metric.kind == "quantile":
        return Unpaired(ours, theirs, None, None, None, "", cases)
    if all(_is_yes_or_no(metric, matrix, side) for matrix, side in zip(matrices, (here, there), strict=True)):
        interval, p_value, method = *_shares(*matrices, confidence), NEWCOMBE
    elif all(_is_quotient(metric, matrix) for matrix in matrices):
        sides = [_spread(matrix, side) for matrix, side in zip(matrices, (here, there), strict=True)]
        interval, p_value, method = *_welch(ours - theirs, *sides, confidence), WELCH
    else:
        interval, p_value, method = *_resampled(metric, here, there, ours - theirs, confidence), BOOTSTRAP
    return Unpaired(ours, theirs, ours - theirs, interval, p_value, method, cases)


def _is_yes_or_no(metric: Metric, matrix: Matrix, side: Group) -> bool:
    if metric.kind != "rate" or matrix.shape[1] != 2 or cluster_codes(side.clusters, len(matrix))[1] < len(matrix):
        return False
    return bool((matrix[:, 1] == 1).all() and np.isin(matrix[:, 0], (0.0, 1.0)).all())


def _is_quotient(metric: Metric, matrix: Matrix) -> bool:
    if metric.kind not in {"rate", "mean", "ratio"} or matrix.shape[1] != 2:
        return False
    total = total_of(matrix)
    value = metric.value(total)
    return value is not None and total[1] != 0 and math.isclose(value, total[0] / total[1], rel_tol=1e-9)


# --- yes or no --------------------------------------------------------------------------------------------------------


def _shares(here: Matrix, there: Matrix, confidence: float) -> tuple[Interval, float]:
    from scipy.stats import fisher_exact

    (yes, n), (other_yes, other_n) = ((int(side[:, 0].sum()), len(side)) for side in (here, there))
    ours, theirs = wilson(yes, n, confidence), wilson(other_yes, other_n, confidence)
    p, q = yes / n, other_yes / other_n
    low = p - q - math.hypot(p - ours.low, theirs.high - q)
    high = p - q + math.hypot(ours.high - p, q - theirs.low)
    p_value = float(fisher_exact([[yes, n - yes], [other_yes, other_n - other_yes]])[1])
    return Interval(max(-1.0, low), min(1.0, high), confidence, "Newcombe"), min(1.0, p_value)


# --- quotients --------------------------------------------------------------------------------------------------------


class _Spread(NamedTuple):
    variance: float
    """Of the quotient."""
    clusters: int
    scale: float


def _spread(matrix: Matrix, side: Group) -> _Spread:
    codes, count = cluster_codes(side.clusters, len(matrix))
    sums = sum_by(codes, count, matrix)
    quotient = float(sums[:, 0].sum() / sums[:, 1].sum())
    left = sums[:, 0] - quotient * sums[:, 1]
    scale = float(np.abs(sums[:, 0]).max()) or 1.0
    if count < LEAST:
        return _Spread(math.nan, count, scale)
    mean = float(sums[:, 1].mean())
    return _Spread(float(left.var(ddof=1)) / mean**2 / count, count, scale / abs(mean))


def _welch(difference: float, here: _Spread, there: _Spread, confidence: float) -> tuple[Interval | None, float | None]:
    from scipy.special import stdtr, stdtrit

    variance = here.variance + there.variance
    if math.isnan(variance) or math.sqrt(variance) <= ROUNDING * max(here.scale, there.scale):
        return None, None
    error = math.sqrt(variance)
    freedom = variance**2 / sum(one.variance**2 / (one.clusters - 1) for one in (here, there))
    half = float(stdtrit(freedom, 0.5 + confidence / 2)) * error
    p_value = 2 * float(stdtr(freedom, -abs(difference) / error))
    return Interval(difference - half, difference + half, confidence, f"{WELCH}, {freedom:.0f} degrees"), p_value


# --- anything else ----------------------------------------------------------------------------------------------------


def _resampled(
    metric: Metric, here: Group, there: Group, difference: float, confidence: float
) -> tuple[Interval | None, float | None]:
    """The spread of a difference of independent sides is that of both; a normal one around what was measured."""
    variance = 0.0
    for seed, side in enumerate((here, there)):
        values = resampled_values(metric, side.vectors, side.clusters, Resampling(seed=seed))
        values = values[~np.isnan(values)]
        if len(values) < LEAST:
            return None, None
        count = cluster_codes(side.clusters, len(side.vectors))[1]
        variance += float(values.var(ddof=1)) * count / (count - 1)
    if math.sqrt(variance) <= ROUNDING:
        return None, None
    error = math.sqrt(variance)
    half = NormalDist().inv_cdf(0.5 + confidence / 2) * error
    p_value = 2 * NormalDist().cdf(-abs(difference) / error)
    return Interval(difference - half, difference + half, confidence, BOOTSTRAP), p_value
