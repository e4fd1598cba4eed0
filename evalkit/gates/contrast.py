"""Two runs on the same cases: the paired difference of a metric."""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.gates.measurements import CheckTable
from evalkit.records import Contrast
from evalkit.stats.bootstrap import paired_bootstrap


class NotComparable(Exception):
    """The two sides did not measure the same thing."""


def contrast(ours: CheckTable, theirs: CheckTable | None, metric: str, wanted: Mapping[str, str]) -> Contrast:
    """``ours - theirs`` over the cases that both have; the cases that only one side has are counted."""
    if theirs is None or metric not in theirs.columns:
        raise NotComparable(f"it did not measure {ours.name}.{metric}")
    ours_metric, their_metric = ours.columns[metric].metric, theirs.columns[metric].metric
    if ours_metric.signature != their_metric.signature:
        raise NotComparable(f"signature {ours_metric.signature} here, {their_metric.signature} there")
    our_vectors, our_positions = ours.vectors(metric, ours.positions(wanted))
    their_vectors, their_positions = theirs.vectors(metric, theirs.positions(wanted))
    left = {ours.cases[i]: (vector, ours.clusters[i]) for vector, i in zip(our_vectors, our_positions, strict=True)}
    right = {theirs.cases[i]: vector for vector, i in zip(their_vectors, their_positions, strict=True)}
    common = [case for case in left if case in right]
    missing = len(left) + len(right) - 2 * len(common)
    if not common:
        return Contrast(f"{ours.name}.{metric}", None, None, 0, missing)
    value, interval = paired_bootstrap(
        ours_metric,
        [left[case][0] for case in common],
        [right[case] for case in common],
        [left[case][1] for case in common],
    )
    return Contrast(f"{ours.name}.{metric}", value, interval, len(common), missing)
