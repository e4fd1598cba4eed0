"""What goes wrong in the same way: errors by class, reasons for no score, answers that are alike."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field

from evalkit.modes.deep_dive.reading import ReadCase
from evalkit.records import Answer

MOST_SHOWN = 80
LEAST_TIMES = 3
"""Different prompts that one text answers, for it to be told."""


@dataclass(slots=True)
class CheckAnswers:
    answers: int = 0
    cut: int = 0
    """Ran into max_tokens."""
    empty: int = 0
    filtered: int = 0
    texts: Counter[bytes] = field(default_factory=Counter)
    """By hash, of answers that say something: how many different prompts each answers."""
    prompts: set[bytes] = field(default_factory=set)

    def count(self, answer: Answer) -> None:
        self.answers += 1
        self.cut += answer.truncated
        self.filtered += answer.finish == "filtered"
        self.empty += not answer.text.strip() and answer.finish != "filtered"


@dataclass(slots=True)
class AnswerPatterns:
    """Takes in cases as they are read."""

    by_check: dict[str, CheckAnswers] = field(default_factory=dict)
    """An answer that several checks judge is one of each."""
    once: CheckAnswers = field(default_factory=CheckAnswers)
    """Each answer once."""
    _keys: set[str] = field(default_factory=set)
    _beginnings: dict[bytes, str] = field(default_factory=dict)

    def add(self, one: ReadCase) -> None:
        found = self.by_check.setdefault(one.check, CheckAnswers())
        new = _hash(one.prompt) not in found.prompts
        found.prompts.add(_hash(one.prompt))
        for place, (key, answer) in enumerate(one.answers.items()):
            found.count(answer)
            if key not in self._keys:
                self._keys.add(key)
                self.once.count(answer)
            if new and not place and answer.text.strip():
                mark = _hash(answer.text)
                found.texts[mark] += 1
                self._beginnings.setdefault(mark, " ".join(answer.text.split())[:MOST_SHOWN])

    def same(self, check: str) -> tuple[str, int, int]:
        """The most frequent text's beginning, how many prompts it answers, and of how many."""
        found = self.by_check[check]
        mark, times = found.texts.most_common(1)[0] if found.texts else (b"", 0)
        return (self._beginnings.get(mark, ""), times, len(found.prompts)) if times >= LEAST_TIMES else ("", 0, 0)


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
