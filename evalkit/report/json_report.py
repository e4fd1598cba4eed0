"""``report.json``: the result as a versioned document, described by ``docs/report.schema.json``."""

from __future__ import annotations

from pathlib import Path

from evalkit.report.files import write_text
from evalkit.report.hostile import json_escaped
from evalkit.results import Result
from evalkit.runner.document import to_json

NAME = "report.json"


def write(result: Result, folder: Path) -> Path:
    return write_text(folder / NAME, json_escaped(to_json(result, indent=2)) + "\n")
