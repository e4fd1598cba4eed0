"""Purging the trash: what a run left goes for good, and so does what nobody else needs of it."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from evalkit.store import documents as doc
from evalkit.store.engine import Database, in_chunks
from evalkit.store.reviews import delete_reviews
from evalkit.store.runs import RUNNING, read_state
from evalkit.store.schema import (
    answers,
    attempts,
    deleted_runs,
    events,
    evidence,
    incidents,
    progress,
    results,
    review_items,
    review_queues,
    reviews,
    revisions,
    runs,
    samples,
    scored_checks,
    scores,
)
from evalkit.store.trash import Trash

OF_A_RUN = (scores, scored_checks, evidence, results, revisions, events, attempts, incidents, progress)

EMPTIED = (*OF_A_RUN, answers, samples, runs, deleted_runs, review_queues, review_items, reviews)


@dataclass(frozen=True, slots=True)
class Purged:
    runs: tuple[str, ...]
    answers: int
    """That went with them: nobody else's scores rest on them."""
    kept: int = 0
    """Of runs that are gone, for scores of others rest on them."""
    waiting: bool = False
    """A run is being made, which may be about to use answers that nobody else needs: the next purge takes them."""


class Deletion(Trash):
    database: Database

    def delete_run(self, run_id: str, *, force: bool = False) -> None:
        """At once and for good: a run that is being made is refused, and so is a baseline that is not forced."""
        self.trash_run(run_id, force=force)
        self.purge([run_id])

    def purge(self, run_ids: Iterable[str]) -> Purged:
        """Of runs in the trash: scores, evidence, results, revisions, reviews, events, attempts and incidents; dataset
        rows that no other run was made with; then all answers that no run made which is left, but for those that the
        scores of one rest on. Each run goes whole or not at all: killed in between, what is left goes the next time.
        """
        gone = [run_id for run_id in run_ids if self._purge_one(doc.stored_name(run_id))]
        with self.database.writing() as connection:
            waiting = _is_any_made(connection)
            many, kept = (0, 0) if waiting else _delete_orphans(connection)
        return Purged(tuple(gone), many, kept, waiting)

    def _purge_one(self, name: str) -> bool:
        with self.database.writing() as connection:
            row = connection.execute(select(deleted_runs).where(deleted_runs.c.id == name)).first()
            if row is None:
                return False
            delete_reviews(connection, name)
            for table in OF_A_RUN:
                connection.execute(delete(table).where(table.c.run_id == name))
            connection.execute(delete(deleted_runs).where(deleted_runs.c.id == name))
            _delete_samples(connection, set(doc.load(row.datasets).values()))
        return True

    def give_purged_space_back(self) -> bool:
        """A file becomes as small as what is in it, which also wipes what was deleted; a server uses the space again.
        Where others keep the database busy it stays as it is, and the next time does it: then it is false."""
        tables = EMPTIED[:1] if self.database.location.is_sqlite else EMPTIED
        done = [self.database.vacuum(table) for table in tables]  # each of them, whatever becomes of another
        return all(done)


def _is_any_made(connection: Connection) -> bool:
    now = time.time()
    begun = connection.execute(select(runs).where(runs.c.state == RUNNING))
    return any(read_state(row, now) == RUNNING for row in begun)


def _delete_orphans(connection: Connection) -> tuple[int, int]:
    """Answers of runs that are gone: how many went, and how many stay because scores rest on them."""
    left = select(runs.c.id).union_all(select(deleted_runs.c.id))
    orphans = set(connection.scalars(select(answers.c.key).where(answers.c.run_id.not_in(left))))
    if not orphans:
        return 0, 0
    found = len(orphans)
    for keys in connection.scalars(select(scores.c.answer_keys).execution_options(yield_per=1000)):
        orphans.difference_update(keys.split())
    for some in in_chunks(sorted(orphans)):
        connection.execute(delete(answers).where(answers.c.key.in_(some)))
    return len(orphans), found - len(orphans)


def _delete_samples(connection: Connection, datasets: Collection[str]) -> None:
    unused = set(datasets)
    for table in (runs, deleted_runs):
        for document in connection.scalars(select(table.c.datasets)):
            unused -= set(doc.load(document).values())
    for dataset in sorted(unused):
        connection.execute(delete(samples).where(samples.c.dataset == doc.stored_name(dataset)))
