"""One bootstrap for every metric that is a function of summed statistics, and one for its paired difference."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalkit.protocols import Metric
from evalkit.records import Interval
from evalkit.stats.intervals import require_confidence, wilson
from evalkit.stats.resampling import (
    MOST_UNITS,
    Counts,
    Matrix,
    as_matrix,
    cluster_codes,
    counts,
    grouped,
    in_canonical_order,
    numbers_of,
    resampled_sums,
    sum_by,
    units,
    weights,
)


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are resampled. The same settings on the same statistics give the same bytes."""

    resamples: int = 1000
    seed: int = 0
    confidence: float = 0.95

    def __post_init__(self) -> None:
        require_confidence(self.confidence)
        if not isinstance(self.resamples, int | np.integer):
            raise ValueError(f"resamples are a whole number, not {self.resamples!r}")  # noqa: TRY004 - as the rest
        if self.resamples < 2:
            raise ValueError(f"{self.resamples} resamples are too few to see a spread")
        if not isinstance(self.seed, int | np.integer) or self.seed < 0:
            raise ValueError(f"a seed is a whole number from 0 on, not {self.seed!r}")

    def weights(self, count: int) -> Iterator[Matrix]:
        return weights(count, self.resamples, self.seed)

    def counts(self, count: int) -> Iterator[Counts]:
        return counts(count, self.resamples, self.seed)


RESAMPLING = Resampling()
LEAST_DEFINED = 0.5
"""A metric that has no value in more than half of the resamples gets no interval."""


def total_of(matrix: Matrix) -> tuple[float, ...]:
    """Exactly rounded column sums: they do not depend on the order of cases."""
    return tuple(math.fsum(numbers_of(column)) for column in matrix.T)


def values_of(metric: Metric, totals: Matrix) -> Matrix:
    """The metric's value for each row of summed statistics; NaN where it has none.

    A metric may bring a vectorised ``values``. Plain shares, means and ratios are divided here; the first row is
    checked against ``metric.value``, so that a metric which rescales its quotient is asked row by row instead.
    """
    vectorised = getattr(metric, "values", None)
    if callable(vectorised):
        return np.asarray(vectorised(totals), dtype=np.float64)
    if metric.kind in {"rate", "mean", "ratio"} and totals.shape[1] == 2 and len(totals):
        with np.errstate(divide="ignore", invalid="ignore"):
            quotients = np.where(totals[:, 1] == 0, np.nan, totals[:, 0] / totals[:, 1])
        if _same(metric.value(tuple(totals[0].tolist())), float(quotients[0])):
            return np.asarray(quotients, dtype=np.float64)
    return np.array([_number(metric.value(tuple(row))) for row in totals.tolist()], dtype=np.float64)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _same(value: float | None, quotient: float) -> bool:
    return math.isnan(quotient) if value is None else math.isclose(value, quotient, rel_tol=1e-12, abs_tol=1e-15)


MANY = 200


def student(p: float, freedom: int) -> float:
    """Quantile of Student's t. Of many degrees of freedom by its expansion around the normal (Abramowitz and Stegun
    26.7.5, an error below 1e-8), which spares loading scipy."""
    if freedom <= MANY:
        from scipy.special import stdtrit

        return float(stdtrit(freedom, p))
    z = NormalDist().inv_cdf(p)
    terms: tuple[float, ...] = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return float(sum(term / freedom**power for power, term in enumerate(terms)))


def percentiles(values: Matrix, count: int, resampling: Resampling, method: str) -> Interval | None:
    """The middle of the resampled values, widened for few clusters.

    Percentiles of resamples are too narrow for a small number of clusters by the factor sqrt((n - 1) / n) and by using
    a normal where Student's t belongs; taking wider percentiles makes up for both (Hesterberg 2015, section 5.3).
    Values that do not exist (an empty denominator) are left out and counted in the method.
    """
    defined = values[~np.isnan(values)]
    missing = len(values) - len(defined)
    if count < 2 or len(defined) < LEAST_DEFINED * len(values) or len(defined) < 2:
        return None
    z = student(0.5 + resampling.confidence / 2, count - 1) * math.sqrt(count / (count - 1))
    tail = NormalDist().cdf(-z)
    low, high = np.quantile(defined, [tail, 1 - tail])
    if missing:
        method += f", {missing} without a value"
    return Interval(float(low), float(high), resampling.confidence, method)


def _method(name: str, n: int, clusters: int, resampling: Resampling) -> str:
    of = f" of {clusters} clusters" if clusters != n else ""
    return f"{name}{of}, {resampling.resamples} resamples"


