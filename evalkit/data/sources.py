"""Where a dataset's rows come from: a file, or a query; and then what a function of the suite makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from evalkit.data.formats import HUB, located, read_rows
from evalkit.data.rows import Row, shown
from evalkit.data.spec import DatasetSpec


class Source(Protocol):
    @property
    def name(self) -> str:
        """As messages show it."""

    def rows(self) -> Iterator[Row]: ...


@dataclass(frozen=True, slots=True)
class FileSource:
    path: str
    format: str = ""
    where: str = ""
    """Who names it, for messages."""

    @property
    def name(self) -> str:
        return self.path if self.path.startswith(HUB) else shown(self.path)

    def rows(self) -> Iterator[Row]:
        return read_rows(self.path, self.format, where=self.where)


def file_source(path: str | Path, format: str = "") -> FileSource:  # noqa: A002 - the word that suites use
    text = str(path)
    return FileSource(text if text.startswith(HUB) else str(Path(text).expanduser()), format)


def source_of(spec: DatasetSpec, base: Path) -> Source:
    """``base`` is the folder that relative paths start from."""
    source: Source
    if spec.query is not None:
        from evalkit.data.querying import QuerySource

        source = QuerySource(spec.name, spec.query)
    else:
        where = f"{spec.origin}: dataset '{spec.name}'" if spec.origin else ""
        source = FileSource(located(spec.path, base), spec.format, where)
    promised = spec.query.contract if spec.query else None
    if spec.transform is not None:
        from evalkit.data.transforming import TransformedSource

        return TransformedSource(spec.name, source, spec.transform, promised)
    if promised is not None:
        from evalkit.data.boundary import CheckedSource

        return CheckedSource(source, promised)
    return source
