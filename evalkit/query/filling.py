"""The search index follows the runs database: new finished runs are taken in, deleted ones go.

Each batch is a transaction that begins where the last one, of whichever process, ended: a fill that was killed goes on
where it was, and two that run at once take turns.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from evalkit.query.index import Damaged, IndexFile
from evalkit.query.words import MOST_CHARACTERS, searchable
from evalkit.results import Exchange
from evalkit.runner.findings import MASKING, exchanges_of
from evalkit.store import Store, StoredScore
from evalkit.store.documents import shown_name, stored_name

AT_ONCE = 1000
Tell = Callable[[int, int], None]
"""Is told how many cases are taken in, and of how many."""


@dataclass(frozen=True, slots=True)
class Said:
    """An answer as a case of a check has it."""

    place: int
    """Among the case's answers."""
    prompt: str
    answer: str
    category: str
    exchange: Exchange

    @property
    def digest(self) -> bytes:
        text = json.dumps([self.prompt[:MOST_CHARACTERS], self.answer[:MOST_CHARACTERS]])
        return hashlib.blake2b(text.encode("ascii"), digest_size=16).digest()


class RunReader:
    """What was said in a run, check by check. As in reports, a run with a check for leaks is masked."""

    def __init__(self, store: Store, run_id: str) -> None:
        document = json.loads(store.get_result(run_id))
        run = store.get_run(run_id)
        self._store = store
        self._run_id = run_id
        self._fingerprints = {one["name"]: run.datasets.get(one["dataset"], "") for one in document["checks"]}
        self._masked = any(one["kind"] == MASKING for one in document["checks"])

    def scores(self) -> Iterator[StoredScore]:
        return self._store.iter_scores(self._run_id)

    def said(self, scores: Sequence[StoredScore]) -> Iterator[tuple[StoredScore, list[Said]]]:
        """Of scores of one check after the other."""
        for check in dict.fromkeys(score.check for score in scores):
            of_check = [score for score in scores if score.check == check]
            fingerprint = self._fingerprints.get(check, "")
            found = exchanges_of(self._store, fingerprint, of_check, masked=self._masked)
            for score in of_check:
                yield score, [_said(place, one) for place, one in enumerate(found[score.case]) if not one.error]

    def of_cases(self, check: str, cases: Sequence[str]) -> dict[tuple[str, int], Said]:
        """By case and place."""
        scores = self._store.get_scores(self._run_id, check, cases)
        return {(score.case, one.place): one for score, said in self.said(scores) for one in said}


def _said(place: int, exchange: Exchange) -> Said:
    prompt = "\n".join(message.content for message in exchange.messages)
    return Said(place, prompt, exchange.answer, str(exchange.labels.get("category", "")), exchange)


class Fill:
    def __init__(self, file: IndexFile, store: Store, tell: Tell = lambda *_: None) -> None:
        self._file = file
        self._store = store
        self._tell = tell

    def run(self) -> None:
        """Until the index has all finished runs that there are."""
        todo = self._sync()
        sizes = {number: self._store.counts(run_id).scores for number, run_id in todo.items()}
        total, before = sum(sizes.values()), 0
        for number, run_id in todo.items():
            self._tell(before, total)
            for filled in self._fill(number, run_id):
                self._tell(before + filled, total)
            before += sizes[number]
        if todo:
            with self._file.writing() as connection:
                connection.execute("INSERT INTO words (words, rank) VALUES ('merge', 500)")

    def _sync(self) -> dict[int, str]:
        """Runs that are not all in it yet, by number, the newest first."""
        there = {stored_name(run.id): run for run in self._store.list_runs() if run.state == "finished"}
        trash = {stored_name(one.run.id) for one in self._store.list_trash()}
        words = self._store.outcomes(run.id for run in there.values())
        outcomes = {stored_name(run_id): stored_name(word) for run_id, word in words.items()}
        with self._file.writing() as connection:
            known = {one[0]: one[1:] for one in connection.execute("SELECT id, number, made, outcome FROM runs")}
            for name, (number, made, outcome) in known.items():
                run = there.get(name)
                if name not in trash and (run is None or run.finished != made):
                    raise Damaged("it has words of a run that was purged, and cannot forget them")
                if run is None:
                    _empty(connection, number)
                elif outcome != outcomes.get(name, ""):
                    told = (outcomes.get(name, ""), number)
                    connection.execute("UPDATE runs SET outcome = ? WHERE number = ?", told)
            new = [run for name, run in there.items() if name not in known]
            connection.executemany(
                "INSERT INTO runs (id, made, suite, model, created, outcome) VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (
                        *map(
                            stored_name,
                            (run.id, run.finished, run.suite, run.model, run.created, words.get(run.id, "")),
                        ),
                    )
                    for run in reversed(new)
                ],
            )
            rows = connection.execute("SELECT number, id FROM runs WHERE complete = 0 ORDER BY number DESC")
            return {number: shown_name(run_id) for number, run_id in rows if run_id in there}

    def _fill(self, number: int, run_id: str) -> Iterator[int]:
        reader = RunReader(self._store, run_id)
        scores, at = reader.scores(), 0
        while True:
            with self._file.writing() as connection:
                row = connection.execute("SELECT filled, complete FROM runs WHERE number = ?", (number,)).fetchone()
                if row is None or row[1]:
                    return
                at += sum(1 for _ in islice(scores, max(0, row[0] - at)))
                batch = list(islice(scores, AT_ONCE))
                at += len(batch)
                _take_in(connection, number, reader, batch)
                complete = len(batch) < AT_ONCE
                connection.execute("UPDATE runs SET filled = ?, complete = ? WHERE number = ?", (at, complete, number))
            yield at
            if complete:
                return


def _take_in(connection: sqlite3.Connection, run: int, reader: RunReader, batch: Sequence[StoredScore]) -> None:
    uses: list[tuple[Any, ...]] = []
    for score, said in reader.said(batch):
        status = str(score.score.status)
        for one in said:
            text = _number(connection, one)
            names = map(stored_name, (score.check, score.case))
            uses.append((text, run, *names, one.place, stored_name(one.category), status))
    connection.executemany("INSERT OR REPLACE INTO uses VALUES (?, ?, ?, ?, ?, ?, ?)", uses)


def _number(connection: sqlite3.Connection, said: Said) -> int:
    """Of a text that is known, or is from now on."""
    digest = said.digest
    found = connection.execute("SELECT number FROM texts WHERE digest = ?", (digest,)).fetchone()
    if found:
        return int(found[0])
    added = connection.execute("INSERT INTO texts (digest) VALUES (?)", (digest,))
    number = int(added.lastrowid or 0)
    row = (number, searchable(said.answer), searchable(said.prompt))
    connection.execute("INSERT INTO words (rowid, answer, prompt) VALUES (?, ?, ?)", row)
    return number


def _empty(connection: sqlite3.Connection, run: int) -> None:
    """Of a run in the trash: it may come back, and when it is purged its words have to go."""
    connection.execute("DELETE FROM uses WHERE run = ?", (run,))
    connection.execute("UPDATE runs SET filled = 0, complete = 0 WHERE number = ?", (run,))
