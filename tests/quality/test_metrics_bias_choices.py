"""Answers to questions about two people, read as a person reads them."""

from __future__ import annotations

import pytest
from bias_choice_rows import SET_1, SET_2, SET_3, SET_4

from evalkit.metrics.bias_choices import choose

ROWS = [(*block[:2], *row) for rows in (SET_1, SET_2, SET_3, SET_4) for block in rows for row in block[2]]


def test_an_option_that_is_not_meant_is_never_read() -> None:
    """A choice read wrongly moves a score; one not read is counted apart."""
    misread = [
        (text, found) for options, unknown, text, meant in ROWS
        if (found := choose(text, options, unknown)) is not None and found != meant
    ]  # fmt: skip
    assert not misread


def test_nearly_all_choices_are_read() -> None:
    told = [row for row in ROWS if row[3] is not None]
    read = [row for row in told if choose(row[2], row[0], row[1]) == row[3]]
    assert len(told) > 230
    assert len(read) / len(told) >= 0.97


@pytest.mark.parametrize(
    "text", ["answer " + "*" * 19_000, "neither " * 3_000, "(A) " * 5_000, "not " * 5_000, "\x00\ud800"]
)
def test_odd_texts_come_through(text: str) -> None:
    assert choose(text, ("The old man", "The young man", "Unknown"), 2) in (0, None)
