"""Length: is an answer as short or as long as it should be, and did it come to its end?"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field, ValidationError

from evalkit.checks.base import AnswerCheck, Options, one
from evalkit.checks.bounds import Bounds
from evalkit.metrics import length
from evalkit.metrics.kinds import Quantity, mean, rate
from evalkit.records import Answer, Case, Sample, Score, Unscored, Vector

LABEL = "expected_length"
NOTHING_EXPECTED = Unscored("no expected length")
NOT_COUNTED = Unscored("the model does not count tokens")
_RANGE = re.compile(r"\s*(\d+)\s*(?:-|–|to)\s*(\d+)\s*")
_COUNTED = "words:unicode.1"


class LengthOptions(Options):
    short: Bounds = Bounds(under=50)
    """Words of an answer that a row expects to be ``short``."""
    long: Bounds = Bounds(over=20)
    """Words of an answer that a row expects to be ``long``."""
    tolerance: float = Field(0.25, ge=0)
    """How far an answer may be from a row's number of words, as a share of that number."""


class Length(AnswerCheck):
    """Counts words, sentences and tokens, and holds the words against what each row expects, where it expects anything.

    Tokens are as many as the model's own tokenizer made, reasoning included, where the answer says so; none is guessed.
    """

    kind = "length"
    Options: ClassVar[type[Options]] = LengthOptions

    def measures(self) -> Iterable[Quantity]:
        yield mean("words", better="lower", unit="words", signature=_COUNTED)
        yield mean("sentences", better="lower", unit="sentences", signature="sentences:evalkit.1")
        yield mean("tokens", better="lower", unit="tokens", signature="tokens:the model's own")
        options = self.options
        wanted = f"short:{options.short}|long:{options.long}|number:{options.tolerance:g}"
        yield rate("within", unit="share", signature=f"{_COUNTED}|{wanted}")
        yield rate("truncated", better="lower", unit="share", signature="finish=length")
        yield rate("empty", better="lower", unit="share", signature="nothing visible")

    def judge(self, case: Case, answer: Answer) -> Score:
        words = length.words(answer.text)
        expected = self.expected(case.sample)
        evidence: dict[str, Any] = {"words": words, "finish": answer.finish}
        if answer.output_tokens is not None:
            evidence["tokens"] = answer.output_tokens
        if isinstance(expected, Bounds):
            evidence["expected"] = str(expected)
        results: dict[str, Vector | Unscored] = {
            "words": one(words),
            "sentences": one(length.sentences(answer.text)),
            "tokens": NOT_COUNTED if answer.output_tokens is None else one(answer.output_tokens),
            "within": one(expected.hold(words)) if isinstance(expected, Bounds) else expected,
            "truncated": one(answer.truncated),
            "empty": one(length.empty(answer.text)),
        }
        return Score(results, evidence)

    def counts_as(self, case: Case) -> Mapping[str, Vector | Unscored]:
        expected = self.expected(case.sample)
        return {"within": expected} if isinstance(expected, Unscored) else {}

    def expected(self, sample: Sample) -> Bounds | Unscored:
        """What the row expects, from a word, a number, a range (``20-40``) or bounds."""
        said = sample.labels.get(LABEL)
        if said is None or said in ("", {}):
            return NOTHING_EXPECTED
        if isinstance(said, Mapping):
            return _bounds(said)
        if isinstance(said, str):
            return self._from_text(said)
        if isinstance(said, int | float) and not isinstance(said, bool) and 0 <= said < math.inf:
            return self._about(float(said))
        return _unknown(said)

    def _from_text(self, said: str) -> Bounds | Unscored:
        word = said.strip().lower()
        if word in {"short", "long"}:
            bounds: Bounds = getattr(self.options, word)
            return bounds
        if word.isascii() and word.isdigit():
            return self._about(float(word))
        spanned = _RANGE.fullmatch(word)
        return _bounds({"min": spanned[1], "max": spanned[2]}) if spanned else _unknown(said)

    def _about(self, words: float) -> Bounds:
        slack = words * self.options.tolerance
        return Bounds(min=words - slack, max=words + slack)

    def warnings(self, samples: Sequence[Sample]) -> Iterable[str]:
        expected = ((sample, self.expected(sample)) for sample in samples)
        odd = [sample for sample, said in expected if isinstance(said, Unscored) and said != NOTHING_EXPECTED]
        if odd:
            yield (
                f"{len(odd)} of {len(samples)} rows expect a length that is not short, long, a number of words, "
                f"a range or bounds, such as row '{odd[0].id}': 'within' leaves them out"
            )


def _bounds(said: Mapping[str, Any]) -> Bounds | Unscored:
    try:
        return Bounds.model_validate({name: bound for name, bound in said.items() if bound is not None})
    except ValidationError:
        return _unknown(said)


def _unknown(said: Any) -> Unscored:
    return Unscored(f"unknown expected length: {str(said)[:40]}")
