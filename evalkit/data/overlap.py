"""What a dataset has in common with another, such as one that a model was trained on: the same texts, texts that are
nearly the same, and runs of words that stand in both.

Of the dataset everything is held, of the other nothing: it may be far larger, and goes by once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from evalkit.data.minhash import Near
from evalkit.data.pieces import chunks
from evalkit.data.repeats import shorten

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHOWN = 20
AT_ONCE = 5_000
"""Texts of the other dataset that are looked at together."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A row of the dataset, and where the other one has it."""

    row: int
    other_row: int
    share: float
    text: str

    def to_json(self) -> dict[str, Any]:
        return {"row": self.row, "other_row": self.other_row, "share": round(self.share, 4), "text": self.text}


@dataclass(frozen=True, slots=True)
class Overlap:
    other: str
    other_rows: int
    near_share: float
    run: int
    """How many words a run has."""
    texts: int
    """Different ones of the dataset, which are what is counted."""
    exact: int
    """Those that stand there, but for case, punctuation and spaces."""
    near: int
    """Those that nearly stand there; those that do exactly among them."""
    with_runs: int
    """Those that share at least one run of words."""
    mostly: int
    """Those at least half of whose runs stand there."""
    too_short: int
    """Those of fewer words than a run has."""
    rows: Sequence[Shared] = field(default_factory=tuple)
    """Those that share most, by runs; of too short ones, the share that near texts have in common."""
    every: Sequence[tuple[int, int, float]] = field(default_factory=tuple, repr=False)
    """Row, row of the other and share of all that share anything, by row."""
    other_bad_rows: int = 0
    """Those that cannot be read, and were not looked at."""

    def to_json(self) -> dict[str, Any]:
        return {
            "file": self.other,
            "rows": self.other_rows,
            "bad_rows": self.other_bad_rows,
            "near_share": self.near_share,
            "run_words": self.run,
            "texts": self.texts,
            "exact": self.exact,
            "near": self.near,
            "sharing_a_run": self.with_runs,
            "sharing_half_of_runs": self.mostly,
            "too_short_for_a_run": self.too_short,
            "first": [one.to_json() for one in self.rows],
            "every": [[row, other, round(share, 4)] for row, other, share in self.every],
        }


