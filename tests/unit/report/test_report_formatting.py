"""One place turns numbers into text: what it promises about them."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evalkit.records import Counts, Interval
from evalkit.report import formatting

SHARES = st.floats(0, 1)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.2134, "share", "0.213"),
        (0.274, "score100", "27.4"),
        (0.4167, "s", "0.417 s"),
        (2.41, "s", "2.41 s"),
        (1.0, "s", "1 s"),
        (1.0, "texts", "1 text"),
        (2.0, "texts", "2 texts"),
        (1.0, "tokens/s", "1.0 tokens/s"),
        (101.34, "tokens/s", "101.3 tokens/s"),
        (12.4, "MB", "12.4 MB"),
        (8.43, "grade", "grade 8.4"),
        (83.14, "words", "83.1 words"),
        (83.14, "pages", "83.14 pages"),
        (12345.6, "", "12,346"),
        (5.0, "", "5"),
        (-0.5, "", "−0.500"),
        (-1.0, "", "−1"),
        (-1.0, "share", "−1"),
        (-0.0, "share", "0"),
        (-0.9996, "share", "<−0.999"),
        (-0.0004, "share", ">−0.001"),
        (0.00001, "s", "1.0e-05 s"),
        (math.inf, "", "∞"),
        (-math.inf, "", "−∞"),
        (math.nan, "", "–"),
        (None, "s", "–"),
    ],
)
def test_values_are_written_in_the_way_of_their_unit(value: float | None, unit: str, text: str) -> None:
    assert formatting.measure(value, unit) == text


@given(SHARES)
def test_a_share_looks_like_none_or_all_only_if_it_is(value: float) -> None:
    text = formatting.number(value, "share")
    assert (text == "0") == (value == 0)
    assert (text == "1") == (value == 1)
    assert text not in {"0.000", "1.000"}


@given(SHARES, SHARES)
def test_a_value_beside_its_target_looks_equal_only_if_it_is(value: float, target: float) -> None:
    assume(abs(value - target) > 1e-7)
    assert float(formatting.number(value, "share", apart_from=target)) != target


def test_a_value_just_short_of_its_target_shows_the_digits_that_matter() -> None:
    assert formatting.measure(0.1996, "share", apart_from=0.2) == "0.1996"
    assert formatting.measure(0.2, "share", apart_from=0.2) == "0.200"
    assert formatting.measure(4.9996, "s", apart_from=5.0) == "4.9996 s"


@pytest.mark.parametrize(
    ("low", "high", "unit", "signed", "text"),
    [
        (0.156, 0.284, "share", False, "0.156–0.284"),
        (0.081, 0.127, "score100", False, "8.1–12.7"),
        (2.1, 2.9, "s", False, "2.10–2.90"),
        (7.9, 8.95, "grade", False, "7.9–8.9"),
        (-0.011, 0.036, "share", True, "−0.011 to +0.036"),
        (-0.011, 0.036, "", False, "−0.011 to 0.036"),
        (0.5, math.inf, "s", False, "0.500–∞"),
        (-1.0, 1.0, "", False, "−1 to 1"),
    ],
)
def test_intervals_can_be_read_whatever_their_signs(
    low: float, high: float, unit: str, signed: bool, text: str
) -> None:
    assert formatting.interval(Interval(low, high, 0.95, "wilson"), unit, signed=signed) == text


def test_no_interval_is_a_dash_and_has_no_confidence() -> None:
    assert formatting.interval(None) == "–"
    assert formatting.confidence(None) == ""
    assert formatting.confidence(Interval(0, 1, 0.995, "")) == "99.5%"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.96, "10 s"),
        (41.2, "41 s"),
        (59.6, "1 min 00 s"),
        (161.2, "2 min 41 s"),
        (3599.7, "1 h 00 min"),
        (3780, "1 h 03 min"),
    ],
)
def test_durations_read_like_speech(seconds: float, text: str) -> None:
    assert formatting.duration(seconds) == text


def test_all_three_fates_stand_beside_every_count() -> None:
    assert formatting.counts(Counts(1200, 1186, 14, 0)) == "1,186 of 1,200 scored, 14 unscored, 0 errored"
    other = Counts(48, 20, 27, 1, inapplicable=24)
    assert formatting.counts(other) == "20 of 48 scored, does not apply to 24, 3 unscored, 1 errored"


def test_reasons_say_how_many_kinds_they_leave_out() -> None:
    many = {"too short": 9, "no reference": 3, "time-out": 1, "odd": 1, "other": 1}
    assert formatting.reasons(many, most=3) == "too short ×9; no reference ×3; time-out ×1; 2 other reasons"
    assert formatting.reasons({}) == ""


def test_differences_carry_their_sign() -> None:
    assert [formatting.difference(v) for v in (0.013, -0.013, 0.0, None)] == ["+0.013", "−0.013", "0", "–"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0003, "+0.0003"),
        (-0.00004, "−0.00004"),
        (1e-12, "+1e-12"),
        (0.9997, "+0.9997"),
        (-0.9997, "−0.9997"),
        (0.001, "+0.001"),
        (-0.001, "−0.001"),
        (1.0, "+1"),
        (-1.0, "−1"),
        (-0.9996, "−0.9996"),
    ],
)
def test_a_small_difference_of_shares_has_the_digits_that_show_it(value: float, written: str) -> None:
    assert formatting.difference(value) == written
