"""A model compared with itself: how often any of its metrics is called worse."""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator

from evalkit.gates.measurements import CheckTable
from evalkit.metrics.kinds import mean, rate
from evalkit.records import Score
from evalkit.results import CheckSummary
from evalkit.runner.compare import MetricChange
from evalkit.runner.compare_metrics import check_changes

FAMILIES = 1000
CASES = 48
RATES = [rate(f"rate {place}") for place in range(4)]
MEANS = [mean(f"mean {place}", bounds=(0.0, 1.0)) for place in range(2)]


def sampled(random: Generator, difficulty: np.ndarray, drop: float = 0.0) -> CheckTable:
    """Answers drawn anew for cases as hard as they are; all metrics look at the same answers."""
    table = CheckTable("check", "accuracy", [*RATES, *MEANS])
    quality = np.clip(difficulty - drop, 0, 1)[:, None]
    hits = random.random((CASES, len(RATES))) < quality
    shares = random.beta(4 * quality + 0.1, 4 * (1 - quality) + 0.1, size=(CASES, len(MEANS)))
    for case in range(CASES):
        results = {metric.name: (float(hits[case, place]), 1.0) for place, metric in enumerate(RATES)}
        results |= {metric.name: (float(shares[case, place]), 1.0) for place, metric in enumerate(MEANS)}
        table.add(f"c{case}", f"pair {case // 2}" if case < 16 else "", {}, Score(results))
    return table


def compared(random: Generator, drop: float) -> tuple[MetricChange, ...]:
    difficulty = random.random(CASES)
    before, after = sampled(random, difficulty), sampled(random, difficulty, drop)
    sides = [{"check": (CheckSummary("check", "accuracy", "rows", t.counts), t)} for t in (before, after)]
    (check,) = check_changes(sides[0], sides[1], frozenset())
    return check.metrics


def test_a_model_compared_with_itself_is_rarely_called_worse() -> None:
    """At most 5 % of families of six metrics, within three standard errors of so many simulations."""
    random = np.random.default_rng(20)
    families = [compared(random, 0.0) for _ in range(FAMILIES)]
    worse = sum(any(metric.word == "worse" for metric in family) for family in families)
    assert worse / FAMILIES <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / FAMILIES)
    either = sum(any(metric.word in {"worse", "better"} for metric in family) for family in families)
    assert either / FAMILIES <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / FAMILIES)


def test_a_model_that_lost_a_lot_is_called_worse() -> None:
    random = np.random.default_rng(21)
    families = [compared(random, 0.4) for _ in range(30)]
    assert all(any(metric.word == "worse" for metric in family) for family in families)
    assert not any(metric.word == "better" for family in families for metric in family)
