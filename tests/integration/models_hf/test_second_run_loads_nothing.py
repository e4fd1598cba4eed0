"""A run that finds all its answers in the store loads no model: neither torch, nor transformers, nor a tokenizer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_models import make_llama

COMMAND = """
import sys
from evalkit.cli.main import run_and_exit
try:
    run_and_exit(sys.argv[1:])
except SystemExit as stopped:
    assert stopped.code in (0, 1, 4), stopped.code
heavy = {"torch", "transformers", "tokenizers", "safetensors", "openvino", "datasets"}
print("LOADED", *sorted(heavy & set(sys.modules)))
"""
CHECKS = """
  accuracy: {dataset: rows, metrics: [exact_match, token_f1]}
  length: {dataset: rows}
  choice: {dataset: choices}
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    rows = [
        {"id": f"r{i}", "prompt": f"Name colour {i}.", "references": ["red"], "expected_length": "short"}
        for i in range(6)
    ]
    choices = [{"id": f"c{i}", "prompt": f"Rain {i} is", "choices": ["wet", "dry"], "answer": 0} for i in range(4)]
    for name, content in (("rows", rows), ("choices", choices)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in content), encoding="utf-8")
    file = tmp_path / "again.yaml"
    file.write_text(
        "name: again\ndatasets:\n  rows: {path: rows.jsonl}\n  choices: {path: choices.jsonl}\n"
        f"checks:{CHECKS}generation: {{max_tokens: 6}}\ngates: [length.empty <= 1]\n",
        encoding="utf-8",
    )
    return file


def loaded_by_run(suite: Path, model: str, *more: str) -> tuple[list[str], int]:
    """Libraries of models that a run's process loaded, and how many requests it asked."""
    words = ["run", str(suite), "--model", model, "--store", "runs.db", "--report", "out", "-q", *more]
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *words], cwd=suite.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    asked = json.loads((suite.parent / "out" / "report.json").read_text(encoding="utf-8"))["usage"]["asked"]
    return done.stdout.splitlines()[-1].split()[1:], asked


def test_the_same_suite_again_loads_no_library_of_models(suite: Path, tmp_path: Path) -> None:
    model = str(make_llama(tmp_path / "model"))
    first, asked = loaded_by_run(suite, model)
    assert {"torch", "transformers"} <= set(first)
    assert asked > 0
    assert loaded_by_run(suite, model) == ([], 0)


def test_neither_does_a_profiled_run_nor_another_check_of_the_same_answers(suite: Path, tmp_path: Path) -> None:
    model = str(make_llama(tmp_path / "model"))
    loaded_by_run(suite, model)
    assert loaded_by_run(suite, model, "--profile") == ([], 0)
    suite.write_text(
        suite.read_text(encoding="utf-8").replace("  length:", "  readability: {dataset: rows}\n  length:")
    )
    assert loaded_by_run(suite, model) == ([], 0)
