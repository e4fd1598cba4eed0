"""``evalkit data stats``: what a file holds, in one pass and bounded memory."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evalkit.data.contracts import Contract, Interpreter, contract_named
from evalkit.data.lengths import Balance, Distribution
from evalkit.data.overlap import Held, Overlap
from evalkit.data.repeats import Different, Repeats, texts_in
from evalkit.data.rows import Row, column_hint
from evalkit.data.scanning import Asked, Scan, asked_by
from evalkit.data.sources import Source, file_source
from evalkit.data.values import from_cell
from evalkit.data.wording import TellLanguage, Tongues, Vocabulary, Wording
from evalkit.errors import DatasetError

MOST_LABEL_VALUES = 50
"""A column with more values than this is no label."""
LONGEST_LABEL = 80


@dataclass(frozen=True, slots=True)
class ColumnStats:
    name: str
    present: int
    missing: int
    """Rows where it is absent, null or, in CSV, empty."""
    chars: Distribution | None = None
    """Of its texts; each item of a list of texts counts for itself."""
    words: Distribution | None = None
    values: Mapping[str, int] | None = None
    """How often each value occurs, most frequent first, where it has few."""
    vocabulary: Vocabulary | None = None
    """Of a column of texts that is no label."""
    tongues: Tongues | None = None

    @property
    def balance(self) -> Balance | None:
        return Balance.of(self.values) if self.values else None

    def to_json(self) -> dict[str, Any]:
        balance = self.balance
        return {
            "present": self.present,
            "missing": self.missing,
            "chars": self.chars.to_json() if self.chars else None,
            "words": self.words.to_json() if self.words else None,
            "values": dict(self.values) if self.values is not None else None,
            "balance": balance.to_json() if balance else None,
            "vocabulary": self.vocabulary.to_json() if self.vocabulary else None,
            "language": self.tongues.to_json() if self.tongues else None,
        }


@dataclass(frozen=True, slots=True)
class Stats:
    file: str
    rows: int
    bad_rows: int
    """Rows that break the contract; they are counted in the columns all the same where they could be parsed."""
    unique_inputs: int
    unique_outputs: int
    columns: tuple[ColumnStats, ...]
    looked_at: str = ""
    """The column whose texts are compared; empty: what is asked."""
    repeats: Repeats | None = None
    overlap: Overlap | None = None
    tokens: Distribution | None = None
    """Of what is asked, as a model counts them."""
    tokens_of: str = ""
    """Which model."""

    def to_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "rows": self.rows,
            "bad_rows": self.bad_rows,
            "unique_inputs": self.unique_inputs,
            "unique_outputs": self.unique_outputs,
            "columns": {column.name: column.to_json() for column in self.columns},
            "tokens": {"model": self.tokens_of, **self.tokens.to_json()} if self.tokens else None,
            "compared": self.looked_at or "what is asked",
            "duplicates": self.repeats.to_json() if self.repeats else None,
            "against": self.overlap.to_json() if self.overlap else None,
        }


@dataclass(frozen=True, slots=True)
class Look:
    """What of a dataset is looked at, beside what is always counted."""

    near: float = 0.7
    """Texts that share so much of their pairs of words are nearly the same."""
    run: int = 13
    """Words that have to follow each other in both datasets, to be one run."""
    column: str = ""
    """Whose texts are compared; empty: what is asked."""
    against: Source | None = None
    """Another dataset, all of whose texts are looked through."""
    tell_language: TellLanguage | None = None
    count_tokens: Callable[[str], int] | None = None
    tokens_of: str = ""


@dataclass(slots=True)
class _Tally:
    present: int = 0
    chars: Counter[int] = field(default_factory=Counter)
    words: Counter[int] = field(default_factory=Counter)
    values: Counter[str] | None = field(default_factory=Counter)
    wording: Wording = field(default_factory=lambda: Wording(""))

    def add(self, value: Any) -> None:
        self.present += 1
        texts = [item for item in value if isinstance(item, str)] if isinstance(value, list) else [value]
        for text in texts:
            if isinstance(text, str):
                self.chars[len(text)] += 1
                self.words[len(text.split())] += 1
                self.wording.add(text)
        if self.values is None:
            return
        written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        self.values[written] += 1
        if len(self.values) > MOST_LABEL_VALUES or len(written) > LONGEST_LABEL or isinstance(value, list | dict):
            self.values = None

    def finished(self, name: str, rows: int, tell: TellLanguage | None, *, is_name: bool) -> ColumnStats:
        """``is_name``: it names rows, and says nothing."""
        few = self.values if self.values and (len(self.values) < self.present or rows == 1) else None
        counted = dict(few.most_common()) if few is not None else None
        missing = rows - self.present
        lengths = Distribution.of(self.chars), Distribution.of(self.words)
        if counted is not None or is_name or not lengths[1]:
            return ColumnStats(name, self.present, missing, *lengths, counted)
        return ColumnStats(
            name, self.present, missing, *lengths, None, self.wording.vocabulary(), self.wording.tongues(tell)
        )


def statistics(
    path: str | Path,
    contract: str | Contract = "evalkit",
    *,
    columns: Mapping[str, str] | None = None,
    format: str = "",  # noqa: A002 - the word that suites use
    look: Look = Look(),
) -> Stats:
    """Rows, lengths, missing values, words, languages, rows that repeat others, and the balance of columns with few
    values."""
    named = contract_named(contract)
    return statistics_of(
        Scan(file_source(path, format), Interpreter(named, columns, needs_prompt=not named.custom)), look
    )


def statistics_of(scan: Scan, look: Look = Look(), asks: Asked = asked_by) -> Stats:
    tallies: dict[str, _Tally] = {}
    inputs: set[bytes] = set()
    outputs: set[bytes] = set()
    different = Different()
    tokens: Counter[int] = Counter()
    bad_rows = 0
    for row, entry in scan:
        asked = asks(row, entry)
        bad_rows += bool(entry.faults)
        _count(row, tallies)
        if asked:
            inputs.add(_digest(asked))
            if look.count_tokens is not None:
                tokens[look.count_tokens(asked)] += 1
        if entry.references:
            outputs.add(_digest("\0".join(entry.references)))
        compared = "\n".join(texts_in(row.values.get(look.column))) if look.column else asked
        if compared.strip():
            different.add(compared, row.line)
    _check(scan, look)
    ids = scan.interpreter.mapping.get("id", "id")
    parsed = tuple(
        tally.finished(name, scan.parsed, look.tell_language, is_name=name == ids) for name, tally in tallies.items()
    )
    return Stats(
        scan.file,
        scan.rows,
        bad_rows,
        len(inputs),
        len(outputs),
        parsed,
        look.column,
        different.repeats(look.near),
        _overlap(different, look),
        Distribution.of(tokens),
        look.tokens_of,
    )


def _check(scan: Scan, look: Look) -> None:
    if not scan.rows:
        raise DatasetError("has no rows", where=scan.file, hint="a dataset needs at least one row")
    if look.column and look.column not in scan.columns:
        hint = column_hint(look.column, scan.columns)
        raise DatasetError(f"no row has the column '{look.column}'", where=scan.file, hint=hint)


def _overlap(different: Different, look: Look) -> Overlap | None:
    if look.against is None:
        return None
    passed = _Passed(look.against)
    found = Held(different, look.near, look.run).against(look.against.name, passed.texts(), different.rows)
    if passed.rows == passed.bad:
        what = "has no row that can be read" if passed.bad else "has no rows"
        raise DatasetError(what, where=look.against.name, hint="--against names a dataset to compare with")
    return replace(found, other_rows=passed.rows, other_bad_rows=passed.bad)


@dataclass(slots=True)
class _Passed:
    """The rows of another dataset, counted as they go by."""

    source: Source
    rows: int = 0
    bad: int = 0

    def texts(self) -> Iterator[tuple[int, str]]:
        for row in self.source.rows():
            self.rows += 1
            self.bad += bool(row.fault)
            yield from ((row.line, text) for text in texts_in(dict(row.values)))


def _count(row: Row, tallies: dict[str, _Tally]) -> None:
    for name, value in row.values.items():
        tally = tallies.get(name) or tallies.setdefault(name, _Tally(wording=Wording(name)))
        # a JSON list in a CSV cell is a list; its numbers stay the text that they are
        read = from_cell(value) if not row.typed and value[:1] == "[" else value
        if read is not None and (row.typed or read != ""):
            tally.add(read)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
