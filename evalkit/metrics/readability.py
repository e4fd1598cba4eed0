"""How hard an English text is to read: textstat's formulas, offline.

The formulas and counts are textstat's (0.7.13), but for the syllables, which ``evalkit.metrics.syllables`` counts; with
those of pyphen, all numbers are what textstat gives where it has no pronouncing dictionary. They are computed here,
from counts made once per text, because textstat asks NLTK for that dictionary at the first syllable: it downloads it,
raises where there is no network, and gives other numbers where somebody installed it before.
The list of easy words is read from the package textstat.

The formulas were made for English prose of a hundred words and more; on a line or two they are rough, and in other
languages meaningless.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from evalkit.metrics import syllables
from evalkit.metrics.sentences import marked

Source = Literal["rules", "pyphen"]
"""Of syllables."""
_NOT_OF_A_CONTRACTION = re.compile(r"\'(?![tsd]|ve|ll|re)")
_PUNCTUATION = re.compile(r"[^\w\s\']")
_PUNCTUATION_AND_APOSTROPHES = re.compile(r"[^\w\s]")
_SENTENCE = re.compile(r"\b[^.!?]+[.!?]*")


@dataclass(frozen=True, slots=True)
class Measure:
    """One of the numbers that ``measure`` gives."""

    name: str
    better: str
    """Which direction is easier to read."""
    unit: str
    bounds: tuple[float, float] | None = None
    title: str = ""


READABILITY: Mapping[str, Measure] = {
    entry.name: entry
    for entry in (
        Measure("flesch_reading_ease", "higher", "points", None, "Flesch reading ease (60-70: plain English)"),
        Measure("flesch_kincaid_grade", "lower", "grade", None, "Flesch-Kincaid grade level"),
        Measure("gunning_fog", "lower", "grade", None, "Gunning fog index"),
        Measure("smog_index", "lower", "grade", None, "SMOG index"),
        Measure("automated_readability_index", "lower", "grade", None, "Automated readability index"),
        Measure("coleman_liau_index", "lower", "grade", None, "Coleman-Liau index"),
        Measure("dale_chall", "lower", "points", None, "Dale-Chall readability score"),
        Measure(
            "difficult_words", "lower", "share", (0.0, 1.0), "Words that are long and not on the list of easy ones"
        ),
        Measure("words_per_sentence", "lower", "words", None, "Words per sentence"),
        Measure("syllables_per_word", "lower", "syllables", None, "Syllables per word"),
        Measure("words", "lower", "words", None, "Words"),
        Measure("sentences", "lower", "sentences", None, "Sentences of three or more words"),
        Measure("syllables", "lower", "syllables", None, "Syllables"),
    )
}
"""Every number of ``measure`` by name, with its unit and which direction is easier to read."""


@cache
def signature(source: Source = "rules") -> str:
    counted = syllables.SIGNATURE if source == "rules" else f"syllables:pyphen:{version('pyphen')}"
    return f"textstat:{version('textstat')}|lang:en_US|{counted}"


class _KeepsNothing(dict[str, Any]):
    """In place of pyphen's memory, which holds every word that it ever saw: 650 MB after a million texts."""

    def __setitem__(self, word: str, positions: Any) -> None:
        pass


@cache
def _hyphenation() -> Any:
    from pyphen import Pyphen

    hyphenation = Pyphen(lang="en_US", cache=False)  # its own, not the one that other users of pyphen share
    hyphenation.hd.cache = _KeepsNothing()
    return hyphenation


@cache
def _easy_words() -> frozenset[str]:
    """The Dale-Chall list that textstat carries, read without importing textstat, which would import NLTK."""
    spec = find_spec("textstat")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("readability needs the package textstat, which is not installed")
    listing = Path(spec.origin).parent / "resources" / "en" / "easy_words.txt"
    return frozenset(line.strip() for line in listing.read_text(encoding="utf-8").splitlines())


@lru_cache(maxsize=65536)
def _judge(word: str, source: Source) -> tuple[int, bool]:
    """Syllables of a word in lower case, and whether it is off the list of easy words."""
    spoken = syllables.count(word) if source == "rules" else len(_hyphenation().positions(word)) + 1
    return spoken, word not in _easy_words()


def _words(text: str) -> list[str]:
    return _PUNCTUATION.sub("", _NOT_OF_A_CONTRACTION.sub("", text)).split()


def _sentences(text: str) -> int:
    """textstat's count: stretches up to ``. ! ?`` of more than two words; at least one."""
    return max(1, sum(1 for sentence in _SENTENCE.findall(text) if len(_words(sentence)) > 2))


def measure(text: str, *, source: Source = "rules") -> Mapping[str, float]:
    """The numbers of ``READABILITY``; nothing at all for a text without words, because no reading ease is not 0."""
    words = _words(text)
    if not words:
        return {}
    judged = [_judge(word.lower(), source) for word in words]
    count, sentences = len(words), _sentences(text)
    spoken = sum(length for length, _ in judged)
    polysyllables = sum(1 for length, _ in judged if length >= 3)
    unlisted = sum(1 for _, hard in judged if hard)
    long_and_unlisted = sum(1 for length, hard in judged if hard and length >= 3)
    dense = "".join(text.split())
    characters_per_word = len(dense) / len(text.split())
    letters_per_word = len(_PUNCTUATION_AND_APOSTROPHES.sub("", dense)) / count
    per_sentence, per_word = count / sentences, spoken / count
    percent_unlisted = 100 * unlisted / count
    return {
        "flesch_reading_ease": 206.835 - 1.015 * per_sentence - 84.6 * per_word,
        "flesch_kincaid_grade": 0.39 * per_sentence + 11.8 * per_word - 15.59,
        "gunning_fog": 0.4 * (per_sentence + 100 * long_and_unlisted / count),
        "smog_index": 1.043 * (30 * polysyllables / sentences) ** 0.5 + 3.1291,
        "automated_readability_index": 4.71 * characters_per_word + 0.5 * per_sentence - 21.43,
        "coleman_liau_index": 0.058 * letters_per_word * 100 - 0.296 * (sentences / count) * 100 - 15.8,
        "dale_chall": 0.1579 * percent_unlisted + 0.0496 * per_sentence + (3.6365 if percent_unlisted > 5 else 0.0),
        "difficult_words": long_and_unlisted / count,
        "words_per_sentence": per_sentence,
        "syllables_per_word": per_word,
        "words": float(count),
        "sentences": float(sentences),
        "syllables": float(spoken),
    }


def measure_prose(prose: str, *, source: Source = "rules") -> Mapping[str, float]:
    """``measure``, of prose that ``evalkit.metrics.prose`` found: ``Dr.`` ends no sentence, and an empty line does."""
    return measure(marked(prose.replace("’", "'")), source=source)
