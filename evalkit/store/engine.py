"""Connections and transactions: how several processes share one database, and what people read when that fails."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, Engine, bindparam, create_engine, event, exc, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import Table

from evalkit.errors import MissingExtra, StoreError
from evalkit.store import migrations
from evalkit.store.location import FORMS, Location, locate

BUSY_SECONDS = 20
"""How long SQLite itself waits for another writer, each time."""
BUSY_RETRIES = 6
WRITER = "evalkit_writer"
"""Execution option: the transaction is going to write."""
POSTGRES_WRITER_LOCK = 0x65_76_61_6C_6B_69_74
"""One writer at a time, as SQLite has it: read-compare-insert then means the same on both."""


AT_ONCE = 500
"""Values in one statement: every database has a limit somewhere above."""
T = TypeVar("T")


def in_chunks(items: Iterable[T], size: int = AT_ONCE) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


@dataclass(frozen=True, slots=True)
class _Put:
    """A statement that takes many rows, and as the driver takes it."""

    statement: Any
    text: str
    values: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    """Of a row, in the statement's order."""

    @classmethod
    def of(cls, engine: Engine, statement: Any) -> _Put:
        compiled = statement.compile(engine)
        return cls(statement, str(compiled), itemgetter(*(compiled.positiontup or compiled.params)))


