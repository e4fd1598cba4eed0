"""A dataset in another format, read back to see that it says the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalkit.data.formats import HUB, read_rows
from evalkit.data.rows import Row, shown
from evalkit.data.values import from_cell
from evalkit.data.writers import write_rows
from evalkit.errors import DatasetError

_MISSING = object()


@dataclass(frozen=True, slots=True)
class Converted:
    rows: int
    changed: int
    """Rows that are read back as something else."""
    first: str
    """The first of them: which row, which column, and what became of it."""


def convert(
    source: str,
    target: Path,
    *,
    format: str = "",  # noqa: A002 - the word that suites use
    to: str = "",
    columns: Mapping[str, str] | None = None,
    force: bool = False,
) -> Converted:
    """``columns`` renames: their name to the new one. A row that cannot be parsed is an error."""
    location = source if source.startswith(HUB) else str(Path(source).expanduser())

    def rows() -> Iterator[dict[str, Any]]:
        return (_renamed(values(row, location), columns or {}) for row in read_rows(location, format))

    written = write_rows(target, rows, to, force=force)
    if not written:
        target.unlink()
        raise DatasetError("has no rows", where=shown(location), hint="a dataset needs at least one row")
    changed, first = 0, ""
    for number, (ours, theirs) in enumerate(itertools.zip_longest(rows(), read_rows(target, to)), 1):
        difference = _difference(ours or {}, values(theirs, str(target)) if theirs else {})
        if difference:
            changed += 1
            first = first or f"row {number}, {difference}"
    return Converted(written, changed, first)


def values(row: Row, where: str) -> dict[str, Any]:
    """A row's columns with types, those without a value left out."""
    if row.fault:
        field = f"'{row.field}' " if row.field else ""
        hint = "correct it first; 'evalkit data validate' lists all such rows"
        raise DatasetError(f"{field}{row.fault}", where=f"{shown(where)}:{row.line}", hint=hint)
    given = row.values.items()
    read = {name: from_cell(value) if not row.typed and isinstance(value, str) else value for name, value in given}
    return {name: value for name, value in read.items() if value is not None}


def _renamed(row: dict[str, Any], columns: Mapping[str, str]) -> dict[str, Any]:
    return {columns.get(name, name): value for name, value in row.items()}


def _difference(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    for name in dict.fromkeys((*ours, *theirs)):
        before, after = ours.get(name, _MISSING), theirs.get(name, _MISSING)
        if before != after or type(before) is not type(after):
            return f"column '{name}': {_told(before)} becomes {_told(after)}"
    return ""


def _told(value: Any) -> str:
    if value is _MISSING:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
