"""What makes two datasets the same: what is asked and expected, not how it is stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from evalkit.records import Sample


def canonical(sample: Sample) -> str:
    content = {
        "id": sample.id,
        "messages": [[message.role, message.content] for message in sample.messages],
        "references": list(sample.references),
        "labels": dict(sample.labels),
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, default=str)


def fingerprint(samples: Iterable[Sample]) -> str:
    """The same for the same samples in any order; ids are unique, so order carries nothing."""
    digests = sorted(hashlib.sha256(canonical(sample).encode()).digest() for sample in samples)
    return hashlib.sha256(b"".join(digests)).hexdigest()
