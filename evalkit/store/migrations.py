"""The schema's history. A new database is made as ``schema`` says; an old one takes the steps it has not taken yet.

To change the schema: change ``schema.py``, and append a step that brings an existing database there. Steps are never
edited once released. Each runs inside the one transaction that opens the database, and uses plain SQL rather than the
tables of ``schema``, which will have moved on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select
from sqlalchemy import inspect as look_into

from evalkit.errors import StoreError
from evalkit.store import schema


@dataclass(frozen=True, slots=True)
class Step:
    version: int
    """What the schema's version is after it."""
    what: str
    apply: Callable[[Connection], None]


def _baselines_and_evidence(connection: Connection) -> None:
    connection.exec_driver_sql(
        "CREATE TABLE evidence (run_id TEXT NOT NULL, block INTEGER NOT NULL, gate TEXT NOT NULL, "
        "document TEXT NOT NULL, PRIMARY KEY (run_id, block, gate))"
    )
    connection.exec_driver_sql(
        "CREATE TABLE baselines (name TEXT NOT NULL, suite TEXT NOT NULL, run_id TEXT NOT NULL, "
        "set_at VARCHAR(40) NOT NULL, document TEXT NOT NULL, PRIMARY KEY (name))"
    )


def _reviews(connection: Connection) -> None:
    counted = "INTEGER NOT NULL" if connection.dialect.name == "sqlite" else "SERIAL NOT NULL"
    for statement in (
        (
            f"CREATE TABLE review_queues (id {counted}, run_id TEXT NOT NULL, name TEXT NOT NULL, "
            "check_name TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (id))"
        ),
        "CREATE UNIQUE INDEX review_queues_by_run ON review_queues (run_id, name)",
        (
            "CREATE TABLE review_items (queue_id INTEGER NOT NULL, position INTEGER NOT NULL, case_id TEXT NOT NULL, "
            "PRIMARY KEY (queue_id, position))"
        ),
        (
            f"CREATE TABLE reviews (number {counted}, queue_id INTEGER NOT NULL, case_id TEXT NOT NULL, "
            "reviewer TEXT NOT NULL, time VARCHAR(40) NOT NULL, document TEXT NOT NULL, PRIMARY KEY (number))"
        ),
        "CREATE INDEX reviews_by_queue ON reviews (queue_id, number)",
        (
            "CREATE TABLE revisions (run_id TEXT NOT NULL, number INTEGER NOT NULL, made VARCHAR(40) NOT NULL, "
            "outcome TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (run_id, number))"
        ),
    ):
        connection.exec_driver_sql(statement)


def _progress(connection: Connection) -> None:
    connection.exec_driver_sql(
        "CREATE TABLE progress (run_id TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (run_id))"
    )


def _scores_taken_over(connection: Connection) -> None:
    counted = "INTEGER NOT NULL" if connection.dialect.name == "sqlite" else "SERIAL NOT NULL"
    for statement in (
        (
            "CREATE TABLE scored_checks (run_id TEXT NOT NULL, check_name TEXT NOT NULL, "
            "identity VARCHAR(64) NOT NULL, PRIMARY KEY (run_id, check_name))"
        ),
        "CREATE INDEX scored_checks_by_identity ON scored_checks (identity)",
        (
            f"CREATE TABLE invalidations (number {counted}, suite TEXT NOT NULL, check_name TEXT NOT NULL, "
            "time VARCHAR(40) NOT NULL, newest_run INTEGER NOT NULL, answers BOOLEAN NOT NULL, PRIMARY KEY (number))"
        ),
    ):
        connection.exec_driver_sql(statement)


def _trash(connection: Connection) -> None:
    counted = "INTEGER NOT NULL" if connection.dialect.name == "sqlite" else "SERIAL NOT NULL"
    real = "FLOAT" if connection.dialect.name == "sqlite" else "DOUBLE PRECISION"
    connection.exec_driver_sql(
        f"CREATE TABLE deleted_runs (number {counted}, id TEXT NOT NULL UNIQUE, suite TEXT NOT NULL, "
        "model TEXT NOT NULL, state VARCHAR(20) NOT NULL, created VARCHAR(40) NOT NULL, finished VARCHAR(40) NOT NULL, "
        "suite_fingerprint TEXT NOT NULL, model_fingerprint TEXT NOT NULL, datasets TEXT NOT NULL, "
        "environment TEXT NOT NULL, options TEXT NOT NULL, partial BOOLEAN NOT NULL, continues TEXT NOT NULL, "
        f"host TEXT NOT NULL, process INTEGER NOT NULL, holder TEXT NOT NULL, heartbeat {real} NOT NULL, "
        "outcome TEXT NOT NULL, deleted VARCHAR(40) NOT NULL, PRIMARY KEY (number))"
    )


FIRST_VERSION = 1
STEPS: tuple[Step, ...] = (
    Step(2, "named baselines, and the evidence of gates by block", _baselines_and_evidence),
    Step(3, "queues for people's review, what they say, and later outcomes of finished runs", _reviews),
    Step(4, "where runs under way stand", _progress),
    Step(5, "how runs scored, so that later ones take scores over, and what they no longer may", _scores_taken_over),
    Step(6, "a trash for runs that are deleted", _trash),
)
"""After the first version, in order and without gaps."""


def current_version(steps: tuple[Step, ...]) -> int:
    return steps[-1].version if steps else FIRST_VERSION


def version_of(connection: Connection) -> int | None:
    """None for a database without evalkit's tables."""
    if not look_into(connection).has_table(schema.schema_version.name):
        return None
    return connection.scalar(select(schema.schema_version.c.version).order_by(schema.schema_version.c.version.desc()))


def refuse_newer(version: int | None, where: str) -> None:
    newest = current_version(STEPS)
    if version is not None and version > newest:
        raise StoreError(
            f"the runs database has schema version {version}, and this evalkit knows up to {newest}",
            where=where,
            hint="update evalkit, or give another database with --store",
        )


def migrate(connection: Connection, where: str) -> None:
    """Bring the database to the current version. The caller holds the writer's place, and commits."""
    version = version_of(connection)
    refuse_newer(version, where)
    if version is None:
        _make(connection, where)
        return
    for step in STEPS:
        if step.version > version:
            step.apply(connection)
            _stamp(connection, step.version)


def _make(connection: Connection, where: str) -> None:
    foreign = set(look_into(connection).get_table_names())
    if connection.dialect.name != "sqlite":
        foreign &= set(schema.metadata.tables)  # a server's database may be shared, a file is ours or it is not
    if foreign:
        raise StoreError(
            f"the database belongs to another program: it has a table '{min(foreign)}' that evalkit did not make",
            where=where,
            hint="give another database with --store",
        )
    # a file without tables has none of ours: asking for each of them takes as long as making them
    schema.metadata.create_all(connection, checkfirst=connection.dialect.name != "sqlite")
    _stamp(connection, current_version(STEPS))


def _stamp(connection: Connection, version: int) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    connection.execute(insert(schema.schema_version).values(version=version, applied=now))
