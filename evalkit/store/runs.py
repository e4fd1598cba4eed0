"""Runs and what becomes of them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, select, update
from sqlalchemy.exc import IntegrityError

from evalkit.errors import RunNotFound, StoreError, did_you_mean, nearest
from evalkit.results import Run
from evalkit.store import documents as doc
from evalkit.store import lease
from evalkit.store.engine import Database, in_chunks
from evalkit.store.rows import RunCounts, RunEvent
from evalkit.store.schema import answers, attempts, deleted_runs, events, incidents, results, revisions, runs, scores

PLANNED, RUNNING, FINISHED, INTERRUPTED, FAILED = "planned", "running", "finished", "interrupted", "failed"
TRANSITIONS: Mapping[str, frozenset[str]] = {
    PLANNED: frozenset({RUNNING}),
    RUNNING: frozenset({FINISHED, INTERRUPTED, FAILED}),
    INTERRUPTED: frozenset({RUNNING}),
    FAILED: frozenset({RUNNING}),
    FINISHED: frozenset(),
}
# statements of every write, put together once
_MINE = and_(runs.c.id == bindparam("mine"), runs.c.state == RUNNING, runs.c.holder == bindparam("me"))
_RENEWED = update(runs).where(_MINE).values(heartbeat=bindparam("now"))
_STATE = select(runs.c.state).where(runs.c.id == bindparam("wanted"))
_BOTH = (runs, deleted_runs)
SILENT = "its process was no longer heard of"
TO_FINISH = {
    INTERRUPTED: "the command that began it goes on with it; 'evalkit show {0}' says what it has",
    FAILED: "'evalkit events {0}' says why, and the command that began it goes on with it",
    RUNNING: "wait for it to end; 'evalkit view {0}' looks on",
}
"""What leads from a run that has no result to one that has."""
LISTED_WHEN_AMBIGUOUS = 5
SUGGESTED_FROM = 200


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def renew_lease(connection: Connection, stored_id: str, now: float) -> bool:
    """Part of every write of a run's own process; whether the run is still that process's."""
    mine = {"mine": stored_id, "me": lease.holder(), "now": now}
    return connection.execute(_RENEWED, mine).rowcount > 0


def known_state(connection: Connection, stored_id: str) -> str:
    state = connection.scalar(_STATE, {"wanted": stored_id})
    if state is None:
        raise no_such_run(doc.shown_name(stored_id))
    return str(state)


def no_such_run(run_id: str) -> RunNotFound:
    return RunNotFound(f"no run has the id '{run_id}'", hint="'evalkit list' shows the runs there are")


def run_of(row: Row[Any], now: float) -> Run:
    return Run(
        id=doc.shown_name(row.id),
        suite=doc.shown_name(row.suite),
        model=doc.shown_name(row.model),
        state=read_state(row, now),
        created=row.created,
        suite_fingerprint=doc.shown_name(row.suite_fingerprint),
        model_fingerprint=doc.shown_name(row.model_fingerprint),
        datasets=doc.load(row.datasets),
        environment=doc.load(row.environment),
        options=doc.load(row.options),
        partial=bool(row.partial),
        continues=doc.shown_name(row.continues),
        finished=row.finished,
    )


def read_state(row: Row[Any], now: float) -> str:
    """A run whose process died could not say so: the state in the database is then older than the truth."""
    if row.state == RUNNING and not lease.is_held(row.host, row.process, row.heartbeat, now):
        return INTERRUPTED
    return str(row.state)


class RunTables:
    database: Database

    def create_run(self, run: Run) -> None:
        """A run begins ``planned``, or at once ``running`` with this process as its holder."""
        if run.state not in {PLANNED, RUNNING}:
            raise StoreError(f"a new run is planned or running, not {run.state}")
        now = time.time()
        name = doc.stored_name
        row = {
            "id": name(run.id),
            "suite": name(run.suite),
            "model": name(run.model),
            "state": run.state,
            "created": run.created,
            "finished": run.finished,
            "suite_fingerprint": name(run.suite_fingerprint),
            "model_fingerprint": name(run.model_fingerprint),
            "datasets": doc.dump(dict(run.datasets)),
            "environment": doc.dump(dict(run.environment)),
            "options": doc.canonical(dict(run.options)),
            "partial": run.partial,
            "continues": name(run.continues),
            "outcome": "",
            **_lease_columns(now),
        }
        if not run.id:
            raise StoreError("a run needs an id")
        try:
            with self.database.writing() as connection:
                if _is_taken(connection, row["id"]):
                    raise StoreError(f"there is already a run with the id '{run.id}'", where=self.database.name)
                if self.database.location.is_sqlite:  # which would give the number of the newest run away, once deleted
                    row["number"] = 1 + max(connection.scalar(select(func.max(of.c.number))) or 0 for of in _BOTH)
                connection.execute(self.database.insert(runs).values(row))
                note(connection, row["id"], now, ("", run.state), "created")
        except IntegrityError as error:  # pragma: no cover - the look-up above holds the writer's place
            raise StoreError(f"there is already a run with the id '{run.id}'", where=self.database.name) from error

    # --- finding ------------------------------------------------------------------------------------------------------

    def get_run(self, name: str, suite: str = "", *, finished: bool = False) -> Run:
        """By id, unique prefix of an id, ``last`` or ``last:SUITE``.

        ``suite`` narrows prefix and ``last`` to that suite's runs; ``finished`` makes ``last`` the last finished one.
        """
        wanted, _, of_suite = name.partition(":")
        if wanted == "last":
            return self._last(of_suite or suite, finished=finished)
        if not name:
            raise self._not_found(name)
        now, prefix = time.time(), doc.stored_name(name)
        with self.database.reading() as connection:
            exact = connection.execute(select(runs).where(runs.c.id == prefix)).first()
            if exact is not None:
                return run_of(exact, now)
            query = _newest(suite).where(func.substr(runs.c.id, 1, len(prefix)) == prefix)
            found = connection.execute(query.limit(LISTED_WHEN_AMBIGUOUS + 1)).all()
        if len(found) == 1:
            return run_of(found[0], now)
        if found:
            listed = ", ".join(row.id for row in found[:LISTED_WHEN_AMBIGUOUS])
            more = ", ..." if len(found) > LISTED_WHEN_AMBIGUOUS else ""
            raise RunNotFound(
                f"'{name}' begins the id of more than one run: {listed}{more}",
                where=self.database.name,
                hint="give more of the id",
            )
        raise self._not_found(name)

    def _last(self, suite: str, *, finished: bool) -> Run:
        query = _newest(suite)
        if finished:
            query = query.where(runs.c.state == FINISHED)
        with self.database.reading() as connection:
            row = connection.execute(query.limit(1)).first()
            suites = list(connection.scalars(select(runs.c.suite).distinct()))
            begun = connection.execute(_newest(suite).limit(1)).first() if row is None else None
        if row is not None:
            return run_of(row, time.time())
        kind = "finished run" if finished else "run"
        known = sorted(map(doc.shown_name, suites))
        hint = "'evalkit run SUITE --model REF' makes one"
        if begun is not None:
            newest = run_of(begun, time.time())
            todo = TO_FINISH.get(newest.state, "'evalkit list' shows the runs")
            hint = f"run {newest.id} is {newest.state}: {todo.format(newest.id)}"
        elif suite and suite not in known and known:
            hint = did_you_mean(suite, known, "suites with runs")
        raise RunNotFound(
            f"there is no {kind} of suite '{suite}'" if suite else f"there is no {kind} yet",
            where=self.database.name,
            hint=hint,
        )

    def _not_found(self, name: str) -> RunNotFound:
        known = [run.id for run in self.list_runs(limit=SUGGESTED_FROM)]
        hint = "'evalkit run SUITE --model REF' makes a run" if not known else "'evalkit list' shows the runs there are"
        prefix = doc.stored_name(name)
        with self.database.reading() as connection:
            begins = select(deleted_runs.c.id).where(func.substr(deleted_runs.c.id, 1, len(prefix)) == prefix)
            deleted = connection.scalar(begins.limit(1))
        if deleted is not None:
            hint = f"'evalkit restore {doc.shown_name(deleted)}' takes it out of the trash"
        if close := nearest(name, known):
            hint = f"did you mean '{close}'? {hint}"
        return RunNotFound(f"no run has the id '{name}'", where=self.database.name, hint=hint)

    def list_runs(self, suite: str = "", *, limit: int | None = None) -> list[Run]:
        """Newest first."""
        query = _newest(suite)
        if limit is not None:
            query = query.limit(limit)
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        now = time.time()
        return [run_of(row, now) for row in rows]

    def find_resumable(
        self, suite_fingerprint: str, model_fingerprint: str, options: Mapping[str, Any] | None = None
    ) -> Run | None:
        """The newest run of the same suite, model and options that was interrupted or failed."""
        query = _newest("").where(
            runs.c.suite_fingerprint == doc.stored_name(suite_fingerprint),
            runs.c.model_fingerprint == doc.stored_name(model_fingerprint),
            runs.c.options == doc.canonical(dict(options or {})),
            runs.c.state.in_((RUNNING, INTERRUPTED, FAILED)),
        )
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        found = (run_of(row, time.time()) for row in rows)
        return next((run for run in found if run.state in {INTERRUPTED, FAILED}), None)

    # --- states -------------------------------------------------------------------------------------------------------

    def transition(self, run_id: str, state: str, cause: str = "") -> None:
        """Change a run's state and note it among its events; what the states do not allow raises ``StoreError``.

        To ``running`` makes this process the run's holder. A run that another living process makes is not touched.
        """
        if state == FINISHED:
            raise StoreError("a run is finished together with its result", hint="use finish(run_id, result)")
        with self.database.writing() as connection:
            _move(connection, run_id, state, cause, {})

    def heartbeat(self, run_id: str) -> None:
        """This process still makes the run. Raises where another one has taken it over (after a long suspension)."""
        with self.database.writing() as connection:
            if not renew_lease(connection, doc.stored_name(run_id), time.time()):
                known_state(connection, doc.stored_name(run_id))
                raise StoreError(
                    f"run {run_id} is no longer made by this process",
                    where=self.database.name,
                    hint="it was ended, or another process resumed it while this one was not heard of",
                )

    def finish(self, run_id: str, result_json: str, *, outcome: str = "", reason: str = "", finished: str = "") -> None:
        """The result and the state, in one transaction: a finished run has a result, whatever happens in between.

        ``reason`` of the outcome: lists have it without the result. ``finished``: when, as the result says it; now,
        where it says nothing."""
        with self.database.writing() as connection:
            ended = finished or moment(time.time())
            cause = f"{outcome}: {reason}" if reason else outcome
            _move(connection, run_id, FINISHED, cause, {"finished": ended, "outcome": doc.stored_name(outcome)})
            row = {"run_id": doc.stored_name(run_id), "document": doc.without_nul(result_json, "result")}
            connection.execute(self.database.insert(results).values(row))

    def get_result(self, run_id: str) -> str:
        """The result document as it was given to ``finish``."""
        name = doc.stored_name(run_id)
        with self.database.reading() as connection:
            document = connection.scalar(select(results.c.document).where(results.c.run_id == name))
            state = known_state(connection, name) if document is None else ""
        if document is None:
            raise RunNotFound(
                f"run {run_id} is {state}: it has no result yet",
                where=self.database.name,
                hint="the same command with --resume finishes it",
            )
        return str(document)

    def outcomes(self, run_ids: Iterable[str]) -> dict[str, str]:
        """The outcome's word of each finished run, by its newest revision."""
        finished = select(runs.c.id, runs.c.outcome).where(runs.c.state == FINISHED)
        newer = select(revisions.c.run_id, revisions.c.outcome).order_by(revisions.c.number)
        found: dict[str, str] = {}
        with self.database.reading() as connection:
            for names in in_chunks(map(doc.stored_name, run_ids)):
                for query in (finished.where(runs.c.id.in_(names)), newer.where(revisions.c.run_id.in_(names))):
                    found.update((name, word) for name, word in connection.execute(query))
        return {doc.shown_name(name): doc.shown_name(word) for name, word in found.items()}

    def events(self, run_id: str) -> list[RunEvent]:
        query = select(events.c.time, events.c.before, events.c.after, events.c.cause)
        query = query.where(events.c.run_id == doc.stored_name(run_id)).order_by(events.c.number)
        with self.database.reading() as connection:
            return [
                RunEvent(when, before, after, doc.shown_name(c)) for when, before, after, c in connection.execute(query)
            ]

    def counts(self, run_id: str) -> RunCounts:
        name = doc.stored_name(run_id)
        with self.database.reading() as connection:
            made, failed, contradicted, judged = (
                int(connection.scalar(select(func.count()).select_from(table).where(table.c.run_id == name)) or 0)
                for table in (answers, attempts, incidents, scores)
            )
        return RunCounts(answers=made, attempts=failed, incidents=contradicted, scores=judged)


