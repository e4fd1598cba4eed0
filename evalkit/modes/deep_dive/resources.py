"""What a process takes of its machine while time goes by: looked at by a thread, at most so many times."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from evalkit.runner.timeline import resident_mb

MOST = 240
SPACING = 0.2
"""Seconds between looks, until there are too many."""
LEAST_SPACING = 0.1
MB = 1e6
LARGEST_UNIT = 1024.0 if sys.platform != "darwin" else 1.0
"""Bytes of ``ru_maxrss``: Linux counts kilobytes, macOS bytes."""


@dataclass(frozen=True, slots=True)
class Look:
    """All but the memory counts up from the beginning of the process, or of the machine."""

    seconds: float
    cpu_seconds: float
    memory_mb: float | None
    accelerator_mb: float | None = None
    read_mb: float | None = None
    written_mb: float | None = None
    sent_mb: float | None = None
    received_mb: float | None = None


@dataclass(frozen=True, slots=True)
class Phase:
    name: str
    seconds: float
    cpu_share: float | None
    """Of one core: 2 is two cores."""
    most_mb: float | None
    read_mb: float | None
    written_mb: float | None
    sent_mb: float | None
    received_mb: float | None


class Sampler:
    """Begins with ``start``; ``phase`` names what goes on inside. Without psutil there is neither disk nor network."""

    def __init__(self, look: Callable[[float], Look] | None = None, spacing: float = SPACING) -> None:
        self._look = look or _looker()
        self.spacing = spacing
        self._began = time.monotonic()
        self._looks: list[Look] = []
        self._phases: list[tuple[str, Look, Look, float | None]] = []
        self._ended, self._lock = Event(), Lock()
        self._thread: Thread | None = None

    def start(self) -> None:
        self._began = time.monotonic()
        self.note()
        self._thread = Thread(target=self._go_on, name="resources", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _go_on(self) -> None:
        while not self._ended.wait(self.spacing):
            self.note()

    def note(self) -> Look:
        look = self._look(time.monotonic() - self._began)
        with self._lock:
            self._looks.append(look)
            if len(self._looks) >= MOST:
                self._looks = _thinned(self._looks)
                self.spacing *= 2
        return look

    @property
    def looks(self) -> tuple[Look, ...]:
        with self._lock:
            return tuple(self._looks)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        before = self.note()
        try:
            yield
        finally:
            self.add_phase(name, before)

    def add_phase(self, name: str, before: Look) -> None:
        """From then until now."""
        after = self.note()
        inside = [look.memory_mb for look in self.looks if before.seconds <= look.seconds <= after.seconds]
        known = [mb for mb in (*inside, before.memory_mb, after.memory_mb) if mb is not None]
        self._phases.append((name, before, after, max(known, default=None)))

    @property
    def phases(self) -> tuple[Phase, ...]:
        return tuple(_phase(*one) for one in self._phases)


def _thinned(looks: Sequence[Look]) -> list[Look]:
    """Of each two the one with more memory, so that no peak is lost."""
    return [max(looks[at : at + 2], key=lambda look: look.memory_mb or 0.0) for at in range(0, len(looks), 2)]


def _phase(name: str, before: Look, after: Look, most: float | None) -> Phase:
    seconds = after.seconds - before.seconds

    def grew(of: str) -> float | None:
        was, now = getattr(before, of), getattr(after, of)
        return None if was is None or now is None else now - was

    cpu = (after.cpu_seconds - before.cpu_seconds) / seconds if seconds > 0 else None
    disk_and_network = (grew(of) for of in ("read_mb", "written_mb", "sent_mb", "received_mb"))
    return Phase(name, seconds, cpu, most, *disk_and_network)


def apart(looks: Sequence[Look]) -> list[Look]:
    """Without those that follow another one so soon that what went on between them is mostly chance."""
    kept: list[Look] = []
    for look in looks:
        if not kept or look.seconds - kept[-1].seconds >= LEAST_SPACING:
            kept.append(look)
    return kept


def cpu_over_time(looks: Sequence[Look]) -> list[tuple[float, float | None]]:
    """Cores in use between one look and the next."""
    return [
        (round(now.seconds, 2), (now.cpu_seconds - was.cpu_seconds) / (now.seconds - was.seconds))
        for was, now in pairwise(apart(looks))
    ]


def rate_over_time(looks: Sequence[Look], of: str) -> list[tuple[float, float | None]]:
    """MB a second between one look and the next."""
    found: list[tuple[float, float | None]] = []
    for was, now in pairwise(apart(looks)):
        before, after = getattr(was, of), getattr(now, of)
        if before is not None and after is not None:
            found.append((round(now.seconds, 2), (after - before) / (now.seconds - was.seconds)))
    return found


def peak_mb() -> float | None:
    """The most memory that this process held since it began, where the system tells. On Linux ``ru_maxrss`` is no
    less than what the process that started this one held."""
    with suppress(OSError, ValueError, AttributeError):
        held = re.search(rb"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_bytes(), re.MULTILINE)
        if held:
            return int(held[1]) * 1024 / MB
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * LARGEST_UNIT / MB


def is_whole() -> bool:
    """Disk and network are measured, too."""
    try:
        import psutil  # noqa: F401
    except ImportError:
        return False
    return True


def _looker() -> Callable[[float], Look]:
    try:
        import psutil
    except ImportError:
        return lambda seconds: Look(seconds, time.process_time(), resident_mb(), _accelerator_mb())
    process = psutil.Process(os.getpid())

    def look(seconds: float) -> Look:
        memory, disk, network = process.memory_info().rss / MB, None, None
        with suppress(psutil.Error, OSError, AttributeError, NotImplementedError):  # not of every system
            disk = process.io_counters()
        with suppress(psutil.Error, OSError, AttributeError, NotImplementedError):
            network = psutil.net_io_counters()
        return Look(
            seconds,
            time.process_time(),
            memory,
            _accelerator_mb(),
            *_both(disk, "read_bytes", "write_bytes"),
            *_both(network, "bytes_sent", "bytes_recv"),
        )

    return look


def _both(counters: Any, first: str, second: str) -> tuple[float | None, float | None]:
    return (None, None) if counters is None else (getattr(counters, first) / MB, getattr(counters, second) / MB)


def _accelerator_mb() -> float | None:
    """Held by torch on a CUDA device, if this process uses one."""
    torch: Any = sys.modules.get("torch")
    cuda = getattr(torch, "cuda", None)
    if cuda is None or not cuda.is_initialized():
        return None
    return float(sum(cuda.memory_reserved(place) for place in range(cuda.device_count()))) / MB
