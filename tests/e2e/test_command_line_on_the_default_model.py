"""The main job, for real: the quick suite on the embedded default model, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def workdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("default-model")


def run(workdir: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "evalkit", "run", "quickstart", "--limit", "3", "--report", "out", *arguments]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("EVALKIT_") or "CACHE" in key}
    done = subprocess.run(
        command, cwd=workdir, env=environment, capture_output=True, text=True, timeout=900, check=False
    )
    assert "Traceback" not in done.stderr
    if done.returncode == 2:
        pytest.skip(f"the default model cannot be fetched here: {done.stderr.strip()}")
    document: dict[str, Any] = json.loads((workdir / "out" / "report.json").read_text(encoding="utf-8"))
    return done.returncode, document


@pytest.mark.xdist_group("default-model")
def test_the_default_model_is_really_evaluated(workdir: Path) -> None:
    code, document = run(workdir)
    assert code in {0, 1}
    assert document["run"]["model"] == "smollm2-135m"
    assert document["usage"]["output_tokens"] > 50
    assert all(check["counts"]["errored"] == 0 for check in document["checks"])
    answers = [one["answer"] for finding in document["findings"] for one in finding["exchanges"]]
    assert len(set(answers)) > 5
    assert "torch" in document["environment"]["packages"]


@pytest.mark.xdist_group("default-model")
def test_greedy_answers_repeat_and_the_second_run_finds_them(workdir: Path) -> None:
    _, first = run(workdir)
    _, second = run(workdir)
    steady = {e["metric"]: e["value"] for e in second["estimates"] if e["check"] == "steady" and not e["slice"]}
    assert steady["identical"] == 1.0
    determinism = next(check["counts"]["planned"] for check in second["checks"] if check["name"] == "steady")
    assert second["usage"]["asked"] <= determinism * 3
    assert second["estimates"] == first["estimates"]
