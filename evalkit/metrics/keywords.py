"""Which of the expected keywords does an answer hold, in whichever form or under whichever other name?"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from evalkit.metrics.stemming import stems
from evalkit.metrics.words import fold, is_unspaced

STEMMED = 3
"""Letters of the shortest word that is found in another form; ``as`` and ``US`` are not forms of each other."""
NEGATION_WORDS = 3
MOST_PLACES = 1000
"""Places of a keyword that are looked at for a negation."""
_NEGATING = """not no never without nor neither cannot isn't aren't wasn't weren't don't doesn't didn't won't
    wouldn't can't couldn't shouldn't hasn't haven't nicht kein keine keinen keinem keiner nie niemals ohne pas
    jamais sans aucun aucune nunca jamás sin ningún ninguna"""
_NEGATIONS = frozenset(_NEGATING.split())
_WORDS_BEFORE = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_HYPHENS = "-\u2010-\u2013"
_GAP = re.compile(rf"(?:'s?)?[{_HYPHENS}\s]+")
"""Between the words of a phrase; no stop, no comma."""
_HYPHEN = re.compile(f"[{_HYPHENS}]")
_CLAUSE = re.compile(r"[.!?;:,…。！？；，]")


@dataclass(frozen=True, slots=True)
class Keyword:
    """What a row expects: ``forms`` are its synonyms, of which the first is its name and any one will do."""

    forms: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.forms[0]


@dataclass(frozen=True, slots=True)
class Hit:
    keyword: str
    form: str
    """The synonym that was found."""
    said: str
    """As it stands in the text, folded: without case and with single spaces."""
    negated: bool
    """Everywhere it stands a negation is among the few words before it, in the same clause."""


@dataclass(frozen=True, slots=True)
class Coverage:
    hits: tuple[Hit, ...]
    missing: tuple[str, ...]

    @property
    def share(self) -> float | None:
        """Of the keywords; none where there are none."""
        wanted = len(self.hits) + len(self.missing)
        return len(self.hits) / wanted if wanted else None


def cover(text: str, keywords: Sequence[Keyword | str], *, language: str = "en", stemmed: bool = True) -> Coverage:
    """Keywords found in a text as whole words, in another inflection if ``stemmed``, or under a synonym.

    A keyword may be a phrase: then its words stand side by side in one clause, each in any form. ``e-mail``, ``e mail``
    and ``email`` are one, where any of them is hyphenated. Blank keywords do not count, nor do
    keywords of a name that was there already. A keyword whose characters are of a script without spaces is found
    anywhere. A keyword that is negated counts as found all the same, and the hit says so.
    """
    known: dict[str, Keyword] = {}
    for keyword in keywords:
        whole = keyword if isinstance(keyword, Keyword) else Keyword((keyword,))
        forms = tuple(form for form in whole.forms if fold(form))
        if forms:
            known.setdefault(fold(forms[0]), Keyword(forms))
    folded = fold(text)
    read = _read(folded, language, words=stemmed and bool(known))
    hits, missing = [], []
    for one in known.values():
        found = next((hit for form in one.forms if (hit := _hit(one.name, form, read))), None)
        if found:
            hits.append(found)
        else:
            missing.append(one.name)
    return Coverage(tuple(hits), tuple(missing))


def present(text: str, keywords: Sequence[str]) -> tuple[str, ...]:
    """Those keywords that stand in the text as whole words, in the order given and as given.

    Case, accents' composition and white space do not matter, punctuation does only inside a keyword (``C++`` is not
    ``C``); a keyword may be a phrase. Inflected forms are other words: ``cats`` does not hold ``cat``.
    """
    folded = fold(text)
    return tuple(keyword for keyword in keywords if next(_places(fold(keyword), folded), None))


def missing(text: str, keywords: Sequence[str]) -> tuple[str, ...]:
    found = set(present(text, keywords))
    return tuple(keyword for keyword in keywords if keyword not in found)


def share(text: str, keywords: Sequence[str]) -> float | None:
    """Of the different keywords; none where there are none (blank ones do not count)."""
    wanted = {fold(keyword) for keyword in keywords} - {""}
    if not wanted:
        return None
    folded = fold(text)
    return sum(next(_places(keyword, folded), None) is not None for keyword in wanted) / len(wanted)


@dataclass(frozen=True, slots=True)
class _Text:
    folded: str
    words: tuple[tuple[int, int], ...]
    at: Mapping[str, Sequence[int]]
    """Where the words of each stem stand, by their number."""
    joined: Mapping[str, Sequence[int]]
    """The same of a word with a hyphen, taken as one; the number is its first part's."""
    language: str


