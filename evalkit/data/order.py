"""The order in which cases are asked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from evalkit.records import Sample


def permutation(samples: Iterable[Sample], fingerprint: str) -> list[list[Sample]]:
    """Clusters in a seeded random order, each with its samples sorted by id.

    A cluster's place comes from a hash of the dataset's fingerprint and the cluster's name, so it does not depend on
    the order of the rows, and a subset keeps the order of the whole: two models that stop early stop on the same rows.
    """
    clusters: dict[str, list[Sample]] = {}
    for sample in samples:
        clusters.setdefault(sample.cluster or sample.id, []).append(sample)
    ranked = sorted(clusters, key=lambda name: (_rank(fingerprint, name), name))
    return [sorted(clusters[name], key=lambda sample: sample.id) for name in ranked]


def _rank(fingerprint: str, cluster: str) -> bytes:
    return hashlib.sha256(f"{fingerprint}\0{cluster}".encode()).digest()
