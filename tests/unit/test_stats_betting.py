"""Betting intervals and p-values: shapes, edges and refusals. Whether they cover is asked in the quality tier."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.stats.betting import THETAS, log_mean, mean_interval, p_value
from evalkit.stats.intervals import exact

VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=60)
UNITS = st.lists(
    st.tuples(st.integers(0, 5), st.floats(0, 1)).map(lambda unit: (unit[0] * unit[1], unit[0])),
    min_size=1,
    max_size=40,
).filter(lambda units: any(size for _, size in units))
FEW = settings(max_examples=40)


@FEW
@given(VALUES)
def test_it_holds_the_mean_inside_0_and_1(values: list[float]) -> None:
    interval = mean_interval(values)
    assert 0 <= interval.low <= math.fsum(values) / len(values) + 1e-9
    assert math.fsum(values) / len(values) - 1e-9 <= interval.high <= 1
    assert interval.low < interval.high


@FEW
@given(UNITS)
def test_units_of_different_sizes_are_weighed_by_size(units: list[tuple[float, int]]) -> None:
    sums, sizes = [unit[0] for unit in units], [unit[1] for unit in units]
    interval = mean_interval(sums, sizes, largest=5)
    assert interval.low - 1e-9 <= sum(sums) / sum(sizes) <= interval.high + 1e-9
    mirrored = mean_interval([size - total for total, size in units], sizes, largest=5)
    assert interval.low == pytest.approx(1 - mirrored.high, abs=1e-8)


@FEW
@given(VALUES, st.randoms())
def test_the_order_of_cases_does_not_matter(values: list[float], random: object) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert mean_interval(shuffled) == mean_interval(values)


@FEW
@given(VALUES, st.floats(0.01, 0.99))
def test_the_interval_leaves_out_exactly_what_the_p_values_refute(values: list[float], claim: float) -> None:
    """The interval's ends are found by halving to 1e-10: nothing is said so close to them."""
    interval = mean_interval(values)
    if abs(claim - interval.low) > 1e-6 and abs(claim - interval.high) > 1e-6:
        refuted = min(p_value(values, claim), p_value(values, claim, better="lower")) <= 0.025
        assert refuted == (not interval.low <= claim <= interval.high)


def test_fifty_perfect_cases_are_no_proof_of_perfection() -> None:
    """No interval of 50 ones that errs at most 2.5 % on this side can be shorter than Clopper and Pearson's."""
    interval = mean_interval([1.0] * 50)
    assert interval.high == 1.0
    assert 0.85 < interval.low <= exact(50, 50).low
    assert mean_interval([0.0] * 50).high == pytest.approx(1 - interval.low, abs=1e-8)


def test_one_theta_is_the_money_computed_by_hand() -> None:
    """Betting theta on "at most 0.5": a one multiplies the money by 1 + theta, a zero by 1 - theta."""
    by_hand = [math.log((1 + theta) ** 3 * (1 - theta)) for theta in THETAS]
    expected = math.exp(-float(log_mean(np.array(by_hand))))
    assert p_value([1, 0, 1, 1], 0.5, better="lower") == pytest.approx(expected)
    assert float(log_mean(np.zeros(len(THETAS)))) == pytest.approx(0.0)  # all the money, nothing won


def test_the_p_value_is_small_where_the_target_is_missed_only() -> None:
    missed, met = [1] * 60 + [0] * 40, [1] * 85 + [0] * 15
    assert p_value(missed, 0.8) < 0.001
    assert p_value(met, 0.8) == 1.0
    assert p_value(missed, 0.8, better="lower") == 1.0
    assert p_value(met, 0.6, better="lower") < 0.001


def test_a_million_cases_may_leave_a_bet_with_less_money_than_a_float_can_say() -> None:
    met = [1.0, 0.8] * 500_000
    assert p_value(met, 0.5) == 1.0
    assert p_value(met, 0.5, better="lower") == 0.0


def test_targets_at_and_beyond_the_bounds() -> None:
    assert p_value([1, 1, 0], 1.0) == pytest.approx(0, abs=1e-200)  # one failure refutes "all"
    assert p_value([1, 1, 1], 1.0) == 1.0
    assert p_value([1, 1, 1], 1.2) == 0.0
    assert p_value([0, 0, 0], -0.1) == 1.0
    assert p_value([0, 0, 1], 0.0, better="lower") == pytest.approx(0, abs=1e-200)
    assert p_value([0, 0, 0], -0.1, better="lower") == 0.0


def test_units_of_size_0_count_as_nothing() -> None:
    with_empty = mean_interval([1, 2, 0, 0], [2, 2, 0, 0])
    without = mean_interval([1, 2], [2, 2])
    assert (with_empty.low, with_empty.high) == pytest.approx((without.low, without.high), abs=1e-9)


def test_a_larger_bound_of_sizes_is_wider() -> None:
    known, unknown = mean_interval([1.0] * 30), mean_interval([1.0] * 30, largest=4)
    assert unknown.low < known.low


def test_values_that_miss_1_by_rounding_are_taken() -> None:
    assert mean_interval([1.0 + 1e-15, 1.0]) == mean_interval([1.0, 1.0])


@pytest.mark.parametrize("values", [[], [1.1], [-0.1], [math.nan], [math.inf], [[0.5]]])
def test_impossible_values_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError):
        mean_interval(values)
    with pytest.raises(ValueError):
        p_value(values, 0.5)


@pytest.mark.parametrize(
    ("sums", "sizes", "largest"),
    [
        ([1, 2], [1, 1], None),
        ([1], [1, 1], None),
        ([0], [0], None),
        ([1], [-1], None),
        ([1], [math.nan], None),
        ([1], [2], 1),
        ([1], [2], math.inf),
        ([1], [2], 0),
    ],
)
def test_impossible_sizes_are_refused(sums: list[float], sizes: list[float], largest: float | None) -> None:
    with pytest.raises(ValueError):
        mean_interval(sums, sizes, largest=largest)


def test_impossible_options_are_refused() -> None:
    with pytest.raises(ValueError, match="confidence"):
        mean_interval([1], confidence=1.0)
    with pytest.raises(ValueError, match="threshold"):
        p_value([1], math.nan)
    with pytest.raises(ValueError, match="better"):
        p_value([1], 0.5, better="larger")  # type: ignore[arg-type]
