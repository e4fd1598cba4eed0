"""One pass over a dataset's rows: read, filter, check against the contract, name, and notice repeated ids."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from evalkit.compact import Seen
from evalkit.data.contracts import Entry, Interpreter
from evalkit.data.filters import FilterFault, RowFilter
from evalkit.data.identity import row_name
from evalkit.data.rows import Row
from evalkit.data.sources import Source


class Ids:
    """Names rows and remembers the names of a million of them in bounded memory: a hash of sixteen bytes each, of which
    nobody can make two names that share one.

    A row without an id is named by its content, so its place in the file names nothing; equal rows are told apart by
    ``-2``, ``-3`` and so on, whichever comes first: they are interchangeable.
    """

    def __init__(self) -> None:
        self._written = Seen()
        self._given = Seen()
        self._copies: dict[int, int] = {}
        """Of names that were given more than once, how often."""

    def written(self, name: str) -> bool:
        """Notes an id that a row brings. Whether another row has it already."""
        digest = _digest(name)
        is_new = self._written.add(digest)
        return not is_new or digest in self._given

    def given(self, name: str) -> tuple[str, bool]:
        """The name of a row without an id, from that of its content, and whether a row has brought the same one."""
        first = _digest(name)
        if first in self._given:
            copies = self._copies[first] = self._copies.get(first, 1) + 1
            name = f"{name}-{copies}"
        digest = _digest(name)
        self._given.add(digest)
        return name, digest in self._written


class Uniques:
    """Columns of which a contract says that no two rows have the same value."""

    def __init__(self, interpreter: Interpreter) -> None:
        columns = (column.name for column in interpreter.contract.columns if column.unique)
        self._seen = {interpreter.mapping.get(name, name): Seen() for name in columns}

    def faults(self, row: Row) -> list[tuple[str, str]]:
        found = []
        for name, seen in self._seen.items():
            value = row.values.get(name)
            if value is None or (not row.typed and value == ""):
                continue
            written = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
            if not seen.add(_digest(written)):
                found.append((name, f"is not unique: an earlier row has {written[:60]} too"))
        return found


Asked = Callable[[Row, Entry], str]
"""What a row asks, in one text; what is wrong with it is added to the entry's faults."""


def asked_by(row: Row, entry: Entry) -> str:
    """Of a row that no template makes a prompt of."""
    return entry.prompt or "\0".join(message.content for message in entry.messages)


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "big")


@dataclass(slots=True)
class Scan:
    """Iterate it once; ``rows``, ``columns`` and ``matched`` count what has gone by."""

    source: Source
    interpreter: Interpreter
    filter: RowFilter | None = None
    rows: int = 0
    parsed: int = 0
    matched: int = 0
    columns: dict[str, None] = field(default_factory=dict)
    """In the order in which they were met."""

    file: str = field(init=False)
    """As messages show it."""

    def __post_init__(self) -> None:
        self.file = self.source.name

    def __iter__(self) -> Iterator[tuple[Row, Entry]]:
        """Rows that match the filter, or that are too broken to know; their faults are in the entry."""
        ids = Ids()
        uniques = Uniques(self.interpreter)
        for row in self.source.rows():
            self.rows += 1
            if not row.fault:
                self.parsed += 1
                self.columns.update(dict.fromkeys(row.values))
            faults: list[tuple[str, str]] = []
            if self.filter and not row.fault:
                try:
                    if not self.filter.matches(row):
                        continue
                except FilterFault as fault:
                    faults.append(("", f"the filter {fault}"))
            self.matched += 1
            entry = self.interpreter.read(row)
            entry.faults += faults
            if not row.fault:
                entry.faults += uniques.faults(row)
                self._name(entry, ids)
            yield row, entry

    def _name(self, entry: Entry, ids: Ids) -> None:
        if entry.id:
            repeated = ids.written(entry.id)
        elif entry.faults:
            return  # what it says cannot be trusted, and nobody will ask for it
        else:
            try:
                entry.id, repeated = ids.given(row_name(entry))
            except RecursionError:
                entry.faults.append(("", "is nested too deep to be read"))
                return
        if repeated:
            name = self.interpreter.mapping.get("id", "id")
            entry.faults.append((name, f"is not unique: an earlier row has {entry.id!r} too"))
