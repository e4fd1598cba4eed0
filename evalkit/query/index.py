"""The search index of a runs database: one file in the cache folder, over the answers of all finished runs.

It holds no texts: words of prompts and answers as a full-text index, vectors of those that were compared by meaning,
and where each stands; what is shown is read from the runs database. It can be deleted at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from evalkit.errors import StoreError
from evalkit.models.fetch import cache_root
from evalkit.query.words import TOKENIZER
from evalkit.store import Store

VERSION = 2
BUSY_SECONDS = 20
LONGEST_SECONDS = 20.0
ENDINGS = ("", "-wal", "-shm", "-journal")
TABLES = f"""
CREATE TABLE runs (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, made TEXT NOT NULL, suite TEXT NOT NULL, model TEXT NOT NULL,
  created TEXT NOT NULL, outcome TEXT NOT NULL, filled INTEGER NOT NULL DEFAULT 0, complete INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE texts (number INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE);
CREATE TABLE vectors (number INTEGER PRIMARY KEY, vector BLOB NOT NULL);
CREATE TABLE uses (
  text INTEGER NOT NULL, run INTEGER NOT NULL, check_name TEXT NOT NULL, case_id TEXT NOT NULL, place INTEGER NOT NULL,
  category TEXT NOT NULL, status TEXT NOT NULL, PRIMARY KEY (text, run, check_name, case_id, place)
) WITHOUT ROWID;
CREATE INDEX uses_of_run ON uses (run);
CREATE VIRTUAL TABLE words USING fts5(answer, prompt, content='', tokenize='{TOKENIZER}');
PRAGMA user_version = {VERSION};
"""


class Damaged(Exception):
    """The file is of another version, or broken: it is made anew."""


def index_path(store: Store) -> Path:
    """Named from the database's address without its secrets; a database in memory has one for each process."""
    location = store.database.location
    name = f"memory {os.getpid()}" if location.in_memory else location.shown
    if location.path is not None:
        name = str(location.path.expanduser().resolve())
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return cache_root().parent / "search" / f"{digest}.db"


def discard(path: Path) -> None:
    for ending in ENDINGS:
        path.with_name(path.name + ending).unlink(missing_ok=True)


class IndexFile:
    def __init__(self, path: Path) -> None:
        self.path = path

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that has the writer's place from its beginning; the file is made where there is none."""
        with self._explained(), contextlib.closing(self._connected()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.commit()

    @contextlib.contextmanager
    def reading(self, seconds: float = LONGEST_SECONDS) -> Iterator[sqlite3.Connection]:
        ends = time.monotonic() + seconds
        with self._explained(), contextlib.closing(self._connected()) as connection:
            connection.execute("PRAGMA query_only = ON")
            connection.set_progress_handler(lambda: time.monotonic() > ends, 50_000)
            yield connection

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            said = str(error)
            if "interrupted" in said:
                hint = "search for rarer words, or narrow it with --where"
                raise StoreError("the search took too long and was given up", hint=hint) from error
            if any(words in said for words in ("malformed", "not a database", "no such table", "corrupt")):
                raise Damaged(said) from error
            hint = "free some space, or set EVALKIT_CACHE to a folder that can be written"
            if "fts5" in said:
                hint = "this Python's SQLite has no full-text search (FTS5): take a Python that has it"
            where = str(self.path)
            raise StoreError(f"the search index cannot be kept: {said}", where=where, hint=hint) from error

    def _connected(self) -> sqlite3.Connection:
        _prepare(self.path.parent)
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA cache_size = -32768")
            _require_version(connection)
        except BaseException:
            connection.close()
            raise
        return connection


def _require_version(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        _make(connection)
    elif version != VERSION:
        raise Damaged(f"it is of version {version}")


def _make(connection: sqlite3.Connection) -> None:
    """Two processes may be the first: one of them makes it."""
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
        for statement in TABLES.split(";\n"):
            if statement.strip():
                connection.execute(statement)
    connection.execute("COMMIT")


def _prepare(folder: Path) -> None:
    """Only its owner may read what people asked models and were answered."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        what = f"the search index cannot be kept: {error.strerror}"
        hint = "set EVALKIT_CACHE to a folder that can be written"
        raise StoreError(what, where=str(folder), hint=hint) from error
