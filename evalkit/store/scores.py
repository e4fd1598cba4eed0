"""Judgements: one per run, check and case."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Row, bindparam, delete, select, tuple_

from evalkit.errors import StoreError
from evalkit.records import Score
from evalkit.store import documents as doc
from evalkit.store.engine import Database, in_chunks
from evalkit.store.rows import EvidenceRow, ScoreRow, StoredScore
from evalkit.store.runs import FINISHED, known_state, renew_lease
from evalkit.store.schema import evidence as evidence_table
from evalkit.store.schema import scores

PAGE = 2000
REPLACED = ("position", "cluster", "samples", "signature", "answer_keys", "document")


class ScoreTables:
    database: Database

    def put_scores(self, run_id: str, rows: Iterable[ScoreRow], evidence: Iterable[EvidenceRow] = ()) -> None:
        """Keep a block of judgements, and what they say about gates, in one transaction; judging a case again replaces
        what was there, and so does evidence of the same block and gate.

        A finished run takes no more: what was reported must be what is stored.
        """
        maker = doc.stored_name(run_id)
        block = [_row(maker, row) for row in rows]
        said = [_evidence_row(maker, row) for row in evidence]
        if not block and not said:
            return
        with self.database.writing() as connection:
            if known_state(connection, maker) == FINISHED:
                raise StoreError(f"run {run_id} is finished: its scores cannot change", hint="start a new run")
            renew_lease(connection, maker, time.time())
            self.database.put(connection, scores, block, "replace")
            self.database.put(connection, evidence_table, said, "replace")

    def forget_scores(self, run_id: str) -> None:
        """All judgements of an unfinished run, and their evidence: it judges its answers anew, and may end earlier."""
        maker = doc.stored_name(run_id)
        with self.database.writing() as connection:
            if known_state(connection, maker) == FINISHED:
                raise StoreError(f"run {run_id} is finished: its scores cannot change", hint="start a new run")
            for table in (scores, evidence_table):
                connection.execute(delete(table).where(table.c.run_id == maker))

    def get_evidence(self, run_id: str) -> list[EvidenceRow]:
        """What the blocks of a run say about its gates: block after block, gates by name."""
        columns = (evidence_table.c.block, evidence_table.c.gate, evidence_table.c.document)
        query = select(*columns).where(evidence_table.c.run_id == doc.stored_name(run_id))
        with self.database.reading() as connection:
            found = [EvidenceRow(block, doc.shown_name(gate), said) for block, gate, said in connection.execute(query)]
        return sorted(found)  # not by the database: each sorts texts in its own way

    def iter_scores(self, run_id: str, check: str = "") -> Iterator[StoredScore]:
        """In the order of positions, check after check by name. Read page by page: nothing is held in between, so
        the caller may write while it reads."""
        for name in [doc.stored_name(check)] if check else self._stored_checks(run_id):
            for row in self._iter_check(doc.stored_name(run_id), name, ("case_id", *REPLACED)):
                yield _stored(name, row)

    def iter_measured(self, run_id: str, check: str) -> Iterator[tuple[str, str, Score]]:
        """Case, cluster and score of each, in the same order, and nothing else of it: no evidence, no keys."""
        columns = ("case_id", "position", "cluster", "document")
        for row in self._iter_check(doc.stored_name(run_id), doc.stored_name(check), columns):
            name, _, cluster, document = tuple(row)
            yield doc.shown_name(name), doc.shown_name(cluster), doc.measured_of(document)

    def _iter_check(self, run_id: str, check: str, columns: Iterable[str]) -> Iterator[Row[Any]]:
        wanted = select(*(scores.c[column] for column in columns))
        wanted = wanted.where(scores.c.run_id == run_id, scores.c.check_name == check)
        order = (scores.c.position, scores.c.case_id)
        page = wanted.order_by(*order).limit(PAGE)
        query = page
        while True:
            with self.database.reading() as connection:
                rows = connection.execute(query).all()
            yield from rows
            if len(rows) < PAGE:
                return
            query = page.where(tuple_(*order) > (rows[-1].position, rows[-1].case_id))

    def get_scores(self, run_id: str, check: str, cases: Iterable[str]) -> list[StoredScore]:
        """Of these cases of one check, in the order of positions; cases without a score are absent."""
        columns = tuple(scores.c[column] for column in ("case_id", *REPLACED))
        named = select(*columns).where(
            scores.c.run_id == doc.stored_name(run_id),
            scores.c.check_name == doc.stored_name(check),
            scores.c.case_id.in_(bindparam("cases", expanding=True)),
        )
        with self.database.reading() as connection:
            rows = [
                row
                for chunk in in_chunks(dict.fromkeys(map(doc.stored_name, cases)))
                for row in connection.execute(named, {"cases": chunk})
            ]
        return [
            _stored(doc.stored_name(check), row) for row in sorted(rows, key=lambda row: (row.position, row.case_id))
        ]

    def cases_of(self, run_id: str, check: str) -> dict[str, str]:
        """The cases that a check has judged in a run, each with the signature under which it did."""
        query = select(scores.c.case_id, scores.c.signature).where(
            scores.c.run_id == doc.stored_name(run_id), scores.c.check_name == doc.stored_name(check)
        )
        with self.database.reading() as connection:
            return {doc.shown_name(case): doc.shown_name(signature) for case, signature in connection.execute(query)}

    def _stored_checks(self, run_id: str) -> list[str]:
        query = select(scores.c.check_name).where(scores.c.run_id == doc.stored_name(run_id)).distinct()
        with self.database.reading() as connection:
            return sorted(connection.scalars(query), key=doc.shown_name)


def _row(run_id: str, row: ScoreRow) -> dict[str, object]:
    case = row.case
    samples = [sample.id for sample in case.samples]
    return {
        "run_id": run_id,
        "check_name": doc.stored_name(row.check),
        "case_id": doc.stored_name(case.id),
        "position": row.position,
        "cluster": doc.stored_name(case.cluster),
        "samples": "" if samples == [case.id] else doc.dump(samples),
        "signature": doc.stored_name(row.signature),
        "answer_keys": " ".join(row.keys),
        "document": doc.score_document(row.score),
    }


def _evidence_row(run_id: str, row: EvidenceRow) -> dict[str, object]:
    document = doc.without_nul(row.document, "evidence")
    return {"run_id": run_id, "block": row.block, "gate": doc.stored_name(row.gate), "document": document}


def _stored(check: str, row: Row[Any]) -> StoredScore:
    name, position, cluster, samples, signature, keys, document = tuple(row)
    case = doc.shown_name(name)
    return StoredScore(
        check=doc.shown_name(check),
        case=case,
        cluster=doc.shown_name(cluster),
        samples=tuple(doc.load(samples)) if samples else (case,),
        position=position,
        keys=tuple(keys.split()),
        score=doc.score_of(doc.load(document)),
        signature=doc.shown_name(signature),
    )
