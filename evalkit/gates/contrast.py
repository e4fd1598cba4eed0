"""Two runs on the same cases: their statistics side by side, and the paired difference of a metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evalkit.gates.measurements import CheckTable
from evalkit.protocols import Metric
from evalkit.records import Contrast, Vector
from evalkit.stats.bootstrap import paired_bootstrap
from evalkit.stats.resampling import Matrix


class NotComparable(Exception):
    """The two sides did not measure the same thing."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """The statistics of one metric for the cases that both sides measured, a row a case, in our order."""

    metric: Metric
    """Ours."""
    cases: tuple[str, ...]
    ours: Matrix
    theirs: Matrix
    clusters: tuple[str, ...]
    """Ours: which rows are not independent."""
    only_here: tuple[str, ...]
    """Cases that we alone measured, in our order."""
    only_there: tuple[str, ...]
    """Cases that they alone measured, in their order."""

    @property
    def missing(self) -> int:
        return len(self.only_here) + len(self.only_there)


def paired_vectors(ours: CheckTable, theirs: CheckTable | None, metric: str, wanted: Mapping[str, str]) -> Pairs:
    """By case id. An errored case counts as measured where its metric has a worst value.

    Our labels alone say which cases are in the slice ``wanted``: a baseline may come without labels. Cases that we have
    never heard of are therefore in every slice. Raises ``NotComparable`` for another signature, or statistics of
    another shape.
    """
    if theirs is None or metric not in theirs.columns:
        raise NotComparable(f"it did not measure {ours.name}.{metric}")
    our_metric, their_metric = ours.columns[metric].metric, theirs.columns[metric].metric
    if our_metric.signature != their_metric.signature:
        raise NotComparable(f"signature {our_metric.signature} here, {their_metric.signature} there")
    inside = ours.positions(wanted)
    outside = set(ours.cases).difference(ours.cases[i] for i in inside)
    left, right = _by_case(ours, metric, inside), _by_case(theirs, metric, range(len(theirs.cases)))
    common = [case for case in left if case in right]
    our_rows, their_rows = [left[case] for case in common], [right[case] for case in common]
    _require_one_shape(f"{ours.name}.{metric}", our_rows, their_rows)
    cluster = dict(zip(ours.cases, ours.clusters, strict=True))
    return Pairs(
        metric=our_metric,
        cases=tuple(common),
        ours=_matrix(our_rows),
        theirs=_matrix(their_rows),
        clusters=tuple(cluster[case] for case in common),
        only_here=tuple(case for case in left if case not in right),
        only_there=tuple(case for case in right if case not in left and case not in outside),
    )


def _by_case(table: CheckTable, metric: str, positions: Sequence[int]) -> dict[str, Vector]:
    vectors, kept = table.vectors(metric, positions)
    return {table.cases[i]: vector for vector, i in zip(vectors, kept, strict=True)}


def _require_one_shape(name: str, ours: Sequence[Vector], theirs: Sequence[Vector]) -> None:
    lengths = [sorted({len(vector) for vector in rows}) for rows in (ours, theirs)]
    if ours and (lengths[0] != lengths[1] or len(lengths[0]) > 1):
        here, there = (" or ".join(map(str, found)) for found in lengths)
        raise NotComparable(f"the statistics of {name} are {here} numbers by case here, {there} there")


def _matrix(rows: Sequence[Vector]) -> Matrix:
    return np.asarray(rows, dtype=np.float64).reshape(len(rows), -1 if rows else 0)


def contrast(ours: CheckTable, theirs: CheckTable | None, metric: str, wanted: Mapping[str, str]) -> Contrast:
    """``ours - theirs`` over the cases that both measured; those that only one side did are named."""
    pairs = paired_vectors(ours, theirs, metric, wanted)
    value, interval = paired_bootstrap(pairs.metric, pairs.ours, pairs.theirs, pairs.clusters)
    return Contrast(
        metric=f"{ours.name}.{metric}",
        value=value,
        interval=interval,
        pairs=len(pairs.cases),
        missing=pairs.missing,
        only_here=pairs.only_here,
        only_there=pairs.only_there,
    )
