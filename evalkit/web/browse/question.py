"""What a person wants to see of a run's cases, and the same in the index's own terms."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from evalkit.query.words import any_of, parse, quoted
from evalkit.records import Status
from evalkit.store.documents import stored_name
from evalkit.web.browse.beginnings import words_of_beginnings
from evalkit.web.browse.file import CHECK_SHIFT, EVERY, STATUSES, IndexedCheck, IndexedMetric
from evalkit.web.browse.filling import label_word, status_word

WITHIN = ("", "answer", "prompt")


@dataclass(frozen=True, slots=True)
class Range:
    metric: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants to see. Metrics mean something only together with a check."""

    check: str = ""
    status: str = ""
    text: str = ""
    within: str = ""
    """``answer``, ``prompt``, or both and the case's id."""
    labels: tuple[tuple[str, str], ...] = ()
    """Of one name any of its values; of all names one each."""
    ranges: tuple[Range, ...] = ()
    sort: str = ""
    """A metric; else in the order of the checks and their datasets."""
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What is wanted, in the index's own terms."""

    words: str
    """Empty: every case."""
    rows: tuple[int, int]
    ranges: tuple[tuple[IndexedMetric, Range], ...]
    sort: IndexedMetric | None
    sort_range: Range | None
    descending: bool
    dear: bool
    """To be asked once, not bucket by bucket."""


def question_of(
    connection: sqlite3.Connection, wanted: Wanted, checks: Sequence[IndexedCheck]
) -> tuple[Question | None, tuple[str, ...]]:
    search = parse(wanted.text)
    beginnings = words_of_beginnings(connection, search)
    notes = search.ignored
    check = next((one for one in checks if one.name == wanted.check), None)
    if wanted.check and check is None:
        return None, (*notes, "this run has no such check")
    parts = []
    if wanted.status:
        if wanted.status not in STATUSES:
            return None, (*notes, "there is no such status")
        parts.append(quoted(status_word(STATUSES.index(Status(wanted.status)))))
    for group in _label_words(connection, wanted.labels, check):
        if not group:
            return None, (*notes, "no case has such a label")
        parts.append(any_of(group))
    metrics = {metric.name: metric for metric in check.metrics} if check else {}
    ranges = []
    sort, sort_range = metrics.get(wanted.sort), None
    for one in wanted.ranges:
        metric = metrics.get(one.metric)
        if metric is None:
            continue
        if metric is sort and sort_range is None:
            sort_range = one
            continue
        ranges.append((metric, one))
    column = wanted.within if wanted.within in WITHIN else ""
    parts += search.wanted(column, beginnings)
    words = " AND ".join(parts)
    if search.without:
        words = f"({words or quoted(EVERY)}) NOT ({' OR '.join(search.unwanted(column, beginnings))})"
    rows = check.rows if check else (0, (1 << 62))
    dear = search.is_dear(beginnings)
    return Question(words, rows, tuple(ranges), sort, sort_range, wanted.descending, dear), notes


def _label_words(
    connection: sqlite3.Connection, labels: Iterable[tuple[str, str]], check: IndexedCheck | None
) -> list[list[str]]:
    """By name; the same label of several checks has a number in each."""
    groups: dict[str, list[str]] = {}
    first, last = (check.number, check.number) if check else (0, 1 << CHECK_SHIFT)
    asked = "SELECT number FROM labels WHERE name = ? AND value = ? AND check_number BETWEEN ? AND ?"
    for name, value in labels:
        numbers = connection.execute(asked, (stored_name(name), stored_name(value), first, last))
        groups.setdefault(name, []).extend(label_word(number) for (number,) in numbers)
    return list(groups.values())


def by_row(question: Question) -> Question:
    """The same cases in the order of rows."""
    if question.sort is None:
        return question
    if question.sort_range is None:
        return replace(question, words=question.words or quoted(EVERY), sort=None)
    return replace(
        question, ranges=((question.sort, question.sort_range), *question.ranges), sort=None, sort_range=None
    )
