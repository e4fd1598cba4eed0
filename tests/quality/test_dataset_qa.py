"""The question set holds what its card promises, and its first reference is a perfect answer."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from itertools import combinations

import pytest
from shipped_rows import Row, card_of, rows_of, table

KEYS = ["id", "question", "references", "category", "difficulty"]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return rows_of("qa")


@pytest.fixture(scope="module")
def card() -> str:
    return card_of("qa")


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def test_there_are_at_least_220_rows_with_stable_unique_ids(rows: list[Row]) -> None:
    assert len(rows) >= 220
    assert [row["id"] for row in rows] == [f"qa-{number:03d}" for number in range(1, len(rows) + 1)]


def test_every_row_has_the_fields_in_order_with_their_types(rows: list[Row]) -> None:
    for row in rows:
        assert list(row) == KEYS, row
        assert all(isinstance(row[key], str) and row[key] for key in KEYS if key != "references"), row
        assert isinstance(row["references"], list), row
        assert all(isinstance(reference, str) for reference in row["references"]), row
        assert row["difficulty"] in {"easy", "medium", "hard"}, row


def test_text_is_clean(rows: list[Row]) -> None:
    for row in rows:
        for text in [row["question"], *row["references"]]:
            assert text, row["id"]
            assert text == " ".join(text.split()), (row["id"], text)
            assert text == unicodedata.normalize("NFC", text), (row["id"], text)
            assert text.isprintable(), (row["id"], text)
            assert "\N{REPLACEMENT CHARACTER}" not in text, (row["id"], text)
            # normalisers drop punctuation: an answer of punctuation alone would be equal to an empty reply
            assert words(text), (row["id"], text)


def test_first_reference_is_a_sentence_and_short_forms_follow(rows: list[Row]) -> None:
    for row in rows:
        sentence, *short_forms = row["references"]
        assert len(words(sentence)) >= 3, row["id"]
        assert sentence[0].isupper() or sentence[0].isdigit(), (row["id"], sentence)
        assert sentence.endswith("."), (row["id"], sentence)
        assert short_forms, row["id"]
        assert len(set(row["references"])) == len(row["references"]), row["id"]
        assert all(len(form) < len(sentence) for form in short_forms), row["id"]


def test_no_question_is_asked_twice_even_in_nearly_the_same_words(rows: list[Row]) -> None:
    assert len({row["question"].casefold() for row in rows}) == len(rows)
    bags = [(row["id"], set(words(row["question"]))) for row in rows]
    close = [(a, b) for (a, one), (b, two) in combinations(bags, 2) if len(one & two) >= 0.8 * len(one | two)]
    assert close == []


def test_categories_are_many_and_none_is_thin(rows: list[Row]) -> None:
    counts = Counter(row["category"] for row in rows)
    assert len(counts) >= 10
    assert min(counts.values()) >= 15


def test_about_half_of_the_questions_are_easy_and_some_are_hard(rows: list[Row]) -> None:
    counts = Counter(row["difficulty"] for row in rows)
    assert 0.4 <= counts["easy"] / len(rows) <= 0.6
    assert counts["hard"] >= 0.1 * len(rows)


def test_card_tells_the_truth_about_the_file(rows: list[Row], card: str) -> None:
    assert f"\n{len(rows)} rows," in card
    assert table(card, "category") == Counter(row["category"] for row in rows)
    assert table(card, "difficulty") == Counter(row["difficulty"] for row in rows)
    assert all(f"| `{key}` |" in card for key in KEYS)
    assert "Apache-2.0" in card
    example = json.loads(card.split("```json\n", 1)[1].split("\n```", 1)[0])
    assert example in rows


def test_first_reference_scores_full_marks_under_sacrebleu(rows: list[Row]) -> None:
    sacrebleu = pytest.importorskip("sacrebleu")
    for row in rows:
        score = sacrebleu.sentence_bleu(row["references"][0], row["references"]).score
        assert score == pytest.approx(100.0), row["id"]
