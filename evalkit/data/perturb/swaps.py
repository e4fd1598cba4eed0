"""Counterfactual swaps: the same request about somebody of another group, in correct grammar."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import ClassVar

from pydantic import Field

from evalkit.data.perturb.base import Perturbation, PerturbationOptions, Variant
from evalkit.records import Message, Sample

LONGEST = 20_000
"""Characters of a conversation beyond which it is left alone: a text of that length speaks of more than one person."""
_ARTICLE = re.compile(r"\b(an?)(\s+)$", re.IGNORECASE)
_SENTENCE_START = re.compile(r"(?:^|[.!?:]['\")\]]*\s|\n)\s*['\"(\[*-]*\s*$")
_LIKE_A_CONSONANT = re.compile(r"(?:uni(?!n|mp)|use|usu|uti|eur|ewe|one\b|once|ubi|ufo|u\.?[sk]\b)", re.IGNORECASE)
_LIKE_A_VOWEL = re.compile(r"(?:hour|hono|honest|heir|8|11\b|18\b|11-|18-)", re.IGNORECASE)


def listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


# What cannot begin a noun phrase: behind "her" it shows an object ("told her to"), elsewhere it possesses ("her book").
NO_NOUN = listed(
    """a an the this that these those some any my your his our its their it him them me us you i he she they we
    to for from in on at by with about into onto over under of off up down out through against around without within
    upon via per like near behind beside beyond across along among between despite during toward towards till unless
    as than and or but nor so because if when whenever while where wherever who whom which what how why whether that
    here there yesterday today tomorrow tonight now again later soon before after until since then once twice always
    never not also too either anyway instead away alone more less enough all every each another something anything
    nothing is was are were be been being has had have will would can could should might may must do does did isn't
    wasn't anymore altogether forever backstage upstairs downstairs abroad overseas aboard ashore aside"""
)


@dataclass(frozen=True, slots=True)
class Term:
    """A place in a text that tells the group, or that depends on it (a verb behind ``she``)."""

    start: int
    end: int
    forms: Mapping[str, str | None]
    """By group what stands there; none: this group cannot be put there in correct grammar."""
    group: str = ""
    """Which group the text names here; empty where the place only depends on another."""
    common: bool = True
    """Written small within a sentence."""


class SwapOptions(PerturbationOptions):
    groups: tuple[str, ...] = Field(())
    """Which groups; by default all that fit."""


class Swap(Perturbation):
    """Finds who the text is about and puts each group there, the text's own group included.

    All variants of a row are one family of the check ``bias``: label ``group`` tells them apart, ``pair`` holds them
    together. The variant of the row's own group asks exactly what the row asks, so it costs no request. A text that
    names several of the groups is left alone: nobody can tell who is to become whom.
    """

    Options: ClassVar[type[PerturbationOptions]] = SwapOptions
    groups: ClassVar[tuple[str, ...]]

    def __init__(self, options: SwapOptions | None = None) -> None:
        super().__init__(options)
        unknown = [group for group in self.options.groups if group not in self.groups]
        if unknown:
            raise ValueError(f"unknown group '{unknown[0]}'; its groups are {', '.join(self.groups)}")
        if len(set(self.options.groups)) == 1:
            raise ValueError("one group alone cannot be compared with another; name two or more, or none for all")

    def terms(self, text: str) -> Iterable[Term]:
        """In the order of the text; of several that overlap the first counts."""
        raise TypeError(f"{type(self).__name__} does not say what its terms are")

    def variants(self, sample: Sample, random: Random) -> Iterable[Variant]:
        if sum(len(message.content) for message in sample.messages) > LONGEST:
            return
        found = [_apart(self.terms(message.content)) for message in sample.messages]
        named = {term.group for terms in found for term in terms if term.group}
        if len(named) != 1:
            return
        (own,) = named
        wanted = self.options.groups or self.groups
        listed = [group for group in self.groups if group in wanted]
        made = [self._variant(sample, found, group, own) for group in listed]
        kept = [variant for variant in made if variant is not None]
        if len(kept) > 1:
            yield from kept

    def _variant(self, sample: Sample, found: Sequence[Sequence[Term]], group: str, own: str) -> Variant | None:
        labels = {"group": group}
        part = group.replace(" ", "_")
        if group == own:
            return Variant(sample.messages, part, labels=labels)
        messages: list[Message] = []
        for message, terms in zip(sample.messages, found, strict=True):
            written = swapped(message.content, terms, group)
            if written is None:
                return None
            messages.append(replace(message, content=written))
        references = tuple(self._reference(text, group, own) for text in sample.references)
        return Variant(tuple(messages), part, references, labels)

    def _reference(self, text: str, group: str, own: str) -> str:
        """Swapped where it speaks of the same group and of no other; otherwise as it is."""
        terms = _apart(self.terms(text)) if len(text) <= LONGEST else []
        if {term.group for term in terms if term.group} != {own}:
            return text
        return swapped(text, terms, group) or text


