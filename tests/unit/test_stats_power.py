"""What so many cases can prove, and which drops they catch: against the binomial, and against the rules that decide."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from evalkit.stats.betting import mean_interval
from evalkit.stats.intervals import exact
from evalkit.stats.power import (
    Betting,
    Disagreement,
    EveryCase,
    ExactRate,
    Normal,
    Observed,
    Provable,
    WorstSpread,
    cases_to_catch,
    provable,
    smallest_caught,
)

# --- what can be proven -----------------------------------------------------------------------------------------------


def test_the_fewest_cases_that_could_prove_a_share() -> None:
    """Clopper and Pearson: of n of n the lower end is 0.025 ** (1 / n); 95 % takes log 0.025 / log 0.95 = 71.9."""
    assert provable("rate", 71, 0.95, ">=") == Provable(possible=False, fewest=72)
    assert provable("rate", 72, 0.95, ">=") == Provable(possible=True, fewest=72)
    assert provable("rate", 10, 0.05, "<=") == Provable(possible=False, fewest=72)
    assert provable("rate", 100, 0.05, "<") == Provable(possible=True, fewest=72)
    assert provable("rate", 5, 0.5, ">") == Provable(possible=False, fewest=6)


@pytest.mark.parametrize("operator", [">=", "<="])
@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.9, 0.97])
def test_the_fewest_cases_that_could_prove_a_mean_are_those_of_betting(operator: str, threshold: float) -> None:
    found = provable("mean", 10, 10 * threshold, operator, bounds=(0.0, 10.0))
    assert found is not None
    assert found.fewest is not None
    assert found.possible == (found.fewest <= 10)

    def proves(cases: int) -> bool:
        if operator == ">=":
            return mean_interval([1.0] * cases).low >= threshold - 1e-9
        return mean_interval([0.0] * cases).high <= threshold + 1e-9

    assert proves(found.fewest)
    assert not proves(found.fewest - 1)


def test_clusters_prove_a_share_as_a_mean_does() -> None:
    clustered = provable("rate", 30, 0.9, ">=", independent=False)
    assert clustered == provable("mean", 30, 0.9, ">=", bounds=(0.0, 1.0))
    assert clustered != provable("rate", 30, 0.9, ">=")


@pytest.mark.parametrize("kind", ["rate", "mean"])
def test_what_no_number_of_cases_proves(kind: str) -> None:
    assert provable(kind, 100, 1.0, ">=", bounds=(0.0, 1.0)) == Provable(possible=False, fewest=None)
    assert provable(kind, 100, 0.0, "<", bounds=(0.0, 1.0)) == Provable(possible=False, fewest=None)


def test_what_has_no_best_result_cannot_be_foretold() -> None:
    assert provable("mean", 100, 0.5, ">=") is None
    assert provable("mean", 100, 0.5, ">=", bounds=(0.0, math.inf)) is None
    assert provable("corpus", 100, 0.5, ">=", bounds=(0.0, 1.0)) is None
    assert provable("rate", 100, 1.0, "==") is None
    with pytest.raises(ValueError, match="operator"):
        provable("rate", 100, 1.0, "!=")


# --- which drops are caught: shares -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "target", "true"), [(50, 0.8, 0.6), (200, 0.95, 0.9), (30, 0.5, 0.2), (10, 1.0, 0.9)])
def test_the_power_of_a_share_is_that_of_the_interval_that_decides(n: int, target: float, true: float) -> None:
    failing = [k for k in range(n + 1) if exact(k, n).high < target]
    expected = sum(binom.pmf(k, n, true) for k in failing)
    assert ExactRate(target, 0.025).power(n, true) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("n", "target"), [(20, 0.8), (50, 0.5), (1000, 0.95), (200, 0.99)])
def test_a_caught_drop_is_the_smallest(n: int, target: float) -> None:
    design = ExactRate(target, 0.025)
    true = smallest_caught(design, n, 0.0)
    assert true is not None
    assert design.power(n, true) >= 0.8
    assert design.power(n, true + 1e-4) < 0.8


def test_few_cases_and_a_low_target_never_fail() -> None:
    """None of 10 succeeds by chance with probability 0.9 ** 10 = 0.35 where a tenth should."""
    assert ExactRate(0.1, 0.025).power(10, 0.0) == 0.0
    assert smallest_caught(ExactRate(0.1, 0.025), 10, 0.0) is None
    assert smallest_caught(ExactRate(0.0, 0.025), 1000, 0.0) is None
    assert smallest_caught(ExactRate(0.5, 0.025), 0, 0.0) is None


@pytest.mark.parametrize(("target", "drop"), [(0.8, 0.05), (0.95, 0.05), (0.5, 0.2)])
def test_so_many_cases_and_any_larger_number_catch_it(target: float, drop: float) -> None:
    design = ExactRate(target, 0.025)
    needed = cases_to_catch(design, target - drop)
    assert needed is not None
    assert design.power(needed - 1, target - drop) < 0.8
    assert all(design.power(n, target - drop) >= 0.8 for n in range(needed, needed + 200))


def test_no_number_of_cases_catches_what_meets_the_target() -> None:
    assert cases_to_catch(ExactRate(0.8, 0.025), 0.8) is None
    assert cases_to_catch(Betting(0.8, 0.025), 0.9) is None


@given(st.integers(5, 500), st.floats(0.05, 0.99), st.floats(0.001, 0.05))
@settings(max_examples=40, deadline=None)
def test_no_share_that_meets_its_target_fails_more_often_than_the_level(n: int, target: float, level: float) -> None:
    assert ExactRate(target, level).power(n, target) <= level + 1e-9
    assert Betting(target, level).power(n, target) <= level + 1e-9


def test_a_smaller_level_catches_less() -> None:
    one, many = (smallest_caught(ExactRate(0.8, level), 200, 0.0) for level in (0.025, 0.0025))
    assert one is not None
    assert many is not None
    assert many < one


# --- bets -------------------------------------------------------------------------------------------------------------


def simulated(values: np.ndarray, target: float, confidence: float = 0.95) -> float:
    """How often the deciding interval lies below the target; rows are datasets."""
    return float(np.mean([mean_interval(row, confidence=confidence).high < target for row in values]))


def test_zeros_and_ones_are_counted_exactly() -> None:
    n, target, true = 60, 0.7, 0.45
    failing = [k for k in range(n + 1) if mean_interval([1.0] * k + [0.0] * (n - k)).high < target]
    expected = binom.cdf(max(failing), n, true)
    assert Betting(target, 0.025).power(n, true) == pytest.approx(expected, abs=1e-9)


def test_a_spread_that_was_seen_catches_more_than_the_worst() -> None:
    values = np.random.default_rng(3).beta(8, 4, 300)
    seen = smallest_caught(Betting(0.65, 0.025, Observed.of(values)), 200, 0.0)
    worst = smallest_caught(Betting(0.65, 0.025), 200, 0.0)
    assert seen is not None
    assert worst is not None
    assert seen > worst


def test_the_stated_power_for_a_spread_that_was_seen() -> None:
    """200 simulated datasets: a standard error of 0.03."""
    random = np.random.default_rng(5)
    design = Betting(0.6, 0.025, Observed.of(random.beta(6, 4, 2000)))
    true = smallest_caught(design, 150, 0.0)
    assert true is not None
    near = simulated(random.beta(10 * true, 10 * (1 - true), (200, 150)), 0.6)
    assert near >= 0.8 - 3 * 0.03
    halfway = (true + 0.6) / 2
    assert simulated(random.beta(10 * halfway, 10 * (1 - halfway), (200, 150)), 0.6) < 0.5


def test_the_stated_power_of_paired_shares() -> None:
    """One case in ten differs, the margin is 0.02; 200 simulated datasets."""
    random, n, margin = np.random.default_rng(6), 400, 0.02
    design = Betting((1 - margin) / 2, 0.05, Disagreement(0.1))
    true = smallest_caught(design, n, 0.0)
    assert true is not None
    drop = 1 - 2 * true
    shares = [(0.1 + drop) / 2, 0.9, (0.1 - drop) / 2]
    values = random.choice([0.0, 0.5, 1.0], p=shares, size=(200, n))
    assert abs(simulated(values, (1 - margin) / 2, confidence=0.9) - 0.8) < 3 * 0.03


def test_small_clusters_beside_a_large_one_catch_less() -> None:
    assert Betting(0.8, 0.025, reach=0.1).power(12, 0.2) < Betting(0.8, 0.025).power(12, 0.2)


def test_targets_at_the_ends() -> None:
    assert Betting(0.0, 0.025).power(100, 0.0) == 0.0
    assert Betting(1.2, 0.025).power(1, 1.0) == 1.0
    assert Betting(1.0, 0.025).power(10, 0.9) == pytest.approx(1 - 0.9**10)


# --- spreads ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.floats(0.01, 0.99))
@settings(max_examples=60, deadline=None)
def test_a_spread_moved_to_a_mean_has_that_mean_and_stays_inside(values: list[float], mean: float) -> None:
    points, shares = Observed.of(values).at(mean)
    assert float(points @ shares) == pytest.approx(mean, abs=1e-3)
    assert shares.sum() == pytest.approx(1)
    assert (shares >= 0).all()
    assert (points >= 0).all()
    assert (points <= 1).all()


@pytest.mark.parametrize("mean", [0.2, 0.5, 0.9])
def test_zeros_and_ones_stay_zeros_and_ones(mean: float) -> None:
    points, shares = Observed.of([1.0, 0.0, 1.0, 1.0] * 25).at(mean)
    assert set(points.round(9)) == {0.0, 1.0}
    assert float(shares[points > 0.5].sum()) == pytest.approx(mean)


def test_perfect_cases_promise_nothing_of_the_spread() -> None:
    """After 100 ones a drop is ones that turned to zeros, as in the worst case."""
    points, _ = Observed.of([1.0] * 100).at(0.8)
    assert set(points.round(9)) == {0.0, 1.0}
    assert WorstSpread().at(0.8)[1].tolist() == pytest.approx([0.2, 0.8])


def test_differences_disagree_at_least_as_much_as_they_drop() -> None:
    points, shares = Disagreement(0.1).at(0.3)  # a mean difference of -0.4
    assert points.tolist() == [0.0, 0.5, 1.0]
    assert shares.tolist() == pytest.approx([0.4, 0.6, 0.0])


# --- the rest ---------------------------------------------------------------------------------------------------------


def test_a_normal_gate_has_the_power_of_the_textbook() -> None:
    """(1.960 + 0.842) standard errors below the target."""
    true = smallest_caught(Normal(10.0, 0.025, 2.0), 100, 0.0)
    assert true == pytest.approx(10 - (1.959964 + 0.841621) * 0.2, abs=1e-3)
    assert cases_to_catch(Normal(10.0, 0.025, 2.0), 9.0) == math.ceil((2 * (1.959964 + 0.841621)) ** 2)


def test_a_counterexample_in_so_many_cases_is_seen() -> None:
    """1 - 0.2 ** (1 / 59) = 0.0269; and 0.95 ** 32 is the first below 0.2."""
    true = smallest_caught(EveryCase(), 59, 0.0)
    assert true == pytest.approx(0.2 ** (1 / 59), abs=1e-5)
    assert cases_to_catch(EveryCase(), 0.95) == 32