class Database:
    """An engine with evalkit's rules: writes take the writer's place first, so that none fails half-way."""

    def __init__(self, engine: Engine, location: Location) -> None:
        self.engine = engine
        self.location = location
        # one writer per process; and everything in memory shares a single connection, so that reads queue too
        self._writing = threading.RLock()
        self._statements: dict[tuple[str, str], _Put] = {}

    @classmethod
    def open(cls, url: str) -> Database:
        location = locate(url)
        _prepare_folder(location)
        database = cls(_engine(location), location)
        try:
            database._open_schema()
        except BaseException:
            database.close()
            raise
        return database

    def _open_schema(self) -> None:
        with self.reading() as connection:
            version = migrations.version_of(connection)
        migrations.refuse_newer(version, self.location.shown)
        if version != migrations.current_version(migrations.STEPS):
            with self.writing() as connection:
                migrations.migrate(connection, self.location.shown)

    @property
    def name(self) -> str:
        return self.location.shown

    def insert(self, table: Table) -> Any:
        """An insert that knows ``on_conflict_do_...``."""
        if self.location.is_sqlite:
            return sqlite.insert(table)
        from sqlalchemy.dialects import postgresql  # and the drivers it knows: nothing that a file has a use for

        return postgresql.insert(table)

    def put(self, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], or_else: str = "") -> None:
        """Many rows at once. ``or_else``: what becomes of a row whose key is there: ``keep`` what is there, or
        ``replace`` it; else that is an error.

        A statement is put together once and goes to the driver as it is: for thousands of rows a block, what SQLAlchemy
        would do for each of them is more than what the database does.
        """
        if not rows:
            return
        made = self._statements.get((table.name, or_else))
        if made is None:
            made = self._statements[table.name, or_else] = _Put.of(self.engine, self._put(table, or_else, rows[0]))
        if self.location.is_sqlite:
            connection.exec_driver_sql(made.text, [made.values(row) for row in rows])
        else:
            connection.execute(made.statement, rows)

    def _put(self, table: Table, or_else: str, row: Mapping[str, Any]) -> Any:
        statement = self.insert(table).values({name: bindparam(name) for name in row})
        if or_else == "keep":
            return statement.on_conflict_do_nothing()
        if or_else == "replace":
            keys = list(table.primary_key)
            new = {name: statement.excluded[name] for name in row if name not in table.primary_key.columns}
            return statement.on_conflict_do_update(index_elements=keys, set_=new)
        return statement

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        turn = self._writing if self.location.in_memory else contextlib.nullcontext()
        with turn, self._errors_for_people(), self._connected() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction, committed at the end unless something is raised."""
        with self._writing, self._errors_for_people(), self._connected(writer=True) as connection:
            yield connection
            connection.commit()

    @contextlib.contextmanager
    def _connected(self, *, writer: bool = False) -> Iterator[Connection]:
        connection = self._begun(writer)
        try:
            yield connection
        finally:
            connection.close()  # rolls back what was not committed

    def _begun(self, writer: bool) -> Connection:
        """Waiting for other processes happens here, where trying again repeats nothing."""
        for remaining in range(BUSY_RETRIES, -1, -1):
            try:
                connection = self.engine.connect().execution_options(**{WRITER: writer})
                try:
                    connection.begin()
                    if writer and not self.location.is_sqlite:
                        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": POSTGRES_WRITER_LOCK})
                except BaseException:
                    connection.close()
                    raise
                return connection
            except (exc.OperationalError, sqlite3.OperationalError) as error:
                if not remaining or not _is_busy(error):
                    raise
                time.sleep(0.05 * (BUSY_RETRIES - remaining + 1))
        raise AssertionError("unreachable")

    @contextlib.contextmanager
    def _errors_for_people(self) -> Iterator[None]:
        try:
            yield
        except (exc.DBAPIError, sqlite3.Error) as error:
            raise self._explained(error) from error

    def _explained(self, error: exc.DBAPIError | sqlite3.Error) -> StoreError:
        original = error.orig if isinstance(error, exc.DBAPIError) else error
        lines = str(original).strip().splitlines()
        said = self.location.without_secrets(lines[0] if lines else type(original).__name__)
        for words, message, hint in EXPLANATIONS:
            if words in said:
                return StoreError(message, where=self.name, hint=hint)
        return StoreError(f"the runs database failed: {said}", where=self.name, hint=HINT_OTHER)

    def vacuum(self, table: Table) -> bool:
        """Give the space of deleted rows back, of one table where that can be. Where others keep the database busy it
        stays as it is, and is used again by what is stored next: then it is false."""
        with self._writing, contextlib.suppress(exc.OperationalError, sqlite3.OperationalError):
            pooled = self.engine.raw_connection()  # no such statement can be part of a transaction
            try:
                pooled.rollback()
                if self.location.is_sqlite:
                    cursor: Any = pooled.cursor()
                    cursor.execute("VACUUM")
                    cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                    return not cursor.fetchone()[0]  # a reader holds on to the file as it was
                own: Any = pooled.dbapi_connection
                own.autocommit = True
                try:
                    pooled.cursor().execute(f"VACUUM {table.name}")
                finally:
                    own.autocommit = False
                return True
            finally:
                pooled.close()
        return False

    def close(self) -> None:
        self.engine.dispose()


HINT_OTHER = "check that it can be reached, or give another one with --store"
EXPLANATIONS = (
    ("file is not a database", "this file is not a runs database", "give another path with --store"),
    ("malformed", "the runs database is damaged", "restore it from a copy, or give another path with --store"),
    ("unable to open", "the runs database cannot be opened", "check that its folder exists and is yours to write"),
    ("readonly", "the runs database cannot be written", "check the permissions of the file and of its folder"),
    ("disk is full", "the disk is full", "free some space: everything committed so far is safe, and the run resumes"),
    ("disk I/O", "the disk fails under the runs database", "see that the disk has space, and is whole"),
    ("index row size", "a name is too long for this database", "give the dataset's rows shorter ids"),
    ("locked", "another process has kept the runs database busy for too long", "wait for it to end, then run again"),
)


def _is_busy(error: exc.OperationalError | sqlite3.OperationalError) -> bool:
    original = error.orig if isinstance(error, exc.OperationalError) else error
    return isinstance(original, sqlite3.OperationalError) and ("locked" in str(original) or "busy" in str(original))


def _prepare_folder(location: Location) -> None:
    path = location.path
    if path is None or str(path).startswith("file:"):
        return
    hint = "give another path with --store"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        is_folder = path.is_dir()
    except OSError as error:
        raise StoreError(
            f"the folder of the runs database cannot be made: {error.strerror}", where=str(path), hint=hint
        ) from error
    if is_folder:
        raise StoreError(
            "this is a folder, and a runs database is a file", where=str(path), hint=f"try {path / 'runs.db'}"
        )


def _engine(location: Location) -> Engine:
    options: dict[str, Any] = {}
    if location.in_memory:
        options = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
    elif location.is_sqlite:
        options = {"connect_args": {"check_same_thread": False, "timeout": BUSY_SECONDS}}
        if _only_to_be_read(location):
            options["creator"] = partial(_connect_read_only, location)
    else:
        options = {"pool_pre_ping": True}
        _say_nothing_of_broken_connections()
    try:
        engine = create_engine(location.url, hide_parameters=True, **options)
    except exc.NoSuchModuleError:
        driver = location.url.get_driver_name()
        raise StoreError(
            f"there is no database driver '{driver}'", where=location.shown, hint=f"give {FORMS}"
        ) from None
    except ModuleNotFoundError as error:
        raise MissingExtra("a PostgreSQL runs database", "postgres") from error
    except (exc.ArgumentError, TypeError, ValueError):
        # the message may repeat options of the URL
        raise StoreError(
            "the URL of the runs database has an option that is not known", where=location.shown, hint=f"give {FORMS}"
        ) from None
    if not (location.is_sqlite or location.url.username or "user" in location.url.query):
        raise StoreError(
            "the URL of the runs database names no user", where=location.shown, hint="postgresql://USER@HOST/DATABASE"
        )
    if location.is_sqlite:
        event.listen(engine, "connect", _on_sqlite_connect)
        event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def _say_nothing_of_broken_connections() -> None:
    """A connection that broke cannot be closed either: its traceback is for who keeps a log, and for nobody else."""
    pool = logging.getLogger("sqlalchemy.pool")
    if not pool.handlers:
        pool.addHandler(logging.NullHandler())


def _only_to_be_read(location: Location) -> bool:
    """A database in a folder that cannot be written, such as one that CI kept: SQLite would insist on making its
    journal there. Where a journal lies beside it, another process may be writing, and SQLite's own way is right."""
    path = location.path
    return (
        path is not None
        and path.is_file()
        and not location.url.query
        and not os.access(path.parent, os.W_OK)
        and not path.with_name(f"{path.name}-wal").exists()
    )


def _connect_read_only(location: Location) -> sqlite3.Connection:
    path = str(location.path)
    address = f"file:{quote(path)}?mode=ro&immutable=1"
    return sqlite3.connect(address, uri=True, check_same_thread=False, timeout=BUSY_SECONDS)


def _on_sqlite_connect(connection: Any, _: Any) -> None:
    """WAL lets readers go on beside a writer. ``synchronous=NORMAL`` survives the death of any process; a power cut may
    take the last transactions, never the database."""
    connection.isolation_level = None  # the driver's own idea of when a transaction begins is too late for us
    try:
        with contextlib.closing(connection.cursor()) as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
            if cursor.execute("PRAGMA journal_mode").fetchone()[0] == "delete":
                cursor.execute("PRAGMA journal_mode = WAL")  # stays as it is where the file system cannot
            cursor.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise


def _on_sqlite_begin(connection: Connection) -> None:
    writer = connection.get_execution_options().get(WRITER)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")
