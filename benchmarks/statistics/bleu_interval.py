"""BLEU's bootstrap: its cost, and whether it covers: ``python benchmarks/statistics/bleu_interval.py [--quick]``.

The 630 answers of a system of the E2E challenge are the population; samples of its rows are drawn again and again, and
each sample's interval either holds the population's BLEU or does not. The data's folder is ``EVALKIT_TEST_DATA``, by
default ``../shared/data``.
"""

from __future__ import annotations

import csv
import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from simulation import Values, arguments, percent, table

from evalkit.metrics.batches import statistics_of_all
from evalkit.metrics.corpus import SacreMetric, bleu, chrf, ter
from evalkit.stats.bootstrap import Resampling, bootstrap, paired_bootstrap

FOLDER = Path(os.environ.get("EVALKIT_TEST_DATA", "../shared/data")) / "e2e_nlg"


def restaurants(*systems: str) -> tuple[list[list[str]], list[list[str]]]:
    """The answers of each system, and up to three references of each row."""
    references: dict[str, list[str]] = defaultdict(list)
    with (FOLDER / "testset_w_refs.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            references[row["mr"]].append(row["ref"])
    found: dict[str, dict[str, str]] = defaultdict(dict)
    with (FOLDER / "system_outputs.jsonl").open(encoding="utf-8") as file:
        for line in file:
            answer = json.loads(line)
            found[answer["system"]][answer["mr"]] = answer["output"]
    return [[found[name][mr] for mr in references] for name in systems], [row[:3] for row in references.values()]


def population(metric: SacreMetric) -> tuple[Values, Values]:
    sides, references = restaurants("slug", "tgen")
    ours, theirs = statistics_of_all(metric.scorer, sides, references)
    return ours, theirs


def coverage(runs: int) -> Iterator[list[str]]:
    """Of one system's value and of the difference between two."""
    random = np.random.default_rng(12)
    for metric in (bleu, chrf, ter):
        ours, theirs = population(metric)
        value, other = (metric.value(tuple(side.sum(axis=0))) for side in (ours, theirs))
        assert value is not None
        assert other is not None
        for rows in (50, 200, 500):
            alone = differences = 0
            for _ in range(runs):
                drawn = random.integers(0, len(ours), rows)
                interval = bootstrap(metric, ours[drawn], None, Resampling(1000))
                _, paired = paired_bootstrap(metric, ours[drawn], theirs[drawn], None, Resampling(1000))
                assert interval is not None
                assert paired is not None
                alone += interval.low <= value <= interval.high
                differences += paired.low <= value - other <= paired.high
            error = (0.95 * 0.05 / runs) ** 0.5
            yield [metric.name, str(rows), percent(alone / runs), percent(differences / runs), percent(2 * error)]


def costs() -> Iterator[list[str]]:
    ours, theirs = population(bleu)
    for rows, resamples in ((1_000, 1_000), (10_000, 1_000), (10_000, 10_000)):
        drawn = np.random.default_rng(rows).integers(0, len(ours), rows)
        started = time.process_time()
        bootstrap(bleu, ours[drawn], None, Resampling(resamples, seed=1))
        middle = time.process_time()
        paired_bootstrap(bleu, ours[drawn], theirs[drawn], None, Resampling(resamples, seed=2))
        ended = time.process_time()
        yield [f"{rows:,}", f"{resamples:,}", f"{middle - started:.3f}", f"{ended - middle:.3f}"]


if __name__ == "__main__":
    chosen = arguments(__doc__, 2000, 300)
    table(
        "What it costs, drawing included",
        ["rows", "resamples", "BLEU, CPU s", "difference of two BLEUs, CPU s"],
        costs(),
    )
    table(
        f"How often it covers the population's value, nominally 95 % ({chosen:,} samples)",
        ["metric", "rows", "value", "difference of two systems", "two standard errors"],
        coverage(chosen),
    )
