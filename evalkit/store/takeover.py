"""Which earlier runs' scores may be taken over, and what a person said is not to be taken over any more."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, exists, func, or_, select

from evalkit.store import documents as doc
from evalkit.store.engine import Database
from evalkit.store.runs import FINISHED, moment
from evalkit.store.schema import attempts, deleted_runs, incidents, invalidations, runs, scored_checks, scores

MOST_DONORS = 3
"""Runs that are looked through for a check's scores: of this model before others, whole ones first, then the newest."""


@dataclass(frozen=True, slots=True)
class Invalidation:
    """From then on a check takes over no score of the runs there were."""

    suite: str
    """Empty: of every suite."""
    check: str
    time: str
    answers: bool
    """Its requests are asked afresh, too."""


class TakeoverTables:
    database: Database

    def note_scored_checks(self, run_id: str, identities: Mapping[str, str]) -> None:
        """How the checks of a run judge, by their names: later runs find its scores by that."""
        rows = [
            {"run_id": doc.stored_name(run_id), "check_name": doc.stored_name(check), "identity": identity}
            for check, identity in identities.items()
        ]
        if rows:
            with self.database.writing() as connection:
                self.database.put(connection, scored_checks, rows, "replace")

    def donors(self, suite: str, identities: Mapping[str, str], run_id: str) -> dict[str, list[str]]:
        """By check, the finished runs whose scores this run may take over: the check judged just so there, and nobody
        has invalidated it since."""
        model = select(runs.c.model_fingerprint).where(runs.c.id == doc.stored_name(run_id)).scalar_subquery()
        stale = exists().where(
            invalidations.c.check_name == scored_checks.c.check_name,
            _of_suite(suite),
            invalidations.c.newest_run >= runs.c.number,
        )
        found = (
            select(runs.c.id)
            .join(scored_checks, scored_checks.c.run_id == runs.c.id)
            .where(runs.c.state == FINISHED, ~stale)
            .order_by(case((runs.c.model_fingerprint == model, 0), else_=1), runs.c.partial, runs.c.number.desc())
            .limit(MOST_DONORS)
        )
        with self.database.reading() as connection:
            by_check = {
                check: connection.scalars(
                    found.where(
                        scored_checks.c.identity == identity, scored_checks.c.check_name == doc.stored_name(check)
                    )
                ).all()
                for check, identity in identities.items()
            }
        return {check: list(map(doc.shown_name, names)) for check, names in by_check.items() if names}

    def contested_keys(self, run_id: str) -> frozenset[str]:
        """Requests of a run that failed at least once, or were answered with two texts: what it judged then may be
        another answer than the one that is stored."""
        name = doc.stored_name(run_id)
        with self.database.reading() as connection:
            return frozenset(
                key
                for table in (attempts, incidents)
                for key in connection.scalars(select(table.c.key).where(table.c.run_id == name))
            )

    def invalidate(self, check: str, suite: str = "", *, answers: bool = False) -> None:
        """No later run takes over what this check scored until now. ``answers``: nor its answers, which are asked
        afresh. What is stored stays: a finished run is evidence of what it reported."""
        with self.database.writing() as connection:
            newest = max(connection.scalar(select(func.max(of.c.number))) or 0 for of in (runs, deleted_runs))
            row = {
                "suite": doc.stored_name(suite),
                "check_name": doc.stored_name(check),
                "time": moment(time.time()),
                "newest_run": newest,
                "answers": answers,
            }
            connection.execute(invalidations.insert().values(row))

    def scored_check_names(self, suite: str = "") -> list[str]:
        """Of checks that any run scored, or any run of a suite."""
        query = select(scores.c.run_id, scores.c.check_name).distinct()
        of_suite = select(runs.c.id).where(runs.c.suite == doc.stored_name(suite))
        with self.database.reading() as connection:
            rows = connection.execute(query.where(scores.c.run_id.in_(of_suite)) if suite else query).all()
        return sorted({doc.shown_name(check) for _, check in rows})

    def renewals(self, suite: str) -> dict[str, int]:
        """By check, which invalidation of its answers is the newest. Part of the keys of its requests."""
        newest = func.max(invalidations.c.number)
        query = select(invalidations.c.check_name, newest).where(_of_suite(suite), invalidations.c.answers)
        with self.database.reading() as connection:
            rows = connection.execute(query.group_by(invalidations.c.check_name)).all()
        return {doc.shown_name(check): int(number) for check, number in rows}

    def invalidations(self) -> list[Invalidation]:
        """In the order in which they were said."""
        with self.database.reading() as connection:
            rows = connection.execute(select(invalidations).order_by(invalidations.c.number)).all()
        return [
            Invalidation(doc.shown_name(row.suite), doc.shown_name(row.check_name), row.time, bool(row.answers))
            for row in rows
        ]


def _of_suite(suite: str) -> ColumnElement[bool]:
    return or_(invalidations.c.suite == "", invalidations.c.suite == doc.stored_name(suite))
