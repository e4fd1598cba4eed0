"""Texts in pieces: every piece is shown once, marks are where they should be, and no text takes for ever."""

from __future__ import annotations

import pytest

pytest.importorskip("starlette")
from hypothesis import given
from hypothesis import strategies as st

from evalkit.web.marking import _pattern, around, differences, marked_in, marked_pieces

words = st.lists(st.sampled_from(["a", "b", "c", "d", "e", ".", ",", "the"]), max_size=40).map(" ".join)


def joined(pieces: tuple[tuple[str, bool], ...]) -> str:
    return "".join(text for text, _ in pieces)


@given(words, words)
def test_unmarked_pieces_are_what_both_texts_share(before: str, after: str) -> None:
    was, now = differences(before, after, 1000)
    assert (joined(was), joined(now)) == (before, after)
    shared = ["".join(text for text, marked in side if not marked).split() for side in (was, now)]
    assert shared[0] == shared[1]
    if before == after:
        assert not any(marked for _, marked in (*was, *now))


def test_a_changed_word_alone_is_marked() -> None:
    was, now = differences("The capital is Paris, I think.", "The capital is Lyon, I think.", 1000)
    assert [text.strip() for text, marked in was if marked] == ["Paris,"]
    assert [text.strip() for text, marked in now if marked] == ["Lyon,"]


@pytest.mark.parametrize("unit", ["the ", "x", "a\n", ". "])
def test_long_texts_end_and_their_difference_is_seen(unit: str) -> None:
    was, now = differences(unit * 300_000 + "one end", unit * 300_000 + "other end", 6000)
    assert any(marked and "one" in text for text, marked in was)
    assert any(marked and "other" in text for text, marked in now)
    assert len(joined(was)) < 10_000


@pytest.mark.parametrize(
    ("text", "terms", "marked"),
    [
        ("Sorry, I am sorry.", ["sorry"], ["Sorry", "sorry"]),
        ("unsorry sorrytale", ["sorry"], ["sorry"]),
        ("I  cannot, help", ["I cannot help"], ["I  cannot, help"]),
        ("日本語です", [" 本  語 "], ["本語"]),
        ("a.b*c", [".*"], []),
        ("anything", ["!!!"], []),
    ],
)
def test_what_was_searched_for_is_marked(text: str, terms: list[str], marked: list[str]) -> None:
    assert [piece for piece, is_marked in marked_in(text, terms, 1000) if is_marked] == marked


def test_a_teaser_shows_where_it_was_found() -> None:
    pieces = around("word " * 1000 + "needle in it " + "word " * 1000, ["needle"], 200)
    assert ("needle", True) in pieces
    assert pieces[0] == ("…", False)
    assert pieces[-1] == ("…", False)
    assert len(joined(pieces)) < 210


@given(st.text(), st.lists(st.text(max_size=10), max_size=4))
def test_no_text_and_no_term_breaks_it(text: str, terms: list[str]) -> None:
    assert joined(tuple(marked_pieces(text, _pattern(terms)))) == text, "marking loses and adds nothing"
    around(text, terms, 50)
    marked_in(text, terms, 50)
    differences(text, "".join(terms), 50)
