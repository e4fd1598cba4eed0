"""Results become terminal, JSON, Markdown, JUnit and HTML. Everything is computed already; here it is only laid out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from evalkit.errors import EvalkitError, PluginError, ReportError
from evalkit.report.files import BIAS_LOG, ensure_writable, write_lines
from evalkit.results import Result

__all__ = ["ensure_writable", "write_all"]

READ_BY = {"gitlab": "GITLAB_CI", "openmetrics": "GITLAB_CI"}
"""Reporters whose files only one service reads, and the variable that is set where it runs: elsewhere they are made
when they are asked for."""


def write_all(
    result: Result,
    folder: Path,
    logs: Mapping[str, Iterable[Mapping[str, Any]]] | None = None,
    reporters: Sequence[str] | None = None,
) -> list[Path]:
    """Every report of one run, each file whole or absent, and the logs (file name to rows) as JSON lines.

    ``reporters`` are names of the entry points ``evalkit.reporters``; without it, all that are installed and that
    somebody here reads.
    """
    from evalkit import plugins

    folder = ensure_writable(Path(folder))
    names = _usual(plugins.names("evalkit.reporters")) if reporters is None else list(reporters)
    writers = {name: plugins.load("evalkit.reporters", name) for name in names}
    paths = [_write(name, write, result, folder) for name, write in writers.items()]
    for name, rows in (logs or {}).items():
        if not name or Path(name).name != name or name.startswith("."):
            raise ReportError(f"a log's name is a plain file name, not '{name}'", where=str(folder))
        paths.append(write_lines(folder / name, rows))
        if name == BIAS_LOG:
            from evalkit.report import bias_review

            paths.append(bias_review.write(result, folder))
    if result.profile is not None and reporters is None:
        from evalkit.report import profile_files

        paths += profile_files.write(result, folder)
    return paths


def _usual(names: Iterable[str]) -> list[str]:
    return [name for name in names if name not in READ_BY or os.environ.get(READ_BY[name])]


def _write(name: str, write: Any, result: Result, folder: Path) -> Path:
    try:
        return Path(write(result, folder))
    except EvalkitError:
        raise
    except Exception as error:  # anybody may write a reporter; whatever it raises, the person must learn which it was
        raise PluginError(
            f"reporter '{name}' failed: {type(error).__name__}: {error}",
            where=str(folder),
            hint="leave this reporter out; the run itself is stored and can be reported again",
        ) from error
