"""A runs database that is only looked at: connections that refuse to write, and lists that read columns alone."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, event, func, select

from evalkit.errors import StoreError
from evalkit.store import documents as doc
from evalkit.store import lease
from evalkit.store.database import Store
from evalkit.store.engine import Database
from evalkit.store.rows import RunEvent
from evalkit.store.runs import FINISHED, INTERRUPTED, RUNNING, no_such_run, read_state
from evalkit.store.schema import events, review_queues, reviews, revisions, runs, scores

MOST_NAMES = 500
"""Of suites and of models, to choose from."""
_REVISED = select(revisions.c.outcome).where(revisions.c.run_id == runs.c.id).order_by(revisions.c.number.desc())
OUTCOME = func.coalesce(_REVISED.limit(1).scalar_subquery(), runs.c.outcome)
"""As the newest revision has it: people's reviews may have changed it since the run ended."""
COLUMNS = (
    *(runs.c.number, runs.c.id, runs.c.suite, runs.c.model, runs.c.state, runs.c.created, runs.c.finished),
    *(runs.c.partial, OUTCOME.label("outcome"), runs.c.host, runs.c.process, runs.c.heartbeat),
)
SORTS: Mapping[str, Any] = {
    "verdict": OUTCOME,
    "suite": runs.c.suite,
    "model": runs.c.model,
    "started": runs.c.number,
}
"""What a list can be sorted by, beside the newest first."""


def open_for_looking(url: str) -> Store:
    """Every connection refuses to write, whatever it is asked to do. The database must have been opened before (which
    makes or migrates it)."""
    database = Database.open(url)
    if database.location.in_memory:
        database.close()
        raise StoreError("a runs database in memory has no runs of another process", hint="give a path with --store")
    database.engine.dispose()  # the connection that looked at the schema's version may still write
    refuse = "PRAGMA query_only = ON" if database.location.is_sqlite else "SET default_transaction_read_only = on"

    def on_connect(connection: Any, _: Any) -> None:
        with closing(connection.cursor()) as cursor:
            cursor.execute(refuse)
        if not database.location.is_sqlite:
            connection.commit()

    event.listen(database.engine, "connect", on_connect)
    return Store(database)


@dataclass(frozen=True, slots=True)
class Listed:
    """A run as a list shows it."""

    number: int
    id: str
    suite: str
    model: str
    state: str
    created: str
    finished: str
    partial: bool
    outcome: str
    heartbeat: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs; empty means any."""

    suite: str = ""
    model: str = ""
    state: str = ""
    outcome: str = ""


def list_page(store: Store, wanted: Wanted, *, before: int = 0, after: int = 0, size: int = 50) -> list[Listed]:
    """Newest first: those older than number ``before``, or the ``size`` next newer than ``after``."""
    query = select(*COLUMNS).where(*_conditions(wanted, time.time()))
    if after:
        query = query.where(runs.c.number > after).order_by(runs.c.number.asc())
    else:
        query = query.order_by(runs.c.number.desc())
        query = query.where(runs.c.number < before) if before else query
    found = _listed(store, query.limit(size))
    return found[::-1] if after else found


def sorted_page(
    store: Store, wanted: Wanted, by: str, *, descending: bool = False, skip: int = 0, size: int = 50
) -> list[Listed]:
    """In the order of one of ``SORTS``; the newest first where that is the same."""
    column = SORTS[by]
    query = select(*COLUMNS).where(*_conditions(wanted, time.time()))
    query = query.order_by(column.desc() if descending else column.asc(), runs.c.number.desc())
    return _listed(store, query.offset(skip).limit(size))


def listed(store: Store, numbers: Iterable[int]) -> list[Listed]:
    """Where these runs stand now."""
    return _listed(store, select(*COLUMNS).where(runs.c.number.in_(list(numbers))))


def listed_by_id(store: Store, run_id: str) -> Listed:
    found = _listed(store, select(*COLUMNS).where(runs.c.id == doc.stored_name(run_id)))
    if not found:
        raise no_such_run(run_id)
    return found[0]


def causes_of_ends(store: Store, run_ids: Iterable[str]) -> dict[str, str]:
    """Of finished runs: the outcome's word as they ended, and why."""
    wanted = select(events.c.run_id, events.c.cause).where(events.c.before == RUNNING, events.c.after == FINISHED)
    with store.database.reading() as connection:
        found = connection.execute(wanted.where(events.c.run_id.in_(map(doc.stored_name, run_ids)))).all()
    return {doc.shown_name(name): doc.shown_name(cause) for name, cause in found}


