"""Texts that say nearly the same, found among very many without comparing each with each.

Minimum hashes (Broder 1997) in bands name the pairs that are worth a look; each of these is then counted out, so that
what is found really shares as many runs of words as it should. Written here with numpy rather than taken from a
library: the known one (datasketch) makes an object of each text, and counts nothing out.
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING

import numpy as np

from evalkit.data.pieces import Chunk, chunks, jaccard

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evalkit.data.pieces import Numbers, Places

    Sketches = NDArray[np.uint32]

HASHES = 128
RUN = 2
"""Words of a piece."""
MISSED = 0.005
"""Of the pairs that are just alike enough, at most this share is not looked at."""
LOOKED_AT = 8
"""Of the texts that fall together in a band, each is compared with the first and at least so many of the others;"""
PAIRS_A_BAND = 1 << 18
"""with all of them, as long as these are no more pairs."""
PAIRS_A_CHUNK = 1 << 15
"""The same of texts of another dataset, which come in chunks."""
DOUBT = 0.16
"""A pair whose sketches agree in so much less than is wanted is not counted out: four standard errors, or more."""
PAIRS_AT_ONCE = 1 << 13
"""Two sketches of half a kilobyte each."""
MOST_ROWS = 16


def bands(share: float) -> tuple[int, int]:
    """How many bands of how many hashes: as narrow as finds pairs that share so much."""
    for rows in range(MOST_ROWS, 1, -1):
        count = HASHES // rows
        if (1 - share**rows) ** count <= MISSED:
            return count, rows
    return HASHES, 1


class Sets:
    """The pieces of each text, on disk."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="evalkit-")  # noqa: SIM115 - as long as this
        self._begins = array("q", [0])
        self._mapped: Numbers | None = None

    def __len__(self) -> int:
        return len(self._begins) - 1

    def add(self, numbers: Numbers, counts: Places) -> None:
        self._file.write(numbers.tobytes())
        ends = self._begins[-1] + np.cumsum(counts)
        self._begins.extend(ends.tolist())
        self._mapped = None

    def __getitem__(self, place: int) -> Numbers:
        if self._mapped is None:
            self._file.flush()
            size = self._begins[-1]
            self._mapped = np.memmap(self._file, np.uint64, "r", shape=(size,)) if size else np.empty(0, np.uint64)
        return np.asarray(self._mapped[self._begins[place] : self._begins[place + 1]])


class Near:
    """Texts by the number in which they were added."""

    def __init__(self, share: float) -> None:
        self.share = share
        self._bands, self._rows = bands(share)
        self._sets = Sets()
        self._sketches = array("I")

    def __len__(self) -> int:
        return len(self._sets)

    def add_all(self, texts: Iterable[str]) -> None:
        for chunk in chunks(texts):
            numbers, counts, sketches = _sketched(chunk)
            self._sets.add(numbers, counts)
            self._sketches.frombytes(sketches.tobytes())

    def _all_sketches(self) -> Sketches:
        return np.frombuffer(self._sketches, dtype=np.uint32).reshape(-1, HASHES)

    def groups(self) -> list[tuple[list[int], float]]:
        """Texts that hang together, each alike enough to another of them, with the least share that joined them."""
        together = _Together(len(self))
        sketches = self._all_sketches()
        for keys in self._keys(sketches):
            for ones, others in _pairs(keys):
                apart = together.apart(ones, others)
                for one, other in self._promising(sketches, sketches, ones[apart], others[apart]):
                    if not together.are(one, other):
                        found = jaccard(self._sets[one], self._sets[other])
                        if found >= self.share:
                            together.join(one, other, found)
        return together.groups()

    def _promising(self, left: Sketches, right: Sketches, ones: Places, others: Places) -> Iterator[tuple[int, int]]:
        """Pairs of one text of each, whose sketches agree about so much as is wanted."""
        for at in range(0, len(ones), PAIRS_AT_ONCE):
            first, second = ones[at : at + PAIRS_AT_ONCE], others[at : at + PAIRS_AT_ONCE]
            likely = (left[first] == right[second]).mean(axis=1) >= self.share - DOUBT
            yield from zip(first[likely].tolist(), second[likely].tolist(), strict=True)

    def matches(self, texts: Iterable[str]) -> Iterator[tuple[int, int, float]]:
        """Of each of these texts (by number, from 0) the texts here that it is alike enough to, with the share."""
        if not len(self):
            return
        held = self._all_sketches()
        ours = [_sorted(keys) for keys in self._keys(held)]
        first = 0
        for chunk in chunks(texts):
            numbers, counts, sketches = _sketched(chunk)
            begins = np.concatenate([[0], np.cumsum(counts)])
            fallen = [_fallen(*one, theirs, counts) for one, theirs in zip(ours, self._keys(sketches), strict=True)]
            at, one = np.divmod(np.unique(np.concatenate(fallen)), len(self))
            for place, known in self._promising(sketches, held, at, one):
                found = jaccard(self._sets[known], numbers[begins[place] : begins[place + 1]])
                if found >= self.share:
                    yield first + place, known, found
            first += len(chunk)

    def _keys(self, sketches: Sketches) -> Iterator[Numbers]:
        """Band by band a number a text; texts without words have one that no other has."""
        empty = np.flatnonzero((sketches == _NOTHING).all(axis=1))
        for band in range(self._bands):
            keys = np.zeros(len(sketches), dtype=np.uint64)
            for column in range(band * self._rows, (band + 1) * self._rows):
                keys = keys * np.uint64(0x9E3779B97F4A7C15) + sketches[:, column] + np.uint64(1)
                keys ^= keys >> np.uint64(29)
            keys[empty] = _NO_KEY - empty.astype(np.uint64)
            yield keys


