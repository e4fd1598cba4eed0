"""What two texts differ in, by words: for people who read what changed."""

from __future__ import annotations

import re
from itertools import takewhile

from evalkit.report.hostile import shown

MOST_WORDS = 1500
"""Of one text that are compared; what comes after them is shown without marks."""
_WORD = re.compile(r"\s*\S+|\s+")
_SPACE = re.compile(r"\s*")

Pieces = tuple[tuple[str, str], ...]


def word_diff(before: str, after: str, most: int) -> tuple[Pieces, Pieces]:
    """Each text in pieces: what is only in the first is ``del``, only in the second ``ins``, the rest has no mark."""
    from rapidfuzz.distance import Indel

    first, second = shown(before, most), shown(after, most)
    one, other = _WORD.findall(first), _WORD.findall(second)
    here, there = [word.strip() for word in one[:MOST_WORDS]], [word.strip() for word in other[:MOST_WORDS]]
    head = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(here, there, strict=False)))
    gone, come = [""] * len(one), [""] * len(other)
    for step in Indel.opcodes(here[head:], there[head:]):
        if step.tag in {"delete", "replace"}:
            gone[head + step.src_start : head + step.src_end] = ["del"] * (step.src_end - step.src_start)
        if step.tag in {"insert", "replace"}:
            come[head + step.dest_start : head + step.dest_end] = ["ins"] * (step.dest_end - step.dest_start)
    return _joined(one, gone), _joined(other, come)


def _joined(words: list[str], marks: list[str]) -> Pieces:
    """Neighbours with the same mark are one piece; the space before a marked piece is not part of it."""
    found: list[tuple[str, str]] = []
    for word, mark in zip(words, marks, strict=True):
        if found and found[-1][1] == mark:
            found[-1] = (found[-1][0] + word, mark)
            continue
        space = _SPACE.match(word)
        width = space.end() if space and mark else 0
        if width and found and not found[-1][1]:
            found[-1] = (found[-1][0] + word[:width], "")
        elif width:
            found.append((word[:width], ""))
        if word[width:]:
            found.append((word[width:], mark))
    return tuple(found)
