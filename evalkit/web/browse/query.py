"""Questions to the index of a run: filtered, sorted, a page at a time from wherever the last one ended.

What takes long is never done: no question sorts all cases, and none counts further than people read. Words, labels,
statuses and ranges of metrics are all words of one full-text index, which finds the cases that have all of them in the
order of rows. Sorted by a metric, buckets are gone through in order (see ``buckets``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from evalkit.records import Status
from evalkit.store.documents import shown_name, stored_name
from evalkit.web.browse.buckets import GROUP
from evalkit.web.browse.file import CHECK_SHIFT, EVERY, STATUSES, IndexedCheck, IndexedMetric, checks_of, unpacked
from evalkit.web.browse.filling import label_word, status_word
from evalkit.web.browse.words import any_of, parse, quoted

PAGE = 50
COUNTED = 10_000
"""Further nobody counts: ``10,000+``."""
SORTED_AT_ONCE = 2_000
"""So many found cases are sorted by their values without a look at buckets."""
AT_ONCE = 400
WITHIN = ("", "answer", "prompt")
_MATCHED = "SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid {way} LIMIT ?"
_LISTED = "SELECT row FROM cases WHERE row BETWEEN ? AND ? ORDER BY row {way} LIMIT ?"


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
class FoundCase:
    row: int
    check: str
    case: str
    status: Status
    values: tuple[float | None, ...]
    """In the order of the check's metrics."""


@dataclass(frozen=True, slots=True)
class Page:
    cases: tuple[FoundCase, ...]
    count: int
    more_than_counted: bool
    before: int | None
    """Row to go back from; none on the first page."""
    after: int | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Question:
    """What is wanted, in the index's own terms."""

    words: str
    """Empty: every case."""
    rows: tuple[int, int]
    ranges: tuple[tuple[IndexedMetric, Range], ...]
    """Whose ends have to be looked at case by case: a bucket may reach over them."""
    sort: IndexedMetric | None
    sort_range: Range | None
    descending: bool
    dear: bool
    """To be asked once, not bucket by bucket."""


def page(
    connection: sqlite3.Connection,
    wanted: Wanted,
    *,
    after: int | None = None,
    before: int | None = None,
    size: int = PAGE,
    checks: Sequence[IndexedCheck] | None = None,
) -> Page:
    """The cases after (or before) a row in the wanted order; the first ones without either."""
    known = list(checks_of(connection) if checks is None else checks)
    question, notes = _question(connection, wanted, known)
    if question is None:
        return Page((), 0, False, None, None, notes)
    count, more = _count(connection, question, known)
    backward = before is not None
    start = before if backward else after
    few = None if more or count > SORTED_AT_ONCE else count
    if question.sort is not None and question.dear:
        few = COUNTED
        many = f"so many cases have words that begin so: only the first {COUNTED:,} are sorted"
        notes = (*notes, many) if more else notes
    found = list(islice(_rows(connection, question, start, backward=backward, few=few), size + 1))
    further = len(found) > size
    rows = found[:size][::-1] if backward else found[:size]
    cases = _cases(connection, rows, known)
    has_before = further if backward else start is not None
    has_after = start is not None if backward else further
    return Page(
        cases,
        count,
        more,
        rows[0] if rows and has_before else None,
        rows[-1] if rows and has_after else None,
        notes,
    )


# --- what is asked ----------------------------------------------------------------------------------------------------


def _question(
    connection: sqlite3.Connection, wanted: Wanted, checks: Sequence[IndexedCheck]
) -> tuple[_Question | None, tuple[str, ...]]:
    search = parse(wanted.text)
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
        parts.append(any_of(metric.buckets.covering(*metric.buckets.between(one.low, one.high))))
    column = wanted.within if wanted.within in WITHIN else ""
    parts += search.wanted(column)
    words = " AND ".join(parts)
    if search.without:
        words = f"({words or quoted(EVERY)}) NOT ({' OR '.join(search.unwanted(column))})"
    rows = check.rows if check else (0, (1 << 62))
    return _Question(words, rows, tuple(ranges), sort, sort_range, wanted.descending, search.is_dear), notes


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


