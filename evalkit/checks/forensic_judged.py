"""What the answers to one prompt, asked under one changed condition after the other, say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from evalkit.checks.base import one
from evalkit.checks.determinism import first_difference
from evalkit.checks.divergence import (
    AT_RISK,
    DRIFT,
    EPSILON,
    FAULTS,
    IDENTICAL,
    SERVER,
    STRUCTURAL,
    UNEXPLAINED,
    Noise,
    at_risk,
    difference,
    judge_traces,
)
from evalkit.records import Answer, FailureKind, Unscored

MISTAKES = {
    "right": "pads behind the prompt (right padding)",
    "unmasked": "pads are attended to (mask)",
    "positions": "positions count the pads",
    "late-positions": "positions of the answer count the pads",
}
MOST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """One case, answered under all conditions."""

    reference: Answer
    dtype: str
    answers: Mapping[str, Answer]
    """By condition."""
    drawn: Mapping[str, Answer] = field(default_factory=dict)
    """``first`` and ``other``: the sampled answer that ``seed`` repeats, and one of another seed."""


def refused(answer: Answer) -> bool:
    return answer.failure is not None and answer.failure.kind is FailureKind.UNSUPPORTED


class Judged:
    """What the answers to one case say."""

    def __init__(self, asked: Asked, given: float | None) -> None:
        self.asked = asked
        self.unsupported: dict[str, str] = {}
        self.errored: dict[str, str] = {}
        self.causes: dict[str, str] = {}
        self.otherwise: dict[str, str] = {}
        self.names: Sequence[str] = ()
        """Of all answers, in the order in which they were asked for."""
        usable: dict[str, Answer] = {}
        for name, answer in asked.answers.items():
            failure = answer.failure or self._compared(name).failure
            if failure is None:
                usable[name] = answer
            elif failure.kind is FailureKind.UNSUPPORTED:
                self.unsupported[name] = failure.message
            else:
                self.errored[name] = f"{failure.kind}: {failure.message}"
        first = asked.drawn.get("first")
        judgement = judge_traces(asked.reference, usable, dtype=asked.dtype, drawn=first, noise=given)
        self.differences, self.noise = judgement.differences, judgement.noise
        self.classes, self.coarser = dict(judgement.classes), judgement.coarser
        unexplained = [name for name, kind in self.classes.items() if kind == UNEXPLAINED]
        self.causes |= dict.fromkeys(unexplained, "no log-probabilities tell rounding from a fault")
        self._blame_the_server()

    def _compared(self, name: str) -> Answer:
        """What the answer under this condition is compared with."""
        return self.asked.drawn.get("first", self.asked.reference) if name == "seed" else self.asked.reference

    def _blame_the_server(self) -> None:
        """A difference between two servers says nothing about either."""
        for name, kind in self.classes.items():
            mine, theirs = self._compared(name).served_by, self.asked.answers[name].served_by
            if mine and theirs and mine != theirs and not self.differences[name].same_text:
                self.causes[name] = f"it was {theirs} that answered, not {mine}"
                self.classes[name] = SERVER if kind != IDENTICAL else kind

    @property
    def doubtful(self) -> list[str]:
        """What coarse numbers cannot tell from rounding: it moved more than all that is harmless, or is a fault."""
        if self.noise is None:
            return []
        least = AT_RISK * self.noise.floor
        return [
            name
            for name, kind in self.classes.items()
            if name not in EPSILON
            and name != "seed"
            and (kind in FAULTS or (kind != SERVER and (self.differences[name].size or 0.0) > least))
        ]

    def correct(self, exact: Judged) -> None:
        for name in self.doubtful:
            kind = exact.classes.get(name)
            if kind in FAULTS:
                self.classes[name], self.causes[name] = kind, "in float32 as well"
            elif kind is not None and self.classes[name] in FAULTS:
                self.classes[name] = DRIFT if self.differences[name].at is not None else IDENTICAL
                self.causes[name] = "gone in float32"

    def explain(self, mistakes: Mapping[str, Answer], suspicious: Sequence[str]) -> dict[str, str]:
        """Of each condition, the mistake whose answer is the one that the engine gave."""
        assert self.noise is not None
        made = {kind: answer for kind, answer in mistakes.items() if not answer.failure}
        causes = {}
        for name in suspicious if made else ():
            given = self.asked.answers[name]
            for kind, answer in made.items():
                unlike = difference(given, answer)
                if unlike.at is None and (unlike.size or 0.0) <= self.noise.limit:
                    causes[name] = MISTAKES[kind]
                    break
            else:
                mixed = name == "neighbours" and self.classes.get("padding") in {IDENTICAL, None}
                causes[name] = "rows of a batch mix, or its padding" if mixed else "no known mistake"
        if "neighbours" in causes and self.classes.get("place") == STRUCTURAL:
            causes["place"] = causes["neighbours"]  # the same batch
        return causes

    def same(self, name: str) -> Any:
        if name in self.errored:
            return one(False)
        if name not in self.differences:
            return Unscored(f"not supported: {self.unsupported.get(name, name)}")
        return one(self.differences[name].same_text)

    def other_seed(self) -> Any:
        first, other = self.asked.drawn.get("first"), self.asked.drawn.get("other")
        if first is None or other is None or first.failure or other.failure:
            return Unscored("no answers of two seeds")
        return one(first.text != other.text)

    def same_server(self) -> Any:
        said = {answer.served_by for answer in (self.asked.reference, *self.asked.answers.values()) if answer.served_by}
        return one(len(said) == 1) if said else Unscored("the engine does not say what served the answers")

    def evidence(self) -> dict[str, Any]:
        """JSON-ready; readable as it stands."""
        rows = [self._row(name) for name, kind in self.classes.items() if kind != IDENTICAL]
        rows += [{"condition": name, "class": "errored", "cause": why} for name, why in self.errored.items()]
        found: dict[str, Any] = {"answers": [f"{n}, not supported" if n in self.unsupported else n for n in self.names]}
        if rows:
            found["differences"] = rows[:MOST_SHOWN]
        found["identical under"] = [name for name, kind in self.classes.items() if kind == IDENTICAL]
        if self.unsupported:
            found["not supported"] = list(self.unsupported)
        if self.otherwise:
            found["asked otherwise"] = self.otherwise
        if self.noise is not None:
            found["noise floor"] = _short(self.noise.floor)
            found["rounding moves at most"] = _short(self.noise.limit)
            found["at-risk tokens"] = self._risks(self.noise)
        drifts = {name: _short(one.drift) for name, one in self.differences.items() if one.drift is not None}
        return {**found, "largest drift": drifts} if drifts else found

    def _risks(self, noise: Noise) -> list[str]:
        answer = self.asked.reference
        places = sorted(at_risk(answer, noise), key=lambda at: (answer.margins or ())[at])
        return [f"{at} {_token(answer, at)} {(answer.margins or ())[at]:.2g}" for at in places[:MOST_SHOWN]]

    def _row(self, name: str) -> dict[str, Any]:
        compared, unlike, other = self._compared(name), self.differences[name], self.asked.answers[name]
        row: dict[str, Any] = {"condition": name, "class": self.classes[name], "cause": self.causes.get(name, "")}
        if unlike.at is not None:
            risky = self.noise is not None and unlike.at in at_risk(compared, self.noise, self.coarser.get(name, 1.0))
            row |= {
                "token": unlike.at,
                "reference": _token(compared, unlike.at),
                "instead": _token(other, unlike.at),
                "margin": _short(unlike.margins[0]),
                "its margin": _short(unlike.margins[1]),
                "at risk": "yes" if risky else "no",
            }
        row["drift before"] = _short(unlike.drift)
        parted = first_difference([compared.text, other.text]) if unlike.at is None else None
        if parted:
            row |= {"reference text": parted["first"], "other text": parted["other"]}
        return row


def _token(answer: Answer, at: int) -> str:
    """As the tokenizer names it, its mark for a space made one; ``(end)`` where the answer had ended."""
    if answer.tokens is None or at >= len(answer.tokens):
        return "(end)"
    return answer.tokens[at].replace("Ġ", " ").replace("▁", " ").replace("Ċ", "\\n")


def _short(value: float | None) -> float | None:
    return None if value is None or not isfinite(value) else float(f"{value:.3g}")
