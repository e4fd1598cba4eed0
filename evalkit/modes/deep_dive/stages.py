"""Where a run's time went, stage by stage and block by block."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from evalkit.profiles import Profile, Stage

PERCENTILES = (50, 90, 95, 99)
MOST_BLOCKS = 2000


@dataclass(frozen=True, slots=True)
class StageTime:
    name: str
    seconds: float
    cpu_seconds: float | None
    share: float
    times: int


def flat(stages: Iterable[Stage], within: str = "") -> list[Stage]:
    """Those without parts, named by what they are a part of; together they are the whole."""
    found = []
    for stage in stages:
        name = f"{within}: {stage.name}" if within else stage.name
        if stage.stages:
            found += flat(stage.stages, stage.name)
        else:
            found.append(Stage(name, stage.seconds, stage.cpu_seconds, stage.times))
    return found


def stage_times(profile: Profile) -> list[StageTime]:
    whole = profile.seconds or 1.0
    found = [
        StageTime(stage.name, stage.seconds, stage.cpu_seconds, stage.seconds / whole, stage.times)
        for stage in flat(profile.stages)
    ]
    return sorted(found, key=lambda one: -one.seconds)


def share_of(profile: Profile | None, name: str) -> float | None:
    """Of the whole time, what stages of this name took, with all their parts."""
    if profile is None or not profile.seconds:
        return None
    return sum(_named(profile.stages, name)) / profile.seconds


def _named(stages: Iterable[Stage], name: str) -> list[float]:
    found: list[float] = []
    for stage in stages:
        found += [stage.seconds] if stage.name == name else _named(stage.stages, name)
    return found


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Linear between the values that were measured, and the largest."""
    found = np.percentile(np.asarray(values, dtype=np.float64), PERCENTILES)
    return {**{f"p{q}": float(value) for q, value in zip(PERCENTILES, found, strict=True)}, "most": float(max(values))}


@dataclass(slots=True)
class Blocks:
    """What each block of a run took in every stage."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    blocks: int = 0
    _before: Mapping[str, float] = field(default_factory=dict)

    def begin(self, profile: Profile) -> None:
        """What was booked before is no block's."""
        self._before = _by_name(profile)

    def note(self, profile: Profile) -> None:
        """At the end of a block: what was booked since the last one is this one's."""
        now = _by_name(profile)
        if self.blocks < MOST_BLOCKS:
            for name, seconds in now.items():
                took = self.seconds.setdefault(name, [0.0] * self.blocks)
                took.append(max(0.0, seconds - self._before.get(name, 0.0)))
            for took in self.seconds.values():
                took.extend([0.0] * (self.blocks + 1 - len(took)))
            self.blocks += 1
        self._before = now


def _by_name(profile: Profile) -> dict[str, float]:
    found: dict[str, float] = {}
    for stage in flat(profile.stages):
        found[stage.name] = found.get(stage.name, 0.0) + stage.seconds
    return found