def _apart(terms: Iterable[Term]) -> list[Term]:
    kept: list[Term] = []
    for term in sorted(terms, key=lambda term: (term.start, -term.end)):
        if not kept or term.start >= kept[-1].end:
            kept.append(term)
    return kept


def swapped(text: str, terms: Sequence[Term], group: str) -> str | None:
    """The text with every term in the form of this group; none where one has no form."""
    pieces: list[str] = []
    at = 0
    for term in terms:
        form = term.forms.get(group)
        if form is None:
            return None
        before = text[at : term.start]
        original = text[term.start : term.end]
        form = _in_case(form, original, term, text)
        if form.lower() != original.lower():
            before = _mended(before, form)
        pieces += [before, form]
        at = term.end
    return "".join([*pieces, text[at:]])


def _in_case(form: str, original: str, term: Term, text: str) -> str:
    """In capitals where the original is, with a capital where a sentence begins."""
    letters = [letter for letter in original if letter.isalpha()]
    if len(letters) > 1 and all(letter.isupper() for letter in letters):
        return form.upper()
    begins = original[:1].isupper() and (
        term.common or bool(_SENTENCE_START.search(text[max(0, term.start - 40) : term.start]))
    )
    return form[:1].upper() + form[1:] if begins else form


def _mended(before: str, form: str) -> str:
    """``a`` or ``an`` at the end, as the form behind it wants."""
    tail = before[-20:]
    found = _ARTICLE.search(tail)
    if found is None:
        return before
    article = "an" if sounds_like_a_vowel(form) else "a"
    if found[1][0].isupper():
        article = article.upper() if found[1].isupper() and len(found[1]) > 1 else article.capitalize()
    return before[: -len(tail)] + tail[: found.start()] + article + found[2]


def sounds_like_a_vowel(word: str) -> bool:
    """``an hour``, ``an 80-year-old``, ``a union``, ``a European``."""
    if _LIKE_A_VOWEL.match(word):
        return True
    return word[:1].lower() in "aeiou" and not _LIKE_A_CONSONANT.match(word)


def words_of(*alternatives: str) -> str:
    """A pattern of whole words, the longest first."""
    ordered = sorted(set(alternatives), key=lambda word: (-len(word), word))
    return r"(?<![\w'’-])(?:" + "|".join(re.escape(word) for word in ordered) + r")(?![\w-])"


def famous(text: str, start: int, end: int) -> bool:
    """A name with a surname or a title names one particular person, who cannot become somebody else."""
    return bool(_SURNAME.match(text, end)) or capital_before(text, start)


def capital_before(text: str, start: int) -> bool:
    """``Rob Thomas``, ``African American``: a word with a capital that no sentence gives it stands before."""
    found = _CAPITAL_BEFORE.search(text, max(0, start - 40), start)
    if found is None or found[1] == "I":
        return False
    begins = _SENTENCE_START.search(text[max(0, found.start() - 40) : found.start()])
    return not begins or found[1].rstrip(".") in _RANKS


def next_word(text: str, at: int) -> str:
    """The word behind this place in small letters, where nothing but spaces stands between; otherwise nothing."""
    found = _WORD_BEHIND.match(text, at)
    return found[1].lower() if found else ""


def word_before(text: str, at: int) -> str:
    found = _WORD_BEFORE.search(text[max(0, at - 60) : at])
    return found[1].lower() if found else ""


_WORD_BEHIND = re.compile(r"[ \t]+([\w’'-]{1,40})")
_SURNAME = re.compile(r" (?:[A-Z]\.? ?)?(?:(?:van|von|de|da|der|den|al) )?[A-Z][\w’'-]+| [IVX]+\b")
_CAPITAL_BEFORE = re.compile(r"\b([A-Z][\w’'-]*|St\.)\s+$")
_RANKS = listed(
    """St Saint King Queen Prince Princess Pope President Virgin Lord Lady Sir White Black African Native Latin Asian
    South North Central East West American Bloody"""
)
_WORD_BEFORE = re.compile(r"([\w’'-]{1,40})[ \t]+$")
