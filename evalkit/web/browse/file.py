"""The index file of one run: its tables, how it is opened, and what becomes of a damaged or outdated one."""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from evalkit.errors import StoreError
from evalkit.query.words import MARK, TOKENIZER
from evalkit.records import Status
from evalkit.web.browse.buckets import Buckets
from evalkit.web.browse.place import discard, prepare

T = TypeVar("T")
_number = struct.Struct("<d")
VERSION = 3
"""Of what a file holds: one of another version is thrown away and made anew."""
CHECK_SHIFT = 40
"""A case's row has its check's number above its place: rows are in the order of checks, then of cases."""
BUSY_SECONDS = 20
LONGEST_SECONDS = 4.0
"""A question that takes longer is given up; nobody waits for it."""
EVERY = MARK + "a"
"""A word that all cases have."""
LISTING, INDEXING, MERGING, DONE = "listing", "indexing", "merging", "done"
STATUSES = (Status.SCORED, Status.UNSCORED, Status.ERRORED)
TABLES = f"""
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE checks (
  number INTEGER PRIMARY KEY, name TEXT NOT NULL, metrics TEXT NOT NULL,
  listed INTEGER NOT NULL DEFAULT 0, indexed INTEGER NOT NULL DEFAULT 0, complete INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE cases (row INTEGER PRIMARY KEY, name TEXT NOT NULL, status INTEGER NOT NULL, numbers BLOB NOT NULL);
CREATE TABLE labels (
  number INTEGER PRIMARY KEY, check_number INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  cases INTEGER NOT NULL, UNIQUE (check_number, name, value)
);
CREATE VIRTUAL TABLE words USING fts5(
  tags, answer, prompt, name, content='', tokenize='{TOKENIZER}', prefix='3', columnsize=0
);
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, instance);
"""


@dataclass(frozen=True, slots=True)
class IndexedMetric:
    name: str
    unit: str
    better: str
    place: int
    """Among the numbers of its check's cases."""
    buckets: Buckets


@dataclass(frozen=True, slots=True)
class IndexedCheck:
    number: int
    name: str
    metrics: tuple[IndexedMetric, ...]
    listed: int
    """Cases that are known."""
    indexed: int
    """Cases that can be searched and sorted."""
    complete: bool
    """All of the check's cases are known."""

    @property
    def rows(self) -> tuple[int, int]:
        """The first and the last row that its cases can have."""
        return self.number << CHECK_SHIFT, ((self.number + 1) << CHECK_SHIFT) - 1

    def metric(self, name: str) -> IndexedMetric | None:
        return next((metric for metric in self.metrics if metric.name == name), None)


class Outdated(Exception):
    """The file is of another version, of another run, or damaged: it is made anew."""


class TooLong(Exception):
    """The question was given up."""


class IndexFile:
    """Connections are opened as they are needed: threads and processes share the file, not a connection."""

    def __init__(self, path: Path, run_id: str, made: str) -> None:
        """``made``: what tells this run from another of the same id, such as when it was finished."""
        self.path = path
        self._identity = json.dumps([VERSION, run_id, made])

    @contextlib.contextmanager
    def reading(self, seconds: float = LONGEST_SECONDS) -> Iterator[sqlite3.Connection]:
        """A connection for questions. ``Outdated`` where there is no file that answers them."""
        if not self.path.is_file():
            raise Outdated("there is no index yet")
        ends = time.monotonic() + seconds
        try:
            with contextlib.closing(self._connected()) as connection:
                self._require_identity(connection)
                connection.execute("PRAGMA query_only = ON")
                connection.set_progress_handler(lambda: time.monotonic() > ends, 20_000)
                yield connection
        except sqlite3.DatabaseError as error:
            if "interrupted" in str(error):
                raise TooLong from error
            if _is_damage(error):
                raise Outdated(str(error)) from error
            raise

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that has the writer's place from its beginning; the file is made where there is none."""
        prepare(self.path.parent)
        try:
            with contextlib.closing(self._connected()) as connection:
                _write_ahead(connection)
                connection.execute("BEGIN IMMEDIATE")
                self._make_or_check(connection)
                yield connection
                connection.commit()
        except sqlite3.DatabaseError as error:
            if _is_damage(error):
                raise Outdated(str(error)) from error
            raise StoreError(
                f"the index of answers cannot be kept: {error}", where=str(self.path), hint=_hint(error)
            ) from error

    def whole(self, question: Callable[[], T]) -> T:
        """What ``question`` says; a file that is damaged or outdated is thrown away first, and it is asked again."""
        try:
            return question()
        except Outdated:
            discard(self.path)
            return question()

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA cache_size = -16384")
        except BaseException:
            connection.close()
            raise
        return connection

    def _require_identity(self, connection: sqlite3.Connection) -> None:
        found = connection.execute("SELECT value FROM about WHERE name = 'identity'").fetchone()
        if found is None or found[0] != self._identity:
            raise Outdated("it is of another run or version")

    def _make_or_check(self, connection: sqlite3.Connection) -> None:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            self._require_identity(connection)
            return
        for statement in TABLES.split(";"):
            connection.execute(statement)
        about = [("identity", self._identity), ("phase", LISTING)]
        connection.executemany("INSERT INTO about VALUES (?, ?)", about)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Readers then go on beside a writer. The file remembers it; where others are in it just then, SQLite does not
    wait for them as it does elsewhere, and the next step asks again."""
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Not a lock, a full disk or a missing module: those say nothing of the file."""
    said = str(error)
    return any(words in said for words in ("malformed", "not a database", "no such table", "no such column", "corrupt"))


def _hint(error: sqlite3.DatabaseError) -> str:
    if "fts5" in str(error):
        return "this Python's SQLite has no full-text search (FTS5): take a Python that has it"
    return "free some space, or set EVALKIT_CACHE to a folder that can be written"


# --- what the tables hold ---------------------------------------------------------------------------------------------


def phase_of(connection: sqlite3.Connection) -> str:
    return str(connection.execute("SELECT value FROM about WHERE name = 'phase'").fetchone()[0])


def set_phase(connection: sqlite3.Connection, phase: str) -> None:
    connection.execute("UPDATE about SET value = ? WHERE name = 'phase'", (phase,))


def checks_of(connection: sqlite3.Connection) -> list[IndexedCheck]:
    rows = connection.execute("SELECT number, name, metrics, listed, indexed, complete FROM checks ORDER BY number")
    return [
        IndexedCheck(number, name, _metrics_of(metrics), listed, indexed, bool(complete))
        for number, name, metrics, listed, indexed, complete in rows
    ]


def metrics_document(metrics: Sequence[IndexedMetric]) -> str:
    return json.dumps([[m.name, m.unit, m.better, m.buckets.number, m.buckets.cuts] for m in metrics])


def _metrics_of(document: str) -> tuple[IndexedMetric, ...]:
    return tuple(
        IndexedMetric(name, unit, better, place, Buckets(number, tuple(cuts)))
        for place, (name, unit, better, number, cuts) in enumerate(json.loads(document))
    )


def packed(values: Sequence[float | None]) -> bytes:
    return struct.pack(f"<{len(values)}d", *(float("nan") if value is None else value for value in values))


def number_at(numbers: bytes, place: int) -> float | None:
    (value,) = _number.unpack_from(numbers, place * _number.size)
    return None if math.isnan(value) else value


def unpacked(numbers: bytes) -> tuple[float | None, ...]:
    return tuple(None if math.isnan(value) else value for value in struct.unpack(f"<{len(numbers) // 8}d", numbers))
