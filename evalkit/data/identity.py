"""What makes two datasets, and two rows, the same: what is asked and expected, not how or where it is stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from evalkit.data.contracts import Entry
from evalkit.records import Sample

SORTED_BY_NUMPY = 1 << 18
"""Bytes of digests. Fewer are sorted sooner than numpy is loaded."""

CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, default=str)
"""Made once: ``json.dumps`` makes one for every row."""


def row_name(entry: Entry) -> str:
    """The name of a row without an id: a hash of its content. Equal rows have the same one.

    It covers what the row itself says, before any template, system prompt or example is put around it: another wording
    of the question is the same row. 64 bits: two different rows among a million meet once in 37 million files.
    """
    content = {
        "prompt": entry.prompt,
        "messages": [[message.role, message.content] for message in entry.messages],
        "asked": {name: value if isinstance(value, list | dict) else str(value) for name, value in entry.asked.items()},
        "references": list(entry.references),
        "labels": entry.labels,
    }
    return "row-" + hashlib.blake2b(CANONICAL.encode(content).encode(), digest_size=8).hexdigest()


def canonical(sample: Sample) -> str:
    content = {
        "id": sample.id,
        "messages": [[message.role, message.content] for message in sample.messages],
        "references": list(sample.references),
        "labels": dict(sample.labels),
    }
    return CANONICAL.encode(content)


def digest(sample: Sample) -> bytes:
    return hashlib.sha256(canonical(sample).encode()).digest()


def fingerprint(samples: Iterable[Sample]) -> str:
    """The same for the same samples in any order; ids are unique, so order carries nothing."""
    return fingerprint_of(bytearray().join(map(digest, samples)))


def fingerprint_of(digests: bytearray) -> str:
    """From the samples' digests, one after the other. They are sorted."""
    if len(digests) < SORTED_BY_NUMPY:
        few = sorted(bytes(digests[at : at + 32]) for at in range(0, len(digests), 32))
        return hashlib.sha256(b"".join(few)).hexdigest()
    import numpy as np

    np.frombuffer(digests, dtype="S32").sort()  # in place; of one length, so that zeros at the end count as well
    return hashlib.sha256(digests).hexdigest()
