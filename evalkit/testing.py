"""For tests and benchmarks of what is built on evalkit: how long a call takes, told by more than one number.

>>> from evalkit.testing import measure
>>> measure(lambda: sorted(range(1000)), repeats=5).repeats
5
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timings:
    """Of every repetition, in the order in which they were made."""

    seconds: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.seconds:
            raise ValueError("nothing was measured")

    @property
    def repeats(self) -> int:
        return len(self.seconds)

    @property
    def mean(self) -> float:
        return statistics.fmean(self.seconds)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        """Between the two nearest values, in proportion."""
        if len(self.seconds) == 1:
            return self.seconds[0]
        return statistics.quantiles(self.seconds, n=20, method="inclusive")[-1]

    @property
    def std(self) -> float:
        """Of a sample: divided by one less than there are; nought for a single value."""
        return statistics.stdev(self.seconds) if len(self.seconds) > 1 else 0.0

    @property
    def minimum(self) -> float:
        return min(self.seconds)

    @property
    def maximum(self) -> float:
        return max(self.seconds)

    def __str__(self) -> str:
        names = ("median", "mean", "p95", "std", "minimum", "maximum")
        return "  ".join(f"{name} {1000 * getattr(self, name):.1f} ms" for name in names)


def measure(
    call: Callable[[], object],
    *,
    repeats: int = 20,
    warm_up: int = 2,
    clock: Callable[[], float] = time.perf_counter,
) -> Timings:
    """``warm_up`` calls come first and do not count: they fill caches and import what is missing. ``clock`` may be
    ``time.process_time``, which does not see what else the machine is doing."""
    if repeats < 1 or warm_up < 0:
        raise ValueError(f"{repeats} repeats after {warm_up} warm-up calls measure nothing")
    for _ in range(warm_up):
        call()
    seconds = []
    for _ in range(repeats):
        begun = clock()
        call()
        seconds.append(clock() - begun)
    return Timings(tuple(seconds))
