"""How often intervals hold the truth, and how wide they are: ``python benchmarks/statistics/coverage.py [--quick]``.

Rates are computed exactly, over every number of successes; means and clusters are simulated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from scipy import stats
from simulation import Values, arguments, clustered, percent, rouge_like, table

from evalkit.records import Interval
from evalkit.stats.betting import mean_interval, p_value
from evalkit.stats.intervals import exact, wilson

SIZES = (50, 200, 1000)
RATES = (0.5, 0.8, 0.95, 0.99)
TAIL = 0.025


def bet_on_rate(successes: int, n: int) -> Interval:
    return mean_interval(np.arange(n) < successes)


def exact_coverage(interval: Callable[[int, int], Interval], n: int, rate: float) -> float:
    """Over the binomial distribution; numbers of successes rarer than 1e-9 count as not covered."""
    likely = [k for k in range(n + 1) if stats.binom.pmf(k, n, rate) > 1e-9]
    found = {k: interval(k, n) for k in likely}
    return math.fsum(float(stats.binom.pmf(k, n, rate)) for k, it in found.items() if it.low <= rate <= it.high)


def rates(runs: int) -> Iterator[list[str]]:
    random = np.random.default_rng(11)
    for n in SIZES:
        for rate in RATES:
            drawn = random.binomial(n, rate, runs)
            covered = {int(k): wilson(int(k), n).low <= rate <= wilson(int(k), n).high for k in set(drawn.tolist())}
            simulated = float(np.mean([covered[int(k)] for k in drawn]))
            yield [
                str(n),
                f"{rate}",
                percent(exact_coverage(wilson, n, rate)),
                percent(simulated),
                percent(exact_coverage(exact, n, rate)),
                percent(exact_coverage(bet_on_rate, n, rate)),
            ]


def holds(sums: Values, truth: float, sizes: Values | None = None, largest: float = 1.0) -> bool:
    """Whether the betting interval holds the truth: neither side's bet refutes it."""
    return all(p_value(sums, truth, sizes, largest, better) > TAIL for better in ("higher", "lower"))  # type: ignore[arg-type]


def means(runs: int) -> Iterator[list[str]]:
    random = np.random.default_rng(12)
    for n in SIZES:
        for mean in RATES:
            beta = [holds(random.beta(3 * mean, 3 * (1 - mean), n), mean) for _ in range(runs)]
            rouge = [holds(rouge_like(random, mean, n), mean) for _ in range(runs)] if mean < 0.9 else None
            clusters = [holds(*_with_truth(random, mean, n)) for _ in range(runs)]
            yield [
                str(n),
                f"{mean}",
                percent(float(np.mean(beta))),
                "" if rouge is None else percent(float(np.mean(rouge))),
                percent(float(np.mean(clusters))),
            ]


def _with_truth(random: np.random.Generator, rate: float, clusters: int) -> tuple[Values, float, Values, float]:
    sums, sizes = clustered(random, rate, clusters)
    return sums, rate, sizes, 5.0


def widths() -> Iterator[list[str]]:
    random = np.random.default_rng(13)
    for n in (20, 50, 200, 1000, 10_000, 100_000):
        row = [f"{n:,}"]
        for rate in (0.5, 0.8, 0.95, 0.99):
            successes = round(rate * n)
            ours, theirs = bet_on_rate(successes, n), exact(successes, n)
            row.append(f"{(ours.high - ours.low) / (theirs.high - theirs.low):.2f}")
        scores = rouge_like(random, 0.3, n)
        ours = mean_interval(scores)
        row.append(f"{(ours.high - ours.low) / (2 * 1.96 * scores.std() / math.sqrt(n)):.2f}")
        yield row


def main() -> None:
    runs = arguments(__doc__, 5_000, 200)
    table(
        f"Coverage of 95 % intervals of a rate; exact, but for the {runs:,} samples of the simulated column.",
        ["cases", "true rate", "Wilson", "Wilson, simulated", "Clopper-Pearson", "betting"],
        rates(runs),
    )
    table(
        f"Coverage of the 95 % betting interval, {runs:,} samples each.",
        ["cases or clusters", "true value", "Beta values", "ROUGE-like values", "clusters of 1 to 5 cases"],
        means(runs),
    )
    table(
        "Width of the betting interval, as a multiple of Clopper-Pearson's (rates) and of the normal one (mean 0.3).",
        ["cases", "rate 0.5", "0.8", "0.95", "0.99", "ROUGE-like mean"],
        widths(),
    )


if __name__ == "__main__":
    main()
