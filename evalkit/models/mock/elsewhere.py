"""Answers to other questions: a fluent model that has lost the thread."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from random import Random

from evalkit.records import Sample


class OtherAnswers:
    """First references of the rows, each text once."""

    def __init__(self) -> None:
        self._texts: dict[str, None] = {}
        self._listed: tuple[str, ...] = ()

    def teach(self, samples: Iterable[Sample]) -> None:
        self._texts.update((sample.references[0], None) for sample in samples if sample.references)
        self._listed = tuple(self._texts)

    def in_place_of(self, text: str, random: Random) -> str:
        """Another row's answer; the text itself where no row has another one."""
        place = random.randrange(max(1, len(self._listed)))
        for other in (*self._listed[place:], *self._listed[:place]):
            if other != text:
                return other
        return text

    @property
    def digest(self) -> str:
        return hashlib.sha256(repr(self._listed).encode("utf-8", "surrogatepass")).hexdigest()
