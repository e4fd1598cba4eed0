"""init: what a project begins with works at once, and nothing of the project is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

Evalkit = Callable[..., Any]
WRITTEN = {"evals/suite.yaml", "evals/questions.jsonl", ".github/workflows/evalkit.yml", ".pre-commit-config.yaml"}


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def load_yaml(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def test_the_files_are_written_and_the_next_command_said(evalkit: Evalkit, workdir: Path) -> None:
    called = evalkit("init")
    assert called.code == 0
    assert files(workdir) == WRITTEN
    assert "evalkit run evals/suite.yaml --model mock:oracle" in called.out


def test_the_starter_suite_passes_on_the_oracle_and_fails_on_an_echo(evalkit: Evalkit) -> None:
    evalkit("init")
    assert evalkit("run", "evals/suite.yaml", "--model", "mock:oracle", "-q").code == 0
    assert evalkit("run", "evals/suite.yaml", "--model", "mock:echo", "-q").code == 1


def test_the_starter_suite_is_valid_for_a_real_model_and_its_gates_can_be_proven(evalkit: Evalkit) -> None:
    evalkit("init")
    assert evalkit("plan", "evals/suite.yaml", "--model", "smollm2-135m", "--strict").code == 0


def test_the_starter_rows_are_valid(evalkit: Evalkit, workdir: Path) -> None:
    evalkit("init")
    called = evalkit("data", "validate", "evals/questions.jsonl")
    assert called.code == 0
    rows = [json.loads(line) for line in (workdir / "evals/questions.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) >= 10
    assert len({row["question"] for row in rows}) == len(rows)
    for row in rows:
        assert all(word.casefold() in row["references"][0].casefold() for word in row["keywords"])


def test_the_commands_in_workflow_and_hooks_work(evalkit: Evalkit, workdir: Path) -> None:
    """Every line that calls evalkit is run, on a mock where it would take the default model."""
    evalkit("init")
    workflow = load_yaml(workdir / ".github/workflows/evalkit.yml")
    steps = workflow["jobs"]["evaluate"]["steps"]
    lines = [line.strip() for step in steps for line in step.get("run", "").splitlines()]
    hooks = load_yaml(workdir / ".pre-commit-config.yaml")["repos"][0]["hooks"]
    lines += [
        hook["entry"] + ("" if hook.get("pass_filenames") is False else " evals/questions.jsonl") for hook in hooks
    ]
    calls = [line.removeprefix("evalkit ") for line in lines if line.startswith("evalkit ")]
    assert len(calls) == 5
    for call in calls:
        words = call.replace("evals/*.jsonl", "evals/questions.jsonl").split()
        if words[0] == "run" and "--model" not in words:
            words += ["--model", "mock:oracle"]
        assert evalkit(*words).code == 0, call
    assert (workdir / "reports/evalkit/report.md").is_file()


def test_the_data_hook_is_for_the_rows(evalkit: Evalkit, workdir: Path) -> None:
    evalkit("init")
    hook = load_yaml(workdir / ".pre-commit-config.yaml")["repos"][0]["hooks"][0]
    assert re.search(hook["files"], "evals/questions.jsonl")
    assert not re.search(hook["files"], "evals/suite.yaml")


def test_another_folder_is_made(evalkit: Evalkit, workdir: Path) -> None:
    called = evalkit("init", "new/project")
    assert called.code == 0
    assert files(workdir / "new/project") == WRITTEN
    assert "cd new/project" in called.out


def test_nothing_is_overwritten_without_force(evalkit: Evalkit, workdir: Path) -> None:
    (workdir / "evals").mkdir()
    (workdir / "evals/suite.yaml").write_text("mine")
    called = evalkit("init")
    assert called.code == 2
    assert "evals/suite.yaml" in called.err
    assert "--force" in called.err
    assert files(workdir) == {"evals/suite.yaml"}
    assert evalkit("init", "--force").code == 0
    assert (workdir / "evals/suite.yaml").read_text(encoding="utf-8") != "mine"


@pytest.mark.parametrize("options", [[], ["--force"]])
def test_hooks_of_the_project_are_never_touched(evalkit: Evalkit, workdir: Path, options: list[str]) -> None:
    (workdir / ".pre-commit-config.yaml").write_text("repos: []\n")
    called = evalkit("init", *options)
    assert called.code == 0
    assert (workdir / ".pre-commit-config.yaml").read_text(encoding="utf-8") == "repos: []\n"
    assert "evalkit data validate" in called.out


def test_a_second_init_knows_its_own_hooks(evalkit: Evalkit) -> None:
    evalkit("init")
    assert "has evalkit's hooks already" in evalkit("init", "--force").out


def test_a_file_in_the_way_is_a_short_error(evalkit: Evalkit, workdir: Path) -> None:
    (workdir / "evals").write_text("a file")
    called = evalkit("init")
    assert called.code == 2
    assert "evals/suite.yaml" in called.err
