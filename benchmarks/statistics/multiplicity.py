"""False alarms of many gates and of many slices: ``python benchmarks/statistics/multiplicity.py [--quick]``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy import stats
from simulation import Values, arguments, percent, rows_of, table

from evalkit.stats.betting import p_value
from evalkit.stats.multiplicity import benjamini_hochberg, e_benjamini_hochberg, holm
from evalkit.stats.sequential import FiniteGate, PopulationGate

GATES = 10
CASES = 500
THRESHOLD = 0.8
ALPHA = 0.05
BLOCK = 64


def stops_at_fail(gate: FiniteGate | PopulationGate, values: Values) -> bool:
    return any(gate.update(values[start : start + BLOCK]) == "fail" for start in range(0, len(values), BLOCK))


def of_population(share: float) -> Callable[[Values], bool]:
    return lambda values: stops_at_fail(PopulationGate(THRESHOLD, CASES, alpha_fail=share), values)


def of_dataset(share: float) -> Callable[[Values], bool]:
    return lambda values: stops_at_fail(FiniteGate(THRESHOLD, CASES, alpha_fail=share), values)


def family_wise(runs: int) -> Iterator[list[str]]:
    """Suites of ten gates that are all met, if only just: how often does one of them fail?"""
    random = np.random.default_rng(31)
    samples = [(random.random((GATES, CASES)) < THRESHOLD).astype(float) for _ in range(runs)]
    counts = [suite.sum(axis=1) for suite in samples]
    surprise = [stats.binom.cdf(count, CASES, THRESHOLD) for count in counts]
    bets = [[p_value(gate, THRESHOLD) for gate in suite] for suite in samples]
    datasets = [random.permuted(np.tile(rows_of(THRESHOLD, CASES), (GATES, 1)), axis=1) for _ in range(runs)]

    def row(rule: str, plain: list[bool], corrected: list[bool]) -> list[str]:
        return [rule, percent(float(np.mean(plain))), percent(float(np.mean(corrected)))]

    def alarms(suites: list[Values], gate: Callable[[float], Callable[[Values], bool]]) -> list[list[bool]]:
        return [[any(map(gate(share), suite)) for suite in suites] for share in (ALPHA, ALPHA / GATES)]

    yield row("exact p-values, Holm", [min(p) <= ALPHA for p in surprise], [any(holm(p, ALPHA)) for p in surprise])
    yield row("betting p-values, Holm", [min(p) <= ALPHA for p in bets], [any(holm(p, ALPHA)) for p in bets])
    yield row("PopulationGate, Bonferroni", *alarms(samples, of_population))
    yield row("FiniteGate, Bonferroni", *alarms(datasets, of_dataset))


def by_wrong_ranks(p_values: Values, q: float) -> list[bool]:
    """A mistake that tools have made: positions from argsort, taken for ranks."""
    return list(p_values <= q * (np.argsort(p_values) + 1) / len(p_values))


def false_discoveries(runs: int) -> Iterator[list[str]]:
    """Families of 100 slices of which 20 are worse by three standard errors."""
    q, slices, worse = 0.1, 100, 20
    random = np.random.default_rng(32)
    shift = np.where(np.arange(slices) < worse, 3.0, 0.0)
    rules: dict[str, Callable[[Values, Values], list[bool]]] = {
        "Benjamini-Hochberg": lambda p, _: benjamini_hochberg(p, q),
        "e-Benjamini-Hochberg": lambda _, e: e_benjamini_hochberg(e, q),
        "wrong ranks": lambda p, _: by_wrong_ranks(p, q),
        "no correction (p <= 0.1)": lambda p, _: list(p <= q),
    }
    false: dict[str, list[float]] = {name: [] for name in rules}
    found: dict[str, list[float]] = {name: [] for name in rules}
    for _ in range(runs):
        z = random.normal(shift, 1.0)
        p_values, e_values = stats.norm.sf(z), np.exp(3.0 * z - 4.5)
        for name, rule in rules.items():
            said = np.array(rule(p_values, e_values), dtype=bool)
            false[name].append(float(said[worse:].sum() / max(1, said.sum())))
            found[name].append(float(said[:worse].mean()))
    for name in rules:
        yield [name, percent(float(np.mean(false[name]))), percent(float(np.mean(found[name])))]


def main() -> None:
    runs = arguments(__doc__, 4000, 200)
    table(
        f"Suites of {GATES} gates that are all just met, {CASES} cases each, {runs:,} suites: how often a suite fails.",
        ["gates", "each at 5 %", "corrected"],
        family_wise(runs),
    )
    table(
        f"100 slices, 20 of them worse, q = 10 %, {runs:,} families.",
        ["rule", "false among those found", "found of the worse"],
        false_discoveries(runs),
    )


if __name__ == "__main__":
    main()
