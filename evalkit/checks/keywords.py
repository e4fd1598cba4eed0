"""Keywords: does an answer hold the words it should, without going round in circles?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from evalkit.checks.base import AnswerCheck, Options, one, rows_have
from evalkit.metrics import keywords, length, repetition, stemming
from evalkit.metrics.kinds import SHARE, Quantity, mean, rate
from evalkit.metrics.words import fold
from evalkit.records import Answer, Case, Sample, Score, Unscored, Vector

LABEL = "keywords"
NO_KEYWORDS = Unscored("no keywords")
EMPTY = Unscored("empty answer")
_SEPARATOR = re.compile(r"[,;|]")


class KeywordsOptions(Options):
    minimum: float = Field(0.3, ge=0, le=1)
    """Share of its keywords that an answer should hold at least."""
    stem: bool = False
    """Other forms of a keyword count as well: ``cats`` holds ``cat``."""
    language: Literal["da", "de", "en", "es", "fi", "fr", "hu", "it", "nl", "no", "pt", "ro", "ru", "sv"] = "en"
    """Whose stems these are."""
    degenerate_over: float = Field(0.5, ge=0, le=1)
    """An answer is degenerate when more than this share of its words only repeats what stands before."""


class Keywords(AnswerCheck):
    """Looks for a row's keywords, or their synonyms, as whole words, and for loops."""

    kind = "keywords"
    Options: ClassVar[type[Options]] = KeywordsOptions
    required = ("keywords",)

    def measures(self) -> Iterable[Quantity]:
        words = "keywords:whole words"
        if self.options.stem:
            words += f"|{stemming.SIGNATURE}|{self.options.language}"
        yield mean("recall", unit="share", bounds=SHARE, signature=words)
        yield rate("within", unit="share", signature=f"{words}|>={self.options.minimum:g}")
        loops = repetition.SIGNATURE
        yield mean("repetition", better="lower", unit="share", bounds=SHARE, signature=loops)
        yield rate("degenerate", better="lower", unit="share", signature=f"{loops}|>{self.options.degenerate_over:g}")
        yield rate("empty", better="lower", unit="share", signature="nothing visible")

    def judge(self, case: Case, answer: Answer) -> Score:
        options = self.options
        found = keywords.cover(answer.text, wanted(case.sample), language=options.language, stemmed=options.stem)
        share = found.share
        empty = length.empty(answer.text)
        loops = repetition.measure(answer.text)
        results: dict[str, Vector | Unscored] = {
            "recall": NO_KEYWORDS if share is None else one(share),
            "within": NO_KEYWORDS if share is None else one(share >= options.minimum),
            "repetition": EMPTY if empty else one(loops.looping),
            "degenerate": EMPTY if empty else one(loops.looping > options.degenerate_over),
            "empty": one(empty),
        }
        evidence: dict[str, Any] = {"found": [hit.keyword for hit in found.hits], "missing": list(found.missing)}
        if negated := [hit.keyword for hit in found.hits if hit.negated]:
            evidence["negated"] = negated
        if loops.times:
            evidence["repeated"] = {"span": loops.span, "times": loops.times}
        return Score(results, evidence)

    def counts_as(self, case: Case) -> Mapping[str, Vector | Unscored]:
        return {} if wanted(case.sample) else {"recall": NO_KEYWORDS, "within": NO_KEYWORDS}

    def warnings(self, samples: Sequence[Sample]) -> Iterable[str]:
        without = sum(not wanted(sample) for sample in samples)
        if without:
            yield f"{rows_have(without, len(samples))} no keywords: 'recall' and 'within' leave such rows out"


def expected(sample: Sample) -> tuple[str, ...]:
    """The names of the row's keywords, each once, without their synonyms."""
    return tuple(keyword.name for keyword in wanted(sample))


def wanted(sample: Sample) -> tuple[keywords.Keyword, ...]:
    """The row's keywords: a list, one text with commas, semicolons or bars between them, or an object whose keys are
    keywords and whose values are their synonyms.

    An item of a list may hold synonyms as well: ``"car|automobile"``, or a list of its own.
    """
    said = sample.labels.get(LABEL)
    if said is None:
        return ()
    if isinstance(said, Mapping):
        groups = [(name, *_listed(forms)) for name, forms in said.items()]
    elif isinstance(said, list | tuple):
        groups = [_listed(item) for item in said]
    else:
        groups = [(part,) for part in _SEPARATOR.split(str(said))]
    known: dict[str, keywords.Keyword] = {}
    for group in groups:
        forms = tuple(dict.fromkeys(word for form in group if form is not None and (word := str(form).strip())))
        if forms and fold(forms[0]):
            known.setdefault(fold(forms[0]), keywords.Keyword(forms))
    return tuple(known.values())


def _listed(said: Any) -> tuple[Any, ...]:
    if isinstance(said, list | tuple):
        return tuple(form for item in said for form in _listed(item))
    return tuple(said.split("|")) if isinstance(said, str) else (said,)
