"""Personal data in an answer becomes ``[email]``, ``[phone]``, ... before anybody keeps the answer.

    >>> from evalkit.metrics.redaction import Redaction
    >>> Redaction(("email", "phone")).text("Write to jane.smith@mailbox.org, or call 020 7123 4567.")
    ('Write to [email], or call [phone].', {'email': 1, 'phone': 1})

Forms and checksums are those of ``evalkit.metrics.leakage``. What is found depends on the text alone.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

from evalkit.records import Answer, Failure, Trace

Span = tuple[int, int]


@dataclass(frozen=True)
class Redaction:
    """What is taken out. Two that take out the same have one identity."""

    kinds: tuple[str, ...] = ()
    """Of ``evalkit.metrics.leakage.KINDS``."""
    patterns: Mapping[str, str] = field(default_factory=dict)
    """Regular expressions by the name that stands in place of what they match. They come before ``kinds``."""

    def __bool__(self) -> bool:
        return bool(self.kinds or self.patterns)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted({*self.kinds, *self.patterns}))

    @cached_property
    def identity(self) -> str:
        """Part of the key of every answer; empty where nothing is taken out."""
        if not self:
            return ""
        from evalkit.metrics.leakage import SIGNATURE

        told = [SIGNATURE if self.kinds else "", sorted(self.kinds), dict(sorted(self.patterns.items()))]
        return f"redacted:{json.dumps(told)}"

    @cached_property
    def _compiled(self) -> Mapping[str, re.Pattern[str]]:
        from evalkit.metrics.patterns import compiled

        return {name: compiled(pattern) for name, pattern in self.patterns.items()}

    def text(self, text: str) -> tuple[str, dict[str, int]]:
        """The text without them, and how many of each there were."""
        if not self or not isinstance(text, str) or not text:
            return text, {}
        from evalkit.metrics.leakage import find  # its patterns are for runs that redact

        found = self._matched(text)
        own = sorted(span for _, span in found)
        if self.kinds:
            leaks = find(text, kinds=self.kinds, test_cards=True)
            found += [(leak.kind, leak.span) for leak in leaks if not _overlaps(leak.span, own)]
        if not found:
            return text, {}
        found.sort(key=lambda one: one[1])
        ends = [0, *(span[1] for _, span in found)]
        kept = [text[end:begin] for end, begin in zip(ends, [*(s[0] for _, s in found), len(text)], strict=True)]
        marks = [f"[{name}]" for name, _ in found]
        return "".join(chain.from_iterable(zip(kept, [*marks, ""], strict=True))), _counted(name for name, _ in found)

    def _matched(self, text: str) -> list[tuple[str, Span]]:
        """By our own patterns; of two that overlap the one that is named first."""
        found: list[tuple[str, Span]] = []
        for name, pattern in self._compiled.items():
            taken = sorted(span for _, span in found)
            found += [(name, m.span()) for m in pattern.finditer(text) if m[0] and not _overlaps(m.span(), taken)]
        return found

    def answer(self, answer: Answer) -> Answer:
        """All that the answer says, its reasoning and its failure included. Where something was taken out, its tokens
        go as well: they would spell it."""
        if not self:
            return answer
        text, of_text = self.text(answer.text)
        reasoning, of_reasoning = self.text(answer.reasoning)
        failure, of_failure = self._failure(answer.failure)
        counts = Counter(of_text) + Counter(of_reasoning) + of_failure
        if not counts:
            return answer
        return replace(
            answer,
            text=text,
            reasoning=reasoning,
            failure=failure,
            tokens=None,
            redacted=dict(sorted(counts.items())),
        )

    def _failure(self, failure: Failure | None) -> tuple[Failure | None, Counter[str]]:
        """What an error says may quote what was said, and so may its trace."""
        if failure is None:
            return None, Counter()
        message, found = self.text(failure.message)
        counts, trace = Counter(found), failure.trace
        if trace is not None:
            (raised, of_raised), (log, of_log) = self.text(trace.traceback), self.text(trace.log)
            trace = Trace(raised, log)
            counts += Counter(of_raised) + Counter(of_log)
        return replace(failure, message=message, trace=trace), counts


def _overlaps(span: Span, taken: Sequence[Span]) -> bool:
    """``taken`` are in order, and no two of them overlap."""
    at = bisect_left(taken, span)
    return (at < len(taken) and taken[at][0] < span[1]) or (at > 0 and taken[at - 1][1] > span[0])


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


NOTHING = Redaction()
