"""What people say of a run's cases, and the later outcomes that come of it. Rows are added and never changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from evalkit.errors import RunNotFound, StoreError
from evalkit.store import documents as doc
from evalkit.store.engine import Database, in_chunks
from evalkit.store.rows import NewQueue, NewReview, StoredQueue, StoredReview, StoredRevision
from evalkit.store.runs import FINISHED, known_state, moment, note
from evalkit.store.schema import review_items, review_queues, reviews, revisions

Decide = Callable[[Sequence[StoredReview]], Iterable[NewReview]]


class ReviewTables:
    database: Database

    def put_queues(self, run_id: str, queues: Iterable[NewQueue]) -> None:
        """The queues of a run that is about to finish, in place of those it had: one that goes on draws them anew."""
        name = doc.stored_name(run_id)
        with self.database.writing() as connection:
            if known_state(connection, name) == FINISHED:
                raise StoreError(f"run {run_id} is finished: its review queues cannot change", hint="start a new run")
            delete_reviews(connection, name)
            for queue in queues:
                row = {
                    "run_id": name,
                    "name": doc.stored_name(queue.name),
                    "check_name": doc.stored_name(queue.check),
                    "document": doc.dump(dict(queue.document)),
                }
                made = connection.execute(self.database.insert(review_queues).values(row).returning(review_queues.c.id))
                number = made.scalar_one()
                items = [
                    {"queue_id": number, "position": position, "case_id": doc.stored_name(case)}
                    for position, case in enumerate(queue.cases)
                ]
                self.database.put(connection, review_items, items)

    def review_queues(self, run_id: str) -> list[StoredQueue]:
        """In the order of the suite."""
        query = select(review_queues).where(review_queues.c.run_id == doc.stored_name(run_id))
        with self.database.reading() as connection:
            return [_queue(row) for row in connection.execute(query.order_by(review_queues.c.id))]

    def review_queue(self, queue_id: int) -> StoredQueue:
        with self.database.reading() as connection:
            row = connection.execute(select(review_queues).where(review_queues.c.id == queue_id)).first()
        if row is None:
            raise _no_such_queue()
        return _queue(row)

    def review_items(self, queue_id: int) -> list[str]:
        """Cases, in the order in which they are shown."""
        query = select(review_items.c.case_id).where(review_items.c.queue_id == queue_id)
        with self.database.reading() as connection:
            return [doc.shown_name(case) for case in connection.scalars(query.order_by(review_items.c.position))]

    def reviews(self, queue_id: int) -> list[StoredReview]:
        """In the order in which they came."""
        with self.database.reading() as connection:
            return _reviews(connection, queue_id)

    def add_reviews(self, queue_id: int, decide: Decide) -> int:
        """What ``decide`` adds to what is there, kept whole or not at all; how many rows. Nobody writes in between: two
        reviewers at once lose nothing, and what is withdrawn is what is there."""
        with self.database.writing() as connection:
            if connection.scalar(select(review_queues.c.id).where(review_queues.c.id == queue_id)) is None:
                raise _no_such_queue()
            now = moment(time.time())
            rows = [
                {
                    "queue_id": queue_id,
                    "case_id": doc.stored_name(new.case),
                    "reviewer": doc.stored_name(new.reviewer),
                    "time": new.time or now,
                    "document": doc.dump(dict(new.document)),
                }
                for new in decide(_reviews(connection, queue_id))
            ]
            for chunk in in_chunks(rows):
                self.database.put(connection, reviews, chunk)
        return len(rows)

    # --- revisions ----------------------------------------------------------------------------------------------------

    def add_revision(self, run_id: str, after: int, outcome: str, document: Mapping[str, Any]) -> bool:
        """A finished run's next outcome, if its newest revision is still number ``after`` (0: it has none)."""
        name = doc.stored_name(run_id)
        with self.database.writing() as connection:
            if known_state(connection, name) != FINISHED:
                raise StoreError(f"run {run_id} is not finished: it has no outcome to revise", hint="let it finish")
            newest = connection.scalar(select(func.max(revisions.c.number)).where(revisions.c.run_id == name)) or 0
            if newest != after:
                return False
            now = time.time()
            row = {
                "run_id": name,
                "number": after + 1,
                "made": moment(now),
                "outcome": doc.stored_name(outcome),
                "document": doc.dump(dict(document)),
            }
            connection.execute(self.database.insert(revisions).values(row))
            note(connection, name, now, (FINISHED, FINISHED), f"reviewed: {outcome}")
        return True

    def get_revision(self, run_id: str, number: int | None = None) -> StoredRevision | None:
        """The newest, or none; by its number, or ``RunNotFound``."""
        query = select(revisions).where(revisions.c.run_id == doc.stored_name(run_id))
        query = query.order_by(revisions.c.number.desc())
        with self.database.reading() as connection:
            if number is None:
                row = connection.execute(query.limit(1)).first()
                return None if row is None else _revision(row)
            row = connection.execute(query.where(revisions.c.number == number)).first()
            newest = connection.scalar(query.with_only_columns(revisions.c.number).limit(1)) or 0
        if row is None:
            known = f"revisions 0 (as it ended) to {newest}" if newest else "revision 0 only, as it ended"
            raise RunNotFound(f"run {run_id} has no revision {number}", hint=f"it has {known}")
        return _revision(row)


def delete_reviews(connection: Connection, name: str) -> None:
    """Queues, items and reviews of a run, by its stored name."""
    queues = select(review_queues.c.id).where(review_queues.c.run_id == name)
    for table in (review_items, reviews):
        connection.execute(delete(table).where(table.c.queue_id.in_(queues)))
    connection.execute(delete(review_queues).where(review_queues.c.run_id == name))


def _no_such_queue() -> StoreError:
    return StoreError("the review queue is gone", hint="its run was deleted meanwhile: 'evalkit list' shows the runs")


def _reviews(connection: Connection, queue_id: int) -> list[StoredReview]:
    query = select(reviews).where(reviews.c.queue_id == queue_id).order_by(reviews.c.number)
    return [
        StoredReview(
            number=row.number,
            case=doc.shown_name(row.case_id),
            reviewer=doc.shown_name(row.reviewer),
            time=row.time,
            document=doc.load(row.document),
        )
        for row in connection.execute(query)
    ]


def _queue(row: Row[Any]) -> StoredQueue:
    return StoredQueue(
        id=row.id,
        run_id=doc.shown_name(row.run_id),
        name=doc.shown_name(row.name),
        check=doc.shown_name(row.check_name),
        document=doc.load(row.document),
    )


def _revision(row: Row[Any]) -> StoredRevision:
    return StoredRevision(
        run_id=doc.shown_name(row.run_id),
        number=row.number,
        made=row.made,
        outcome=doc.shown_name(row.outcome),
        document=doc.load(row.document),
    )
