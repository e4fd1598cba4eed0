"""Preference: does a judge prefer the model's answer to another one, whichever of them it reads first?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from evalkit.checks.base import Options, one
from evalkit.checks.judge import HUMAN, NO_LABEL, OTHER_TEXT, UNREADABLE, Judging, JudgingOptions, Verdicts
from evalkit.metrics import agreement, judging, length
from evalkit.metrics.kinds import SHARE, mean, rate
from evalkit.protocols import Conversation, Metric
from evalkit.records import Answer as Said
from evalkit.records import Case, Sample, Score, Unscored, Vector

REFERENCE = "reference"
FORM = '{"choice": "first", "reason": "one sentence"}, where choice is first, second or tie'
CHOICES = {
    **dict.fromkeys(("first", "1", "a", "answer 1", "answer a", "first answer"), 1),
    **dict.fromkeys(("second", "2", "b", "answer 2", "answer b", "second answer"), -1),
    **dict.fromkeys(("tie", "0", "equal", "both", "neither", "draw", "same"), 0),
}
"""By spelling: 1 for what was shown first, -1 for the second, 0 for a tie."""
LABELS = {
    **dict.fromkeys(("answer", "model", "model_a", "win", "1", "a", "first"), 1),
    **dict.fromkeys(("baseline", "reference", "model_b", "loss", "lose", "-1", "2", "b", "second"), -1),
    **dict.fromkeys(
        ("tie", "tie (bothbad)", "tie (inconsistent)", "both", "neither", "draw", "equal", "0.5", "1.5"), 0
    ),
}
"""What people may call their choice: 1 for the answer, -1 for what it is compared with. A plain 0 is a tie beside -1
and 1 and a loss beside 0.5 and 1: it is not guessed, the option ``labels`` says."""
MEANINGS = {"answer": 1, "baseline": -1, "tie": 0}
NO_OPPONENT = Unscored("no text to compare with")
UNDECIDED = Unscored("no decision, or answers of one length")
IDENTICAL = Unscored("the two texts are the same")


class PreferenceOptions(JudgingOptions):
    against: str = REFERENCE
    """What the answer is compared with: the row's first reference, or a column of the dataset."""
    criterion: str = "Prefer the answer that is correct and does what the question asks."
    labels: dict[str, Literal["answer", "baseline", "tie"]] = Field(default_factory=dict)
    """What labels in ``human`` mean, where they are none of the usual names: ``{"0": baseline}``."""


