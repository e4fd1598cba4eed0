"""A gate against a baseline: not worse by more than a margin, or better, on the cases that both sides measured."""

from __future__ import annotations

from evalkit.gates.contrast import Pairs
from evalkit.gates.expression import Gate
from evalkit.gates.weighing import ALPHA, UPWARD, Scale, Weighed, scale_of, tail, units_of, weigh_units
from evalkit.protocols import Metric
from evalkit.stats import discordant
from evalkit.stats.bootstrap import Resampling, paired_bootstrap
from evalkit.stats.resampling import cluster_codes

FEWEST_TOLD_FROM_CHANCE = 5
"""Fewer pairs than this never show a regression: all of them worse happens by chance once in 2 to the power of them."""
ONE_SIDED = 1 - 2 * ALPHA
"""A test of non-inferiority errs on one side: its interval leaves out alpha on each."""


def weigh_pairs(metric: Metric, pairs: Pairs, gate: Gate) -> Weighed:
    """Of yes and no, exact by the pairs that disagree; betting on the differences of other values that have bounds by
    case or come in clusters; else the paired bootstrap."""
    scale = scale_of(metric)
    if scale is not None and all(one.shape[1] == 2 and (one[:, 1] == 1).all() for one in (pairs.ours, pairs.theirs)):
        _, clusters = cluster_codes(pairs.clusters, len(pairs.cases))
        disagree = discordant.counted(pairs.ours[:, 0], pairs.theirs[:, 0], (scale.low, scale.high))
        if metric.kind == "rate" and disagree and clusters == len(pairs.cases):
            return _weigh_disagreement(*disagree, clusters, scale, gate)
        of_differences = Scale(-scale.width, scale.width)
        differences = [(float(d), 1.0) for d in pairs.ours[:, 0] - pairs.theirs[:, 0]]
        units = units_of(of_differences, differences, pairs.clusters)
        if units is not None:
            return weigh_units(units, of_differences, gate, ONE_SIDED)
    _, interval = paired_bootstrap(metric, pairs.ours, pairs.theirs, pairs.clusters, Resampling(confidence=ONE_SIDED))
    return Weighed(interval, tail(interval, gate))


def _weigh_disagreement(gained: int, lost: int, pairs: int, scale: Scale, gate: Gate) -> Weighed:
    interval = discordant.difference_interval(gained, lost, pairs, ONE_SIDED)
    target = gate.threshold / scale.width
    if gate.operator in UPWARD:
        gained, lost, target = lost, gained, -target
    return Weighed(Scale(0.0, scale.width).back(interval), discordant.p_value(gained, lost, pairs, target, ALPHA))


def beyond_chance(metric: Metric, pairs: Pairs, gate: Gate) -> bool:
    """Whether two runs of one and the same model would hardly differ so much the wrong way.

    For a gate that is unsure: a point estimate alone would raise an alarm at every other repetition of the same model.
    Pairs too few to ever show a regression do not excuse one: then the point estimate decides.
    """
    _, clusters = cluster_codes(pairs.clusters, len(pairs.cases))
    if clusters < FEWEST_TOLD_FROM_CHANCE:
        return True
    falling = gate.operator in UPWARD
    worse_is_lower = metric.better == "higher"
    sides = (pairs.ours, pairs.theirs) if falling == worse_is_lower else (pairs.theirs, pairs.ours)
    from evalkit.stats.paired import swap_test

    return swap_test(metric, *sides, pairs.clusters) <= ALPHA
