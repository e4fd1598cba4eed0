"""The nouns of evalkit: what flows from a suite file to a verdict.

Every record is frozen and carries data only. Reading, asking, scoring and rendering live in the rooms; these are the
words they share, so that a sentence about evalkit and a line of its code use the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Vector = tuple[float, ...]
"""Sufficient statistics of one case. Metrics turn the *sum* of vectors into a value."""


# --- what is asked ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    role: str
    """``system``, ``user`` or ``assistant``."""
    content: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One dataset row, after columns were mapped and the prompt was rendered."""

    id: str
    messages: tuple[Message, ...]
    references: tuple[str, ...] = ()
    labels: Mapping[str, Any] = field(default_factory=dict)
    """Every other column: category, group, pair, keywords, expected_length, unsafe, ..."""
    cluster: str = ""
    """Rows with the same cluster are not independent and are ordered, resampled and stopped together."""
    origin: str = ""
    """File and line, for messages to people."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a check examines at once: one sample, or several that only mean something together."""

    id: str
    samples: tuple[Sample, ...]
    cluster: str = ""

    @property
    def sample(self) -> Sample:
        return self.samples[0]

    @property
    def labels(self) -> Mapping[str, Any]:
        return self.samples[0].labels


@dataclass(frozen=True, slots=True)
class Decoding:
    max_tokens: int = 128
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()

    @property
    def greedy(self) -> bool:
        return self.temperature == 0.0


@dataclass(frozen=True, slots=True)
class Condition:
    """How the engine runs a request. Only determinism asks for anything but the default (``None``: engine's choice)."""

    batch_size: int | None = None
    padding: str | None = None
    order: str | None = None
    threads: int | None = None
    kv_cache: bool | None = None
    attention: str | None = None
    dtype: str | None = None
    process: str | None = None
    concurrency: int | None = None
    """How many requests an endpoint is asked at once."""


DEFAULT_CONDITION = Condition()


@dataclass(frozen=True, slots=True)
class Generate:
    messages: tuple[Message, ...]
    decoding: Decoding = Decoding()


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How probable is the continuation after the context (plain text, or a conversation)?"""

    context: str | tuple[Message, ...]
    continuation: str


@dataclass(frozen=True, slots=True)
class Request:
    ask: Generate | Likelihood
    role: str = "subject"
    """``subject``: the model under test; ``judge``: the model that helps to score."""
    condition: Condition = DEFAULT_CONDITION
    attempt: int = 0
    """Which repetition of an otherwise equal request."""
    fresh: bool = False
    """An answer of an earlier run will not do (a cached repeat proves nothing about determinism or speed)."""
    wants: frozenset[str] = frozenset()
    """What is wanted beside the text: ``margins``, ``logprobs``, ``tokens``. Not part of a request's identity."""
    renewal: int = 0
    """Answers from before this invalidation will not do; 0 where nobody invalidated any."""


# --- what came back ---------------------------------------------------------------------------------------------------


class FailureKind(StrEnum):
    AUTHENTICATION = "authentication"
    CONFIGURATION = "configuration"
    CONTENT = "content"
    INTERNAL = "internal"
    NETWORK = "network"
    OUT_OF_MEMORY = "out of memory"
    RATE_LIMIT = "rate limit"
    SERVER = "server error"
    TIMEOUT = "time-out"
    TOO_LONG = "prompt too long"
    UNSUPPORTED = "not supported"


@dataclass(frozen=True, slots=True)
class Trace:
    """What there was to see when something went wrong; it holds no secrets."""

    traceback: str = ""
    log: str = ""
    """The last lines that libraries logged."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request has no answer. ``message`` is for people and holds no secrets."""

    kind: FailureKind
    message: str
    retryable: bool = False
    tries: int = 1
    """How often it was sent, or begun."""
    trace: Trace | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Timing:
    seconds: float = 0.0
    """From when the engine took the request up until its last token."""
    batch: int = 1
    """How many requests shared those seconds."""
    memory_growth_mb: float | None = None
    """Growth of the process's resident memory over the batch, where the engine runs in this process."""
    engine_seconds: float | None = None
    """This request's part of the engine's time, where the engine tells it: a batch's parts add up to its whole time,
    also where some answers ended early. None: ``seconds`` divided by ``batch``."""


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    finish: str = "stop"
    """``stop``, ``length`` (ran into max_tokens), ``filtered`` (withheld by the provider's filter) or ``error``."""
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    timing: Timing = Timing()
    reasoning: str = ""
    """``<think>`` blocks and the like: kept, never scored."""
    margins: tuple[float, ...] | None = None
    """Per output token, how far the best logit was ahead of the second."""
    logprobs: tuple[float, ...] | None = None
    """Per output token; for a likelihood, per token of the continuation."""
    failure: Failure | None = None
    served_by: str = ""
    """What an endpoint said of itself: reported model version and system fingerprint."""
    reused: bool = False
    """Found in the store from an earlier run rather than made in this one."""
    tokens: tuple[str, ...] | None = None
    """The output tokens as the tokenizer names them, reasoning included: where two answers part, exactly."""
    redacted: Mapping[str, int] = field(default_factory=dict, hash=False)
    """How many of which kind were taken out of it before it was kept."""

    @property
    def truncated(self) -> bool:
        return self.finish == "length"

    @staticmethod
    def failed(
        kind: FailureKind,
        message: str,
        *,
        retryable: bool = False,
        tries: int = 1,
        trace: Trace | None = None,
        timing: Timing = Timing(),
    ) -> Answer:
        return Answer("", finish="error", failure=Failure(kind, message, retryable, tries, trace), timing=timing)


