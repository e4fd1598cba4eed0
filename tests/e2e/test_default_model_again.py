"""The same suite on the default model a second time: its answers are known, and nothing that runs models is loaded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = """
import sys
from evalkit.cli.main import run_and_exit
try:
    run_and_exit(sys.argv[1:])
except SystemExit as stopped:
    print("LOADED", *sorted({"torch", "transformers", "tokenizers", "openvino"} & set(sys.modules)))
    raise
"""
SUITE = """
name: again
datasets: {rows: {path: rows.jsonl}}
checks: {length: {dataset: rows}}
generation: {max_tokens: 8}
gates: [length.empty <= 1]
"""


def loaded_by_run(folder: Path) -> tuple[list[str], int]:
    words = ["run", "again.yaml", "--model", "smollm2-135m", "--store", "runs.db", "--report", "out", "-q", "--profile"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("EVALKIT_") or "CACHE" in key}
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    if done.returncode == 2:
        pytest.skip(f"the default model cannot be fetched here: {done.stderr.strip()}")
    assert "Traceback" not in done.stderr
    profile = json.loads((folder / "out" / "profile.json").read_text(encoding="utf-8"))
    return done.stdout.splitlines()[-1].split()[1:], profile["requests"]["asked"]


@pytest.mark.xdist_group("default-model")
def test_a_second_run_of_an_unchanged_suite_loads_no_model(tmp_path: Path) -> None:
    rows = [{"id": f"r{i}", "prompt": f"Name a colour, number {i}.", "expected_length": "short"} for i in range(4)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "again.yaml").write_text(SUITE, encoding="utf-8")
    first, asked = loaded_by_run(tmp_path)
    assert "torch" in first
    assert asked == len(rows)
    assert loaded_by_run(tmp_path) == ([], 0)
