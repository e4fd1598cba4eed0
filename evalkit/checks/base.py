"""What checks have in common: options, one case per sample, and the fate of failed answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from evalkit.protocols import Conversation, Metric
from evalkit.records import (
    Answer,
    Case,
    Decoding,
    FailureKind,
    Generate,
    Request,
    Sample,
    Score,
    Unscored,
    Vector,
)


class Options(BaseModel):
    """What a suite may say under a check, beside ``kind``, ``dataset`` and ``generation``."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class BaseCheck:
    """The constructor that the suite calls, and what it may ask a check class before that.

    A check class names its ``kind``, its ``Options``, the dataset columns it cannot do without (``required``), and
    the options that may be written in the suite as a plain list of metric names.
    """

    kind: ClassVar[str]
    Options: ClassVar[type[Options]] = Options
    required: tuple[str, ...] = ()
    log: ClassVar[str] = ""
    """Name of the JSON-lines file in the report folder that lists every case, where a person should read them all."""
    max_rounds: int = 1
    judges_anywhere: bool = True
    """Another process may judge for it: made there of its name and options, it says the same of the same answers. False
    where much would have to be loaded again."""

    def __init__(self, name: str, decoding: Decoding, options: Any = None) -> None:
        self.name = name
        self.decoding = decoding
        self.options: Any = self.Options() if options is None else options
        self.metrics: Sequence[Metric] = tuple(self.measures())

    def measures(self) -> Iterable[Metric]:
        """The metrics of this check under its options."""
        raise TypeError(f"{type(self).__name__} does not say what it measures")

    def rests_on(self) -> Iterable[str] | None:
        """What else decides its scores, beside its options, its code, the libraries and the answers: the hash of what
        it reads, the name and version of a model. None where that cannot be told: then every run scores anew."""
        return ()

    def cases(self, samples: Iterable[Sample]) -> Iterable[Case]:
        for sample in samples:
            yield Case(sample.id, (sample,), sample.cluster or sample.id)

    def warnings(self, samples: Sequence[Sample]) -> Iterable[str]:
        """What a person should know about this check on these samples, before anything is asked."""
        return ()

    def ask(self, sample: Sample, **changes: Any) -> Request:
        return Request(Generate(sample.messages, self.decoding), **changes)

    def failed(self, answer: Answer, counts_as: Mapping[str, Vector | Unscored] | None = None) -> Score:
        """An answer that is none: an unsupported condition is unscored, all else is an error.

        ``counts_as`` says for which metrics the case does not simply count as their worst.
        """
        assert answer.failure is not None
        kind, message = answer.failure.kind, answer.failure.message
        if kind is FailureKind.UNSUPPORTED:
            reason = f"not supported: {message}" if message else "not supported"
            return Score({metric.name: Unscored(reason) for metric in self.metrics})
        return Score(counts_as or {}, error=f"{kind}: {message}")

    def unscored(self, reason: str, evidence: Mapping[str, Any] | None = None) -> Score:
        return Score({metric.name: Unscored(reason) for metric in self.metrics}, evidence or {})


class AnswerCheck(BaseCheck):
    """A check that asks each sample once and judges the answer: only ``measures`` and ``judge`` are left to write."""

    def examine(self, case: Case) -> Conversation:
        (answer,) = yield (self.ask(case.sample),)
        return self.judged(case, answer)

    def judged(self, case: Case, answer: Answer) -> Score:
        """What one answer is worth, a failed one included."""
        return self.failed(answer, self.counts_as(case)) if answer.failure else self.judge(case, answer)

    def counts_as(self, case: Case) -> Mapping[str, Vector | Unscored]:
        """What a failed answer to this case counts as, where that is not simply a metric's worst."""
        return {}

    def judge_all(self, cases: Sequence[Case], answers: Sequence[Answer]) -> Sequence[Score]:
        """What ``judge`` says of each, exactly, and none of them failed: for checks whose metrics are quicker with many
        texts at once."""
        return [self.judge(case, answer) for case, answer in zip(cases, answers, strict=True)]

    def judge(self, case: Case, answer: Answer) -> Score:
        raise TypeError(f"{type(self).__name__} does not say how to judge an answer")


def torn(families: Mapping[str, Sequence[Sample]]) -> list[str]:
    """Families whose members are in several clusters: a sample or an early stop may tear them apart."""
    return [name for name, members in families.items() if len({member.cluster for member in members}) > 1]


def gravest(failed: Sequence[Answer]) -> Answer:
    """Of several failed answers the first that is an error: it says more than a condition that is not supported."""
    for answer in failed:
        if answer.failure is not None and answer.failure.kind is not FailureKind.UNSUPPORTED:
            return answer
    return failed[0]


def rows_have(some: int, rows: int) -> str:
    """``1 of 3 rows has``."""
    return f"{some} of {rows} rows {'has' if some == 1 else 'have'}"


def one(value: float) -> Vector:
    """The statistics of a rate or a mean for one case."""
    return (float(value), 1.0)
