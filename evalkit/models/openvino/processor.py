"""What this machine can do: read from the system, for asking OpenVINO takes a third of a second and loads it."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
QUOTA = Path("/sys/fs/cgroup/cpu.max")


def computes_bfloat16() -> bool:
    """Where the system does not say, no: float32 is right everywhere."""
    flags = re.search(r"^flags\s*:(.*)$", _read(CPUINFO), re.MULTILINE) if sys.platform == "linux" else None
    return flags is not None and bool({"amx_bf16", "avx512_bf16"} & set(flags[1].split()))


def usable_cores() -> int:
    """Physical cores that this process may use: OpenVINO starts a thread on each, whatever threads they have."""
    try:
        mine: set[int] | None = os.sched_getaffinity(0)
    except AttributeError:  # not on this system
        mine = None
    cores: set[tuple[str, str]] = set()
    for entry in _read(CPUINFO).split("\n\n"):
        told = dict(re.findall(r"^(processor|physical id|core id)\s*:\s*(\d+)", entry, re.MULTILINE))
        if "processor" in told and (mine is None or int(told["processor"]) in mine):
            cores.add((told.get("physical id", ""), told.get("core id", f"of {told['processor']}")))
    found = len(cores) or (len(mine) if mine is not None else os.cpu_count() or 1)
    quota = re.match(r"(\d+) (\d+)", _read(QUOTA))
    return max(1, min(found, int(quota[1]) // int(quota[2]))) if quota else found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
