"""Forensic determinism: one condition changed at a time, and a name for what it changes."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from evalkit.checks.base import BaseCheck, Options, one
from evalkit.checks.divergence import EPSILON, FAULTS, HARMLESS, STRUCTURAL, at_risk
from evalkit.checks.forensic_judged import MISTAKES, Asked, Judged, refused
from evalkit.metrics.kinds import Quantity, mean, rate, ratio
from evalkit.protocols import Conversation
from evalkit.records import Answer, Case, Condition, Decoding, FailureKind, Generate, Request, Sample, Score, Unscored

WANTS = frozenset({"margins", "logprobs", "tokens"})
PADS = 8
"""Of the padding condition, and of the row with longer neighbours: one set of mistakes explains both."""
ROWS = 4
CHANGES: Mapping[str, Mapping[str, Any]] = {
    "repeat": {},
    "history": {"order": "after"},
    "order": {"order": "reversed"},
    "batch": {"order": "copies", "batch_size": ROWS},
    "neighbours": {"order": "first", "batch_size": ROWS},
    "place": {"order": "last", "batch_size": ROWS},
    "padding": {"padding": f"left:{PADS}"},
    "threads": {"threads": 2},
    "kv_cache": {"kv_cache": False},
    "attention": {"attention": "eager"},
    "bfloat16": {"dtype": "bfloat16"},
    "float16": {"dtype": "float16"},
    "process": {"process": "fresh"},
    "concurrency": {"concurrency": 8},
    "seed": {"order": "again"},
}
"""By condition: what is changed of the reference's own condition."""
REPEATED = 2
"""The first attempt that repeats the reference; the reference itself is attempt 0, or 1 without log-probabilities."""
REFERENCE = "the reference"
DRAWN = {"first": "a sample", "seed": "seed", "other": "a sample of another seed"}
"""As answers are named to people; all others are named by their condition."""
BESIDE_OTHERS = "in a batch with other prompts of the round"
AFTER_ITSELF = "right after the same prompt"
"""How an engine is asked that cannot make neighbours, or a prompt before, of its own."""
ConditionName = Literal[
    "repeat", "history", "order", "batch", "neighbours", "place", "padding", "threads", "kv_cache", "attention",
    "bfloat16", "float16", "process", "concurrency", "seed",
]  # fmt: skip
DEFAULT: tuple[ConditionName, ...] = (
    "repeat", "history", "order", "batch", "neighbours", "place", "padding", "threads", "kv_cache", "attention",
    "bfloat16", "process", "concurrency", "seed",
)  # fmt: skip
CLASS_METRICS = {
    "structural_error": "structural error",
    "state_leak": "state leak",
    "order_dependence": "order dependence",
    "seed_not_honoured": "seed not honoured",
    "numerical_drift": "numerical drift",
    "benign_tie": "benign tie",
    "unexplained": "unexplained",
}


class ForensicOptions(Options):
    conditions: tuple[ConditionName, ...] = Field(DEFAULT, min_length=1)
    """Which conditions are changed, one at a time."""
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    """In which the reference is computed."""
    temperature: float = Field(0.8, gt=0, le=2)
    """At which the condition ``seed`` draws."""
    noise: float | None = Field(None, gt=0)
    """A known noise floor, in place of the measured one."""

    @field_validator("conditions")
    @classmethod
    def _each_once(cls, conditions: tuple[ConditionName, ...]) -> tuple[ConditionName, ...]:
        if len(set(conditions)) < len(conditions):
            raise ValueError("a condition is named twice")
        return conditions


@dataclass(frozen=True, slots=True)
class _Questions:
    """How one prompt is asked under a changed condition."""

    sample: Sample
    decoding: Decoding
    condition: Condition
    """Of the reference."""
    wants: frozenset[str] = WANTS

    def greedy(self, attempt: int = 0, **changes: Any) -> Request:
        return self._request(replace(self.decoding, temperature=0.0, top_p=1.0), attempt, changes)

    def changed(self, name: str) -> Request:
        return self.greedy(REPEATED if name == "repeat" else 0, **CHANGES[name])

    def drawn(self, hot: Decoding, **changes: Any) -> Request:
        return self._request(hot, 0, changes)

    def _request(self, decoding: Decoding, attempt: int, changes: Mapping[str, Any]) -> Request:
        ask, condition = Generate(self.sample.messages, decoding), replace(self.condition, **changes)
        return Request(ask, condition=condition, attempt=attempt, fresh=True, wants=self.wants)