_NOTHING = np.uint32(0xFFFFFFFF)
_NO_KEY = np.uint64(0xFFFFFFFFFFFFFFFF)


def _sketched(chunk: Chunk) -> tuple[Numbers, Places, Sketches]:
    """Its pieces, how many each text has, and the smallest of them under each hash (multiply and shift)."""
    numbers, of = chunk.runs(RUN, shorter_too=True)
    counts = np.bincount(of, minlength=len(chunk)).astype(np.intp)
    sketches = np.full((len(chunk), HASHES), _NOTHING)
    told = np.flatnonzero(counts)
    if len(told):
        begins = np.concatenate([[0], np.cumsum(counts[told])[:-1]])
        draw = np.random.default_rng(0)
        odd = draw.integers(1, 2**63, HASHES, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        more = draw.integers(0, 2**63, HASHES, dtype=np.uint64)
        for column, (one, add) in enumerate(zip(odd, more, strict=True)):
            sketches[told, column] = np.minimum.reduceat((numbers * one + add) >> np.uint64(32), begins)
    return numbers, counts, sketches


def _sorted(keys: Numbers) -> tuple[Numbers, Places]:
    order = np.argsort(keys, kind="stable")
    return keys[order], order


def _pairs(keys: Numbers) -> Iterator[tuple[Places, Places]]:
    """Of texts with one key: each with the first of them, then each with those before it."""
    ordered, order = _sorted(keys)
    if not len(ordered):
        return
    begins = np.maximum.accumulate(
        np.where(np.concatenate([[True], ordered[1:] != ordered[:-1]]), np.arange(len(keys)), 0)
    )
    later = np.flatnonzero(begins != np.arange(len(keys)))
    yield order[begins[later]], order[later]
    waiting: list[tuple[Places, Places]] = []
    pairs = waited = 0
    for back in range(1, len(keys)):
        same = np.flatnonzero(ordered[back:] == ordered[:-back])
        pairs += len(same)
        if not len(same) or (back > LOOKED_AT and pairs > PAIRS_A_BAND):
            break
        waiting.append((order[same], order[same + back]))
        waited += len(same)
        if waited >= PAIRS_A_BAND:
            yield _joined(waiting)
            waiting, waited = [], 0
    yield _joined(waiting)


def _joined(pairs: list[tuple[Places, Places]]) -> tuple[Places, Places]:
    none = np.empty(0, dtype=np.intp)
    return np.concatenate([none, *(ones for ones, _ in pairs)]), np.concatenate(
        [none, *(others for _, others in pairs)]
    )


def _fallen(ours: Numbers, order: Places, theirs: Numbers, counts: Places) -> Places:
    """Pairs of a text of theirs and one of ours with its key, each pair as one number. Where there are too many, each
    of theirs is paired with some, beginning with another one."""
    left = np.searchsorted(ours, theirs, "left")
    sizes = np.where(counts > 0, np.searchsorted(ours, theirs, "right") - left, 0)
    most = max(LOOKED_AT, PAIRS_A_CHUNK // max(1, int(np.count_nonzero(sizes))))
    taken = np.minimum(sizes, most)
    at = np.repeat(np.arange(len(theirs)), taken)
    turns = np.arange(len(at)) - np.repeat(np.cumsum(taken) - taken, taken)
    found: Places = at * len(ours) + order[left[at] + (at + turns) % sizes[at]]
    return found


class _Together:
    """Union and find; the least share that joined a group stays with it."""

    def __init__(self, count: int) -> None:
        self._parents = list(range(count))
        self._shares: dict[int, float] = {}

    def _root(self, one: int) -> int:
        while self._parents[one] != one:
            self._parents[one] = self._parents[self._parents[one]]
            one = self._parents[one]
        return one

    def are(self, one: int, other: int) -> bool:
        return self._root(one) == self._root(other)

    def apart(self, ones: Places, others: Places) -> NDArray[np.bool_]:
        roots = np.fromiter(map(self._root, range(len(self._parents))), dtype=np.intp, count=len(self._parents))
        return np.not_equal(roots[ones], roots[others])

    def join(self, one: int, other: int, share: float) -> None:
        first, second = sorted((self._root(one), self._root(other)))
        self._parents[second] = first
        self._shares[first] = min(share, self._shares.get(first, 1.0), self._shares.pop(second, 1.0))

    def groups(self) -> list[tuple[list[int], float]]:
        found: dict[int, list[int]] = {}
        for one in range(len(self._parents)):
            root = self._root(one)
            if root in self._shares:
                found.setdefault(root, []).append(one)
        return [(members, self._shares[root]) for root, members in found.items()]
