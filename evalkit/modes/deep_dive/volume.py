"""Does twice the work take twice the time?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evalkit.modes.deep_dive.asking import opened, timed
from evalkit.modes.deep_dive.budget import Budget
from evalkit.protocols import Backend
from evalkit.records import Request

TIMES = (1, 2, 4)
MOST_RATIO = 2.0
"""So many times the ratio of volumes the ratio of times may be."""
LEAST_SECONDS = 0.01
"""Of the smallest volume: shorter times are those of the clock and of the machine."""


@dataclass(frozen=True, slots=True)
class Step:
    times: int
    rows: int
    seconds: tuple[float, ...]

    @property
    def least(self) -> float:
        """Whatever else a machine does only adds to the time."""
        return min(self.seconds)


@dataclass(frozen=True, slots=True)
class Scaling:
    steps: tuple[Step, ...]
    why_not: str = ""

    def ratio(self, step: Step) -> float:
        """Of times, by the ratio of volumes: 1 is in proportion."""
        first = self.steps[0]
        return step.least / first.least / (step.rows / first.rows)

    @property
    def is_too_short(self) -> bool:
        return bool(self.steps) and self.steps[0].least < LEAST_SECONDS

    @property
    def worst(self) -> float | None:
        further = [self.ratio(step) for step in self.steps[1:]]
        return max(further) if further and not self.is_too_short else None

    @property
    def state(self) -> str:
        if self.worst is None:
            return "measured"
        return "held" if self.worst <= MOST_RATIO else "broken"


def measure_scaling(
    backend: Backend,
    requests: Sequence[Request],
    rows: int,
    repeats: int,
    budget: Budget,
    *,
    tell: Callable[[int, int], None] = lambda *_: None,
) -> Scaling:
    """Different prompts, for equal ones may be computed once. Of too few a fourth is the unit."""
    unit = min(rows, len(requests) // TIMES[-1])
    if not unit:
        return Scaling((), f"the plan has {len(requests)} different prompts, and {TIMES[-1]} are the least")
    took: dict[int, list[float]] = {times: [] for times in TIMES}
    with opened(backend) as session:
        if budget.allows(1):
            timed(session, requests[:1], budget)
        for repeat in range(repeats):
            for times in TIMES:
                one = requests[: unit * times]
                guess = max(took[times], default=0.0) or 2 * max(took.get(times // 2, [0.0]), default=0.0)
                found = timed(session, one, budget) if budget.allows(len(one), guess) else None
                if found is not None and found.failed:
                    return Scaling((), found.failed)
                if found is not None:
                    took[times].append(found.seconds)
            tell(repeat + 1, repeats)
    steps = tuple(Step(times, unit * times, tuple(seconds)) for times, seconds in took.items() if seconds)
    missing = [times for times in TIMES if not took[times]]
    if missing:
        budget.untimed.append(f"volume {', '.join(f'{times}x' for times in missing)}: no time was left")
    return Scaling(steps if took[TIMES[0]] else ())
