"""Which of the expected keywords does an answer hold?"""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.metrics.words import fold


def present(text: str, keywords: Sequence[str]) -> tuple[str, ...]:
    """Those keywords that stand in the text as whole words, in the order given and as given.

    Case, accents' composition and white space do not matter, punctuation does only inside a keyword (``C++`` is not
    ``C``); a keyword may be a phrase. Inflected forms are other words: ``cats`` does not hold ``cat``.
    """
    folded = fold(text)
    return tuple(keyword for keyword in keywords if _stands_in(fold(keyword), folded))


def missing(text: str, keywords: Sequence[str]) -> tuple[str, ...]:
    found = set(present(text, keywords))
    return tuple(keyword for keyword in keywords if keyword not in found)


def share(text: str, keywords: Sequence[str]) -> float | None:
    """Of the different keywords; none where there are none (blank ones do not count)."""
    wanted = {fold(keyword) for keyword in keywords} - {""}
    if not wanted:
        return None
    folded = fold(text)
    return sum(_stands_in(keyword, folded) for keyword in wanted) / len(wanted)


def _stands_in(keyword: str, text: str) -> bool:
    if not keyword:
        return False
    start = text.find(keyword)
    while start >= 0:
        end = start + len(keyword)
        if _is_border(text, start) and _is_border(text, end):
            return True
        start = text.find(keyword, start + 1)
    return False


def _is_border(text: str, at: int) -> bool:
    """No word goes on across this position; always so between characters of scripts without spaces."""
    from evalkit.metrics.words import is_unspaced

    if at in {0, len(text)}:
        return True
    before, after = text[at - 1], text[at]
    return not (_in_word(before) and _in_word(after)) or is_unspaced(before) or is_unspaced(after)


def _in_word(character: str) -> bool:
    import unicodedata

    return character.isalnum() or character == "_" or unicodedata.category(character).startswith("M")
