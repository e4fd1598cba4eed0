"""Coherence: is an answer about what was asked, does it say anything new, and does it come to its end?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from evalkit.checks.base import AnswerCheck, Options, one, rows_have
from evalkit.checks.bounds import Bounds
from evalkit.checks.keywords import NO_KEYWORDS, wanted
from evalkit.metrics import coherence, keywords, length, repetition, spans, stemming
from evalkit.metrics.kinds import SHARE, Quantity, mean, rate
from evalkit.records import Answer, Case, Sample, Score, Unscored, Vector

EMPTY = Unscored("empty answer")
UNTOLD = Unscored("too few words, or another language, to tell by words")
SHORT = Unscored("too short to repeat itself")
NO_PROMPT = Unscored("no prompt")
LEAST_REPEATED = 8
"""Words of the shortest span whose return makes an answer repetitive: shorter ones are phrases and refrains."""
LEAST_WORDS = 10
_LIST_NUMBER = re.compile(r"^[ \t]{0,8}\(?\d{1,3}[.):][ \t]", re.MULTILINE)
"""A list that says the same in each item differs in its numbers alone."""


class CoherenceOptions(Options):
    language: Literal["da", "de", "en", "es", "fi", "fr", "hu", "it", "nl", "no", "pt", "ro", "ru", "sv"] = "en"
    """Whose stems keywords are compared by."""
    coverage: Bounds = Bounds(min=0.3)
    """Share of its keywords that an answer should hold."""
    chance: float = Field(0.2, gt=0, le=1)
    """An answer is off topic if a text about something else would share as much more often than this."""
    copied: Bounds = Bounds(under=0.6)
    """Share of the answer that may be copied from a prompt of which it gives back half or more."""
    repeat: Bounds = Bounds(under=0.3)
    """Share of an answer's words that its longest repeated span may have."""
    distinct: Bounds = Bounds(min=0.4)
    """Distinct-2 that an answer should have."""


