"""What a run is and what it found: computed once, stored, and rendered many times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evalkit.diagnoses import Agreement, Correction, Distribution, GroupGap, SliceDiagnosis, VarianceSplit
from evalkit.errors import FailureClass
from evalkit.profiles import Profile
from evalkit.records import Counts, Estimate, Interval, Message, ModelInfo, Outcome, Status, Vector
from evalkit.sections import Section


@dataclass(frozen=True, slots=True)
class Run:
    id: str
    suite: str
    model: str
    state: str
    """``planned``, ``running``, ``interrupted``, ``failed`` or ``finished``."""
    created: str
    suite_fingerprint: str = ""
    model_fingerprint: str = ""
    datasets: Mapping[str, str] = field(default_factory=dict)
    """Dataset name to content fingerprint."""
    environment: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the command line changed: limit, only, seed, replicate, ..."""
    partial: bool = False
    """Made with --limit or --only: never a baseline."""
    continues: str = ""
    finished: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One prompt and what was answered, for logs and worst cases."""

    sample: str
    messages: tuple[Message, ...]
    answer: str
    references: tuple[str, ...] = ()
    labels: Mapping[str, Any] = field(default_factory=dict)
    finish: str = "stop"
    error: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A case worth reading: why it is listed, and what was said."""

    check: str
    case: str
    metric: str
    value: float | None
    exchanges: tuple[Exchange, ...]
    evidence: Mapping[str, Any] = field(default_factory=dict)
    status: Status = Status.SCORED
    note: str = ""


@dataclass(frozen=True, slots=True)
class ErroredCase:
    """What there was to see of a case that could not be judged; it holds no secrets."""

    check: str
    case: str
    error: str
    tries: int = 1
    """How often the request that failed was sent, or begun."""
    request: Mapping[str, Any] = field(default_factory=dict)
    """Of a request that failed, beside its messages: role, attempt, decoding, and an unusual condition."""
    exchanges: tuple[Exchange, ...] = ()
    traceback: str = ""
    log: str = ""
    """The last lines that libraries logged."""


OTHERS = "other errors"
"""What an ``ErrorGroup`` does not name; after their number."""


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """The errored measurements of one class."""

    failure: FailureClass
    cause: str
    """One sentence."""
    recommendation: str
    measurements: int
    checks: Mapping[str, int] = field(default_factory=dict)
    """Measurements by check."""
    says: Mapping[str, int] = field(default_factory=dict)
    """The errors' own words, the most frequent first."""
    retried: bool = False
    """Whether errors of this class may pass by themselves, and are tried again."""
    tries: int = 1
    """The most that one of the examples' requests took."""
    examples: tuple[ErroredCase, ...] = ()


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """What a metric says of itself: enough to read its stored statistics again."""

    name: str
    kind: str
    better: str = "higher"
    unit: str = ""
    bounds: tuple[float, float] | None = None
    signature: str = ""
    worst: Vector | None = None
    quantile: float | None = None


@dataclass(frozen=True, slots=True)
class CheckSummary:
    name: str
    kind: str
    dataset: str
    counts: Counts
    metrics: tuple[MetricInfo, ...] = ()
    log: str = ""
    """File in the report folder that lists every case of this check."""
    dataset_rows: int = 0
    skipped_rows: int = 0
    """Rows that ``on_error: skip`` left out."""
    warnings: tuple[str, ...] = ()
    available: int = 0
    """Cases that the dataset holds for this check; more than were planned where it stopped early."""
    stopped: str = ""
    """Of a run that may stop early: why this check stopped, or why it ran to the end."""
    generation: Mapping[str, Any] = field(default_factory=dict)
    """How it asked: max_tokens, temperature, top_p, seed, stop, truncate, attempts, redact."""
    confusion: tuple[tuple[str, str, int], ...] = ()
    """Of a check whose evidence says which label was wanted and which one was given: both, and in how many cases."""
    taken_over: int = 0
    """Scores that an earlier run had made, and that this one took over."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a run stood."""

    seconds: float
    done: float
    """Cases."""
    output_tokens: int
    memory_mb: float | None = None
    """Of this process."""


@dataclass(frozen=True, slots=True)
class Change:
    """A case that went otherwise than in the baseline: what each side said."""

    check: str
    metric: str
    case: str
    kind: str
    """``fixed`` or ``regressed`` where it is right now and was wrong, or the other way round; ``higher`` or ``lower``
    where a value moved without such a turn."""
    was: float | None
    now: float | None
    before: tuple[Exchange, ...]
    after: tuple[Exchange, ...]


@dataclass(frozen=True, slots=True)
class ChangeCount:
    """How the cases of a check went against the baseline, by a metric: each counts once."""

    check: str
    metric: str
    fixed: int
    """Right now and wrong then: a yes or no that flipped, or a value that met the gate's target on one side only."""
    regressed: int
    same: int
    higher: int = 0
    """Moved without such a turn."""
    lower: int = 0


