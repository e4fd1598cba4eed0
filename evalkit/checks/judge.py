"""Judge: what does another model think of an answer, criterion by criterion, and how far can that be believed?"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from evalkit.checks.base import BaseCheck, Options, gravest, one
from evalkit.metrics import agreement, judging, length
from evalkit.metrics.kinds import SHARE, mean, rate
from evalkit.protocols import Conversation, Metric
from evalkit.records import (
    Answer,
    Case,
    Decoding,
    Generate,
    Message,
    Request,
    Sample,
    Score,
    Unscored,
    Vector,
)

HUMAN = "human"
NO_LABEL = Unscored("no human label")
OTHER_TEXT = Unscored("people labelled another text; name its column: answer: COLUMN")
NO_VERDICT = Unscored("the judge failed")
UNREADABLE = Unscored("the judge's verdict cannot be read")
SCALES: Mapping[str, tuple[tuple[Any, ...], str, str]] = {
    "1-5": ((1, 2, 3, 4, 5), "1 (not at all) to 5 (fully), whole numbers", '{"score": N, "reason": "one sentence"}'),
    "1-10": ((*range(1, 11),), "1 (not at all) to 10 (fully), whole numbers", '{"score": N, "reason": "one sentence"}'),
    "yes/no": (("no", "yes"), "yes or no", '{"score": "yes or no", "reason": "one sentence"}'),
}
CORRECT = "The answer is correct and does what the question asks."


@dataclass(frozen=True, slots=True)
class Verdicts:
    replies: tuple[judging.Reply, ...]
    names: tuple[str, ...]
    """Of all that was asked about the case, for a report."""
    failed: Answer | None = None
    """The request that failed; there are no replies then."""


class Judging(BaseCheck):
    """What checks that ask a judge have in common: how it is asked, asked again, and what was judged."""

    asks_judge: ClassVar[bool] = True
    opinions: ClassVar[tuple[str, ...]] = ()
    """How metrics begin that are the judge's opinion of the model; the others are about the judge itself."""
    max_rounds = 3

    def __init__(self, name: str, decoding: Decoding, options: Any = None) -> None:
        super().__init__(name, decoding, options)
        self.required = tuple(column for column in self.columns() if column)

    def columns(self) -> Sequence[str]:
        """Columns that the options name; without them there is nothing to judge."""
        return (self.options.answer,)

    @property
    def questions(self) -> int:
        """Asked of the judge about each case, unless they must be asked again."""
        return 1

    def stands_alone(self, metric: str) -> bool:
        """Whether a gate on this metric needs no gate beside it that a judge has no part in."""
        return bool(self.options.judge_alone) or not metric.startswith(self.opinions)

    @property
    def shows_reference(self) -> bool:
        return bool(self.options.reference != "hidden")

    def answered(self, case: Case) -> Generator[Sequence[Request], Sequence[Answer], Answer | Score]:
        """What is judged: the row's own text where the suite names its column, else the model's answer.

        A score in its place is that of a row whose text is missing, or of a model that failed.
        """
        if self.options.answer:
            said = case.labels.get(self.options.answer)
            return Answer(str(said)) if said is not None else self.unscored(f"no text in '{self.options.answer}'")
        (answer,) = yield (self.ask(case.sample),)
        return self.failed(answer) if answer.failure else answer

    def verdicts(
        self,
        questions: Mapping[str, str],
        key: str,
        allowed: Mapping[str, Any],
        form: str,
        material: Sequence[str] = (),
    ) -> Generator[Sequence[Request], Sequence[Answer], Verdicts]:
        """The judge's reply to each question, by name. What cannot be read is asked once more, saying so; a request
        that failed ends it.
        """
        names = [] if self.options.answer else ["the model"]
        names += [f"judge: {name}" for name in questions]
        asked = [(Message("user", question),) for question in questions.values()]
        said = yield tuple(self._to_judge(messages) for messages in asked)
        if failed := [answer for answer in said if answer.failure]:
            return Verdicts((), tuple(names), gravest(failed))
        replies = [judging.read(answer.text, key, allowed, material) for answer in said]
        unread = [at for at, reply in enumerate(replies) if reply.value is None]
        if unread:
            again = judging.AGAIN.format(form=form)
            conversations = [
                (*asked[at], Message("assistant", said[at].text[:2000] or "(empty)"), Message("user", again))
                for at in unread
            ]
            names += [f"judge, asked again: {name}" for at, name in enumerate(questions) if at in unread]
            second = yield tuple(self._to_judge(messages) for messages in conversations)
            if failed := [answer for answer in second if answer.failure]:
                return Verdicts((), tuple(names), gravest(failed))
            for at, answer in zip(unread, second, strict=True):
                reply = judging.read(answer.text, key, allowed, material)
                replies[at] = judging.Reply(reply.value, reply.reason, True, reply.fault or replies[at].fault)
        return Verdicts(tuple(replies), tuple(names))

    def _to_judge(self, messages: tuple[Message, ...]) -> Request:
        return Request(Generate(messages, Decoding(max_tokens=self.options.judge_tokens)), role="judge")

    def shown(self, sample: Sample) -> dict[str, str]:
        """What the judge sees beside the answers."""
        *before, last = sample.messages or (Message("user", ""),)
        parts = {}
        if before:
            parts["CONVERSATION"] = "\n".join(f"{message.role}: {message.content}" for message in before)
        parts["QUESTION"] = last.content
        if self.shows_reference and sample.references:
            parts["REFERENCE"] = sample.references[0]
        return parts

    def failed_judge(self, answer: Answer, names: Sequence[str]) -> Score:
        """An error of the case that says nothing of the model: it lowers coverage, and is not its worst score."""
        score = self.failed(answer, {metric.name: NO_VERDICT for metric in self.metrics})
        return Score(score.results, {"answers": list(names)}, f"judge: {score.error}" if score.error else "")

    def about_the_judge(self, replies: Sequence[judging.Reply]) -> dict[str, Vector | Unscored]:
        return {
            "unparsed": one(any(reply.value is None for reply in replies)),
            "repaired": one(any(reply.mended and reply.value is not None for reply in replies)),
        }

    def warnings(self, samples: Sequence[Sample]) -> Iterable[str]:
        labelled = sum(sample.labels.get(HUMAN) not in (None, "") for sample in samples)
        if labelled and not self.options.answer:
            yield (
                f"{labelled} rows have human labels, which are about a text that people read and not about this "
                "model's answers: 'kappa' and 'agreement' leave them out unless answer: names that text's column"
            )


