"""Longest common subsequences of words: how long one is, and ROUGE-Lsum's union of them, as rouge_score finds both.

rouge_score fills a table cell by cell in Python, 250,000 cells for two answers of 500 words. Here a row of that table
is one integer with a bit a word (Crochemore et al. 2001), or rapidfuzz's C does the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from itertools import repeat

Words = Sequence[str]

FEW_CELLS = 20_000
"""Up to so many cells integers are about as fast, and rapidfuzz need not be imported."""
CHARACTERS = 0x110000
"""rapidfuzz compares lists by their items' hashes, and two words may have the same one: each becomes a character."""
REFERENCE_AT_ONCE = 4096
WORDS_AT_ONCE = 512
"""Rows that are held at once, so that a line of 100,000 words does not hold as many rows of 100,000 bits."""


def common_length(left: Words, right: Words) -> int:
    """Length of the longest common subsequence."""
    if len(left) * len(right) <= FEW_CELLS:
        return _by_bits(left, right) if len(left) >= len(right) else _by_bits(right, left)
    from rapidfuzz.distance import LCSseq

    common = {*left} & {*right}  # no other word can be in it
    if len(common) > CHARACTERS:
        number = dict(zip(common, range(len(common)), strict=True))  # a whole number is its own hash
        return int(LCSseq.similarity(*([number[word] for word in words if word in number] for words in (left, right))))
    character = dict(zip(common, map(chr, range(len(common))), strict=True))
    return int(LCSseq.similarity(*("".join(map(character.get, words, repeat(""))) for words in (left, right))))


def _by_bits(left: Words, right: Words) -> int:
    """A bit is off where the table rises from one word of ``right`` to the next."""
    at: dict[str, int] = {}
    for index, word in enumerate(right):
        at[word] = at.get(word, 0) | 1 << index
    full = flat = (1 << len(right)) - 1
    for word in left:
        here = flat & at.get(word, 0)
        flat = (flat + here | flat - here) & full
    return len(right) - flat.bit_count()


def union_hits(reference: Sequence[Words], candidate: Sequence[Words]) -> int:
    """rouge_score's hits of ROUGE-Lsum, over sentences.

    A longest common subsequence of each sentence of the reference with each of the candidate, the one that rouge_score
    reads out of its table; of each sentence of the reference, the words in any of them; of each word, no more than the
    candidate has.
    """
    said = Counter(word for sentence in candidate for word in sentence)
    hits: Counter[str] = Counter()
    for sentences in _together(reference):
        laid_out = _SideBySide(sentences, said)
        found = 0
        for sentence in filter(None, candidate):
            found |= laid_out.taken(sentence)
        for word, at in laid_out.at_reversed.items():
            hits[word] += (found & at).bit_count()
    return (hits & said).total()


def _together(sentences: Sequence[Words]) -> Iterator[list[Words]]:
    """Those with words, in parts: every different word takes as many bits as the part has words."""
    some: list[Words] = []
    size = 0
    for sentence in filter(None, sentences):
        if some and size + len(sentence) > REFERENCE_AT_ONCE:
            yield some
            some, size = [], 0
        some.append(sentence)
        size += len(sentence)
    if some:
        yield some


class _SideBySide:
    """All sentences of a reference in one integer, a bit a word, so that all are searched by the same operations.

    A bit of nobody's between two sentences takes what is carried over. Searching forwards, a sentence's first word is
    its lowest bit; the way back starts at its last word, and with the order reversed "the next word before" is "the
    lowest bit from here", which an addition finds in all sentences at once.
    """

    def __init__(self, sentences: Sequence[Words], asked: Container[str]) -> None:
        """Of the words, only those ``asked`` for are looked for."""
        self.width = sum(map(len, sentences)) + len(sentences)
        self.at: dict[str, int] = {}
        self.at_reversed: dict[str, int] = {}
        self.words = self.last_reversed = self.end_reversed = 0
        start = 0
        for sentence in sentences:
            self.end_reversed |= 1 << self.width - 1 - start
            for place, word in enumerate(sentence, start + 1):
                if word in asked:
                    self.at[word] = self.at.get(word, 0) | 1 << place
            self.words |= (1 << len(sentence)) - 1 << start + 1
            start += len(sentence) + 1
            self.last_reversed |= 1 << self.width - start
        for word, places in self.at.items():
            self.at_reversed[word] = self._reversed(places)

    def _reversed(self, bits: int) -> int:
        return int(f"{bits:0{self.width}b}"[::-1], 2)

    def taken(self, sentence: Words) -> int:
        """Which words, in reversed order, are in the common subsequences with a sentence of the candidate."""
        blocks = [sentence[start : start + WORDS_AT_ONCE] for start in range(0, len(sentence), WORDS_AT_ONCE)]
        begun = [self.words]
        for block in blocks[:-1]:
            begun.append(self._flat(block, begun[-1])[-1])
        found, here = 0, self.last_reversed
        for block, before in zip(reversed(blocks), reversed(begun), strict=True):
            for word, flat in zip(reversed(block), reversed(self._flat(block, before)), strict=True):
                equal = self.at_reversed.get(word, 0)
                stops = self._reversed(self.words ^ flat) | equal
                # from where each sentence's search is up to its end, which stops it when nothing else does
                ahead = stops & (self.end_reversed - here) | self.end_reversed
                here = ahead ^ (ahead & ahead - self.last_reversed)
                equal &= here
                found |= equal
                here += equal  # both step back over an equal word, otherwise the candidate alone
        return found

    def _flat(self, words: Words, flat: int) -> list[int]:
        """After each word, where the table does not rise from one word of the reference to the next."""
        rows = []
        for word in words:
            here = flat & self.at.get(word, 0)
            flat = (flat + here | flat - here) & self.words
            rows.append(flat)
        return rows
