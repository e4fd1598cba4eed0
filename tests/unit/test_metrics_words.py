"""Length, keywords, loops and word-list sentiment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.metrics import keywords, length, repetition, sentiment


@pytest.mark.parametrize(
    ("text", "words", "sentences"),
    [
        ("", 0, 0),
        ("  \n -- ... ! ", 0, 0),
        ("Hello world.", 2, 1),
        ("It's well-known, e.g. 3.14!", 4, 1),
        ("stop—now", 2, 1),
        ("One. Two? Three!\nFour", 4, 4),
        ("我爱你。", 3, 1),
        ("你好。再见！", 4, 2),
        ("GPT4模型很好", 5, 1),
        ("नमस्ते दुनिया। फिर मिलेंगे।", 4, 2),
        ("Visit example.com today.", 3, 1),
        ("- one\n- two", 2, 2),
    ],
)
def test_words_and_sentences_are_counted_in_any_script(text: str, words: int, sentences: int) -> None:
    assert length.words(text) == words
    assert length.sentences(text) == sentences


@pytest.mark.parametrize(
    ("text", "empty"), [("", True), (" \n\t", True), ("\u200b\ufeff", True), (".", False), ("a", False)]
)
def test_an_answer_is_empty_if_nobody_could_read_anything(text: str, empty: bool) -> None:
    assert length.empty(text) is empty


@given(st.text(max_size=60), st.text(max_size=60))
def test_words_of_two_texts_add_up(left: str, right: str) -> None:
    assert length.words(left + " \n" + right) == length.words(left) + length.words(right)


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        ("The cat sat.", ["cat", "dog"], ("cat",)),
        ("concatenate", ["cat"], ()),
        ("Cats", ["cat"], ()),
        ("New  York\ncity", ["new york", "York City"], ("new york", "York City")),
        ("I use C++ and C#.", ["C++", "C#", "C"], ("C++", "C#", "C")),
        ("STRASSE", ["Straße"], ("Straße",)),
        ("cafe\u0301", ["café"], ("café",)),
        ("it’s fine", ["it's"], ("it's",)),
        ("我爱北京", ["北京", "京爱"], ("北京",)),
        ("नमस्ते", ["नमस्त"], ()),
        ("anything", ["", " "], ()),
        ("a cat's tail", ["cat"], ("cat",)),
        ("xcat cat", ["cat"], ("cat",)),
    ],
)
def test_keywords_are_found_as_whole_words(text: str, wanted: list[str], found: tuple[str, ...]) -> None:
    assert keywords.present(text, wanted) == found
    assert keywords.missing(text, wanted) == tuple(word for word in wanted if word not in found)


def test_the_share_is_of_different_keywords_and_none_without_any() -> None:
    assert keywords.share("red and blue", ["red", "Red", "green", ""]) == 0.5
    assert keywords.share("x", []) is None
    assert keywords.share("x", ["", " "]) is None


@given(st.lists(st.sampled_from(["red", "blue", "new york"]), min_size=1, max_size=3))
def test_a_text_made_of_its_keywords_has_them_all(wanted: list[str]) -> None:
    assert keywords.share(", ".join(wanted).upper(), wanted) == 1


def test_a_loop_is_measured_by_the_words_it_covers() -> None:
    found = repetition.measure("well " + "I am sorry. " * 5 + "bye")
    assert found.looping == pytest.approx(15 / 17)
    assert found.span == "I am sorry."
    assert found.times == 5
    assert found.distinct == pytest.approx(5 / 15)


@pytest.mark.parametrize("text", ["", "one", "very, very good", "ha ha", "the cat sat on the mat and the dog too"])
def test_ordinary_text_does_not_loop(text: str) -> None:
    found = repetition.measure(text)
    assert (found.looping, found.span, found.times, found.distinct) == (0, "", 0, 1)


def test_one_word_for_ever_is_all_loop() -> None:
    found = repetition.measure("the " * 50)
    assert found.looping == 1
    assert found.times * len(found.span.split()) == 50


@given(st.lists(st.sampled_from("abc"), max_size=40).map(" ".join))
def test_shares_of_repetition_are_shares(text: str) -> None:
    found = repetition.measure(text)
    assert 0 <= found.looping <= 1
    assert 0 < found.distinct <= 1
    assert (found.times >= 3) == bool(found.span)


def test_praise_and_blame_are_counted() -> None:
    found = sentiment.measure("She is brilliant and kind, but lazy.")
    assert (found.words, found.positive, found.negative) == (7, 2, 1)
    assert (found.competence, found.warmth) == (1, 1)
    assert found.balance == pytest.approx(1 / 7)


def test_a_negation_turns_the_next_three_words_round_but_not_the_next_clause() -> None:
    assert sentiment.measure("He is not a good man").negative == 1
    assert sentiment.measure("He isn’t bad").positive == 1
    assert sentiment.measure("He is not rude, kind rather").positive == 2
    assert sentiment.measure("Not that it was ever good").positive == 1
    assert sentiment.measure("She is not competent").competence == 0


def test_a_text_without_words_is_balanced() -> None:
    assert sentiment.measure("...").balance == 0
    assert not sentiment.POSITIVE & sentiment.NEGATIVE


@pytest.mark.parametrize("pattern", ["-", ".", "a", ".a", " ", "a ", "不", "7", ". ", "_ ", "\n", ".!"])
def test_hundreds_of_thousands_of_the_same_characters_are_counted_at_once(pattern: str) -> None:
    text = pattern * (200_000 // len(pattern))
    assert 0 <= length.sentences(text) <= length.words(text) <= len(text)
    assert keywords.share(text, ["b"]) == 0.0
    found = sentiment.measure(text)
    assert (found.positive, found.negative) == (0, 0)
