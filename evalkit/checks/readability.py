"""Readability: how hard is an answer to read?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from pydantic import Field

from evalkit.checks.base import AnswerCheck, Options, one
from evalkit.checks.bounds import Bounds
from evalkit.metrics.kinds import Quantity, mean, rate
from evalkit.metrics.language import SIGNATURE as LANGUAGE
from evalkit.metrics.language import UNDETERMINED, detect
from evalkit.metrics.prose import SIGNATURE as PROSE
from evalkit.metrics.prose import parts
from evalkit.metrics.readability import READABILITY, Source, measure_prose, signature
from evalkit.records import Answer, Case, Score

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


class ReadabilityOptions(Options):
    min_words: int = Field(6, ge=1)
    """Shorter answers are unscored: the formulas say nothing about them."""
    syllables: Source = "rules"
    """Who counts them: evalkit's rules, or pyphen, whose numbers are those of textstat without its dictionary."""
    reading_ease: Bounds = Bounds(over=30)
    """Flesch reading ease that ``within`` asks for."""
    grade: Bounds = Bounds(under=15)
    """Flesch-Kincaid grade that ``within`` asks for."""


class Readability(AnswerCheck):
    """The readability formulas of textstat, and the share of answers that are as easy as wanted. English prose only:
    code, tables, headings and phrases of lists are left out of what is measured, and ``Dr.`` ends no sentence.
    """

    kind = "readability"
    Options: ClassVar[type[Options]] = ReadabilityOptions

    def measures(self) -> Iterable[Quantity]:
        counted = signature(self.options.syllables)
        made = f"{counted}|sentences:evalkit.1|{PROSE}|{LANGUAGE}|words>={self.options.min_words}"
        for known in READABILITY.values():
            yield mean(known.name, better=known.better, unit=known.unit, bounds=known.bounds, signature=made)
        wanted = f"flesch_reading_ease:{self.options.reading_ease}|flesch_kincaid_grade:{self.options.grade}"
        yield rate("within", unit="share", signature=f"{made}|{wanted}")

    def judge(self, case: Case, answer: Answer) -> Score:
        found = parts(answer.text)
        measured = measure_prose(found.prose, source=self.options.syllables)
        words = int(measured.get("words", 0))
        evidence = {"words": words, "code": found.code, "tables": found.tables, "items": found.items}
        if words < self.options.min_words:
            rest = f" beside {found.mostly}" if found.mostly else ""
            return self.unscored(too_short(self.options.min_words) + rest, evidence)
        if not _is_latin(found.prose):
            return self.unscored("not in Latin letters", evidence)
        language = detect(found.prose).code
        if language not in {"en", UNDETERMINED}:
            return self.unscored(f"not English: {language}", evidence)
        if language == UNDETERMINED and not _is_plain(found.prose):
            return self.unscored("the language cannot be told", evidence)
        ease, grade = measured["flesch_reading_ease"], measured["flesch_kincaid_grade"]
        results = {name: one(value) for name, value in measured.items()}
        results["within"] = one(self.options.reading_ease.hold(ease) and self.options.grade.hold(grade))
        return Score(
            results,
            {
                **evidence,
                "flesch_reading_ease": round(ease, 2),
                "flesch_kincaid_grade": round(grade, 2),
                "words_per_sentence": round(measured["words_per_sentence"], 2),
            },
        )


def too_short(min_words: int) -> str:
    """``five words or fewer``: why an answer of less than ``min_words`` words is unscored."""
    most = min_words - 1
    if most == 0:
        return "no words"
    if most == 1:
        return "one word or none"
    return f"{_NUMBERS[most] if most < len(_NUMBERS) else most} words or fewer"


def _is_latin(text: str) -> bool:
    """At least half of the letters are Latin: syllables of other scripts would be guessed."""
    if text.isascii():
        return True
    letters = [character for character in text if character.isalpha()]
    return 2 * sum(character < "\u0250" for character in letters) >= len(letters)


def _is_plain(text: str) -> bool:
    """Nearly all letters are those of English: a text without one of its short words may still be English."""
    letters = [character for character in text if character.isalpha()]
    return sum(map(str.isascii, letters)) >= 0.98 * len(letters)