# --- counting ---------------------------------------------------------------------------------------------------------


def _count(connection: sqlite3.Connection, question: _Question, checks: Sequence[IndexedCheck]) -> tuple[int, bool]:
    """No further than people read, unless it is known anyway."""
    if not question.words and question.sort is None:
        return sum(check.listed for check in checks if question.rows[0] <= check.rows[0] <= question.rows[1]), False
    if not question.words and question.sort_range is None:
        return sum(check.indexed for check in checks if question.rows[0] == check.rows[0]), False
    in_any_order = _by_row(question)
    count = sum(1 for _ in islice(_in_order(connection, in_any_order, None, backward=False), COUNTED + 1))
    return min(count, COUNTED), count > COUNTED


def _by_row(question: _Question) -> _Question:
    """The same cases in the order of rows."""
    if question.sort is None:
        return question
    if question.sort_range is None:
        return replace(question, words=question.words or quoted(EVERY), sort=None)
    buckets = question.sort.buckets
    span = any_of(buckets.covering(*buckets.between(question.sort_range.low, question.sort_range.high)))
    words = f"({question.words}) AND {span}" if question.words else span
    ranges = (*question.ranges, (question.sort, question.sort_range))
    return replace(question, words=words, ranges=ranges, sort=None, sort_range=None)


# --- going through ----------------------------------------------------------------------------------------------------


def _rows(
    connection: sqlite3.Connection, question: _Question, start: int | None, *, backward: bool, few: int | None
) -> Iterator[int]:
    """From after ``start`` on, or backward from before it. ``few``: so many are sorted at once."""
    if question.sort is None:
        yield from _in_order(connection, question, start, backward=backward)
        return
    key = _key_of(connection, start, question.sort) if start is not None else None
    if start is not None and key is None:  # no such row any more
        return
    way = _Way(question.sort, question.descending, backward)
    if few is not None:
        every = list(islice(_in_order(connection, _by_row(question), None, backward=False), few))
        yield from (row for row, _ in way.sorted(_valued(connection, every, question.sort), key))
        return
    yield from _through_buckets(connection, question, way, key)


def _in_order(
    connection: sqlite3.Connection, question: _Question, start: int | None, *, backward: bool
) -> Iterator[int]:
    low, high = question.rows
    if start is not None:
        low, high = (low, start - 1) if backward else (start + 1, high)
    matched = _matched(connection, question.words, low, high, backward=backward)
    return _within(connection, matched, question.ranges)


def _matched(connection: sqlite3.Connection, words: str, low: int, high: int, *, backward: bool) -> Iterator[int]:
    way = "DESC" if backward else "ASC"
    if not words:
        found = connection.execute(_LISTED.format(way=way), (low, high, -1))
    else:
        found = connection.execute(_MATCHED.format(way=way), (words, low, high, -1))
    return (row for (row,) in found)


def _within(
    connection: sqlite3.Connection, rows: Iterator[int], ranges: Sequence[tuple[IndexedMetric, Range]]
) -> Iterator[int]:
    """Of these rows those whose values are in range: buckets at its ends reach over them."""
    if not ranges:
        yield from rows
        return
    while some := list(islice(rows, AT_ONCE)):
        numbers = _numbers(connection, some)
        for row in some:
            values = numbers.get(row, ())
            if all(_is_in(values[metric.place] if values else None, one) for metric, one in ranges):
                yield row


def _is_in(value: float | None, span: Range) -> bool:
    return value is not None and (span.low is None or value >= span.low) and (span.high is None or value <= span.high)


def _numbers(connection: sqlite3.Connection, rows: Sequence[int]) -> dict[int, tuple[float | None, ...]]:
    found: dict[int, tuple[float | None, ...]] = {}
    for begin in range(0, len(rows), AT_ONCE):
        some = rows[begin : begin + AT_ONCE]
        asked = f"SELECT row, numbers FROM cases WHERE row IN ({','.join('?' * len(some))})"  # noqa: S608 - signs only
        found.update((row, unpacked(numbers)) for row, numbers in connection.execute(asked, some))
    return found


