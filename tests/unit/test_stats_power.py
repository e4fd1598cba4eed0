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
    EveryCase,
    ExactRate,
    Normal,
    Provable,
    cases_to_catch,
    provable,
    smallest_caught,
)
from evalkit.stats.power_laws import Disagreement, Observed, WorstSpread
from evalkit.stats.sequential import STAKES, PopulationGate

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


def test_a_drop_that_takes_very_many_cases_is_not_counted_out_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, power = [], ExactRate.power
    monkeypatch.setattr(ExactRate, "power", lambda self, n, true: asked.append(n) or power(self, n, true))
    needed = cases_to_catch(ExactRate(0.5, 0.025), 0.499)
    assert needed == pytest.approx((1.96 + 0.8416) ** 2 * 0.25 / 0.001**2, rel=0.01)
    assert len(asked) < 100


def test_no_number_of_cases_catches_what_meets_the_target() -> None:
    assert cases_to_catch(ExactRate(0.8, 0.025), 0.8) is None
    assert cases_to_catch(Betting(0.8, 0.025), 0.9) is None


@given(st.integers(5, 500), st.floats(0.05, 0.99), st.floats(0.001, 0.05))
@settings(max_examples=40)
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


@pytest.mark.parametrize("agree", [True, False])
def test_the_stated_power_for_clusters_of_very_different_size(agree: bool) -> None:
    """A hundred cases alone beside twenty clusters of ten, right or wrong as a whole, and a run in which cases of a
    cluster were independent. 200 simulated datasets: a standard error of 0.028."""
    random, sizes = np.random.default_rng(8), np.array([1] * 100 + [10] * 20)

    def clusters(true: float) -> np.ndarray:
        return sizes * (random.random(120) < true) if agree else random.binomial(sizes, true)

    seen = Observed.of(clusters(0.85) / sizes, sizes)
    design = Betting(0.8, 0.025, WorstSpread(((0.1, 100.0), (1.0, 20.0))) if agree else seen)
    true = smallest_caught(design, 120, 0.0)
    assert true is not None
    caught = np.mean([mean_interval(clusters(true), sizes).high < 0.8 for _ in range(200)])
    assert caught >= 0.8 - 3 * 0.028
    assert caught <= 0.8 + 3 * 0.028 or not agree


@pytest.mark.parametrize("target", [0.5, 0.95])
def test_the_stated_power_of_a_gate_that_is_watched_while_cases_come_in(target: float) -> None:
    """200 simulated datasets in blocks of 64: a standard error of 0.028."""
    random, n, level = np.random.default_rng(9), 300, 0.025
    true = smallest_caught(Betting(target, level, bets=STAKES, watched=True), n, 0.0)
    assert true is not None
    assert true < (smallest_caught(ExactRate(target, level), n, 0.0) or 0.0)
    failed = 0
    for _ in range(200):
        gate, values = PopulationGate(target, n, alpha_fail=level), (random.random(n) < true).astype(float)
        for start in range(0, n, 64):
            gate.update(values[start : start + 64])
        failed += gate.verdict == "fail"
    assert 0.8 - 3 * 0.028 <= failed / 200 <= 0.8 + 3 * 0.028


@pytest.mark.parametrize("zeros", [0.0, 0.3])
def test_the_stated_power_where_some_answers_become_useless(zeros: float) -> None:
    """What models lose they rarely lose evenly. 200 simulated datasets."""
    random = np.random.default_rng(10)

    def values(true: float, n: int) -> np.ndarray:
        return np.where(random.random(n) < true / 0.6, random.beta(6, 4, n), 0.0)

    target = 0.6 * (1 - zeros) - 0.04
    true = smallest_caught(Betting(target, 0.025, Observed.of(values(target + 0.04, 400))), 250, 0.0)
    assert true is not None
    caught = np.mean([mean_interval(values(true, 250)).high < target for _ in range(200)])
    assert caught >= 0.8 - 3 * 0.028


def test_targets_at_the_ends() -> None:
    assert Betting(0.0, 0.025).power(100, 0.0) == 0.0
    assert Betting(1.2, 0.025).power(1, 1.0) == 1.0
    assert Betting(1.0, 0.025).power(10, 0.9) == pytest.approx(1 - 0.9**10)


# --- spreads ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.floats(0.01, 0.99))
@settings(max_examples=60)
def test_a_spread_moved_to_a_mean_has_that_mean_and_stays_inside(values: list[float], mean: float) -> None:
    found = Observed.of(values).at(mean)
    assert float(found.points @ found.shares) == pytest.approx(mean, abs=1e-9)
    assert found.shares.sum() == pytest.approx(1)
    assert (found.shares >= 0).all()
    assert (found.points >= 0).all()
    assert (found.points <= 1).all()


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 30)), min_size=1, max_size=90), st.floats(0.01, 0.99))
@settings(max_examples=60)
def test_clusters_of_any_size_moved_to_a_mean_have_it_over_their_cases(
    units: list[tuple[float, int]], mean: float
) -> None:
    values, sizes = zip(*units, strict=True)
    found = Observed.of(values, sizes).at(mean)
    cases = found.shares * found.sizes
    assert float(found.points @ cases) / float(cases.sum()) == pytest.approx(mean, abs=1e-9)
    assert found.sizes.max() <= 1


@pytest.mark.parametrize("mean", [0.2, 0.5, 0.9])
def test_zeros_and_ones_stay_zeros_and_ones(mean: float) -> None:
    found = Observed.of([1.0, 0.0, 1.0, 1.0] * 25).at(mean)
    assert set(found.points.round(9)) == {0.0, 1.0}
    assert float(found.shares[found.points > 0.5].sum()) == pytest.approx(mean)


def test_perfect_cases_promise_nothing_of_the_spread() -> None:
    """After 100 ones a drop is ones that turned to zeros, as in the worst case."""
    assert set(Observed.of([1.0] * 100).at(0.8).points.round(9)) == {0.0, 1.0}
    assert WorstSpread().at(0.8).shares.tolist() == pytest.approx([0.2, 0.8])


def test_differences_disagree_at_least_as_much_as_they_drop() -> None:
    found = Disagreement(0.1).at(0.3)  # a mean difference of -0.4
    assert found.points.tolist() == [0.0, 0.5, 1.0]
    assert found.shares.tolist() == pytest.approx([0.4, 0.6, 0.0])


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


def test_a_loss_to_uselessness_spreads_a_corpus_metric_as_it_spreads_a_mean() -> None:
    """Of 0.2 around 0.7, an eighth of the cases falls to 0: (0.875 (0.04 + 0.49) - 0.6125 ** 2) is the variance."""
    design = Normal(0.65, 0.025, 0.2, own=0.7, worst=0.0)
    wider = Normal(0.65, 0.025, math.sqrt(0.875 * (0.04 + 0.49) - 0.6125**2))
    assert design.power(100, 0.6125) == pytest.approx(wider.power(100, 0.6125))
    assert design.power(100, 0.6125) < Normal(0.65, 0.025, 0.2).power(100, 0.6125)
    assert Normal(0.8, 0.025, 0.2, own=0.7, worst=0.0).power(100, 0.75) == Normal(0.8, 0.025, 0.2).power(100, 0.75)