def transitions(store: Store, run_id: str = "", since: str = "", most: int = 100) -> list[tuple[str, RunEvent]]:
    """Changes of states with their runs, the newest first; those of runs in the trash as well."""
    query = select(events).order_by(events.c.number.desc()).limit(most)
    if run_id:
        query = query.where(events.c.run_id == doc.stored_name(run_id))
    if since:
        query = query.where(events.c.time >= since)
    with store.database.reading() as connection:
        rows = connection.execute(query).all()
    return [
        (doc.shown_name(row.run_id), RunEvent(row.time, row.before, row.after, doc.shown_name(row.cause)))
        for row in rows
    ]


def count_runs(store: Store, wanted: Wanted) -> int:
    query = select(func.count()).select_from(runs).where(*_conditions(wanted, time.time()))
    with store.database.reading() as connection:
        return int(connection.scalar(query) or 0)


def count_unfinished(store: Store, run_id: str = "") -> int:
    """Of all runs, or whether this one is."""
    query = select(func.count()).select_from(runs).where(runs.c.state != FINISHED)
    if run_id:
        query = query.where(runs.c.id == doc.stored_name(run_id))
    with store.database.reading() as connection:
        return int(connection.scalar(query) or 0)


def names(store: Store) -> Mapping[str, list[str]]:
    """What there is to choose from: ``suite``, ``model`` and ``outcome``."""
    found = {}
    with store.database.reading() as connection:
        for name, column in (("suite", runs.c.suite), ("model", runs.c.model), ("outcome", OUTCOME)):
            values = connection.scalars(select(column).distinct().limit(MOST_NAMES))
            found[name] = sorted(filter(None, map(doc.shown_name, values)))
    return found


def count_scores(store: Store, run_id: str, most: int) -> int:
    """How many cases are judged, and no more than ``most``: counting a million takes longer than a page may."""
    some = select(scores.c.position).where(scores.c.run_id == doc.stored_name(run_id)).limit(most).subquery()
    with store.database.reading() as connection:
        return int(connection.scalar(select(func.count()).select_from(some)) or 0)


def judged_by_check(store: Store, run_id: str) -> dict[str, int]:
    query = select(scores.c.check_name, func.count()).where(scores.c.run_id == doc.stored_name(run_id))
    with store.database.reading() as connection:
        rows = connection.execute(query.group_by(scores.c.check_name)).all()
    return {doc.shown_name(name): int(many) for name, many in rows}


def newest_word(store: Store, run_id: str) -> tuple[int, int]:
    """Number of the newest revision, and of the last that a reviewer said: what was made of a finished run holds as
    long as they are the same. 0 where there is none."""
    name = doc.stored_name(run_id)
    queues = select(review_queues.c.id).where(review_queues.c.run_id == name)
    revision = select(func.max(revisions.c.number)).where(revisions.c.run_id == name)
    review = select(func.max(reviews.c.number)).where(reviews.c.queue_id.in_(queues))
    with store.database.reading() as connection:
        return int(connection.scalar(revision) or 0), int(connection.scalar(review) or 0)


def _listed(store: Store, query: Select[Any]) -> list[Listed]:
    now = time.time()
    with store.database.reading() as connection:
        rows = connection.execute(query).all()
    return [
        Listed(
            number=row.number,
            id=doc.shown_name(row.id),
            suite=doc.shown_name(row.suite),
            model=doc.shown_name(row.model),
            state=read_state(row, now),
            created=row.created,
            finished=row.finished,
            partial=bool(row.partial),
            outcome=doc.shown_name(row.outcome) if row.state == FINISHED else "",
            heartbeat=row.heartbeat,
        )
        for row in rows
    ]


def _conditions(wanted: Wanted, now: float) -> list[ColumnElement[bool]]:
    """A run whose process is not heard of reads as interrupted; one that died a moment ago is still found as running
    where it cannot be known without asking the machine."""
    conditions = [
        column == doc.stored_name(value)
        for column, value in (
            (runs.c.suite, wanted.suite),
            (runs.c.model, wanted.model),
            (OUTCOME, wanted.outcome),
        )
        if value
    ]
    alive = runs.c.heartbeat >= now - lease.LEASE_SECONDS
    if wanted.state == RUNNING:
        conditions.append((runs.c.state == RUNNING) & alive)
    elif wanted.state == INTERRUPTED:
        conditions.append((runs.c.state == INTERRUPTED) | ((runs.c.state == RUNNING) & ~alive))
    elif wanted.state:
        conditions.append(runs.c.state == wanted.state)
    return conditions
