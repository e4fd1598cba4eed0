"""Where the index of a run lies: a folder for each runs database in evalkit's cache, a file for each run.

A file a run, rather than one for all: a deleted run is a deleted file, a damaged one costs one run's index, and two
processes that fill the indexes of two runs never wait for each other.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from evalkit.errors import StoreError
from evalkit.models.fetch import cache_root
from evalkit.store import Store

ENDINGS = ("", "-wal", "-shm", "-journal")


def index_folder(store: Store) -> Path:
    """Named from the runs database's address without its secrets; a database in memory has one for each process."""
    location = store.database.location
    if location.in_memory:
        name = f"memory {os.getpid()}"
    else:
        name = str(location.path.expanduser().resolve()) if location.path else location.shown
    return cache_root().parent / "browse" / _digest(name, 16)


def index_path(folder: Path, run_id: str) -> Path:
    return folder / f"{_digest(run_id, 24)}.db"


def prepare(folder: Path) -> None:
    """Only its owner may read what people asked models and were answered."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(
            f"the index of answers cannot be kept: {error.strerror}",
            where=str(folder),
            hint="set EVALKIT_CACHE to a folder that can be written",
        ) from error


def discard(path: Path) -> None:
    for ending in ENDINGS:
        path.with_name(path.name + ending).unlink(missing_ok=True)


def size_of(path: Path) -> int:
    """Bytes on disk."""
    files = [path.with_name(path.name + ending) for ending in ENDINGS]
    return sum(file.stat().st_size for file in files if file.is_file())


def others(folder: Path, run_ids: Iterable[str]) -> list[Path]:
    """Indexes of runs that are no longer there."""
    kept = {index_path(folder, run_id).name for run_id in run_ids}
    return sorted(path for path in folder.glob("*.db") if path.name not in kept) if folder.is_dir() else []


def discard_others(folder: Path, run_ids: Iterable[str]) -> int:
    """How many."""
    gone = others(folder, run_ids)
    for path in gone:
        discard(path)
    return len(gone)


def forget_indexes(store: Store, run_ids: Iterable[str]) -> None:
    """Of runs that are gone for good: words of what was said in them."""
    folder = index_folder(store)
    for run_id in run_ids:
        discard(index_path(folder, run_id))


def _digest(text: str, characters: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:characters]
