"""Rows that a scenario tries a check on, made after the first ones of its dataset: the same columns, other texts."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evalkit.data import DatasetSpec
from evalkit.data.contracts import Contract, Interpreter, contract_named
from evalkit.data.converting import values
from evalkit.data.filters import RowFilter
from evalkit.data.loading import CLUSTER_LABELS
from evalkit.data.sources import source_of
from evalkit.data.templates import PromptTemplate
from evalkit.data.writers import write_rows
from evalkit.modes.isolation.scenarios import Characters, Rows, Texts

LOOKED_THROUGH = 20_000
"""Rows of a dataset in which those are looked for that its filter lets through."""
PATTERNS = 200
"""Rows that others are made after, at most."""
NAMING = ("id", "variant_of", *CLUSTER_LABELS)
"""Columns that say which row it is, and which rows belong together: a copy has its own."""
VARIED = 0.5
"""A column whose values differ in more than this share of rows is text; others say what kind of row it is."""
WORDS = ("the", "of", "a", "river", "answer", "seven", "quickly", "house", "blue", "never", "under", "because", "stone")
CONTROLS = "".join(map(chr, [*range(1, 32), *range(127, 160), 0x200B, 0x200F, 0x202E, 0x2066, 0x2069, 0xFEFF, 0xFFFE]))
MARKUP = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[here](javascript:alert(1))",
    "{{ 7 * 7 }}",
    "{% for x in y %}",
    "=cmd|' /C calc'!A0",
    "\"'\\\\`$(id)`",
    "| a | b |",
    "```",
    "\x1b[31m",
    "&lt;&#x27;",
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """What is known of a dataset before a scenario changes it."""

    rows: tuple[Mapping[str, Any], ...]
    prompts: tuple[str, ...]
    """Columns that a prompt is made of, and that differ from row to row."""
    references: tuple[str, ...]
    spec: DatasetSpec

    def named(self, column: str) -> str:
        """As the file calls what a check calls ``column``; empty where no row has it."""
        own = self.spec.columns.get(column, column)
        if column == "references" and "references" not in self.spec.columns:
            return self.references[0] if self.references else ""
        return own if any(own in row for row in self.rows) else ""


def pattern_of(spec: DatasetSpec, base: Path) -> Pattern:
    """Of a dataset's first rows. Raises ``DatasetError`` for one that cannot be read."""
    wanted = RowFilter(spec.where, spec.origin) if spec.where.strip() else None
    found = []
    for row in itertools.islice(source_of(spec, base).rows(), LOOKED_THROUGH):
        if row.fault or (wanted is not None and not wanted.matches(row)):
            continue
        found.append(values(row, spec.path))
        if len(found) == PATTERNS:
            break
    interpreter = Interpreter(contract_named(spec.contract, spec.origin), spec.columns)
    template = PromptTemplate(spec.prompt.template, spec.origin).columns if spec.prompt.template else frozenset()
    theirs = {spec.columns.get(name, name) for name in template} or set(interpreter.prompt_sources())
    columns = list(dict.fromkeys(name for row in found for name in row))
    references = [name for name in interpreter.reference_sources() if name in columns]
    prompts = [name for name in columns if name in theirs and _is_text(found, name)]
    return Pattern(tuple(found), tuple(prompts), tuple(references), spec)


def _is_text(rows: Sequence[Mapping[str, Any]], column: str) -> bool:
    told = [json.dumps(row[column], sort_keys=True, default=str) for row in rows if column in row]
    return len(set(told)) > VARIED * len(told)


def written(pattern: Pattern, rows: Iterator[Mapping[str, Any]], file: Path) -> DatasetSpec:
    """The dataset as its suite describes it, of these rows."""
    write_rows(file, lambda: rows, "jsonl")
    return replace(
        pattern.spec,
        path=str(file),
        format="jsonl",
        query=None,
        transform=None,
        contract=_of_any_rows(pattern.spec.contract),
        where="",
        limit=None,
        sample=None,
        min_rows=1,
        on_error="refuse",
    )