class Coherence(AnswerCheck):
    """Reads every answer for what makes it incoherent, each by itself, and all together in ``coherent``."""

    kind = "coherence"
    Options: ClassVar[type[Options]] = CoherenceOptions

    def measures(self) -> Iterable[Quantity]:
        options, rules = self.options, coherence.SIGNATURE
        stems = f"keywords:synonyms|{stemming.SIGNATURE}|{options.language}"
        yield mean("keyword_coverage", unit="share", bounds=SHARE, signature=stems)
        yield rate("within", unit="share", signature=f"{stems}|{options.coverage}")
        yield mean("relevance", unit="share", bounds=SHARE, signature=f"{rules}|{stemming.SIGNATURE}")
        off = f"{rules}|{stemming.SIGNATURE}|chance>{options.chance:g}"
        yield rate("off_topic", better="lower", unit="share", signature=off)
        copies = f"{rules}|{coherence.COPY} words"
        yield mean("copied", better="lower", unit="share", bounds=SHARE, signature=copies)
        echo = f"{copies}|{options.copied}|half of the prompt"
        yield rate("echo", better="lower", unit="share", signature=echo)
        for n in (1, 2, 3):
            yield mean(f"distinct_{n}", unit="share", bounds=SHARE, signature=f"distinct:{n}|{rules}")
        yield mean("longest_repeat", better="lower", unit="share", bounds=SHARE, signature=f"span twice|{rules}")
        again = f"repeat:{options.repeat},{LEAST_REPEATED} words|distinct-2:{options.distinct}|{repetition.SIGNATURE}"
        yield rate("repetitive", better="lower", unit="share", signature=f"{again}|{rules}")
        yield rate("cut_off", better="lower", unit="share", signature=f"finish or no stop|{rules}")
        yield rate("empty", better="lower", unit="share", signature="nothing visible")
        yield rate("coherent", unit="share", signature="|".join((stems, str(options.coverage), off, echo, again)))

    def judge(self, case: Case, answer: Answer) -> Score:
        sample, text = case.sample, answer.text
        results: dict[str, Vector | Unscored] = {}
        evidence: dict[str, Any] = {}
        for part in (self._keywords, self._topic, self._copies, self._repeats):
            found, shown = part(sample, text)
            results.update(found)
            evidence.update(shown)
        ending = coherence.ending(text, answer.finish)
        empty = length.empty(text)
        results["cut_off"] = one(ending.cut) if not empty or answer.truncated else EMPTY
        results["empty"] = one(empty)
        evidence["ending"] = ending.reason
        faults = [name for name in ("off_topic", "echo", "repetitive", "cut_off", "empty") if _true(results[name])]
        if results["within"] == one(0.0):
            faults.append("within")
        results["coherent"] = one(not faults)
        if faults:
            evidence["faults"] = faults
        return Score(results, evidence)

    def _keywords(self, sample: Sample, text: str) -> tuple[dict[str, Vector | Unscored], dict[str, Any]]:
        found = keywords.cover(text, wanted(sample), language=self.options.language)
        if found.share is None:
            return {"keyword_coverage": NO_KEYWORDS, "within": NO_KEYWORDS}, {}
        within = one(self.options.coverage.hold(found.share))
        evidence: dict[str, Any] = {"found": {hit.keyword: hit.said for hit in found.hits}}
        evidence["missing"] = list(found.missing)
        if negated := [hit.keyword for hit in found.hits if hit.negated]:
            evidence["negated"] = negated
        return {"keyword_coverage": one(found.share), "within": within}, evidence

    def _topic(self, sample: Sample, text: str) -> tuple[dict[str, Vector | Unscored], dict[str, Any]]:
        told = coherence.relevance(text, _asked(sample), sample.references)
        if told is None:
            return {"relevance": UNTOLD, "off_topic": UNTOLD}, {}
        off = told.chance > self.options.chance
        shown = {"shared": list(told.shared), "chance": round(told.chance, 4)}
        return {"relevance": one(told.share), "off_topic": one(off)}, shown

    def _copies(self, sample: Sample, text: str) -> tuple[dict[str, Vector | Unscored], dict[str, Any]]:
        if length.empty(text):
            return {"copied": EMPTY, "echo": EMPTY}, {}
        asked = _asked(sample)
        if length.empty(asked):
            return {"copied": NO_PROMPT, "echo": NO_PROMPT}, {}
        found = coherence.copying(text, asked)
        echo = (
            self._echoes(found)
            and not coherence.restates(text, asked)
            and not any(self._echoes(coherence.copying(reference, asked)) for reference in sample.references)
        )
        shown = {"copied": found.span[:200], "copied_words": found.words} if found.share else {}
        return {"copied": one(found.share), "echo": one(echo)}, shown

    def _echoes(self, found: coherence.Copying) -> bool:
        return found.given_back >= 0.5 and not self.options.copied.hold(found.share)

    def _repeats(self, sample: Sample, text: str) -> tuple[dict[str, Vector | Unscored], dict[str, Any]]:
        text = _LIST_NUMBER.sub("", text)
        words = spans.units(text)
        counted = {f"distinct_{n}": coherence.distinct(words, n) for n in (1, 2, 3)}
        results: dict[str, Vector | Unscored] = {
            name: SHORT if share is None else one(share) for name, share in counted.items()
        }
        if len(words) < LEAST_WORDS:
            return {**results, "longest_repeat": SHORT, "repetitive": SHORT if words else EMPTY}, {}
        found = spans.longest_repeat(words)
        share = found.length / len(words)
        again = found.length >= LEAST_REPEATED and not self.options.repeat.hold(share)
        loops = repetition.measure(text)
        distinct = counted["distinct_2"]
        dull = distinct is not None and not self.options.distinct.hold(distinct)
        results["longest_repeat"] = one(share)
        results["repetitive"] = one(again or dull or loops.looping > 0.5)
        shown = " ".join(words[found.start : found.start + found.length])[:200]
        return results, {"repeated": {"span": shown, "words": found.length}} if found.length >= 3 else {}

    def counts_as(self, case: Case) -> Mapping[str, Vector | Unscored]:
        return {} if wanted(case.sample) else {"keyword_coverage": NO_KEYWORDS, "within": NO_KEYWORDS}

    def warnings(self, samples: Sequence[Sample]) -> Iterable[str]:
        without = sum(not wanted(sample) for sample in samples)
        if 0 < without < len(samples):
            yield f"{rows_have(without, len(samples))} no keywords: 'keyword_coverage' and 'within' leave such rows out"


def _asked(sample: Sample) -> str:
    """What the user said: a system text is rules, and earlier answers are the model's own."""
    return "\n".join(message.content for message in sample.messages if message.role == "user")


def _true(result: Vector | Unscored) -> bool:
    return not isinstance(result, Unscored) and result[0] == 1.0
