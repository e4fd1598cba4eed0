"""What the stored answers are for, and how those go that nothing rests on any more."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, LargeBinary, bindparam, cast, delete, func, select, union_all

from evalkit.errors import StoreError
from evalkit.store import documents as doc
from evalkit.store.engine import Database, in_chunks
from evalkit.store.runs import FINISHED, RUNNING, moment, read_state
from evalkit.store.schema import answers, deleted_runs, metadata, runs, scores

READ_AT_ONCE = 1000
HASHED = 16
"""Digits of a key that are held of every needed answer. Two keys that share them are both kept."""


@dataclass(frozen=True, slots=True)
class AnswerGroup:
    """The answers that runs of one model and one revision of its backend made."""

    model: str
    backend: str
    """With its revision; empty where an older run did not note it."""
    answers: int
    bytes: int
    oldest: str
    newest: str


@dataclass(frozen=True, slots=True)
class RunAnswers:
    """What a run made and what it rests on."""

    run: str
    suite: str
    model: str
    state: str
    made: int
    used: int
    """Different answers that its scores rest on."""
    of_others: int
    """Of those, made by other runs."""


@dataclass(frozen=True, slots=True)
class Unneeded:
    answers: int
    bytes: int


class PruningTables:
    database: Database

    def answer_groups(self) -> list[AnswerGroup]:
        """The largest first."""
        written = func.coalesce(func.sum(_size(self.database)), 0)
        both = (select(of.c.id, of.c.model, of.c.environment) for of in (runs, deleted_runs))
        makers = union_all(*both).subquery()
        moments = (func.min(answers.c.made), func.max(answers.c.made))
        query = (
            select(makers.c.model, makers.c.environment, func.count(), written, *moments)
            .select_from(answers.outerjoin(makers, makers.c.id == answers.c.run_id))
            .group_by(answers.c.run_id, makers.c.model, makers.c.environment)
        )
        groups: dict[tuple[str, str], AnswerGroup] = {}
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        for model, environment, count, size, first, last in rows:
            name = "" if model is None else doc.shown_name(model)
            backend = "" if environment is None else str(doc.load(environment).get("backend", ""))
            found = AnswerGroup(name, backend, int(count), int(size), moment(first), moment(last))
            known = groups.get((name, backend))
            groups[name, backend] = found if known is None else _together(known, found)
        return sorted(groups.values(), key=lambda group: (-group.bytes, group.model, group.backend))

    def run_answers(self) -> Iterator[RunAnswers]:
        """Newest run first."""
        query = select(runs).order_by(runs.c.number.desc())
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        for row in rows:
            with self.database.reading() as connection:
                mine = select(answers.c.key).where(answers.c.run_id == row.id)
                made = set(map(_hash, connection.scalars(mine)))
                used = set(_used(connection, row.id))
            yield RunAnswers(
                run=doc.shown_name(row.id),
                suite=doc.shown_name(row.suite),
                model=doc.shown_name(row.model),
                state=read_state(row, time.time()),
                made=len(made),
                used=len(used),
                of_others=len(used - made),
            )

    def unneeded(self, before: float | None = None) -> Unneeded:
        """Answers that no score rests on and that no unfinished run made; ``before``: made before that moment."""
        with self.database.reading() as connection:
            found = [size for _, size in _unneeded(self.database, connection, before)]
        return Unneeded(len(found), sum(found))

    def prune_answers(self, before: float | None = None) -> Unneeded:
        """Delete them, in one transaction: a kill leaves all or none. Refused while a run is made, which may just have
        found one of them."""
        with self.database.writing() as connection:
            _refuse_while_made(connection)
            found = list(_unneeded(self.database, connection, before))
            gone = delete(answers).where(answers.c.key == bindparam("of"))
            for chunk in in_chunks(found):
                connection.execute(gone, [{"of": key} for key, _ in chunk])
        return Unneeded(len(found), sum(size for _, size in found))

    def disk_bytes(self) -> int:
        """What the database takes on disk; of one in memory, what its pages take there."""
        location = self.database.location
        if location.path is not None:
            names = (location.path.name, f"{location.path.name}-wal", f"{location.path.name}-shm")
            files = [location.path.with_name(name) for name in names]
            return sum(file.stat().st_size for file in files if file.is_file())
        with self.database.reading() as connection:
            if location.is_sqlite:
                pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
                return int(pages) * int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())
            sizes = [connection.scalar(select(func.pg_total_relation_size(name))) for name in metadata.tables]
        return sum(map(int, filter(None, sizes)))

    def give_back_space(self) -> int:
        """Bytes that the disk has again. What cannot be given back now, because others use the database, is used again
        by what is stored next."""
        before = self.disk_bytes()
        self.database.vacuum(answers)
        return max(0, before - self.disk_bytes())


def _together(one: AnswerGroup, other: AnswerGroup) -> AnswerGroup:
    return AnswerGroup(
        one.model,
        one.backend,
        one.answers + other.answers,
        one.bytes + other.bytes,
        min(one.oldest, other.oldest),
        max(one.newest, other.newest),
    )


def _hash(key: str) -> int:
    return int(key[:HASHED], 16)


def _used(connection: Connection, run_id: str | None = None) -> Iterator[int]:
    """Keys that scores rest on: of one run, or of all that there are."""
    query = select(scores.c.answer_keys)
    if run_id is not None:
        query = query.where(scores.c.run_id == run_id)
    for keys in connection.scalars(query.execution_options(yield_per=READ_AT_ONCE)):
        yield from map(_hash, keys.split())


def _size(database: Database) -> ColumnElement[int]:
    """Bytes of an answer's document."""
    text = answers.c.document
    return func.length(cast(text, LargeBinary)) if database.location.is_sqlite else func.octet_length(text)


def _unneeded(database: Database, connection: Connection, before: float | None) -> Iterator[tuple[str, int]]:
    """Key and size of each."""
    needed = set(_used(connection))
    unfinished = {
        name
        for of in (runs, deleted_runs)
        for name in connection.scalars(select(of.c.id).where(of.c.state != FINISHED))
    }
    query = select(answers.c.key, answers.c.run_id, _size(database))
    if before is not None:
        query = query.where(answers.c.made < before)
    for key, maker, size in connection.execute(query.execution_options(yield_per=READ_AT_ONCE)):
        if maker not in unfinished and _hash(key) not in needed:
            yield key, int(size)


def _refuse_while_made(connection: Connection) -> None:
    now = time.time()
    for row in connection.execute(select(runs).where(runs.c.state == RUNNING)):
        if read_state(row, now) == RUNNING:
            raise StoreError(
                f"run {doc.shown_name(row.id)} is being made: answers cannot be pruned meanwhile",
                hint="wait for it to end, or stop it; --dry-run looks without deleting",
            )
