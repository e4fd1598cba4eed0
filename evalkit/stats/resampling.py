"""Resampling clusters: sums by cluster, and how often each cluster is drawn in each resample."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Counts = NDArray[np.integer]

MOST_UNITS = 4096
"""Beyond so many clusters, whole random groups of clusters are drawn: the same spread, at a bounded cost."""

CELLS_AT_ONCE = 250_000
"""Of weights as doubles: what fits into a processor's second cache."""

PRODUCT_ON_ONE_THREAD = 800_000
"""Larger products are shared among threads, which for matrices as narrow as these wait for each other up to 50 times as
long as they compute; and how they share them would show in the last digits."""

CELLS_KEPT = 8_000_000
"""Weights are a byte each while they are kept; more of them are drawn anew each time."""


def as_numbers(values: Any, name: str) -> Matrix:
    """One list of numbers, whatever sequence it comes as. NaN stays, for the caller to refuse in its own words."""
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        found = None
    if found is None or found.ndim != 1:
        raise ValueError(f"{name} are one list of numbers, not {type(values).__name__}")
    return found


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


def numbers_of(column: NDArray[Any]) -> Iterator[Any]:
    """Its numbers one by one, never all of them as objects at once."""
    return chain.from_iterable(column[begin : begin + 4096].tolist() for begin in range(0, len(column), 4096))


def cluster_codes(clusters: Sequence[str] | None, n: int) -> tuple[NDArray[np.intp], int]:
    """A number for each row's cluster, in order of appearance.

    A row without a cluster (an empty text or none) is a cluster of its own. That number 0 is a cluster like any other.
    """
    if clusters is None:
        return np.arange(n), n
    if len(clusters) != n:
        raise ValueError(f"{len(clusters)} clusters for {n} cases")
    if set(clusters) <= {"", None}:
        return np.arange(n), n
    seen: dict[str, int] = {}
    codes = np.empty(n, dtype=np.intp)
    count = 0
    for row, cluster in enumerate(clusters):
        named = cluster is not None and cluster != ""
        code = seen.get(cluster) if named else None
        if code is None:
            code, count = count, count + 1
            if named:
                seen[cluster] = code
        codes[row] = code
    return codes, count


def in_canonical_order(*matrices: Matrix) -> NDArray[np.intp]:
    """An order of rows that depends on what they hold, all matrices together, and not on the order they came in."""
    columns = [column for matrix in matrices for column in matrix.T]
    return np.lexsort(columns[::-1]) if columns else np.arange(0)


def sum_by(codes: NDArray[np.intp], count: int, matrix: Matrix) -> Matrix:
    """The statistics of each unit, summed."""
    if count == len(matrix):
        return matrix  # each row its own unit, in order of appearance
    columns = [np.bincount(codes, weights=matrix[:, column], minlength=count) for column in range(matrix.shape[1])]
    return np.stack(columns, axis=1)


def grouped(count: int, seed: int) -> tuple[NDArray[np.intp], int]:
    """The random group of each cluster where there are very many, and how many groups; else each is its own."""
    if count <= MOST_UNITS:
        return np.arange(count), count
    return np.random.default_rng((seed, count)).permutation(count) % MOST_UNITS, MOST_UNITS


def units(clusters: Sequence[str] | None, n: int, seed: int) -> tuple[NDArray[np.intp], int, int]:
    """What is drawn as a whole: the unit of each row, how many units, and how many clusters they were made of."""
    codes, count = cluster_codes(clusters, n)
    group, groups = grouped(count, seed)
    return group[codes], groups, count


def _draw(random: np.random.Generator, rows: int, count: int) -> Counts:
    """How often each of ``count`` units comes up in ``count`` draws, a row a resample."""
    drawn = np.empty((rows, count), dtype=np.uint8)
    small = (
        np.uint16 if count <= np.iinfo(np.uint16).max else np.int64
    )  # numpy draws small integers several times faster
    for row, picks in enumerate(random.integers(0, count, size=(rows, count), dtype=small)):
        drawn[row] = np.bincount(picks, minlength=count)
    return drawn


def _blocks(count: int, resamples: int, seed: int) -> Iterator[Counts]:
    random = np.random.default_rng(seed)
    step = max(1, CELLS_AT_ONCE // count)
    for start in range(0, resamples, step):
        yield _draw(random, min(step, resamples - start), count)


@lru_cache(maxsize=12)
def _drawn(count: int, resamples: int, seed: int) -> tuple[Counts, ...]:
    """Kept, for the metrics of one check all draw alike."""
    kept = tuple(_blocks(count, resamples, seed))
    for block in kept:
        block.setflags(write=False)
    return kept


def counts(count: int, resamples: int, seed: int) -> Iterator[Counts]:
    """How often each unit is drawn, in blocks of bounded memory; the same arguments give the same draws."""
    kept = count * resamples <= CELLS_KEPT
    return iter(_drawn(count, resamples, seed)) if kept else _blocks(count, resamples, seed)


def weights(count: int, resamples: int, seed: int) -> Iterator[Matrix]:
    """The same as numbers to multiply with."""
    return (block.astype(np.float64) for block in counts(count, resamples, seed))


def counts_of_choice(
    count: int, resamples: int, seed: int, indices: NDArray[np.integer] | None = None
) -> Iterator[Counts]:
    """Of the draws that ``Generator.choice`` makes in one piece, or of given ones, in blocks of bounded memory.

    Slower than ``counts``; for who needs the same draws as others who use ``choice``, such as sacreBLEU.
    """
    random = np.random.default_rng(seed)
    step = max(1, CELLS_AT_ONCE // count)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        picks = random.choice(count, size=(rows, count)) if indices is None else indices[start : start + rows]
        yield np.stack([np.bincount(row, minlength=count) for row in picks])


def resampled_sums(blocks: Iterable[Counts], sums: Matrix) -> Matrix:
    """The summed statistics of each resample."""
    step = max(1, PRODUCT_ON_ONE_THREAD // max(1, sums.size))
    parts = [
        block[start : start + step].astype(np.float64) @ sums
        for block in blocks
        for start in range(0, len(block), step)
    ]
    return np.concatenate(parts)
