"""Filling the index of a finished run: first its cases and their numbers, then the words of what was said.

Each batch is a transaction that begins where the last one, of whichever process, ended. So a fill that was killed goes
on where it was, and two that run at once take turns.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

from evalkit.errors import EvalkitError
from evalkit.query.words import MARK, MOST_CHARACTERS, searchable
from evalkit.records import Unscored, Vector
from evalkit.results import Exchange, MetricInfo, Result
from evalkit.runner.findings import MASKING, exchanges_of
from evalkit.runner.tables import restore
from evalkit.store import Store, StoredScore
from evalkit.store.documents import stored_name
from evalkit.web.browse.buckets import Buckets, cuts_of
from evalkit.web.browse.file import (
    DONE,
    EVERY,
    INDEXING,
    LISTING,
    MERGING,
    STATUSES,
    IndexedCheck,
    IndexedMetric,
    IndexFile,
    checks_of,
    metrics_document,
    packed,
    phase_of,
    set_phase,
    unpacked,
)

LISTED_AT_ONCE = 5000
INDEXED_AT_ONCE = 500
MERGED_AT_ONCE = 500
"""Pages of the index that one step of tidying writes."""
ALIKE = 4096
MOST_VALUES = 200
"""Of a label: one with more is no way to choose cases."""
LONGEST_VALUE = 80
Formula = Callable[[Vector], float | None]


class _Reader:
    """A check's scores in order, and how many were read."""

    def __init__(self, check: str, scores: Iterator[StoredScore]) -> None:
        self.check = check
        self.place = 0
        self._scores = scores

    def take(self, place: int, most: int) -> list[StoredScore]:
        skipped = sum(1 for _ in islice(self._scores, place - self.place))
        taken = list(islice(self._scores, most))
        self.place += skipped + len(taken)
        return taken


