"""What the simulations of this folder share: their arguments, their tables, and data whose truth is known."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def arguments(description: str | None, runs: int, quick: int) -> int:
    """How many simulated runs each figure rests on."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help=f"{quick} runs instead of {runs}")
    parser.add_argument("--runs", type=int, default=None, help="any other number of runs")
    chosen = parser.parse_args()
    return int(chosen.runs or (quick if chosen.quick else runs))


def table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Markdown, a blank line after it."""
    print(f"{title}\n")
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)
    print()


def percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f} %"


def rows_of(rate: float, cases: int) -> Values:
    """A dataset of ones and zeros whose rate is as near as it can be."""
    values = np.zeros(cases)
    values[: round(rate * cases)] = 1.0
    return values


def rouge_like(random: np.random.Generator, mean: float, cases: int) -> Values:
    """Overlap scores: most near the mean with a standard deviation of about 0.15, and one in twenty exactly 0."""
    kept = mean / 0.95
    sharpness = kept * (1 - kept) / 0.15**2 - 1
    return random.beta(kept * sharpness, (1 - kept) * sharpness, cases) * (random.random(cases) < 0.95)


def clustered(random: np.random.Generator, rate: float, clusters: int) -> tuple[Values, Values]:
    """Sums and sizes of clusters of 1 to 5 cases whose own rates vary around the rate."""
    sizes = random.integers(1, 6, clusters)
    own = random.beta(3 * rate, 3 * (1 - rate), clusters)
    return random.binomial(sizes, own).astype(float), sizes.astype(float)
