"""Keywords: does an answer hold the words it should, without going round in circles?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from evalkit.checks.base import AnswerCheck, Options, one
from evalkit.metrics import keywords, length, repetition
from evalkit.metrics.kinds import SHARE, Quantity, mean, rate
from evalkit.records import Answer, Case, Sample, Score, Unscored, Vector

LABEL = "keywords"
NO_KEYWORDS = Unscored("no keywords")
EMPTY = Unscored("empty answer")
_SEPARATOR = re.compile(r"[,;|]")


class KeywordsOptions(Options):
    minimum: float = Field(0.3, ge=0, le=1)
    """Share of its keywords that an answer should hold at least."""
    degenerate_over: float = Field(0.5, ge=0, le=1)
    """An answer is degenerate when more than this share of its words only repeats what stands before."""


class Keywords(AnswerCheck):
    """Looks for a row's keywords as whole words, and for loops."""

    kind = "keywords"
    Options: ClassVar[type[Options]] = KeywordsOptions
    required = ("keywords",)

    def measures(self) -> Iterable[Quantity]:
        yield mean("recall", unit="share", bounds=SHARE, signature="keywords:whole words")
        yield rate("within", unit="share", signature=f"keywords:whole words|>={self.options.minimum:g}")
        loops = "loops:3 times,40 words"
        yield mean("repetition", better="lower", unit="share", bounds=SHARE, signature=loops)
        yield rate("degenerate", better="lower", unit="share", signature=f"{loops}|>{self.options.degenerate_over:g}")
        yield rate("empty", better="lower", unit="share", signature="nothing visible")

    def judge(self, case: Case, answer: Answer) -> Score:
        wanted = expected(case.sample)
        share = keywords.share(answer.text, wanted)
        empty = length.empty(answer.text)
        loops = repetition.measure(answer.text)
        results: dict[str, Vector | Unscored] = {
            "recall": NO_KEYWORDS if share is None else one(share),
            "within": NO_KEYWORDS if share is None else one(share >= self.options.minimum),
            "repetition": EMPTY if empty else one(loops.looping),
            "degenerate": EMPTY if empty else one(loops.looping > self.options.degenerate_over),
            "empty": one(empty),
        }
        found = keywords.present(answer.text, wanted)
        evidence: dict[str, Any] = {"found": list(found), "missing": [word for word in wanted if word not in found]}
        if loops.times:
            evidence["repeated"] = {"span": loops.span, "times": loops.times}
        return Score(results, evidence)

    def counts_as(self, case: Case) -> Mapping[str, Vector | Unscored]:
        return {} if expected(case.sample) else {"recall": NO_KEYWORDS, "within": NO_KEYWORDS}

    def warnings(self, samples: Sequence[Sample]) -> Iterable[str]:
        without = sum(not expected(sample) for sample in samples)
        if without:
            yield f"{without} of {len(samples)} rows have no keywords: 'recall' and 'within' leave them out"


def expected(sample: Sample) -> tuple[str, ...]:
    """The row's keywords, each once: a list, or one text with commas, semicolons or bars between them."""
    said = sample.labels.get(LABEL)
    if said is None:
        return ()
    parts = said if isinstance(said, list | tuple) else _SEPARATOR.split(str(said))
    return tuple(dict.fromkeys(word for part in parts if part is not None and (word := str(part).strip())))
