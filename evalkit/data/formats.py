"""From a dataset's path to its rows, whatever the format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from evalkit import plugins
from evalkit.data.opening import COMPRESSIONS, missing_file
from evalkit.data.rows import Row, shown
from evalkit.errors import DatasetError, did_you_mean

GROUP = "evalkit.readers"
HUB = "hub:"
OTHER_SUFFIXES: Mapping[str, str] = {"ndjson": "jsonl", "jsonlines": "jsonl", "tab": "tsv", "pq": "parquet"}
Reader = Callable[[str], Iterable[Row | Mapping[str, Any]]]


def located(path: str, base: Path) -> str:
    """A dataset's path, relative paths taken from the folder of the suite."""
    return path if path.startswith(HUB) else str(base / Path(path).expanduser())


def format_of(path: str, format: str = "") -> str:  # noqa: A002 - the word that suites use
    if format:
        return format
    if path.startswith(HUB):
        return "hub"
    file = Path(path)
    if file.is_dir():
        return "arrow"
    suffixes = [suffix.lower() for suffix in file.suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    suffix = suffixes[-1][1:] if suffixes else ""
    name = OTHER_SUFFIXES.get(suffix, suffix)
    known = [known for known in plugins.names(GROUP) if known != "hub"]
    if name not in known:
        if not file.exists():
            raise missing_file(file)
        what = f"the suffix '.{suffix}' is no known format" if suffix else "has no suffix to tell its format"
        raise DatasetError(what, where=shown(path), hint=did_you_mean(name, known, "set format to one of"))
    return name


def read_rows(path: str | Path, format: str = "", *, where: str = "") -> Iterator[Row]:  # noqa: A002
    """Rows one by one, in bounded memory for every format but ``json``.

    Rows that cannot be parsed are among them, with their ``fault``. A reader of a plugin may yield plain mappings.
    """
    text = str(path)
    read = cast("Reader", plugins.load(GROUP, format_of(text, format), where=where))
    for number, row in enumerate(read(text), 1):
        yield row if isinstance(row, Row) else Row(row, number)
