"""Insults in disguise: digits and signs for letters, letters set apart or drawn out, stars, accents, look-alikes."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

from evalkit.metrics.insult_words import ADDRESSED, DISGUISED_TOO, INSULTS, SLURS, plurals

Span = tuple[int, int]

_TOKEN = re.compile(r"[@$]?\w[\w@$!|*+'’]*[\w@$*]|\w")
_SPACED = re.compile(r"(?<![\w@$])(?:[^\W_]|[@$])(?:([ ._*-])(?:[^\W_]|[@$]))(?:\1(?:[^\W_]|[@$])){2,14}(?![\w@$])")
_SIGNS = str.maketrans(
    {"@": "a", "4": "a", "3": "e", "1": "i", "!": "i", "|": "i", "0": "o", "5": "s", "$": "s", "7": "t", "+": "t"}
)
_LOOK_ALIKES = str.maketrans("аеоріѕсухԁһјԛѡΑΒΕΗΙΚΜΝΟΡΤΥΧαεορικν", "aeopiscyxdhjqwabehikmnoptyxaeopikv")
_KNOWN = INSULTS | ADDRESSED | frozenset(SLURS) | DISGUISED_TOO
_PLURALS = {plural for word in INSULTS | frozenset(SLURS) for plural in plurals(word)}
_SPELT = {
    "stoopid": "stupid",
    "biatch": "bitch",
    "beotch": "bitch",
    "phuck": "fuck",
    "azzhole": "asshole",
    "f***": "fuck",
}
_STARRED: dict[int, list[str]] = {}
for _word in sorted(INSULTS | frozenset(SLURS) | DISGUISED_TOO | {"stupid", "bastard"}):
    _STARRED.setdefault(len(_word), []).append(_word)


class Plain:
    """The text in lower case with disguises taken off, and where each of its pieces stood."""

    def __init__(self, text: str) -> None:
        self._starts: list[int] = []
        self._origins: list[Span] = []
        self._pieces: list[str] = []
        self._size = 0
        at = 0
        for start, end, word in _undisguised(text):
            self._add(_lower(text[at:start]), (at, start))
            self._add(word, (start, end))
            at = end
        self._add(_lower(text[at:]), (at, len(text)))
        self.text = "".join(self._pieces)

    def _add(self, piece: str, origin: Span) -> None:
        self._starts.append(self._size)
        self._origins.append(origin)
        self._pieces.append(piece)
        self._size += len(piece)

    def place(self, start: int, end: int) -> Span:
        return self._original(start, first=True), self._original(end - 1, first=False)

    def _original(self, at: int, *, first: bool) -> int:
        piece = bisect_right(self._starts, at) - 1
        begin, stop = self._origins[piece]
        if len(self._pieces[piece]) != stop - begin:  # a disguise: all of it
            return begin if first else stop
        return begin + at - self._starts[piece] + (0 if first else 1)


def _lower(text: str) -> str:
    """Character for character: a few capitals have two small letters, and stay."""
    lowered = text.lower()
    return (lowered if len(lowered) == len(text) else text).replace("’", "'")


def _undisguised(text: str) -> Iterator[tuple[int, int, str]]:
    """Where a known word stands in a disguise, and which."""
    found = [
        (m.start(), m.end(), word) for m in _SPACED.finditer(text) if (word := _normal(re.sub(r"[ ._*-]", "", m[0])))
    ]
    found += [(m.start(), m.end(), word) for m in _TOKEN.finditer(text) if (word := _disguised(m[0]))]
    end = 0
    for start, stop, word in sorted(found, key=lambda one: (one[0], -one[1])):
        if start >= end:
            yield start, stop, word
            end = stop


def _disguised(token: str) -> str:
    """The known word that the token is a disguise of; empty for a word as it is, and for all else."""
    plain = token.isascii() and token.isalpha() and _drawn_out(token) is None
    if plain or len(token) > 40 or not any(mark.isalpha() for mark in token):  # 455 is a number
        return ""
    return _normal(token)


@lru_cache(maxsize=4096)
def _normal(token: str) -> str:
    token = unicodedata.normalize("NFKD", token).translate(_LOOK_ALIKES).lower()
    token = "".join(mark for mark in token if not unicodedata.combining(mark))
    for form in _forms(token):
        if form in _KNOWN or form in _PLURALS:
            return form
        if form in _SPELT:
            return _SPELT[form]
    return _behind_stars(token)


def _forms(token: str) -> Iterator[str]:
    signs = token.rstrip("!|+'")
    for written in (token, signs, signs.translate(_SIGNS), signs.replace("1", "l").replace("|", "l").translate(_SIGNS)):
        yield written
        drawn = _drawn_out(written)
        if drawn is not None:
            yield drawn
            yield re.sub(r"(.)\1{2,}", r"\1\1", written)


def _drawn_out(word: str) -> str | None:
    shorter = re.sub(r"(.)\1{2,}", r"\1", word)
    return shorter if shorter != word else None


def _behind_stars(token: str) -> str:
    if "*" not in token or token.count("*") * 2 > len(token) or not token[0].isalpha():
        return ""
    pattern = re.compile(re.escape(token).replace(r"\*", "[a-z]"))
    return next((word for word in _STARRED.get(len(token), ()) if pattern.fullmatch(word)), "")
