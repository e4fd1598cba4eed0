"""What columns a row must have, and which of them are the prompt, the references and the id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass, field, replace
from typing import Any

from evalkit.data.rows import Row
from evalkit.data.values import TYPES, from_cell, unreal_number
from evalkit.errors import DatasetError, did_you_mean
from evalkit.records import Message

KINDS_OF_ROWS = 64
"""Sets of columns of which is remembered what they mean to a contract; any further row is looked into anew."""
PROMPT_ALIASES = ("question", "input", "instruction", "source", "document")
PROMPT_COLUMNS = ("prompt", *PROMPT_ALIASES)
REFERENCE_ALIASES = ("reference", "answers", "answer", "expected", "output", "target")


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str = "text"
    """text, texts (one or a list), integer, number, boolean, list, object, any; also id and messages."""
    nullable: bool = False
    values: tuple[Any, ...] = ()
    """The only values there may be; empty: any."""
    minimum: float | None = None
    """Of a number; of a text or list, its length."""
    maximum: float | None = None
    unique: bool = False
    """No two rows have the same value."""
    aliases: tuple[str, ...] = ()
    role: str = "label"
    """prompt, messages, references, id or label; ``constraint``: checked, and nothing else."""

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise DatasetError(
                f"column '{self.name}' has the unknown type '{self.type}'", hint=did_you_mean(self.type, TYPES, "types")
            )


@dataclass(frozen=True, slots=True)
class Contract:
    """Built-in contracts give every column its role. In a suite's own, columns are checked as they say, and prompt,
    references and id are found as in the ``evalkit`` contract."""

    name: str
    columns: tuple[Column, ...] = ()
    custom: bool = True
    min_rows: int | None = None
    """How many rows there must be, bad ones and those that a filter leaves out among them."""
    max_rows: int | None = None

    def check_count(self, rows: int, where: str) -> None:
        if self.min_rows is not None and rows < self.min_rows:
            what, hint = f"has {rows:,} rows, and its contract wants at least {self.min_rows:,}", "lower min_rows"
        elif self.max_rows is not None and rows > self.max_rows:
            what, hint = f"has {rows:,} rows, and its contract allows at most {self.max_rows:,}", "raise max_rows"
        else:
            return
        raise DatasetError(what, where=where, hint=f"look at where its rows come from, or {hint}")


_ID = Column("id", "id", nullable=True, role="id")
EVALKIT = Contract(
    "evalkit",
    (
        _ID,
        Column("messages", "messages", nullable=True, role="messages"),
        Column("prompt", nullable=True, aliases=PROMPT_ALIASES, role="prompt"),
        Column("references", "texts", nullable=True, aliases=REFERENCE_ALIASES, role="references"),
    ),
    custom=False,
)
CHAT = Contract(
    "chat",
    (_ID, Column("input", role="prompt"), Column("output", "texts", aliases=("expected",), role="references")),
    custom=False,
)
INSTRUCTION = Contract(
    "instruction",
    (
        _ID,
        Column("instruction", role="prompt"),
        Column("input", nullable=True, role="prompt"),
        Column("output", "texts", role="references"),
    ),
    custom=False,
)
PREFERENCE = Contract(
    "preference",
    (_ID, Column("prompt", role="prompt"), Column("chosen", "texts", role="references"), Column("rejected")),
    custom=False,
)
BUILT_IN: Mapping[str, Contract] = {
    "evalkit": EVALKIT,
    "chat": CHAT,
    "instruction": INSTRUCTION,
    "preference": PREFERENCE,
    "dpo": PREFERENCE,
}


def contract_named(contract: str | Contract, where: str = "") -> Contract:
    if isinstance(contract, Contract):
        return contract
    if contract not in BUILT_IN:
        hint = did_you_mean(contract, BUILT_IN, "known contracts")
        raise DatasetError(f"unknown contract '{contract}'", where=where, hint=hint)
    return BUILT_IN[contract]


@dataclass(slots=True)
class Entry:
    """What a row means under its contract, before a prompt is made of it."""

    id: str = ""
    prompt: str = ""
    messages: tuple[Message, ...] = ()
    references: tuple[str, ...] = ()
    labels: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, Any] = field(default_factory=dict)
    """Columns that the prompt's template reads and that are no labels."""
    faults: list[tuple[str, str]] = field(default_factory=list)
    """(column, message)"""
    used: set[str] = field(default_factory=set)
    """The row's columns that became prompt, references or id, and so are no labels."""


