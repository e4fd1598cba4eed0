"""Texts as the index takes them, and what a person types as a question that it understands."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

MARK = "\ue000"
"""Begins every word that is not one of a text: private use, and taken out of texts."""
TOKENIZER = "unicode61 remove_diacritics 2"
"""What a word is, and which words are the same."""
EVERYWHERE = "answer prompt name"
MOST_CHARACTERS = 20_000
"""Of a case's answers, and of its prompts: what follows is not searched."""
LONGEST_SEARCH = 400
MOST_TERMS = 16
SHORTEST_PREFIX = 3
_NO_SPACES = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # kana, Han
)
_MARKS = re.compile(
    "[\u0300-\u036f"  # accents
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"  # Hebrew points
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed]"  # Arabic vowels, and the stroke
)
_letter_alone = re.compile(f"([{_NO_SPACES}])")
_term = re.compile(r'(-?)(?:"([^"]*)"?|(\S+))')
Beginnings = Mapping[str, Sequence[str]]
"""Beginnings of words, each with all the words that begin so, where they are known to be few."""


def searchable(text: str) -> str:
    """As the index takes it in."""
    return folded(plain(text))


def folded(text: str) -> str:
    """Without case, accents and points where the tokenizer knows none: it does so of Latin letters alone, and takes an
    Arabic vowel for the end of a word."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text.casefold())))


def plain(text: str) -> str:
    """No lone surrogates, no NUL, none of the index's own words; scripts without spaces letter by letter."""
    text = text[:MOST_CHARACTERS]
    if "\0" in text:
        text = text.replace("\0", " ")
    if text.isascii():
        return text
    text = text.encode("utf-8", "replace").decode("utf-8").replace(MARK, " ")
    text = unicodedata.normalize("NFC", text)  # a letter and its mark stay one
    return _letter_alone.sub(r" \1 ", text)


@dataclass(frozen=True, slots=True)
class Search:
    """What a person looks for: every term, and none of the others."""

    terms: tuple[tuple[str, bool], ...] = ()
    """Text, and whether it is the beginning of a word."""
    without: tuple[tuple[str, bool], ...] = ()
    ignored: tuple[str, ...] = ()
    """Sentences: what of the search was not used, and why."""

    def is_dear(self, beginnings: Beginnings) -> bool:
        """It has the beginning of words that the index must put together from all of them, each time it is asked."""
        return any(
            begins and term not in beginnings and len(term.strip()) > SHORTEST_PREFIX for term, begins in self.terms
        )

    def __bool__(self) -> bool:
        return bool(self.terms or self.without)

    def wanted(self, column: str, beginnings: Beginnings) -> list[str]:
        return [_asked(term, column, beginnings) for term in self.terms]

    def unwanted(self, column: str, beginnings: Beginnings) -> list[str]:
        return [_asked(term, column, beginnings) for term in self.without]


def parse(text: str) -> Search:
    """Words, ``"a phrase"``, ``begin*`` and ``-not``: every input means something, none is an error."""
    terms: list[tuple[str, bool]] = []
    without: list[tuple[str, bool]] = []
    ignored = []
    if len(text) > LONGEST_SEARCH:
        ignored.append(f"only the first {LONGEST_SEARCH} characters are searched for")
    for minus, phrase, word in _term.findall(text[:LONGEST_SEARCH]):
        said = plain(phrase or word)
        begins = not phrase and said.endswith("*")
        said = said.strip("*") if begins else said
        if not any(_is_searchable(character) for character in said):
            if said.strip():
                ignored.append("signs without letters or digits are not searched for")
            continue
        if begins and len(said.strip()) < SHORTEST_PREFIX:
            ignored.append(f"{said.strip()}* needs {SHORTEST_PREFIX} letters or more before the *")
            continue
        (without if minus else terms).append((said, begins))
    if len(terms) + len(without) > MOST_TERMS:
        ignored.append(f"only the first {MOST_TERMS} words are searched for")
    return Search(tuple(terms[:MOST_TERMS]), tuple(without[:MOST_TERMS]), tuple(dict.fromkeys(ignored)))


def _is_searchable(character: str) -> bool:
    """As the index's own tokenizer has it."""
    kind = unicodedata.category(character)
    return kind[0] in "LN" or kind == "Co"


def _asked(term: tuple[str, bool], column: str, beginnings: Beginnings) -> str:
    text, begins = term
    among = f"{{{column or EVERYWHERE}}}"
    words = beginnings.get(text) if begins else None
    return f"{among} : {any_of(words) if words else quoted(folded(text)) + ' *' * begins}"


def quoted(text: str) -> str:
    """In quotes nothing is a sign of the query language."""
    return '"' + text.replace('"', '""') + '"'


def all_of(*questions: str) -> str:
    """Empty ones ask for nothing."""
    asked = [one for one in questions if one]
    return asked[0] if len(asked) == 1 else " AND ".join(f"({one})" for one in asked)


def any_of(words: Iterable[str]) -> str:
    listed = [quoted(word) for word in words]
    return listed[0] if len(listed) == 1 else f"({' OR '.join(listed)})"
