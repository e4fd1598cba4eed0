"""One SELECT over a runs database, answered as a table. Whatever it says, nothing is written."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from evalkit.errors import ConfigurationError, StoreError
from evalkit.query.statements import one_question
from evalkit.store import Store

ROWS = 1000
SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answered:
    """What a question came to."""

    columns: tuple[str, ...]
    """Each name once."""
    rows: list[tuple[Any, ...]]
    more: bool = False
    """There are rows beyond the limit."""

    def as_maps(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def ask(store: Store, statement: str, *, limit: int | None = ROWS, seconds: float = SECONDS) -> Answered:
    """``limit``: rows, none for all of them. Raises ``ConfigurationError`` where it is no question, or one that would
    write; and ``StoreError`` where it takes longer than ``seconds``."""
    question = one_question(statement)
    if not (math.isfinite(seconds) and seconds > 0):
        raise ConfigurationError("is no time to wait", where=f"{seconds:g} seconds", hint="--timeout 60")
    with _asking(store, question, seconds) as cursor:
        cursor.execute(question)
        if cursor.description is None:
            raise ConfigurationError("this statement gives no rows", where="SQL", hint="ask with SELECT")
        columns = tuple(_told_apart(str(column[0]) for column in cursor.description))
        rows = cursor.fetchall() if limit is None else cursor.fetchmany(limit + 1)
    found = [tuple(map(_plain, row)) for row in rows]
    return Answered(columns, found[:limit], limit is not None and len(found) > limit)


@contextmanager
def _asking(store: Store, question: str, seconds: float) -> Iterator[Any]:
    location = store.database.location
    if location.in_memory:
        raise StoreError("a runs database in memory cannot be asked", hint="keep the runs in a file: --store PATH")
    if location.is_sqlite:
        from evalkit.query.sqlite import asking
    else:
        from evalkit.query.postgresql import asking
    with asking(store, question, seconds) as cursor:
        yield cursor


def _told_apart(names: Iterator[str]) -> Iterator[str]:
    """``a, a_2``: a row of JSON has every name once."""
    seen: set[str] = set()
    for name in names:
        number, told = 1, name
        while told in seen:
            number += 1
            told = f"{name}_{number}"
        seen.add(told)
        yield told


def _plain(value: Any) -> Any:
    """What JSON and tables can hold."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list | dict):
        import json

        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
