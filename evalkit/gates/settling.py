"""How many more cases would settle a gate that is unsure, by the rule that will decide it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evalkit.gates.contrast import paired_vectors
from evalkit.gates.expression import Gate
from evalkit.gates.measurements import CheckTable
from evalkit.gates.stopping import Watch
from evalkit.gates.weighing import CONFIDENCE, Scale, Units, scale_of, units_of
from evalkit.records import Verdict
from evalkit.stats.betting import FIXED, Portfolio
from evalkit.stats.intervals import normal_quantile
from evalkit.stats.power import MOST_CASES, POWER, ExactRate, cases_needed, cases_to_catch
from evalkit.stats.resampling import Matrix
from evalkit.stats.sequential import STAKES


@dataclass(frozen=True, slots=True)
class Rule:
    """What a wrong pass and a wrong fail may cost, and by which bets."""

    level_pass: float
    level_fail: float
    largest: float | None = None
    """Cases in a cluster at most, where that was known beforehand."""
    bets: Portfolio = FIXED
    sequential: bool = False


def rule_of(watched: Watch | None, family: float) -> Rule:
    """``family``: what the suite's false alarms leave to one gate that is decided at the end."""
    stream = watched.telling if watched is not None else None
    if stream is not None:
        level_pass, level_fail = (math.exp(-goal) for goal in stream.test.needed)
        return Rule(level_pass, level_fail, stream.test.largest, STAKES, sequential=True)
    own = (1 - CONFIDENCE) / 2
    return Rule(own, min(own, family))


def more_cases(gate: Gate, verdict: Verdict, table: CheckTable, theirs: CheckTable | None, rule: Rule) -> int | None:
    """With power 0.9, if the value stays where it is. None where that is at the target, or the number beyond reason.

    Exact for shares of independent cases; by normal approximation for everything else.
    """
    found, estimate = verdict.contrast or verdict.estimate, verdict.estimate
    if found is None or found.value is None or estimate is None or found.value == gate.threshold:
        return None
    scale, units = _units(gate, verdict, table, theirs, rule)
    if scale is None or units is None:
        interval = verdict.decided_by or found.interval
        count = verdict.contrast.pairs if verdict.contrast else estimate.counts.scored + estimate.counts.errored
        return cases_needed(found.value, gate.threshold, interval, count) if interval else None
    level = rule.level_pass if gate.holds(found.value) else rule.level_fail
    yes_or_no = table.columns[gate.metric].metric.kind == "rate" and bool((units.sizes == 1).all())
    needed = _units_needed(units, scale.share(gate.threshold), level, rule, exact=yes_or_no and not rule.sequential)
    if needed is None:
        return None
    have = len(units.sums)
    return max(1, math.ceil((needed - have) * len(table.positions(estimate.slice)) / have))


def _units(
    gate: Gate, verdict: Verdict, table: CheckTable, theirs: CheckTable | None, rule: Rule
) -> tuple[Scale | None, Units | None]:
    """What the evidence was made of; none of what is not decided unit by unit."""
    wanted: Mapping[str, str] = verdict.estimate.slice if verdict.estimate else {}
    scale = scale_of(table.columns[gate.metric].metric)
    if scale is None or (verdict.contrast is not None and not rule.sequential):
        return None, None
    if verdict.contrast is not None:
        pairs = paired_vectors(table, theirs, gate.metric, wanted)
        scale = Scale(-scale.width, scale.width)
        vectors = [(float(d), 1.0) for d in pairs.ours[:, 0] - pairs.theirs[:, 0]]
        units = units_of(scale, vectors, pairs.clusters)
    else:
        rows, kept = table.vectors(gate.metric, table.positions(wanted))
        units = units_of(scale, rows, table.clusters_at(kept))
    filled = None if units is None else units.sizes > 0
    return scale, None if units is None or filled is None else Units(units.sums[filled], units.sizes[filled])


def _units_needed(units: Units, target: float, level: float, rule: Rule, *, exact: bool) -> int | None:
    """So many units, and any larger number, are decided with power 0.9 if they go on like these."""
    true = math.fsum(units.sums.tolist()) / math.fsum(units.sizes.tolist())
    falling = true < target
    if exact and bool(np.isin(units.sums, (0.0, 1.0)).all()):
        seen = (target, true) if falling else (1 - target, 1 - true)
        return cases_to_catch(ExactRate(seen[0], level), seen[1], POWER)
    sums, claim = (units.sizes - units.sums, 1 - target) if falling else (units.sums, target)
    return _bets_needed(sums, units.sizes, claim, level, rule)


def _bets_needed(sums: Matrix, sizes: Matrix, claim: float, level: float, rule: Rule) -> int | None:
    """Until bets that the value is above ``claim`` have won enough.

    A unit multiplies the money on each stake by a factor, so its logarithm after n units is about normal. All stakes
    win and lose by the same units: where the luck is as bad as one time in ten, it is so for all of them.
    """
    if not 0 < claim < 1:
        return None
    gains = (sums - claim * sizes) / (claim * (rule.largest or float(sizes.max())))
    factors = np.log1p(np.maximum(gains, -1.0)[:, None] * rule.bets.thetas)
    growth, spread = factors.mean(axis=0), normal_quantile(POWER) * factors.std(axis=0)

    def won(n: int) -> bool:
        return float(rule.bets.log_total(n * growth - math.sqrt(n) * spread)) >= -math.log(level)

    if not won(MOST_CASES):
        return None
    missing, enough = 0, MOST_CASES
    while enough - missing > 1:
        middle = (missing + enough) // 2
        missing, enough = (missing, middle) if won(middle) else (middle, enough)
    return enough
