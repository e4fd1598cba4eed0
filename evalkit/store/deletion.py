"""Deleting a run, and what only it needed."""

from __future__ import annotations

import time

from sqlalchemy import Connection, bindparam, delete, select

from evalkit.errors import StoreError
from evalkit.store import documents as doc
from evalkit.store.engine import Database
from evalkit.store.reviews import delete_reviews
from evalkit.store.runs import RUNNING, no_such_run, read_state
from evalkit.store.schema import (
    answers,
    attempts,
    baselines,
    events,
    evidence,
    incidents,
    progress,
    results,
    revisions,
    runs,
    samples,
    scored_checks,
    scores,
)


class Deletion:
    database: Database

    def delete_run(self, run_id: str, *, force: bool = False) -> None:
        """Forget a run: its scores, evidence, result, revisions, reviews, events, attempts and incidents, and

        * the answers that it made, but for those that the scores of another run rest on;
        * the dataset rows that no other run was made with.

        A run that is being made is refused. So is one that is a baseline, unless it is forced: then its names go too.
        """
        name = doc.stored_name(run_id)
        with self.database.writing() as connection:
            row = connection.execute(select(runs).where(runs.c.id == name)).first()
            if row is None:
                raise no_such_run(run_id)
            if read_state(row, time.time()) == RUNNING:
                raise StoreError(f"run {run_id} is being made: it cannot be deleted", hint="stop it first")
            _delete_baselines(connection, name, force)
            _delete_answers(connection, name)
            _delete_samples(connection, name, set(doc.load(row.datasets).values()))
            delete_reviews(connection, name)
            for table in (scores, scored_checks, evidence, results, revisions, events, attempts, incidents, progress):
                connection.execute(delete(table).where(table.c.run_id == name))
            connection.execute(delete(runs).where(runs.c.id == name))


def _delete_baselines(connection: Connection, name: str, force: bool) -> None:
    """An imported baseline brings its own numbers, and stays."""
    resting = (baselines.c.run_id == name, baselines.c.document == "")
    names = sorted(connection.scalars(select(baselines.c.name).where(*resting)))
    if names and not force:
        raise StoreError(
            f"run {doc.shown_name(name)} is the baseline {' and '.join(repr(one) for one in names)}: it is kept",
            hint="name another run first (evalkit baseline set RUN --as NAME), or delete it with --force",
        )
    connection.execute(delete(baselines).where(*resting))


def _delete_answers(connection: Connection, name: str) -> None:
    made = set(connection.scalars(select(answers.c.key).where(answers.c.run_id == name)))
    others = select(scores.c.answer_keys).where(scores.c.run_id != name).execution_options(yield_per=1000)
    for keys in connection.scalars(others):
        made.difference_update(keys.split())
    if made:
        connection.execute(
            delete(answers).where(answers.c.key == bindparam("of")), [{"of": key} for key in sorted(made)]
        )


def _delete_samples(connection: Connection, name: str, datasets: set[str]) -> None:
    for document in connection.scalars(select(runs.c.datasets).where(runs.c.id != name)):
        datasets -= set(doc.load(document).values())
    for dataset in sorted(datasets):
        connection.execute(delete(samples).where(samples.c.dataset == doc.stored_name(dataset)))
