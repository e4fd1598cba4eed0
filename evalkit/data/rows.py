"""The words that readers, contracts and loading share: a row, and what is wrong with one."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalkit.errors import DatasetError, nearest

SHOWN_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One row as the file has it."""

    values: Mapping[str, Any]
    line: int
    """Where it begins, counted from 1; the row's number in formats without lines."""
    fault: str = ""
    """Why it could not be parsed; then ``values`` is empty."""
    field: str = ""
    """The column at fault, where that is known."""
    typed: bool = True
    """Values have types of their own. False for CSV, where every cell is text."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one row, and where it is."""

    file: str
    line: int
    field: str
    """The column; empty where the whole row is wrong."""
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: "
        return where + (f"{quoted(self.field)} {self.message}" if self.field else self.message)


class BadRows(DatasetError):
    """The file breaks its contract. ``problems`` are the first of them, ``count`` is how many of ``rows`` are bad."""

    def __init__(self, problems: Sequence[Problem], count: int, rows: int, file: str, hint: str = "") -> None:
        listed = "".join(f"\n  {problem}" for problem in problems)
        what = f"{count} of {rows} rows {'is' if count == 1 else 'are'} bad:{listed}"
        if count > len(problems):
            what += f"\n  and more ({len(problems)} problems shown)"
        usual = "correct them, or leave such rows out with on_error: skip (the report counts them)"
        super().__init__(what, where=file, hint=hint or usual)
        self.problems = tuple(problems)
        self.count = count
        self.rows = rows


def quoted(name: str, longest: int = 60) -> str:
    """A column name as messages print it: files are not trusted with a terminal's control characters."""
    shortened = name if len(name) <= longest else name[: longest - 3] + "..."
    return "'" + "".join(mark if mark.isprintable() else repr(mark)[1:-1] for mark in shortened) + "'"


def column_hint(wanted: str, known: Iterable[str], most: int = 30) -> str:
    """The nearest of a file's columns, and what they are."""
    names = [quoted(name)[1:-1] for name in itertools.islice(known, most + 1)]
    close = nearest(wanted, names)
    listing = ", ".join(names[:most]) + (", ..." if len(names) > most else "")
    return (f"did you mean '{close}'? " if close else "") + f"its columns: {listing}"


def shown(path: str | Path) -> str:
    """A path as messages print it: relative to the working directory where it lies below it."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)
