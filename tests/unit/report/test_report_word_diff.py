"""What changed between two answers, word by word."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.report.hostile import visible
from evalkit.report.word_diff import word_diff

WORDS = st.lists(st.sampled_from(["a", "the", "Paris,", "Lyon.", "x\u202ey"]), max_size=12)
SPACE = st.sampled_from([" ", "  ", "\n", "\t"])


def unmarked(pieces) -> list[str]:
    return "".join(text for text, mark in pieces if not mark).split()


def test_words_of_one_side_only_are_marked_there() -> None:
    before, after = word_diff("It is Paris, I know.", "It is surely Lyon, I know.", 1000)
    assert before == (("It is ", ""), ("Paris,", "del"), (" I know.", ""))
    assert after == (("It is ", ""), ("surely Lyon,", "ins"), (" I know.", ""))


def test_other_spaces_are_no_change() -> None:
    before, after = word_diff("one two", "one\n\ntwo ", 1000)
    assert not any(mark for _, mark in before + after)


def test_an_empty_side_is_empty() -> None:
    assert word_diff("", "all new", 1000) == ((), (("all new", "ins"),))
    assert word_diff("", "", 1000) == ((), ())


def test_a_megabyte_is_shortened_before_it_is_compared() -> None:
    before, after = word_diff("a b " * 250_000, "a c " * 250_000, 400)
    assert sum(len(text) for text, _ in before + after) < 1000


@settings(max_examples=100)
@given(WORDS, WORDS, SPACE, SPACE)
def test_pieces_are_the_text_and_what_is_not_marked_is_common(one, other, space, between) -> None:
    first, second = space.join(one), between.join(other)
    before, after = word_diff(first, second, 1000)
    assert "".join(text for text, _ in before) == visible(first)
    assert "".join(text for text, _ in after) == visible(second)
    assert unmarked(before) == unmarked(after)
    assert {mark for _, mark in before} <= {"", "del"}
    assert {mark for _, mark in after} <= {"", "ins"}
