"""Intervals that decide, and many of them at once: exact coverage, simulation and scipy.

Larger simulations of the same, as tables: benchmarks/statistics/coverage.py and multiplicity.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from evalkit.records import Interval
from evalkit.stats.betting import mean_interval, p_value
from evalkit.stats.intervals import exact, wilson
from evalkit.stats.multiplicity import benjamini_hochberg, e_benjamini_hochberg, holm

SIZES = (50, 200, 1000)
RATES = (0.5, 0.8, 0.95, 0.99)
RUNS = 2000


def exact_coverage(interval: Callable[[int, int], Interval], n: int, rate: float) -> float:
    """Over the binomial distribution; numbers of successes rarer than 1e-9 count as not covered."""
    likely = [k for k in range(n + 1) if stats.binom.pmf(k, n, rate) > 1e-9]
    found = {k: interval(k, n) for k in likely}
    return math.fsum(float(stats.binom.pmf(k, n, rate)) for k, it in found.items() if it.low <= rate <= it.high)


def holds(sums: np.ndarray, truth: float, sizes: np.ndarray | None = None, largest: float = 1.0) -> bool:
    """Whether the 95 % betting interval holds the truth, by the p-values that it is made of (unit tier: they agree)."""
    above, below = (p_value(sums, truth, sizes, largest, better) for better in ("higher", "lower"))  # type: ignore[arg-type]
    return min(above, below) > 0.025


# --- against scipy ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_exact_shares_equal_scipys(confidence: float) -> None:
    for n in (1, 2, 10, 60, 1000):
        for successes in {0, 1, n // 3, n // 2, n - 1, n}:
            theirs = stats.binomtest(successes, n).proportion_ci(confidence, "exact")
            ours = exact(successes, n, confidence)
            assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_false_discoveries_are_those_of_scipy() -> None:
    random = np.random.default_rng(0)
    for size in (1, 2, 10, 100):
        for _ in range(50):
            p_values = np.round(random.beta(0.4, 1, size), random.integers(1, 6))  # with ties
            adjusted = stats.false_discovery_control(p_values, method="bh")
            clear = np.abs(adjusted - 0.1) > 1e-12
            found = np.array(benjamini_hochberg(p_values, 0.1))
            assert (found == (adjusted <= 0.1))[clear].all()


# --- coverage ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("rate", RATES)
def test_wilsons_simulated_coverage_is_the_computed_one(n: int, rate: float) -> None:
    """Within four Monte Carlo standard errors of 20,000 samples. It averages 95 %, and is not always 95 %."""
    drawn = np.random.default_rng(n).binomial(n, rate, 20_000)
    covered = {int(k): wilson(int(k), n).low <= rate <= wilson(int(k), n).high for k in set(drawn.tolist())}
    computed = exact_coverage(wilson, n, rate)
    error = math.sqrt(computed * (1 - computed) / len(drawn))
    assert np.mean([covered[int(k)] for k in drawn]) == pytest.approx(computed, abs=4 * error)


def test_wilson_alone_would_not_do_for_decisions() -> None:
    assert exact_coverage(wilson, 50, 0.99) < 0.92


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("rate", RATES)
def test_decisions_about_rates_cover_what_they_say(n: int, rate: float) -> None:
    assert exact_coverage(exact, n, rate) >= 0.95
    assert exact_coverage(lambda k, cases: mean_interval(np.arange(cases) < k), n, rate) >= 0.95


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("mean", RATES)
def test_decisions_about_bounded_means_cover_what_they_say(n: int, mean: float) -> None:
    """Beta values, most of them near 0 and 1 where the mean is."""
    random = np.random.default_rng((n, round(100 * mean)))
    assert np.mean([holds(random.beta(3 * mean, 3 * (1 - mean), n), mean) for _ in range(RUNS)]) >= 0.95


@pytest.mark.parametrize("n", [50, 200])
def test_decisions_about_overlap_scores_cover_what_they_say(n: int) -> None:
    """As ROUGE: mean 0.3, standard deviation 0.15, one in twenty exactly 0."""
    random = np.random.default_rng(n)
    kept = 0.3 / 0.95
    sharp = kept * (1 - kept) / 0.15**2 - 1
    draws = (random.beta(kept * sharp, (1 - kept) * sharp, n) * (random.random(n) < 0.95) for _ in range(RUNS))
    assert np.mean([holds(values, 0.3) for values in draws]) >= 0.95


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("rate", [0.5, 0.8, 0.95])
def test_decisions_about_clusters_cover_what_they_say(n: int, rate: float) -> None:
    """Clusters of 1 to 5 cases whose own rates vary: taken for independent cases they would be trusted too much."""
    random = np.random.default_rng((n, round(100 * rate)))
    held = alone = 0
    for _ in range(RUNS):
        sizes = random.integers(1, 6, n)
        sums = random.binomial(sizes, random.beta(rate, 1 - rate, n))
        held += holds(sums, rate, sizes, 5.0)
        naive = wilson(int(sums.sum()), int(sizes.sum()))
        alone += naive.low <= rate <= naive.high
    assert held / RUNS >= 0.95
    assert alone / RUNS < 0.88


@pytest.mark.parametrize(("n", "most"), [(20, 1.6), (200, 1.75), (10_000, 1.95)])
def test_the_price_of_holding_at_any_stop_is_less_than_twice_the_width(n: int, most: float) -> None:
    """A bet that is fixed for all numbers of cases pays at least sqrt(2 log 40) / 1.96 = 1.39 with many of them."""
    for rate in (0.5, 0.8, 0.95):
        ours, theirs = mean_interval(np.arange(n) < rate * n), exact(round(rate * n), n)
        assert 1 < (ours.high - ours.low) / (theirs.high - theirs.low) < most


# --- many at once -----------------------------------------------------------------------------------------------------


def test_a_suite_of_ten_gates_alarms_falsely_at_most_one_time_in_twenty() -> None:
    """All ten are met, if only just. Each at 5 % alone, a third of such suites would fail."""
    random = np.random.default_rng(3)
    gates, cases, threshold, alpha = 10, 500, 0.8, 0.05
    alone = corrected = bet = 0
    for run in range(RUNS):
        successes = random.binomial(cases, threshold, gates)
        p_values = stats.binom.cdf(successes, cases, threshold)
        alone += bool((p_values <= alpha).any())
        corrected += any(holm(p_values, alpha))
        if run < RUNS // 4:
            bet += any(holm([p_value(np.arange(cases) < count, threshold) for count in successes], alpha))
    assert alone / RUNS > 0.25
    assert corrected / RUNS <= alpha
    assert bet / (RUNS // 4) <= alpha


def by_wrong_ranks(p_values: np.ndarray, q: float) -> np.ndarray:
    """A mistake that tools have made: positions from argsort, taken for ranks."""
    return p_values <= q * (np.argsort(p_values) + 1) / len(p_values)


def test_false_discoveries_stay_at_what_was_asked_for_and_wrong_ranks_do_not() -> None:
    """1,000 families of 100 slices, 20 of them worse by three standard errors; e-values are likelihood ratios."""
    random = np.random.default_rng(4)
    q, worse, families = 0.1, 20, 1000
    shift = np.where(np.arange(100) < worse, 3.0, 0.0)
    false: dict[str, list[float]] = {"bh": [], "e": [], "wrong": []}
    for _ in range(families):
        z = random.normal(shift)
        p_values = stats.norm.sf(z)
        for name, found in (
            ("bh", np.array(benjamini_hochberg(p_values, q))),
            ("e", np.array(e_benjamini_hochberg(np.exp(3 * z - 4.5), q))),
            ("wrong", by_wrong_ranks(p_values, q)),
        ):
            false[name].append(found[worse:].sum() / max(1, found.sum()))
    error = np.std(false["bh"]) / math.sqrt(families)
    assert np.mean(false["bh"]) == pytest.approx(q * 0.8, abs=4 * error)  # what theory says: q times the share of nulls
    assert np.mean(false["e"]) <= q
    assert np.mean(false["wrong"]) > 2 * q
