"""Words written otherwise: misspelt as people do, by another word of that sense, with other letters or marks."""

from __future__ import annotations

import re
from random import Random
from typing import ClassVar

from pydantic import Field

from evalkit.data.perturb.base import PerturbationOptions, Rewording, pick
from evalkit.data.perturb.spelling_lists import ALIKE, MISSPELT, SAME_SENSE, pairs

_WORD = re.compile(r"[A-Za-z]+")
_MARK = re.compile(r"(?<![.,;:!?])[.,;:!?]++(?=\s|$)")
_MISSPELT = pairs(MISSPELT)
_SAME = pairs(SAME_SENSE)
_SAME |= {other: word for word, other in _SAME.items() if other not in _SAME}
_ARTICLE = re.compile(rf"\b(an?)(\s+)({'|'.join(_SAME)})\b", re.IGNORECASE)
_ALIKE = dict(zip(ALIKE[::2], ALIKE[1::2], strict=True))


class WordsOptions(PerturbationOptions):
    rate: float = Field(0.5, gt=0, le=1)
    """Share of the words in the list that are written otherwise; at least one is."""


class _WordForWord(Rewording):
    Options: ClassVar[type[PerturbationOptions]] = WordsOptions
    table: ClassVar[dict[str, str]]

    def reword(self, text: str, random: Random) -> str | None:
        found = [match for match in _WORD.finditer(text) if match[0].lower() in self.table]
        if not found:
            return None
        chosen = {match.start() for match in found if random.random() < self.options.rate}
        chosen = chosen or {pick(found, random).start()}
        return _WORD.sub(lambda match: self._other(match[0]) if match.start() in chosen else match[0], text)

    def _other(self, word: str) -> str:
        other = self.table[word.lower()]
        if word.isupper() and len(word) > 1:
            return other.upper()
        return other.capitalize() if word[0].isupper() else other


class Misspellings(_WordForWord):
    """Common English words as they are commonly misspelt."""

    kind = "misspellings"
    table = _MISSPELT


class Synonyms(_WordForWord):
    """Common English words by others that say the same nearly everywhere."""

    kind = "synonyms"
    table = _SAME

    def reword(self, text: str, random: Random) -> str | None:
        reworded = super().reword(text, random)
        return reworded and _ARTICLE.sub(_with_its_article, reworded)


def _with_its_article(found: re.Match[str]) -> str:
    """``an answer`` becomes ``a reply``."""
    article, space, word = found.groups()
    sounds = word[0].lower() in "aeiou" and not word.lower().startswith("us")
    n = ("N" if article.isupper() and word.isupper() else "n") if sounds else ""
    return f"{article[0]}{n}{space}{word}"


class HomoglyphsOptions(PerturbationOptions):
    rate: float = Field(0.1, gt=0, le=1)
    """Share of the letters with a double that become it; at least one does."""


class Homoglyphs(Rewording):
    """Latin letters become Cyrillic ones that look the same, and are others to a tokenizer."""

    kind = "homoglyphs"
    Options: ClassVar[type[PerturbationOptions]] = HomoglyphsOptions

    def reword(self, text: str, random: Random) -> str | None:
        places = [at for at, letter in enumerate(text) if letter in _ALIKE]
        if not places:
            return None
        chosen = {at for at in places if random.random() < self.options.rate} or {pick(places, random)}
        return "".join(_ALIKE[letter] if at in chosen else letter for at, letter in enumerate(text))


class PunctuationOptions(PerturbationOptions):
    rate: float = Field(0.5, gt=0, le=1)
    """Share of the marks at ends of words that are changed; at least one is."""


class Punctuation(Rewording):
    """Marks at ends of words are left out, doubled, or become another one; a text without any gets one."""

    kind = "punctuation"
    Options: ClassVar[type[PerturbationOptions]] = PunctuationOptions

    def reword(self, text: str, random: Random) -> str:
        found = list(_MARK.finditer(text))
        if not found:
            return f"{text.rstrip()} {pick(('...', '!!', '??'), random)}"
        chosen = {mark.start() for mark in found if random.random() < self.options.rate}
        chosen = chosen or {pick(found, random).start()}
        return _MARK.sub(lambda mark: self._other(mark[0], random) if mark.start() in chosen else mark[0], text)

    def _other(self, mark: str, random: Random) -> str:
        draw = random.random()
        if draw < 0.4:
            return ""
        return mark * 2 if draw < 0.7 else pick([other for other in ".,;!?" if other != mark], random)
