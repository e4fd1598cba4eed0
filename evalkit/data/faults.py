"""Rows made worse on purpose, and a log of every change: what people type, and what goes wrong with files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from evalkit import plugins
from evalkit.data.contracts import PROMPT_COLUMNS
from evalkit.data.perturb.base import Rewording
from evalkit.data.perturb.expand import GROUP
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
"""Of a row, the columns that may be changed, chance, and the row before: a column and what stands there now."""


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
    """The same value written in another way: ``YES``, `` yes ``, ``1,5``, ``31.12.2025``."""
    given = [name for name in columns if _otherwise(row.get(name)) is not None]
    if not given:
        return None
    name = _pick(given, random)
    return name, _otherwise(row[name])


def _otherwise(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,}".replace(",", " ").replace(".", ",") if value is not None else None
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
        before = row


def _fault_columns(row: Mapping[str, Any], how: Spoiling) -> list[str]:
    return [name for name in row if (name in how.columns if how.columns else name != "id")]


def _reworded(kind: Rewording, row: Mapping[str, Any], how: Spoiling, random: Random) -> tuple[str, str] | None:
    wanted = how.columns or PROMPT_COLUMNS
    column = next((name for name in wanted if isinstance(row.get(name), str) and row[name].strip()), None)
    if column is None:
        return None
    text = kind.reword(row[column], random)
    return None if text is None or text == row[column] else (column, text)


def _pick(names: Sequence[str], random: Random) -> str:
    return names[int(random.random() * len(names))]


def _seed(kind: str, seed: int, name: str) -> int:
    written = f"{kind}\0{seed}\0{name}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(written).digest()[:8], "big")