def _of_any_rows(contract: str | Contract) -> str | Contract:
    """A scenario has as many rows as it says, of any length, and all alike where it says so."""
    if isinstance(contract, str):
        return contract
    columns = (replace(column, minimum=None, maximum=None, unique=False) for column in contract.columns)
    return replace(contract, columns=tuple(columns), min_rows=None, max_rows=None)


def made_rows(pattern: Pattern, how: Rows, seed: str) -> Iterator[dict[str, Any]]:
    """As many as are wanted, and the rest of the last one's family."""
    families = _families(pattern.rows)
    if not families or not how.n:
        return
    made = 0
    for copy in itertools.count():
        for family in families[:1] if how.same else families:
            for row in family[:1] if how.same else family:
                one = _copied(row, pattern, copy, reworded=not how.same)
                if how.texts is not None:
                    one = _with_texts(one, pattern, how.texts, random.Random(f"{seed} {made}"))
                made += 1
                yield one
            if made >= how.n:
                return


def _families(rows: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for number, row in enumerate(rows):
        name = next((f"{label} {row[label]}" for label in CLUSTER_LABELS if label in row), f"row {number}")
        found.setdefault(name, []).append(row)
    return list(found.values())


def _copied(row: Mapping[str, Any], pattern: Pattern, copy: int, *, reworded: bool) -> dict[str, Any]:
    if not copy:
        return dict(row)
    named = {pattern.spec.columns.get(name, name) for name in NAMING}
    one = {name: f"{value}~{copy}" if name in named else value for name, value in row.items()}
    if reworded:
        one.update({name: f"{one[name]} ({copy})" for name in pattern.prompts if isinstance(one.get(name), str)})
    return one


def _with_texts(row: dict[str, Any], pattern: Pattern, texts: Texts, chance: random.Random) -> dict[str, Any]:
    changed = {*pattern.prompts, *pattern.references}
    return {name: _said_anew(value, texts, chance) if name in changed else value for name, value in row.items()}


def _said_anew(value: Any, texts: Texts, chance: random.Random) -> Any:
    """Texts wherever there are some; what a message's role is stays."""
    if isinstance(value, str):
        return text_of(texts.characters, texts.length, chance)
    if isinstance(value, list):
        return [_said_anew(one, texts, chance) for one in value]
    if isinstance(value, dict):
        return {key: inner if key == "role" else _said_anew(inner, texts, chance) for key, inner in value.items()}
    return value


def text_of(characters: Characters, length: int, chance: random.Random) -> str:
    if characters == "spaces":
        return "".join(chance.choices(" \t\n\u00a0\u2003\u3000", k=length))
    if characters == "controls":
        return "".join(chance.choices(CONTROLS + "ab ", k=length))
    if characters == "planes":
        return "".join(_of_any_plane(chance) for _ in range(length))
    pieces = MARKUP if characters == "markup" else WORDS
    said, size = [], 0
    while size < length:
        said.append(chance.choice(pieces))
        size += len(said[-1]) + 1
    return " ".join(said)[:length] or "a"[:length]


def _of_any_plane(chance: random.Random) -> str:
    """A character of one of Unicode's seventeen planes, assigned or not; halves of characters are none."""
    while True:
        point = (chance.randrange(17) << 16) + chance.randrange(0x10000)
        if not 0xD800 <= point <= 0xDFFF:
            return chr(point)


def spoiled(rows: Iterator[dict[str, Any]], column: str, how: str) -> Iterator[dict[str, Any]]:
    """Every row, with something else than it should have in one column."""
    instead = {"null": None, "object": {"a": 1}, "list": [1, [2]], "number": 12.5, "empty": ""}
    for row in rows:
        if how == "missing":
            yield {name: value for name, value in row.items() if name != column}
        else:
            yield {**row, column: instead[how]}
