"""ROUGE as the package rouge_score computes it: the F of each row, the best over its references, the mean over rows.

The tokeniser of rouge_score sees ASCII letters and digits only, so identical Chinese or Cyrillic texts would score 0.
A reference of whose letters it sees fewer than half is not used; a row with no other is unscored. An *answer* in such
a script to a reference that is seen scores what rouge_score says, usually 0.

The tokeniser ``unicode`` sees words of every script, and is the same as the other on ASCII: letters, digits and their
marks make a word, without case and differences of compatibility; each character of a script that is written without
spaces is one. It stems English words only, those of ASCII letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

from evalkit.metrics.kinds import TextMetric, one
from evalkit.metrics.subsequences import common_length, union_hits
from evalkit.metrics.words import tokens_of_any_script
from evalkit.records import Unscored, Vector

NOT_SEEN = Unscored("rouge's tokeniser sees ASCII words only")
Tokens = tuple[str, ...]
TOKENIZERS = ("ascii", "unicode")
NO_WORD = Unscored("no word in the reference")
_ASCII_LETTER = re.compile("[a-z0-9]", re.IGNORECASE)
"""And the four letters beyond that are the same without case, such as the Kelvin sign."""
_ASCII = re.compile(r"[\x00-\x7f]+")
_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalnum())
_WORDS_APART = bytes(code if chr(code) in "abcdefghijklmnopqrstuvwxyz0123456789" else 32 for code in range(256))


@cache
def _stemmer() -> Any:
    from nltk.stem.porter import PorterStemmer

    return PorterStemmer()


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    """As rouge_score stems: words of more than three characters only. Remembered, since stemming is slow."""
    return str(_stemmer().stem(word)) if len(word) > 3 else word


@lru_cache(maxsize=64)
def _tokens(text: str, stemmed: bool, tokenizer: str = "ascii") -> Tokens:
    """rouge_score's tokens; remembered briefly because several variants look at the same row one after another."""
    if tokenizer == "unicode":
        words = tokens_of_any_script(text)
        return tuple(_stem(word) if word.isascii() else word for word in words) if stemmed else tuple(words)
    found = text.lower().encode("ascii", "replace").translate(_WORDS_APART).decode().split()
    return tuple(map(_stem, found)) if stemmed else tuple(found)


def _sentences(text: str, stemmed: bool, tokenizer: str) -> list[Tokens]:
    """The tokens of each line; lines are not remembered, they would push out whole texts."""
    return [_tokens.__wrapped__(line, stemmed, tokenizer) for line in text.split("\n")]


@lru_cache(maxsize=64)
def is_seen(text: str) -> bool:
    """At least half of the letters and digits are ASCII, or there are none at all."""
    if text.isascii():
        return True
    beyond = _ASCII.sub("", text)
    letters = len(text.encode("ascii", "ignore").translate(None, _NO_LETTERS))
    return 2 * (letters + len(_ASCII_LETTER.findall(beyond))) >= letters + sum(map(str.isalnum, beyond))


_DROPPED_LETTER = re.compile(r"[^\W\d_a-zA-Z]|(?<=[a-zA-Z])[\u0300-\u036f]")


def share_of_words_cut(text: str) -> float:
    """Of its words, the share that rouge_score's tokeniser drops or cuts in pieces, as it makes m and ller of Müller;
    0 of a text without any."""
    if text.isascii():
        return 0.0
    words = text.split()
    return sum(1 for word in words if _DROPPED_LETTER.search(word)) / len(words) if words else 0.0


def _f_measure(hits: int, said: int, wanted: int) -> float:
    """In rouge_score's order of operations, so that no last digit differs."""
    if not said or not wanted or not hits:
        return 0.0
    precision, recall = hits / said, hits / wanted
    return 2 * precision * recall / (precision + recall)


def _grams(tokens: Tokens, n: int) -> Counter[Any]:
    return Counter(tokens) if n == 1 else Counter(zip(*(tokens[start:] for start in range(n)), strict=False))


@dataclass(frozen=True, slots=True)
class Rouge(TextMetric):
    variant: str = "rougeL"
    stemmed: bool = False
    tokenizer: str = "ascii"

    @property
    def signature(self) -> str:
        from importlib.metadata import version

        stem = "porter" if self.stemmed else "no"
        tokens = "ascii" if self.tokenizer == "ascii" else f"unicode.1({unicodedata.unidata_version})"
        return (
            f"{self.variant}|mean|refs:max|F|stem:{stem}|split:newline|tok:{tokens}"
            f"|rouge_score:{version('rouge-score')}"
        )

    def text_statistics(self, hypothesis: str, references: Sequence[str]) -> Vector | Unscored:
        if self.tokenizer == "unicode":
            worded = [text for text in references if _tokens(text, self.stemmed, "unicode")]
            return one(max(self.f_measure(hypothesis, text) for text in worded)) if worded else NO_WORD
        seen = [reference for reference in references if is_seen(reference)]
        if not seen:
            return NOT_SEEN
        return one(max(self.f_measure(hypothesis, reference) for reference in seen))

    def f_measure(self, hypothesis: str, reference: str) -> float:
        if self.variant == "rougeLsum" and ("\n" in hypothesis.strip("\n") or "\n" in reference.strip("\n")):
            lines = [_sentences(text, self.stemmed, self.tokenizer) for text in (hypothesis, reference)]
            return _f_measure(union_hits(lines[1], lines[0]), *(sum(map(len, side)) for side in lines))
        said = _tokens(hypothesis, self.stemmed, self.tokenizer)
        wanted = _tokens(reference, self.stemmed, self.tokenizer)
        if self.variant in {"rougeL", "rougeLsum"}:  # with one sentence on either side the two are the same number
            return _f_measure(common_length(wanted, said), len(said), len(wanted))
        n = int(self.variant.removeprefix("rouge"))
        hits = (_grams(said, n) & _grams(wanted, n)).total()
        return _f_measure(hits, max(len(said) - n + 1, 0), max(len(wanted) - n + 1, 0))


def with_tokenizer(metric: Rouge, tokenizer: str) -> Rouge:
    """The same ROUGE over other words: ``ascii`` (rouge_score's) or ``unicode``."""
    if tokenizer not in TOKENIZERS:
        raise ValueError(f"ROUGE has no tokenizer '{tokenizer}'; it has: {', '.join(TOKENIZERS)}")
    return replace(metric, tokenizer=tokenizer)


rouge1 = Rouge("rouge1", variant="rouge1")
rouge2 = Rouge("rouge2", variant="rouge2")
rougeL = Rouge("rougeL", variant="rougeL")
rougeLsum = Rouge("rougeLsum", variant="rougeLsum")
rouge1_stem = Rouge("rouge1_stem", variant="rouge1", stemmed=True)
rouge2_stem = Rouge("rouge2_stem", variant="rouge2", stemmed=True)
rougeL_stem = Rouge("rougeL_stem", variant="rougeL", stemmed=True)
rougeLsum_stem = Rouge("rougeLsum_stem", variant="rougeLsum", stemmed=True)
