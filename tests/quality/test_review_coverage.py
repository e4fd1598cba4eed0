"""How often the intervals of a review cover what people would have said of all cases, also where they skip what they
would have flagged. Monte Carlo: 600 times each, a standard error of 0.9 points at 95%; of gates 250 times, and of 1.0
points at 2.5%."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from evalkit.gates.expression import parse_gate
from evalkit.records import Word
from evalkit.runner.review_draw import gate_document
from evalkit.runner.review_gates import review_verdicts
from evalkit.runner.review_standing import Queue, Standing
from evalkit.runner.review_summary import agreement, summary_of
from evalkit.stats.prediction_powered import Clustered, prediction_powered
from evalkit.store import StoredReview

TIMES = 600
GATES = 250
CASES = 400
ERROR = math.sqrt(0.95 * 0.05 / TIMES)
LABELS = {"good": "", "bad": ""}


def reviewed(
    random: np.random.Generator, rate: float, items: int, *, agree: float, skipping: float, gate: str = ""
) -> Standing:
    """Cases of a population that people would flag at this rate; the check agrees with them so often; of those that
    they would flag they skip so many, and none of the others: the worst kind of skipping."""
    human = random.random(CASES) < rate
    judged = np.where(random.random(CASES) < agree, human, random.random(CASES) < rate).astype(float)
    chosen = random.choice(CASES, items, replace=False)
    automatic = {
        "metric": "m",
        "cases": CASES,
        "mean": float(judged.mean()),
        "variance": float(judged.var()),
        "judged": judged[chosen].tolist(),
    }
    drawn: dict[str, Any] = {
        "eligible": CASES,
        "stopped": False,
        "automatic": automatic,
        "clusters": None,
        "gates": [gate_document(parse_gate(gate))] if gate else [],
        "unsure": "fail",
        "level": 0.05,
    }
    names = tuple(f"c{at}" for at in chosen.tolist())
    queue = Queue(1, "r", "q", "q", "Good?", LABELS, frozenset({"bad"}), True, 1, names, drawn)
    rows = []
    for number, at in enumerate(chosen.tolist(), 1):
        skips = human[at] and random.random() < skipping
        document = {"skip": True} if skips else {"label": "bad" if human[at] else "good"}
        rows.append(StoredReview(number, f"c{at}", "ann", "now", document))
    return Standing.of(queue, rows)


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
    names = [f"k{at % clusters}" for at in range(CASES)]
    by_cluster = apart = 0
    for _ in range(TIMES):
        minds = random.random(clusters) < rate
        human = np.array([minds[at % clusters] for at in range(CASES)])
        judged = np.where(random.random(CASES) < 0.9, human, random.random(CASES) < rate).astype(float)
        places = random.choice(CASES, 60, replace=False).tolist()
        said, known = human[places].astype(float), judged[places]
        found = prediction_powered(judged, known, said, Clustered.of(judged, names, places)).interval
        plain = prediction_powered(judged, known, said).interval
        assert found is not None
        assert plain is not None
        by_cluster += found.low <= rate <= found.high
        apart += plain.low <= rate <= plain.high
    assert by_cluster / TIMES >= 0.95 - 3 * ERROR
    assert apart / TIMES < 0.9, "a simulation in which clusters do not matter shows nothing"


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