class Forensic(BaseCheck):
    """Asks each prompt alone, in full precision, and again under one changed condition after the other.

    The reference runs greedily with batch size 1, one thread and the dtype of the options; where an engine cannot be
    told so, as an endpoint, one request at a time, or as the engine pleases. No answer of an earlier run serves.
    """

    kind = "forensic"
    Options: ClassVar[type[Options]] = ForensicOptions
    log: ClassVar[str] = "forensic.jsonl"
    max_rounds = 10

    def measures(self) -> Iterable[Quantity]:
        options: ForensicOptions = self.options
        how = f"ref:{options.dtype}|noise:{options.noise or 'measured'}|rules:2"
        names = "+".join(options.conditions)
        yield rate("sound", unit="share", signature=f"sound|{names}|{how}")
        yield rate("identical", unit="share", signature=f"identical|{names}|{how}")
        for name in options.conditions:
            yield rate(f"same_{name}", unit="share", signature=f"same|{name}:{self._change(name)}|{how}")
        for metric in CLASS_METRICS:
            yield rate(metric, better="lower", unit="share", signature=f"{metric}|{names}|{how}")
        yield rate(
            "other_seed_differs", unit="share", signature=f"other_seed|temperature:{options.temperature:g}|{how}"
        )
        yield rate("same_server", unit="share", signature=f"same_server|{names}|{how}")
        yield ratio("at_risk", better="lower", unit="share", signature=f"at_risk|margin<2*floor|{names}|{how}")
        yield mean("noise_floor", better="lower", unit="nats", signature=f"noise_floor|{names}|{how}")

    def _change(self, name: str) -> str:
        return "+".join(f"{key}={value}" for key, value in CHANGES[name].items()) or "again"

    # --- asking ---------------------------------------------------------------------------------------------------

    def examine(self, case: Case) -> Conversation:
        names: list[str] = []
        reference, questions = yield from self._reference(case.sample, names)
        if reference.failure:
            return self.failed(reference)
        requests = self._requests(questions)
        names += [DRAWN.get(name, name) for name in requests]
        answers = dict(zip(requests, (yield tuple(requests.values())), strict=True))
        otherwise = yield from _ask_otherwise(questions, answers, names)
        drawn: dict[str, Answer] = {name: answers.pop(name) for name in ("first", "other") if name in answers}
        # most servers compute in bfloat16: a finer dtype would call its rounding faults
        asked = Asked(reference, questions.condition.dtype or "bfloat16", answers, drawn)
        judged = Judged(asked, self.options.noise)
        judged.otherwise, judged.names = otherwise, names
        exact = judged
        if questions.condition.dtype not in {None, "float32"} and judged.doubtful:
            questions = replace(questions, condition=replace(questions.condition, dtype="float32"))
            exact = yield from _in_float32(questions, judged, names)
        suspicious = [name for name in ("padding", "neighbours") if exact.classes.get(name) == STRUCTURAL]
        if suspicious and reference.tokens is not None:
            names += [f"on purpose: {mistake}" for mistake in MISTAKES.values()]
            mistakes = yield tuple(questions.greedy(padding=f"{kind}:{PADS}") for kind in MISTAKES)
            judged.causes |= exact.explain(dict(zip(MISTAKES, mistakes, strict=True)), suspicious)
        return self._score(judged)

    def _reference(
        self, sample: Sample, names: list[str]
    ) -> Generator[Sequence[Request], Sequence[Answer], tuple[Answer, _Questions]]:
        """The answer under the strictest condition that the engine takes, and how to ask on from there."""
        reference, questions = Answer(""), _Questions(sample, self.decoding, Condition())
        for condition in self._references():
            questions = replace(questions, condition=condition)
            names.append(REFERENCE)
            (reference,) = yield (questions.greedy(),)
            if not refused(reference):
                break
        if reference.failure and reference.failure.kind is FailureKind.CONFIGURATION:
            questions = replace(questions, wants=frozenset())  # some servers refuse to tell log-probabilities
            names.append(REFERENCE)
            (reference,) = yield (questions.greedy(attempt=1),)
        return reference, questions

    def _references(self) -> Iterable[Condition]:
        dtype = self.options.dtype
        yield Condition(batch_size=1, threads=1, dtype=dtype)
        yield Condition(batch_size=1, dtype=dtype)
        yield Condition(batch_size=1)
        yield Condition(concurrency=1)
        yield Condition()

    def _requests(self, questions: _Questions) -> dict[str, Request]:
        """In the order in which they are asked: what repeats the reference comes first."""
        requests = {
            name: questions.changed(name) for name in CHANGES if name in self.options.conditions and name != "seed"
        }
        if "seed" in self.options.conditions:
            hot = replace(self.decoding, temperature=self.options.temperature)
            requests["first"] = questions.drawn(hot)
            requests["seed"] = questions.drawn(hot, **CHANGES["seed"])
            requests["other"] = questions.drawn(replace(hot, seed=hot.seed + 1))
        return requests

    # --- judging --------------------------------------------------------------------------------------------------

    def _score(self, judged: Judged) -> Score:
        results: dict[str, Any] = {}
        for name in self.options.conditions:
            results[f"same_{name}"] = judged.same(name)
        exact = [
            result
            for name in judged.classes
            if name not in EPSILON and not isinstance(result := judged.same(name), Unscored)
        ]
        found = set(judged.classes.values())
        some = bool(judged.classes) or bool(judged.errored)
        nothing = Unscored("no condition could be changed")
        results["identical"] = one(all(result[0] for result in exact) and not judged.errored) if some else nothing
        results["sound"] = one(not found & set(FAULTS) and not judged.errored) if some else nothing
        for metric, kind in CLASS_METRICS.items():
            results[metric] = one(kind in found) if some else nothing
        results["other_seed_differs"] = judged.other_seed()
        results["same_server"] = judged.same_server()
        margins = judged.asked.reference.margins
        if judged.noise is None or not margins:
            results["at_risk"] = Unscored("the engine gives no margins")
        else:
            results["at_risk"] = (float(len(at_risk(judged.asked.reference, judged.noise))), float(len(margins)))
        measured = judged.noise is not None and judged.noise.measured
        results["noise_floor"] = one(judged.noise.floor) if judged.noise and measured else Unscored("nothing moved")
        return Score(results, judged.evidence())


