"""The trash: a deleted run is in no list and answers no command, and comes back whole until it is purged."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, literal, select

from evalkit.ages import before_now
from evalkit.errors import RunNotFound, StoreError
from evalkit.results import Run
from evalkit.store import documents as doc
from evalkit.store.engine import Database
from evalkit.store.runs import FINISHED, RUNNING, SILENT, moment, no_such_run, note, read_state, run_of
from evalkit.store.schema import baselines, deleted_runs, review_queues, reviews, runs

DELETED = "deleted"
"""The state between being deleted and being restored, as a run's events have it."""


@dataclass(frozen=True, slots=True)
class DeletedRun:
    run: Run
    deleted: str
    """When."""


class Trash:
    database: Database

    def trash_run(self, run_id: str, *, force: bool = False, cause: str = "by hand") -> None:
        """Nothing of it goes but its place among the runs, and with ``force`` the names of baselines that it has.

        A run that is being made is refused, and so is a baseline that is not forced.
        """
        name, now = doc.stored_name(run_id), time.time()
        with self.database.writing() as connection:
            row = connection.execute(select(runs).where(runs.c.id == name)).first()
            if row is None:
                raise no_such_run(run_id)
            state = read_state(row, now)
            if state == RUNNING:
                raise StoreError(f"run {run_id} is being made: it cannot be deleted", hint="stop it first")
            _give_up_names(connection, name, force)
            columns = [*runs.c.keys(), "deleted"]
            kept = [literal(state).label("state") if column is runs.c.state else column for column in runs.c]
            moved = select(*kept, literal(moment(now)).label("deleted")).where(runs.c.id == name)
            connection.execute(insert(deleted_runs).from_select(columns, moved))
            connection.execute(delete(runs).where(runs.c.id == name))
            if state != row.state:
                note(connection, name, now, (row.state, state), SILENT)
            note(connection, name, now, (state, DELETED), cause)

    def restore_run(self, run_id: str) -> Run:
        """By its id or a unique beginning of it: the run as it was deleted."""
        now = time.time()
        with self.database.writing() as connection:
            row = _the_one(connection, doc.stored_name(run_id), run_id)
            moved = select(*(deleted_runs.c[column.name] for column in runs.c)).where(deleted_runs.c.id == row.id)
            connection.execute(insert(runs).from_select(runs.c.keys(), moved))
            connection.execute(delete(deleted_runs).where(deleted_runs.c.id == row.id))
            found = run_of(row, now)
            note(connection, row.id, now, (DELETED, found.state), "restored")
        return found

    def list_trash(self) -> list[DeletedRun]:
        """What was deleted last stands first."""
        query = select(deleted_runs).order_by(deleted_runs.c.deleted.desc(), deleted_runs.c.number.desc())
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        now = time.time()
        return [DeletedRun(run_of(row, now), row.deleted) for row in rows]

    def find_in_trash(self, run_id: str) -> DeletedRun:
        with self.database.reading() as connection:
            row = _the_one(connection, doc.stored_name(run_id), run_id)
        return DeletedRun(run_of(row, time.time()), row.deleted)

    def old_runs(self, age: timedelta) -> list[Run]:
        """Finished longer ago than that, oldest first, but for those that somebody holds on to: baselines, runs with a
        review, and runs that an unfinished one continues."""
        before = before_now(age).isoformat(timespec="milliseconds")
        named = select(baselines.c.run_id).where(baselines.c.document == "")
        queues = select(review_queues.c.run_id).join(reviews, reviews.c.queue_id == review_queues.c.id)
        continued = select(runs.c.continues).where(runs.c.state != FINISHED)
        query = select(runs).where(runs.c.state == FINISHED, runs.c.finished < before, runs.c.finished != "")
        for held in (named, queues, continued):
            query = query.where(runs.c.id.not_in(held))
        with self.database.reading() as connection:
            rows = connection.execute(query.order_by(runs.c.number)).all()
        return [run_of(row, time.time()) for row in rows]


def _give_up_names(connection: Connection, name: str, force: bool) -> None:
    """An imported baseline brings its own numbers, and stays."""
    resting = (baselines.c.run_id == name, baselines.c.document == "")
    names = sorted(connection.scalars(select(baselines.c.name).where(*resting)))
    if names and not force:
        raise StoreError(
            f"run {doc.shown_name(name)} is the baseline {' and '.join(repr(one) for one in names)}: it is kept",
            hint="name another run first (evalkit baseline set RUN --as NAME), or delete it with --force",
        )
    connection.execute(delete(baselines).where(*resting))


def _the_one(connection: Connection, prefix: str, run_id: str) -> Row[Any]:
    begins = func.substr(deleted_runs.c.id, 1, len(prefix)) == prefix
    found = connection.execute(select(deleted_runs).where(begins).order_by(deleted_runs.c.id)).all() if prefix else []
    exact = [row for row in found if row.id == prefix]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        listed = ", ".join(doc.shown_name(row.id) for row in found[:5])
        what = f"'{run_id}' begins the id of more than one deleted run: {listed}"
        raise RunNotFound(what, hint="give more of the id")
    hint = "'evalkit list --deleted' shows what is in it"
    raise RunNotFound(f"no run with the id '{run_id}' is in the trash", hint=hint)
