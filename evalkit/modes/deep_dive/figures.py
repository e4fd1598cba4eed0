"""All that was measured of one run: what sections tell and rules advise upon."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from evalkit.modes.deep_dive.budget import Budget
from evalkit.modes.deep_dive.comparison import Against, Difference
from evalkit.modes.deep_dive.growth import Growth
from evalkit.modes.deep_dive.latency import Latencies
from evalkit.modes.deep_dive.patterns import AnswerPatterns
from evalkit.modes.deep_dive.rates import Rates
from evalkit.modes.deep_dive.resources import Look, Phase
from evalkit.modes.deep_dive.slices import Worst
from evalkit.modes.deep_dive.stages import Blocks
from evalkit.modes.deep_dive.volume import Scaling
from evalkit.profiles import Profile
from evalkit.runner.attending import Concluded

if TYPE_CHECKING:
    from evalkit.modes.deep_dive.mode import DeepDiveOptions


@dataclass(slots=True)
class Figures:
    concluded: Concluded
    options: DeepDiveOptions
    is_timed: bool = True
    profile: Profile | None = None
    """Of the run alone."""
    blocks: Blocks = field(default_factory=Blocks)
    budget: Budget = field(default_factory=lambda: Budget(0))
    rates: Rates = field(default_factory=lambda: Rates(""))
    scaling: Scaling = field(default_factory=lambda: Scaling(()))
    growth: Growth = field(default_factory=lambda: Growth(0))
    latencies: Latencies = field(default_factory=Latencies)
    patterns: AnswerPatterns = field(default_factory=AnswerPatterns)
    worst: Worst = field(default_factory=Worst)
    against: tuple[Against, ...] = ()
    datasets: tuple[Difference, ...] = ()
    looks: tuple[Look, ...] = ()
    phases: tuple[Phase, ...] = ()
    peak_mb: float | None = None

    @property
    def is_mock(self) -> bool:
        model = self.concluded.result.model
        return model is not None and model.backend == "mock"
