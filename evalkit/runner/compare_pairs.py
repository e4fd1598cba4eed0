"""One metric of two runs over the cases that both measured, as two matrices: a row a case; and which way each went."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from evalkit.compact import Chosen
from evalkit.gates.measurements import CheckTable
from evalkit.protocols import Metric
from evalkit.runner.targets import Target, met_by
from evalkit.stats.bootstrap import values_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

BY_CASE = ("rate", "mean")
"""Kinds of metric whose value over one case means something."""
OF_SPEED = ("s", "ms", "tokens/s", "MB")
"""Units of what differs between any two runs: told, never judged, and never a reason to list a case."""
TOLERANCE = 1e-12
"""Values of a case that differ by less are the same value."""
DIRECTIONS = ("regressed", "improved", "lower", "higher")
STAYED = len(DIRECTIONS)

Places = tuple["NDArray[np.int64]", "NDArray[np.int64]"]
"""Where the cases that two tables have in common stand in theirs and in ours, in our order."""


class Counts(NamedTuple):
    """How many cases went which way, in the order of ``DIRECTIONS``, and how many stayed."""

    regressed: int
    improved: int
    lower: int
    higher: int
    same: int

    @property
    def moved(self) -> int:
        return self.lower + self.higher


def directions(
    metric: Metric, before: NDArray[np.float64], after: NDArray[np.float64], targets: Sequence[Target]
) -> NDArray[np.int8]:
    """A place in ``DIRECTIONS`` for each case, ``STAYED`` where it has no value on one side.

    Of a yes or no the better one is right; any other value is where it meets its targets.
    """
    gap = after - before
    moved = np.abs(gap) > TOLERANCE  # false where either has no value
    right_then, right_now = (met_by(side, targets) for side in (before, after))
    flipped = moved & (right_then != right_now)
    if metric.kind == "rate":
        yes_or_no = moved & np.isin(before, (0.0, 1.0)) & np.isin(after, (0.0, 1.0))
        flipped |= yes_or_no
        right_now = np.where(yes_or_no, (gap > 0) == (metric.better == "higher"), right_now)
    regressed, improved, lower, higher = range(STAYED)
    by_turn = np.where(right_now, improved, regressed)
    return np.where(flipped, by_turn, np.where(moved, np.where(gap > 0, higher, lower), STAYED)).astype(np.int8)


def counted(went: NDArray[np.int8]) -> Counts:
    return Counts(*np.bincount(went, minlength=STAYED + 1).tolist())


@dataclass(frozen=True, slots=True)
class Pairs:
    metric: Metric
    read_by: Metric
    """What the baseline's statistics are read by alone: its own metric, which may be another."""
    count: int
    clusters: Sequence[str] | None
    """None: each case is a cluster of its own."""
    before: NDArray[np.float64] | None
    """In the candidate's order, as ``after``; None where vectors of one side are of several lengths."""
    after: NDArray[np.float64] | None
    only_before: Sequence[str] = ()
    only_after: Sequence[str] = ()
    measured: bool = False
    """At least one side scored at least one of the pairs; errors on both sides measure nothing."""

    @property
    def sides(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """None where they cannot be subtracted, whatever was allowed: the two say different things."""
        if not self.measured or self.before is None or self.after is None or self.before.shape != self.after.shape:
            return None
        return self.before, self.after

    @property
    def differs(self) -> bool:
        if self.before is None or self.after is None or self.before.shape != self.after.shape:
            return self.count > 0
        return bool((np.abs(self.before - self.after) > TOLERANCE).any())

    @property
    def yes_or_no(self) -> bool:
        """Each case a cluster of its own that counts as one trial: exactly what McNemar's test is for."""
        named = [cluster for cluster in self.clusters or () if cluster]
        if self.metric.kind != "rate" or self.sides is None or len(set(named)) != len(named):
            return False
        return all(
            side.shape[1] == 2 and bool((side[:, 1] == 1).all()) and bool(np.isin(side[:, 0], (0, 1)).all())
            for side in self.sides
        )

    def turns(self, targets: Sequence[Target] = ()) -> Counts:
        """What became of the cases by this metric's value; an errored one has the worst. What has no value on one side
        stays."""
        if self.sides is None:
            return Counts(0, 0, 0, 0, self.count)
        before, after = values_of(self.read_by, self.sides[0]), values_of(self.metric, self.sides[1])
        return counted(directions(self.metric, before, after, targets))


def pair_up(theirs: CheckTable, ours: CheckTable, name: str, common: Places | None = None) -> Pairs:
    """``common``: as ``common_places`` finds it, once for all metrics of a check."""
    there, here = common or common_places(theirs, ours)
    tables, places = (theirs, ours), (there, here)
    kept = [_has_vector(table, name) for table in tables]
    both = kept[0][there] & kept[1][here]
    errors = [list(table.columns[name].errors) for table in tables]
    failed = np.isin(there[both], errors[0]) & np.isin(here[both], errors[1])
    return Pairs(
        metric=ours.columns[name].metric,
        read_by=theirs.columns[name].metric,
        count=int(both.sum()),
        clusters=ours.clusters_at(here[both].tolist()),
        before=_matrix(theirs, name, there[both]),
        after=_matrix(ours, name, here[both]),
        only_before=_alone(theirs, kept[0], places[0][both]),
        only_after=_alone(ours, kept[1], places[1][both]),
        measured=not failed.all(),
    )


def _has_vector(table: CheckTable, name: str) -> NDArray[np.bool_]:
    found = np.ones(len(table.cases), dtype=np.bool_)
    found[table.columns[name].rows.without(range(len(table.cases)))] = False
    return found


def _matrix(table: CheckTable, name: str, places: NDArray[np.int64]) -> NDArray[np.float64] | None:
    vectors, _ = table.vectors(name, places.tolist())
    try:
        matrix = np.asarray(vectors, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return matrix.reshape(len(places), -1 if matrix.size else 0)


def _alone(table: CheckTable, measured: NDArray[np.bool_], paired: NDArray[np.int64]) -> Chosen[str]:
    left = measured.copy()
    left[paired] = False
    return Chosen(table.cases, np.flatnonzero(left))


def common_places(theirs: CheckTable, ours: CheckTable) -> Places:
    """Of the same cases in the same order, as two whole runs have, all; others are gone through by name: no
    dictionary."""
    if theirs.cases == ours.cases:
        every = np.arange(len(ours.cases), dtype=np.int64)
        return every, every
    left, right = iter(theirs.cases.in_order()), iter(ours.cases.in_order())
    there, here = array("q"), array("q")
    with suppress(StopIteration):
        at, to = next(left), next(right)
        name, other = theirs.cases[at], ours.cases[to]
        while True:
            if name == other:
                there.append(at)
                here.append(to)
            step_left, step_right = name <= other, other <= name
            if step_left:
                at = next(left)
                name = theirs.cases[at]
            if step_right:
                to = next(right)
                other = ours.cases[to]
    in_order = np.argsort(np.asarray(here, dtype=np.int64), kind="stable")
    return np.asarray(there, dtype=np.int64)[in_order], np.asarray(here, dtype=np.int64)[in_order]