class Held:
    """A dataset's texts, ready to be looked for in another."""

    def __init__(self, texts: Sequence[str], share: float, run: int) -> None:
        self._texts = texts
        self._count = len(texts)
        self._run = run
        self._share = share
        self._near = Near(share)
        self._near.add_all(texts)
        runs, owners, wholes = [], [], []
        first = 0
        for chunk in chunks(texts):
            numbers, of = chunk.runs(run)
            runs.append(numbers)
            owners.append(of + first)
            wholes.append(_wholes(chunk.numbers, chunk.begins))
            first += len(chunk)
        self._runs = np.concatenate(runs) if runs else np.empty(0, np.uint64)
        self._owners = np.concatenate(owners) if owners else np.empty(0, np.intp)
        self._wholes = np.concatenate(wholes) if wholes else np.empty(0, np.uint64)
        self._known = np.unique(self._runs)

    def against(self, other: str, texts: Iterable[tuple[int, str]], rows: Sequence[int]) -> Overlap:
        """``texts``: the other dataset's, each with the number of its row. ``rows``: of the dataset's own texts."""
        exact = np.zeros(self._count, dtype=bool)
        near = np.zeros(self._count)
        near_where = np.full(self._count, -1)
        seen = np.full(len(self._known), -1)
        order = np.argsort(self._wholes, kind="stable")
        other_rows = 0
        for numbers, batch in _batches(texts):
            other_rows = max(other_rows, int(numbers[-1]))
            for place, one, found in self._near.matches(batch):
                if found > near[one]:
                    near[one], near_where[one] = found, numbers[place]
            first = 0
            for chunk in chunks(batch):
                _note(self._known, *chunk.runs(self._run), numbers[first:], seen)
                self._note_wholes(order, _wholes(chunk.numbers, chunk.begins), numbers[first:], exact, near_where)
                first += len(chunk)
        near[exact] = 1.0
        shares, where = self._shares(seen)
        worth, there = np.maximum(shares, near), np.where(near >= shares, near_where, where)
        return Overlap(
            other,
            other_rows,
            self._share,
            self._run,
            self._count,
            int(exact.sum()),
            int((near >= self._share).sum()),
            int((shares > 0).sum()),
            int((shares >= 0.5).sum()),
            int(self._count - len(np.unique(self._owners))),
            tuple(_most(worth, there, self._texts, rows)),
            tuple((rows[at], int(there[at]), float(worth[at])) for at in np.flatnonzero(worth > 0).tolist()),
        )

    def _note_wholes(
        self,
        order: NDArray[np.intp],
        theirs: NDArray[np.uint64],
        numbers: NDArray[np.int64],
        exact: NDArray[np.bool_],
        where: NDArray[np.int64],
    ) -> None:
        ours = self._wholes[order]
        left, right = np.searchsorted(ours, theirs, "left"), np.searchsorted(ours, theirs, "right")
        for at in np.flatnonzero((right > left) & (theirs != 0)).tolist():
            same = order[left[at] : right[at]]
            where[same[~exact[same]]] = numbers[at]
            exact[same] = True

    def _shares(self, seen: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Of each text the share of its runs that were seen, and the row of the other that had the first of them."""
        places = np.searchsorted(self._known, self._runs)
        found = seen[places] >= 0 if len(places) else np.zeros(0, dtype=bool)
        total = np.bincount(self._owners, minlength=self._count)
        hit = np.bincount(self._owners[found], minlength=self._count)
        where = np.full(self._count, -1)
        where[self._owners[found][::-1]] = seen[places[found]][::-1]
        return np.divide(hit, total, out=np.zeros(self._count), where=total > 0), where


def _wholes(numbers: NDArray[np.uint64], begins: NDArray[np.intp]) -> NDArray[np.uint64]:
    """Of each text a number for all its words in their order; 0 of a text without any."""
    found = np.zeros(len(begins) - 1, dtype=np.uint64)
    counts = np.diff(begins)
    places = np.arange(len(numbers)) - np.repeat(begins[:-1], counts)
    # a power of an odd number for each place, so that the order of words tells
    weights = np.power(np.uint64(0x9E3779B97F4A7C15), places.astype(np.uint64))
    told = np.flatnonzero(counts)
    if len(told):
        found[told] = np.add.reduceat((numbers ^ (numbers >> np.uint64(31))) * weights, begins[told])
    return found


def _note(
    known: NDArray[np.uint64],
    runs: NDArray[np.uint64],
    of: NDArray[np.intp],
    numbers: NDArray[np.int64],
    seen: NDArray[np.int64],
) -> None:
    if not len(known) or not len(runs):
        return
    places = np.minimum(np.searchsorted(known, runs), len(known) - 1)
    found = (known[places] == runs) & (seen[places] < 0)
    seen[places[found][::-1]] = numbers[of[found]][::-1]


def _batches(texts: Iterable[tuple[int, str]]) -> Iterator[tuple[NDArray[np.int64], list[str]]]:
    numbers: list[int] = []
    batch: list[str] = []
    for number, text in texts:
        numbers.append(number)
        batch.append(text)
        if len(batch) == AT_ONCE:
            yield np.array(numbers), batch
            numbers, batch = [], []
    if batch:
        yield np.array(numbers), batch


def _most(
    worth: NDArray[np.float64], where: NDArray[np.int64], shown: Sequence[str], rows: Sequence[int]
) -> Iterator[Shared]:
    for place in np.argsort(-worth, kind="stable")[:SHOWN].tolist():
        if worth[place] <= 0:
            return
        yield Shared(rows[place], int(where[place]), float(worth[place]), shorten(shown[place]))
