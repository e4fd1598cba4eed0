"""Fixtures of the api tests: an empty working folder, and a way to call the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from evalkit.cli.main import run_and_exit


@dataclass(frozen=True)
class Called:
    code: int
    out: str
    err: str


@pytest.fixture
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No configuration, store or report of the person who runs the tests is in reach."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    for name in ("MODEL", "STORE", "REPORT", "LIMIT", "DEVICE", "DTYPE", "BATCH_SIZE"):
        monkeypatch.delenv(f"EVALKIT_{name}", raising=False)
    for name in ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITLAB_CI"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def evalkit(workdir: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Called]:
    """``evalkit("run", "smoke", ...)``: the command line, in this process."""

    def call(*arguments: str) -> Called:
        with pytest.raises(SystemExit) as stopped:
            run_and_exit(list(arguments))
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Called(int(stopped.value.code or 0), captured.out, captured.err)

    return call
