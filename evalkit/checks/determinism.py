"""Determinism: does the same request give the same text every time?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from pydantic import Field

from evalkit.checks.base import BaseCheck, Options, gravest, one
from evalkit.metrics.kinds import Quantity, mean, rate
from evalkit.protocols import Conversation
from evalkit.records import Case, Sample, Score

SHOWN = 60
"""Characters of each text around their first difference."""


class DeterminismOptions(Options):
    repeats: int = Field(5, ge=2, le=1000)
    """How often each prompt is asked."""


class Determinism(BaseCheck):
    """Asks each prompt several times and compares the texts, character by character.

    No answer of an earlier run serves: a cached repeat proves nothing. Reasoning blocks are not compared.
    """

    kind = "determinism"
    Options: ClassVar[type[Options]] = DeterminismOptions

    def measures(self) -> Iterable[Quantity]:
        repeats = self.options.repeats
        signature = f"repeats:{repeats}"
        yield rate("identical", unit="share", signature=f"identical|{signature}")
        yield mean(
            "distinct", better="lower", unit="texts", bounds=(1.0, float(repeats)), signature=f"distinct|{signature}"
        )
        yield mean("agreement", unit="share", bounds=(1.0 / repeats, 1.0), signature=f"agreement|{signature}")

    def examine(self, case: Case) -> Conversation:
        answers = yield tuple(
            self.ask(case.sample, attempt=attempt, fresh=True) for attempt in range(self.options.repeats)
        )
        failed = [answer for answer in answers if answer.failure]
        return self.failed(gravest(failed)) if failed else self._judge([answer.text for answer in answers])

    def _judge(self, texts: Sequence[str]) -> Score:
        counts = Counter(texts)
        results = {
            "identical": one(len(counts) == 1),
            "distinct": one(len(counts)),
            "agreement": one(max(counts.values()) / len(texts)),
        }
        return Score(results, {"attempts": len(texts), "distinct": len(counts), **first_difference(texts)})

    def warnings(self, samples: Sequence[Sample]) -> Iterable[str]:
        if not self.decoding.greedy:
            yield (
                f"temperature is {self.decoding.temperature:g}: every repetition draws anew, so different texts are to "
                "be expected. At temperature 0 the check says whether the engine itself is steady"
            )


def first_difference(texts: Sequence[str]) -> dict[str, Any]:
    """Where the first text and the first one unlike it part, and what both say there; nothing where all are equal.

    The position counts characters from 0; where one text is the beginning of the other, it is the shorter one's length.
    """
    first = texts[0]
    attempt = next((number for number, text in enumerate(texts) if text != first), None)
    if attempt is None:
        return {}
    other = texts[attempt]
    position = next(
        (at for at, (left, right) in enumerate(zip(first, other, strict=False)) if left != right),
        min(len(first), len(other)),
    )
    start = max(0, position - SHOWN // 2)
    return {
        "position": position,
        "attempt": attempt,
        "first": first[start : start + SHOWN],
        "other": other[start : start + SHOWN],
    }
