"""A SQLite file that is only read: opened so, with an authorizer that knows nothing but reading."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import quote

from evalkit.errors import ConfigurationError, EvalkitError, StoreError, did_you_mean
from evalkit.query.dialects import Sqlite
from evalkit.query.functions import register
from evalkit.query.views import VIEWS
from evalkit.store import Store

STEPS = 20_000
"""Of SQLite's machine, between two looks at the clock."""
READS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE})
FORBIDDEN = frozenset({"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"})
LARGEST = 64_000_000
"""Bytes of one value: a statement could ask for more memory than there is."""


@contextmanager
def asking(store: Store, question: str, seconds: float) -> Iterator[sqlite3.Cursor]:
    del question
    ends = time.monotonic() + seconds
    refused: list[str] = []
    try:
        with closing(_opened(store)) as connection:
            register(connection, store)
            for view in VIEWS:
                connection.execute(view.statement(Sqlite()))
            connection.set_authorizer(_only_reading(refused))
            connection.set_progress_handler(lambda: time.monotonic() > ends, STEPS)
            yield connection.cursor()
    except sqlite3.Error as error:
        raise _explained(error, refused, timed_out=time.monotonic() > ends, seconds=seconds) from error


def _opened(store: Store) -> sqlite3.Connection:
    path = store.database.location.path
    if path is None:
        raise StoreError("this runs database is no file", where=store.location)
    address = str(path) if str(path).startswith("file:") else f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        connection = _connected(address)
    except sqlite3.OperationalError:  # its folder cannot be written, which a journal beside it would need
        connection = _connected(f"{address}&immutable=1")
    return connection


def _connected(address: str) -> sqlite3.Connection:
    connection = sqlite3.connect(address, uri=True, timeout=20, isolation_level=None)
    try:
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    except BaseException:
        connection.close()
        raise
    return connection


def _only_reading(refused: list[str]) -> Any:
    def may(action: int, first: str | None, second: str | None, *_: Any) -> int:
        if action in READS:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION and str(second).lower() not in FORBIDDEN:
            return sqlite3.SQLITE_OK
        refused.append(str(second or first or ""))
        return sqlite3.SQLITE_DENY

    return may


def _explained(error: sqlite3.Error, refused: list[str], *, timed_out: bool, seconds: float) -> EvalkitError:
    said = str(error)
    if "interrupted" in said:
        if not timed_out:
            raise KeyboardInterrupt from error
        return StoreError(f"no answer within {seconds:g} seconds", where="SQL", hint="ask for less, or --timeout N")
    if refused:
        what = f" ('{refused[0]}')" if refused[0] else ""
        hint = "ask with SELECT over what 'evalkit sql --tables' lists"
        return ConfigurationError(f"this would do more than read{what}", where="SQL", hint=hint)
    if missing := re.fullmatch(r"no such (table|column|function): (.+)", said):
        kind, name = missing.groups()
        return ConfigurationError(f"there is no {kind} '{name}'", where="SQL", hint=_known(kind, name))
    if isinstance(error, sqlite3.OperationalError | sqlite3.ProgrammingError | sqlite3.DataError):
        return ConfigurationError(said, where="SQL", hint="evalkit sql --tables lists what can be asked for")
    return StoreError(f"the runs database failed: {said}", hint="restore it from a copy, or give another with --store")


def _known(kind: str, name: str) -> str:
    if kind == "function":
        return "SQLite's functions and those that docs/sql.md names"
    bare = name.rpartition(".")[2]
    if kind == "table":
        return did_you_mean(bare, [view.name for view in VIEWS], "tables")
    return did_you_mean(bare, dict.fromkeys(column for view in VIEWS for column, _ in view.columns), "columns")
