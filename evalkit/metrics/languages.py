"""BLEU whose words are found as the language of each row wants it, by a label of the row or by its script."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evalkit.metrics.corpus import Bleu, SentenceBleu, is_installed, make_bleu, make_sentence_bleu
from evalkit.metrics.kinds import NO_ANSWER, NO_REFERENCE
from evalkit.metrics.words import is_unspaced
from evalkit.records import Answer, Case, Unscored, Vector

LABELS = ("target_language", "target_lang", "tgt_lang", "language", "lang")
"""Columns that say in which language the answer is to be, the first that a row has."""
_CODES: Mapping[str, str] = {
    **dict.fromkeys(("zh", "zho", "chi", "cmn", "chinese", "mandarin"), "zh"),
    **dict.fromkeys(("ja", "jp", "jpn", "japanese"), "ja"),
    **dict.fromkeys(("ko", "kor", "korean"), "ko"),
    **dict.fromkeys(("th", "tha", "thai", "lo", "lao", "km", "khm", "khmer", "my", "mya", "burmese", "yue"), "th"),
}
_CODE = re.compile(r"\s*[A-Za-z]{2,3}(?:[-_][A-Za-z]{2,4})*\s*$")
_NO_REGIONS = frozenset({"zh", "ja", "ko", "en"})
"""After a hyphen these are languages: en-zh is a pair and zh-CN a region."""


def language_code(language: str) -> str:
    """``zh``, ``ja``, ``ko``, ``th`` (for all that set no words apart and have no tokeniser), or nothing: of a name, a
    code, a code with a region (``zh-CN``), or the second language of a pair (``en-zh``)."""
    parts = language.strip().lower().replace("_", "-").split("-")
    code = parts[1] if len(parts) == 2 and parts[1] in _NO_REGIONS else parts[0]
    return _CODES.get(code, "")


def tokenizer_for(language: str) -> str:
    """The tokeniser that BLEU is reported with in a language: ``char`` where words are not set apart and no better one
    is installed, ``13a`` for all others."""
    code = language_code(language)
    if code in {"ja", "ko"} and is_installed(f"{code}-mecab"):
        return f"{code}-mecab"
    return {"zh": "zh", "ja": "char", "th": "char"}.get(code, "13a")


def language_of(labels: Mapping[str, Any], references: Sequence[str]) -> str:
    """By the row's label where it is a code or a name that is known, else by the script of its references where words
    are not set apart there: labels are worded in many ways. Otherwise what the label says, or nothing."""
    label = next((labels[name] for name in LABELS if isinstance(labels.get(name), str) and labels[name].strip()), "")
    return str(label) if _CODE.match(label) or language_code(label) else _by_script(references) or str(label)


def _by_script(references: Sequence[str]) -> str:
    text = "".join(references)[:2000]
    if text.isascii() or 2 * sum(map(is_unspaced, text)) <= sum(map(str.isalpha, text)):
        return ""
    if any("\u3040" <= character <= "\u30ff" for character in text):
        return "ja"
    return "zh" if any("\u3400" <= character <= "\u9fff" for character in text) else "th"


def _signed(signature: str) -> str:
    chosen = ",".join(f"{code}:{tokenizer_for(code)}" for code in ("zh", "ja", "ko", "th"))
    return f"{signature}|by-language.1({chosen})"


def _options(case: Case, options: tuple[tuple[str, Any], ...]) -> tuple[tuple[str, Any], ...]:
    tokenize = tokenizer_for(language_of(case.labels, case.sample.references))
    return tuple((name, tokenize if name == "tokenize" else value) for name, value in options)


def _statistics(metric: Bleu | SentenceBleu, case: Case, answers: Sequence[Answer]) -> Vector | Unscored:
    """By the metric as it is with the tokeniser of the row's language."""
    if not answers or answers[0].failure is not None:
        return NO_ANSWER
    if not case.sample.references:
        return NO_REFERENCE
    chosen = replace(metric, options=_options(case, metric.options))
    return chosen.text_statistics(answers[0].text, case.sample.references)


@dataclass(frozen=True, slots=True)
class BleuByLanguage(Bleu):
    """The counts of all rows add up to one score, whichever tokeniser made them."""

    @property
    def signature(self) -> str:
        return _signed(make_bleu().signature)

    def statistics(self, case: Case, answers: Sequence[Answer]) -> Vector | Unscored:
        return _statistics(self, case, answers)


@dataclass(frozen=True, slots=True)
class SentenceBleuByLanguage(SentenceBleu):
    @property
    def signature(self) -> str:
        return _signed(make_sentence_bleu().signature)

    def statistics(self, case: Case, answers: Sequence[Answer]) -> Vector | Unscored:
        return _statistics(self, case, answers)


def bleu_by_language() -> BleuByLanguage:
    plain = make_bleu()
    return BleuByLanguage(plain.name, bounds=plain.bounds, options=plain.options)


def sentence_bleu_by_language() -> SentenceBleuByLanguage:
    plain = make_sentence_bleu()
    return SentenceBleuByLanguage(plain.name, bounds=plain.bounds, options=plain.options)
