"""What the texts of a column are made of: their words, and in which scripts and languages they are."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any

from evalkit.data.pieces import words

MOST_WORDS = 500_000
"""Different words of a column that are counted; of further ones it is known only that there are more."""
SHOWN = 20
LOOKED_AT = 2_000
"""Texts of a column whose language is told."""
LONGEST = 2_000
"""Characters of a text that are looked at for it."""

TellLanguage = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    tokens: int
    """Words, each as often as it occurs; without case, and every character of a script without spaces."""
    types: int
    """Different ones."""
    once: int
    """Of these, those that occur once."""
    most_frequent: Mapping[str, int]
    complete: bool = True
    """Whether all were counted: otherwise there are more types."""

    def to_json(self) -> dict[str, Any]:
        return {
            "tokens": self.tokens,
            "types": self.types,
            "type_token_ratio": round(self.types / self.tokens, 4) if self.tokens else None,
            "share_seen_once": round(self.once / self.types, 4) if self.types else None,
            "most_frequent": dict(self.most_frequent),
            "complete": self.complete,
        }


@dataclass(frozen=True, slots=True)
class Tongues:
    looked_at: int
    """Texts, drawn at random where there are more."""
    scripts: Mapping[str, float]
    """Share of letters by script, the largest first."""
    languages: Mapping[str, int]
    """Texts by language; empty where nobody told."""

    def to_json(self) -> dict[str, Any]:
        scripts = {name: round(share, 4) for name, share in self.scripts.items()}
        return {"looked_at": self.looked_at, "scripts": scripts, "languages": dict(self.languages)}


@dataclass(slots=True)
class Wording:
    """Adds up the texts of one column."""

    name: str
    _counts: Counter[str] = field(default_factory=Counter)
    _tokens: int = 0
    _full: bool = False
    _texts: int = 0
    _drawn: list[str] = field(default_factory=list)
    _random: Random | None = None

    def add(self, text: str) -> None:
        found = words(text)
        self._tokens += len(found)
        if self._full:
            self._counts.update(word for word in found if word in self._counts)
        else:
            self._counts.update(found)
            self._full = len(self._counts) >= MOST_WORDS
        self._draw(text)

    def _draw(self, text: str) -> None:
        """A reservoir: each text is as likely to be in it."""
        if not text.strip():
            return
        self._texts += 1
        if len(self._drawn) < LOOKED_AT:
            self._drawn.append(text[:LONGEST])
            return
        if self._random is None:
            self._random = Random(self.name)
        place = self._random.randrange(self._texts)
        if place < LOOKED_AT:
            self._drawn[place] = text[:LONGEST]

    def vocabulary(self) -> Vocabulary | None:
        if not self._tokens:
            return None
        once = sum(1 for count in self._counts.values() if count == 1)
        first = sorted(self._counts.items(), key=lambda entry: (-entry[1], entry[0]))[:SHOWN]
        return Vocabulary(self._tokens, len(self._counts), once, dict(first), not self._full)

    def tongues(self, tell: TellLanguage | None) -> Tongues | None:
        if not self._drawn:
            return None
        letters: Counter[str] = Counter()
        for text in self._drawn:
            letters.update(_scripts(text))
        total = letters.total()
        scripts = {name: count / total for name, count in letters.most_common()} if total else {}
        languages = Counter(map(tell, self._drawn)) if tell else Counter[str]()
        return Tongues(len(self._drawn), scripts, dict(languages.most_common()))


def _scripts(text: str) -> Counter[str]:
    if text.isascii():
        count = sum(map(str.isalpha, text))
        return Counter({"Latin": count} if count else {})
    return Counter(script for script in map(_script, text) if script)


@lru_cache(maxsize=4096)
def _script(character: str) -> str:
    """By Unicode's name of the character; Python does not know its script."""
    if not character.isalpha():
        return ""
    first = unicodedata.name(character, "other").split()[0].split("-")[0]
    return {"CJK": "Han", "FULLWIDTH": "Latin", "IDEOGRAPHIC": "Han"}.get(first, first.capitalize())
