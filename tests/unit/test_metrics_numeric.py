"""The last number of an answer, in the ways people and models write numbers."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.metrics.numeric import last_number, numeric
from evalkit.records import Unscored


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#### 12", "12"),
        ("12 is wrong #### 7 of 9", "7"),
        ("#### none, say 4", "4"),
        ("#### no", None),
        (r"\boxed{42} in 3 steps", "42"),
        ("The answer is 3.0.", "3"),
        ("She pays $1,234.50", "1234.5"),
        ("1,234,567 people", "1234567"),
        ("1\u202f234", "1234"),
        ("12, 13", "13"),
        ("(1,2)", "2"),
        ("60%", "60"),
        ("-5", "-5"),
        ("−5 °C", "-5"),
        ("-$5", "-5"),
        ("$-5", "-5"),
        ("x = -7.5 m", "-7.5"),
        ("8-5", "5"),
        ("8 - 5", "5"),
        ("- 5", "5"),
        ("it is 3/4 cup", "0.75"),
        ("1 1/2", "1.5"),
        (r"\frac{1}{2}", "0.5"),
        ("½", "0.5"),
        ("5/0", "5"),
        ("10/12/2024", "2024"),
        ("2024-05-01", "1"),
        ("at 7:30", "30"),
        (".5", "0.5"),
        ("1e3", "1000"),
        ("2.5e-2", "0.025"),
        ("１２", "12"),
        ("H2O", None),
        ("v1.2.3", None),
        ("no number", None),
        ("", None),
        ("-", None),
    ],
)
def test_the_last_number_is(text: str, expected: str | None) -> None:
    assert last_number(text) == (None if expected is None else Fraction(expected))


@given(
    st.decimals(-(10**9), 10**9, places=3), st.sampled_from(["{}", "so it is {}.", "#### {}", "A: {} apples", "{} €"])
)
def test_any_decimal_is_read_back_exactly(number: object, frame: str) -> None:
    assert last_number(frame.format(number)) == Fraction(str(number))


@given(st.integers(-(10**12), 10**12))
def test_thousands_separators_do_not_change_the_value(number: int) -> None:
    assert last_number(f"It costs {number:,} in all.") == number


@given(st.text(st.sampled_from("0123456789.,-+/$e% '\n#"), max_size=40))
def test_any_tangle_of_digits_and_signs_is_survived(text: str) -> None:
    assert last_number(text) is None or any(character.isdigit() for character in text)


def test_thousands_of_digits_are_survived() -> None:
    assert last_number("7" * 200_000) is not None
    assert last_number("7/" * 100_000) is not None
    assert last_number("123," * 10_000) is not None
    assert last_number("a" + "7" * 30_000 + " is long, 5 is short") == 5
    assert last_number("1e999") == Fraction(10) ** 999


def test_an_answer_is_right_if_its_last_number_is_any_reference_s() -> None:
    assert numeric.text_statistics("I think 3 then 4.0", ["4", "5"]) == (1.0, 1.0)
    assert numeric.text_statistics("4 then 3", ["4"]) == (0.0, 1.0)
    assert numeric.text_statistics("four", ["4"]) == (0.0, 1.0)
    assert numeric.text_statistics("4", ["four"]) == Unscored("no number in the reference")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("#### 1. Find the cost\n3 * 5 = 15\n#### 2. Add tax\n15 + 1 = 16", 16),  # headings are no marks
        ("The answer is 18. Ask me if you have 2 more questions.", 18),
        ("The answer is 18. Wait, less the 3 eaten: 18 - 3 = 15", 15),
        ("So the answer is 3 + 9 = 12 apples in 2 bags.", 12),
        ("The area is 50 cm^2.", 50),
        ("1.5 x 10^3", 1500),
        ("2 \\cdot 10^{-1}", Fraction(1, 5)),
        ("2^{10}", 1024),
        ("10⁶", 10**6),
        ("2½", Fraction(5, 2)),
        ("3\\frac{1}{2}", Fraction(7, 2)),
        ("\\frac12", Fraction(1, 2)),
        ("10{,}000", 10000),
        ("12,34,567", 1234567),
        ("1 234 567", 1234567),
        ("1.234,50", Fraction(2469, 2)),
        ("5 100", 100),
    ],
)
def test_numbers_as_they_are_typeset(text: str, wanted: Fraction | int) -> None:
    assert last_number(text) == wanted
