"""What lies in evalkit's cache folder, and how large it is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evalkit.models.fetch import cache_root

KNOWN = {
    "models/converted": "models as they are run, made of fetched files",
    "models/openvino": "models as OpenVINO runs them",
    "models/files": "fetched model files",
    "models/hashes": "hashes of model files",
    "browse": "indexes for looking through cases",
    "search": "the index of answers that are searched for",
    "scripts": "scripts of the page's pictures",
    "preflight": "which checks were tried alone, and passed",
}


@dataclass(frozen=True, slots=True)
class Kept:
    name: str
    """Below the cache folder."""
    what: str
    files: int
    bytes: int


def cache_folder() -> Path:
    return cache_root().parent


def kept_files() -> list[Kept]:
    """The largest first. Everything here is made again where it is missing."""
    root = cache_folder()
    names = [*KNOWN, *(name for name in _folders(root) if name not in KNOWN and name != "models")]
    found = [_kept(root, name) for name in names]
    return sorted((one for one in found if one.files), key=lambda one: (-one.bytes, one.name))


def _folders(root: Path) -> list[str]:
    return sorted(entry.name for entry in root.iterdir() if entry.is_dir()) if root.is_dir() else []


def _kept(root: Path, name: str) -> Kept:
    sizes = list(_sizes(root / name))
    return Kept(name, KNOWN.get(name, ""), len(sizes), sum(sizes))


def _sizes(folder: Path) -> Iterator[int]:
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            if path.is_file() and not path.is_symlink():
                yield path.stat().st_size
