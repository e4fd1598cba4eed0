"""What gates that stop early cost, and how often they err: ``python benchmarks/statistics/stopping.py [--quick]``."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from simulation import Values, arguments, percent, rouge_like, rows_of, table

from evalkit.data.order import permutation
from evalkit.records import Message, Sample
from evalkit.stats.intervals import wilson
from evalkit.stats.sequential import FiniteGate, PopulationGate

THRESHOLD = 0.8
CASES = 1000
RATES = (0.5, 0.7, 0.75, 0.799, 0.8, 0.85, 0.9, 0.95)


def decided(gate: FiniteGate | PopulationGate, values: Values, block: int) -> str | None:
    for start in range(0, len(values), block):
        if gate.update(values[start : start + block]):
            break
    return gate.verdict


def peeked(values: Values, block: int) -> str:
    """What people do without a plan: look at the ordinary interval, and stop once it is clear of the threshold."""
    for end in range(block, len(values), block):
        seen = wilson(float(values[:end].sum()), end)
        if not seen.low <= THRESHOLD <= seen.high:
            return "pass" if seen.low > THRESHOLD else "fail"
    return "pass" if values.mean() >= THRESHOLD else "fail"


def finite(runs: int) -> Iterator[list[str]]:
    for rate in RATES:
        random = np.random.default_rng(round(rate * 1000))
        truth = "pass" if rate >= THRESHOLD else "fail"
        row, wrong, peeking = [f"{rate}"], 0, 0
        orders = [random.permutation(rows_of(rate, CASES)) for _ in range(runs)]
        for block in (1, 32, 64):
            used = []
            for values in orders[: runs if block > 1 else max(1, runs // 10)]:
                gate = FiniteGate(THRESHOLD, CASES)
                word = decided(gate, values, block)
                used.append(gate.seen)
                if block == 32:
                    wrong += word != truth
                    peeking += peeked(values, block) != truth
            row.append(percent(float(np.mean(used)) / CASES))
        yield [*row, percent(wrong / runs, 2), percent(peeking / runs)]


def sorted_files(rate: float) -> dict[str, tuple[list[Sample], dict[str, float]]]:
    """One dataset as two files: the failures last, and the long prompts, which fail more often, last."""
    random = np.random.default_rng(21)
    values = rows_of(rate, CASES)
    lengths = np.where(values == 1, random.gamma(2, 20, CASES), random.gamma(6, 20, CASES)).astype(int) + 1
    files = {}
    for name, order in (("score", np.argsort(-values)), ("length", np.argsort(lengths))):
        rows = [Sample(f"{place}", (Message("user", "x" * int(lengths[at])),)) for place, at in enumerate(order, 1)]
        files[name] = (rows, {f"{place}": float(values[at]) for place, at in enumerate(order, 1)})
    return files


def ordered(runs: int) -> Iterator[list[str]]:
    for rate in RATES:
        truth = "pass" if rate >= THRESHOLD else "fail"
        row = [f"{rate}"]
        for name, (rows, values) in sorted_files(rate).items():
            used, wrong = [], 0
            for run in range(runs):
                drawn = permutation(rows, f"{name} {run}")
                gate = FiniteGate(THRESHOLD, CASES)
                wrong += decided(gate, np.array([values[row.id] for [row] in drawn]), 32) != truth
                used.append(gate.seen)
            row += [percent(float(np.mean(used)) / CASES), percent(wrong / runs, 2)]
        yield row


def bounded_means(runs: int) -> Iterator[list[str]]:
    for mean in (0.25, 0.28, 0.299, 0.3, 0.32, 0.35):
        random = np.random.default_rng(round(mean * 1000))
        values = rouge_like(random, mean, CASES)
        values += (mean + 1e-6 - values.mean()) * (values > 0.2) / (values > 0.2).mean()
        values = np.clip(values, 0.0, 1.0)
        truth = "pass" if values.mean() >= 0.3 else "fail"
        used, wrong = [], 0
        for _ in range(runs):
            gate = FiniteGate(0.3, CASES)
            wrong += decided(gate, random.permutation(values), 32) != truth
            used.append(gate.seen)
        yield [f"{values.mean():.3f}", percent(float(np.mean(used)) / CASES), percent(wrong / runs, 2)]


def population(runs: int) -> Iterator[list[str]]:
    for rate in (0.7, 0.75, 0.78, 0.799, 0.8, 0.82, 0.85, 0.9, 0.95):
        random = np.random.default_rng(round(rate * 1000) + 1)
        words, used = [], []
        for _ in range(runs):
            gate = PopulationGate(THRESHOLD, CASES)
            words.append(decided(gate, (random.random(CASES) < rate).astype(float), 64))
            used.append(gate.seen)
        shares = [words.count(word) / runs for word in ("pass", "fail", "unsure")]
        wrong = shares[1] if rate >= THRESHOLD else shares[0]
        yield [f"{rate}", *(percent(share) for share in shares), percent(wrong), percent(float(np.mean(used)) / CASES)]


def main() -> None:
    runs = arguments(__doc__, 4000, 200)
    table(
        f"FiniteGate, {CASES:,} cases, `>= {THRESHOLD}`, {runs:,} permutations each (a tenth as many, one by one).",
        [
            "true rate",
            "cases used, looking after each one",
            "blocks of 32",
            "blocks of 64",
            "wrong verdicts",
            "if one peeked",
        ],
        finite(runs),
    )
    table(
        f"The same in blocks of 32, of a file sorted by score and one sorted by length, {runs:,} fingerprints each.",
        ["true rate", "sorted by score: used", "wrong", "sorted by length: used", "wrong"],
        ordered(runs),
    )
    table(
        f"FiniteGate on ROUGE-like values, {CASES:,} cases, `>= 0.3`, blocks of 32, {runs:,} permutations each.",
        ["true mean", "cases used", "wrong verdicts"],
        bounded_means(runs),
    )
    table(
        f"PopulationGate, up to {CASES:,} cases, `>= {THRESHOLD}`, blocks of 64, {runs:,} samples each.",
        ["true rate", "pass", "fail", "unsure", "wrong verdicts", "cases used"],
        population(runs),
    )


if __name__ == "__main__":
    main()