class Interpreter:
    """Reads rows under one contract and one mapping of column names."""

    def __init__(
        self,
        contract: Contract,
        mapping: Mapping[str, str] | None = None,
        *,
        template_columns: frozenset[str] | None = None,
        needs_prompt: bool = True,
    ) -> None:
        """``template_columns``: what the prompt's template reads, where there is one: it then makes the prompt."""
        self.contract = contract
        self.mapping = dict(mapping or {})
        self._template = template_columns
        self._needs_prompt = needs_prompt and template_columns is None
        checked = tuple(replace(column, role="constraint") for column in contract.columns)
        self._columns = checked + EVALKIT.columns if contract.custom else contract.columns
        claimed = set(self.mapping.values())
        self._sources = {
            (column.role, column.name): (self.mapping[column.name],)
            if column.name in self.mapping
            else (column.name, *(alias for alias in column.aliases if alias not in claimed))
            for column in self._columns
        }
        names = {column.name for column in self._columns if column.role not in ("label", "constraint")}
        self._renamed = {theirs: ours for ours, theirs in self.mapping.items() if ours not in names}
        self._covered = frozenset(self._renamed.values()) - frozenset(self._renamed)
        """Columns whose names others take: they are no labels."""
        self._present: dict[tuple[str, ...], dict[tuple[str, str], list[str]]] = {}
        """By the columns of a row, which of them each column of the contract may come from."""

    def prompt_sources(self) -> tuple[str, ...]:
        """Where a prompt may come from: for the message that there is none."""
        roles = ("prompt", "messages")
        return tuple(name for key, names in self._sources.items() if key[0] in roles for name in names)

    def reference_sources(self) -> tuple[str, ...]:
        """Where references may come from."""
        return tuple(name for key, names in self._sources.items() if key[0] == "references" for name in names)

    def read(self, row: Row) -> Entry:
        entry = Entry()
        if row.fault:
            entry.faults.append((row.field, row.fault))
            return entry
        values = row.values
        try:
            for name, value in values.items():
                if value.__class__ is not str and unreal_number(value):  # most are texts: a call for each adds up
                    entry.faults.append((name, "is NaN or infinite"))
        except RecursionError:
            entry.faults.append(("", "is nested too deep to be read"))
            return entry
        unreal = {name for name, _ in entry.faults}
        known = self._columns_of(row)
        for column in self._columns:
            source, fault = self._source(column, row, known[column.role, column.name])
            if fault:
                entry.faults.append((source, fault))
            elif source and source not in unreal:
                self._take(column, source, row, entry)
        if self._needs_prompt and not entry.prompt and not entry.messages and not entry.faults:
            entry.prompt = _first_turn(values)
        if self._needs_prompt and not entry.prompt and not entry.messages and not entry.faults:
            entry.faults.append(("prompt", f"is missing: none of {', '.join(self.prompt_sources())} has a value"))
        if self._template is not None:
            asked = self._template & set(self.prompt_sources())
            given = {name: row.values[name] for name in asked if _given(row.values.get(name), row.typed)}
            entry.asked = {name: value for name, value in given.items() if name not in entry.used}
            entry.used |= asked
        entry.labels = self._labels(row, entry.used)
        return entry

    def _columns_of(self, row: Row) -> dict[tuple[str, str], list[str]]:
        names = tuple(row.values)
        known = self._present.get(names)
        if known is None:
            known = {key: [name for name in sources if name in row.values] for key, sources in self._sources.items()}
            if len(self._present) < KINDS_OF_ROWS:
                self._present[names] = known
        return known

    def _source(self, column: Column, row: Row, known: Sequence[str]) -> tuple[str, str]:
        """The row's name for a column (empty: it has none), or the name and what is wrong."""
        values = row.values
        present = [name for name in known if _given(values[name], row.typed)] if known else known
        if not present:
            if column.nullable or (column.role == "prompt" and self._template is not None):
                return "", ""
            if not known:
                return self._sources[column.role, column.name][0], "is missing"
            return known[0], "is null" if row.typed else "is empty"
        if len(present) > 1 and present[0] != column.name:
            if column.role == "prompt" and self._template is not None:
                return "", ""
            others = " and ".join(f"'{name}'" for name in present)
            other_way = ", or set contract: instruction" if {"instruction", "input"} <= set(present) else ""
            what = f"is not the only column that could be the {column.name} ({others}): say which in columns{other_way}"
            return present[0], what
        return present[0], ""

    def _take(self, column: Column, source: str, row: Row, entry: Entry) -> None:
        if column.role == "prompt" and self._template is not None:
            return  # the template reads the row itself
        if column.role != "constraint":
            entry.used.add(source)
        value, fault = TYPES[column.type](_cell(row, source, column.role), row.typed)
        if not fault and isinstance(value, str) and not value.strip():
            if column.nullable and column.role == "prompt" and self.contract.name == "instruction":
                return
            fault = "is empty"
        if not fault:
            fault = _not_allowed(value, column) or _out_of_range(value, column)
        if fault:
            entry.faults.append((source, fault))
        elif column.role == "prompt":
            entry.prompt = f"{entry.prompt}\n\n{value}" if entry.prompt else value
        elif column.role == "messages":
            entry.messages = value
        elif column.role == "references":
            entry.references = value
        elif column.role == "id":
            entry.id = value
        elif column.role == "label":
            entry.used.discard(source)

    def _labels(self, row: Row, used: set[str]) -> dict[str, Any]:
        """Every other column. Null is the same as absent. A prompt column that the template reads is no label."""
        labels: dict[str, Any] = {}
        for name, value in row.values.items():
            read = from_cell(value) if not row.typed and isinstance(value, str) else value
            if name not in used and read is not None and name not in self._covered:
                labels[self._renamed.get(name, name)] = read
        return labels


