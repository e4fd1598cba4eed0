"""Two groups of different cases: by how much does a metric differ, and could that be chance?

* Yes or no of independent cases: Newcombe's interval (1998, method 10) of two Wilson intervals; Fisher's exact test.
* Other rates, means and ratios: Welch's t of the sums' quotients. Each cluster of cases is one witness: what it adds to
  a quotient is its sum less what the quotient would have it add. Of independent cases this is Welch's test of means.
* Anything else that is a function of sums: each side is resampled by itself, and the same t of both spreads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
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


_Told = tuple[Interval | None, float | None]


def unpaired(metric: Metric, here: Group, there: Group, confidence: float = CONFIDENCE) -> Unpaired:
    """``ValueError`` for statistics that are no numbers; nothing is claimed of sides that do not vary."""
    left, right = (as_matrix(side.vectors, metric.name) for side in (here, there))
    ours, theirs = (metric.value(total_of(matrix)) if len(matrix) else None for matrix in (left, right))
    cases = (len(left), len(right))
    if ours is None or theirs is None or metric.kind == "quantile":
        return Unpaired(ours, theirs, None, None, None, "", cases)
    if _is_yes_or_no(metric, left, here) and _is_yes_or_no(metric, right, there):
        told, method = _shares(left, right, confidence), NEWCOMBE
    elif _is_quotient(metric, left) and _is_quotient(metric, right):
        told, method = _welch(ours - theirs, _spread(left, here), _spread(right, there), confidence), WELCH
    else:
        left_spread, right_spread = _resampled(metric, here, 0), _resampled(metric, there, 1)
        told, method = _welch(ours - theirs, left_spread, right_spread, confidence), BOOTSTRAP
    return Unpaired(ours, theirs, ours - theirs, *told, method, cases)


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


def _shares(here: Matrix, there: Matrix, confidence: float) -> _Told:
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


def _welch(difference: float, here: _Spread, there: _Spread, confidence: float) -> _Told:
    """Student's t with Satterthwaite's degrees of freedom."""
    from scipy.special import stdtr, stdtrit

    variance = here.variance + there.variance
    if math.isnan(variance) or math.sqrt(variance) <= ROUNDING * max(here.scale, there.scale):
        return None, None
    error = math.sqrt(variance)
    freedom = variance**2 / sum(one.variance**2 / (one.clusters - 1) for one in (here, there))
    half = float(stdtrit(freedom, 0.5 + confidence / 2)) * error
    p_value = 2 * float(stdtr(freedom, -abs(difference) / error))
    return Interval(difference - half, difference + half, confidence, f"t of {freedom:.0f} degrees"), p_value


# --- anything else ----------------------------------------------------------------------------------------------------


def _resampled(metric: Metric, side: Group, seed: int) -> _Spread:
    values = resampled_values(metric, side.vectors, side.clusters, Resampling(seed=seed))
    values = values[~np.isnan(values)]
    count = cluster_codes(side.clusters, len(side.vectors))[1]
    if len(values) < LEAST or count < LEAST:
        return _Spread(math.nan, count, 1.0)
    widened = count / (count - 1)  # resamples of few clusters vary too little
    return _Spread(float(values.var(ddof=1)) * widened, count, float(np.abs(values).max()) or 1.0)
