"""The samples of a dataset, few of them in memory at a time.

The first ones stay as they are; those after them are written to a file without a name and made anew whenever they are
asked for. What is kept of every row is its id, and its cluster where that is another name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from evalkit.compact import MadeOnDemand, Spool, Texts
from evalkit.data.identity import digest
from evalkit.records import Message, Sample

IN_MEMORY = 5_000
"""Samples of a dataset that stay in memory: a suite of that size is never written out and read again."""
MOST_CHARACTERS = 16_000_000
"""Of the texts of those samples; all after them are written out."""

_PLAIN = frozenset({str, int, float, bool, type(None)})
_decode = json.JSONDecoder().raw_decode
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


class Samples(MadeOnDemand[Sample]):
    """A dataset's samples in the order in which they were added: a list of equal samples, of which each look may give
    another object."""

    __slots__ = ("_apart", "_characters", "_clusters", "_first", "_spool", "columns", "digests", "ids")

    def __init__(self, samples: Iterable[Sample] = (), *, with_digests: bool = False) -> None:
        self.ids = Texts()
        self.digests = bytearray() if with_digests else None
        """Of every sample, for the fingerprint: where it is made in passing, rows need not be read again for it."""
        self.columns: dict[str, None] = {}
        """Labels, and ``references``, that any sample has, in the order in which they were met."""
        self._clusters: Texts | None = None
        """None while every cluster is its sample's id."""
        self._first: list[Sample] = []
        self._characters = 0
        """Of those first ones."""
        self._spool = Spool()
        self._apart: dict[int, Sample] = {}
        """What JSON would not give back as it was."""
        for sample in samples:
            self.append(sample)

    def append(self, sample: Sample) -> None:
        place = len(self.ids)
        self._note_cluster(sample, place)
        self.ids.append(sample.id)
        if sample.references:
            self.columns.setdefault("references")
        for label in sample.labels:
            if label not in self.columns:
                self.columns[label] = None
        if self.digests is not None:
            self.digests += digest(sample)
        if place < IN_MEMORY and self._characters < MOST_CHARACTERS:
            self._first.append(sample)
            self._characters += _characters(sample)
        elif _survives(sample):
            self._spool.append(_written(sample))
        else:
            self._apart[place] = sample
            self._spool.append(b"")

    def _note_cluster(self, sample: Sample, place: int) -> None:
        if self._clusters is None and sample.cluster != sample.id:
            self._clusters = Texts(self.ids)
        if self._clusters is not None:
            self._clusters.append(sample.cluster)

    def __len__(self) -> int:
        return len(self.ids)

    def item(self, place: int) -> Sample:
        if place < len(self._first):
            return self._first[place]
        return self._apart[place] if place in self._apart else _read(self._spool.item(place - len(self._first)))

    @property
    def clusters(self) -> Sequence[str]:
        return self.ids if self._clusters is None else self._clusters


class Chosen(MadeOnDemand[Sample]):
    """Samples of another sequence, by their places there."""

    __slots__ = ("_get", "places", "samples")

    def __init__(self, samples: Sequence[Sample], places: Sequence[int]) -> None:
        self.samples = samples
        self.places = places
        self._get: Callable[[int], Sample] = samples.item if isinstance(samples, Samples) else samples.__getitem__

    def __len__(self) -> int:
        return len(self.places)

    def item(self, place: int) -> Sample:
        return self._get(self.places[place])

    def __iter__(self) -> Iterator[Sample]:
        return map(self._get, self.places)


class Replaced(MadeOnDemand[Sample]):
    """Another sequence, but for some samples that stand in for those at their places."""

    __slots__ = ("instead", "samples")

    def __init__(self, samples: Sequence[Sample], instead: Mapping[int, Sample]) -> None:
        self.samples = samples
        self.instead = instead

    def __len__(self) -> int:
        return len(self.samples)

    def item(self, place: int) -> Sample:
        return self.instead[place] if place in self.instead else self.samples[place]


def by_id(samples: Sequence[Sample]) -> Chosen:
    """Sorted by id, without making any sample."""
    names = ids_of(samples)
    return Chosen(samples, (names if isinstance(names, Texts) else Texts(names)).in_order())


def ids_of(samples: Sequence[Sample]) -> Sequence[str]:
    if isinstance(samples, Samples):
        return samples.ids
    return ids_of(samples.samples) if isinstance(samples, Replaced) else [sample.id for sample in samples]


def clusters_of(samples: Sequence[Sample]) -> Sequence[str]:
    if isinstance(samples, Samples):
        return samples.clusters
    return clusters_of(samples.samples) if isinstance(samples, Replaced) else [sample.cluster for sample in samples]


def _characters(sample: Sample) -> int:
    """Of its texts: numbers, lists and maps among its labels are short."""
    texts = [message.content for message in sample.messages]
    texts += sample.references
    texts += [value for value in sample.labels.values() if isinstance(value, str)]
    return sum(map(len, texts))


def _survives(sample: Sample) -> bool:
    """Whether JSON gives back equal labels. Messages and references are texts; a Parquet file's columns may be more."""
    if type(sample) is not Sample or type(sample.labels) is not dict:
        return False
    try:
        return all(map(_is_plain, sample.labels.values()))
    except RecursionError:  # lists in lists, deeper than Python itself goes
        return False


def _is_plain(value: Any) -> bool:
    kind = type(value)
    if kind in _PLAIN:
        return kind is not float or isfinite(value)  # there is no NaN in JSON
    if kind is list:
        return all(map(_is_plain, value))
    return kind is dict and all(type(key) is str and _is_plain(item) for key, item in value.items())


def _written(sample: Sample) -> bytes:
    messages = [(message.role, message.content) for message in sample.messages]
    cluster = None if sample.cluster == sample.id else sample.cluster
    fields = (sample.id, messages, sample.references, sample.labels, cluster, sample.origin)
    return _encode(fields).encode("ascii")


def _read(piece: bytes) -> Sample:
    (name, messages, references, labels, cluster, origin), _ = _decode(piece.decode("ascii"))
    return Sample(
        name,
        tuple([Message(role, content) for role, content in messages]),
        tuple(references),
        labels,
        name if cluster is None else cluster,
        origin,
    )
