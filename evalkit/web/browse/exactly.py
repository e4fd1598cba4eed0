"""Signs that are no words, such as an emoji: found as they are, by reading what was said in few enough cases."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from evalkit.query.words import parse
from evalkit.results import Exchange
from evalkit.web.browse.file import IndexedCheck, checks_of
from evalkit.web.browse.query import PAGE, FoundCase, Page, page
from evalkit.web.browse.question import Wanted

MOST_READ = 1_000
"""Cases: as many are read while somebody waits."""
TOO_MANY = (
    f"Nothing in this search is a word. Other signs are looked for among {MOST_READ:,} cases at most: "
    "choose a check, a status or a label first."
)
Texts = Callable[[Sequence[FoundCase]], Mapping[tuple[str, str], Sequence[Exchange]]]


def has_no_word(text: str) -> bool:
    """Something is looked for, and nothing of it can be a word of the index."""
    search = parse(text)
    return bool(search.ignored) and not search


def signs_of(text: str) -> str:
    """As they were typed, with or without quotes around; none where there is a letter: only words have those."""
    said = text.strip()
    quoted = len(said) > 2 and said[0] == said[-1] == '"'
    signs = said[1:-1] if quoted else said
    return "" if any(map(str.isalnum, signs)) else signs


def page_with_signs(
    connection: sqlite3.Connection,
    wanted: Wanted,
    read: Texts,
    *,
    after: int | None,
    before: int | None,
    last: bool,
    checks: Sequence[IndexedCheck],
) -> Page:
    """The cases in whose texts the signs stand, in the wanted order; what can be searched in no way is in none."""
    found, notes = _with_signs(connection, wanted, read, checks)
    rows = [case.row for case in found]
    first = rows.index(after) + 1 if after in rows else 0
    if last or before in rows:
        first = max((len(rows) if last or before is None else rows.index(before)) - PAGE, 0)
    shown = found[first : first + PAGE]
    return Page(
        tuple(shown),
        len(found),
        False,
        rows[first] if first else None,
        shown[-1].row if first + PAGE < len(found) else None,
        notes,
    )


def neighbours(
    connection: sqlite3.Connection, wanted: Wanted, read: Texts, row: int
) -> tuple[FoundCase | None, FoundCase | None]:
    """The cases before and after one, by whichever search it was found."""
    if not has_no_word(wanted.text):
        before, after = page(connection, wanted, before=row, size=1), page(connection, wanted, after=row, size=1)
        return next(iter(before.cases), None), next(iter(after.cases), None)
    found, _ = _with_signs(connection, wanted, read, checks_of(connection))
    rows = [case.row for case in found]
    if row not in rows:
        return None, None
    place = rows.index(row)
    return found[place - 1] if place else None, next(iter(found[place + 1 : place + 2]), None)


def _with_signs(
    connection: sqlite3.Connection, wanted: Wanted, read: Texts, checks: Sequence[IndexedCheck]
) -> tuple[list[FoundCase], tuple[str, ...]]:
    signs = signs_of(wanted.text)
    if not signs:
        return [], parse(wanted.text).ignored
    every = page(connection, replace(wanted, text=""), size=MOST_READ, checks=checks)
    if every.after is not None:
        return [], (TOO_MANY,)
    texts = read(every.cases)
    found = [
        case
        for case in every.cases
        if _has(signs, case.case, texts.get((case.check, case.case), ()), within=wanted.within)
    ]
    return found, every.notes


def _has(signs: str, case: str, said: Sequence[Exchange], *, within: str) -> bool:
    texts = [] if within else [case]
    if within != "prompt":
        texts += [one.answer for one in said]
    if within != "answer":
        texts += [message.content for one in said for message in one.messages]
    return any(signs in text for text in texts)
