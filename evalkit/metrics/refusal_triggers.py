"""Which rules a sentence may match, told from its words alone: most rules are never tried on most sentences.

A word is looked up once, because texts repeat words. It tells the rules that it starts, the longer triggers of which it
is the longest word, and what some rules need beside their triggers (``refusal_rules.WORDS``): a bit for each, in this
order from the lowest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

from evalkit.metrics.refusal_rules import WHOLE, WORDS, Rule

_MOST_WORDS, _LONGEST_WORD, _BEGINNING = 32768, 40, 3

_MARKS = ".,:;!?\"'()[]*_-–—…#"

Among = tuple[int, ...]
"""The bits of some rules and of their longer triggers that count, by which of the facts are told."""


class _Told(dict[str, int]):
    """The bits that a word tells, worked out once; forgotten before it grows large."""

    def __init__(self, starts: Iterable[tuple[str, int]], first_fact: int) -> None:
        super().__init__()
        self._facts = [(pattern, 1 << (first_fact + place)) for place, pattern in enumerate(WORDS.values())]
        self._whole: dict[str, int] = {}
        self._by_beginning: dict[str, list[tuple[str, int]]] = {}
        for start, bits in starts:
            if start.startswith(WHOLE):
                self._whole[start[1:]] = bits
            else:
                self._by_beginning.setdefault(start[:_BEGINNING], []).append((start, bits))
        self._widths = sorted(set(map(len, self._by_beginning)))

    def __missing__(self, word: str) -> int:
        told = self._whole.get(word.strip(_MARKS), 0)
        for pattern, bit in self._facts:
            if pattern.search(word):
                told |= bit
        for width in self._widths:
            for at in range(len(word) - width + 1):
                for start, bits in self._by_beginning.get(word[at : at + width], ()):
                    if word.startswith(start, at):
                        told |= bits
        if len(self) >= _MOST_WORDS:
            self.clear()
        if len(word) <= _LONGEST_WORD:
            self[word] = told
        return told


class Triggers:
    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        started: dict[str, int] = {}
        for number, rule in enumerate(rules):
            for trigger in rule.triggers:
                started[trigger] = started.get(trigger, 0) | 1 << number
        self._several = [(trigger, bits) for trigger, bits in started.items() if trigger.split() != [trigger]]
        self._first_fact = len(rules) + len(self._several)
        starts = [(trigger, bits) for trigger, bits in started.items() if trigger.split() == [trigger]]
        for place, (trigger, _) in enumerate(self._several, len(rules)):
            starts.append((max(trigger.split(), key=len), 1 << place))
        self._told = _Told(starts, self._first_fact)

    def among(self, wanted: Iterable[Rule]) -> Among:
        chosen = frozenset(wanted)
        by_facts = []
        for told in range(1 << len(WORDS)):
            lacking = {name for place, name in enumerate(WORDS) if not told >> place & 1}
            rules = sum(
                1 << number
                for number, rule in enumerate(self._rules)
                if rule in chosen and lacking.isdisjoint(rule.needs)
            )
            longer = sum(1 << place for place, (_, bits) in enumerate(self._several, len(self._rules)) if bits & rules)
            by_facts.append(rules | longer)
        return tuple(by_facts)

    def possible(self, sentence: str, among: Among) -> list[Rule]:
        """The rules one of whose triggers stands in the sentence, in the order of the table."""
        bits = reduce(or_, filter(None, map(self._told.__getitem__, sentence.split())), 0)
        wanted = among[bits >> self._first_fact]
        bits &= wanted
        count = len(self._rules)
        waiting = bits >> count
        while waiting:
            lowest = waiting & -waiting
            waiting ^= lowest
            trigger, rules = self._several[lowest.bit_length() - 1]
            if rules & wanted & ~bits and trigger in sentence:
                bits |= rules & wanted
        possible = []
        bits &= (1 << count) - 1
        while bits:
            lowest = bits & -bits
            bits ^= lowest
            possible.append(self._rules[lowest.bit_length() - 1])
        return possible
