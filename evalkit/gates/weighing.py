"""What finished measurements say about a target: the interval that decides, and how surprising they are if it is met.

Intervals that are shown are made to be read; those that decide are made to be right also for few cases and for extreme
shares: exact for yes and no, betting for everything else that has bounds. A bootstrap of 50 ones has no width.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evalkit.gates.expression import Gate
from evalkit.protocols import Metric
from evalkit.records import Interval, Vector, Word
from evalkit.stats import betting
from evalkit.stats.intervals import exact, exact_of_worth
from evalkit.stats.power import standard_error_of
from evalkit.stats.resampling import Matrix, cluster_codes, sum_by

CONFIDENCE = 0.95
ALPHA = 0.05
UPWARD = (">=", ">")


@dataclass(frozen=True, slots=True)
class Scale:
    """The bounds of a metric's per-case values, brought to 0-1."""

    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low

    def share(self, value: float) -> float:
        return (value - self.low) / self.width

    def back(self, interval: Interval, method: str = "") -> Interval:
        low, high = (self.low + self.width * side for side in (interval.low, interval.high))
        return Interval(low, high, interval.confidence, method or interval.method)


@dataclass(frozen=True, slots=True)
class Units:
    """What is independent: clusters of cases, each with the sum of its values (0-1 each) and how many it holds."""

    sums: Matrix
    sizes: Matrix


@dataclass(frozen=True, slots=True)
class Weighed:
    interval: Interval | None
    """The one that decides."""
    p_value: float | None
    """Of the target being met."""


def scale_of(metric: Metric) -> Scale | None:
    """None for what has no bounds by case: corpus metrics, ratios, quantiles, grade levels."""
    if metric.kind not in {"rate", "mean"}:
        return None
    bounds = metric.bounds or ((0.0, 1.0) if metric.kind == "rate" else None)
    if bounds is None or not all(map(math.isfinite, bounds)) or not bounds[0] < bounds[1]:
        return None
    return Scale(*bounds)


def units_of(scale: Scale, vectors: Sequence[Vector], clusters: Sequence[str] | None) -> Units | None:
    """None where cases do not count as one each, or a value is out of the bounds that its metric claims."""
    matrix = np.asarray(vectors, dtype=np.float64).reshape(len(vectors), -1)
    if matrix.shape[1] != 2 or not np.isin(matrix[:, 1], (0.0, 1.0)).all():
        return None
    shares = (matrix[:, 0] - scale.low * matrix[:, 1]) / scale.width
    if (shares < -1e-9).any() or (shares > matrix[:, 1] + 1e-9).any():
        return None
    codes, count = cluster_codes(clusters, len(matrix))
    summed = sum_by(codes, count, np.stack([np.clip(shares, 0.0, matrix[:, 1]), matrix[:, 1]], axis=1))
    return Units(np.minimum(summed[:, 0], summed[:, 1]), summed[:, 1])


def weigh(
    metric: Metric, vectors: Sequence[Vector], clusters: Sequence[str] | None, shown: Interval | None, gate: Gate
) -> Weighed:
    """``shown`` is the estimate's own interval, which decides where nothing stronger is known."""
    scale = scale_of(metric)
    units = units_of(scale, vectors, clusters) if scale and vectors else None
    if scale is None or units is None or not units.sizes.any():
        return Weighed(shown, tail(shown, gate))
    independent = bool((units.sizes == 1).all())
    if independent and np.isin(units.sums, (0.0, 1.0)).all() and metric.kind == "rate":
        successes, n = round(float(units.sums.sum())), len(units.sums)
        interval = exact(successes, n, CONFIDENCE)
        return Weighed(scale.back(interval), exact_p_value(successes, n, scale.share(gate.threshold), gate.operator))
    return weigh_units(units, scale, gate, CONFIDENCE)


def weigh_units(units: Units, scale: Scale, gate: Gate, confidence: float) -> Weighed:
    interval = betting.mean_interval(units.sums, units.sizes, confidence)
    return Weighed(scale.back(interval), _betting_p_value(units, scale.share(gate.threshold), gate.operator))


def _betting_p_value(units: Units, share: float, operator: str) -> float:
    upward = operator in UPWARD
    if 0 < share < 1:
        return betting.p_value(units.sums, share, units.sizes, better="higher" if upward else "lower")
    outside = share > 1 or (share == 1 and upward and bool((units.sums < units.sizes).any()))
    below = share < 0 or (share == 0 and not upward and bool((units.sums > 0).any()))
    return 0.0 if (outside if upward else below) else 1.0


def anytime(
    metric: Metric, vectors: Sequence[Vector], clusters: Sequence[str] | None, shown: Interval | None
) -> Interval | None:
    """An interval that stays right where what the cases said decided when to stop, or the shown one with a caveat."""
    scale = scale_of(metric)
    units = units_of(scale, vectors, clusters) if scale and vectors else None
    if scale is not None and units is not None and units.sizes.any():
        interval = betting.mean_interval(units.sums, units.sizes, CONFIDENCE)
        return scale.back(interval, "betting, right wherever it stops")
    return replace(shown, method=f"{shown.method}; does not allow for stopping early") if shown else None


def exact_p_value(successes: int, n: int, share: float, operator: str) -> float:
    """How probable so few successes (or, of an upper limit, so many) are where the target is just met."""
    upward = operator in UPWARD
    if share > 1 if upward else share < 0:
        return 0.0
    if (share <= 0 or successes == n) if upward else (share >= 1 or successes == 0):
        return 1.0
    from scipy.special import bdtr, bdtrc  # which takes longer to load than a small suite on a mock to run

    return float(bdtr(successes, n, share) if upward else bdtrc(successes - 1, n, share))


def weigh_worth(share: float, worth: float, gate: Gate) -> Weighed:
    """Of a share that is known as well as from so many independent cases, which need not be a whole number."""
    interval = exact_of_worth(share, worth, CONFIDENCE)
    upward = gate.operator in UPWARD
    met, target = (1 - share, 1 - gate.threshold) if upward else (share, gate.threshold)
    if met == 0 or not 0 < target < 1:
        return Weighed(interval, 1.0 if met <= target else 0.0)
    from scipy.special import betainc

    return Weighed(interval, float(betainc(met * worth, worth - met * worth + 1, target)))


def tail(interval: Interval | None, gate: Gate) -> float | None:
    """By the normal tail, for what has an interval and no better test."""
    if interval is None or not all(map(math.isfinite, (interval.low, interval.high))):
        return None
    error, middle = standard_error_of(interval), (interval.low + interval.high) / 2
    distance = gate.threshold - middle if gate.operator in UPWARD else middle - gate.threshold
    if error == 0:
        return 0.0 if distance > 0 else 1.0
    return 0.5 * math.erfc(distance / error / math.sqrt(2))


def side(gate: Gate, interval: Interval | None) -> Word:
    """Where a whole interval lies. Touching the threshold from the wrong side of a strict inequality is unsure."""
    if interval is None:
        return Word.UNSURE
    low, high, threshold = interval.low, interval.high, gate.threshold
    match gate.operator:
        case ">=":
            above, below = low >= threshold, high < threshold
        case ">":
            above, below = low > threshold, high <= threshold
        case "<=":
            above, below = high <= threshold, low > threshold
        case _:
            above, below = high < threshold, low >= threshold
    return Word.PASS if above else Word.FAIL if below else Word.UNSURE
