"""Classification: does the answer give the right one of a few labels?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from pydantic import field_validator

from evalkit.checks.base import AnswerCheck, Options, one
from evalkit.checks.extract import ExtractionRule
from evalkit.metrics import classification
from evalkit.metrics.extraction import extractor
from evalkit.metrics.kinds import rate
from evalkit.protocols import Metric
from evalkit.records import Answer, Case, Sample, Score, Unscored, Vector

_NAMES = ("label", "class", "gold")


class ClassificationOptions(Options):
    labels: tuple[str, ...] | Mapping[str, str | tuple[str, ...]] = ("yes", "no")
    """The classes: a list, or each with the other words that mean it."""
    extract: ExtractionRule | None = None
    """How the label is taken out of what was said first, as in accuracy; nothing: it is looked for in all of it."""

    @field_validator("labels")
    @classmethod
    def _are_classes(cls, labels: Any) -> Any:
        classification.Reader.of(_with_aliases(labels))
        return labels


class Classification(AnswerCheck):
    """Reads which label each answer gives, and compares it with that of the row."""

    kind = "classification"
    Options: ClassVar[type[Options]] = ClassificationOptions

    def measures(self) -> Iterable[Metric]:
        self._reader = classification.Reader.of(_with_aliases(self.options.labels))
        self._extract = None if self.options.extract is None else extractor(self.options.extract)
        names = ";".join(f"{name}={label}" for name, label in sorted(self._reader.names.items()))
        asked = f"label.{classification.VERSION}({names})" + (f"|{self._extract.signature}" if self._extract else "")
        self._macro = classification.MacroF1(self._reader.labels, f"macro-f1|classes:seen|unparsed:wrong|{asked}")
        yield rate("accuracy", unit="share", signature=f"accuracy|unparsed:wrong|{asked}")
        yield self._macro
        yield rate("unparsed", better="lower", unit="share", signature=f"unparsed|{asked}")

    def judge(self, case: Case, answer: Answer) -> Score:
        wanted = self._wanted(case.sample)
        if isinstance(wanted, Unscored):
            return self.unscored(wanted.reason)
        text = answer.text if self._extract is None else (self._extract(answer.text) or "")
        given = self._reader.read(text)
        results: dict[str, Vector | Unscored] = {
            "accuracy": one(given == wanted),
            "macro_f1": self._macro.vector(wanted, given),
            "unparsed": one(given is None),
        }
        return Score(results, {"given": given or "unparsed", "wanted": wanted})

    def counts_as(self, case: Case) -> Mapping[str, Vector | Unscored]:
        """A failed answer gives no label; a row without one has nothing to be compared with."""
        wanted = self._wanted(case.sample)
        if isinstance(wanted, Unscored):
            return {metric.name: wanted for metric in self.metrics}
        return {"macro_f1": self._macro.vector(wanted, None)}

    def _wanted(self, sample: Sample) -> str | Unscored:
        named = sample.references or tuple(str(sample.labels[name]) for name in _NAMES if name in sample.labels)[:1]
        if not named:
            return Unscored("no label to compare with")
        meant = {self._reader.meant(text) for text in named}
        if meant == {None}:
            return classification.NO_LABEL
        return (meant - {None}).pop() or "" if len(meant - {None}) == 1 else Unscored("several labels are right")


def _with_aliases(labels: Any) -> classification.Labels:
    if not isinstance(labels, Mapping):
        if len(set(labels)) < len(labels):
            raise ValueError("a label is named twice")
        return {str(label): () for label in labels}
    return {label: (others,) if isinstance(others, str) else tuple(others) for label, others in labels.items()}