def _ask_otherwise(
    questions: _Questions, answers: dict[str, Answer], names: list[str]
) -> Generator[Sequence[Request], Sequence[Answer], dict[str, str]]:
    """What an engine cannot do by itself is tried with what else is asked in this round; says what was done so."""
    wanted: dict[str, Request] = {}
    if "batch" in answers and refused(answers["batch"]):
        wanted["batch"] = questions.greedy(batch_size=ROWS)
    if "history" in answers and refused(answers["history"]):
        wanted["before"] = questions.greedy(REPEATED + 1)
        wanted["history"] = questions.greedy(REPEATED + 2)
    if not wanted:
        return {}
    names += wanted
    given = dict(zip(wanted, (yield tuple(wanted.values())), strict=True))
    given.pop("before", None)
    took = {name: answer for name, answer in given.items() if not refused(answer)}
    answers |= took
    return {name: BESIDE_OTHERS if name == "batch" else AFTER_ITSELF for name in took}


def _in_float32(
    questions: _Questions, judged: Judged, names: list[str]
) -> Generator[Sequence[Request], Sequence[Answer], Judged]:
    """The same in full precision: what is gone there was rounding, and what stays was not."""
    again = [name for name in judged.classes if name in judged.doubtful or name in HARMLESS]
    changed = [
        questions.greedy(batch_size=ROWS) if judged.otherwise.get(name) == BESIDE_OTHERS else questions.changed(name)
        for name in again
    ]
    names += [f"{name} in float32" for name in (REFERENCE, *again)]
    reference, *answers = yield (questions.greedy(), *changed)
    if reference.failure:
        return judged
    exact = Judged(Asked(reference, "float32", dict(zip(again, answers, strict=True))), None)
    judged.correct(exact)
    return exact
