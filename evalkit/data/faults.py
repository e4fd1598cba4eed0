"""Rows made worse on purpose, and a log of every change: what people type, and what goes wrong with files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from evalkit import plugins
from evalkit.data.contracts import PROMPT_COLUMNS
from evalkit.data.converting import cells, is_table, values
from evalkit.data.formats import read_rows
from evalkit.data.perturb.base import Rewording
from evalkit.data.perturb.expand import GROUP
from evalkit.data.rows import shown
from evalkit.errors import DatasetError, did_you_mean

_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One value that is no longer what it was."""

    row: int
    """From 1."""
    id: str
    column: str
    how: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Spoiling:
    kinds: Sequence[str]
    """Rewordings, and faults of files."""
    rate: float = 0.1
    """Share of the rows that each kind changes."""
    seed: int = 0
    columns: Sequence[str] = ()
    """That may be changed; none named: the prompt by rewordings, any but the id by faults."""


Fault = Callable[[dict[str, Any], Sequence[str], Random, Mapping[str, Any]], "tuple[str, Any] | None"]
"""Of a row, the columns that may be changed, chance, and the row before, as it is now: a column and what it becomes."""


def _missing(row: dict[str, Any], columns: Sequence[str], random: Random, before: Mapping[str, Any]) -> Any:
    """A value is not there."""
    given = [name for name in columns if row.get(name) is not None]
    return (_pick(given, random), None) if given else None


def _duplicate_ids(row: dict[str, Any], columns: Sequence[str], random: Random, before: Mapping[str, Any]) -> Any:
    """The id is that of the row before."""
    return ("id", before["id"]) if "id" in row and "id" in before and row["id"] != before["id"] else None


def _invalid(row: dict[str, Any], columns: Sequence[str], random: Random, before: Mapping[str, Any]) -> Any:
    """A value of another type: a text for a number, a number for a text, an object for a list."""
    given = [name for name in columns if row.get(name) is not None]
    if not given:
        return None
    name = _pick(given, random)
    value = row[name]
    return name, 12345 if isinstance(value, str) else "n/a" if isinstance(value, bool | int | float) else {
        "value": "n/a"
    }


def _inconsistent(row: dict[str, Any], columns: Sequence[str], random: Random, before: Mapping[str, Any]) -> Any:
    """The same value written in another way: ``YES``, `` yes ``, ``1,5``, `` 7 ``, ``31.12.2025``."""
    given = [name for name in columns if _otherwise(row.get(name)) is not None]
    if not given:
        return None
    name = _pick(given, random)
    return name, _otherwise(row[name])


def _otherwise(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        written = f"{value:,}".replace(",", " ").replace(".", ",")
        return written if written != str(value) else f" {written} "
    if not isinstance(value, str) or not value.strip() or len(value) > 60:
        return None
    if _DATE.fullmatch(value):
        return _DATE.sub(r"\3.\2.\1", value)
    return value.upper() if value != value.upper() else f" {value} "


FAULTS: Mapping[str, Fault] = {
    "missing": _missing,
    "duplicate_ids": _duplicate_ids,
    "invalid": _invalid,
    "inconsistent": _inconsistent,
}


def known_kinds() -> list[str]:
    """Perturbations that reword a text, and faults."""
    rewordings = (name for name in plugins.names(GROUP) if _is_rewording(plugins.load(GROUP, name)))
    return [*rewordings, *FAULTS]


def _is_rewording(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Rewording)


def spoil(rows: Iterable[Mapping[str, Any]], how: Spoiling) -> Iterator[tuple[dict[str, Any], list[Change]]]:
    """Every row as it becomes, with what was changed. Which rows are changed, and how, depends on the seed, the kind
    and the row's id (its place, where it has none) alone."""
    known = known_kinds()
    for kind in how.kinds:
        if kind not in known:
            raise DatasetError(
                f"unknown perturbation '{kind}'", where="--with", hint=did_you_mean(kind, known, "known")
            )
    rewordings = {kind: plugins.load(GROUP, kind)() for kind in how.kinds if kind not in FAULTS}
    before: Mapping[str, Any] = {}
    for number, row in enumerate(rows, 1):
        now, changes = dict(row), []
        name = str(row.get("id", number))
        for kind in how.kinds:
            random = Random(_seed(kind, how.seed, name))
            if random.random() >= how.rate:
                continue
            if kind in FAULTS:
                found = FAULTS[kind](now, _fault_columns(now, how), random, before)
            else:
                found = _reworded(rewordings[kind], now, how, random)
            if found is not None:
                column, value = found
                changes.append(Change(number, name, column, kind, now.get(column), value))
                now[column] = value
        yield now, changes
        before = now


def spoilt_file(
    source: str,
    how: Spoiling,
    *,
    into: Path,
    format: str = "",  # noqa: A002 - the word that suites use
) -> Iterator[tuple[dict[str, Any], list[Change]]]:
    """A file's rows. From one table into another, cells that nobody changed stay as they are written."""
    rows = 0
    read = cells if is_table(into) else values
    # two readers of one file: typed for what changes a value, and as it is to be written
    typed = (values(row, source) for row in read_rows(source, format))
    for row, (now, changes) in zip(read_rows(source, format), spoil(typed, how), strict=True):
        rows += 1
        yield read(row, source) | {one.column: now[one.column] for one in changes}, changes
    if not rows:
        raise DatasetError("has no rows", where=shown(source), hint="a dataset needs at least one row")


def _fault_columns(row: Mapping[str, Any], how: Spoiling) -> list[str]:
    return [name for name in row if (name in how.columns if how.columns else name != "id")]


def _reworded(kind: Rewording, row: Mapping[str, Any], how: Spoiling, random: Random) -> tuple[str, Any] | None:
    wanted = how.columns or (*PROMPT_COLUMNS, "messages")
    for column in wanted:
        value: Any = row.get(column)
        if column == "messages" and (at := _last_user(value)) is not None:
            said = kind.reword(value[at]["content"], random)
            changed = said is not None and said != value[at]["content"]
            return (column, [*value[:at], {**value[at], "content": said}, *value[at + 1 :]]) if changed else None
        if isinstance(value, str) and value.strip():
            text = kind.reword(value, random)
            return None if text is None or text == value else (column, text)
    return None


def _last_user(messages: Any) -> int | None:
    if not isinstance(messages, list):
        return None
    places = range(len(messages) - 1, -1, -1)
    return next((at for at in places if _says_something(messages[at])), None)


def _says_something(message: Any) -> bool:
    """Of the user's."""
    if not isinstance(message, dict) or message.get("role") != "user":
        return False
    return isinstance(message.get("content"), str) and bool(message["content"].strip())


def _pick(names: Sequence[str], random: Random) -> str:
    return names[int(random.random() * len(names))]


def _seed(kind: str, seed: int, name: str) -> int:
    written = f"{kind}\0{seed}\0{name}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(written).digest()[:8], "big")
