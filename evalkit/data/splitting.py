"""A dataset in parts that share nothing: rows that belong together, or ask the same, are in one of them."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from evalkit.data.contracts import PROMPT_COLUMNS
from evalkit.data.converting import cells, is_table, values
from evalkit.data.formats import read_rows
from evalkit.data.loading import CLUSTER_LABELS
from evalkit.data.repeats import texts_in
from evalkit.data.rows import column_hint, shown
from evalkit.data.writers import write_rows
from evalkit.errors import DatasetError

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    share: float
    file: Path
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Rules:
    by: str = ""
    """A column: each of its values keeps its share in every part."""
    together: str = ""
    """A column whose rows with one value stay together; by default ``cluster``, ``pair`` or ``document_id``."""
    seed: int = 0


def split(file: str, parts: Sequence[Part], rules: Rules, *, format: str = "", force: bool = False) -> list[Part]:  # noqa: A002
    """Writes every part, in the order of the file. The same file, parts and seed give the same rows."""
    _check(parts)
    groups, strata = _grouped(file, format, rules)
    place = _placed(groups, strata, [part.share for part in parts], rules.seed)
    empty = next((part.name for number, part in enumerate(parts) if number not in place), None)
    if empty is not None:
        kinds = f"{len(groups):,} rows, and groups of them that stay together: {len(set(groups)):,}"
        raise DatasetError(
            f"part '{empty}' would have no rows", where=shown(file), hint=f"name fewer parts: it has {kinds}"
        )
    made = []
    for number, part in enumerate(parts):
        rows = write_rows(part.file, partial(_those, file, format, place, number, part.file), force=force)
        made.append(Part(part.name, part.share, part.file, rows))
    return made


def _check(parts: Sequence[Part]) -> None:
    total = sum(part.share for part in parts)
    if abs(total - 1.0) > TOLERANCE:
        told = " + ".join(f"{part.share:g}" for part in parts)
        raise DatasetError(f"the shares add up to {total:g}, not 1: {told}", hint="--part dev=0.2 --part test=0.8")
    names = [part.name for part in parts]
    if len(set(names)) < len(names):
        raise DatasetError("two parts have one name", where=", ".join(names), hint="give each its own")


def _those(file: str, format: str, place: array[int], number: int, into: Path) -> Iterator[dict[str, Any]]:  # noqa: A002
    read = cells if is_table(into) else values
    for at, row in enumerate(read_rows(file, format)):
        if place[at] == number:
            yield read(row, file)


def _grouped(file: str, format: str, rules: Rules) -> tuple[array[int], list[str]]:  # noqa: A002
    """Of every row the number of the first row that it belongs together with, and its stratum."""
    leaders: array[int] = array("q")
    first: dict[int, int] = {}
    strata: list[str] = []
    known: dict[str, str] = {}
    columns: dict[str, None] = {}
    for at, row in enumerate(read_rows(file, format)):
        read = values(row, file)
        columns.update(dict.fromkeys(read))
        leaders.append(at)
        for key in _keys(read, rules):
            other = first.setdefault(key, at)
            _join(leaders, at, other)
        stratum = str(read.get(rules.by, ""))
        strata.append(known.setdefault(stratum, stratum))
    if not leaders:
        raise DatasetError("has no rows", where=shown(file), hint="a dataset needs at least one row")
    for name in (rules.by, rules.together):
        if name and name not in columns:
            raise DatasetError(f"no row has a column '{name}'", where=shown(file), hint=column_hint(name, columns))
    for at in range(len(leaders)):
        leaders[at] = _leader(leaders, at)
    return leaders, strata


def _keys(row: Mapping[str, Any], rules: Rules) -> Iterator[int]:
    """What ties rows together, as numbers: the column that says so, and what is asked."""
    wanted = (rules.together,) if rules.together else CLUSTER_LABELS
    label = next((name for name in wanted if name in row), "")
    if label:
        yield _number("together", label, str(row[label]))
    asked = next((row[name] for name in PROMPT_COLUMNS if isinstance(row.get(name), str)), "")
    asked = asked or "\0".join(texts_in(row.get("messages")))
    if asked:
        context = sorted(str(row[name]) for name in ("context", "input", "document") if name in row)
        yield _number("asked", " ".join(asked.casefold().split()), *context)


def _number(*words: str) -> int:
    said = "\x1f".join(words).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(said, digest_size=16).digest(), "big")


def _leader(leaders: array[int], at: int) -> int:
    while leaders[at] != at:
        leaders[at] = leaders[leaders[at]]
        at = leaders[at]
    return at


def _join(leaders: array[int], one: int, other: int) -> None:
    first, second = sorted((_leader(leaders, one), _leader(leaders, other)))
    leaders[second] = first


def _placed(groups: array[int], strata: Sequence[str], shares: Sequence[float], seed: int) -> array[int]:
    """The part of every row. A group has its first row's stratum; what rounding owes one the next gives."""
    sizes: dict[int, int] = {}
    for leader in groups:
        sizes[leader] = sizes.get(leader, 0) + 1
    by_stratum: dict[str, list[int]] = {}
    for leader in sizes:
        by_stratum.setdefault(strata[leader], []).append(leader)
    part_of: dict[int, int] = {}
    owed = [0.0] * len(shares)
    for stratum in sorted(by_stratum):
        leaders = sorted(by_stratum[stratum], key=lambda leader: _number(str(seed), str(leader)))
        rows = sum(sizes[leader] for leader in leaders)
        owed = [before + share * rows for before, share in zip(owed, shares, strict=True)]
        for leader in leaders:
            number = max(range(len(shares)), key=lambda part: (owed[part], -part))
            part_of[leader] = number
            owed[number] -= sizes[leader]
    return array("b", (part_of[leader] for leader in groups))
