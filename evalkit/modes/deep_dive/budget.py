"""What may be spent on measurements beside a run: seconds, and requests where the suite limits them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

Clock = Callable[[], float]


@dataclass(slots=True)
class Budget:
    seconds: float
    requests: int | None = None
    """None: any number."""
    clock: Clock = time.monotonic
    is_stopped: Callable[[], bool] = lambda: False
    """Somebody wants no more of it."""
    asked: int = 0
    untimed: list[str] = field(default_factory=list)
    """What was not measured, and why."""
    _deadline: float = field(init=False)

    def __post_init__(self) -> None:
        self._deadline = self.clock() + self.seconds

    @property
    def left(self) -> float:
        return 0.0 if self.is_stopped() else max(0.0, self._deadline - self.clock())

    @property
    def is_over(self) -> bool:
        return self.left <= 0

    def allows(self, requests: int, seconds: float = 0.0) -> bool:
        """``seconds``: what it took before, or a guess."""
        enough = self.requests is None or self.asked + requests <= self.requests
        return enough and not self.is_over and seconds <= self.left

    def spend(self, requests: int) -> None:
        self.asked += requests

    def part(self, share: float) -> Budget:
        """A share of the time that is left; what it asks is counted in its own, see ``take_back``."""
        rest = None if self.requests is None else max(0, self.requests - self.asked)
        return Budget(self.left * share, rest, self.clock, self.is_stopped)

    def take_back(self, part: Budget) -> None:
        self.asked += part.asked
        self.untimed += part.untimed
