"""Results become terminal, JSON, Markdown, JUnit and HTML. Everything is computed already; here it is only laid out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from evalkit.errors import ReportError
from evalkit.records import Result
from evalkit.report.files import ensure_writable, write_lines

__all__ = ["ensure_writable", "write_all"]


def write_all(
    result: Result,
    folder: Path,
    logs: Mapping[str, Iterable[Mapping[str, Any]]] | None = None,
    reporters: Sequence[str] | None = None,
) -> list[Path]:
    """Every report of one run, each file whole or absent, and the logs (file name to rows) as JSON lines.

    ``reporters`` are names of the entry points ``evalkit.reporters``; without it, all that are installed.
    """
    from evalkit import plugins

    folder = ensure_writable(Path(folder))
    names = plugins.names("evalkit.reporters") if reporters is None else list(reporters)
    writers = [plugins.load("evalkit.reporters", name) for name in names]
    paths = [Path(write(result, folder)) for write in writers]
    for name, rows in (logs or {}).items():
        if Path(name).name != name or name.startswith("."):
            raise ReportError(f"a log's name is a plain file name, not '{name}'", where=str(folder))
        paths.append(write_lines(folder / name, rows))
    return paths
