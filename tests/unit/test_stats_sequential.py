"""Gates that may stop early: arithmetic, freezing, edges, refusals. Their errors are simulated in the quality tier."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.stats.sequential import STAKES, FiniteGate, PopulationGate

FEW = settings(max_examples=60)
VALUES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=80)
THRESHOLDS = st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.8, 1.0])


def run(gate: FiniteGate | PopulationGate, values: list[float], block: int = 7) -> str | None:
    for start in range(0, len(values), block):
        gate.update(values[start : start + block])
    return gate.verdict


# --- the wealth -------------------------------------------------------------------------------------------------------


def wealth_by_hand(values: list[float], cases: int, threshold: float) -> float:
    """The largest log wealth of betting on "above", case by case as the formula is written."""
    weights = np.exp(STAKES.log_weights)
    money = np.ones(len(STAKES.thetas))
    best, total = 1.0, 0.0
    for seen, value in enumerate(values):
        left = cases - seen
        claimed = (cases * threshold - total) / left
        stake = np.minimum(STAKES.thetas * cases / left, 0.99)
        money *= 1 + stake * (value - claimed) / claimed
        total += value
        best = max(best, float(weights @ money))
    return math.log(best)


def test_evidence_is_the_formulas_running_maximum_whatever_the_blocks() -> None:
    values = [1.0, 0.0, 1.0, 1.0, 0.5, 1.0, 0.25, 1.0, 1.0, 0.0]
    for block in (1, 3, 10):
        gate = FiniteGate(0.5, 40, alpha=0.001)
        run(gate, values, block)
        assert gate.evidence[0] == pytest.approx(wealth_by_hand(values, 40, 0.5), abs=1e-12)
        mirrored = wealth_by_hand([1 - value for value in values], 40, 0.5)
        assert gate.evidence[1] == pytest.approx(mirrored, abs=1e-12)


@pytest.mark.parametrize("cases", [60, None])
def test_it_decides_at_the_very_case_that_wins_enough(cases: int | None) -> None:
    values = [1.0, 0.0, *[1.0] * 40]
    gate = PopulationGate(0.5) if cases is None else FiniteGate(0.5, cases)
    all_cases = cases or 10**9
    first = next(seen for seen in range(40) if wealth_by_hand(values[:seen], all_cases, 0.5) >= math.log(20))
    assert 5 < first < 30
    assert [gate.update([value]) for value in values[:first]] == [None] * (first - 1) + ["pass"]
    assert gate.seen == first


def test_the_side_that_wins_first_within_a_block_decides() -> None:
    early, late = [1.0] * 30, [0.0] * 300
    for gate in (PopulationGate, FiniteGate):
        assert gate(0.5, 10_000).update(early + late) == "pass"
        assert gate(0.5, 10_000).update([0.0] * 30 + [1.0] * 300) == "fail"
        assert gate(0.5, 10_000, better="lower").update(early + late) == "fail"


def test_of_a_population_bets_on_clusters_are_sized_for_the_largest() -> None:
    """The formula: 1 + theta (s - m n) / (m L) above the threshold, (m n - s) / ((1 - m) L) below it."""
    sums, sizes, threshold, largest = np.array([3.0, 1.0, *[0.0] * 6]), np.array([4.0, 1.0, *[3.0] * 6]), 0.3, 4.0
    gate = PopulationGate(threshold, 10, largest=largest)
    gate.update(sums, sizes)
    weights, gains = np.exp(STAKES.log_weights), sums - threshold * sizes
    for side, stake in ((1, threshold * largest), (-1, (1 - threshold) * largest)):
        money = np.cumprod(1 + side * gains[:, None] / stake * STAKES.thetas, axis=0) @ weights
        assert money.max() > 1.1
        assert gate.evidence[0 if side == 1 else 1] == pytest.approx(math.log(money.max()), abs=1e-12)


def test_the_maximum_inside_a_block_counts() -> None:
    """30 successes prove it; what follows in the same block takes nothing back."""
    values = [1.0] * 30 + [0.0] * 30
    gate = FiniteGate(0.5, 1000)
    assert gate.update(values) == "pass"
    assert gate.evidence[0] >= gate.needed[0]


def test_evidence_needed_is_one_over_alpha_on_each_side() -> None:
    gate = PopulationGate(0.5, alpha=0.05, alpha_fail=0.005)
    assert gate.needed == pytest.approx((math.log(20), math.log(200)))
    assert FiniteGate(0.5, 10, alpha=0.1).needed == pytest.approx((math.log(10), math.log(10)))
    assert gate.evidence == (0.0, 0.0)


# --- arithmetic -------------------------------------------------------------------------------------------------------


@FEW
@given(VALUES, THRESHOLDS, st.sampled_from(["higher", "lower"]), st.booleans(), st.integers(1, 30))
def test_after_all_cases_the_answer_is_that_of_plain_arithmetic(
    values: list[float], threshold: float, better: str, strict: bool, block: int
) -> None:
    """With alpha next to nothing no bet ever decides."""
    gate = FiniteGate(threshold, len(values), alpha=1e-30, better=better, strict=strict)  # type: ignore[arg-type]
    mean = sum(values) / len(values)  # exact: the values are binary fractions
    met = {
        ("higher", False): mean >= threshold,
        ("higher", True): mean > threshold,
        ("lower", False): mean <= threshold,
        ("lower", True): mean < threshold,
    }[better, strict]
    assert run(gate, values, block) == ("pass" if met else "fail")


@pytest.mark.parametrize(
    ("successes", "cases", "threshold"),
    [(800, 1000, 0.8), (7, 100, 0.07), (29, 100, 0.29), (58, 100, 0.58), (1, 3, 1 / 3)],
)
def test_exactly_on_the_threshold_is_met_whatever_rounding_does(successes: int, cases: int, threshold: float) -> None:
    """0.29 * 100 is 28.999..., 0.58 * 100 is 57.999..., 0.07 * 100 is 7.000...1 in floating point."""
    values = np.random.default_rng(0).permutation(np.arange(cases) < successes).astype(float).tolist()
    assert run(FiniteGate(threshold, cases, alpha=1e-30), values) == "pass"
    assert run(FiniteGate(threshold, cases, alpha=1e-30, better="lower"), values) == "pass"
    assert run(FiniteGate(threshold, cases, alpha=1e-30, strict=True), values) == "fail"


def test_a_thousand_tenths_are_a_tenth() -> None:
    values = [0.1] * 1000
    assert float(sum(map(Fraction, values)) / 1000) == 0.1  # what exact summation says
    assert run(FiniteGate(0.1, 1000, alpha=1e-30), values, 32) == "pass"


def test_it_stops_where_the_rest_cannot_change_the_answer() -> None:
    gate = FiniteGate(0.5, 10, alpha=1e-30)
    assert gate.update([1, 1, 1, 1]) is None
    assert gate.update([1]) == "pass"
    assert gate.seen == 5
    strict = FiniteGate(0.5, 10, alpha=1e-30, strict=True)
    assert strict.update([1, 1, 1, 1, 1]) is None
    assert strict.update([1]) == "pass"
    failing = FiniteGate(0.5, 10, alpha=1e-30)
    assert failing.update([0, 0, 0, 0, 0]) is None
    assert failing.update([0]) == "fail"


def test_the_rest_may_be_as_large_as_a_unit_can_be() -> None:
    """Units of 4 cases at most: each that is left may bring four failures."""
    gate = FiniteGate(0.5, 4, alpha=1e-30, largest=4)
    assert gate.update([4, 4], [4, 4]) == "pass"  # 8 of 16 at worst
    open_still = FiniteGate(0.5, 4, alpha=1e-30, largest=4)
    assert open_still.update([4, 3], [4, 4]) is None  # 7 of 16 at worst
    assert open_still.update([0], [3]) is None  # 7 of 15 at worst
    small = FiniteGate(0.5, 4, alpha=1e-30, largest=4)
    assert small.update([4, 3, 0], [4, 4, 1]) == "pass"  # 7 of 13 at worst


def test_what_arithmetic_knows_beats_what_the_bets_say() -> None:
    """Twenty failures first convince any bet, but all cases are in the block, and 80 of 100 are successes."""
    gate = FiniteGate(0.8, 100)
    assert gate.update([0.0] * 20 + [1.0] * 80) == "pass"
    assert gate.evidence[1] >= gate.needed[1]


@FEW
@given(VALUES, THRESHOLDS, st.data())
def test_better_values_never_turn_a_pass_into_a_fail(
    values: list[float], threshold: float, data: st.DataObject
) -> None:
    better = [data.draw(st.sampled_from([v for v in (0.0, 0.25, 0.5, 1.0) if v >= value])) for value in values]
    order = {"fail": 0, "pass": 1}
    before, after = (run(FiniteGate(threshold, len(values)), side) for side in (values, better))
    assert order[str(before)] <= order[str(after)]


@FEW
@given(VALUES, THRESHOLDS.filter(lambda t: t in {0.0, 0.5, 1.0}))
def test_turned_round_it_gives_the_same_verdict(values: list[float], threshold: float) -> None:
    gate, mirrored = FiniteGate(threshold, len(values)), FiniteGate(1 - threshold, len(values), better="lower")
    assert run(gate, values) == run(mirrored, [1 - value for value in values])
    assert gate.evidence == pytest.approx(mirrored.evidence, abs=1e-9)
    assert gate.seen == mirrored.seen


# --- state ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gate", [FiniteGate(0.5, 1000), PopulationGate(0.5, 1000)])
def test_a_decided_gate_is_frozen(gate: FiniteGate | PopulationGate) -> None:
    assert gate.update([1.0] * 50) == "pass"
    evidence, seen = gate.evidence, gate.seen
    assert gate.update([0.0] * 900) == "pass"
    assert (gate.evidence, gate.seen, gate.verdict) == (evidence, seen, "pass")


def test_nothing_scored_is_never_a_pass() -> None:
    for gate in (FiniteGate(0.0, 4), PopulationGate(0.0, 4), FiniteGate(1.0, 4, better="lower")):
        assert gate.verdict is None
        assert gate.update([0, 0, 0, 0], [0, 0, 0, 0]) is None
        assert gate.verdict == "unsure"
        assert gate.value is None


def test_an_empty_block_changes_nothing() -> None:
    gate = FiniteGate(0.5, 4)
    assert gate.update([]) is None
    assert (gate.seen, gate.evidence) == (0, (0.0, 0.0))


def test_of_a_population_undecided_cases_leave_it_unsure() -> None:
    gate = PopulationGate(0.5, 10)
    assert gate.update([1, 0, 1, 0, 1]) is None
    assert gate.verdict is None
    assert gate.update([0, 1, 0, 1, 0]) is None
    assert gate.verdict == "unsure"
    with pytest.raises(ValueError, match="11 values for a gate of 10"):
        gate.update([1])


def test_without_an_end_a_population_gate_goes_on() -> None:
    gate = PopulationGate(0.5)
    assert run(gate, [1, 0] * 500, 64) is None
    assert run(gate, [1] * 400, 64) == "pass"


def test_of_a_population_one_counterexample_refutes_never_and_always() -> None:
    assert PopulationGate(0.0, 50, better="lower").update([0, 0, 1]) == "fail"
    assert PopulationGate(1.0, 50).update([1, 1, 0]) == "fail"
    assert PopulationGate(0.0, 50, strict=True).update([0, 0, 1]) == "pass"
    assert PopulationGate(0.0, 50).update([0]) == "pass"  # nothing is below 0
    assert PopulationGate(1.0, 3).update([1, 1, 1]) is None  # but no sample proves "always"
    gate = PopulationGate(0.0, 50, better="lower")
    gate.update([0, 1])
    assert all(map(math.isfinite, gate.evidence))


def test_thresholds_beyond_the_bounds_are_met_by_all_or_none() -> None:
    for gate in (FiniteGate, PopulationGate):
        assert gate(1.2, 10).update([1]) == "fail"
        assert gate(-0.2, 10).update([0]) == "pass"
        assert gate(1.2, 10, better="lower").update([1]) == "pass"
        assert gate(-0.2, 10, better="lower").update([0]) == "fail"


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [[1.5], [-0.5], [math.nan], [math.inf], [[1.0]], 1.0, iter([1.0]), ["x"]])
@pytest.mark.parametrize("gate", [FiniteGate, PopulationGate])
def test_impossible_values_are_refused_and_leave_no_trace(
    gate: type[FiniteGate] | type[PopulationGate], values: list[float]
) -> None:
    tested = gate(0.5, 10)
    with pytest.raises(ValueError):
        tested.update(values)
    assert (tested.seen, tested.evidence) == (0, (0.0, 0.0))


def test_impossible_sizes_are_refused() -> None:
    for sums, sizes in (([1], [2]), ([2], [1]), ([1], [math.nan]), ([1, 1], [1])):
        with pytest.raises(ValueError):
            FiniteGate(0.5, 10).update(sums, sizes)


def test_more_values_than_cases_are_refused() -> None:
    with pytest.raises(ValueError, match="5 values for a gate of 4"):
        FiniteGate(0.5, 4).update([1, 0, 1, 0, 1])


@pytest.mark.parametrize("gate", [FiniteGate, PopulationGate])
@pytest.mark.parametrize(
    "options",
    [
        {"threshold": math.nan},
        {"cases": 0},
        {"cases": -3},
        {"cases": 2.5},
        {"cases": math.nan},
        {"cases": math.inf},
        {"alpha": 0},
        {"alpha": 1},
        {"alpha": math.nan},
        {"alpha_fail": 0},
        {"better": "most"},
        {"largest": 0},
        {"largest": math.inf},
    ],
)
def test_impossible_options_are_refused(
    gate: type[FiniteGate] | type[PopulationGate], options: dict[str, float]
) -> None:
    with pytest.raises(ValueError):
        gate(**({"threshold": 0.5, "cases": 10} | options))  # type: ignore[arg-type]
