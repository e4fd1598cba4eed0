"""How mocks spoil answers: by the asked share, steadily, and only in the way that was asked for."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.models.mock.damage import DAMAGE, drop, gibberish, repeat, swap, truncate, wrong_number

SENTENCE = "In 1969 two of 3 people walked on the moon while 1 waited above them"
shares = st.floats(0, 1)
texts = st.text("ab 19.\n\té漢")
seeds = st.integers(0, 2**32)


@pytest.mark.parametrize("name", DAMAGE)
@given(text=texts, seed=seeds)
def test_a_share_of_zero_spoils_nothing(name: str, text: str, seed: int) -> None:
    assert DAMAGE[name](text, 0.0, Random(seed)).split() == text.split()


@pytest.mark.parametrize("name", DAMAGE)
@given(text=texts, share=shares, seed=seeds)
def test_the_same_seed_spoils_in_the_same_way(name: str, text: str, share: float, seed: int) -> None:
    assert DAMAGE[name](text, share, Random(seed)) == DAMAGE[name](text, share, Random(seed))


@given(low=shares, high=shares, seed=seeds)
def test_a_larger_share_drops_at_least_the_same_words(low: float, high: float, seed: int) -> None:
    low, high = sorted((low, high))
    fewer, more = (drop(SENTENCE, share, Random(seed)).split() for share in (high, low))
    remaining = iter(more)
    assert all(word in remaining for word in fewer)


def test_dropping_or_truncating_everything_leaves_nothing() -> None:
    assert drop(SENTENCE, 1.0, Random(0)) == truncate(SENTENCE, 1.0, Random(0)) == ""


@given(share=shares, seed=seeds)
def test_swapping_keeps_every_word(share: float, seed: int) -> None:
    assert sorted(swap(SENTENCE, share, Random(seed)).split()) == sorted(SENTENCE.split())


def test_truncating_keeps_the_beginning() -> None:
    assert truncate("a b c\nd e f g h i j", 0.7, Random(0)) == "a b c"


def test_repeating_ends_in_a_loop_over_the_last_words() -> None:
    looped = repeat("one two three four five", 1.0, Random(0))
    assert looped.startswith("one two three four five two three four five two")
    assert looped.count("three four") == 9
    assert repeat("", 1.0, Random(0)) == ""


@given(seed=seeds)
def test_wrong_numbers_change_every_number_and_nothing_else(seed: int) -> None:
    words, spoilt = SENTENCE.split(), wrong_number(SENTENCE, 1.0, Random(seed)).split()
    assert [before == after for before, after in zip(words, spoilt, strict=True)] == [not w.isdigit() for w in words]


def test_wrong_numbers_survive_numbers_that_python_refuses_to_read() -> None:
    assert wrong_number("9" * 5000, 1.0, Random(0)).isdigit()


def test_gibberish_keeps_the_shape_and_no_word() -> None:
    nonsense = gibberish(SENTENCE, 1.0, Random(0)).split()
    assert [len(word) for word in nonsense] == [len(word) for word in SENTENCE.split()]
    assert not set(nonsense) & set(SENTENCE.split())