def resampled_values(
    metric: Metric,
    statistics: NDArray[Any] | Sequence[Sequence[float]],
    clusters: Sequence[str] | None = None,
    resampling: Resampling = RESAMPLING,
) -> Matrix:
    """``metric.value(sum of statistics)`` in each resample of whole clusters; NaN where it has none there.

    Clusters are put into an order of their own before they are drawn, so that the order of cases in a file does not
    matter. Fewer than two clusters vary in no way: an empty array.
    """
    matrix = as_matrix(statistics, metric.name)
    if len(matrix) == 0:
        raise ValueError(f"metric '{metric.name}': no cases, a resample needs at least one")
    sums = _drawn_sums(clusters, matrix, resampling.seed)
    if len(sums) < 2:
        return np.empty(0)
    return values_of(metric, resampled_sums(resampling.counts(len(sums)), sums))


def resampled_differences(
    metric: Metric,
    a: NDArray[Any] | Sequence[Sequence[float]],
    b: NDArray[Any] | Sequence[Sequence[float]],
    clusters: Sequence[str] | None = None,
    resampling: Resampling = RESAMPLING,
) -> Matrix:
    """``value(a) - value(b)`` in each resample of whole clusters, both sides drawn together; NaN for none.

    Neither the order of cases nor which side is called ``a`` matters: turned round, the differences change sign.
    """
    sums = paired_cluster_sums(metric, a, b, clusters)
    if len(sums) == 0:
        raise ValueError(f"metric '{metric.name}': no cases, a resample needs at least one")
    if len(sums) < 2:
        return np.empty(0)
    width = sums.shape[1] // 2
    turned = _in_order(np.hstack([sums[:, width:], sums[:, :width]]))
    given, other = sums.tobytes(), turned.tobytes()
    sums = grouped_sums(sums if given <= other else turned, resampling.seed)
    totals = resampled_sums(resampling.counts(len(sums)), sums)
    differences = values_of(metric, totals[:, :width]) - values_of(metric, totals[:, width:])
    if given == other:
        return _mirrored(differences)
    return differences if given < other else -differences


def paired_cluster_sums(
    metric: Metric,
    a: NDArray[Any] | Sequence[Sequence[float]],
    b: NDArray[Any] | Sequence[Sequence[float]],
    clusters: Sequence[str] | None = None,
) -> Matrix:
    """The sums of each cluster, ``a``'s and behind them ``b``'s, whatever the order of cases."""
    return _cluster_sums(clusters, np.hstack(_pairs(metric, a, b)))


def _mirrored(values: Matrix) -> Matrix:
    """Of sides that are each other's mirror image, such as equal ones: half of the differences, and their opposites."""
    half = len(values) // 2
    return np.concatenate([values[:half], np.zeros(len(values) % 2), -values[:half]])


def _in_order(sums: Matrix) -> Matrix:
    return sums[in_canonical_order(sums)]


def _cluster_sums(clusters: Sequence[str] | None, matrix: Matrix) -> Matrix:
    """The sums of each cluster, in an order that depends on what they are and not on the order of cases."""
    matrix = matrix + 0.0  # no negative zero, which would be another number in bytes
    codes, count = cluster_codes(clusters, len(matrix))
    if count < len(matrix):
        order = in_canonical_order(matrix)  # rounding, too, depends on the order of adding up
        matrix = sum_by(codes[order], count, matrix[order])
    return _in_order(matrix)


def _drawn_sums(clusters: Sequence[str] | None, matrix: Matrix, seed: int) -> Matrix:
    """The sums of what is drawn as a whole. Of very many cases, each a cluster of its own, a column after the other: a
    wide matrix and its copies, in order and without negative noughts, would be more than a run holds of its scores."""
    _, count = cluster_codes(clusters, len(matrix))
    if count < len(matrix) or count <= MOST_UNITS:
        return grouped_sums(_cluster_sums(clusters, matrix), seed)
    order = in_canonical_order(matrix)
    group, groups = grouped(count, seed)
    columns = (column[order] + 0.0 for column in matrix.T)
    return np.stack([np.bincount(group, weights=column, minlength=groups) for column in columns], axis=1)


def grouped_sums(sums: Matrix, seed: int) -> Matrix:
    """Of what is drawn or swapped as a whole: of clusters, or of groups of them where there are very many."""
    group, groups = grouped(len(sums), seed)
    return sum_by(group, groups, sums)


def _pairs(metric: Metric, a: Any, b: Any) -> tuple[Matrix, Matrix]:
    ours, theirs = as_matrix(a, metric.name), as_matrix(b, metric.name)
    if ours.shape != theirs.shape:
        raise ValueError(
            f"metric '{metric.name}': pairs need as many cases on both sides, not {len(ours)} and {len(theirs)}"
        )
    return ours, theirs


def bootstrap(
    metric: Metric,
    statistics: NDArray[Any] | Sequence[Sequence[float]],
    clusters: Sequence[str] | None = None,
    resampling: Resampling = RESAMPLING,
) -> Interval | None:
    """Interval of ``metric.value(sum of statistics)`` when whole clusters of cases are drawn anew.

    None where nothing can be said: fewer than two clusters, or hardly a resample in which the metric has a value.
    """
    values = resampled_values(metric, statistics, clusters, resampling)
    if len(values) == 0:
        return None
    _, clusters_seen = cluster_codes(clusters, len(statistics))
    method = _method("bootstrap", len(statistics), clusters_seen, resampling)
    return percentiles(values, min(clusters_seen, MOST_UNITS), resampling, method)


