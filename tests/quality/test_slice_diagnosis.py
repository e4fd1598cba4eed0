"""Simulated runs: how often a slice is called worse where none is, and how surely a bad one is found.

200 runs each: where the truth is .10, five Monte Carlo standard errors are .106, so no more than .206 is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from evalkit.gates.measurements import CheckTable
from evalkit.metrics.kinds import mean, rate
from evalkit.records import Score
from evalkit.runner.diagnose import diagnose

RUNS = 200
SLICES = 8
Q = 0.10
TOO_OFTEN = Q + 5 * (Q * (1 - Q) / RUNS) ** 0.5
BAD = str(SLICES)


def table(kind: str, values: Sequence[float], topics: Sequence[int], clusters: Sequence[str]) -> CheckTable:
    made = CheckTable("c", "toy", (rate("m") if kind == "rate" else mean("m", bounds=(0.0, 1.0)),))
    for place, (value, topic, cluster) in enumerate(zip(values, topics, clusters, strict=True)):
        labels = {"topic": str(topic), "other": str(place * 7919 % 3)}
        made.add(f"r{place}", cluster, labels, Score({"m": (float(value), 1.0)}))
    return made


def flagged(made: CheckTable, *, sequential: bool = False) -> set[str]:
    found = diagnose(["topic", "other"], {"c": made}, Q, sequential=["c"] if sequential else [])
    return {f"{label}={value}" for test in found if test.flagged for label, value in test.slice.items()}


def simulated(rng: np.random.Generator, kind: str, *, clustered: bool = False, bad: int = 0) -> CheckTable:
    """About 300 cases in random order; ``bad`` of them, a slice of their own, at .3 where all others are at .95."""
    topics = np.concatenate([rng.integers(0, SLICES, 300 - bad), np.full(bad, SLICES)])
    if clustered:  # documents of four cases, all in one slice, that are as hard as each other
        topics = np.repeat(topics[:100], 4)
        clusters = [f"d{place // 4}" for place in range(len(topics))]
        share = np.repeat(rng.beta(8, 1, len(topics) // 4), 4)
    else:
        clusters = [f"d{place}" for place in range(len(topics))]
        share = np.where(topics == SLICES, 0.3, 0.95)
    values = rng.random(len(topics)) < share if kind == "rate" else rng.beta(10 * share, 10 * (1 - share) + 1e-9)
    order = rng.permutation(len(topics))
    return table(kind, values[order].astype(float).tolist(), topics[order].tolist(), [clusters[n] for n in order])


@pytest.mark.parametrize(("kind", "clustered"), [("rate", False), ("mean", False), ("rate", True), ("mean", True)])
def test_where_all_slices_are_alike_few_runs_flag_one(kind: str, clustered: bool) -> None:
    rng = np.random.default_rng(1)
    alarms = sum(bool(flagged(simulated(rng, kind, clustered=clustered))) for _ in range(RUNS))
    assert alarms / RUNS <= TOO_OFTEN


@pytest.mark.parametrize("kind", ["rate", "mean"])
def test_a_bad_slice_of_twelve_rows_is_found(kind: str) -> None:
    rng = np.random.default_rng(2)
    found = [flagged(simulated(rng, kind, bad=12)) for _ in range(RUNS)]
    assert sum(f"topic={BAD}" in names for names in found) / RUNS > 0.95
    false = [len(names - {f"topic={BAD}"}) / max(len(names), 1) for names in found]
    assert sum(false) / RUNS <= TOO_OFTEN  # the false discovery rate itself


def test_whoever_looks_after_every_block_and_stops_at_the_first_alarm_is_seldom_wrong() -> None:
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(60):
        topics = rng.integers(0, 4, 320)
        values = (rng.random(320) < 0.8).astype(float)
        clusters = [f"d{n}" for n in range(320)]
        looks = (
            table("rate", values[:end].tolist(), topics[:end].tolist(), clusters[:end]) for end in range(64, 321, 64)
        )
        alarms += any(flagged(look, sequential=True) for look in looks)
    assert alarms / 60 <= Q + 5 * (Q * (1 - Q) / 60) ** 0.5


def test_a_bad_slice_is_found_in_a_check_that_could_stop() -> None:
    rng = np.random.default_rng(4)
    found = [flagged(simulated(rng, "rate", bad=24), sequential=True) for _ in range(60)]
    assert sum(f"topic={BAD}" in names for names in found) / 60 > 0.8


def test_one_bad_slice_is_found_among_very_many() -> None:
    """By 5,000 permutations no p-value is below 0.0002, and the least of 650 tests must be below 0.00016."""
    random = np.random.default_rng(6)
    table = CheckTable("c", "length", [mean("words", bounds=(0.0, 100.0))])
    rows = []
    for number in range(400):
        labels = {f"l{at}": f"v{random.integers(30)}" for at in range(22)} | {"planted": f"p{number % 10}"}
        value = float(np.clip(random.normal(20 if number % 10 == 3 else 60, 12), 0, 100))
        rows.append((f"r{number}", "", labels, Score({"words": (value, 1.0)})))
    table.add_all(rows)
    tests = diagnose([*(f"l{at}" for at in range(22)), "planted"], {"c": table}, 0.10)
    assert len(tests) > 640
    assert [dict(test.slice) for test in tests if test.flagged] == [{"planted": "p3"}]
