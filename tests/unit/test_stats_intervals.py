"""Intervals in closed form: shapes, edges and refusals. Their values are held against scipy in the quality tier."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.records import Interval
from evalkit.stats.intervals import exact, quantile_interval, quantile_ranks, wilson

SHARES = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(SHARES)
def test_wilson_holds_the_share_and_stays_between_0_and_1(share: tuple[int, int]) -> None:
    interval = wilson(*share)
    assert 0 <= interval.low <= share[0] / share[1] <= interval.high <= 1
    assert interval.low < interval.high


@given(SHARES)
def test_turning_successes_into_failures_mirrors_the_interval(share: tuple[int, int]) -> None:
    successes, n = share
    interval, mirrored = wilson(successes, n), wilson(n - successes, n)
    assert interval.low == pytest.approx(1 - mirrored.high, abs=1e-12)


@given(SHARES)
def test_more_confidence_is_wider_and_more_cases_are_narrower(share: tuple[int, int]) -> None:
    successes, n = share
    usual = wilson(successes, n)
    sure, many = wilson(successes, n, 0.99), wilson(successes * 10, n * 10)
    assert sure.high - sure.low > usual.high - usual.low > many.high - many.low


def test_perfect_results_prove_no_perfection() -> None:
    """Published: 60 of 60 by Wilson is 0.9398 to 1."""
    interval = wilson(60, 60)
    assert (round(interval.low, 4), interval.high) == (0.9398, 1.0)


@pytest.mark.parametrize("interval", [wilson, exact])
@pytest.mark.parametrize(
    ("successes", "n"), [(0, 0), (0, -1), (-1, 5), (6, 5), (math.nan, 5), (1, math.nan), (math.inf, math.inf)]
)
def test_impossible_counts_are_refused(interval: Callable[..., Interval], successes: float, n: float) -> None:
    with pytest.raises(ValueError, match=r"no cases|impossible|finite"):
        interval(successes, n)


@pytest.mark.parametrize("interval", [wilson, exact])
@pytest.mark.parametrize("confidence", [0, 1, 95, math.nan])
def test_impossible_confidence_is_refused(interval: Callable[..., Interval], confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence"):
        interval(1, 2, confidence)


# --- Clopper-Pearson --------------------------------------------------------------------------------------------------


@given(SHARES)
def test_the_exact_interval_holds_the_share_and_mirrors(share: tuple[int, int]) -> None:
    successes, n = share
    interval, mirrored = exact(successes, n), exact(n - successes, n)
    assert 0 <= interval.low <= successes / n <= interval.high <= 1
    assert interval.low == pytest.approx(1 - mirrored.high, abs=1e-12)


def test_the_exact_interval_has_the_textbooks_ends() -> None:
    """Clopper and Pearson (1934): 0 of 10 reaches up to 1 - 0.025^(1/10); 7 of 10 from 0.3475 to 0.9333."""
    none = exact(0, 10)
    assert (none.low, none.high) == (0.0, pytest.approx(1 - 0.025 ** (1 / 10), abs=1e-12))
    most = exact(7.0, 10)
    assert (round(most.low, 4), round(most.high, 4)) == (0.3475, 0.9333)


@pytest.mark.parametrize(("successes", "n"), [(3.5, 10), (3, 10.5)])
def test_the_exact_interval_refuses_fractions_of_cases(successes: float, n: float) -> None:
    with pytest.raises(ValueError, match="whole numbers"):
        exact(successes, n)


# --- quantiles --------------------------------------------------------------------------------------------------------


def test_ranks_are_those_of_the_textbooks() -> None:
    """Hahn and Meeker, Statistical Intervals: the median of 10 values lies between the 2nd and the 9th (97.9 %)."""
    assert quantile_ranks(10, 0.5) == (2, 9)
    assert quantile_ranks(6, 0.5) == (1, 6)


def test_too_few_values_bound_nothing() -> None:
    assert quantile_ranks(5, 0.5) == (None, None)
    assert quantile_ranks(20, 0.95) == (17, None)  # P(at most 16 of 20 lie below) = 0.0159
    assert quantile_ranks(72, 0.95)[1] == 72  # 0.95^72 = 0.0249
    assert quantile_ranks(71, 0.95)[1] is None  # 0.95^71 = 0.0262
    assert quantile_interval([1.0, 2.0, 3.0], 0.5) is None


def test_the_least_possible_value_stands_in_for_a_lower_bound() -> None:
    values = [float(value) for value in range(1, 101)]
    assert quantile_interval(values, 0.01) is None
    interval = quantile_interval(values, 0.01, floor=0.0)
    assert interval is not None
    assert interval.low == 0.0


@given(st.lists(st.floats(-1e9, 1e9), min_size=6, max_size=200), st.floats(0.2, 0.8))
def test_bounds_are_values_that_were_seen_around_the_quantile(values: list[float], q: float) -> None:
    interval = quantile_interval(values, q)
    if interval is not None:
        assert interval.low in values
        assert interval.high in values
        below = sum(value < interval.low for value in values)
        assert below <= q * len(values) <= sum(value <= interval.high for value in values)


@pytest.mark.parametrize("q", [0, 1, -1, 95])
def test_impossible_quantiles_are_refused(q: float) -> None:
    with pytest.raises(ValueError, match="quantile"):
        quantile_interval([1.0], q)


def test_quantiles_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="no cases"):
        quantile_interval([], 0.5)
