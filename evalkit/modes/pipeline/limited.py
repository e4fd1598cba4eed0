"""A run that ends where it takes longer, or more memory, than a step may."""

from __future__ import annotations

import time

from evalkit.errors import Interrupted
from evalkit.modes.pipeline.needed.chain import more
from evalkit.records import Answer, Request
from evalkit.runner.attending import Attendant
from evalkit.runner.timeline import resident_mb

LOOK_EVERY = 0.2
"""Seconds between two looks at the memory that is held."""


class Limited(Attendant):
    """Looks whenever an answer comes. What was answered is kept, and the same command goes on from it."""

    def __init__(self, seconds: float, memory_mb: float) -> None:
        self._seconds = seconds
        self._memory_mb = memory_mb
        self._ends = time.monotonic() + seconds
        self._look_at = 0.0

    def answered(self, request: Request, answer: Answer) -> None:
        now = time.monotonic()
        if now > self._ends:
            raise Interrupted(
                f"the limit of {self._seconds:g} seconds a step is reached {more('step_seconds', self._seconds)}"
            )
        if now > self._look_at:
            self._look_at = now + LOOK_EVERY
            held = resident_mb()
            if held is not None and held > self._memory_mb:
                limit = f"the limit of {self._memory_mb:g} MB of memory a step is reached"
                raise Interrupted(f"{limit} {more('step_memory_mb', self._memory_mb)}")