class Preference(Judging):
    """Shows a judge both answers in both orders. A verdict that turns with the order is a tie, and counted as such."""

    kind = "preference"
    Options: ClassVar[type[Options]] = PreferenceOptions
    opinions = ("win_rate", "wins", "ties", "losses")
    questions = 2

    @property
    def shows_reference(self) -> bool:
        said: str = self.options.reference
        return said == "shown" or (said == "auto" and self.options.against != REFERENCE)

    def columns(self) -> Sequence[str]:
        against: str = self.options.against
        return (self.options.answer, "" if against == REFERENCE else against)

    def measures(self) -> Iterable[Metric]:
        options: PreferenceOptions = self.options
        shown = "shown" if self.shows_reference else "no"
        asked = (
            f"{judging.SIGNATURE}|both orders|{options.answer or 'model'} against {options.against}|"
            f"reference:{shown}|{options.criterion}"
        )
        yield mean("win_rate", unit="share", bounds=SHARE, signature=f"ties:half|{asked}")
        yield rate("wins", unit="share", signature=asked)
        yield rate("ties", better="lower", unit="share", signature=asked)
        yield rate("losses", better="lower", unit="share", signature=asked)
        yield rate("consistency", unit="share", signature=f"same verdict in both orders|{asked}")
        yield mean("position_bias", better="lower", bounds=(-1.0, 1.0), signature=f"first-second|{asked}")
        yield rate("length_preference", better="lower", unit="share", signature=f"longer wins|{asked}")
        yield agreement.Correlation("length_correlation", signature=f"pearson.1:verdict,log words|{asked}")
        yield rate("unparsed", better="lower", unit="share", signature=f"{asked}|after asking again")
        yield rate("repaired", better="lower", unit="share", signature=asked)
        meant = "|".join((asked, *(f"{said}={meaning}" for said, meaning in sorted(options.labels.items()))))
        yield rate("agreement", unit="share", signature=f"same as human|{meant}")
        yield agreement.Kappa("kappa", "none", f"cohen:none.1|{meant}")
        yield agreement.Kappa("weighted_kappa", "quadratic", f"cohen:quadratic.1|{meant}")

    def examine(self, case: Case) -> Conversation:
        options: PreferenceOptions = self.options
        other = _opponent(case.sample, options.against)
        if other is None:
            return self.unscored(NO_OPPONENT.reason)
        answer = yield from self.answered(case)
        if isinstance(answer, Score):
            return answer
        if answer.text.strip() == other.strip():
            return self._same(case, answer)
        parts = self.shown(case.sample)
        orders = {"the answer first": (answer.text, other), "the answer second": (other, answer.text)}
        questions = {
            name: judging.pair({**parts, "FIRST": first, "SECOND": second}, options.criterion, FORM)
            for name, (first, second) in orders.items()
        }
        verdicts = yield from self.verdicts(questions, "choice", CHOICES, FORM, [answer.text, other])
        if verdicts.failed:
            return self.failed_judge(verdicts.failed, verdicts.names)
        return self._score(case, answer.text, other, verdicts)

    def _same(self, case: Case, answer: Said) -> Score:
        """Nobody need be asked: a tie, which tells nothing about the judge."""
        results: dict[str, Vector | Unscored] = {metric.name: IDENTICAL for metric in self.metrics}
        results.update(win_rate=one(0.5), wins=one(0), ties=one(1), losses=one(0))
        return Score(results, {"judged": answer.text[:500], "verdict": "tie", "identical": True})

    def _score(self, case: Case, answer: str, other: str, verdicts: Verdicts) -> Score:
        replies = verdicts.replies
        results = self.about_the_judge(replies)
        evidence: dict[str, Any] = {
            "answers": list(verdicts.names),
            "judged": answer[:500],
            "against": other[:500],
            "orders": [{"choice": _name(reply.value), "reason": reply.reason} for reply in replies],
            "human": case.labels.get(HUMAN),
        }
        if any(reply.value is None for reply in replies):
            evidence["faults"] = [reply.fault for reply in replies if reply.value is None]
            left = {metric.name: UNREADABLE for metric in self.metrics if metric.name not in results}
            return Score({**results, **left}, evidence)
        first, second = replies[0].value, -replies[1].value
        verdict = first if first == second else 0
        evidence["verdict"] = {1: "answer", -1: "baseline", 0: "tie"}[verdict]
        results["win_rate"] = one((verdict + 1) / 2)
        results["wins"], results["ties"], results["losses"] = one(verdict == 1), one(verdict == 0), one(verdict == -1)
        results["consistency"] = one(first == second)
        # what is shown first is the answer in one order and the other text in the other: what they are worth cancels
        results["position_bias"] = one((replies[0].value + replies[1].value) / 2)
        results.update(_lengths(length.words(answer), length.words(other), verdict))
        results.update(self._agreement(case.sample, verdict))
        return Score(results, evidence)

    def _agreement(self, sample: Sample, verdict: int) -> dict[str, Vector | Unscored]:
        names = ("agreement", "kappa", "weighted_kappa")
        said = sample.labels.get(HUMAN)
        if said is None or said == "":
            return dict.fromkeys(names, NO_LABEL)
        if not self.options.answer:
            return dict.fromkeys(names, OTHER_TEXT)
        human = self._human(said)
        if human is None:
            reason = f"a human label that may mean several things, labels: says which: {str(said)[:40]}"
            return dict.fromkeys(names, Unscored(reason))
        table = agreement.item(3, human + 1, verdict + 1)
        return {"agreement": one(human == verdict), "kappa": table, "weighted_kappa": table}

    def _human(self, said: Any) -> int | None:
        word = str(said).strip().lower().removesuffix(".0")
        own = {name.strip().lower().removesuffix(".0"): MEANINGS[meant] for name, meant in self.options.labels.items()}
        return {**LABELS, **own}.get(word)


def _lengths(ours: int, theirs: int, verdict: int) -> dict[str, Vector | Unscored]:
    """Of ties and equal lengths it cannot be said that the longer one won."""
    longer = math.log1p(ours) - math.log1p(theirs)
    decided = verdict != 0 and ours != theirs
    return {
        "length_preference": one((verdict > 0) == (ours > theirs)) if decided else UNDECIDED,
        "length_correlation": agreement.moments(longer, float(verdict)),
    }


def _opponent(sample: Sample, against: str) -> str | None:
    if against == REFERENCE and sample.references:
        return sample.references[0]
    said = sample.labels.get(against)
    return None if said is None or not str(said).strip() else str(said)


def _name(choice: int | None) -> str:
    return {1: "first", -1: "second", 0: "tie", None: "unparsed"}[choice]
