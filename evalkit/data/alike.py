"""Texts that say nearly the same: by the share of their pairs of words that two have in common.

What many rows share (a template, instructions, worked examples) tells none from another and is left out. Candidates are
found by minimum hashes (Broder 1997) in bands, so that no pair of rows has to be looked at that has little in common;
each is then counted out.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from evalkit.data.pieces import jaccard

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHARE = 0.7
"""Of the pieces of either, so much is in both."""
WORDS = 2
LETTERS = 6
"""Of texts that have hardly any spaces, pieces are so many letters."""
MOST_PIECES = 400
FEWEST_PIECES = 5
"""Left after what many share: fewer tell too little."""
COMMON = 0.2
"""What more of the rows have says nothing of one of them."""
BANDS, ROWS = 10, 3
_words = re.compile(r"\w+")


class Alike:
    """Texts are added one after the other, and known by their number."""

    def __init__(self) -> None:
        self._pieces: list[NDArray[np.uint64]] = []

    def add(self, text: str) -> None:
        self._pieces.append(np.unique(np.fromiter(_hashed(text), dtype=np.uint64)))

    def pairs(self) -> list[tuple[int, int]]:
        """Each text that is nearly an earlier one, with that."""
        pieces = self._telling()
        told = [place for place, own in enumerate(pieces) if len(own) >= FEWEST_PIECES]
        if len(told) < 2:
            return []
        sketches = _sketches([pieces[place] for place in told])
        found: dict[int, int] = {}
        for band in range(BANDS):
            first: dict[bytes, int] = {}
            for place, sketch in zip(told, sketches[:, band * ROWS : (band + 1) * ROWS], strict=True):
                other = first.setdefault(sketch.tobytes(), place)
                if other != place and place not in found and jaccard(pieces[other], pieces[place]) >= SHARE:
                    found[place] = other
        return sorted(found.items())

    def _telling(self) -> list[NDArray[np.uint64]]:
        if not self._pieces:
            return []
        every, times = np.unique(np.concatenate(self._pieces), return_counts=True)
        common = every[times > max(5, COMMON * len(self._pieces))]
        return [np.setdiff1d(own, common, assume_unique=True) for own in self._pieces]


def _hashed(text: str) -> Iterator[int]:
    words: Sequence[str] = _words.findall(text.casefold())
    size, between = WORDS, " "
    if sum(map(len, words)) > 12 * len(words):  # a script without spaces
        words, size, between = "".join(words), LETTERS, ""
    for at in range(min(len(words) - size + 1, MOST_PIECES)):
        yield zlib.crc32(between.join(words[at : at + size]).encode("utf-8", "surrogatepass"))


def _sketches(pieces: Sequence[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """A row each: the smallest of its pieces under each of ``BANDS * ROWS`` hashes (multiply and shift)."""
    draw = np.random.default_rng(0)
    odd = draw.integers(1, 2**63, BANDS * ROWS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    more = draw.integers(0, 2**63, BANDS * ROWS, dtype=np.uint64)
    every = np.concatenate(pieces)
    begins = np.cumsum([0, *map(len, pieces[:-1])])
    columns = [
        np.minimum.reduceat((every * one + add) >> np.uint64(32), begins) for one, add in zip(odd, more, strict=True)
    ]
    return np.ascontiguousarray(np.stack(columns, axis=1))
