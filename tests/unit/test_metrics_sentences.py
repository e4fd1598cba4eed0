"""Sentences as people count them (counted by hand here), and as NLTK's Punkt does (its answers, noted here)."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.metrics.sentences import count, marked, punkt


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", 0),
        ("...", 0),
        ("🎉", 0),
        ("No stop here", 1),
        ("Yes. No. Maybe.", 3),
        ("What?! No way!!! Really?", 3),
        ("Dr. Smith went home.", 1),
        ("Mr. and Mrs. Jones met Prof. Lee. They talked.", 2),
        ("He lives in the U.S. and works for the U.N. in Geneva.", 1),
        ("She moved to the U.S. He stayed.", 2),
        ("Use tools (e.g. Git, SVN), i.e. programs, daily.", 1),
        ("It costs $3.50. Pi is 3.14159, e is 2.718.", 2),
        ("J. K. Rowling wrote it. J.R.R. Tolkien died in 1973. He was old.", 3),
        ("Wait... what? Well… maybe not.", 2),
        ("He paused... Then he left.", 2),
        ('"Really?" he asked.', 1),
        ("“Stop!” she cried. Nobody did.", 2),
        ("He said “I am tired.” Then he slept.", 2),
        ("He left (finally!) and slept.", 1),
        ("We met at 5 p.m. on Monday. We ate at 7 p.m. Then we left.", 3),
        ("Apples, pears, etc. are fruit. Nuts, etc. Names differ.", 3),
        ("See Fig. 3 and eq. 4. No. 5 is alive. No. That is wrong.", 4),
        ("Visit https://example.com/a.b?c=d. Version 2.0.1 is out.", 2),
        ("The Ph.D. student left Acme Inc. in 2019.", 1),
        ("She felt ill. Marie came. On Sat. Jack sat. Bill ran.", 5),
        ("Visit 12 Main St. We open at St. Mary's on Tues. Bring notes.", 3),
        ("Il est 15 h. Nous partons (b. 1879, d. 1955).", 2),
        ("i went home. then i slept.", 2),
        ("**Bold claim.** Next one. *Really.* _Yes._ OK.", 5),
        ("Great! 🎉 Thanks. 😊", 2),
        ("你好。再见！", 2),
        ("नमस्ते दुनिया। फिर मिलेंगे।", 2),
        ("آپ کیسے ہیں؟ میں ٹھیک ہوں۔", 2),
        ("Это тест. Он короткий.", 2),
    ],
)
def test_people_count_sentences_so(text: str, sentences: int) -> None:
    assert count(text) == sentences


@pytest.mark.parametrize(
    ("text", "sentences", "lines"),
    [
        ("1. Mix the flour.\n2. Bake it. Wait.\n10. Eat.", 4, 4),
        ("- a. First\n- b. Second", 1, 2),
        ("I. Intro\nII. Body\nIII. End", 1, 3),
        ("# Title\n\nText here. More.", 2, 3),
        ("A line that\nis wrapped. Next.", 2, 3),
    ],
)
def test_items_and_lines(text: str, sentences: int, lines: int) -> None:
    assert count(text) == sentences
    assert count(text, lines=True) == lines


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", 0),
        ("🎉", 1),
        ("Dr. Smith went home. He slept.", 2),
        ("1. Mix the flour.\n2. Bake it.", 4),
        ("Pears, etc. are fruit.", 2),
        ("He said “I am tired.” Then he slept.", 2),
        ("J. K. Rowling wrote it. Then R.C. Bray read it.", 3),
        ("It costs $3.50. That is cheap...", 2),
        ("A line that\nis wrapped.", 1),
        ("Enjoy!**", 2),
    ],
)
def test_punkt_counts_sentences_so(text: str, sentences: int) -> None:
    assert punkt(text) == sentences


def test_sentences_are_marked_where_they_end_and_nowhere_else() -> None:
    assert marked("Dr. Smith paid $3.50... really! Why? He left.") == "Dr Smith paid $350 really. Why. He left."
    assert (
        marked("Here they are:\n\nOne was wrapped\n\nover an empty line")
        == "Here they are:. One was wrapped\n\nover an empty line."
    )
    assert marked(" \n... ") == ""


WORD = st.text(st.sampled_from(string.ascii_lowercase), min_size=3, max_size=9).map(lambda word: word + "xx")


@settings(max_examples=60)
@given(st.lists(st.lists(WORD, min_size=2, max_size=6), min_size=1, max_size=9), st.sampled_from(".!?"), st.data())
def test_sentences_of_plain_words_are_counted_exactly(said: list[list[str]], stop: str, data: st.DataObject) -> None:
    text = ""
    for words in said:
        text += " ".join(words).capitalize() + stop + data.draw(st.sampled_from([" ", "\n", "\n\n", '" ', "” ", ") "]))
    assert count(text) == count(text, lines=True) == len(said)


@settings(max_examples=150)
@given(st.text(st.sampled_from("ab1 _.!?…。，\n\"'”»)]-*A") | st.characters(), max_size=80))
def test_any_text_is_counted_and_lines_never_make_fewer(text: str) -> None:
    assert 0 <= count(text) <= count(text, lines=True) <= len(text)
    assert punkt(text) >= bool(text.strip())
    assert marked(text).count(".") >= count(text)


@settings(max_examples=60)
@given(st.text(max_size=60), st.text(max_size=60))
def test_lines_add_up(one: str, other: str) -> None:
    both = count(f"{one}\n{other}", lines=True)
    assert both == count(one, lines=True) + count(other, lines=True)