def _is_taken(connection: Connection, stored_id: str) -> bool:
    return any(connection.scalar(select(of.c.number).where(of.c.id == stored_id)) is not None for of in _BOTH)


def _newest(suite: str) -> Select[Any]:
    query = select(runs).order_by(runs.c.number.desc())
    return query.where(runs.c.suite == doc.stored_name(suite)) if suite else query


def _lease_columns(now: float) -> dict[str, Any]:
    return {"host": lease.host(), "process": os.getpid(), "holder": lease.holder(), "heartbeat": now}


def _move(connection: Connection, run_id: str, state: str, cause: str, changes: dict[str, Any]) -> None:
    name, now = doc.stored_name(run_id), time.time()
    row = connection.execute(select(runs).where(runs.c.id == name)).first()
    if row is None:
        raise no_such_run(run_id)
    read = read_state(row, now)
    mine = row.holder == lease.holder()
    if read == RUNNING and not mine:
        raise StoreError(
            f"run {run_id} is being made by process {row.process} on {row.host.split(' ')[0]}",
            hint=f"wait for it to end; a process that died is noticed within {lease.LEASE_SECONDS:.0f} seconds",
        )
    # the holder itself may have been silent for long, and still end what it began
    before = row.state if mine and state in TRANSITIONS[row.state] else read
    if state not in TRANSITIONS.get(before, frozenset()):
        allowed = ", ".join(sorted(TRANSITIONS.get(before, ()))) or "nothing else"
        raise StoreError(f"run {run_id} is {before}, and cannot become {state}", hint=f"it can become {allowed}")
    if before != row.state:
        note(connection, name, now, (row.state, before), SILENT)
    if state == RUNNING:
        changes = {**changes, **_lease_columns(now)}
    connection.execute(update(runs).where(runs.c.id == name).values(state=state, **changes))
    note(connection, name, now, (before, state), cause)


def note(connection: Connection, name: str, now: float, change: tuple[str, str], cause: str) -> None:
    """A change of state, before and after, and why."""
    before, after = change
    row = {"run_id": name, "time": moment(now), "before": before, "after": after, "cause": doc.stored_name(cause)}
    connection.execute(events.insert().values(row))
