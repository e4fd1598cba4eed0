"""From the statistics of cases to one estimate: the value, and the interval that fits the metric's kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalkit.protocols import KINDS, Metric
from evalkit.records import Counts, Estimate, Interval
from evalkit.stats.bootstrap import RESAMPLING, Resampling, bootstrap, bootstrap_quantile, quantile_of, total_of
from evalkit.stats.intervals import quantile_interval, wilson
from evalkit.stats.resampling import Matrix, as_matrix, cluster_codes


def estimate(  # noqa: PLR0917 - the parts of the record, in its order
    check_name: str,
    metric: Metric,
    vectors: NDArray[Any] | Sequence[Sequence[float]],
    clusters: Sequence[str] | None,
    counts: Counts,
    slice: Mapping[str, str] | None = None,  # noqa: A002 - the record's own word
    *,
    resampling: Resampling = RESAMPLING,
) -> Estimate:
    """A metric over cases. ``vectors`` and ``clusters`` go by case; an empty cluster is a case of its own.

    * No cases, or nothing to divide by: no value and no interval.
    * Shares of independent cases: Wilson. Quantiles of independent cases: order statistics.
    * Everything else: bootstrap of clusters. Where all resamples agree, though the metric is bounded, Wilson on the
      number of clusters: 5 perfect cases are no proof of perfection.
    * One cluster of several cases, or one case of anything but a share: a value, and no interval.

    NaN and infinity in a vector raise ``ValueError`` with the metric's name.
    """
    if metric.kind not in KINDS:
        raise ValueError(f"metric '{metric.name}': unknown kind '{metric.kind}', one of {', '.join(KINDS)}")
    matrix = as_matrix(vectors, metric.name)
    value: float | None = None
    interval: Interval | None = None
    if len(matrix):
        of = _quantile if metric.kind == "quantile" else _summed
        value, interval = of(metric, matrix, clusters, resampling)
    return Estimate(
        check=check_name,
        metric=metric.name,
        value=value,
        interval=interval,
        counts=counts,
        unit=metric.unit,
        better=metric.better,
        signature=metric.signature,
        slice=dict(slice or {}),
    )


def _quantile(
    metric: Metric, matrix: Matrix, clusters: Sequence[str] | None, resampling: Resampling
) -> tuple[float, Interval | None]:
    q = float(getattr(metric, "quantile", 0.5))
    values = matrix[:, 0]
    _, count = cluster_codes(clusters, len(values))
    if not 0 < q < 1:
        return quantile_of(values, q), None  # the largest value seen bounds no larger one
    if count < len(values):
        interval = bootstrap_quantile(values, q, clusters, resampling)
    else:
        floor = metric.bounds[0] if metric.bounds and np.isfinite(metric.bounds[0]) else None
        interval = quantile_interval(values, q, resampling.confidence, floor=floor)
    return quantile_of(values, q), interval


def _summed(
    metric: Metric, matrix: Matrix, clusters: Sequence[str] | None, resampling: Resampling
) -> tuple[float | None, Interval | None]:
    total = total_of(matrix)
    value = metric.value(total)
    if value is None:
        return None, None
    if not np.isfinite(value):
        raise ValueError(f"metric '{metric.name}': its value is not finite")
    _, count = cluster_codes(clusters, len(matrix))
    if metric.kind == "rate" and count == len(matrix) and _yes_or_no(matrix):
        return value, wilson(total[0], total[1], resampling.confidence)
    interval = bootstrap(metric, matrix, clusters, resampling)
    if interval is not None and interval.low == interval.high:
        interval = _without_variation(metric, value, count, interval)
    return value, interval


def _yes_or_no(matrix: Matrix) -> bool:
    return bool(matrix.shape[1] == 2 and (matrix[:, 1] == 1).all() and np.isin(matrix[:, 0], (0.0, 1.0)).all())


def _without_variation(metric: Metric, value: float, count: int, flat: Interval) -> Interval:
    """All resamples agree, which few clusters prove little by.

    No mean of values inside bounds varies more than a share does, so the share's interval holds for it, scaled. Without
    bounds there is nothing to go by: the interval stays flat and says so.
    """
    bounds = metric.bounds
    if metric.kind in {"rate", "mean"} and bounds and np.isfinite(bounds).all() and bounds[0] <= value <= bounds[1]:
        width = bounds[1] - bounds[0]
        share = wilson((value - bounds[0]) / width * count, count, flat.confidence)
        low, high = bounds[0] + share.low * width, bounds[0] + share.high * width
        return Interval(low, high, flat.confidence, f"Wilson on {count} clusters without variation")
    return replace(flat, method=f"{flat.method}, no variation")
