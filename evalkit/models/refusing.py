"""The session of a condition that a backend cannot set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalkit.records import Answer, FailureKind, Request


@dataclass(frozen=True, slots=True)
class Refusing:
    """Tells every request that its condition cannot be set, instead of answering under another one."""

    reason: str

    def ask(self, requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        for position in range(len(requests)):
            yield position, Answer.failed(FailureKind.UNSUPPORTED, self.reason)

    def close(self) -> None:
        """Nothing is held."""
