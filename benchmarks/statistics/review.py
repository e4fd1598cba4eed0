"""How often a review's refined interval covers, and how often a gate on it errs.

    python benchmarks/statistics/review.py [--quick]

People would flag some cases of a population, the check says what they say as often as ``agree`` and otherwise guesses.
Of those that they would flag they skip some, and none of the others: the worst kind of skipping.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from evalkit.gates.expression import parse_gate
from evalkit.records import Interval, Word
from evalkit.runner.review_draw import gate_document
from evalkit.runner.review_gates import review_verdicts
from evalkit.runner.review_standing import Queue, Standing
from evalkit.runner.review_summary import summary_of
from evalkit.stats.prediction_powered import Clustered, prediction_powered
from evalkit.store import StoredReview

CASES = 400
ITEMS = 60
LABELS = {"good": "", "bad": ""}
SKIPPING = (
    *((0.05, 0.9, 0.0), (0.05, 0.9, 0.3), (0.2, 0.9, 0.0), (0.2, 0.9, 0.3), (0.2, 0.0, 0.3), (0.2, 0.9, 1.0)),
    *((0.5, 0.9, 0.0), (0.5, 0.0, 0.3)),
)
CLUSTERS = ((400, 0.2), (100, 0.05), (100, 0.2), (100, 0.5), (40, 0.2), (15, 0.2))
GATES = ((0.02, 0.9), (0.05, 0.9), (0.1, 0.98), (0.1, 0.9), (0.1, 0.0), (0.2, 0.9), (0.5, 0.9), (0.5, 0.0))


def reviewed(
    random: np.random.Generator, rate: float, items: int, *, agree: float, skipping: float, gate: str = ""
) -> Standing:
    """A queue of independent cases that one person has read."""
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


def of_clusters(random: np.random.Generator, rate: float, clusters: int) -> tuple[Interval, Interval]:
    """Of cases about which people are of one mind by cluster: the interval by cluster, and that of cases taken for
    independent."""
    names = [f"k{at % clusters}" for at in range(CASES)]
    minds = random.random(clusters) < rate
    human = np.array([minds[at % clusters] for at in range(CASES)])
    judged = np.where(random.random(CASES) < 0.9, human, random.random(CASES) < rate).astype(float)
    places = random.choice(CASES, ITEMS, replace=False).tolist()
    said, known = human[places].astype(float).tolist(), judged[places].tolist()
    every = judged.tolist()
    found = prediction_powered(every, known, said, Clustered.of(every, names, places)).interval
    plain = prediction_powered(every, known, said).interval
    assert found is not None
    assert plain is not None
    return found, plain


def covers(interval: Interval, rate: float) -> bool:
    return interval.low <= rate <= interval.high


def skipping_rows(random: np.random.Generator, runs: int) -> Iterator[list[str]]:
    for rate, agree, skipping in SKIPPING:
        summaries = [summary_of(reviewed(random, rate, ITEMS, agree=agree, skipping=skipping)) for _ in range(runs)]
        found = [one.refined_interval for one in summaries if one.refined_interval is not None]
        hits = sum(covers(one, rate) for one in found) / len(found)
        width = sum(one.high - one.low for one in found) / len(found)
        skipped = "none" if not skipping else "all" if skipping == 1 else f"{skipping}"
        yield [f"{rate}", f"{agree}", skipped, f"{hits:.1%}", f"{width:.2f}"]


def cluster_rows(random: np.random.Generator, runs: int) -> Iterator[list[str]]:
    for clusters, rate in CLUSTERS:
        both = [of_clusters(random, rate, clusters) for _ in range(runs)]
        told = []
        for side in (0, 1):
            hits = sum(covers(one[side], rate) for one in both) / runs
            width = sum(one[side].high - one[side].low for one in both) / runs
            told.append(f"{hits:.1%}, width {width:.2f}")
        yield [f"{clusters}", f"{rate}", *told]


def gate_rows(random: np.random.Generator, runs: int) -> Iterator[list[str]]:
    for rate, agree in GATES:
        gate = f"q.refined_rate <= {rate}"
        words = []
        for _ in range(runs):
            (verdict,) = review_verdicts(reviewed(random, rate, ITEMS, agree=agree, skipping=0.0, gate=gate))
            words.append(verdict.word)
        yield [f"{rate}", f"{agree}", *(f"{words.count(word) / runs:.1%}" for word in (Word.FAIL, Word.PASS))]


def main() -> None:
    from simulation import arguments, table  # noqa: PLC0415 - beside this script; tests import the rest of it

    runs = arguments(__doc__, 1000, 200)
    random = np.random.default_rng(20260303)
    print(f"{ITEMS} items of {CASES} cases, {runs} times each\n")
    head = ["true rate", "agree", "skipped of what they would flag", "covers", "mean width"]
    table("The 95% interval however people skip", head, skipping_rows(random, runs))
    head = ["clusters", "true rate", "by cluster", "taken for independent"]
    table("The 95% interval of cases in clusters, check and people agree 0.9", head, cluster_rows(random, runs))
    head = ["true rate, and target", "agree", "fails", "passes"]
    table("A gate 'refined_rate <= target' right at its target", head, gate_rows(random, runs))


if __name__ == "__main__":
    main()
