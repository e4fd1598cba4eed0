"""How many rows are written at once: as many as pay, as far as memory reaches."""

from __future__ import annotations

START = 32
MOST = 1024
SAMPLES = 3
"""Steps that are timed at each number of rows. The fastest counts: whatever disturbs a step only makes it longer."""
LONG = 0.02
"""Seconds that they must take together: what disturbs a machine may last longer than three quick steps."""
MOST_SAMPLES = 10
PAYS = 1.08
"""Twice the rows must write this many times as many tokens a second, or they are not worth their memory."""
SHARE = 0.4
"""Of the memory that is free when a session first asks, what keys and values of its rows may take."""


class Places:
    """Grows while growing pays. A number that somebody set is not changed, but for memory that runs out."""

    def __init__(self, fixed: int | None, budget_bytes: int | None) -> None:
        self.now = fixed or START
        self._settled = fixed is not None
        self._budget = budget_bytes if fixed is None else None
        self._times: list[float] = []
        self._best = (0, 0.0)
        self._before: dict[bool, tuple[int, bool]] = {}
        """The number before failures began, and whether it was settled: failures of memory, and all others."""

    def fitting(self, row_bytes: int | None) -> int:
        """Places, where each row may come to need so many bytes. One row is always tried."""
        if not row_bytes or self._budget is None:
            return self.now
        return max(1, min(self.now, self._budget // row_bytes))

    def timed(self, rows: int, seconds: float) -> None:
        """Take note of a step; the next number is tried, or the best one kept."""
        if self._settled or rows != self.now:
            return
        self._times.append(seconds)
        if len(self._times) < SAMPLES or (sum(self._times) < LONG and len(self._times) < MOST_SAMPLES):
            return
        rate = rows / max(min(self._times), 1e-9)
        self._times.clear()
        if rate > self._best[1] * PAYS:
            self._best = (rows, rate)
            self._settled = rows * 2 > MOST
            self.now = rows if self._settled else rows * 2
        else:
            self.now, self._settled = self._best[0], True

    def halve(self, rows: int, out_of_memory: bool) -> None:
        """Memory ran out, or something else broke, with so many rows."""
        self._before.setdefault(out_of_memory, (self.now, self._settled))
        self.now, self._settled = max(1, min(rows, self.now) // 2), True

    def restore(self, out_of_memory: bool) -> None:
        """What broke was one request and not the number of rows."""
        self.now, self._settled = self._before.pop(out_of_memory, (self.now, self._settled))
        self._times.clear()
