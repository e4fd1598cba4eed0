"""Names for what later runs are compared with: a run of this store, or numbers that came in a file."""

from __future__ import annotations

import re
import time
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from evalkit.errors import RunNotFound, StoreError
from evalkit.store import documents as doc
from evalkit.store.engine import Database
from evalkit.store.rows import StoredBaseline
from evalkit.store.runs import FINISHED, moment, no_such_run, read_state
from evalkit.store.schema import baselines, runs

LONGEST_NAME = 100
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
NAMED_OTHERWISE = frozenset({"last"})
"""What these words mean where a baseline is named is fixed."""


def valid_baseline_name(name: str) -> str:
    """The name, or ``StoreError``: it must stay one word in shells, files and reports."""
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise StoreError(
            f"a baseline cannot be named '{name[: LONGEST_NAME + 1]}'",
            hint=f"letters, digits and - _ . / in at most {LONGEST_NAME} characters, a letter or digit first: main",
        )
    if name in NAMED_OTHERWISE or name.endswith(".json"):
        meaning = "the last finished run" if name in NAMED_OTHERWISE else "a file"
        raise StoreError(f"a baseline cannot be named '{name}': that means {meaning}", hint="another name: main")
    return name


class BaselineTables:
    database: Database

    def set_baseline(self, name: str, suite: str, run_id: str) -> None:
        """Name a finished run of this store; a name that is taken moves."""
        with self.database.writing() as connection:
            row = connection.execute(select(runs).where(runs.c.id == doc.stored_name(run_id))).first()
            if row is None:
                raise no_such_run(run_id)
            state = read_state(row, time.time())
            if state != FINISHED:
                raise StoreError(f"run {run_id} is {state}; a baseline is a finished run", hint="let it finish first")
            self._put(connection, StoredBaseline(name, suite, run_id, moment(time.time())))

    def import_baseline(self, name: str, suite: str, run_id: str, document: str) -> None:
        """Name numbers that came in a file; a name that is taken moves. ``run_id`` says which run they are of, and
        that run need not be in this store."""
        if not document:
            raise StoreError(f"the imported baseline '{name}' is empty", hint="import what 'baseline export' wrote")
        document = doc.without_nul(document, "baseline")
        with self.database.writing() as connection:
            self._put(connection, StoredBaseline(name, suite, run_id, moment(time.time()), document))

    def _put(self, connection: Connection, baseline: StoredBaseline) -> None:
        name = valid_baseline_name(baseline.name)
        if connection.scalar(select(runs.c.number).where(runs.c.id == name)) is not None:
            raise StoreError(f"a baseline cannot be named '{name}': a run has that id", hint="another name: main")
        put = self.database.insert(baselines).values(
            name=name,
            suite=doc.stored_name(baseline.suite),
            run_id=doc.stored_name(baseline.run_id),
            set_at=baseline.set_at,
            document=baseline.document,
        )
        new = {column: put.excluded[column] for column in ("suite", "run_id", "set_at", "document")}
        connection.execute(put.on_conflict_do_update(index_elements=["name"], set_=new))

    def get_baseline(self, name: str) -> StoredBaseline | None:
        with self.database.reading() as connection:
            row = connection.execute(select(baselines).where(baselines.c.name == doc.stored_name(name))).first()
        return None if row is None else _baseline(row)

    def list_baselines(self) -> list[StoredBaseline]:
        """By name."""
        with self.database.reading() as connection:
            rows = connection.execute(select(baselines)).all()
        return sorted(map(_baseline, rows), key=lambda baseline: baseline.name)

    def delete_baseline(self, name: str) -> None:
        """Forget a name, and an imported baseline's numbers; a run that had the name stays."""
        with self.database.writing() as connection:
            gone = connection.execute(delete(baselines).where(baselines.c.name == doc.stored_name(name)))
            if not gone.rowcount:
                raise RunNotFound(f"there is no baseline '{name}'", hint="'evalkit baseline list' shows them")


def _baseline(row: Row[Any]) -> StoredBaseline:
    return StoredBaseline(
        name=row.name,
        suite=doc.shown_name(row.suite),
        run_id=doc.shown_name(row.run_id),
        set_at=row.set_at,
        document=row.document,
    )
