"""Dataset files, written whole or not at all, in the formats that are read."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from evalkit.data.formats import OTHER_SUFFIXES
from evalkit.data.opening import COMPRESSIONS
from evalkit.data.rows import shown
from evalkit.errors import DatasetError, MissingExtra, did_you_mean

Values = Mapping[str, Any]
RowsAgain = Callable[[], Iterable[Values]]
"""The same rows at each call: some formats have to know all columns before the first row."""
SEPARATORS = {"csv": ",", "tsv": "\t"}
WRITABLE = ("jsonl", "json", *SEPARATORS, "parquet")


def writable_format(path: Path, format: str = "") -> str:  # noqa: A002 - the word that suites use
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    suffix = suffixes[-1][1:] if suffixes else ""
    name = format or OTHER_SUFFIXES.get(suffix, suffix)
    if name not in WRITABLE:
        what = f"'{name}' is no format that can be written" if name else "has no suffix to tell its format"
        raise DatasetError(what, where=shown(path), hint=did_you_mean(name, WRITABLE, "formats"))
    return name


def write_rows(path: Path, rows: RowsAgain, format: str = "", *, force: bool = False) -> int:  # noqa: A002
    """How many were written. Columns of CSV, TSV and Parquet are those that any row has."""
    kind = writable_format(path, format)
    if kind == "parquet":
        with whole_file(path, force=force) as temporary:
            return _parquet(temporary, rows, path)
    with whole_text_file(path, force=force) as stream:
        if kind == "jsonl":
            return sum(_line(stream, row) for row in rows())
        return _json(stream, rows) if kind == "json" else _separated(stream, rows, SEPARATORS[kind])


def _line(stream: IO[str], row: Values) -> int:
    stream.write(json.dumps(dict(row), ensure_ascii=False, default=str) + "\n")
    return 1


def _json(stream: IO[str], rows: RowsAgain) -> int:
    written = 0
    for row in rows():
        stream.write(("[\n" if not written else ",\n") + json.dumps(dict(row), ensure_ascii=False, default=str))
        written += 1
    stream.write("\n]\n" if written else "[]\n")
    return written


def _separated(stream: IO[str], rows: RowsAgain, separator: str) -> int:
    columns = list(dict.fromkeys(name for row in rows() for name in row))
    lines = csv.writer(stream, delimiter=separator, lineterminator="\n")
    lines.writerow(columns)
    written = 0
    for row in rows():
        lines.writerow([_cell(row.get(name)) for name in columns])
        written += 1
    return written


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _parquet(temporary: Path, rows: RowsAgain, path: Path) -> int:
    """All at once: the types of its columns are those of all rows."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtra("writing parquet files", "hf") from error
    held = [dict(row) for row in rows()]
    columns = dict.fromkeys(name for row in held for name in row)
    try:
        table = pa.table({name: [row.get(name) for row in held] for name in columns})
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        said = str(error).splitlines()[0]
        raise DatasetError(
            f"a column has values of several types: {said}", where=shown(path), hint="write it as JSON lines: .jsonl"
        ) from error
    with _packed(temporary, path.suffix) as stream:
        parquet.write_table(table, stream)
    return len(held)


@contextmanager
def whole_file(target: Path, *, force: bool = False) -> Iterator[Path]:
    """A place to write, which becomes the file when all went well."""
    if target.exists() and not force:
        hint = "name another file, or add --force to overwrite it"
        raise DatasetError("is already there", where=str(target), hint=hint)
    temporary = target.with_name(f".{target.name}.part")
    try:
        yield temporary
        temporary.replace(target)
    except OSError as error:
        said = f"cannot be written: {error.strerror or error}"
        raise DatasetError(said, where=str(target), hint="choose another file") from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_text_file(target: Path, *, force: bool = False) -> Iterator[IO[str]]:
    """Compressed as its name says."""
    with whole_file(target, force=force) as temporary, _opened(temporary, target.suffix) as stream:
        yield stream


def _opened(file: Path, suffix: str) -> IO[str]:
    return TextIOWrapper(_packed(file, suffix), encoding="utf-8", newline="\n")


def _packed(file: Path, suffix: str) -> BinaryIO:
    if suffix == ".gz":
        import gzip

        return cast("BinaryIO", gzip.open(file, "wb"))
    if suffix == ".zst":
        import zstandard

        return cast("BinaryIO", zstandard.open(file, "wb"))
    return file.open("wb")
