"""What every benchmark's JSON begins with, and where it is kept: `benchmarks/results/NAME.json`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.peers.summary import _revision as revision
from benchmarks.peers.summary import machine

RESULTS = Path(__file__).parent / "results"


def head(benchmark: str, title: str, command: str) -> dict[str, Any]:
    """What was measured, by which command, when, and on what."""
    return {
        "benchmark": benchmark,
        "title": title,
        "command": command,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "revision": revision(),
    }


def command_of(name: str, words: Sequence[str]) -> str:
    """What measures this again; where it was written to is nobody's business."""
    left = [word for word in words if not word.startswith("--results=")]
    while "--results" in left:
        place = left.index("--results")
        left[place : place + 2] = []
    return shlex.join(["python", "-m", "benchmarks", name, *left])


def keep(document: Mapping[str, Any], folder: Path) -> Path:
    """Writes it under the benchmark's name."""
    folder.mkdir(parents=True, exist_ok=True)
    told = folder / f"{document['benchmark']}.json"
    told.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return told
