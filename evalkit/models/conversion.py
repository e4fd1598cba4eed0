"""Folders that are made once from a model's file, by whoever comes first: complete, or not there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from evalkit.models.fetch import locked, make_folder, tell

COMPLETE = "evalkit.json"
"""Written last: a folder without it is not used."""


def is_complete(folder: Path) -> bool:
    return (folder / COMPLETE).is_file()


def convert_once(path: Path, sha256: str, target: Path, form: str, write: Callable[[Path, Path], None]) -> Path:
    """``write`` is given a workshop, which is gone afterwards, and an empty folder in it, which becomes the target. A
    process that was killed could not clear its workshop away: the next one does."""
    if is_complete(target):
        return target
    with locked(target):
        if is_complete(target):
            return target
        workshops = f"incoming-{target.name}-"
        for left in (target, *target.parent.glob(f"{workshops}*")):
            shutil.rmtree(left, ignore_errors=True)
        tell(f"converting {path.name} {form}, once ...")
        with TemporaryDirectory(dir=make_folder(target.parent), prefix=workshops) as folder:
            arriving = Path(folder) / "model"
            arriving.mkdir()
            write(Path(folder), arriving)
            (arriving / COMPLETE).write_text(json.dumps({"sha256": sha256, "file": path.name}), encoding="utf-8")
            arriving.replace(target)
    return target
