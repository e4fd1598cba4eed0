"""One pass over a dataset's rows: read, filter, check against the contract, and notice repeated ids."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from evalkit.data.contracts import Entry, Interpreter
from evalkit.data.filters import FilterFault, RowFilter
from evalkit.data.formats import HUB, read_rows
from evalkit.data.rows import Row, shown

_GENERATED = re.compile(r"row-([1-9]\d*)")


class Ids:
    """Remembers ids of a million rows in bounded memory: eight bytes of hash each, a byte where the row had none."""

    def __init__(self) -> None:
        self._written: set[int] = set()
        self._generated = bytearray()

    def repeated(self, written: str, number: int) -> bool:
        """Notes the id of row ``number`` (empty: it has none and gets ``row-NUMBER``)."""
        if not written:
            self._generated.extend(bytes(number + 1 - len(self._generated)))
            self._generated[number] = 1
            return bool(self._written) and _digest(f"row-{number}") in self._written
        digest = _digest(written)
        if digest in self._written:
            return True
        self._written.add(digest)
        like_ours = _GENERATED.fullmatch(written)
        place = int(like_ours[1]) if like_ours and len(written) < 16 else 0
        return 0 < place < len(self._generated) and self._generated[place] == 1


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


@dataclass(slots=True)
class Scan:
    """Iterate it once; ``rows``, ``columns`` and ``matched`` count what has gone by."""

    path: str
    format: str
    interpreter: Interpreter
    filter: RowFilter | None = None
    where: str = ""
    rows: int = 0
    parsed: int = 0
    matched: int = 0
    columns: dict[str, None] = field(default_factory=dict)
    """In the order in which they were met."""

    file: str = field(init=False)
    """As messages show it."""

    def __post_init__(self) -> None:
        self.file = self.path if self.path.startswith(HUB) else shown(self.path)

    def __iter__(self) -> Iterator[tuple[Row, Entry]]:
        """Rows that match the filter, or that are too broken to know; their faults are in the entry."""
        ids = Ids()
        for row in read_rows(self.path, self.format, where=self.where):
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
                if ids.repeated(entry.id, self.rows):
                    name = self.interpreter.mapping.get("id", "id")
                    entry.faults.append(
                        (name, f"is not unique: an earlier row has {entry.id or f'row-{self.rows}'!r} too")
                    )
                entry.id = entry.id or f"row-{self.rows}"
            yield row, entry
