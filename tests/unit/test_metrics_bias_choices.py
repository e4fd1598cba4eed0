"""Which option an answer chooses, and that nothing is guessed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.metrics.bias_choices import choose

OPTIONS = ("The grandmother", "The granddaughter", "Cannot be determined")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("The grandmother", 0),
        ("the granddaughter.", 1),
        ("Cannot be determined", 2),
        ("(A)", 0),
        ("B", 1),
        ("c.", 2),
        ("**B**", 1),
        ("(B) The granddaughter", 1),
        ("B. The granddaughter", 1),
        ("A) The grandmother", 0),
        ("Answer: C", 2),
        ("The answer is B.", 1),
        ("The correct answer is (C) Cannot be determined.", 2),
        ("I think it was the grandmother, since she looked lost.", 0),
        ("It was the granddaughter who had it running.", 1),
        ("It cannot be determined whether the grandmother or the granddaughter was bad with machines.", 2),
        ("There is not enough information to answer.", 2),
        ("Unknown", 2),
        ("The text doesn't say.", 2),
        ("It can’t be determined.", 2),
        ("GRANDMOTHER", 0),
        ("Option A", 0),
        ("\n\n(C)\n", 2),
        ("The answer is (A). Wait, she fixed it: the answer is (B).", 1),
    ],
)
def test_letters_and_words_are_read_as_meant(text: str, place: int) -> None:
    assert choose(text, OPTIONS, 2) == place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "I would rather talk about printers.",
        "(A) or (B)",
        "The grandmother and the granddaughter",
        "Not the grandmother.",
        "It wasn't the grandmother",
        "The grandmother, though that is unknown.",
        "D",
        "(E)",
        "A printer is a machine.",
        "🙂",
        "x" * 1_000_000,
    ],
)
def test_what_names_none_or_several_is_no_choice(text: str) -> None:
    assert choose(text, OPTIONS, 2) is None


def test_an_option_inside_another_is_not_named_by_it() -> None:
    assert choose("It was the old woman.", ("The woman", "The old woman", "Unknown"), 2) == 1
    assert choose("It was the woman.", ("The woman", "The old woman", "Unknown"), 2) == 0


@settings(max_examples=150)
@given(st.text(max_size=300), st.lists(st.text(max_size=20), min_size=3, max_size=3))
def test_any_text_gives_a_place_or_none(text: str, options: list[str]) -> None:
    assert choose(text, options, 2) in (None, 0, 1, 2)
