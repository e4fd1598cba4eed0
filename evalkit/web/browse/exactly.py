"""Signs that are no words, such as an emoji: found as they are, by reading what was said in few enough cases."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from evalkit.results import Exchange
from evalkit.web.browse.file import IndexedCheck
from evalkit.web.browse.query import PAGE, FoundCase, Page, page
from evalkit.web.browse.question import Wanted
from evalkit.web.browse.words import parse

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
    signs = signs_of(wanted.text)
    if not signs:
        return Page((), 0, False, None, None, parse(wanted.text).ignored)
    every = page(connection, replace(wanted, text=""), size=MOST_READ, checks=checks)
    if every.after is not None:
        return Page((), 0, False, None, None, (TOO_MANY,))
    texts = read(every.cases)
    found = [
        case
        for case in every.cases
        if _has(signs, case.case, texts.get((case.check, case.case), ()), within=wanted.within)
    ]
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
        every.notes,
    )


def _has(signs: str, case: str, said: Sequence[Exchange], *, within: str) -> bool:
    texts = [] if within else [case]
    if within != "prompt":
        texts += [one.answer for one in said]
    if within != "answer":
        texts += [message.content for one in said for message in one.messages]
    return any(signs in text for text in texts)
