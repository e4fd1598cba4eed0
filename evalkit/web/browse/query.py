"""Questions to the index of a run: filtered, sorted, a page at a time from wherever the last one ended.

What takes long is never done: no question sorts all cases, and none counts further than people read. Words, labels,
statuses and ranges of metrics are all words of one full-text index, which finds the cases that have all of them in the
order of rows. Sorted by a metric, buckets are gone through in order (see ``buckets``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from evalkit.records import Status
from evalkit.store.documents import shown_name
from evalkit.web.browse.file import CHECK_SHIFT, STATUSES, IndexedCheck, checks_of, unpacked
from evalkit.web.browse.question import Question, Wanted, by_row, question_of
from evalkit.web.browse.walking import in_order, rows_of

PAGE = 50
COUNTED = 10_000
"""Further nobody counts: ``10,000+``."""
SORTED_AT_ONCE = 5_000
"""So many found cases are sorted by their values without a look at buckets."""


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


def page(
    connection: sqlite3.Connection,
    wanted: Wanted,
    *,
    after: int | None = None,
    before: int | None = None,
    last: bool = False,
    size: int = PAGE,
    checks: Sequence[IndexedCheck] | None = None,
) -> Page:
    """The cases after (or before) a row in the wanted order; the ``last`` ones, or the first without any of these."""
    known = list(checks_of(connection) if checks is None else checks)
    question, notes = question_of(connection, wanted, known)
    if question is None:
        return Page((), 0, False, None, None, notes)
    count, more, counted = _count(connection, question, known)
    backward = last or before is not None
    start = None if last else before if backward else after
    few = counted if question.dear or (not more and count <= SORTED_AT_ONCE) else None
    if question.sort is not None and question.dear:
        many = f"so many cases have words that begin so: only the first {COUNTED:,} are sorted"
        notes = (*notes, many) if more else notes
    found = list(islice(rows_of(connection, question, start, backward=backward, few=few), size + 1))
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


# --- counting ---------------------------------------------------------------------------------------------------------


def _count(
    connection: sqlite3.Connection, question: Question, checks: Sequence[IndexedCheck]
) -> tuple[int, bool, list[int] | None]:
    """No further than people read: how many, whether there are more, and which; or how many, as is known anyway."""
    if not question.words and not question.ranges and question.sort is None:
        known = (check.listed for check in checks if question.rows[0] <= check.rows[0] <= question.rows[1])
        return sum(known), False, None
    if not question.words and not question.ranges and question.sort_range is None:
        return sum(check.indexed for check in checks if question.rows[0] == check.rows[0]), False, None
    found = list(islice(in_order(connection, by_row(question), None, backward=False), COUNTED + 1))
    return min(len(found), COUNTED), len(found) > COUNTED, found[:COUNTED]


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
