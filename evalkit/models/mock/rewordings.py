"""Which prompts put a row of the dataset in other words, as ``perturb`` makes them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from evalkit.models.mock.table import Conversation
from evalkit.records import Sample

CONFUSED = "Sorry, what do you mean?"


class Rewordings:
    def __init__(self) -> None:
        self._known: set[Conversation] = set()

    def teach(self, samples: Iterable[Sample]) -> None:
        for sample in samples:
            origin = sample.labels.get("variant_of")
            if origin not in (None, "") and str(origin) != sample.id:
                self._known.add(sample.messages)

    def __contains__(self, messages: Conversation) -> bool:
        return messages in self._known

    @property
    def digest(self) -> str:
        said = sorted(repr([(message.role, message.content) for message in messages]) for messages in self._known)
        return hashlib.sha256("\n".join(said).encode("utf-8", "surrogatepass")).hexdigest()
