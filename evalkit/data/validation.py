"""``evalkit data validate``: every problem of a file, one by one, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from evalkit.data.contracts import Contract, Interpreter, contract_named
from evalkit.data.filters import RowFilter
from evalkit.data.rows import Problem, column_hint
from evalkit.data.scanning import Asked, Scan, asked_by
from evalkit.data.sources import file_source
from evalkit.errors import DatasetError


class Problems:
    """Iterate it once. Afterwards ``rows``, ``bad_rows`` and ``columns`` say what was seen."""

    def __init__(self, scan: Scan, asked: Asked = asked_by) -> None:
        self._scan = scan
        self._asked = asked
        self.bad_rows = 0

    @property
    def rows(self) -> int:
        return self._scan.rows

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self._scan.columns)

    def __iter__(self) -> Iterator[Problem]:
        scan = self._scan
        for row, entry in scan:
            self._asked(row, entry)
            self.bad_rows += bool(entry.faults)
            for name, message in entry.faults:
                yield Problem(scan.file, row.line, name, message)
        if not scan.rows:
            raise DatasetError("has no rows", where=scan.file, hint="a dataset needs at least one row")
        scan.interpreter.contract.check_count(scan.rows, scan.file)
        for ours, theirs in scan.interpreter.mapping.items():
            if scan.parsed and theirs not in scan.columns:
                hint = column_hint(theirs, scan.columns)
                raise DatasetError(f"no row has the column '{theirs}', mapped to {ours}", where=scan.file, hint=hint)


def problems(
    path: str | Path,
    contract: str | Contract = "evalkit",
    *,
    columns: Mapping[str, str] | None = None,
    format: str = "",  # noqa: A002 - the word that suites use
    where: str = "",
) -> Problems:
    """What is wrong with a file under a contract: iterate over the result.

    A contract of a suite's own is checked as it is written; whether its rows make a prompt is seen when they are
    loaded with their template. Raises ``DatasetError`` where the file as a whole cannot be read.
    """
    named = contract_named(contract)
    interpreter = Interpreter(named, columns, needs_prompt=not named.custom)
    return Problems(Scan(file_source(path, format), interpreter, RowFilter(where) if where.strip() else None))
