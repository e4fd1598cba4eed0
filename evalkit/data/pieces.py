"""Texts as numbers: the words of many texts at once, and the runs of words that they share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.uint64]
    Places = NDArray[np.intp]

WORDS_AT_ONCE = 400_000
"""Texts are taken together up to so many words."""
REMEMBERED = 1 << 20
"""Words whose number is not reckoned again."""
# scripts without spaces between words: each character is one, because finding words would need a dictionary
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+")
_WORD = re.compile(f"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[^\\W_])+")


def words(text: str) -> list[str]:
    """Without case and punctuation."""
    return (_ASCII_WORD if text.isascii() else _WORD).findall(text.casefold())


class _Known(dict[str, int]):
    """A number for each word, the same in every process."""

    def __missing__(self, word: str) -> int:
        if len(self) >= REMEMBERED:
            self.clear()
        number = int.from_bytes(blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "little")
        self[word] = number
        return number


_known = _Known()


@dataclass(frozen=True, slots=True)
class Chunk:
    """The words of some texts, one after the other."""

    numbers: Numbers
    begins: Places
    """Where each text begins, and where the last one ends."""

    def __len__(self) -> int:
        return len(self.begins) - 1

    def runs(self, size: int, *, shorter_too: bool = False) -> tuple[Numbers, Places]:
        """The different runs of ``size`` words of each text, in order of their numbers, and which text each is of.

        ``shorter_too``: a text of fewer words is one run.
        """
        owners = np.repeat(np.arange(len(self)), np.diff(self.begins))
        found = _rolled(self.numbers, size)
        whole = owners[: len(found)] == owners[len(self.numbers) - len(found) :] if len(found) else owners[:0] == 0
        numbers, of = found[whole], owners[: len(found)][whole]
        if shorter_too:
            counts = np.diff(self.begins)
            short = np.flatnonzero((counts > 0) & (counts < size))
            alone = [_rolled(self.numbers[self.begins[at] : self.begins[at + 1]], int(counts[at]))[0] for at in short]
            numbers = np.concatenate([numbers, np.array(alone, dtype=np.uint64)])
            of = np.concatenate([of, short])
        order = np.lexsort((numbers, of))
        numbers, of = numbers[order], of[order]
        new = np.ones(len(numbers), dtype=bool)
        new[1:] = (numbers[1:] != numbers[:-1]) | (of[1:] != of[:-1])
        return numbers[new], of[new]


def _rolled(numbers: Numbers, size: int) -> Numbers:
    """Of each run of ``size`` numbers, one number: a polynomial, and its bits stirred (the end of MurmurHash3)."""
    count = len(numbers) - size + 1
    if count <= 0:
        return np.empty(0, dtype=np.uint64)
    found = np.full(count, size, dtype=np.uint64)
    for at in range(size):
        found = found * np.uint64(0x9E3779B97F4A7C15) + numbers[at : at + count]
    found ^= found >> np.uint64(33)
    found *= np.uint64(0xFF51AFD7ED558CCD)
    found ^= found >> np.uint64(33)
    return found


def chunks(texts: Iterable[str]) -> Iterator[Chunk]:
    """All texts, in order."""
    numbers: list[int] = []
    begins = [0]
    for text in texts:
        numbers += map(_known.__getitem__, words(text))
        begins.append(len(numbers))
        if len(numbers) >= WORDS_AT_ONCE:
            yield _chunk(numbers, begins)
            numbers, begins = [], [0]
    if len(begins) > 1:
        yield _chunk(numbers, begins)


def _chunk(numbers: Sequence[int], begins: Sequence[int]) -> Chunk:
    return Chunk(np.array(numbers, dtype=np.uint64), np.array(begins, dtype=np.intp))


def jaccard(one: Numbers, other: Numbers) -> float:
    """Of what is in either, that which is in both; each has every number once."""
    both = len(np.intersect1d(one, other, assume_unique=True))
    return both / (len(one) + len(other) - both) if both else 0.0
