"""Robustness: how much worse are the answers when the same is asked with typos, in capitals, in other words?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from evalkit import plugins
from evalkit.checks import base
from evalkit.checks.base import BaseCheck, gravest, one
from evalkit.checks.wordings import families, warnings_of, wording
from evalkit.errors import did_you_mean
from evalkit.metrics.kinds import SHARE, Quantity, mean, rate
from evalkit.protocols import AnswerMetric, Conversation
from evalkit.records import Answer, Case, Sample, Score, Unscored, Vector

_GROUP = "evalkit.metrics"
_BY_ANSWER = ("rate", "mean")
"""Kinds of metrics that say of one answer how good it is."""
NO_ORIGINAL = Unscored("no row as it stands")
NO_REWORDING = Unscored("no reworded row")
CHANGE = (-1.0, 1.0)
RIGHT = 0.5
"""An answer of at least this much is right."""


class Robustness(BaseCheck):
    """Asks a row in all its wordings, and compares what the rewordings are worth with what the row as it stands is.

    A case is a row and its variants, so that the difference is of the same question, and the wordings of one row are
    one witness and not several.
    """

    kind = "robustness"
    required = ("references", "variant_of")
    log = "robustness-log.jsonl"

    class Options(base.Options):
        metric: str = "contains"
        """Of accuracy, one that says of a single answer how good it is, from 0 to 1."""

    def measures(self) -> Iterable[Quantity]:
        self._metric = _by_answer(self.options.metric)
        by = f"robustness.1|{self._metric.signature}"
        yield mean("drop", better="lower", unit="share", bounds=CHANGE, signature=f"as it stands less rewordings|{by}")
        yield mean("plain", unit="share", bounds=SHARE, signature=f"as it stands|{by}")
        yield mean("reworded", unit="share", bounds=SHARE, signature=f"mean of rewordings|{by}")
        yield mean("worst", unit="share", bounds=SHARE, signature=f"worst of all wordings|{by}")
        yield rate("broken", better="lower", unit="share", signature=f"right as it stands, not in all|{by}")

    def cases(self, samples: Iterable[Sample]) -> Iterable[Case]:
        for name, members in families(samples).items():
            yield Case(name, tuple(members), members[0].cluster or name)

    def examine(self, case: Case) -> Conversation:
        answers = yield tuple(self.ask(sample) for sample in case.samples)
        if not all(sample.references for sample in case.samples):
            return self.unscored("no reference")
        failed = [answer for answer in answers if answer.failure]
        if failed:
            return self.failed(gravest(failed))
        worth: list[tuple[str, float]] = []
        for sample, answer in zip(case.samples, answers, strict=True):
            value = self._worth(sample, answer)
            if isinstance(value, Unscored):
                return self.unscored(value.reason)
            worth.append((wording(sample), value))
        return Score(_results(worth), _evidence(worth))

    def _worth(self, sample: Sample, answer: Answer) -> float | Unscored:
        found = self._metric.statistics(Case(sample.id, (sample,)), (answer,))
        if isinstance(found, Unscored):
            return found
        value = self._metric.value(tuple(found))
        return Unscored("no value") if value is None else value

    def warnings(self, samples: Sequence[Sample]) -> Iterable[str]:
        yield from warnings_of(families(samples))


def _by_answer(name: str) -> AnswerMetric:
    known = plugins.names(_GROUP)
    if name not in known:
        raise ValueError(f"unknown metric '{name}'; {did_you_mean(name, known, 'known metrics')}")
    metric: AnswerMetric = plugins.load(_GROUP, name)
    if metric.kind not in _BY_ANSWER or metric.bounds != SHARE or metric.better != "higher":
        raise ValueError(f"metric '{name}' does not say of one answer how good it is, from 0 to 1; contains does")
    return metric


def _results(worth: Sequence[tuple[str, float]]) -> dict[str, Vector | Unscored]:
    plain = next((value for name, value in worth if name == "none"), None)
    others = [value for name, value in worth if name != "none"]
    average = sum(others) / len(others) if others else None
    drop: Vector | Unscored = NO_ORIGINAL if plain is None else NO_REWORDING
    broken: Vector | Unscored = drop
    if plain is not None and average is not None:
        drop = one(plain - average)
        wrong = any(value < RIGHT for value in others)
        broken = one(wrong) if plain >= RIGHT else Unscored("not right as it stands")
    return {
        "drop": drop,
        "plain": NO_ORIGINAL if plain is None else one(plain),
        "reworded": NO_REWORDING if average is None else one(average),
        "worst": one(min(value for _, value in worth)),
        "broken": broken,
    }


def _evidence(worth: Sequence[tuple[str, float]]) -> dict[str, Any]:
    """``worst`` is the wording whose answer is worth least, where one is worth less than the row as it stands."""
    least = min(worth, key=lambda of: of[1])
    plain = next((value for name, value in worth if name == "none"), None)
    return {
        "worst": least[0] if plain is None or least[1] < plain else None,
        "wordings": [{"perturbation": name, "value": round(value, 4)} for name, value in worth],
    }
