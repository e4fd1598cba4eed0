"""Syllables of words as a person counts them, common ones and names, and of whatever else comes along."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.metrics.syllables import count

SAID = {
    1: """the a I through strength made make makes horse eye clothes league plague tongue watched jumped played stopped
        friends eight dreams world don't school guess noise freak earth Tom's""",
    2: """about many over even any city very money people table little apple water wanted needed houses boxes churches
        hopeful moment movement create being doing idol lion poem quiet science create prism rhythm didn't couldn't
        evening iron layer million nation ocean question business student friendly loudly picture TV unique facebook""",
    3: """idea area family animal happily Africa Canada banana beautiful computer completely excitement radio video
        museum poetry created easier happier musician capitalist employee engineer loneliness continue September""",
    4: """information education January reality territory competitive relationship introduction European identity
        America association's society variety""",
    5: "university opportunity imagination association electricity communicated curiosity hippopotamus",
}


def test_common_words_are_counted_as_they_are_said() -> None:
    rows = [(word, syllables) for syllables, words in SAID.items() for word in words.split()]
    wrong = [(word, syllables, count(word)) for word, syllables in rows if count(word) != syllables]
    assert len(rows) > 120
    assert len(wrong) <= 3, wrong


@pytest.mark.parametrize(
    ("word", "syllables"), [("", 1), ("42", 1), ("3rd", 1), ("'", 1), ("brr", 3), ("WWW", 9), ("é", 1)]
)
def test_what_is_no_word_has_a_syllable_all_the_same(word: str, syllables: int) -> None:
    assert count(word) == syllables


@settings(max_examples=200)
@given(st.text(st.sampled_from("abceilnorstuy'") | st.characters(), max_size=25))
def test_any_word_has_at_least_one_and_no_more_than_letters_allow(word: str) -> None:
    assert 1 <= count(word) <= max(1, 3 * len(word.lower()))
    assert count(word.upper()) == count(word.lower()) or not word.isascii()


@pytest.mark.parametrize("unit", ["a", "e", "ia", "ble", "x", "'", "nt", "'t", "1"])
def test_a_very_long_word_is_counted_at_once(unit: str) -> None:
    assert count(unit * (200_000 // len(unit))) >= 1