def paired_bootstrap(
    metric: Metric,
    a: NDArray[Any] | Sequence[Sequence[float]],
    b: NDArray[Any] | Sequence[Sequence[float]],
    clusters: Sequence[str] | None = None,
    resampling: Resampling = RESAMPLING,
) -> tuple[float | None, Interval | None]:
    """``value(a) - value(b)`` and its interval, for two measurements of the same cases in the same order.

    Both sides are drawn together, so what makes a case hard for both cancels out.
    """
    ours, theirs = _pairs(metric, a, b)
    if len(ours) == 0:
        return None, None
    if metric.kind == "quantile":
        return _paired_quantiles(metric, ours[:, 0], theirs[:, 0], clusters, resampling)
    left, right = metric.value(total_of(ours)), metric.value(total_of(theirs))
    if left is None or right is None:
        return None, None
    value = left - right
    values = resampled_differences(metric, ours, theirs, clusters, resampling)
    if len(values) == 0:
        return value, None
    _, count = cluster_codes(clusters, len(ours))
    return value, interval_of_differences(metric, value, values, count, resampling, cases=len(ours))


def interval_of_differences(  # noqa: PLR0917 - what it is made of
    metric: Metric, value: float, resampled: Matrix, clusters: int, resampling: Resampling, cases: int | None = None
) -> Interval | None:
    """Around ``value``, from the differences that resamples of so many clusters gave."""
    method = _method("paired bootstrap", cases or clusters, clusters, resampling)
    interval = percentiles(resampled, min(clusters, MOST_UNITS), resampling, method)
    if interval is not None and math.isclose(interval.low, interval.high, abs_tol=1e-12):
        return _all_alike(metric, value, clusters, interval)
    return interval


def _all_alike(metric: Metric, value: float, clusters: int, flat: Interval) -> Interval:
    """That all pairs differ alike, most often not at all, does not prove that every pair would.

    As many others as so many alike leave room for may differ as much as the metric's bounds allow, either way. Without
    bounds there is nothing to go by: the interval stays flat and says so.
    """
    bounds = (0.0, 1.0) if metric.kind == "rate" else metric.bounds
    if metric.kind not in {"rate", "mean"} or bounds is None or not np.isfinite(bounds).all():
        return replace(flat, method=f"{flat.method}, no variation")
    most = max(bounds[1] - bounds[0], abs(value))
    unseen = wilson(0, clusters, flat.confidence).high
    low, high = value - unseen * (most + value), value + unseen * (most - value)
    return Interval(low, high, flat.confidence, f"Wilson on {clusters} pairs of which none differs from the others")


def quantile_of(values: Matrix, q: float) -> float:
    """The usual linear interpolation between neighbours."""
    return float(np.quantile(values, q))


def _resampled_quantiles(
    values: Matrix, codes: NDArray[np.intp], count: int, q: float, resampling: Resampling
) -> Matrix:
    """The smallest value that at least the share ``q`` of a resample does not exceed, for each resample."""
    order = np.argsort(values, kind="stable")
    ordered, units_in_order = values[order], codes[order]
    found = []
    for block in resampling.weights(count):
        step = max(1, len(block) * count // max(len(values), 1))
        for start in range(0, len(block), step):
            reached = np.cumsum(block[start : start + step][:, units_in_order], axis=1)
            found.append(ordered[np.argmax(reached >= q * reached[:, -1:] - 1e-9, axis=1)])
    return np.concatenate(found)


def bootstrap_quantile(
    values: Matrix,
    q: float,
    clusters: Sequence[str] | None = None,
    resampling: Resampling = RESAMPLING,
) -> Interval | None:
    """For values that come in clusters; independent ones have order statistics."""
    codes, count, of_clusters = units(clusters, len(values), resampling.seed)
    if count < 2:
        return None
    found = _resampled_quantiles(values, codes, count, q, resampling)
    return percentiles(found, count, resampling, _method("bootstrap", len(values), of_clusters, resampling))


def _paired_quantiles(
    metric: Metric,
    ours: Matrix,
    theirs: Matrix,
    clusters: Sequence[str] | None,
    resampling: Resampling,
) -> tuple[float | None, Interval | None]:
    q = float(getattr(metric, "quantile", 0.5))
    value = quantile_of(ours, q) - quantile_of(theirs, q)
    codes, count, of_clusters = units(clusters, len(ours), resampling.seed)
    if count < 2:
        return value, None
    found = [_resampled_quantiles(side, codes, count, q, resampling) for side in (ours, theirs)]
    method = _method("paired bootstrap", len(ours), of_clusters, resampling)
    return value, percentiles(found[0] - found[1], count, resampling, method)
