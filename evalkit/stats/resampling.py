"""Resampling clusters: sums by cluster, and how often each cluster is drawn in each resample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

MOST_UNITS = 4096
"""Beyond so many clusters, whole random groups of clusters are drawn: the same spread, at a bounded cost."""

CELLS_AT_ONCE = 1_000_000


def as_matrix(statistics: Any, name: str) -> Matrix:
    """Vectors of one metric as rows; NaN and infinity are refused, for one of them would silently swallow the rest."""
    matrix = np.asarray(statistics, dtype=np.float64)
    if matrix.ndim == 1 and matrix.size == 0:
        matrix = matrix.reshape(0, 0)
    if matrix.ndim != 2:
        raise ValueError(f"metric '{name}': statistics must be vectors of one length")
    if not np.isfinite(matrix).all():
        row = int(np.flatnonzero(~np.isfinite(matrix).all(axis=1))[0])
        raise ValueError(f"metric '{name}': the statistics of case {row} hold a value that is not finite")
    return matrix


def cluster_codes(clusters: Sequence[str] | None, n: int) -> tuple[NDArray[np.intp], int]:
    """A number for each row's cluster, in order of appearance. A row without a cluster is a cluster of its own."""
    if clusters is None:
        return np.arange(n), n
    if len(clusters) != n:
        raise ValueError(f"{len(clusters)} clusters for {n} cases")
    seen: dict[str, int] = {}
    codes = np.empty(n, dtype=np.intp)
    count = 0
    for row, cluster in enumerate(clusters):
        code = seen.get(cluster) if cluster else None
        if code is None:
            code, count = count, count + 1
            if cluster:
                seen[cluster] = code
        codes[row] = code
    return codes, count


def sum_by(codes: NDArray[np.intp], count: int, matrix: Matrix) -> Matrix:
    """The statistics of each unit, summed."""
    if count == len(matrix):
        return matrix  # each row its own unit, in order of appearance
    columns = [np.bincount(codes, weights=matrix[:, column], minlength=count) for column in range(matrix.shape[1])]
    return np.stack(columns, axis=1)


def units(clusters: Sequence[str] | None, n: int, seed: int) -> tuple[NDArray[np.intp], int, int]:
    """What is drawn as a whole: the unit of each row, how many units, and how many clusters they were made of."""
    codes, count = cluster_codes(clusters, n)
    if count <= MOST_UNITS:
        return codes, count, count
    group = np.random.default_rng((seed, count)).permutation(count) % MOST_UNITS
    return group[codes], MOST_UNITS, count


@lru_cache(maxsize=12)
def _drawn(count: int, resamples: int, seed: int) -> NDArray[np.uint8]:
    """How often each unit is drawn (resamples x units). Kept, for the metrics of one check all draw alike."""
    random = np.random.default_rng(seed)
    drawn = np.empty((resamples, count), dtype=np.uint8)
    step = max(1, CELLS_AT_ONCE // count)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        picks = random.integers(0, count, size=(rows, count))
        picks += np.arange(rows)[:, None] * count
        drawn[start : start + rows] = np.bincount(picks.ravel(), minlength=rows * count).reshape(rows, count)
    drawn.setflags(write=False)
    return drawn


def weights(count: int, resamples: int, seed: int) -> Iterator[Matrix]:
    """Multinomial weights in blocks of bounded memory; the same arguments give the same weights."""
    drawn = _drawn(count, resamples, seed)
    step = max(1, CELLS_AT_ONCE // count)
    for start in range(0, resamples, step):
        yield drawn[start : start + step].astype(np.float64)