def _cell(row: Row, source: str, role: str) -> Any:
    """A conversation has a reference for each turn, and as in MT-bench for some of them an empty one, which is none."""
    given = row.values[source]
    if role != "references" or not isinstance(given, list) or not _first_turn(row.values):
        return given
    return [text for text in given if not isinstance(text, str) or text.strip()] or given


def _first_turn(values: Mapping[str, Any]) -> str:
    """Rows of a conversation may have nothing but ``turns``: what the user says one after the other, as in MT-bench."""
    turns = values.get("turns")
    first = turns[0] if isinstance(turns, list | tuple) and turns else ""
    return first if isinstance(first, str) and first.strip() else ""


def _not_allowed(value: Any, column: Column) -> str:
    found = value if column.type == "texts" else (value,)
    wrong = next((one for one in found if one not in column.values), None) if column.values else None
    return "" if wrong is None else f"is {wrong!r}, which is none of {', '.join(map(repr, column.values))}"


def _out_of_range(value: Any, column: Column) -> str:
    if column.minimum is None and column.maximum is None:
        return ""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number and not isinstance(value, Sized):
        return ""
    found = value if is_number else len(value)
    what = f"is {found:g}" if is_number else f"has the length {found}"
    if column.minimum is not None and found < column.minimum:
        return f"{what}, less than {column.minimum:g}"
    if column.maximum is not None and found > column.maximum:
        return f"{what}, more than {column.maximum:g}"
    return ""


def _given(value: Any, typed: bool) -> bool:
    return value is not None and (typed or value != "")
