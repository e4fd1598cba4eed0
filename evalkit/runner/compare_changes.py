"""What a comparison says: of a metric, of a case, of a check, of two runs."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.records import Contrast, Status
from evalkit.results import Exchange, Run

TOLERANCE = 1e-12
"""Values of a case that differ by less are the same value."""


@dataclass(frozen=True, slots=True)
class MetricChange:
    check: str
    metric: str
    unit: str
    better: str
    baseline: float | None
    """Over the cases that both runs have."""
    candidate: float | None
    contrast: Contrast
    """``candidate - baseline``, paired."""
    judged: bool = True
    """One direction is better beyond doubt: the metric has a gate or bounds, or is about speed. Fewer words, for one,
    are not better by themselves."""
    improved: int | None = None
    """Cases; none for metrics that have no value for one case."""
    regressed: int | None = None
    unchanged: int | None = None

    @property
    def word(self) -> str:
        """``better`` or ``worse`` where the whole interval lies on one side of no difference, ``same`` where nothing
        differs at all, else ``unclear``; ``moved`` where neither direction is better by itself."""
        between, value = self.contrast.interval, self.contrast.value
        if value is None:
            return "unclear"
        if not self.improved and not self.regressed and abs(value) <= TOLERANCE:
            return "same"
        if between is None or between.low <= 0 <= between.high:
            return "unclear"
        if not self.judged:
            return "moved"
        return "better" if (value > 0) == (self.better == "higher") else "worse"


@dataclass(frozen=True, slots=True)
class CaseChange:
    """A case that one run did better than the other."""

    check: str
    case: str
    direction: str
    """``improved`` or ``regressed``."""
    metric: str
    """What tells: the check's first gated metric that changed; ``coverage`` where only one side has a score."""
    baseline: float | None
    candidate: float | None
    baseline_status: Status = Status.SCORED
    candidate_status: Status = Status.SCORED
    baseline_exchanges: tuple[Exchange, ...] = ()
    """What was asked and answered; filled for the first cases of each direction only."""
    candidate_exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckChange:
    name: str
    pairs: int
    only_baseline: tuple[str, ...]
    """Cases that the other run does not have: listed, never silently dropped."""
    only_candidate: tuple[str, ...]
    errored: tuple[int, int]
    """Of the common cases, in baseline and candidate. They count at the metric's worst value."""
    unscored: tuple[int, int]
    metrics: tuple[MetricChange, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    baseline: Run
    candidate: Run
    differences: tuple[tuple[str, str, str], ...]
    """What differs in how the runs were made: name, value of the baseline, value of the candidate."""
    checks: tuple[CheckChange, ...]
    regressed: tuple[CaseChange, ...]
    improved: tuple[CaseChange, ...]
    missing: tuple[str, ...] = ()
    """Checks and metrics that only one of the runs has, in sentences."""

    @property
    def metrics(self) -> tuple[MetricChange, ...]:
        return tuple(metric for check in self.checks for metric in check.metrics)
