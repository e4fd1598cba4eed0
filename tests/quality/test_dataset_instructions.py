"""The instruction set holds what its card promises, and its first reference is a very good answer."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from itertools import combinations

import pyphen
import pytest
from shipped_rows import Row, card_of, rows_of, table

KEYS = ["id", "instruction", "references", "category", "keywords", "expected_length"]
LISTS = {"references", "keywords"}
REFERENCE_WORDS = {"short": (8, 45), "long": (35, 120)}


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return rows_of("instructions")


@pytest.fixture(scope="module")
def card() -> str:
    return card_of("instructions")


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def contains(text: str, phrase: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text, re.IGNORECASE) is not None


def syllables(word: str, hyphenation: pyphen.Pyphen) -> int:
    """The larger of two estimates, because hyphenation alone misses syllables and would flatter the text."""
    vowel_groups = len(re.findall(r"[aeiouy]+", word))
    if word.endswith(("e", "ed", "es")) and not word.endswith(
        ("le", "ee", "ted", "ded", "ses", "ces", "ges", "ches", "shes")
    ):
        vowel_groups -= 1
    return max(1, vowel_groups, len(hyphenation.positions(word)) + 1)


def readability(text: str) -> tuple[float, float]:
    """Flesch reading ease and Flesch-Kincaid grade by their published formulas."""
    hyphenation = pyphen.Pyphen(lang="en_US")
    tokens = re.findall(r"[\w'’-]+", text.lower())
    # fragments of one or two words ("10 a.m.") are no sentences of their own
    sentences = max(1, sum(len(part.split()) > 2 for part in re.findall(r"\b[^.!?]+[.!?]*", text)))
    per_sentence = len(tokens) / sentences
    per_word = sum(syllables(token, hyphenation) for token in tokens) / len(tokens)
    return 206.835 - 1.015 * per_sentence - 84.6 * per_word, 0.39 * per_sentence + 11.8 * per_word - 15.59


def close_pairs(rows: list[Row], texts: list[str], limit: float) -> list[tuple[str, str]]:
    bags = [(row["id"], set(words(text))) for row, text in zip(rows, texts, strict=True)]
    return [(a, b) for (a, one), (b, two) in combinations(bags, 2) if len(one & two) >= limit * len(one | two)]


def test_there_are_at_least_130_rows_with_stable_unique_ids(rows: list[Row]) -> None:
    assert len(rows) >= 130
    assert [row["id"] for row in rows] == [f"ins-{number:03d}" for number in range(1, len(rows) + 1)]


def test_every_row_has_the_fields_in_order_with_their_types(rows: list[Row]) -> None:
    for row in rows:
        assert list(row) == KEYS, row
        assert all(isinstance(row[key], str) and row[key] for key in KEYS if key not in LISTS), row
        for key in LISTS:
            assert isinstance(row[key], list), row
            assert row[key], row
            assert all(isinstance(entry, str) and entry for entry in row[key]), row
            assert len(set(row[key])) == len(row[key]), row
        assert row["expected_length"] in REFERENCE_WORDS, row


def test_text_is_clean_plain_prose(rows: list[Row]) -> None:
    for row in rows:
        for text in [row["instruction"], *row["references"], *row["keywords"]]:
            assert text == " ".join(text.split()), (row["id"], text)
            assert text == unicodedata.normalize("NFC", text), (row["id"], text)
            assert text.isprintable(), (row["id"], text)
        for reference in row["references"]:
            assert re.search(r"[`*#<>|{}\[\]_]|^\s*[-\d]+[.)] ", reference) is None, (row["id"], reference)
            assert reference.endswith((".", "!", "?", '."')), (row["id"], reference)


def test_no_instruction_or_answer_is_a_near_copy_of_another(rows: list[Row]) -> None:
    assert close_pairs(rows, [row["instruction"] for row in rows], 0.6) == []
    assert close_pairs(rows, [row["references"][0] for row in rows], 0.5) == []


def test_references_of_one_row_differ_in_wording(rows: list[Row]) -> None:
    for row in rows:
        assert len({" ".join(words(reference)) for reference in row["references"]}) == len(row["references"]), row["id"]


def test_first_reference_holds_every_keyword_as_whole_words(rows: list[Row]) -> None:
    for row in rows:
        assert 2 <= len(row["keywords"]) <= 6, row["id"]
        for keyword in row["keywords"]:
            assert keyword == keyword.lower(), (row["id"], keyword)
            assert contains(row["references"][0], keyword), (row["id"], keyword)


def test_repeating_the_instruction_seldom_holds_every_keyword(rows: list[Row], card: str) -> None:
    echoes = [row["id"] for row in rows if all(contains(row["instruction"], keyword) for keyword in row["keywords"])]
    assert len(echoes) == 4, echoes
    assert "in four rows the instruction itself already does" in card


def test_references_are_as_long_as_the_row_expects(rows: list[Row]) -> None:
    for row in rows:
        low, high = REFERENCE_WORDS[row["expected_length"]]
        assert low <= len(row["references"][0].split()) <= high, row["id"]
        assert all(len(reference.split()) >= 8 for reference in row["references"]), row["id"]
        if row["expected_length"] == "short":
            assert all(len(reference.split()) < 50 for reference in row["references"]), row["id"]


def test_every_instruction_asks_for_a_length(rows: list[Row]) -> None:
    asks = re.compile(r"sentence|paragraph|brief|short (letter|email|note)|at most", re.IGNORECASE)
    assert [row["id"] for row in rows if asks.search(row["instruction"]) is None] == []
    for row in rows:
        if row["expected_length"] == "short":
            assert re.search(r"paragraph", row["instruction"]) is None, row["id"]


def test_references_have_the_number_of_sentences_asked_for(rows: list[Row]) -> None:
    asked = {
        r"\b(one|single|one (full|short|clear))[ -]sentence\b": (1, 1),
        r"(?<!or )(?<!most )(?<!than )\btwo[ -]sentences?\b": (2, 2),
        r"\b(one-? or|at most|no more than) two[ -]sentences?\b": (1, 2),
        r"\bthree or four (plain )?sentences\b": (3, 4),
    }
    checked = 0
    for row in rows:
        for pattern, (low, high) in asked.items():
            if re.search(pattern, row["instruction"], re.IGNORECASE) is None:
                continue
            checked += 1
            for reference in row["references"]:
                # a mark before a closing quote ends a sentence only if a new one starts
                ends = re.findall(r"[.!?]\"?(?=\s+[\"A-Z]|$)", reference)
                assert low <= len(ends) <= high, (row["id"], row["instruction"], reference)
    assert checked >= 60


def test_references_are_easy_to_read(rows: list[Row]) -> None:
    for row in rows:
        for reference in row["references"]:
            ease, grade = readability(reference)
            assert ease > 40, (row["id"], ease, reference)
            assert grade < 12, (row["id"], grade, reference)


def test_readability_agrees_with_a_count_by_hand() -> None:
    # 10 words, 2 sentences, 12 syllables (only "happy" and "over" have two)
    ease, grade = readability("The cat sat on my mat. It was happy over.")
    assert ease == pytest.approx(206.835 - 1.015 * 5 - 84.6 * 1.2)
    assert grade == pytest.approx(0.39 * 5 + 11.8 * 1.2 - 15.59)


def test_categories_are_many_and_both_lengths_are_common(rows: list[Row]) -> None:
    categories = Counter(row["category"] for row in rows)
    assert len(categories) >= 10
    assert min(categories.values()) >= 10
    lengths = Counter(row["expected_length"] for row in rows)
    assert min(lengths["short"], lengths["long"]) >= 60


def test_card_agrees_with_the_file(rows: list[Row], card: str) -> None:
    assert f"{len(rows)} rows" in card
    assert table(card, "category") == Counter(row["category"] for row in rows)
    assert table(card, "expected_length") == Counter(row["expected_length"] for row in rows)
    for length, (low, high) in {"short": (8, 41), "long": (58, 84)}.items():
        sizes = [len(row["references"][0].split()) for row in rows if row["expected_length"] == length]
        assert (min(sizes), max(sizes)) == (low, high)
        assert f"{low} to {high} words in {length} rows" in card
    assert "Apache-2.0" in card
    assert all(f"| `{key}` |" in card for key in KEYS)
    example = json.loads(card.split("```json\n", 1)[1].split("\n```", 1)[0])
    assert example in rows
