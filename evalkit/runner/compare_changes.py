"""What a comparison says: of a metric, of a case, of a check, of a candidate, of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from evalkit.records import Contrast
from evalkit.results import Run
from evalkit.runner.compare_listed import CaseChange, CaseChanges
from evalkit.runner.compare_pairs import Counts

ALPHA = 0.05
"""How often a comparison of a model with itself may call any metric better or worse."""


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
    """``candidate - baseline``, paired, with the p-value of no difference for this metric alone."""
    judged: bool = True
    """One direction is better beyond doubt: the metric has a gate or bounds. Fewer words, for one, are not better by
    themselves. Speed is never judged: what the cases of one run share (the machine, the hour) differs in the next."""
    decisive: bool = True
    """Judged, and a reason to fail: a metric with a gate; where neither run has gates, one with bounds."""
    differs: bool = True
    """In at least one case, however little."""
    adjusted: float | None = None
    """The p-value after Holm, over all metrics of this comparison that are judged (or: are not) and differ."""
    test: str = ""
    """Where the p-value comes from: ``McNemar, exact`` or ``swaps``."""
    cases: Counts | None = None
    """What became of them by this metric's value; none for metrics that have no value for one case, and of speed."""
    unread: tuple[tuple[str, str], ...] = ()
    """What of ``baseline``, ``candidate`` and ``difference`` the metric could not compute, and why."""

    @property
    def name(self) -> str:
        return f"{self.check}.{self.metric}"

    @property
    def word(self) -> str:
        """``better`` or ``worse`` where chance is refuted, with all judged metrics in view; ``same`` where no case
        differs, else ``unclear``; ``moved`` where neither direction is better by itself."""
        if self.contrast.value is None:
            return "unclear"
        if not self.differs:
            return "same"
        if self.adjusted is None or self.adjusted > ALPHA or self.contrast.value == 0:
            return "unclear"
        if not self.judged:
            return "moved"
        return "better" if (self.contrast.value > 0) == (self.better == "higher") else "worse"


@dataclass(frozen=True, slots=True)
class Asked:
    """How far one run went through a check's cases."""

    planned: int
    available: int
    """More than planned where the run stopped early."""
    stopped: str = ""

    @property
    def early(self) -> bool:
        return self.available > self.planned


@dataclass(frozen=True, slots=True)
class CheckChange:
    name: str
    pairs: int
    units: int
    """Clusters among the pairs: what chance draws anew."""
    only_baseline: Sequence[str]
    """Cases that the other run does not have: listed, never silently dropped."""
    only_candidate: Sequence[str]
    errored: tuple[int, int]
    """Of the common cases, in baseline and candidate. They count at the metric's worst value."""
    unscored: tuple[int, int]
    asked: tuple[Asked, Asked]
    metrics: tuple[MetricChange, ...]


@dataclass(frozen=True, slots=True)
class Pairing:
    """One candidate against the baseline."""

    baseline: Run
    candidate: Run
    differences: tuple[tuple[str, str, str], ...]
    """What differs in how the runs were made: name, value of the baseline, value of the candidate."""
    allowed: tuple[str, ...]
    """What would have been refused, had it not been allowed: other data, signatures or generation settings."""
    gated: bool
    """A suite of the two has gates: then only metrics with one decide."""
    checks: tuple[CheckChange, ...]
    regressed: CaseChanges
    improved: CaseChanges
    moved: CaseChanges = field(default_factory=CaseChanges)
    """Cases with a higher or lower value, of which nothing turned from right to wrong or back."""
    missing: tuple[str, ...] = ()
    """Checks and metrics that only one of the runs has, in sentences."""
    found_by: tuple[str, str] = ("", "")
    """Name or file of the baseline that each side was named as; empty for runs."""

    @property
    def metrics(self) -> tuple[MetricChange, ...]:
        return tuple(metric for check in self.checks for metric in check.metrics)

    @property
    def decisive(self) -> tuple[MetricChange, ...]:
        """The metrics that may make a regression, as far as both runs measured them."""
        return tuple(metric for metric in self.metrics if metric.decisive and metric.contrast.value is not None)

    @property
    def worse(self) -> tuple[MetricChange, ...]:
        """The regressions: decisive metrics that are worse beyond chance."""
        return tuple(metric for metric in self.decisive if metric.word == "worse")


@dataclass(frozen=True, slots=True)
class Comparison:
    baseline: Run
    candidates: tuple[Pairing, ...]

    @property
    def metrics(self) -> tuple[MetricChange, ...]:
        return tuple(metric for pairing in self.candidates for metric in pairing.metrics)

    @property
    def regressed(self) -> tuple[CaseChange, ...]:
        return tuple(change for pairing in self.candidates for change in pairing.regressed)

    @property
    def improved(self) -> tuple[CaseChange, ...]:
        return tuple(change for pairing in self.candidates for change in pairing.improved)

    @property
    def moved(self) -> tuple[CaseChange, ...]:
        return tuple(change for pairing in self.candidates for change in pairing.moved)

    @property
    def worse(self) -> tuple[MetricChange, ...]:
        return tuple(metric for pairing in self.candidates for metric in pairing.worse)
