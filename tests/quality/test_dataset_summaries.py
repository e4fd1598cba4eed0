"""The summary set holds what its card promises, and its references are short, true and in other words."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from itertools import combinations

import pyphen
import pytest
from shipped_rows import Row, card_of, rows_of

KEYS = ["id", "document", "references", "category"]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return rows_of("summaries")


@pytest.fixture(scope="module")
def card() -> str:
    return card_of("summaries")


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    tokens = words(text)
    return {tuple(tokens[start : start + length]) for start in range(len(tokens) - length + 1)}


def readability(text: str) -> tuple[float, float]:
    """Flesch reading ease and Flesch-Kincaid grade by their published formulas, syllables by hyphenation."""
    hyphenation = pyphen.Pyphen(lang="en_US")
    tokens = re.findall(r"[\w'’-]+", text.lower())
    sentences = max(1, sum(len(part.split()) > 2 for part in re.findall(r"\b[^.!?]+[.!?]*", text)))
    per_sentence = len(tokens) / sentences
    per_word = sum(len(hyphenation.positions(token)) + 1 for token in tokens) / len(tokens)
    return 206.835 - 1.015 * per_sentence - 84.6 * per_word, 0.39 * per_sentence + 11.8 * per_word - 15.59


def similarity(one: str, two: str) -> float:
    a, b = set(words(one)), set(words(two))
    return len(a & b) / len(a | b)


def test_there_are_at_least_64_rows_with_stable_unique_ids(rows: list[Row]) -> None:
    assert len(rows) >= 64
    assert [row["id"] for row in rows] == [f"sum-{number:03d}" for number in range(1, len(rows) + 1)]


def test_every_row_has_the_fields_in_order_with_their_types(rows: list[Row]) -> None:
    for row in rows:
        assert list(row) == KEYS, row
        assert all(isinstance(row[key], str) and row[key] for key in KEYS if key != "references"), row
        assert isinstance(row["references"], list), row
        assert len(row["references"]) == 2, row
        assert all(isinstance(reference, str) and reference for reference in row["references"]), row


def test_text_is_clean(rows: list[Row]) -> None:
    for row in rows:
        for text in [row["document"], *row["references"]]:
            assert text == " ".join(text.split()), (row["id"], text)
            assert text == unicodedata.normalize("NFC", text), (row["id"], text)
            assert text.isprintable(), (row["id"], text)
            assert text[0].isupper(), (row["id"], text)


def test_lengths_are_those_of_a_passage_and_of_its_summary(rows: list[Row]) -> None:
    for row in rows:
        size = len(row["document"].split())
        assert 80 <= size <= 160, row["id"]
        for reference in row["references"]:
            assert 15 <= len(reference.split()) <= 40, (row["id"], reference)
            assert len(reference.split()) < size / 2, (row["id"], reference)
            assert reference.endswith("."), (row["id"], reference)
            assert 1 <= len(re.findall(r"[.!?](?=\s|$)", reference)) <= 2, (row["id"], reference)


def test_no_passage_is_a_near_copy_of_another(rows: list[Row]) -> None:
    pairs = combinations(rows, 2)
    assert [(a["id"], b["id"]) for a, b in pairs if similarity(a["document"], b["document"]) >= 0.4] == []


def test_the_two_summaries_of_a_passage_are_worded_differently(rows: list[Row]) -> None:
    for row in rows:
        assert similarity(*row["references"]) < 0.5, row["id"]


def test_summaries_do_not_copy_long_runs_from_the_passage(rows: list[Row]) -> None:
    for row in rows:
        copied = runs(row["document"], 10)
        assert all(runs(reference, 10).isdisjoint(copied) for reference in row["references"]), row["id"]


def test_a_summary_is_closer_to_its_own_passage_than_to_any_other(rows: list[Row]) -> None:
    """Guards against references that slipped to a neighbouring row."""
    common = {
        word for word, count in Counter(w for row in rows for w in set(words(row["document"]))).items() if count > 8
    }
    content = {row["id"]: set(words(row["document"])) - common for row in rows}
    for row in rows:
        for reference in row["references"]:
            shared = {name: len(content[name] & set(words(reference))) for name in content}
            best = max(shared, key=lambda name: shared[name])
            assert best == row["id"], (row["id"], best, reference)


def test_figures_in_a_summary_stand_in_its_passage(rows: list[Row]) -> None:
    for row in rows:
        figures = set(re.findall(r"\d+(?:[.,:]\d+)*", row["document"]))
        for reference in row["references"]:
            assert set(re.findall(r"\d+(?:[.,:]\d+)*", reference)) <= figures, (row["id"], reference)


def test_passages_and_summaries_are_easy_to_read(rows: list[Row]) -> None:
    for row in rows:
        for text in [row["document"], *row["references"]]:
            ease, grade = readability(text)
            assert ease > 40, (row["id"], ease, text)
            assert grade < 12, (row["id"], grade, text)


def test_card_agrees_with_the_file(rows: list[Row], card: str) -> None:
    categories = Counter(row["category"] for row in rows)
    assert len(categories) >= 10
    assert f"{len(rows)} rows" in card
    body = card.split("| category | rows |\n| --- | --- |\n", 1)[1].split("\n\n", 1)[0]
    cells = [line.strip("| ").split(" | ") for line in body.splitlines()]
    assert {name: int(count) for name, count in cells} == categories
    documents = [len(row["document"].split()) for row in rows]
    assert f"{min(documents)} to {max(documents)} words of British English" in card
    references = [len(reference.split()) for row in rows for reference in row["references"]]
    assert f"{min(references)} to {max(references)} words each" in card
    assert "Apache-2.0" in card
    assert all(f"| `{key}` |" in card for key in KEYS)
    example = json.loads(card.split("```json\n", 1)[1].split("\n```", 1)[0])
    assert example in rows
