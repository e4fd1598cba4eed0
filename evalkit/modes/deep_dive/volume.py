"""Does twice the work take twice the time?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evalkit.modes.deep_dive.asking import opened, timed
from evalkit.modes.deep_dive.budget import Budget
from evalkit.protocols import Backend
from evalkit.records import Generate, Request

TIMES = (1, 2, 4)
OF_FOUR = {1: ((1,), (2,)), 2: ((1, 2),), 4: ((0, 1, 2, 3),)}
"""Of four prompts that follow each other in length, which are asked, by volume; in turns, where there are several."""
LEAST_REPEATS = 2
"""Of the smallest volume, for it to be known how much its time varies."""
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

    def time(self, step: Step) -> float:
        """More rows take no less: what they took at least is enough for fewer."""
        return min(one.least for one in self.steps if one.rows >= step.rows)

    def times(self, step: Step) -> float:
        """As long as the smallest volume takes."""
        return self.time(step) / self.time(self.steps[0])

    @property
    def is_too_short(self) -> bool:
        return bool(self.steps) and self.time(self.steps[0]) < LEAST_SECONDS

    @property
    def worst(self) -> float | None:
        """Times by the ratio of volumes: 1 is in proportion."""
        return self._worst(self.time(self.steps[0])) if self.steps else None

    @property
    def surely(self) -> float | None:
        """The same, had the smallest volume always taken as long as in its slowest repeat."""
        first = self.steps[0] if self.steps else None
        return self._worst(max(first.seconds)) if first and len(first.seconds) >= LEAST_REPEATS else None

    def _worst(self, first: float) -> float | None:
        further = [self.time(step) / first / (step.rows / self.steps[0].rows) for step in self.steps[1:]]
        return max(further) if further and not self.is_too_short else None

    @property
    def state(self) -> str:
        if self.worst is None:
            return "measured"
        if self.worst <= MOST_RATIO:
            return "held"
        return "broken" if (self.surely or 0.0) > MOST_RATIO else "measured"


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
    volumes = alike_in_length(requests[: unit * TIMES[-1]])
    took: dict[int, list[float]] = {times: [] for times in TIMES}

    def found() -> Scaling:
        steps = tuple(Step(times, unit * times, tuple(seconds)) for times, seconds in took.items() if seconds)
        return Scaling(steps if took[TIMES[0]] else ())

    with opened(backend) as session:
        if budget.allows(1):
            timed(session, requests[:1], budget)
        for repeat in range(2 * repeats):
            if repeat == repeats and found().state != "broken":
                break  # what looks broken is measured as often again: a server is slow now and then
            for times in TIMES:
                one = volumes[times]
                guess = max(took[times], default=0.0) or 2 * max(took.get(times // 2, [0.0]), default=0.0)
                asked = timed(session, one, budget) if budget.allows(len(one), guess) else None
                if asked is not None and asked.failed:
                    return Scaling((), asked.failed)
                if asked is not None:
                    took[times].append(asked.seconds)
            tell(min(repeat + 1, repeats), repeats)
    missing = [times for times in TIMES if not took[times]]
    if missing:
        budget.untimed.append(f"volume {', '.join(f'{times}x' for times in missing)}: no time was left")
    return found()


def alike_in_length(requests: Sequence[Request]) -> dict[int, list[Request]]:
    """A fourth, a half, and all of them, in the same order: as long in the mean as they can be, so that the number of
    rows is what sets the volumes apart. As many as four divides."""
    by_length = sorted(range(len(requests)), key=lambda at: _length(requests[at]))
    found = {}
    for times, turns in OF_FOUR.items():
        chosen = {by_length[four + at] for four in range(0, len(requests), 4) for at in turns[four // 4 % len(turns)]}
        found[times] = [requests[at] for at in sorted(chosen)]
    return found


def _length(request: Request) -> int:
    return sum(len(message.content) for message in request.ask.messages) if isinstance(request.ask, Generate) else 0
