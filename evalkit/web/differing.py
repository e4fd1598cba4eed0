"""What sets nearly equal texts apart, marked: of five prompts about five people, the person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from evalkit.web.marking import Pieces

WORDS = re.compile(r"\s+|[^\W_]+|.", re.DOTALL)
MOST_MARKED = 0.5
"""Of a text: where more of it differs, a mark would tell nothing."""


def marked(texts: Sequence[str]) -> list[Pieces]:
    """Each with a mark on what lies between the words that all begin with and those that all end with; as they are,
    where that is nothing, or most of one."""
    words = [WORDS.findall(text) for text in texts]
    begin = _common(words)
    end = _common([one[begin:][::-1] for one in words])
    middles = ["".join(one[begin : len(one) - end]) for one in words]
    if not any(middles) or any(
        len(middle) > MOST_MARKED * len(text) for middle, text in zip(middles, texts, strict=True)
    ):
        return [((text, False),) for text in texts]
    return [_with(one, begin, len(one) - end) for one in words]


def _common(words: Sequence[Sequence[str]]) -> int:
    """How many words all begin with."""
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, zip(*words, strict=False)))


def _with(words: Sequence[str], begin: int, end: int) -> Pieces:
    before, middle, after = ("".join(part) for part in (words[:begin], words[begin:end], words[end:]))
    parts = (before, False), (middle, bool(middle.strip())), (after, False)
    return tuple((text, mark) for text, mark in parts if text)
