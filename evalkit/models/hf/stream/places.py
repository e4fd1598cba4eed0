"""How many rows are written at once: as many as pay, as far as memory reaches."""

from __future__ import annotations

from pathlib import Path

START = 32
MOST = 1024
SAMPLES = 3
"""Steps that are timed at each number of rows. The fastest counts: whatever disturbs a step only makes it longer."""
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
        self._before: int | None = None

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
        if len(self._times) < SAMPLES:
            return
        rate = rows / max(min(self._times), 1e-9)
        self._times.clear()
        if rate > self._best[1] * PAYS:
            self._best = (rows, rate)
            self._settled = rows * 2 > MOST
            self.now = rows if self._settled else rows * 2
        else:
            self.now, self._settled = self._best[0], True

    def halve(self, rows: int) -> None:
        """Memory ran out, or something else broke, with so many rows."""
        self._before = self._before or self.now
        self.now, self._settled = max(1, min(rows, self.now) // 2), True

    def restore(self) -> None:
        """What broke was one request and not the number of rows."""
        self.now, self._before = self._before or self.now, None


def free_bytes(device: str) -> int | None:
    """Memory that could still be taken, where the system tells."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.mem_get_info(device)[0])
    return _least([_available(), _group_left()])


def _least(known: list[int | None]) -> int | None:
    return min((number for number in known if number is not None), default=None)


def _available() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration, IndexError):
        return None


def _group_left() -> int | None:
    """What a container may still take, where one has a limit. Files read through it count as taken, and are not."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit = int((folder / "memory.max").read_text(encoding="ascii"))
        lines = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
        taken = next(int(line.split()[1]) for line in lines if line.startswith("anon "))
    except (OSError, ValueError, StopIteration, IndexError):
        return None
    return max(0, limit - taken)


def free_memory(device: str) -> None:
    import gc

    gc.collect()
    if device.startswith("cuda"):
        import torch

        torch.cuda.empty_cache()