def _read(folded: str, language: str, *, words: bool) -> _Text:
    spans = tuple(_spans(folded)) if words else ()
    at: dict[str, list[int]] = {}
    joined: dict[str, list[int]] = {}
    for number, (start, end) in enumerate(spans):
        for stem in stems(folded[start:end], language):
            at.setdefault(stem, []).append(number)
        if number and _HYPHEN.fullmatch(folded, spans[number - 1][1], start):
            whole = folded[slice(*spans[number - 1])] + folded[start:end]
            for stem in stems(whole, language):
                joined.setdefault(stem, []).append(number - 1)
    return _Text(folded, spans, at, joined, language)


def _hit(name: str, form: str, text: _Text) -> Hit | None:
    places = list(islice(_places(fold(form), text.folded), MOST_PLACES))
    places = places or list(islice(_stemmed_places(fold(form), text), MOST_PLACES))
    if not places:
        return None
    start, end = places[0]
    return Hit(name, form, text.folded[start:end], all(_negated(text.folded, start) for start, _ in places))


def _places(keyword: str, text: str) -> Iterator[tuple[int, int]]:
    """Where it stands as whole words."""
    if not keyword:
        return
    start = text.find(keyword)
    while start >= 0:
        end = start + len(keyword)
        if _is_border(text, start) and _is_border(text, end):
            yield start, end
        start = text.find(keyword, start + 1)


def _stemmed_places(keyword: str, text: _Text) -> Iterator[tuple[int, int]]:
    parts = [keyword[start:end] for start, end in _spans(keyword)]
    bare = _HYPHEN.sub("", keyword).replace(" ", "")
    if not text.words or "".join(parts) != bare or all(len(part) < STEMMED for part in parts):
        return  # a keyword with signs in it (C++, 3.5) has no other forms
    wanted = [frozenset(text.at.keys() & stems(part, text.language)) for part in parts]
    for number in sorted({number for stem in wanted[0] for number in text.at[stem]}):
        if _follow(wanted, number, text):
            yield text.words[number][0], text.words[number + len(wanted) - 1][1]
    for stem in stems(bare, text.language):
        if _HYPHEN.search(keyword):
            yield from (text.words[number] for number in text.at.get(stem, ()))
        yield from ((text.words[n][0], text.words[n + 1][1]) for n in text.joined.get(stem, ()))


def _follow(wanted: Sequence[frozenset[str]], first: int, text: _Text) -> bool:
    """The words from the first on are forms of the wanted ones, and nothing but space or a hyphen is between them."""
    spans = text.words[first : first + len(wanted)]
    pairs = zip(spans, wanted, strict=False)
    return (
        len(spans) == len(wanted)
        and all(
            wanted_here.intersection(stems(text.folded[start:end], text.language))
            for (start, end), wanted_here in pairs
        )
        and all(_GAP.fullmatch(text.folded, end, start) for (_, end), (start, _) in pairwise(spans))
    )


def _spans(text: str) -> Iterator[tuple[int, int]]:
    for word in _WORDS_BEFORE.finditer(text):
        start, end = word.span()
        if text[start:end].endswith("'s"):
            end -= 2
        yield start, end


def _negated(text: str, start: int) -> bool:
    before = text[max(0, start - 60) : start]
    clause = _CLAUSE.split(before)[-1]
    if clause.rstrip()[-1:] in {"不", "没", "無", "无"}:
        return True
    return any(word in _NEGATIONS for word in _WORDS_BEFORE.findall(clause)[-NEGATION_WORDS:])


def _is_border(text: str, at: int) -> bool:
    """No word goes on across this position; always so between characters of scripts without spaces."""
    if at in {0, len(text)}:
        return True
    before, after = text[at - 1], text[at]
    return not (_in_word(before) and _in_word(after)) or is_unspaced(before) or is_unspaced(after)


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_" or unicodedata.category(character).startswith("M")
