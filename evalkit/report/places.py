"""Where a gate is written, as code hosts want to hear it: a path below the repository's root, and a line."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from evalkit.report.view import GateView


@dataclass(frozen=True, slots=True)
class Place:
    path: str
    """From the root, with forward slashes."""
    line: int


def repository_root() -> Path:
    """Where the services check a repository out; elsewhere the working folder stands for it."""
    return Path(os.environ.get("GITHUB_WORKSPACE") or os.environ.get("CI_PROJECT_DIR") or Path.cwd())


def place_of(gate: GateView, root: Path) -> Place | None:
    """None for a suite that lies elsewhere, such as one that ships with evalkit: the host would find nothing there."""
    found = re.fullmatch(r"(.+):(\d+)", gate.origin)
    file, line = (found[1], int(found[2])) if found else (gate.origin, 1)
    try:
        path = Path(file).resolve()
        inside = path.is_file() and path.is_relative_to(root.resolve())
    except (OSError, ValueError):  # a name that no file can have
        return None
    return Place(path.relative_to(root.resolve()).as_posix(), line) if inside else None
