"""Writing into a report folder: whole files or none."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from evalkit.errors import ReportError
from evalkit.report.hostile import json_escaped

BIAS_LOG = "bias-log.jsonl"
"""The log beside which the families of a bias check are laid out for people."""
HINT = "choose another folder with --report DIR"


def ensure_writable(folder: Path) -> Path:
    """Make the folder and prove that a file can be written there, before a run spends hours for it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{secrets.token_hex(4)}"
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise _not_writable(folder, error) from error
    return folder


def _not_writable(path: Path, error: OSError) -> ReportError:
    what = error.strerror or type(error).__name__
    return ReportError(f"the report cannot be written: {what}", where=str(path), hint=HINT)


@contextmanager
def _atomic(path: Path) -> Iterator[IO[bytes]]:
    """A temporary file beside the target that takes its name only when it is complete."""
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as stream:
            yield stream
        temporary.replace(path)
    except OSError as error:
        raise _not_writable(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> Path:
    """UTF-8. A lone surrogate becomes ``\\udc80``, which JSON reads as that surrogate and people can see."""
    with _atomic(path) as stream:
        stream.write(text.encode("utf-8", errors="backslashreplace"))
    return path


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """JSON lines, streamed: a log of a million rows is never in memory at once."""
    encode = json.JSONEncoder(ensure_ascii=False, default=str).encode
    with _atomic(path) as stream:
        for row in rows:
            line = json_escaped(encode(row))
            stream.write(line.encode("utf-8", errors="backslashreplace") + b"\n")
    return path
