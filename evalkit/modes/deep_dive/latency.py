"""How long the run's own answers took."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

from evalkit.records import Answer


@dataclass(slots=True)
class Latencies:
    """Seconds from when the engine took a request up until its last token. An answer that several checks judge is one
    of each check, and once of all. What was found in the store from an earlier run was timed then, and is not."""

    all: array[float] = field(default_factory=lambda: array("d"))
    by_check: dict[str, array[float]] = field(default_factory=dict)
    answers: int = 0
    reused: int = 0
    _known: set[str] = field(default_factory=set)

    def add(self, check: str, answers: Mapping[str, Answer]) -> None:
        """By key."""
        for key, answer in answers.items():
            seconds = 0.0 if answer.reused else answer.timing.seconds
            if seconds > 0:
                self.by_check.setdefault(check, array("d")).append(seconds)
            if key in self._known:
                continue
            self._known.add(key)
            self.answers += 1
            self.reused += answer.reused
            if seconds > 0:
                self.all.append(seconds)
