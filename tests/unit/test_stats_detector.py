"""Corrected rates: against closed forms from the literature, and intervals that cover."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evalkit.stats.detector import Spread, leave_one_out, rogan_gladen
from evalkit.stats.intervals import wilson


def lang_reiczigel(
    rate: float, n: int, sensitivity: tuple[int, int], specificity: tuple[int, int]
) -> tuple[float, ...]:
    """Lang and Reiczigel (2014), Confidence limits for prevalence of disease adjusted for estimated sensitivity and
    specificity, section 2: written from the paper's formulas."""
    z = 1.959963984540054
    (s, of_s), (c, of_c) = sensitivity, specificity
    size = n + z * z
    observed = (n * rate + z * z / 2) / size
    se, sp = (s + 1) / (of_s + 2), (c + 1) / (of_c + 2)
    gap = se + sp - 1
    p = (observed + sp - 1) / gap
    v_se, v_sp = se * (1 - se) / (of_s + 2), sp * (1 - sp) / (of_c + 2)
    shift = 2 * z * z * (p * v_se - (1 - p) * v_sp)
    width = z * math.sqrt((observed * (1 - observed) / size + p * p * v_se + (1 - p) ** 2 * v_sp) / gap**2)
    return max(0.0, p + shift - width), min(1.0, p + shift + width)


# --- Rogan and Gladen -------------------------------------------------------------------------------------------------


def test_the_estimate_is_the_published_formula() -> None:
    """0.25 observed with 0.9 and 0.8: (0.25 + 0.8 - 1) / 0.7."""
    found = rogan_gladen(0.25, 100, (90, 100), (80, 100))
    assert found.value == pytest.approx(0.05 / 0.7)
    assert found.observed == 0.25


def test_a_perfect_judgement_changes_nothing() -> None:
    found = rogan_gladen(0.3, 1000, (10_000, 10_000), (10_000, 10_000))
    assert found.value == pytest.approx(0.3)
    assert found.interval is not None
    assert found.interval.low == pytest.approx(0.2725, abs=0.005)  # Wilson's, 300 of 1,000
    assert found.interval.high == pytest.approx(0.3291, abs=0.005)


@pytest.mark.parametrize("rate", [0.3, 0.5, 0.8])
@pytest.mark.parametrize(("sensitivity", "specificity"), [((190, 200), (180, 200)), ((85, 100), (70, 80))])
def test_the_interval_is_close_to_lang_and_reiczigels(
    rate: float, sensitivity: tuple[int, int], specificity: tuple[int, int]
) -> None:
    found = rogan_gladen(rate, 300, sensitivity, specificity).interval
    low, high = lang_reiczigel(rate, 300, sensitivity, specificity)
    assert found is not None
    assert found.low == pytest.approx(low, abs=0.015)
    assert found.high == pytest.approx(high, abs=0.015)


@pytest.mark.parametrize(("rate", "value"), [(0.05, 0.0), (0.99, 1.0)])
def test_a_correction_beyond_the_ends_stays_at_them_and_says_so(rate: float, value: float) -> None:
    found = rogan_gladen(rate, 100, (90, 100), (80, 100))
    assert found.value == value
    assert "errs less here" in found.note
    assert found.interval is not None
    assert found.interval.low <= value <= found.interval.high


@pytest.mark.parametrize("counts", [((50, 100), (50, 100)), ((10, 100), (80, 100))])
def test_a_judgement_that_says_nothing_corrects_nothing(counts: tuple[tuple[int, int], tuple[int, int]]) -> None:
    found = rogan_gladen(0.4, 100, *counts)
    assert (found.value, found.interval) == (None, None)
    assert "says nothing" in found.note


def test_a_judgement_that_perhaps_says_nothing_leaves_everything_open() -> None:
    found = rogan_gladen(0.4, 100, (6, 10), (5, 10)).interval
    assert found is not None
    assert (found.low, found.high) == (0.0, 1.0)


def test_models_that_differ_widen_the_interval() -> None:
    alone = rogan_gladen(0.5, 200, (285, 300), (285, 300)).interval
    among = rogan_gladen(0.5, 200, (285, 300), (285, 300), Spread(0.03, 0.03, 3)).interval
    assert alone is not None
    assert among is not None
    assert among.high - among.low > 1.2 * (alone.high - alone.low)


def test_no_judgement_finds_more_than_there_is() -> None:
    """Nothing is found that is not there, and 270 of 300 were found: whatever was missed, it is not less than 0.9."""
    certain = rogan_gladen(0.9, 300, (990, 1000), (10**7, 10**7)).interval
    elsewhere = rogan_gladen(0.9, 300, (990, 1000), (10**7, 10**7), Spread(0.1, 0.0, 4)).interval
    assert certain is not None
    assert elsewhere is not None
    assert elsewhere.high > certain.high
    assert elsewhere.low >= wilson(270, 300).low - 0.01


def test_leaving_one_out_compares_each_model_with_the_others() -> None:
    """0.9, 0.8 and 1.0 of 10 each, against 18/20, 19/20 and 17/20."""
    expected = math.sqrt(((0.9 - 0.9) ** 2 + (0.8 - 0.95) ** 2 + (1.0 - 0.85) ** 2) / 3)
    assert leave_one_out([(9, 10), (8, 10), (10, 10)]) == pytest.approx(expected)


@pytest.mark.parametrize("counts", [[], [(1, 2)], [(3, 2), (1, 2)], [(0, 0), (1, 2)]])
def test_leaving_one_out_takes_models(counts: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError):
        leave_one_out(counts)


@pytest.mark.parametrize("given", [(1.2, 10, (1, 2), (1, 2)), (0.5, 0, (1, 2), (1, 2)), (0.5, 10, (3, 2), (1, 2))])
def test_impossible_counts_are_refused(given: tuple[float, int, tuple[int, int], tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="impossible"):
        rogan_gladen(*given)


def test_the_same_counts_give_the_same_interval() -> None:
    first, second = (rogan_gladen(0.4, 90, (90, 100), (80, 100), seed=4) for _ in range(2))
    assert first == second
    assert rogan_gladen(0.4, 90, (90, 100), (80, 100), seed=5) != first


def test_the_interval_covers_where_the_judged_model_is_another_one() -> None:
    """150 simulations: a standard error of 0.018."""
    random, truth, hits = np.random.default_rng(8), 0.7, 0
    for _ in range(150):
        shares = random.beta(60, 4, 4), random.beta(60, 3, 4)
        counts = [[(int(random.binomial(120, p)), 120) for p in of[:3]] for of in shares]
        spread = Spread(leave_one_out(counts[0]), leave_one_out(counts[1]), 3)
        pooled = [(sum(right for right, _ in of), 360) for of in counts]
        observed = random.binomial(150, truth * shares[0][3] + (1 - truth) * (1 - shares[1][3])) / 150
        interval = rogan_gladen(observed, 150, pooled[0], pooled[1], spread).interval
        assert interval is not None
        hits += interval.low <= truth <= interval.high
    assert hits / 150 >= 0.95 - 3 * 0.018
