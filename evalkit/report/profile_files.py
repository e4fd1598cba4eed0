"""``profile.json`` and ``profile.speedscope.json``, beside the reports of a profiled run."""

from __future__ import annotations

import json
from pathlib import Path

from evalkit.report.files import write_text
from evalkit.report.hostile import json_escaped
from evalkit.report.profile import flame
from evalkit.results import Result
from evalkit.runner.document import profile_document

NAME = "profile.json"
FLAME = "profile.speedscope.json"


def write(result: Result, folder: Path) -> list[Path]:
    """Both files; nothing of a run that was not profiled."""
    if result.profile is None:
        return []
    documents = ((NAME, profile_document(result)), (FLAME, flame(result)))
    return [write_text(folder / name, _json(document)) for name, document in documents]


def _json(document: object) -> str:
    return json_escaped(json.dumps(document, ensure_ascii=False, indent=2)) + "\n"
