"""Text formats: JSON Lines, JSON, CSV and TSV, each plain, .gz or .zst.

A row that cannot be parsed is yielded with its ``fault`` and reading goes on; only what makes the rest of the file
meaningless (a JSON document that breaks off, a header with the same name twice) raises.
"""

from __future__ import annotations

import ast
import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evalkit.data import jsonwalk
from evalkit.data.opening import UTF8_BOM, check_encoding, encoding_fault, lines, opened
from evalkit.data.rows import Row, shown
from evalkit.errors import DatasetError

REPR_LIMIT = 100_000
"""Longer lines are not tried as Python: parsing them would cost more than the better message is worth."""


def read_jsonl(path: str | Path) -> Iterator[Row]:
    """One JSON object a line. Empty lines are passed over."""
    for number, raw in lines(Path(path)):
        if not raw.strip():
            continue
        try:
            text = raw.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            yield Row({}, number, encoding_fault(error))
            continue
        yield _json_row(text, number)


def _json_row(text: str, line: int) -> Row:
    try:
        value = jsonwalk.DECODER.decode(text)
    except jsonwalk.RepeatedKey as error:
        return Row({}, line, f"has the key '{error.key}' twice", error.key)
    except json.JSONDecodeError as error:
        return Row({}, line, _not_json(text, error))
    except (ValueError, RecursionError):
        return Row({}, line, "is not JSON that can be read: nested too deep, or a number too long")
    return object_row(value, line, half_characters="\\ud" in text.lower())


def object_row(value: Any, line: int, *, half_characters: bool = False) -> Row:
    if not isinstance(value, dict):
        return Row({}, line, f"is {jsonwalk.kind(value)}, not a JSON object with named columns")
    if half_characters and (name := _field_with_half_character(value)) is not None:
        return Row({}, line, "holds half of a surrogate pair, which is not a character", name)
    return Row(value, line)


def _field_with_half_character(values: dict[str, Any]) -> str | None:
    for name, value in values.items():
        try:
            json.dumps([name, value], ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            return name.encode("utf-8", "replace").decode("utf-8")
    return None


def _not_json(text: str, error: json.JSONDecodeError) -> str:
    if python_literal(text, dict):
        return "is a Python dict, not JSON: write it with json.dumps (double quotes, true, false, null)"
    if "\x00" in text:
        return "is not JSON: it holds NUL bytes"
    return f"is not JSON: {error.msg} at character {error.pos + 1}"


def python_literal(text: str, wanted: type[dict[Any, Any]] | type[list[Any]]) -> bool:
    """Whether this is the ``repr`` of a Python value of that type, the commonest way of not being JSON."""
    opening = "{" if wanted is dict else "["
    if not text.lstrip().startswith(opening) or len(text) > REPR_LIMIT:
        return False
    try:
        return isinstance(ast.literal_eval(text.strip()), wanted)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return False


def read_json(path: str | Path) -> Iterator[Row]:
    """A list of objects, or an object with exactly one list. The whole document is held in memory."""
    file = Path(path)
    with opened(file) as stream:
        raw = stream.read()
    check_encoding(raw[:4], file)
    raw = raw.removeprefix(UTF8_BOM)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DatasetError("is not UTF-8", where=f"{shown(file)}:{line}", hint="save it as UTF-8") from error
    half_characters = "\\ud" in text.lower()
    for value, line in jsonwalk.list_items(text, shown(file)):
        yield object_row(value, line, half_characters=half_characters)


def read_csv(path: str | Path) -> Iterator[Row]:
    """Comma-separated with a header line; quoted cells may hold commas and line breaks."""
    return _separated(Path(path), ",")


def read_tsv(path: str | Path) -> Iterator[Row]:
    """Tab-separated with a header line; quoting as in CSV."""
    return _separated(Path(path), "\t")


class _Decoded:
    """Lines for the csv module, remembering which of them were not UTF-8 or hold NUL bytes."""

    def __init__(self, path: Path) -> None:
        self._lines = lines(path)
        self.last = 0
        self.faults: dict[int, str] = {}

    def __iter__(self) -> Iterator[str]:
        for number, raw in self._lines:
            self.last = number
            if b"\x00" in raw:
                self.faults[number] = "holds NUL bytes"
            try:
                yield raw.decode("utf-8")
            except UnicodeDecodeError as error:
                self.faults[number] = encoding_fault(error)
                yield raw.decode("utf-8", "replace")

    def fault(self) -> str:
        """Of the lines read since it was last asked."""
        found = next(iter(self.faults.values()), "")
        self.faults.clear()
        return found


def _separated(path: Path, delimiter: str) -> Iterator[Row]:
    # the limit is one for the whole process; a document or a model's answer may well be longer than its 128 KiB
    csv.field_size_limit(max(csv.field_size_limit(), min(sys.maxsize, 2**31 - 1)))
    source = _Decoded(path)
    records = csv.reader(iter(source), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    while True:
        start = source.last + 1
        try:
            cells = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row({}, start, _csv_fault(error), typed=False)
            source.fault()
            continue
        fault = source.fault()
        if not cells:
            continue
        if header is None:
            header = _header(cells, path, start, delimiter, fault)
        elif fault:
            yield Row({}, start, fault, typed=False)
        elif len(cells) != len(header):
            yield Row({}, start, f"has {len(cells)} cells where the header has {len(header)}", typed=False)
        else:
            yield Row(dict(zip(header, cells, strict=True)), start, typed=False)


def _csv_fault(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "opens a quote that is never closed"
    if "new-line character" in str(error):
        return "holds a carriage return that ends no line: save the file with line feeds, or quote the cell"
    return f"is not CSV: {error}; a quote inside a quoted cell is written twice"


def _header(cells: list[str], path: Path, line: int, delimiter: str, fault: str) -> list[str]:
    where = f"{shown(path)}:{line}"
    if fault:
        raise DatasetError(f"the header {fault}", where=where)
    names = [cell.strip() or f"column {position}" for position, cell in enumerate(cells, 1)]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise DatasetError(f"the header names '{repeated}' twice", where=where, hint="give every column its own name")
    others = [("\t", "tab", "tsv"), (";", "';'", ""), (",", "','", "csv")]
    if len(names) == 1:
        for mark, called, format_name in others:
            if mark != delimiter and mark in names[0]:
                hint = f"set format: {format_name}" if format_name else "write it with commas"
                raise DatasetError(f"looks separated by {called}", where=where, hint=hint)
    return names