def _valued(
    connection: sqlite3.Connection, rows: Sequence[int], metric: IndexedMetric
) -> list[tuple[int, float | None]]:
    numbers = _numbers(connection, rows)
    return [(row, numbers[row][metric.place]) for row in rows if row in numbers]


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


def _through_buckets(
    connection: sqlite3.Connection, question: _Question, way: _Way, start: Key | None
) -> Iterator[int]:
    buckets = way.metric.buckets
    order = way.buckets(question.sort_range)
    if start is not None:
        first = -1 if start[1] is None else buckets.of(start[1])
        order = order[order.index(first) :] if first in order else []
    empty: dict[int, bool] = {}
    for bucket in order:
        group = bucket // GROUP
        if question.words and bucket >= 0:
            if group not in empty:
                words = _also(question.words, buckets.group_word(group))
                empty[group] = next(_matched(connection, words, *question.rows, backward=False), None) is None
            if empty[group]:
                continue
        yield from _of_bucket(connection, question, way, bucket, start)


def _of_bucket(
    connection: sqlite3.Connection, question: _Question, way: _Way, bucket: int, start: Key | None
) -> Iterator[int]:
    buckets = way.metric.buckets
    words = _also(question.words, buckets.none if bucket < 0 else buckets.word(bucket))
    one = replace(question, words=words, sort=None, sort_range=None)
    if question.sort_range is not None:
        one = replace(one, ranges=(*one.ranges, (way.metric, question.sort_range)))
    begins_here = start is not None and bucket == (-1 if start[1] is None else buckets.of(start[1]))
    if bucket < 0 or buckets.holds_one_value(bucket):
        first = start[0] if begins_here and start is not None else None
        yield from _in_order(connection, one, first, backward=way.backward)
        return
    rows = list(_in_order(connection, one, None, backward=False))
    ordered = way.sorted(_valued(connection, rows, way.metric), start if begins_here else None)
    yield from (row for row, _ in ordered)


def _also(words: str, word: str) -> str:
    return f"{quoted(word)} AND ({words})" if words else quoted(word)


# --- what is shown ----------------------------------------------------------------------------------------------------


def _cases(
    connection: sqlite3.Connection, rows: Sequence[int], checks: Sequence[IndexedCheck]
) -> tuple[FoundCase, ...]:
    by_number = {check.number: check for check in checks}
    asked = f"SELECT row, name, status, numbers FROM cases WHERE row IN ({','.join('?' * len(rows))})"  # noqa: S608
    found = {row: rest for row, *rest in connection.execute(asked, rows)}
    return tuple(
        FoundCase(row, by_number[row >> CHECK_SHIFT].name, shown_name(name), STATUSES[status], unpacked(numbers))
        for row in rows
        if row in found
        for name, status, numbers in [found[row]]
    )


@dataclass(frozen=True, slots=True)
class LabelChoice:
    name: str
    values: tuple[tuple[str, int], ...]
    """Each with how many cases have it, the most frequent first."""


def label_choices(connection: sqlite3.Connection, check: IndexedCheck | None, most: int) -> list[LabelChoice]:
    """Labels to choose from; not such as have a value of their own for nearly every case."""
    first, last = (check.number, check.number) if check else (0, 1 << CHECK_SHIFT)
    asked = "SELECT name, value, sum(cases) FROM labels WHERE check_number BETWEEN ? AND ? GROUP BY name, value"
    rows = connection.execute(asked, (first, last))
    by_name: dict[str, list[tuple[str, int]]] = {}
    for name, value, cases in rows:
        by_name.setdefault(shown_name(name), []).append((shown_name(value), cases))
    chosen = []
    for name, values in sorted(by_name.items()):
        total = sum(cases for _, cases in values)
        if 1 < len(values) < most and (len(values) <= 12 or len(values) * 2 <= total):
            chosen.append(LabelChoice(name, tuple(sorted(values, key=lambda one: (-one[1], one[0])))))
    return chosen
