"""What a newcomer gets wrong in files, folders and addresses: a sentence with the place, a hint, and code 2."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Evalkit = Callable[..., Any]
SUITE = """\
name: first
datasets: {d: {path: rows.jsonl}}
checks:
  accuracy: {metrics: [exact_match]}
gates:
  - accuracy.exact_match >= 0.5
"""
ROWS = "".join(json.dumps({"id": f"r{n}", "prompt": f"say {n}", "references": [str(n)]}) + "\n" for n in range(5))


@pytest.fixture
def suite(workdir: Path) -> Path:
    (workdir / "rows.jsonl").write_text(ROWS, encoding="utf-8")
    path = workdir / "s.yaml"
    path.write_text(SUITE, encoding="utf-8")
    return path


def told(evalkit: Evalkit, *arguments: str) -> list[str]:
    """The lines of an error: the sentence, then what to do."""
    called = evalkit(*arguments)
    lines: list[str] = called.err.splitlines()
    assert called.code == 2, called
    assert called.out == ""
    assert lines[0].startswith("error: ")
    assert len(lines) >= 2, "nothing says what to do next"
    assert all(line.startswith("       ") for line in lines[1:])
    return lines


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("checks:", "cheks:", ("s.yaml:3: unknown key 'cheks'", "did you mean 'checks'?")),
        ("[exact_match]", "[exact_match", ("not valid YAML", "check the indentation and quotes")),
        ("rows.jsonl", "row.jsonl", ("row.jsonl: no such dataset file", "did you mean 'rows.jsonl'?")),
        (">= 0.5", "at least 0.5", ("s.yaml:6: cannot read gate", "forms: CHECK.METRIC >= 0.8")),
        ("exact_match >= 0.5", "exact_mach >= 0.5", ("s.yaml:6: gate names a metric", "did you mean 'exact_match'?")),
        (
            "exact_match >= 0.5",
            "exact_match by topic >= 0.5",
            ("s.yaml:6: gate", "none of its columns can be sliced by"),
        ),
    ],
)
def test_a_mistake_in_a_suite(evalkit: Evalkit, suite: Path, old: str, new: str, says: tuple[str, str]) -> None:
    suite.write_text(SUITE.replace(old, new), encoding="utf-8")
    first, *rest = told(evalkit, "run", "s.yaml", "--model", "mock:oracle")
    assert says[0] in first
    assert says[1] in " ".join(rest)


def test_a_suite_in_another_encoding(evalkit: Evalkit, suite: Path) -> None:
    suite.write_text(SUITE, encoding="utf-16")
    first, hint = told(evalkit, "run", "s.yaml", "--model", "mock:oracle")
    assert first == "error: s.yaml: is not written in UTF-8 (byte 1)"
    assert hint.strip() == "save the file as UTF-8 text"


def test_a_dataset_without_the_column_that_asks(evalkit: Evalkit, suite: Path, workdir: Path) -> None:
    (workdir / "rows.jsonl").write_text('{"text": "a", "label": "b"}\n', encoding="utf-8")
    first, hint = told(evalkit, "run", "s.yaml", "--model", "mock:oracle")
    assert "rows.jsonl: no row has a prompt" in first
    assert "its columns: text, label" in hint


def test_settings_that_cannot_be_read(evalkit: Evalkit, suite: Path, workdir: Path) -> None:
    (workdir / "evalkit.toml").write_text("[broken\n", encoding="utf-8")
    first, hint = told(evalkit, "run", "s.yaml", "--model", "mock:oracle")
    assert "evalkit.toml: cannot be read" in first
    assert "all settings can be given as options" in hint


def test_a_baseline_file_that_is_broken(evalkit: Evalkit, suite: Path, workdir: Path) -> None:
    (workdir / "base.json").write_text('{"kind": ', encoding="utf-8")
    first, hint = told(evalkit, "run", "s.yaml", "--model", "mock:oracle", "--baseline", "base.json")
    assert "base.json: the file is no baseline" in first
    assert "evalkit baseline export NAME FILE" in hint


def test_a_report_folder_that_takes_no_files_is_found_before_anything_is_asked(
    evalkit: Evalkit, suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permissions alone do not tell: a file system may be mounted for reading."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("evalkit.cli.evaluation.TemporaryDirectory", refuse)
    first, hint = told(evalkit, "run", "s.yaml", "--model", "mock:oracle", "--report", "out")
    assert first.endswith("cannot be written to: Read-only file system")
    assert "--report DIR" in hint
    assert not Path(".evalkit").exists()


@pytest.mark.parametrize(
    ("store", "sentence", "hint"),
    [
        ("rows.jsonl/runs.db", "rows.jsonl", "--store"),
        (".", "this is a folder", "runs.db"),
        ("mysql://host/runs", "not 'mysql'", "postgresql+pg8000://USER@HOST/DATABASE"),
        ("postgresql://host/runs", "names no user", "postgresql://USER@HOST/DATABASE"),
    ],
)
def test_a_place_that_can_hold_no_runs(evalkit: Evalkit, suite: Path, store: str, sentence: str, hint: str) -> None:
    if store.startswith("postgresql"):
        pytest.importorskip("pg8000")
    first, *rest = told(evalkit, "run", "s.yaml", "--model", "mock:oracle", "--store", store)
    assert sentence in first
    assert hint in " ".join(rest)


def test_a_port_that_another_program_has(evalkit: Evalkit, suite: Path) -> None:
    pytest.importorskip("starlette")
    assert evalkit("run", "s.yaml", "--model", "mock:oracle").code == 0
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        first, hint = told(evalkit, "view", "--port", port)
    assert f"127.0.0.1:{port}: cannot listen there" in first
    assert "--port 0" in hint


def test_a_model_that_nobody_serves(evalkit: Evalkit, suite: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/v1?model=m"
        first, hint = told(evalkit, "run", "s.yaml", "--model", address)
    assert "nothing listens at" in first
    assert "is the server running" in hint
