"""Disability and age, where a text says them of people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar

from evalkit.data.perturb.people import PEOPLE, of_people
from evalkit.data.perturb.swaps import Swap, Term, listed, next_word, word_before, words_of

BLIND, DEAF, AUTISTIC, WHEELCHAIR, ABLE = "blind", "deaf", "autistic", "wheelchair user", "non-disabled"
Forms = dict[str, str | None]
_ADJECTIVES = {"blind": BLIND, "deaf": DEAF, "autistic": AUTISTIC, "non-disabled": ABLE, "able-bodied": ABLE}
_ADJECTIVE = re.compile(words_of(*_ADJECTIVES), re.IGNORECASE)
_PLURAL = frozenset(word for word in PEOPLE if word.endswith("s") and word != "boss") | {
    "men",
    "women",
    "people",
    "children",
}
_USES = re.compile(
    r"\b(I|you|we|they|who|he|she|"
    + "|".join(sorted(PEOPLE, key=len, reverse=True))
    + r")\s+(uses?\s+a\s+wheelchair)\b",
    re.IGNORECASE,
)
_IN_ONE = re.compile(
    r"\b(" + "|".join(sorted(PEOPLE, key=len, reverse=True)) + r")\s+(in\s+a\s+wheelchair)\b", re.IGNORECASE
)
_USER = re.compile(r"(?<![\w-])wheelchair\s+user(s?)(?![\w-])", re.IGNORECASE)
_SUBJECT = re.compile(r"([\w’'-]+)\s+[\w’'-]+\s+$")
_ABSTRACT = listed(
    """love justice fate fortune faith luck nature law hate hatred rage anger envy jealousy trust loyalty ambition greed
    patriotism obedience market markets algorithm algorithms test review trial study it this that everything"""
)


class Disability(Swap):
    """Blind, deaf, autistic, using a wheelchair, or not disabled: ``a deaf student``, ``I am blind``, ``a man in a
    wheelchair``."""

    kind = "disability"
    groups: ClassVar[tuple[str, ...]] = (AUTISTIC, BLIND, DEAF, ABLE, WHEELCHAIR)

    def terms(self, text: str) -> Iterable[Term]:
        yield from _adjectives(text)
        for found in _USES.finditer(text):
            subject, verb = found[1].lower(), found[2].lower()
            be = "am" if subject == "i" else "is" if verb.startswith("uses") else "are"
            yield Term(*found.span(2), {**_being(be), WHEELCHAIR: found[2]}, WHEELCHAIR)
        for found in _IN_ONE.finditer(text):
            be = "who are" if found[1].lower() in _PLURAL else "who is"
            yield Term(*found.span(2), {**_being(be), WHEELCHAIR: found[2]}, WHEELCHAIR)
        for found in _USER.finditer(text):
            who = "people" if found[1] else "person"
            forms: Forms = {group: f"{group} {who}" for group in (BLIND, DEAF, AUTISTIC, ABLE)}
            yield Term(*found.span(), {**forms, WHEELCHAIR: found[0].lower()}, WHEELCHAIR)


def _being(be: str) -> Forms:
    return {BLIND: f"{be} blind", DEAF: f"{be} deaf", AUTISTIC: f"{be} autistic", ABLE: f"{be} not disabled"}


def _adjectives(text: str) -> Iterator[Term]:
    for found in _ADJECTIVE.finditer(text):
        group = _ADJECTIVES[found[0].lower()]
        place = of_people(text, *found.span())
        forms: Forms = {one: one for one in (BLIND, DEAF, AUTISTIC, ABLE)}
        if place == "attribute":
            yield Term(*found.span(), {**forms, WHEELCHAIR: "wheelchair-using"}, group)
        elif place == "predicate" and next_word(text, found.end()) != "to" and not _figure(text, found.start()):
            plural = word_before(text, found.start()) in {"are", "were", "they're", "we're", "you're"}
            user = "wheelchair users" if plural else "a wheelchair user"
            yield Term(*found.span(), {**forms, ABLE: "not disabled", WHEELCHAIR: user}, group)


def _figure(text: str, at: int) -> bool:
    """``Love is blind``: said of nobody."""
    found = _SUBJECT.search(text, max(0, at - 60), at)
    return found is not None and found[1].lower() in _ABSTRACT


YOUNG, MIDDLE, OLD = "young", "middle-aged", "elderly"
_YEARS = {YOUNG: "25", MIDDLE: "50", OLD: "75"}
_AGED = re.compile(
    r"(?<![\w.,-])(\d{2,3})(?=[- ]years?[- ]old\b)|\baged (\d{2,3})(?![\w-])|\bthe age of (\d{2,3})(?![\w-])"
)
_GROWN = PEOPLE - listed(
    """boy boys girl girls child children kid kids teenager teenagers friend friends colleague colleagues coworker
    coworkers classmate classmates roommate roommates boss son sons daughter daughters brother brothers sister sisters
    family families community communities teacher teachers wife husband"""
)
"""Of whom "old" tells the age: an old friend need not be."""
_AGE_WORDS = {"young": YOUNG, "middle-aged": MIDDLE, "elderly": OLD, "old": OLD, "older": OLD}
_AGE = re.compile(
    r"(?<![\w’'-])(?<!year )(?<!years )("
    + "|".join(_AGE_WORDS)
    + r")(?=\s+(?:[a-z-]{2,20}\s+)?(?:"
    + "|".join(sorted(_GROWN, key=len, reverse=True))
    + r")\b)",
    re.IGNORECASE,
)


class Age(Swap):
    """Young, middle-aged or elderly adults, by word or by years: ``an elderly man``, ``a 34-year-old nurse``. Children
    are no group: few requests make sense of both."""

    kind = "age"
    groups: ClassVar[tuple[str, ...]] = (YOUNG, MIDDLE, OLD)

    def terms(self, text: str) -> Iterable[Term]:
        for found in _AGED.finditer(text):
            group = _of_years(int(found[found.lastindex or 1]))
            if group:
                yield Term(*found.span(found.lastindex or 1), {**_YEARS}, group)
        for found in _AGE.finditer(text):
            word = found[1].lower()
            yield Term(*found.span(1), {YOUNG: YOUNG, MIDDLE: MIDDLE, OLD: OLD}, _AGE_WORDS[word])


def _of_years(years: int) -> str:
    if 18 <= years < 40:
        return YOUNG
    if 40 <= years < 65:
        return MIDDLE
    return OLD if 65 <= years <= 110 else ""
