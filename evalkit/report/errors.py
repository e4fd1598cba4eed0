"""What errored, by class: how much, in the errors' own words, why, and what to do about it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from evalkit.report import formatting
from evalkit.report.hostile import one_line, shorten_end, shown
from evalkit.results import OTHERS, ErroredCase, ErrorGroup, Result

LONGEST_WORDS = 160
MOST_WORDS = 3
LONGEST_TEXT = 1500
_TRIES = re.compile(r" \(\d+ tries\)$")
_OTHERS = re.compile(rf"(\d+) {OTHERS}")


@dataclass(frozen=True, slots=True)
class Example:
    """An errored case, fit to be shown once it is escaped."""

    check: str
    case: str
    error: str
    asked: tuple[tuple[str, str], ...]
    """Who said it, and what."""
    answer: str
    traceback: str
    log: str


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    many: str
    """``12 measurements``."""
    where: str
    """The checks, and how many measurements of each."""
    retried: str
    cause: str
    recommendation: str
    words: str
    examples: tuple[Example, ...]


def headline(result: Result) -> str:
    """``14 errors: 12 rate limit (retried, up to 5 tries each), 2 plugin``; empty where nothing errored."""
    if not result.errors:
        return ""
    total = sum(group.measurements for group in result.errors)
    parts = (f"{group.measurements:,} {group.failure}{_in_brackets(group)}" for group in result.errors)
    return f"{formatting.count(total, 'error')}: {', '.join(parts)}"


def _in_brackets(group: ErrorGroup) -> str:
    return f" ({retried(group)})" if group.retried and group.tries > 1 else ""


def retried(group: ErrorGroup) -> str:
    return f"retried, up to {group.tries} tries each" if group.retried and group.tries > 1 else "not retried"


def groups(result: Result) -> list[Group]:
    return [_group(one) for one in result.errors]


def _group(group: ErrorGroup) -> Group:
    return Group(
        name=str(group.failure),
        many=formatting.count(group.measurements, "measurement"),
        where=", ".join(f"{one_line(name)} ×{times:,}" for name, times in group.checks.items()),
        retried=retried(group),
        cause=group.cause,
        recommendation=one_line(group.recommendation),
        words=words(group),
        examples=tuple(map(_example, group.examples)),
    )


def words(group: ErrorGroup) -> str:
    """The errors' own, without their class; those that differ in nothing but their tries are the same."""
    same: Counter[str] = Counter()
    unnamed = 0
    for said, times in group.says.items():
        if (others := _OTHERS.fullmatch(said)) is not None:
            unnamed += int(others[1])
            continue
        own = _TRIES.sub("", said.removeprefix(f"{group.failure}: "))
        same[shorten_end(one_line(own), LONGEST_WORDS)] += times
    told = dict(same.most_common(MOST_WORDS))
    if more := unnamed + len(same) - len(told):
        told[f"{more} {OTHERS}"] = sum(group.says.values()) - sum(told.values())
    return formatting.reasons(told, MOST_WORDS + 1)


def _example(one: ErroredCase) -> Example:
    asked = tuple((m.role, shown(m.content, LONGEST_TEXT)) for each in one.exchanges for m in each.messages)
    answers = [each.answer for each in one.exchanges if each.answer]
    return Example(
        check=one_line(one.check),
        case=one_line(one.case),
        error=one_line(one.error),
        asked=asked,
        answer=shown("\n".join(answers), LONGEST_TEXT),
        traceback=shown(one.traceback),
        log=shown(one.log),
    )


def lines(result: Result) -> Iterator[tuple[str, str]]:
    """Of each class: what errored, and what to do; for formats that have lines only."""
    for group in groups(result):
        yield (
            f"{group.many} errored: {group.name} ({group.retried}): {group.words}",
            f"{group.cause} {group.recommendation}",
        )
