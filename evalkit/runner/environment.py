"""What a run ran on, for reports: versions and machine, nothing that identifies a person."""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

PACKAGES = (
    *("torch", "transformers", "tokenizers", "numpy"),
    *("sacrebleu", "rouge-score", "textstat", "nltk", "pyphen", "rapidfuzz", "scipy"),
)
"""What answers are made with, and what they are scored with."""


@cache
def environment() -> dict[str, Any]:
    return {
        "evalkit": _version("evalkit-lm"),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }


def _version(name: str) -> str:
    """Nothing for a package that is not installed."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return ""
    # a package's whole description is in that file: parsing all of it takes a hundred times as long
    for line in (found.read_text("METADATA") or "").partition("\n\n")[0].splitlines():
        key, _, value = line.partition(":")
        if key == "Version":
            return value.strip()
    return found.version