class Fill:
    """One run's. ``step`` does a little and says whether there is more to do."""

    def __init__(self, file: IndexFile, store: Store, result: Result) -> None:
        self._file = file
        self._store = store
        self._result = result
        self._masked = any(check.kind == MASKING for check in result.checks)
        self._summaries = {check.name: check for check in result.checks}
        self._formulas: dict[str, list[Formula | None]] = {}
        self._reading: _Reader | None = None

    def step(self) -> bool:
        return self._file.whole(self._step)

    def run(self) -> None:
        while self.step():
            pass

    def _step(self) -> bool:
        with self._file.writing() as connection:
            phase = phase_of(connection)
            if phase == LISTING:
                self._list(connection)
            elif phase == INDEXING:
                self._index(connection)
            elif phase == MERGING:
                _merge(connection)
            return phase != DONE

    # --- cases and numbers --------------------------------------------------------------------------------------------

    def _list(self, connection: sqlite3.Connection) -> None:
        checks = checks_of(connection)
        if not checks:
            self._name_checks(connection)
            return
        check = next((check for check in checks if not check.complete), None)
        if check is None:
            set_phase(connection, INDEXING)
            return
        batch = self._reader(check).take(check.listed, LISTED_AT_ONCE)
        formulas = self._formulas_of(check.name)
        first = check.rows[0] + check.listed
        connection.executemany(
            "INSERT INTO cases VALUES (?, ?, ?, ?)",
            (
                (first + place, stored_name(one.case), STATUSES.index(one.score.status), _numbers(check, formulas, one))
                for place, one in enumerate(batch)
            ),
        )
        complete = len(batch) < LISTED_AT_ONCE
        row = (check.listed + len(batch), complete, check.number)
        connection.execute("UPDATE checks SET listed = ?, complete = ? WHERE number = ?", row)
        if complete:
            _cut(connection, check)

    def _name_checks(self, connection: sqlite3.Connection) -> None:
        numbered = 0
        for number, check in enumerate(self._result.checks):
            metrics = [
                IndexedMetric(info.name, info.unit, info.better, place, Buckets(numbered + place, ()))
                for place, info in enumerate(check.metrics)
            ]
            numbered += len(metrics)
            row = (number, check.name, metrics_document(metrics))
            connection.execute("INSERT INTO checks (number, name, metrics) VALUES (?, ?, ?)", row)
        if not self._result.checks:
            set_phase(connection, DONE)

    def _reader(self, check: IndexedCheck) -> _Reader:
        """From where the file ends: that is where ours is, unless another process was faster or the file is new."""
        if self._reading is None or self._reading.check != check.name or self._reading.place > check.listed:
            self._reading = _Reader(check.name, self._store.iter_scores(self._result.run.id, check.name))
        return self._reading

    def _formulas_of(self, check: str) -> list[Formula | None]:
        if check not in self._formulas:
            self._formulas[check] = [_formula(info) for info in self._summaries[check].metrics]
        return self._formulas[check]

    # --- words --------------------------------------------------------------------------------------------------------

    def _index(self, connection: sqlite3.Connection) -> None:
        check = next((check for check in checks_of(connection) if check.indexed < check.listed), None)
        if check is None:
            connection.execute("INSERT INTO words (words, rank) VALUES ('merge', -16)")
            set_phase(connection, MERGING)
            return
        first = check.rows[0] + check.indexed
        wanted = "SELECT row, name, status, numbers FROM cases WHERE row >= ? AND row <= ? ORDER BY row LIMIT ?"
        cases = connection.execute(wanted, (first, check.rows[1], INDEXED_AT_ONCE)).fetchall()
        said = self._said(check.name, [name for _, name, _, _ in cases])
        labels = _Labels(connection, check.number)
        rows = []
        for row, name, status, numbers in cases:
            exchanges = said.get(name, [])
            tags = [EVERY, status_word(status), *labels.words(exchanges)]
            for metric, value in zip(check.metrics, unpacked(numbers), strict=True):
                tags += metric.buckets.words(value)
            rows.append((row, " ".join(tags), _answers(exchanges), _prompts(exchanges), searchable(name)))
        connection.executemany("INSERT INTO words (rowid, tags, answer, prompt, name) VALUES (?, ?, ?, ?, ?)", rows)
        labels.keep()
        connection.execute("UPDATE checks SET indexed = indexed + ? WHERE number = ?", (len(rows), check.number))

    def _said(self, check: str, names: Sequence[str]) -> dict[str, list[Exchange]]:
        from evalkit.store.documents import shown_name

        run = self._result.run
        scores = self._store.get_scores(run.id, check, map(shown_name, names))
        fingerprint = run.datasets.get(self._summaries[check].dataset, "")
        found = exchanges_of(self._store, fingerprint, scores, masked=self._masked)
        return {stored_name(case): exchanges for case, exchanges in found.items()}


def status_word(status: int) -> str:
    return f"{MARK}s{status}"


def label_word(number: int) -> str:
    return f"{MARK}l{number}"


def _cut(connection: sqlite3.Connection, check: IndexedCheck) -> None:
    """All values of a check are known: so are the buckets that hold about equally many."""
    import numpy as np

    width = len(check.metrics)
    stored = connection.execute("SELECT numbers FROM cases WHERE row BETWEEN ? AND ?", check.rows)
    table = np.frombuffer(b"".join(numbers for (numbers,) in stored), dtype="<f8")
    table = table.reshape(-1, width) if width else table.reshape(-1, 1)
    metrics = []
    for metric in check.metrics:
        column = table[:, metric.place]
        cuts = cuts_of(column[~np.isnan(column)])
        metrics.append(
            IndexedMetric(
                metric.name, metric.unit, metric.better, metric.place, Buckets(metric.buckets.number, tuple(cuts))
            )
        )
    connection.execute("UPDATE checks SET metrics = ? WHERE number = ?", (metrics_document(metrics), check.number))


def _merge(connection: sqlite3.Connection) -> None:
    """Until every word has its cases in one place; a little at a time, so that nobody waits for it."""
    before = connection.total_changes
    connection.execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (MERGED_AT_ONCE,))
    if connection.total_changes - before < 2:  # as SQLite's manual has it: nothing was left to merge
        set_phase(connection, DONE)