@dataclass(frozen=True, slots=True)
class CaseCount:
    """How the cases of a check went against the baseline, by all metrics that its gates speak of (without gates: by
    those with bounds): each case counts once."""

    check: str
    fixed: int
    regressed: int
    moved: int
    """A value is higher or lower, and nothing turned from right to wrong or back."""
    same: int


@dataclass(frozen=True, slots=True)
class MetricContrast:
    """A metric over the cases that this run and the baseline both have, as ``evalkit compare`` tells it."""

    check: str
    metric: str
    unit: str
    better: str
    baseline: float | None
    value: float | None
    difference: float | None
    interval: Interval | None
    """Of the difference, of this metric alone: ``p_adjusted`` sees all metrics, and may doubt what it excludes."""
    p_value: float | None
    """Of no difference, of this metric alone."""
    p_adjusted: float | None
    """After Holm, over all metrics that differ."""
    test: str
    pairs: int
    missing: int
    """Cases that one side alone measured."""
    judged: bool
    """One direction is better: the metric has a gate or bounds, and is not of speed."""
    conclusion: str
    """``better`` or ``worse`` beyond chance, ``moved`` where neither direction is better, ``unclear``, ``same``."""

    @property
    def name(self) -> str:
        return f"{self.check}.{self.metric}"


@dataclass(frozen=True, slots=True)
class ReviewSummary:
    """What people said of a part of a check's cases."""

    queue: str
    check: str
    question: str
    items: int
    reviewed: int
    """Items with a label of as many reviewers as are wanted."""
    skipped: int
    """Items that nobody labelled and somebody skipped."""
    outstanding: int = 0
    """Items that as many as are wanted have neither labelled nor skipped."""
    reviewers: tuple[str, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)
    flagged: int = 0
    agreement: float | None = None
    """Cohen's kappa of the two who share most items."""
    agreement_interval: Interval | None = None
    metric: str = ""
    """Of the check: what ``raw`` is."""
    raw: float | None = None
    """What the check counted itself over all its cases, against the model."""
    refined: float | None = None
    """The same rate as people would count it, over all its cases: prediction-powered."""
    refined_interval: Interval | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What the run cost."""

    cases: int = 0
    needed: int = 0
    """Requests that the checks wanted."""
    asked: int = 0
    """Requests that reached the model in this run."""
    reused: int = 0
    """Answers found in the store."""
    prompt_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    incidents: int = 0
    """Requests for which the store was offered two different texts."""
    taken_over: int = 0
    """Scores that an earlier run had made of the same answers, by a check that judges just so; all others were made in
    this run."""
    taken_from: tuple[str, ...] = ()
    """The runs from which scores were taken over."""


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that a report renders: computed once, rendered many times."""

    run: Run
    outcome: Outcome
    estimates: tuple[Estimate, ...]
    checks: tuple[CheckSummary, ...]
    findings: tuple[Finding, ...]
    usage: Usage
    warnings: tuple[str, ...] = ()
    reproduce: str = ""
    """The command that does it again."""
    suite_title: str = ""
    model: ModelInfo | None = None
    differences: tuple[str, ...] = ()
    """In what the baseline was made differently, where that was allowed."""
    diagnoses: tuple[SliceDiagnosis, ...] = ()
    splits: tuple[VarianceSplit, ...] = ()
    corrections: tuple[Correction, ...] = ()
    group_gaps: tuple[GroupGap, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    changes: tuple[Change, ...] = ()
    """Against the baseline, the largest of each check."""
    change_counts: tuple[ChangeCount, ...] = ()
    case_counts: tuple[CaseCount, ...] = ()
    contrasts: tuple[MetricContrast, ...] = ()
    """Every metric that the baseline measured in the same way, on the same data."""
    sampled: tuple[Finding, ...] = ()
    """Cases drawn at random beside the worst; all others, where there are few."""
    reviews: tuple[ReviewSummary, ...] = ()
    revision: int = 0
    """Of the outcome: 0 as the run ended, more after people reviewed it."""
    errors: tuple[ErrorGroup, ...] = ()
    """What errored, by class, the most frequent first."""
    timeline: tuple[Moment, ...] = field(default=(), compare=False)
    profile: Profile | None = field(default=None, compare=False)
    """Of a run with ``--profile``, as far as it was when the result was stored."""
    mode: str = ""
    """How the suite was run: ``pipeline``, ``deep-dive``, ...; of results from before there were modes nothing."""
    mode_reason: str = ""
    """Why in this mode, in one sentence."""
    sections: tuple[Section, ...] = field(default=(), compare=False)
    """What the mode tells beside the verdicts."""
