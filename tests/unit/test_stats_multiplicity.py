"""Many tests at once: textbook figures by hand, ties, order, refusals."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats.multiplicity import benjamini_hochberg, bonferroni, e_benjamini_hochberg, holm, holm_adjusted

P_VALUES = st.lists(st.floats(0, 1), max_size=20)
RULES = [holm, bonferroni, benjamini_hochberg, e_benjamini_hochberg]


def test_holm_by_hand() -> None:
    """0.01 * 4 and 0.013 * 3 are within 0.05; 0.03 * 2 is not, and ends it, though 0.04 * 1 would be."""
    assert holm([0.03, 0.01, 0.04, 0.013], 0.05) == [False, True, False, True]
    assert holm_adjusted([0.03, 0.01, 0.04, 0.013]) == pytest.approx([0.06, 0.04, 0.06, 0.04])


def test_bonferroni_by_hand() -> None:
    assert bonferroni([0.03, 0.01, 0.04, 0.013], 0.05) == [False, True, False, False]


def test_benjamini_hochberg_on_its_authors_example() -> None:
    """Benjamini and Hochberg (1995), section 4.1: of 15 p-values the first four at q = 0.05 (Bonferroni: three)."""
    published = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    published += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert benjamini_hochberg(published, 0.05) == [True] * 4 + [False] * 11
    assert bonferroni(published, 0.05) == [True] * 3 + [False] * 12


def test_a_larger_rank_carries_the_smaller_that_miss_their_own_mark() -> None:
    """Marks at q = 0.05 of 3: 0.0167, 0.0333, 0.05. The first misses its own, the third meets its."""
    assert benjamini_hochberg([0.02, 0.04, 0.05], 0.05) == [True, True, True]
    assert benjamini_hochberg([0.02, 0.04, 0.051], 0.05) == [False, False, False]


@pytest.mark.parametrize("tests", [3, 7, 11, 22, 44, 49])
def test_exactly_at_the_mark_is_within_whatever_rounding_does(tests: int) -> None:
    """0.05 / 11 * 11 is 0.05000000000000001 in floating point, and 0.045 * 10 is not 3 * 0.15."""
    rest = [1.0] * (tests - 1)
    for rule in (holm, bonferroni, benjamini_hochberg):
        assert rule([0.05 / tests, *rest], 0.05)[0]
        assert not rule([0.0500001 / tests, *rest], 0.05)[0]
    assert benjamini_hochberg([0.045] * 3 + [1.0] * 7, 0.15) == [True] * 3 + [False] * 7


def test_e_values_by_hand() -> None:
    """Of 4 at q = 0.1, rank r needs 4 / (0.1 r): 40, 20, 13.3, 10."""
    assert e_benjamini_hochberg([5, 25, 21, 1], 0.1) == [False, True, True, False]
    assert e_benjamini_hochberg([math.inf, 0.0, 1.0, 2.0], 0.1) == [True, False, False, False]


@given(P_VALUES, st.randoms())
def test_results_come_in_the_order_given(p_values: list[float], random: object) -> None:
    order = list(range(len(p_values)))
    random.shuffle(order)  # type: ignore[attr-defined]
    for rule in (holm, bonferroni, benjamini_hochberg):
        straight = rule(p_values, 0.2)
        assert rule([p_values[place] for place in order], 0.2) == [straight[place] for place in order]


@given(P_VALUES)
def test_equal_values_share_their_fate_and_smaller_ones_do_no_worse(p_values: list[float]) -> None:
    for rule in (holm, bonferroni, benjamini_hochberg):
        found = rule([*p_values, *p_values], 0.2)
        assert found[: len(p_values)] == found[len(p_values) :]
        told = sorted(zip(p_values, found, strict=False))
        assert [said for _, said in told] == sorted((said for _, said in told), reverse=True)


@given(P_VALUES)
def test_from_strict_to_lenient(p_values: list[float]) -> None:
    for strict, lenient in ((bonferroni, holm), (holm, benjamini_hochberg)):
        assert all(more or not less for less, more in zip(strict(p_values, 0.1), lenient(p_values, 0.1), strict=True))


@pytest.mark.parametrize("rule", RULES)
def test_no_tests_no_findings(rule: Callable[..., list[bool]]) -> None:
    assert rule([], 0.05) == []
    assert holm_adjusted([]) == []


@pytest.mark.parametrize("rule", RULES)
def test_impossible_values_and_levels_are_refused(rule: Callable[..., list[bool]]) -> None:
    for values in ([0.1, math.nan], [-0.1], [[0.1]], 0.1, iter([0.1]), {"a": 0.1}):
        with pytest.raises(ValueError):
            rule(values, 0.05)
    for level in (0, 1, math.nan):
        with pytest.raises(ValueError):
            rule([0.1], level)
    if rule is not e_benjamini_hochberg:
        with pytest.raises(ValueError, match="between 0 and 1"):
            rule([1.1], 0.05)
