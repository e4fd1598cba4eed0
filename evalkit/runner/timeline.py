"""Where a run stood as time went by: at most so many moments, however long it takes."""

from __future__ import annotations

import os
from pathlib import Path

from evalkit.results import Moment

MOST = 200
SPACING = 0.1
"""Seconds between moments, until there are too many."""


class Timeline:
    """``add`` what is ``due``: that costs a comparison where nothing is."""

    __slots__ = ("_moments", "due", "spacing")

    def __init__(self, spacing: float = SPACING) -> None:
        self.due = 0.0
        """Seconds of the run at which the next moment is wanted."""
        self.spacing = spacing
        self._moments: list[Moment] = []

    def add(self, seconds: float, done: float, output_tokens: int) -> None:
        self._moments.append(_moment(seconds, done, output_tokens))
        if len(self._moments) >= MOST - 1:  # the last place is that of the end
            del self._moments[1::2]
            self.spacing *= 2
        self.due = seconds + self.spacing

    def ended(self, seconds: float, done: float, output_tokens: int) -> tuple[Moment, ...]:
        """All moments, and that of the end, wherever it falls."""
        return (*self._moments, _moment(seconds, done, output_tokens))


def _moment(seconds: float, done: float, output_tokens: int) -> Moment:
    memory = resident_mb()
    return Moment(round(seconds, 3), round(float(done), 3), output_tokens, None if memory is None else round(memory, 1))


def resident_mb() -> float | None:
    """Memory that this process holds, where the system tells."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, ValueError, IndexError, AttributeError):  # no such file, or no such call
        return None
