"""The labels of a run's cases that there are to choose from."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from evalkit.store.documents import shown_name
from evalkit.web.browse.file import CHECK_SHIFT, IndexedCheck


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
