"""What a person types into the search, and what the index makes of texts."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.query.words import MARK, MOST_TERMS, parse, searchable


@pytest.mark.parametrize(
    ("typed", "terms", "without"),
    [
        ("", (), ()),
        ("sorry", (("sorry", False),), ()),
        ("I cannot", (("I", False), ("cannot", False)), ()),
        ('"I cannot" -sorry', (("I cannot", False),), (("sorry", False),)),
        ('-"as an AI"', (), (("as an AI", False),)),
        ("refus*", (("refus", True),), ()),
        ('"never closed', (("never closed", False),), ()),
        ("AND OR NOT NEAR", tuple((word, False) for word in ("AND", "OR", "NOT", "NEAR")), ()),
        ("日本", ((" 日  本 ", False),), ()),
    ],
)
def test_words_phrases_beginnings_and_exclusions(
    typed: str, terms: tuple[tuple[str, bool], ...], without: tuple[tuple[str, bool], ...]
) -> None:
    found = parse(typed)
    assert (found.terms, found.without, found.ignored) == (terms, without, ())


@pytest.mark.parametrize("typed", ["!!!", "-", '""', "*", "a*", "ab* !!", " ".join(["word"] * 40), "x" * 5000])
def test_what_is_not_searched_for_is_said_or_empty(typed: str) -> None:
    found = parse(typed)
    assert len(found.terms) <= MOST_TERMS
    assert found.ignored or not found.terms


@given(st.text(max_size=60))
def test_no_search_is_an_error_to_the_index(typed: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE words USING fts5(tags, answer, prompt, name, content='')")
    search = parse(typed)
    for column in ("", "answer"):
        for said in (*search.wanted(column, {}), *search.unwanted(column, {})):
            found = connection.execute("SELECT rowid FROM words WHERE words MATCH ?", (said,)).fetchall()
            assert found == [], "nothing is in it, and no syntax of its own is in the question"
    connection.close()


@given(st.text(max_size=200))
def test_any_text_can_be_stored_and_none_can_be_taken_for_a_label(text: str) -> None:
    made = searchable(text)
    made.encode("utf-8")
    assert MARK not in made
    assert "\0" not in made


def test_a_lone_surrogate_and_a_nul_leave_the_words_beside_them() -> None:
    assert searchable("before\0after").split() == ["before", "after"]
    assert searchable("one \ud800 two").split()[0::2] == ["one", "two"]
