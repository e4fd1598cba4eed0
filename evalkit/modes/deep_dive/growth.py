"""Does memory grow from request to request?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, stdev

from evalkit.modes.deep_dive.asking import opened, timed
from evalkit.modes.deep_dive.budget import Budget
from evalkit.protocols import Backend
from evalkit.records import Interval, Request
from evalkit.runner.timeline import resident_mb
from evalkit.stats.bootstrap import student

BLOCK = 5
"""Requests between two looks at the memory; the same prompts in every block."""
WARM_BLOCKS = 4
"""In which a process takes the memory that it then goes on using; they are told, and not counted."""
LEAST_BLOCKS = 5
NOTICED_MB = 20.0
"""By 100 requests: less than this is not worth a look, however sure it is."""
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Growth:
    requests: int
    memory: tuple[float, ...] = ()
    """Of this process, in MB: before, and after each block of requests."""
    warm: int = 0
    """Blocks at the beginning that are not counted."""
    why_not: str = ""

    @property
    def counted(self) -> tuple[float, ...]:
        return self.memory[self.warm :]

    @property
    def by_100(self) -> Interval | None:
        """MB that 100 requests add, with Student's interval of the blocks' differences."""
        return growth_by_100(self.counted, BLOCK)

    @property
    def mean_by_100(self) -> float | None:
        found = self.counted
        return (found[-1] - found[0]) / (len(found) - 1) / BLOCK * 100 if len(found) > 1 else None

    @property
    def grows(self) -> bool:
        interval, mean = self.by_100, self.mean_by_100
        return interval is not None and mean is not None and interval.low > 0 and mean >= NOTICED_MB


def growth_by_100(memory: Sequence[float], block: int) -> Interval | None:
    """Memory wanders: what a block leaves behind the next one begins with. So it is the differences of blocks, and not
    the levels, that are taken for independent."""
    steps = [after - before for before, after in pairwise(memory)]
    if len(steps) < LEAST_BLOCKS:
        return None
    half = student(0.5 + CONFIDENCE / 2, len(steps) - 1) * stdev(steps) / math.sqrt(len(steps))
    scale = 100 / block
    return Interval((fmean(steps) - half) * scale, (fmean(steps) + half) * scale, CONFIDENCE, "Student's t of blocks")


def measure_growth(
    backend: Backend,
    requests: Sequence[Request],
    many: int,
    budget: Budget,
    *,
    tell: Callable[[int, int], None] = lambda *_: None,
    memory: Callable[[], float | None] = resident_mb,
) -> Growth:
    if not requests:
        return Growth(0, why_not="the plan asks nothing that could be asked again")
    first = memory()
    if first is None:
        return Growth(0, why_not="this system does not tell how much memory a process holds")
    blocks = max(1, many // BLOCK)
    asked = [requests[place % len(requests)] for place in range(BLOCK)]
    seen, took = [first], 0.0
    with opened(backend) as session:
        for block in range(blocks):
            found = timed(session, asked, budget) if budget.allows(BLOCK, took) else None
            if found is None:
                budget.untimed.append(f"memory: time for {block * BLOCK} of {blocks * BLOCK} requests")
                break
            if found.failed:
                return Growth(block * BLOCK, tuple(seen), why_not=found.failed)
            took = found.seconds
            seen.append(memory() or seen[-1])
            tell(block + 1, blocks)
    done = len(seen) - 1
    return Growth(done * BLOCK, tuple(seen), min(WARM_BLOCKS, max(0, done - LEAST_BLOCKS)))
