"""Accuracy: is the answer what the references say?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, ClassVar

from pydantic import Field

from evalkit import plugins
from evalkit.checks.base import AnswerCheck, Options
from evalkit.errors import did_you_mean
from evalkit.protocols import AnswerMetric
from evalkit.records import Answer, Case, Sample, Score, Unscored, Vector

DEFAULT_METRICS = ("exact_match", "token_f1", "sentence_bleu", "bleu", "rougeL")
_GROUP = "evalkit.metrics"


class AccuracyOptions(Options):
    metrics: tuple[str, ...] = Field(DEFAULT_METRICS, min_length=1)
    """Names of text metrics, in the order in which they are shown."""
    tokenize: str = "13a"
    """How ``bleu`` and ``sentence_bleu`` find words: ``zh`` for Chinese, ``char`` for any script without spaces."""


class Accuracy(AnswerCheck):
    """Compares each answer with the references of its row, by any of the text metrics."""

    kind = "accuracy"
    Options: ClassVar[type[Options]] = AccuracyOptions
    required = ("references",)

    def measures(self) -> Iterable[AnswerMetric]:
        from evalkit.metrics.corpus import make_bleu, make_sentence_bleu

        made = {"bleu": make_bleu, "sentence_bleu": make_sentence_bleu}
        for name in _known_and_different(self.options.metrics):
            yield made[name](self.options.tokenize) if name in made else plugins.load(_GROUP, name)

    def judge(self, case: Case, answer: Answer) -> Score:
        results: dict[str, Vector | Unscored] = {}
        for metric in self.text_metrics:
            found = metric.statistics(case, (answer,))
            results[metric.name] = found if isinstance(found, Unscored) else tuple(map(float, found))
        return Score(results, self._evidence(case.sample, answer.text))

    @property
    def text_metrics(self) -> Sequence[AnswerMetric]:
        return self.metrics  # type: ignore[return-value]  # measures yields nothing else

    def counts_as(self, case: Case) -> Mapping[str, Vector | Unscored]:
        """A corpus metric has no worst that fits every row: a failed answer counts as an empty one."""
        counted = {}
        for metric in self.text_metrics:
            if not case.sample.references:
                counted[metric.name] = Unscored("no reference")
            elif metric.worst is None and hasattr(metric, "worst_for"):
                counted[metric.name] = metric.worst_for(case) or Unscored("no answer")
        return counted

    def _evidence(self, sample: Sample, text: str) -> dict[str, Any]:
        from evalkit.metrics.kinds import PairMetric

        evidence: dict[str, Any] = {}
        if "numeric" in self.options.metrics:
            from evalkit.metrics.numeric import last_number

            evidence["number"] = _written(last_number(text))
        compared = [metric for metric in self.metrics if isinstance(metric, PairMetric)]
        if len(sample.references) > 1 and compared:
            graded = next((metric for metric in compared if metric.kind == "mean"), compared[0])
            evidence["best_reference"] = max(sample.references, key=lambda wanted: graded.compare(text, wanted))
        return evidence

    def warnings(self, samples: Sequence[Sample]) -> Iterable[str]:
        names = set(self.options.metrics)
        rouge = sorted(name for name in names if name.startswith("rouge"))
        if rouge:
            unseen = sum(1 for sample in samples if sample.references and not _rouge_sees(sample.references))
            if unseen:
                yield (
                    f"{', '.join(rouge)}: {unseen} of {len(samples)} rows have no reference in ASCII letters, the "
                    "only ones that ROUGE's tokeniser sees; they are unscored. chrf reads every script"
                )
        bleu = sorted(names & {"bleu", "sentence_bleu"})
        if bleu and self.options.tokenize in {"13a", "intl", "none"}:
            unspaced = sum(1 for sample in samples if any(map(_is_unspaced, sample.references)))
            if unspaced:
                yield (
                    f"{', '.join(bleu)}: {unspaced} of {len(samples)} rows have references without spaces between "
                    f"words, which the tokeniser {self.options.tokenize} takes for one long word: say tokenize: char"
                )


def _known_and_different(names: Sequence[str]) -> Sequence[str]:
    known = plugins.names(_GROUP)
    for name in names:
        if name not in known:
            raise ValueError(f"unknown metric '{name}'; {did_you_mean(name, known, 'known metrics')}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"metric named twice: {', '.join(twice)}")
    return names


def _written(number: Fraction | None) -> str | None:
    """The number that was compared, short enough to be read."""
    if number is None:
        return None
    if number.denominator == 1 or abs(number) >= 1e15:
        return str(number)[:60]
    return f"{float(number):.12g}"


def _rouge_sees(references: Sequence[str]) -> bool:
    from evalkit.metrics.rouge import is_seen

    return any(map(is_seen, references))


def _is_unspaced(text: str) -> bool:
    """Most of its letters belong to a script that is written without spaces between words."""
    from evalkit.metrics.words import is_unspaced

    if text.isascii():
        return False
    letters = [character for character in text if character.isalpha()]
    return 2 * sum(map(is_unspaced, letters)) > len(letters)
