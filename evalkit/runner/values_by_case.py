"""A metric's value for every case of a table, as one array of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalkit.gates.measurements import CheckTable
from evalkit.protocols import Metric
from evalkit.stats.bootstrap import values_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

AT_ONCE = 16_384
"""Rows whose values are computed together: what that takes beside its result stays small."""


def values_by_case(table: CheckTable, name: str, *, read_by: Metric | None = None) -> NDArray[np.float64] | None:
    """NaN where a case has none; errored cases as the column counts them. ``read_by``: the metric that reads the
    statistics, where it is not the table's own.

    None where the statistics are no vectors of one length, or where the metric cannot read them.
    """
    metric = read_by or table.columns[name].metric
    vectors, kept = table.vectors(name, range(len(table.cases)))
    if not len(vectors):
        return np.full(len(table.cases), np.nan)
    try:
        matrix = np.asarray(vectors, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    if matrix.ndim != 2 or not matrix.shape[1]:
        return None
    try:
        for begin in range(0, len(matrix), AT_ONCE):
            rows = matrix[begin : begin + AT_ONCE]
            matrix[begin : begin + AT_ONCE, 0] = rows[:, 0] if metric.kind == "quantile" else values_of(metric, rows)
    except Exception:  # noqa: BLE001 - a metric is a plugin, and no picture is worth the run
        return None
    found = np.full(len(table.cases), np.nan)
    found[slice(None) if len(matrix) == len(found) else np.asarray(kept, dtype=np.int64)] = matrix[:, 0]
    return found