class JudgingOptions(Options):
    answer: str = ""
    """Column of a text to be judged in place of the model's answer: the text that labels in ``human`` are about."""
    reference: Literal["auto", "shown", "hidden"] = "auto"
    """Whether the judge sees the row's first reference; ``auto``: unless it is one of the two that are compared."""
    judge_tokens: int = Field(256, ge=16)
    """How long a verdict may be."""
    judge_alone: bool = False
    """Gates on the judge's opinion need no other gate beside them."""


class JudgeOptions(JudgingOptions):
    criteria: tuple[str, ...] = (CORRECT,)
    """What an answer is judged by, one request each."""
    scale: Literal["1-5", "1-10", "yes/no"] = "1-5"
    passing: int = Field(4, ge=1, le=10)
    """An answer passes with this score or more by every criterion; on ``yes/no``: with yes."""

    @model_validator(mode="after")
    def _some_criterion(self) -> JudgeOptions:
        if not self.criteria or not all(criterion.strip() for criterion in self.criteria):
            raise ValueError("name at least one criterion, and no empty one")
        if len(set(self.criteria)) < len(self.criteria):
            raise ValueError("a criterion stands there twice")
        if self.scale == "1-5" and self.passing > 5:
            raise ValueError(f"nothing passes with {self.passing} on the scale 1-5")
        return self


