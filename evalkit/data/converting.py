"""A dataset in another format, read back to see that it says the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalkit.data.contracts import PROMPT_COLUMNS, REFERENCE_ALIASES
from evalkit.data.formats import HUB, read_rows
from evalkit.data.rows import Row, shown
from evalkit.data.values import from_cell, unreal_number
from evalkit.data.writers import SEPARATORS, writable_format, write_rows
from evalkit.errors import DatasetError

_MISSING = object()
_TEXTS = frozenset({"id", *PROMPT_COLUMNS, "chosen", "rejected"})
"""Columns of a table that are text, whatever their cells look like: the question 1984 is no number."""
_TEXTS_OR_LISTS = frozenset({"references", *REFERENCE_ALIASES})


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
    into_table = is_table(target, to)

    def rows() -> Iterator[dict[str, Any]]:
        read = cells if into_table else values
        return (read(row, location, columns) for row in read_rows(location, format))

    written = write_rows(target, rows, to, force=force)
    if not written:
        target.unlink()
        raise DatasetError("has no rows", where=shown(location), hint="a dataset needs at least one row")
    changed, first = 0, ""
    for number, (ours, theirs) in enumerate(
        itertools.zip_longest(read_rows(location, format), read_rows(target, to)), 1
    ):
        read = cells if into_table and ours and not ours.typed else values
        before = read(ours, location, columns) if ours else {}
        difference = _difference(before, read(theirs, str(target)) if theirs else {})
        if difference:
            changed += 1
            first = first or f"row {number}, {difference}"
    return Converted(written, changed, first)


def values(row: Row, where: str, names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A row's columns with types, those without a value left out. ``names``: what columns are called anew."""
    _refuse_fault(row, where)
    called = _called(row, names or {})
    unreal = next((name for name, value in called.items() if row.typed and unreal_number(value)), None)
    if unreal is not None:
        what = f"'{unreal}' is NaN or infinite, which no JSON holds and no dataset may"
        raise DatasetError(what, where=f"{shown(where)}:{row.line}", hint="make it null, or leave the row out")
    read = called if row.typed else {name: _from_cell(name, str(cell)) for name, cell in called.items()}
    return {name: value for name, value in read.items() if value is not None}


def cells(row: Row, where: str, names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """As ``values``; but those of a table as they are written, ``1.50`` and empty ones, for another table."""
    if row.typed:
        return values(row, where, names)
    _refuse_fault(row, where)
    return _called(row, names or {})


def is_table(path: Path, format: str = "") -> bool:  # noqa: A002 - the word that suites use
    return writable_format(path, format) in SEPARATORS


def _refuse_fault(row: Row, where: str) -> None:
    if row.fault:
        field = f"'{row.field}' " if row.field else ""
        hint = "correct it first; 'evalkit data validate' lists all such rows"
        raise DatasetError(f"{field}{row.fault}", where=f"{shown(where)}:{row.line}", hint=hint)


def _called(row: Row, names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in row.values.items()}


def _from_cell(name: str, cell: str) -> Any:
    read = from_cell(cell)
    if read is None or name not in _TEXTS | _TEXTS_OR_LISTS:
        return read
    return read if name in _TEXTS_OR_LISTS and isinstance(read, list) else cell


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
