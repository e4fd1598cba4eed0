"""What every benchmark's JSON begins with, and where it is kept: `benchmarks/results/NAME.json`."""

from __future__ import annotations

import json
import os
import platform
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MEASURED = ("evalkit", "benchmarks", ":!benchmarks/results", "pyproject.toml", "constraints.txt")
"""What figures depend on: all of the checkout that is run."""
CHECKOUT = Path(__file__).parent.parent
RESULTS = CHECKOUT / "benchmarks" / "results"


@dataclass(slots=True)
class Interruption:
    came: bool = False

    @property
    def exit_code(self) -> int:
        return 130 if self.came else 0


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Ctrl-C, or being told to stop, ends what is inside; what was measured by then can be written behind it."""
    interruption = Interruption()
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield interruption
    except KeyboardInterrupt:
        interruption.came = True
        print("interrupted: what is measured so far is kept")
    finally:
        signal.signal(signal.SIGTERM, before)


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


def machine() -> dict[str, Any]:
    """What the figures depend on; nothing that names the machine or its owner."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gigabytes": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def revision(checkout: Path = CHECKOUT) -> str | None:
    """The commit of the checkout, marked when more was changed since than what benchmarks write; None outside one."""
    commit = _git(checkout, "describe", "--always", "--abbrev=12", "--exclude=*")
    return f"{commit}-dirty" if commit and _git(checkout, "status", "--porcelain", "--", *MEASURED) else commit or None


def _git(checkout: Path, *words: str) -> str:
    done = subprocess.run(("git", *words), cwd=checkout, capture_output=True, text=True, check=False)
    return done.stdout.strip()
