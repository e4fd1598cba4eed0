"""How often the intervals of a review cover what people would have said of all cases, also where they skip what they
would have flagged. Monte Carlo: 600 times each, a standard error of 0.9 points at 95%; of gates 250 times, and of 1.0
points at 2.5%. Larger simulations, as tables: benchmarks/statistics/review.py."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.statistics.review import covers, of_clusters, reviewed
from evalkit.records import Word
from evalkit.runner.review_gates import review_verdicts
from evalkit.runner.review_summary import agreement, summary_of

TIMES = 600
GATES = 250
ERROR = math.sqrt(0.95 * 0.05 / TIMES)


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.5])
@pytest.mark.parametrize(("agree", "skipping"), [(0.9, 0.0), (0.9, 0.3), (0.0, 0.3), (0.9, 1.0)])
def test_the_refined_interval_covers_however_people_skip(rate: float, agree: float, skipping: float) -> None:
    random = np.random.default_rng(20260301)
    covered = known = 0
    for _ in range(TIMES):
        summary = summary_of(reviewed(random, rate, 60, agree=agree, skipping=skipping))
        if summary.refined_interval is not None:
            known += 1
            covered += summary.refined_interval.low <= rate <= summary.refined_interval.high
    assert known > 0.95 * TIMES
    assert covered / known >= 0.95 - 3 * ERROR


@pytest.mark.parametrize("clusters", [15, 40, 100])
@pytest.mark.parametrize("rate", [0.1, 0.2, 0.5])
def test_the_refined_interval_covers_where_cases_come_in_clusters(clusters: int, rate: float) -> None:
    """400 cases whose people are of one mind by cluster: taken for independent, they seem to know far more."""
    random = np.random.default_rng(20260302)
    both = [of_clusters(random, rate, clusters) for _ in range(TIMES)]
    by_cluster, apart = (sum(covers(one[side], rate) for one in both) for side in (0, 1))
    assert by_cluster / TIMES >= 0.95 - 3 * ERROR
    assert apart / TIMES < min(by_cluster / TIMES, 0.94), "a simulation in which clusters do not matter shows nothing"


@pytest.mark.parametrize(("rate", "gate", "wrong"), [(0.1, "<= 0.1", Word.FAIL), (0.1001, "<= 0.1", Word.PASS)])
@pytest.mark.parametrize("skipping", [0.0, 0.5])
@pytest.mark.parametrize("by", ["flagged_by_humans", "refined_rate"])
def test_a_gate_right_at_its_target_is_seldom_decided_wrongly(
    rate: float, gate: str, wrong: Word, skipping: float, by: str
) -> None:
    random = np.random.default_rng(7)
    decided = 0
    for _ in range(GATES):
        now = reviewed(random, rate, 80, agree=0.9, skipping=skipping, gate=f"q.{by} {gate}")
        (verdict,) = review_verdicts(now)
        decided += verdict.word is wrong
    assert decided / GATES <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / GATES)


@pytest.mark.parametrize(("agree", "bad"), [(0.3, 0.3), (0.7, 0.5), (0.9, 0.2), (1.0, 0.3)])
@pytest.mark.parametrize("items", [25, 80])
def test_the_interval_of_kappa_covers(agree: float, bad: float, items: int) -> None:
    """Two who say the same thing with this chance, and otherwise each for themselves: kappa is that chance."""
    random = np.random.default_rng(11)
    covered = known = 0
    for _ in range(TIMES):
        left = random.random(items) < bad
        right = np.where(random.random(items) < agree, left, random.random(items) < bad)
        said = [["bad" if flag else "good" for flag in one.tolist()] for one in (left, right)]
        _, interval = agreement(said[0], said[1], categories=["good", "bad"])
        if interval is not None:
            known += 1
            covered += interval.low <= agree <= interval.high
    assert known > 0.8 * TIMES
    assert covered / known >= 0.95 - 3 * ERROR


@pytest.mark.parametrize("items", [10, 20])
@pytest.mark.parametrize("agree", [0.95, 1.0])
def test_the_interval_of_kappa_covers_where_labels_are_rare_and_one_leans(agree: float, items: int) -> None:
    """One takes a seventh of what the other labels otherwise for the frequent label. Of so few items one of the two
    often labels all alike."""
    random = np.random.default_rng(12)
    often = np.array([0.9, 0.07, 0.03])
    joint = agree * np.diag(often) + (1 - agree) * np.outer(often, often)
    leaning = 0.85 * joint
    leaning[:, 0] += 0.15 * joint.sum(axis=1)
    by_chance = float((leaning.sum(axis=0) * leaning.sum(axis=1)).sum())
    kappa = (float(np.trace(leaning)) - by_chance) / (1 - by_chance)
    covered = known = 0
    for _ in range(TIMES):
        drawn = random.choice(9, items, p=leaning.ravel())
        said = [[str(label) for label in one] for one in (drawn // 3, drawn % 3)]
        _, interval = agreement(said[0], said[1], categories=["0", "1", "2"])
        if interval is not None:
            known += 1
            covered += interval.low <= kappa <= interval.high
    assert known > 0.5 * TIMES
    assert covered / known >= 0.95 - 3 * ERROR
