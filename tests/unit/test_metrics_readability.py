"""Readability by hand, offline, and of texts that have nothing to read. Equality with textstat is a quality test."""

from __future__ import annotations

import gc
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.metrics import readability
from evalkit.metrics.readability import READABILITY, measure


def test_the_numbers_follow_from_the_counts() -> None:
    found = measure("The cat sat on the mat. The dog ran to the wall.")
    assert (found["words"], found["sentences"], found["syllables"]) == (12, 2, 12)
    assert found["flesch_reading_ease"] == pytest.approx(206.835 - 1.015 * 6 - 84.6)
    assert found["flesch_kincaid_grade"] == pytest.approx(0.39 * 6 + 11.8 - 15.59)
    assert found["smog_index"] == pytest.approx(3.1291)
    assert found["difficult_words"] == 0


@pytest.mark.parametrize("text", ["", "   ", "\n", "?!", "..."])
def test_a_text_without_words_has_no_readability_rather_than_zero(text: str) -> None:
    assert measure(text) == {}


def test_every_number_is_described_and_finite() -> None:
    found = measure("Readability formulas estimate difficulty.")
    assert list(found) == list(READABILITY)
    assert all(abs(value) < 1000 for value in found.values())
    assert {entry.better for entry in READABILITY.values()} == {"higher", "lower"}


def test_the_signature_names_the_source_of_syllables() -> None:
    assert "syllables:evalkit.1" in readability.signature()
    assert "textstat:" in readability.signature()


def test_nltk_and_textstat_are_not_even_imported() -> None:
    before = set(sys.modules)
    measure("An unusual multisyllabic vocabulary item.")
    assert not {"nltk", "textstat"} & (set(sys.modules) - before)


def test_a_missing_textstat_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readability, "find_spec", lambda name: None)
    readability._easy_words.cache_clear()
    with pytest.raises(ModuleNotFoundError, match="textstat, which is not installed"):
        readability._easy_words()


@given(st.text(st.sampled_from("ab e.\n'"), max_size=40), st.integers(1, 4))
def test_repeating_a_text_with_full_sentences_changes_no_grade(text: str, times: int) -> None:
    sentence = f"One two three {text.replace('.', ' ')} four."
    once, often = measure(sentence), measure(" ".join([sentence] * times))
    assert often["flesch_kincaid_grade"] == pytest.approx(once["flesch_kincaid_grade"])


def test_pyphen_keeps_no_word_that_it_has_seen() -> None:
    def kept() -> int:
        gc.collect()
        return sum(1 for found in gc.get_objects() if type(found).__name__ == "DataInt")

    measure("warm up the hyphenation", source="pyphen")
    before = kept()
    measure(" ".join(f"hyphenation{number}ation" for number in range(500)), source="pyphen")
    assert kept() == before
