"""Answers by request key, and what went wrong: failed attempts and contradicting answers."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from evalkit.records import Answer, Request
from evalkit.store import documents as doc
from evalkit.store.engine import Database, in_chunks
from evalkit.store.rows import FailedRequest, Incident
from evalkit.store.runs import moment, renew_lease
from evalkit.store.schema import answers, attempts, incidents

_by_keys = answers.c.key.in_(bindparam("keys", expanding=True))
_found = select(answers.c.key, answers.c.run_id, answers.c.wanted, answers.c.document).where(_by_keys)
_held = select(answers.c.key, answers.c.wanted, answers.c.document).where(_by_keys)


class AnswerTables:
    database: Database

    def get_answers(
        self,
        keys: Iterable[str],
        wants: Mapping[str, frozenset[str]] | None = None,
        *,
        run_id: str = "",
    ) -> dict[str, Answer]:
        """The stored answers to these requests; keys without one are absent.

        An answer that was made without something that is wanted of it now counts as absent. ``reused`` says that
        another run than ``run_id`` made it.
        """
        maker = doc.stored_name(run_id)
        found: dict[str, Answer] = {}
        with self.database.reading() as connection:
            for chunk in in_chunks(dict.fromkeys(keys)):
                for key, made_by, wanted, document in connection.execute(_found, {"keys": chunk}):
                    if _has(wanted, wants.get(key) if wants else None):
                        found[key] = doc.answer_of(doc.load(document), reused=made_by != maker)
        return found

    def put_answers(self, run_id: str, made: Iterable[tuple[str, Request, Answer]]) -> int:
        """Keep a block of answers in one transaction; the number of requests that have their answer for the first time.

        * A failure never takes a request's place: it goes to the attempts, and the request can be tried again.
        * A second answer with the same text adds what was wanted of it (margins, log-probabilities) to the first.
        * A second answer with another text goes to the incidents, and the first stays.
        """
        maker, now = doc.stored_name(run_id), time.time()
        block = list(made)
        answered = [(key, request, answer) for key, request, answer in block if not _failed(answer)]
        failures = [
            {
                "run_id": maker,
                "key": key,
                "time": moment(now),
                "kind": answer.failure.kind.value if answer.failure else "error",
                "request": doc.request_document(request),
                "document": doc.answer_document(answer),
            }
            for key, request, answer in block
            if _failed(answer)
        ]
        with self.database.writing() as connection:
            renew_lease(connection, maker, now)
            if failures:
                self.database.put(connection, attempts, failures)
            return self._put_answered(connection, maker, now, answered) if answered else 0

    def _put_answered(
        self, connection: Connection, maker: str, now: float, answered: Sequence[tuple[str, Request, Answer]]
    ) -> int:
        present = _stored(connection, [key for key, _, _ in answered])
        new: dict[str, dict[str, Any]] = {}
        changed: dict[str, dict[str, Any]] = {}
        second: list[dict[str, Any]] = []
        for key, request, answer in answered:
            wanted = _wanted(request, answer)
            document = doc.answer_document(answer)
            held = new.get(key) or changed.get(key) or present.get(key)
            if held is None:
                new[key] = {"key": key, "run_id": maker, "made": now, "wanted": _joined(wanted), "document": document}
                continue
            first = doc.load(held["document"])
            if first["text"] != answer.text:
                incident = {
                    "run_id": maker,
                    "key": key,
                    "time": moment(now),
                    "first": held["document"],
                    "second": document,
                }
                second.append(incident)
                continue
            together = _joined(wanted | set(held["wanted"].split()))
            if together != held["wanted"]:
                merged = {**held, "wanted": together, "document": doc.dump({**doc.load(document), **first})}
                (new if key in new else changed)[key] = merged
        if new:
            self.database.put(connection, answers, list(new.values()))
        if changed:
            rows = [{"of": row["key"], "new_wanted": row["wanted"], "new": row["document"]} for row in changed.values()]
            change = update(answers).where(answers.c.key == bindparam("of"))
            connection.execute(change.values(wanted=bindparam("new_wanted"), document=bindparam("new")), rows)
        if second:
            self.database.put(connection, incidents, second)
        return len(new)

    def incidents(self, run_id: str = "") -> list[Incident]:
        """Requests that were answered with two different texts, in the order in which that was noticed."""
        query = select(incidents.c.key, incidents.c.first, incidents.c.second, incidents.c.time).order_by(
            incidents.c.number
        )
        if run_id:
            query = query.where(incidents.c.run_id == doc.stored_name(run_id))
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return [
            Incident(key, doc.load(first)["text"], doc.load(second)["text"], when) for key, first, second, when in rows
        ]

    def last_attempts(self, run_id: str, keys: Iterable[str]) -> dict[str, FailedRequest]:
        """How these requests failed in a run, the last time that they did; keys that did not fail are absent."""
        columns = (attempts.c.key, attempts.c.request, attempts.c.document)
        of_run = select(*columns).where(attempts.c.run_id == doc.stored_name(run_id))
        found: dict[str, FailedRequest] = {}
        with self.database.reading() as connection:
            for chunk in in_chunks(dict.fromkeys(keys)):
                query = of_run.where(attempts.c.key.in_(chunk)).order_by(attempts.c.number)
                for key, request, said in connection.execute(query):
                    found[key] = FailedRequest(doc.load(request), doc.answer_of(doc.load(said)))
        return found

    def attempts(self, run_id: str) -> list[tuple[str, Answer]]:
        """Failed requests of a run, each time they failed: key and answer (with its failure), in order."""
        query = select(attempts.c.key, attempts.c.document).where(attempts.c.run_id == doc.stored_name(run_id))
        with self.database.reading() as connection:
            rows = connection.execute(query.order_by(attempts.c.number)).all()
        return [(key, doc.answer_of(doc.load(document))) for key, document in rows]


def _failed(answer: Answer) -> bool:
    return answer.failure is not None or answer.finish == "error"


def _wanted(request: Request, answer: Answer) -> set[str]:
    """What later requests can expect of the answer: what was asked for (had or not), and what came unasked."""
    came = {name for name in ("margins", "logprobs") if getattr(answer, name) is not None}
    return came | request.wants


def _joined(wanted: set[str] | frozenset[str]) -> str:
    return " ".join(sorted(wanted))


def _has(wanted: str, needed: frozenset[str] | None) -> bool:
    return not needed or needed <= set(wanted.split())


def _stored(connection: Connection, keys: list[str]) -> dict[str, dict[str, Any]]:
    return {
        key: {"key": key, "wanted": wanted, "document": document}
        for chunk in in_chunks(keys)
        for key, wanted, document in connection.execute(_held, {"keys": chunk})
    }
