"""What metrics are made of: quantities that a check computes itself, and metrics that compare texts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evalkit.protocols import KINDS
from evalkit.records import Answer, Case, Unscored, Vector

NO_REFERENCE = Unscored("no reference")
NO_ANSWER = Unscored("no answer")
SHARE = (0.0, 1.0)
EVALUATE = "evaluate:"
"""Begins the names of metrics of the package ``evaluate``; ``evaluate_imported`` takes time to import."""


def one(value: float) -> Vector:
    """The statistics of one case for a rate or a mean."""
    return (float(value), 1.0)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number that a check computes itself, such as a refusal rate or a latency.

    ``value`` divides the two sums and is none where there is nothing to divide by. A quantile cannot be taken of a sum:
    its ``value`` raises ``TypeError``, so that no caller averages it by mistake.
    """

    name: str
    kind: str
    better: str = "higher"
    unit: str = ""
    bounds: tuple[float, float] | None = None
    signature: str = ""
    worst: Vector | None = None
    quantile: float = 0.5

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.kind == "corpus":
            raise ValueError(f"quantity '{self.name}': kind is one of rate, mean, ratio, quantile, not '{self.kind}'")
        if self.better not in {"higher", "lower"}:
            raise ValueError(f"quantity '{self.name}': better is higher or lower, not '{self.better}'")
        if not 0.0 <= self.quantile <= 1.0:
            raise ValueError(f"quantity '{self.name}': a quantile is between 0 and 1, not {self.quantile}")

    def value(self, total: Vector) -> float | None:
        if self.kind == "quantile":
            raise TypeError(f"'{self.name}' is a quantile: it is taken of the values, not of their sum")
        return quotient(total)


def quotient(total: Vector) -> float | None:
    """First sum by second; none for an empty denominator, because none is not zero."""
    return total[0] / total[1] if total[1] else None


def rate(name: str, *, better: str = "higher", unit: str = "", signature: str = "") -> Quantity:
    """A share of cases; an errored case counts as the worse of the two outcomes."""
    worst = one(0.0 if better == "higher" else 1.0)
    return Quantity(name, "rate", better, unit, SHARE, signature, worst)


def mean(
    name: str,
    *,
    better: str = "higher",
    unit: str = "",
    bounds: tuple[float, float] | None = None,
    signature: str = "",
) -> Quantity:
    """A mean over cases. Where it is bounded an errored case counts as its worst, otherwise against coverage."""
    worst = None if bounds is None else one(bounds[0] if better == "higher" else bounds[1])
    return Quantity(name, "mean", better, unit, bounds, signature, worst)


def ratio(name: str, *, better: str = "higher", unit: str = "", signature: str = "") -> Quantity:
    """A sum over a sum, such as tokens per second; it has no worst."""
    return Quantity(name, "ratio", better, unit, None, signature)


def quantile(name: str, at: float, *, better: str = "lower", unit: str = "", signature: str = "") -> Quantity:
    """A quantile of the cases' values, such as the 95th percentile of latency."""
    return Quantity(name, "quantile", better, unit, None, signature, None, at)


@dataclass(frozen=True, slots=True)
class TextMetric(ABC):
    """A metric that compares an answer's text with accepted texts.

    An implementation says what one text is worth (``text_statistics``) and, for kinds other than rate and mean, what
    summed statistics are worth (``value``). It never sees a row without references: such a row is unscored.
    """

    name: str
    kind: str = "mean"
    better: str = "higher"
    unit: str = ""
    bounds: tuple[float, float] | None = SHARE
    worst: Vector | None = (0.0, 1.0)

    @property
    @abstractmethod
    def signature(self) -> str: ...

    @abstractmethod
    def text_statistics(self, hypothesis: str, references: Sequence[str]) -> Vector | Unscored:
        """``references`` holds at least one text."""

    def value(self, total: Vector) -> float | None:
        return quotient(total)

    def statistics(self, case: Case, answers: Sequence[Answer]) -> Vector | Unscored:
        """Of the first answer; a failed request has no text to judge and is unscored here."""
        if not answers or answers[0].failure is not None:
            return NO_ANSWER
        if not case.sample.references:
            return NO_REFERENCE
        return self.text_statistics(answers[0].text, case.sample.references)

    def worst_for(self, case: Case) -> Vector | None:
        """What an errored case counts as: ``worst``, or for corpus metrics what an empty answer is worth."""
        if self.worst is not None:
            return self.worst
        empty = self.statistics(case, [Answer("")])
        return None if isinstance(empty, Unscored) else empty


@dataclass(frozen=True, slots=True)
class PairMetric(TextMetric):
    """The best that a function of answer and reference says over all references."""

    compare: Callable[[str, str], float] = lambda hypothesis, reference: float(hypothesis == reference)
    definition: str = ""
    """What the function does, for the signature; another text when the numbers change."""

    @property
    def signature(self) -> str:
        return f"{self.name}|refs:max|{self.definition}"

    def text_statistics(self, hypothesis: str, references: Sequence[str]) -> Vector | Unscored:
        return one(max(self.compare(hypothesis, reference) for reference in references))
