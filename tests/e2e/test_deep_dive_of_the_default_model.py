"""What a deep dive measures of the default model, section by section, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LITTLE = ("seconds=600", "batch_sizes=[4]", "repeats=1", "prompts=4", "rows=1", "growth_requests=10", "max_tokens=4")
"""Work that is bounded by how much it is, and not by the time that a busy machine takes for it."""


@pytest.mark.xdist_group("default-model")
def test_the_default_model_is_dived_into(weights: Path, tmp_path: Path) -> None:
    assert weights.is_file()
    options = [word for option in LITTLE for word in ("--mode-option", option)]
    command = [sys.executable, "-m", "evalkit", "run", "assistant-quality", "--model", "smollm2-135m", "--limit", "2"]
    command += ["--only", "accuracy", "--only", "performance"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("EVALKIT_") or "CACHE" in key}
    done = subprocess.run(
        [*command, "--mode", "deep-dive", "--report", "out", *options],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    document = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert document["mode"] == "deep-dive"
    found = {section["id"]: section for section in document["sections"]}
    speed = {row[0]: row for row in found["deep-dive-speed"]["tables"][0]["rows"]}
    assert list(speed) == ["as in the run", "4"]
    assert all(row[2] > 0 for row in speed.values())
    assert len(found["deep-dive-volume"]["tables"][0]["rows"]) == 3
    stages = {row[0]: row[1] for row in found["deep-dive-time"]["tables"][0]["rows"]}
    assert stages["ask the model: decode"] > 0
    phases = [row[0] for row in found["deep-dive-resources"]["tables"][0]["rows"]]
    assert phases == ["the run", "measuring speed", "measuring volume", "measuring memory"]
    assert {"deep-dive-patterns", "deep-dive-slices", "deep-dive-advice", "pipeline"} <= set(found)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert 'id="section-deep-dive-speed"' in page
