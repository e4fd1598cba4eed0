"""The translation set holds what its card promises, and its first reference is a perfect answer."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from itertools import combinations

import pytest
from shipped_rows import Row, card_of, rows_of, table

KEYS = ["id", "source", "references", "source_language", "target_language", "category"]
# Common words, each of one of the four languages only, so that a hit tells the languages apart.
TELLING_WORDS = {
    "en": "the to of is with for you i we she he it my from your by there has not at did was and how if after take",
    "fr": "le et les dans à je nous une au pour vous pas chez est elle avant j leur tu cette avec redémarrez redémarre",
    "de": "der die und ich das ist wir nicht im zu von den ein mein keine bitte kein am gestern mit haben vor solltest",
    "es": "el los y con una las por para mi del su más qué desde nos antes cuánto lleva hay debe al porque hoy nunca",
}


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return rows_of("translation")


@pytest.fixture(scope="module")
def card() -> str:
    return card_of("translation")


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def pair(row: Row) -> str:
    return f"{row['source_language']}-{row['target_language']}"


def texts_with_language(row: Row) -> list[tuple[str, str]]:
    return [(row["source"], row["source_language"]), *((text, row["target_language"]) for text in row["references"])]


def test_there_are_at_least_72_rows_with_stable_unique_ids(rows: list[Row]) -> None:
    assert len(rows) >= 72
    assert [row["id"] for row in rows] == [f"translation-{number:03d}" for number in range(1, len(rows) + 1)]


def test_every_row_has_the_fields_in_order_with_their_types(rows: list[Row]) -> None:
    for row in rows:
        assert list(row) == KEYS, row
        assert all(isinstance(row[key], str) and row[key] for key in KEYS if key != "references"), row
        assert isinstance(row["references"], list), row
        assert all(isinstance(reference, str) for reference in row["references"]), row


def test_pairs_cover_english_to_three_languages_and_back(rows: list[Row]) -> None:
    counts = Counter(pair(row) for row in rows)
    assert set(counts) == {"en-fr", "en-de", "en-es", "fr-en", "de-en", "es-en"}
    assert all(counts[out] >= 20 for out in ("en-fr", "en-de", "en-es"))
    assert all(counts[back] >= 5 for back in ("fr-en", "de-en", "es-en"))


def test_text_is_clean(rows: list[Row]) -> None:
    for row in rows:
        for text, _ in texts_with_language(row):
            assert text, row["id"]
            assert text == " ".join(text.split()), (row["id"], text)
            assert text == unicodedata.normalize("NFC", text), (row["id"], text)
            assert text.isprintable(), (row["id"], text)
            assert not set(text) & set("\N{REPLACEMENT CHARACTER}Ã"), (row["id"], text)  # signs of a wrong decoding
            assert text[-1] in ".!?", (row["id"], text)


def test_sources_have_4_to_25_words(rows: list[Row]) -> None:
    for row in rows:
        assert 4 <= len(row["source"].split()) <= 25, row["id"]


def test_two_different_references_that_are_no_copy_of_the_source(rows: list[Row]) -> None:
    for row in rows:
        assert len(row["references"]) >= 2, row["id"]
        assert len({row["source"], *row["references"]}) == 1 + len(row["references"]), row["id"]


def test_every_text_has_the_punctuation_of_its_language(rows: list[Row]) -> None:
    for row in rows:
        for text, language in texts_with_language(row):
            if language == "es":
                assert text.count("¿") == text.count("?"), (row["id"], text)
                assert text.count("¡") == text.count("!"), (row["id"], text)
            else:
                assert not set(text) & set("¿¡"), (row["id"], text)
            before_marks = re.findall(r"(.)[?!]", text)
            assert all((space == " ") == (language == "fr") for space in before_marks), (row["id"], text)


def test_no_text_is_labelled_with_the_wrong_language(rows: list[Row]) -> None:
    for row in rows:
        for text, language in texts_with_language(row):
            found = {code: len(set(words(text)) & set(known.split())) for code, known in TELLING_WORDS.items()}
            others = max(count for code, count in found.items() if code != language)
            assert found[language] > others, (row["id"], text, found)


def test_no_sentence_comes_twice_even_in_nearly_the_same_words(rows: list[Row]) -> None:
    assert len({row["source"].casefold() for row in rows}) == len(rows)
    bags = [(row["id"], set(words(row["source"]))) for row in rows]
    close = [(a, b) for (a, one), (b, two) in combinations(bags, 2) if len(one & two) >= 0.8 * len(one | two)]
    assert close == []


def test_card_tells_the_truth_about_the_file(rows: list[Row], card: str) -> None:
    assert f"\n{len(rows)} rows," in card
    assert table(card, "pair") == Counter(pair(row) for row in rows)
    assert table(card, "category") == Counter(row["category"] for row in rows)
    assert all(f"| `{key}` |" in card for key in KEYS)
    assert "Apache-2.0" in card
    example = json.loads(card.split("```json\n", 1)[1].split("\n```", 1)[0])
    assert example in rows


def test_first_reference_scores_full_marks_under_sacrebleu(rows: list[Row]) -> None:
    sacrebleu = pytest.importorskip("sacrebleu")
    for row in rows:
        first, references = row["references"][0], row["references"]
        assert sacrebleu.sentence_bleu(first, references).score == pytest.approx(100.0), row["id"]
        assert sacrebleu.sentence_chrf(first, references).score == pytest.approx(100.0), row["id"]
