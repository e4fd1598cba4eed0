"""Seeded draws. A row's draw is a hash of the seed and its cluster: neither its place in the file nor the rows around
it matter, so a file with ten more rows gives nearly the same sample."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Mapping, Sequence

from evalkit.data.rowstore import Samples
from evalkit.data.spec import SampleSpec
from evalkit.records import Sample

Draw = tuple[int, str]


def draw(purpose: str, seed: int, sample: Sample) -> Draw:
    """Rows of a cluster draw the same number, and so come or stay away together, but for the last one drawn."""
    digest = hashlib.sha256(f"{purpose}\0{seed}\0{sample.cluster}".encode()).digest()
    return int.from_bytes(digest[:8], "big"), sample.id


def allocate(sizes: Mapping[str, int], n: int) -> dict[str, int]:
    """How many of ``n`` come from each stratum: proportional, by largest remainder, at least one of each where ``n``
    allows, and never more than a stratum has. Ties go to the larger stratum, then to the earlier name."""
    total = sum(sizes.values())
    n = min(n, total)
    names = sorted(name for name in sizes if sizes[name] > 0)
    floor = 1 if n >= len(names) else 0
    shares = {name: max(n * sizes[name] // total, floor) for name in names}
    by_remainder = sorted(names, key=lambda name: (-(n * sizes[name] % total), -sizes[name], name))
    while sum(shares.values()) < n:
        for name in by_remainder:
            if sum(shares.values()) < n and shares[name] < sizes[name]:
                shares[name] += 1
    while sum(shares.values()) > n:
        # the guaranteed ones came on top: they are taken from whoever is furthest above its exact share
        most = max(names, key=lambda name: (shares[name] > floor, shares[name] * total - n * sizes[name], name))
        shares[most] -= 1
    return shares


class Pool:
    """Candidates for a sample of ``n``; of each stratum only the ``n`` lowest draws are kept in memory."""

    def __init__(self, spec: SampleSpec | None, limit: int | None = None, *, with_digests: bool = False) -> None:
        self._spec = spec
        self._limit = limit
        self._strata: dict[str, list[tuple[int, _Reversed, int, Sample]]] = {}
        self._sizes: dict[str, int] = {}
        self._plain = Samples(with_digests=with_digests and spec is None)
        self.size = 0

    def offer(self, sample: Sample, stratum: str = "") -> None:
        self.size += 1
        if self._spec is None:
            if self._limit is None or len(self._plain) < self._limit:
                self._plain.append(sample)
            return
        self._sizes[stratum] = self._sizes.get(stratum, 0) + 1
        heap = self._strata.setdefault(stratum, [])
        number, name = draw("sample", self._spec.seed, sample)
        # a heap keeps its smallest at hand; negated draws make that the one to give up first
        item = (-number, _Reversed(name), self.size, sample)
        if len(heap) < self._spec.n:
            heapq.heappush(heap, item)
        else:
            heapq.heappushpop(heap, item)

    def drawn(self) -> tuple[Sequence[Sample], int]:
        """The sample in the order of the file, cut to the limit; and how many there were before that cut."""
        if self._spec is None:
            return self._plain, self.size
        shares = allocate(self._sizes, self._spec.n)
        chosen: list[tuple[int, Sample]] = []
        for name, share in shares.items():
            best: Sequence[tuple[int, _Reversed, int, Sample]] = sorted(self._strata[name], reverse=True)[:share]
            chosen += [(place, sample) for _, _, place, sample in best]
        chosen.sort(key=lambda pair: pair[0])
        return [sample for _, sample in chosen][: self._limit], len(chosen)


class _Reversed(str):
    """Text that sorts the other way round."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)
