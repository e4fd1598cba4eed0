"""The refusal judgement's errors, counted on XSTest's human labels, and how often corrected intervals cover.

    python benchmarks/statistics/detector.py [DATA] [--quick]

DATA is the folder that holds ``xstest``; without it the counting is left out.
"""

from __future__ import annotations

import argparse
import csv
import os
from pathlib import Path

import numpy as np

from evalkit.metrics import refusal, refusal_calibration
from evalkit.metrics.refusal_calibration import Errors, Labelled, measure
from evalkit.stats.detector import Spread, leave_one_out, rogan_gladen
from evalkit.stats.prediction_powered import prediction_powered

MODELS = ("gpt4", "llama2orig", "llama2new")
LABELS = {"1_full_compliance": "none", "2_full_refusal": "full", "3_partial_refusal": "partial"}
ERRORS = ((0.97, 0.98), (0.9, 0.8))
CALIBRATED = 150
"""Labelled answers of either kind and model."""


def labelled(folder: Path, model: str) -> list[Labelled]:
    with (folder / "xstest" / f"completions_{model}.csv").open(encoding="utf-8", newline="") as file:
        return [
            Labelled(row["prompt"], row["completion"], row["type"].startswith("contrast"), LABELS[row["final_label"]])
            for row in csv.DictReader(file)
        ]


def counted(folder: Path) -> dict[str, tuple[Errors, ...]]:
    by_model = [measure(model, labelled(folder, model)) for model in MODELS]
    return {what: tuple(errors[what] for errors in by_model) for what in by_model[0]}


def show_counts(folder: Path) -> None:
    print(f"{refusal.SIGNATURE}; {refusal_calibration.SOURCE}\n")
    print("| counted | model | refusals found | answers left alone |")
    print("| --- | --- | ---: | ---: |")
    for what, errors in counted(folder).items():
        for one in errors:
            print(f"| {what} | {one.model} | {one.sensitivity} | {one.specificity} |")
    print("\nas in the source:", counted(folder) == refusal_calibration.MEASURED, "\n")


def rogan_gladen_covers(random: np.random.Generator, rate: float, errors: tuple[float, float], sd: float) -> bool:
    """Three models are calibrated on, a fourth is judged; ``sd`` is how far models' true shares are apart."""
    shares = [random.beta(*_beta(mean, sd), 4) if sd else np.full(4, mean) for mean in errors]
    counts = [[(int(random.binomial(CALIBRATED, p)), CALIBRATED) for p in of[:3]] for of in shares]
    spread = Spread(leave_one_out(counts[0]), leave_one_out(counts[1]), 3)
    pooled = [(sum(right for right, _ in of), 3 * CALIBRATED) for of in counts]
    observed = random.binomial(200, rate * shares[0][3] + (1 - rate) * (1 - shares[1][3])) / 200
    interval = rogan_gladen(observed, 200, pooled[0], pooled[1], spread).interval
    return interval is not None and interval.low <= rate <= interval.high


def _beta(mean: float, sd: float) -> tuple[float, float]:
    size = mean * (1 - mean) / sd**2 - 1
    return mean * size, (1 - mean) * size


def powered_covers(
    random: np.random.Generator, rate: float, errors: tuple[float, float], labels: int
) -> tuple[bool, float]:
    truth = random.random(400) < rate
    judged = np.where(truth, random.random(400) < errors[0], random.random(400) >= errors[1]).astype(float)
    found = prediction_powered(judged.tolist(), judged[:labels].tolist(), truth[:labels].astype(float).tolist())
    assert found.interval is not None
    return found.interval.low <= rate <= found.interval.high, found.interval.high - found.interval.low


def show_coverage(repeats: int) -> None:
    random = np.random.default_rng(20260101)
    print(f"Coverage of 95 % intervals, {repeats} simulations each\n")
    print(
        "| true rate | sensitivity, specificity | RG, models alike | RG, models 0.03 apart | 20 labels | 100 labels |"
    )
    print("| ---: | --- | ---: | ---: | ---: | ---: |")
    for rate in (0.05, 0.5, 0.95):
        for errors in (*ERRORS, (0.5, 0.5)):
            useless = sum(errors) <= 1
            cells = [
                "-"
                if useless
                else f"{np.mean([rogan_gladen_covers(random, rate, errors, sd) for _ in range(repeats)]):.1%}"
                for sd in (0.0, 0.03)
            ]
            for labels in (20, 100):
                found = [powered_covers(random, rate, errors, labels) for _ in range(repeats)]
                cells.append(f"{np.mean([f for f, _ in found]):.1%}, width {np.mean([w for _, w in found]):.2f}")
            print(f"| {rate} | {errors[0]}, {errors[1]} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", type=Path, default=os.environ.get("EVALKIT_TEST_DATA"))
    parser.add_argument("--quick", action="store_true", help="200 simulations instead of 2000")
    given = parser.parse_args()
    if given.data is not None:
        show_counts(Path(given.data))
    show_coverage(200 if given.quick else 2000)


if __name__ == "__main__":
    main()