def value_of(info: MetricInfo, score: StoredScore) -> float | None:
    """Of one case; none where it was not measured, or its formula is not installed here."""
    return _value(_formula(info), score.score.results.get(info.name))


def _value(formula: Formula | None, measured: Vector | Unscored | None) -> float | None:
    return None if formula is None or measured is None or isinstance(measured, Unscored) else formula(measured)


def _formula(info: MetricInfo) -> Formula | None:
    """Many cases have equal statistics, and some formulas take their time."""
    try:
        metric = restore(info, {})
    except EvalkitError:  # its plugin is not installed here: the metric has no values, everything else does
        return None

    def value(vector: Vector) -> float | None:
        try:
            found = vector[0] if metric.kind == "quantile" else metric.value(vector)
        except Exception:  # noqa: BLE001 - a metric is a plugin: where it fails, the case has no value to sort by
            return None
        return None if found is None or not math.isfinite(found) else float(found)

    return lru_cache(maxsize=ALIKE)(value)


def _numbers(check: IndexedCheck, formulas: Sequence[Formula | None], one: StoredScore) -> bytes:
    measured = (one.score.results.get(metric.name) for metric in check.metrics)
    return packed([_value(formula, found) for formula, found in zip(formulas, measured, strict=True)])


def _answers(exchanges: Iterable[Exchange]) -> str:
    return searchable(_joined(dict.fromkeys(exchange.answer for exchange in exchanges)))


def _prompts(exchanges: Iterable[Exchange]) -> str:
    """What was asked, and what was hoped for; once, where several answers answer one prompt."""
    texts: dict[str, None] = {}
    for exchange in exchanges:
        texts.update(dict.fromkeys(message.content for message in exchange.messages))
        texts.update(dict.fromkeys(exchange.references))
    return searchable(_joined(texts))


def _joined(texts: Iterable[str]) -> str:
    """No longer than what is searched: a thousand answers of a megabyte are not put together first."""
    parts, size = [], 0
    for text in texts:
        parts.append(text[:MOST_CHARACTERS])
        size += len(text)
        if size >= MOST_CHARACTERS:
            break
    return "\n".join(parts)


class _Labels:
    """Labels with few values, each numbered; one that turns out to have many is given up."""

    def __init__(self, connection: sqlite3.Connection, check: int) -> None:
        self._connection = connection
        self._check = check
        self._numbers: dict[tuple[str, str], int] = {}
        self._values: dict[str, int] = {}
        self._counts: dict[int, int] = {}
        known = "SELECT number, name, value FROM labels WHERE check_number = ?"
        for number, name, value in connection.execute(known, (check,)):
            self._numbers[name, value] = number
            self._values[name] = self._values.get(name, 0) + 1

    def words(self, exchanges: Sequence[Exchange]) -> Iterator[str]:
        if not exchanges:
            return
        labels: Mapping[str, Any] = {"finish": exchanges[0].finish, **exchanges[0].labels}
        for name, value in labels.items():
            if isinstance(value, str | int | float) and (number := self._number(str(name), _written(value))):
                self._counts[number] = self._counts.get(number, 0) + 1
                yield label_word(number)

    def _number(self, name: str, value: str) -> int:
        if len(value) > LONGEST_VALUE or not value:
            return 0
        key = (stored_name(name[:LONGEST_VALUE]), stored_name(value))
        if key not in self._numbers:
            if self._values.get(key[0], 0) >= MOST_VALUES:
                return 0
            added = self._connection.execute(
                "INSERT INTO labels (check_number, name, value, cases) VALUES (?, ?, ?, 0)", (self._check, *key)
            )
            self._numbers[key] = int(added.lastrowid or 0)
            self._values[key[0]] = self._values.get(key[0], 0) + 1
        return self._numbers[key]

    def keep(self) -> None:
        changed = [(count, number) for number, count in self._counts.items()]
        self._connection.executemany("UPDATE labels SET cases = cases + ? WHERE number = ?", changed)


def _written(value: str | float) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
