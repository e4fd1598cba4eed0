"""The words that readers, contracts and loading share: a row, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


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
        return f"{self.file}:{self.line}: " + (f"'{self.field}' {self.message}" if self.field else self.message)


def shown(path: str | Path) -> str:
    """A path as messages print it: relative to the working directory where it lies below it."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)
