"""``evalkit data stats``: what a file holds, in one pass and bounded memory."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalkit.data.contracts import Contract, Interpreter, contract_named
from evalkit.data.rows import Row
from evalkit.data.scanning import Scan
from evalkit.data.sources import file_source
from evalkit.data.values import from_cell
from evalkit.errors import DatasetError

MOST_LABEL_VALUES = 50
"""A column with more values than this is no label."""
LONGEST_LABEL = 80


@dataclass(frozen=True, slots=True)
class Distribution:
    count: int
    min: int
    mean: float
    median: float
    p95: int
    max: int

    @staticmethod
    def of(lengths: Mapping[int, int]) -> Distribution | None:
        """From how often each length occurs, exactly. p95 is the smallest length that 95% of texts do not exceed."""
        count = sum(lengths.values())
        if not count:
            return None
        ordered = sorted(lengths.items())
        mean = sum(length * times for length, times in ordered) / count
        middle = (_at(ordered, (count - 1) // 2) + _at(ordered, count // 2)) / 2
        p95 = _at(ordered, -(-95 * count // 100) - 1)
        return Distribution(count, ordered[0][0], mean, middle, p95, ordered[-1][0])

    def to_json(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "min": self.min,
            "mean": round(self.mean, 3),
            "median": self.median,
            "p95": self.p95,
            "max": self.max,
        }


def _at(ordered: list[tuple[int, int]], place: int) -> int:
    """The length at this place (from 0) of the sorted lengths."""
    for length, times in ordered:
        if place < times:
            return length
        place -= times
    return ordered[-1][0]


@dataclass(frozen=True, slots=True)
class ColumnStats:
    name: str
    present: int
    missing: int
    """Rows where it is absent, null or, in CSV, empty."""
    chars: Distribution | None = None
    """Of its texts; each item of a list of texts counts for itself."""
    words: Distribution | None = None
    values: Mapping[str, int] | None = None
    """How often each value occurs, most frequent first, where it has few."""

    def to_json(self) -> dict[str, Any]:
        return {
            "present": self.present,
            "missing": self.missing,
            "chars": self.chars.to_json() if self.chars else None,
            "words": self.words.to_json() if self.words else None,
            "values": dict(self.values) if self.values is not None else None,
        }


@dataclass(frozen=True, slots=True)
class Stats:
    file: str
    rows: int
    bad_rows: int
    """Rows that break the contract; they are counted in the columns all the same where they could be parsed."""
    unique_inputs: int
    unique_outputs: int
    columns: tuple[ColumnStats, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "rows": self.rows,
            "bad_rows": self.bad_rows,
            "unique_inputs": self.unique_inputs,
            "unique_outputs": self.unique_outputs,
            "columns": {column.name: column.to_json() for column in self.columns},
        }


@dataclass(slots=True)
class _Tally:
    present: int = 0
    chars: Counter[int] = field(default_factory=Counter)
    words: Counter[int] = field(default_factory=Counter)
    values: Counter[str] | None = field(default_factory=Counter)

    def add(self, value: Any) -> None:
        self.present += 1
        texts = [item for item in value if isinstance(item, str)] if isinstance(value, list) else [value]
        for text in texts:
            if isinstance(text, str):
                self.chars[len(text)] += 1
                self.words[len(text.split())] += 1
        if self.values is None:
            return
        written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        self.values[written] += 1
        if len(self.values) > MOST_LABEL_VALUES or len(written) > LONGEST_LABEL or isinstance(value, list | dict):
            self.values = None

    def finished(self, name: str, rows: int) -> ColumnStats:
        few = self.values if self.values and (len(self.values) < self.present or rows == 1) else None
        counted = dict(few.most_common()) if few is not None else None
        missing = rows - self.present
        return ColumnStats(
            name, self.present, missing, Distribution.of(self.chars), Distribution.of(self.words), counted
        )


def statistics(
    path: str | Path,
    contract: str | Contract = "evalkit",
    *,
    columns: Mapping[str, str] | None = None,
    format: str = "",  # noqa: A002 - the word that suites use
) -> Stats:
    """Rows, lengths, missing values, unique inputs and outputs, and the balance of columns with few values."""
    named = contract_named(contract)
    scan = Scan(file_source(path, format), Interpreter(named, columns, needs_prompt=not named.custom))
    tallies: dict[str, _Tally] = {}
    inputs: set[bytes] = set()
    outputs: set[bytes] = set()
    bad_rows = 0
    for row, entry in scan:
        bad_rows += bool(entry.faults)
        _count(row, tallies)
        asked = entry.prompt or "\0".join(message.content for message in entry.messages)
        if asked:
            inputs.add(_digest(asked))
        if entry.references:
            outputs.add(_digest("\0".join(entry.references)))
    if not scan.rows:
        raise DatasetError("has no rows", where=scan.file, hint="a dataset needs at least one row")
    parsed = tuple(tally.finished(name, scan.parsed) for name, tally in tallies.items())
    return Stats(scan.file, scan.rows, bad_rows, len(inputs), len(outputs), parsed)


def _count(row: Row, tallies: dict[str, _Tally]) -> None:
    for name, value in row.values.items():
        tally = tallies.setdefault(name, _Tally())
        # a JSON list in a CSV cell is a list; its numbers stay the text that they are
        read = from_cell(value) if not row.typed and value[:1] == "[" else value
        if read is not None and (row.typed or read != ""):
            tally.add(read)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
