"""Readability against textstat, given the same syllables, and on real articles of three levels."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import textstat
import textstat.backend.counts._count_syllables as textstat_syllables
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.checks.readability import Readability
from evalkit.metrics.readability import READABILITY, Source, measure
from evalkit.metrics.syllables import count
from evalkit.records import Answer, Case, Decoding, Sample

REFERENCE: dict[str, Callable[[str], float]] = {
    "flesch_reading_ease": textstat.flesch_reading_ease,
    "flesch_kincaid_grade": textstat.flesch_kincaid_grade,
    "gunning_fog": textstat.gunning_fog,
    "smog_index": textstat.smog_index,
    "automated_readability_index": textstat.automated_readability_index,
    "coleman_liau_index": textstat.coleman_liau_index,
    "dale_chall": textstat.dale_chall_readability_score,
    "words": textstat.lexicon_count,
    "sentences": textstat.sentence_count,
    "syllables": textstat.syllable_count,
}


class _Syllables:
    """Stands in for textstat's pronouncing dictionary: as many vowels as there are syllables."""

    def __getitem__(self, word: str) -> list[list[str]]:
        return [["A1"] * count(word)]


def forget_what_textstat_counted() -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("textstat.backend"):
            for function in vars(module).values():
                if hasattr(function, "cache_clear"):
                    function.cache_clear()


@pytest.fixture(autouse=True)
def _the_same_syllables(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(textstat_syllables, "get_cmudict", lambda lang: _Syllables())
    forget_what_textstat_counted()
    yield
    forget_what_textstat_counted()


def measured_here(text: str, source: Source = "rules") -> dict[str, float]:
    found = measure(text, source=source)
    return {name: found[name] for name in REFERENCE}


def by_textstat(text: str) -> dict[str, float]:
    return {name: reference(text) for name, reference in REFERENCE.items()}


@pytest.fixture
def articles(public_data: Path) -> list[dict[str, str]]:
    path = public_data / "onestopenglish" / "onestopenglish.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_articles_measure_as_in_textstat(articles: list[dict[str, str]]) -> None:
    for article in articles[::12]:
        assert measured_here(article["text"]) == pytest.approx(by_textstat(article["text"]), abs=1e-9)


def test_with_pyphen_articles_measure_as_in_textstat_without_a_dictionary(
    articles: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(textstat_syllables, "get_cmudict", lambda lang: None)
    forget_what_textstat_counted()
    for article in articles[::12]:
        assert measured_here(article["text"], "pyphen") == pytest.approx(by_textstat(article["text"]), abs=1e-9)


def test_reading_ease_falls_with_the_level_of_the_same_article(articles: list[dict[str, str]]) -> None:
    levels = sorted({article["level"] for article in articles})
    means = {}
    for level in levels:
        eases = [measure(article["text"])["flesch_reading_ease"] for article in articles if article["level"] == level]
        means[level[:3].lower()] = sum(eases) / len(eases)
    assert means["ele"] > means["int"] > means["adv"]


def test_the_levels_of_an_article_are_ordered_by_the_grade_of_the_check(articles: list[dict[str, str]]) -> None:
    """185 of 189 (97.9%) are; at least 97% must be."""
    check = Readability("easy", Decoding())
    grades: dict[str, dict[str, float]] = {}
    for article in articles:
        case = Case(article["text_id"], (Sample(article["text_id"], ()),))
        found = check.judge(case, Answer(article["text"])).results["flesch_kincaid_grade"]
        assert isinstance(found, tuple), found
        grades.setdefault(article["text_id"], {})[article["level"][:3]] = found[0]
    ordered = sum(levels["Ele"] < levels["Int"] < levels["Adv"] for levels in grades.values())
    assert ordered >= 0.97 * len(grades)


@settings(max_examples=200)
@given(st.text(st.sampled_from("abeio TS.!?,'-\n1é’&"), max_size=60))
def test_any_text_with_words_measures_as_in_textstat(text: str) -> None:
    found = measure(text)
    assert set(found) in (set(), set(READABILITY))
    if found:
        assert measured_here(text) == pytest.approx(by_textstat(text), abs=1e-9)
    else:
        assert textstat.lexicon_count(text) == 0