class Judge(Judging):
    """Asks a judge for a score by each criterion."""

    kind = "judge"
    Options: ClassVar[type[Options]] = JudgeOptions
    opinions = ("score", "passed")

    @property
    def questions(self) -> int:
        return len(self.options.criteria)

    def measures(self) -> Iterable[Metric]:
        options: JudgeOptions = self.options
        values = SCALES[options.scale][0]
        rules = f"{judging.SIGNATURE}|{options.scale}|reference:{'shown' if self.shows_reference else 'no'}"
        asked = f"{rules}|answer:{options.answer or 'model'}|" + "|".join(options.criteria)
        bounds = SHARE if options.scale == "yes/no" else (float(values[0]), float(values[-1]))
        unit = "share" if options.scale == "yes/no" else "points"
        yield mean("score", unit=unit, bounds=bounds, signature=asked)
        if len(options.criteria) > 1:
            for number, criterion in enumerate(options.criteria, start=1):
                yield mean(f"score_{number}", unit=unit, bounds=bounds, signature=f"{rules}|{criterion}")
        yield rate("passed", unit="share", signature=f"{asked}|>={options.passing}")
        yield rate("unparsed", better="lower", unit="share", signature=f"{asked}|after asking again")
        yield rate("repaired", better="lower", unit="share", signature=asked)
        yield agreement.Correlation("length_correlation", signature=f"pearson.1:score,log words|{asked}")
        yield rate("agreement", unit="share", signature=f"same as human|{asked}")
        yield agreement.Kappa("kappa", "none", f"cohen:none.1|{asked}")
        yield agreement.Kappa("weighted_kappa", "quadratic", f"cohen:quadratic.1|{asked}")

    def examine(self, case: Case) -> Conversation:
        answer = yield from self.answered(case)
        if isinstance(answer, Score):
            return answer
        options: JudgeOptions = self.options
        values, scale, form = SCALES[options.scale]
        parts = {**self.shown(case.sample), "ANSWER": answer.text}
        questions = {criterion: judging.rubric(parts, criterion, scale, form) for criterion in options.criteria}
        verdicts = yield from self.verdicts(questions, "score", judging.spellings(values), form, [answer.text])
        if verdicts.failed:
            return self.failed_judge(verdicts.failed, verdicts.names)
        return self._score(case, answer, verdicts)

    def _score(self, case: Case, answer: Answer, verdicts: Verdicts) -> Score:
        options: JudgeOptions = self.options
        replies = verdicts.replies
        values = SCALES[options.scale][0]
        names = [f"score_{number}" for number in range(1, len(replies) + 1)] if len(replies) > 1 else []
        points = [None if reply.value is None else self._points(reply.value) for reply in replies]
        results = self.about_the_judge(replies)
        results.update({name: UNREADABLE if at is None else one(at) for name, at in zip(names, points, strict=False)})
        read = [at for at in points if at is not None]
        if len(read) < len(points):
            missing = ("score", "passed", "length_correlation", "agreement", "kappa", "weighted_kappa")
            results.update(dict.fromkeys(missing, UNREADABLE))
        else:
            score = sum(read) / len(read)
            least = 1.0 if options.scale == "yes/no" else float(options.passing)
            results["score"] = one(score)
            results["passed"] = one(min(read) >= least)
            results["length_correlation"] = agreement.moments(math.log1p(length.words(answer.text)), score)
            results.update(self._agreement(case.sample, score, values))
        shown = [{"verdict": reply.value, "reason": reply.reason, "fault": reply.fault} for reply in replies]
        evidence = {"answers": list(verdicts.names), "verdicts": shown}
        if self.options.answer:
            evidence["judged"] = answer.text[:500]
        if case.labels.get(HUMAN) not in (None, ""):
            evidence["human"] = case.labels[HUMAN]
        return Score(results, evidence)

    def _points(self, value: Any) -> float:
        return float(value == "yes") if self.options.scale == "yes/no" else float(value)

    def _agreement(self, sample: Sample, score: float, values: Sequence[Any]) -> dict[str, Vector | Unscored]:
        names = ("agreement", "kappa", "weighted_kappa")
        said = sample.labels.get(HUMAN)
        if said is None or said == "":
            return dict.fromkeys(names, NO_LABEL)
        if not self.options.answer:
            return dict.fromkeys(names, OTHER_TEXT)
        human = judging.read(f'{{"score": {_as_json(said)}}}', "score", judging.spellings(values)).value
        if human is None:
            return dict.fromkeys(names, Unscored(f"a human label that is not on the scale: {str(said)[:40]}"))
        # of several criteria the mean, rounded half up: a person gives one label
        judged = ("yes" if score >= 0.5 else "no") if self.options.scale == "yes/no" else math.floor(score + 0.5)
        here, there = values.index(human), values.index(judged)
        table = agreement.item(len(values), here, there)
        return {"agreement": one(here == there), "kappa": table, "weighted_kappa": table}


def _as_json(said: Any) -> str:
    import json

    return json.dumps(said if isinstance(said, str | int | float | bool) else str(said))
