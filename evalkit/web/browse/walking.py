"""Going through the rows that answer a question, in the wanted order, from wherever the last page ended."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from itertools import islice

from evalkit.query.words import all_of, any_of, quoted
from evalkit.web.browse.buckets import GROUP
from evalkit.web.browse.file import IndexedMetric, number_at
from evalkit.web.browse.question import Question, Range

Ranges = Sequence[tuple[IndexedMetric, Range]]
AT_ONCE = 400
_MATCHED = "SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid {way} LIMIT ?"
_LISTED = "SELECT row FROM cases WHERE row BETWEEN ? AND ? ORDER BY row {way} LIMIT ?"


def rows_of(
    connection: sqlite3.Connection,
    question: Question,
    start: int | None,
    *,
    backward: bool,
    few: Sequence[int] | None,
) -> Iterator[int]:
    """From after ``start`` on, or backward from before it. ``few``: what is found, where that is sorted at once."""
    if question.sort is None:
        yield from in_order(connection, question, start, backward=backward)
        return
    key = _key_of(connection, start, question.sort) if start is not None else None
    if start is not None and key is None:  # no such row any more
        return
    way = _Way(question.sort, question.descending, backward)
    if few is not None:
        yield from (row for row, _ in way.sorted(_valued(connection, few, question.sort), key))
        return
    yield from _through_buckets(connection, question, way, key)


def in_order(connection: sqlite3.Connection, question: Question, start: int | None, *, backward: bool) -> Iterator[int]:
    low, high = question.rows
    if start is not None:
        low, high = (low, start - 1) if backward else (start + 1, high)
    return merge(
        *(
            _within(connection, _matched(connection, words, low, high, backward=backward), ranges)
            for words, ranges in _parts(question)
        ),
        reverse=backward,
    )


def _parts(question: Question) -> Iterator[tuple[str, Ranges]]:
    """Words, and the ranges that have to be looked at case by case: buckets may reach over the ends of a range, and
    the cases of all others are inside."""
    if not question.ranges:
        yield question.words, ()
        return
    (metric, span), *others = question.ranges
    words = all_of(question.words, *map(_words_of, others))
    first, last = metric.buckets.between(span.low, span.high)
    edges = metric.buckets.edges(span.low, span.high) if first <= last else []
    inside = list(metric.buckets.covering(first + (first in edges), last - (last in edges)))
    if inside:
        yield all_of(words, any_of(inside)), others
    if edges:
        yield all_of(words, any_of(map(metric.buckets.word, edges))), question.ranges


def _words_of(one: tuple[IndexedMetric, Range]) -> str:
    metric, span = one
    return any_of(metric.buckets.covering(*metric.buckets.between(span.low, span.high)))


def _matched(connection: sqlite3.Connection, words: str, low: int, high: int, *, backward: bool) -> Iterator[int]:
    way = "DESC" if backward else "ASC"
    if not words:
        found = connection.execute(_LISTED.format(way=way), (low, high, -1))
    else:
        found = connection.execute(_MATCHED.format(way=way), (words, low, high, -1))
    return (row for (row,) in found)


def _within(connection: sqlite3.Connection, rows: Iterator[int], ranges: Ranges) -> Iterator[int]:
    """Of these rows those whose values are in range."""
    if not ranges:
        yield from rows
        return
    while some := list(islice(rows, AT_ONCE)):
        numbers = _numbers(connection, some)
        for row in some:
            known = numbers.get(row)
            if known is not None and all(_is_in(number_at(known, metric.place), one) for metric, one in ranges):
                yield row


def _is_in(value: float | None, span: Range) -> bool:
    return value is not None and (span.low is None or value >= span.low) and (span.high is None or value <= span.high)


def _numbers(connection: sqlite3.Connection, rows: Sequence[int]) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for begin in range(0, len(rows), AT_ONCE):
        some = rows[begin : begin + AT_ONCE]
        asked = f"SELECT row, numbers FROM cases WHERE row IN ({','.join('?' * len(some))})"  # noqa: S608 - signs only
        found.update(connection.execute(asked, some).fetchall())
    return found


def _valued(
    connection: sqlite3.Connection, rows: Sequence[int], metric: IndexedMetric
) -> list[tuple[int, float | None]]:
    numbers = _numbers(connection, rows)
    return [(row, number_at(numbers[row], metric.place)) for row in rows if row in numbers]


Key = tuple[int, float | None]
"""A row and its value."""


def _key_of(connection: sqlite3.Connection, row: int, metric: IndexedMetric) -> Key | None:
    found = _valued(connection, [row], metric)
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class _Way:
    """In which order: by value, cases without one last, equal ones by row; backward is exactly the reverse."""

    metric: IndexedMetric
    descending: bool
    backward: bool

    def place(self, key: Key) -> tuple[int, float, int]:
        row, value = key
        order = (1, 0.0, row) if value is None else (0, -value if self.descending else value, row)
        return (-order[0], -order[1], -order[2]) if self.backward else order

    def sorted(self, found: Iterable[Key], start: Key | None) -> list[Key]:
        first = None if start is None else self.place(start)
        placed = sorted((self.place(key), key) for key in found)
        return [key for place, key in placed if first is None or place > first]

    def buckets(self, span: Range | None) -> list[int]:
        """Numbers of buckets in order; -1 is that of cases without a value."""
        buckets = self.metric.buckets
        first, last = buckets.between(span.low, span.high) if span else (0, buckets.last)
        order = list(range(first, last + 1))
        if self.descending:
            order.reverse()
        if span is None:
            order.append(-1)
        return order[::-1] if self.backward else order


def _through_buckets(connection: sqlite3.Connection, question: Question, way: _Way, start: Key | None) -> Iterator[int]:
    buckets = way.metric.buckets
    order = way.buckets(question.sort_range)
    if start is not None:
        first = -1 if start[1] is None else buckets.of(start[1])
        order = order[order.index(first) :] if first in order else []
    empty: dict[int, bool] = {}
    for bucket in order:
        group = bucket // GROUP
        if (question.words or question.ranges) and bucket >= 0:
            if group not in empty:
                words = all_of(quoted(buckets.group_word(group)), question.words)
                empty[group] = next(_matched(connection, words, *question.rows, backward=False), None) is None
            if empty[group]:
                continue
        yield from _of_bucket(connection, question, way, bucket, start)


def _of_bucket(
    connection: sqlite3.Connection, question: Question, way: _Way, bucket: int, start: Key | None
) -> Iterator[int]:
    buckets = way.metric.buckets
    word = buckets.none if bucket < 0 else buckets.word(bucket)
    one = replace(question, words=all_of(quoted(word), question.words), sort=None, sort_range=None)
    begins_here = start is not None and bucket == (-1 if start[1] is None else buckets.of(start[1]))
    if bucket < 0 or buckets.holds_one_value(bucket):
        first = start[0] if begins_here and start is not None else None
        yield from in_order(connection, one, first, backward=way.backward)
        return
    valued = _valued(connection, list(in_order(connection, one, None, backward=False)), way.metric)
    span = question.sort_range
    inside = valued if span is None else [key for key in valued if _is_in(key[1], span)]
    yield from (row for row, _ in way.sorted(inside, start if begins_here else None))
