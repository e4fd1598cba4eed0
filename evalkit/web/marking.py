"""Texts in pieces: what was searched for marked, and what differs between two answers, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterable
from os.path import commonprefix

from evalkit.report.hostile import one_line, shown
from evalkit.report.word_diff import word_diff

Pieces = tuple[tuple[str, bool], ...]
SHOWN_BEFORE = 300
"""Characters before the first difference of texts whose beginning would hide it."""


def text_of(pieces: Pieces) -> str:
    return "".join(text for text, _ in pieces)


def around(text: str, terms: Iterable[str], most: int) -> Pieces:
    """One line of a text, about where the first of the terms is, with all of them marked."""
    text = text[:200_000]
    found = _pattern(terms)
    first = found.search(text) if found else None
    begin = max(0, first.start() - most // 3) if first and first.end() > most else 0
    cut = text[begin : begin + most]
    return tuple(
        (one_line(piece), marked)
        for piece, marked in (
            *([("…", False)] if begin else []),
            *marked_pieces(cut, found),
            *([("…", False)] if begin + most < len(text) else []),
        )
    )


def marked_in(text: str, terms: Iterable[str], most: int) -> Pieces:
    """A whole text with the terms marked."""
    return tuple((shown(piece, most), marked) for piece, marked in marked_pieces(text[:most], _pattern(terms)))


def marked_pieces(text: str, pattern: re.Pattern[str] | None) -> list[tuple[str, bool]]:
    if pattern is None:
        return [(text, False)] if text else []
    pieces, end = [], 0
    for match in pattern.finditer(text):
        if match.start() > end:
            pieces.append((text[end : match.start()], False))
        pieces.append((match.group(), True))
        end = match.end()
    if end < len(text):
        pieces.append((text[end:], False))
    return pieces


def _pattern(terms: Iterable[str]) -> re.Pattern[str] | None:
    """Words as the index finds them: from where a word begins, whatever their case; a phrase over any signs between."""
    said = []
    for term in sorted(set(terms), key=len, reverse=True):
        between = r"\W+" if term.isascii() else r"\W*"  # scripts without spaces stand letter by letter in the index
        said.append(between.join(map(re.escape, re.findall(r"\w+", term))))
    wanted = "|".join(filter(None, said))
    return re.compile(rf"(?<![A-Za-z0-9_])(?:{wanted})", re.IGNORECASE) if wanted else None


def differences(before: str, after: str, most: int) -> tuple[Pieces, Pieces]:
    """Two texts in pieces, and whether each is only in the one. Of long ones what is about their first difference."""
    begin = _beginning(before, after, most)
    if begin:
        before, after = f"… {before[begin : begin + most]}", f"… {after[begin : begin + most]}"
    was, now = word_diff(before, after, most + 2)
    return tuple((text, bool(mark)) for text, mark in was), tuple((text, bool(mark)) for text, mark in now)


def _beginning(before: str, after: str, most: int) -> int:
    same = len(commonprefix([before, after]))  # noqa: RUF071 - character by character is what is meant
    return max(0, same - SHOWN_BEFORE) if same > most - SHOWN_BEFORE and before != after else 0