# --- how it is judged -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unscored:
    """A measurement that could not be made, though nothing went wrong: ``five words or fewer``."""

    reason: str


class Status(StrEnum):
    SCORED = "scored"
    UNSCORED = "unscored"
    ERRORED = "errored"


@dataclass(frozen=True, slots=True)
class Score:
    """One check's judgement of one case."""

    results: Mapping[str, Vector | Unscored] = field(default_factory=dict)
    """By metric name. A metric of the check that is missing here counts as unscored; of an errored case, what it counts
    as where that is not simply the metric's worst (an unanswered row of BLEU still has a reference length)."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """JSON-ready: matched span, extracted number, first difference, ..."""
    error: str = ""
    """Set when the case could not be judged at all."""
    errored_attempts: float = field(default=0.0, compare=False)
    """The share of its attempts that errored, of a case that could be judged by the others. Not stored."""
    trace: Trace | None = field(default=None, compare=False)
    """Of an errored case, where its failure was not a request's own."""

    @property
    def status(self) -> Status:
        if self.error:
            return Status.ERRORED
        scored = any(not isinstance(result, Unscored) for result in self.results.values())
        return Status.SCORED if scored else Status.UNSCORED


@dataclass(frozen=True, slots=True)
class Counts:
    planned: int
    scored: int
    unscored: int
    errored: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Why measurements were unscored or errored, most frequent first."""
    inapplicable: int = 0
    """Of the unscored: cases that other metrics of the check score, and that this one does not apply to."""

    @property
    def coverage(self) -> float:
        return self.scored / self.planned if self.planned else 0.0


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float
    confidence: float
    method: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric over cases. ``value`` is none where there is nothing to divide by; none is not zero."""

    check: str
    metric: str
    value: float | None
    interval: Interval | None
    counts: Counts
    unit: str = ""
    better: str = "higher"
    signature: str = ""
    slice: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        inner = ",".join(f"{label}={value}" for label, value in self.slice.items())
        return f"{self.check}.{self.metric}" + (f"[{inner}]" if inner else "")


@dataclass(frozen=True, slots=True)
class Contrast:
    """A paired difference of one metric between two runs (``this - other``)."""

    metric: str
    value: float | None
    interval: Interval | None
    pairs: int
    missing: int = 0
    """Cases that only one side has: listed, never silently dropped."""
    only_here: Sequence[str] = ()
    """Cases that this side alone measured."""
    only_there: Sequence[str] = ()
    p_value: float | None = None
    """Of no difference at all."""


class Word(StrEnum):
    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the cases up to the end of a block say about a gate that is tested while they come in.

    Both are natural logarithms of wealth: of a bet that the target is missed ("for pass" is what it has lost), and of
    one that it is met. A side is decided when its wealth reaches one over the error that it may make.
    """

    cases: int
    for_pass: float
    for_fail: float


@dataclass(frozen=True, slots=True)
class Verdict:
    gate: str
    """As written in the suite."""
    word: Word
    """What the evidence says."""
    counts_as: Word
    """What the outcome takes it for, after the suite's ``unsure`` policy."""
    reason: str
    """One sentence."""
    estimate: Estimate | None = None
    contrast: Contrast | None = None
    threshold: float | None = None
    operator: str = ">="
    about: str = "population"
    more_cases: int | None = None
    """How many more cases would settle an unsure gate."""
    decided_by: Interval | None = None
    """The interval that decided, where it is not the estimate's own: exact for shares, betting for bounded means."""
    p_value: float | None = None
    """Of meeting the target: how surprising these cases are if it is met. A suite fails on the small ones (Holm)."""
    used: int | None = None
    """Cases that were asked for this gate's check, where it could stop early."""
    available: int | None = None
    evidence: tuple[Evidence, ...] = ()
    """By block, of a gate that could stop early."""
    needed: tuple[float, float] | None = None
    """The logarithms of wealth that decide for pass and for fail."""
    automatic: bool = False
    """A gate that every check has (coverage), rather than one that the suite wrote."""
    origin: str = ""
    """File and line."""


@dataclass(frozen=True, slots=True)
class Outcome:
    word: str
    """``good enough``, ``not good enough``, ``unsure``, ``not measured`` or ``nothing evaluated``."""
    exit_code: int
    reason: str
    verdicts: tuple[Verdict, ...] = ()
    beside: str = ""
    """What else it is no better than, beside its verdicts: a suite that this one needs, and that did not pass."""
    beside_code: int = 0
    """The exit code of that."""

    @property
    def passed(self) -> bool:
        return self.exit_code == 0


# --- what a run is ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Who answers, and how surely the next answer under this name comes from the same weights."""

    reference: str
    backend: str
    fingerprint: str
    """Of the weights, the answer table or the endpoint's address: two models never share one."""
    revision: str
    """Of the backend's own code path; another decode loop is another revision."""
    verifiable: bool
    """Identity is checked (weights by hash): answers may serve later runs."""
    context_length: int | None = None
    capabilities: frozenset[str] = frozenset({"generate"})
    """Of ``generate``, ``likelihood``, ``margins``, ``logprobs``."""
    conditions: frozenset[str] = frozenset()
    """Fields of Condition that this backend can set."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """For people: parameters, dtype, device, licence, ..."""
