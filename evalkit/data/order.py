"""The order in which cases are asked."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from evalkit.compact import MadeOnDemand, Places
from evalkit.data.rowstore import Chosen, by_id, clusters_of, ids_of
from evalkit.records import Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Order(MadeOnDemand[Sequence[Sample]]):
    """Clusters in their order, each with its samples sorted by id. Eight bytes a row, and as many a cluster where rows
    share one; samples are made when they are looked at."""

    __slots__ = ("begins", "places", "samples")

    def __init__(self, samples: Sequence[Sample], places: Sequence[int], begins: Sequence[int]) -> None:
        self.samples = samples
        self.places = places
        """Of the rows, cluster after cluster, among the samples."""
        self.begins = begins
        """Where each cluster begins among the rows in order."""

    def __len__(self) -> int:
        return len(self.begins)

    def end(self, cluster: int) -> int:
        """Where a cluster ends among the rows in order."""
        return self.begins[cluster + 1] if cluster + 1 < len(self.begins) else len(self.places)

    def item(self, place: int) -> list[Sample]:
        return [self.samples[at] for at in self.places[self.begins[place] : self.end(place)]]

    @property
    def rows(self) -> Sequence[Sample]:
        """All samples, cluster after cluster."""
        return Chosen(self.samples, self.places)

    @property
    def by_id(self) -> Sequence[Sample]:
        """All samples, sorted by id."""
        import numpy as np

        asked = np.zeros(len(self.samples), dtype=bool)
        asked[np.asarray(self.places, dtype=np.int64)] = True
        every = np.asarray(by_id(self.samples).places, dtype=np.int64)
        return Chosen(self.samples, Places(every[asked[every]]))

    def ids(self) -> Iterator[str]:
        """Of the rows in order."""
        names = ids_of(self.samples)
        return (names[at] for at in self.places)

    def clusters(self) -> Iterator[int]:
        """For every row in order, the place of its cluster."""
        for cluster in range(len(self)):
            for _ in range(self.begins[cluster], self.end(cluster)):
                yield cluster

    def kept(self, rows: Iterable[bool]) -> Order:
        """Without the rows that are not to be kept, and without clusters that lose all of theirs."""
        places, begins = array("q"), array("q")
        last = -1
        for at, cluster, is_kept in zip(self.places, self.clusters(), rows, strict=True):
            if is_kept:
                if cluster != last:
                    begins.append(len(places))
                    last = cluster
                places.append(at)
        return Order(self.samples, places, begins)


def permutation(samples: Iterable[Sample], fingerprint: str) -> Order:
    """Clusters in a seeded random order, each with its samples sorted by id.

    A cluster's place comes from a hash of the dataset's fingerprint and the cluster's name, so it does not depend on
    the order of the rows, and a subset keeps the order of the whole: two models that stop early stop on the same rows.
    """
    import numpy as np

    rows = samples if isinstance(samples, Sequence) else tuple(samples)
    names, clusters = ids_of(rows), clusters_of(rows)
    ranks = array("Q")
    for name, cluster in zip(names, clusters, strict=True):
        ranks.append(int.from_bytes(_rank(fingerprint, cluster or name)[:8], "big"))
    keys = np.asarray(ranks, dtype=np.uint64)
    order = np.argsort(keys, kind="stable")
    begins = _resolve(order, keys[order], names, clusters, fingerprint)
    return Order(rows, array("q", order.astype(np.int64).tobytes()), begins)


def _resolve(
    order: NDArray[np.intp], keys: NDArray[np.uint64], names: Sequence[str], clusters: Sequence[str], fingerprint: str
) -> Sequence[int]:
    """Rows whose ranks begin alike, nearly always those of one cluster: sorted by cluster and id, in place. Where each
    cluster begins."""
    import numpy as np

    alike = keys[1:] == keys[:-1]
    if not alike.any():
        return range(len(order))
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = ~alike
    firsts = np.flatnonzero(is_first).tolist()
    begins = array("q")
    for begin, end in zip(firsts, [*firsts[1:], len(order)], strict=True):
        begins.append(begin)
        if end - begin > 1:
            found = [(clusters[at] or names[at], names[at], at) for at in order[begin:end].tolist()]
            if len({cluster for cluster, _, _ in found}) > 1:
                found.sort(key=lambda row: (_rank(fingerprint, row[0]), row[0], row[1]))
            else:
                found.sort(key=lambda row: row[1])
            order[begin:end] = [at for _, _, at in found]
            begins.extend(begin + i for i in range(1, len(found)) if found[i][0] != found[i - 1][0])
    return begins


def _rank(fingerprint: str, cluster: str) -> bytes:
    return hashlib.sha256(f"{fingerprint}\0{cluster}".encode()).digest()
