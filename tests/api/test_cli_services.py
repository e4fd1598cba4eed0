"""``evalkit run`` in the jobs of code hosts: what they show of it, and where."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Evalkit = Callable[..., Any]
SUITE = """\
name: small
datasets: {d: {path: rows.jsonl}}
checks:
  accuracy: {metrics: [exact_match]}
gates:
  - accuracy.exact_match >= 0.5
"""


@pytest.fixture
def suite(workdir: Path) -> str:
    rows = ({"id": f"r{n}", "prompt": f"::set-output name=x::{n}", "references": ["right"]} for n in range(40))
    (workdir / "evals").mkdir()
    (workdir / "evals" / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (workdir / "evals" / "suite.yaml").write_text(SUITE, encoding="utf-8")
    return "evals/suite.yaml"


def test_github_annotates_the_line_of_the_gate_and_shows_the_report(
    evalkit: Evalkit, suite: str, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = workdir / "summary.md"
    for name, value in (
        *(("CI", "true"), ("GITHUB_ACTIONS", "true"), ("GITHUB_WORKSPACE", str(workdir))),
        ("GITHUB_STEP_SUMMARY", str(summary)),
    ):
        monkeypatch.setenv(name, value)
    called = evalkit("run", suite, "--model", "mock:echo", "--report", "out")
    assert called.code == 1
    commands = [line for line in (called.out + called.err).splitlines() if line.lstrip().startswith("::")]
    (command,) = commands
    assert command.startswith(
        "::error file=evals/suite.yaml,line=6,title=small%3A gate failed::accuracy.exact_match >= 0.5: "
    )
    assert command in called.err
    report = Path("out/report.md").read_text(encoding="utf-8")
    assert summary.read_text(encoding="utf-8") == report + "\n"
    assert report.endswith("<!-- evalkit: small -->\n")


def test_gitlab_gets_its_two_files(
    evalkit: Evalkit, suite: str, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITLAB_CI", "true")
    monkeypatch.setenv("CI_PROJECT_DIR", str(workdir))
    evalkit("run", suite, "--model", "mock:echo", "--report", "out")
    (issue,) = json.loads(Path("out/gl-code-quality-report.json").read_text(encoding="utf-8"))
    assert issue["location"] == {"path": "evals/suite.yaml", "lines": {"begin": 6}}
    assert 'evalkit_gate_passed{suite="small",gate="accuracy.exact_match >= 0.5"} 0.0' in (
        Path("out/metrics.txt").read_text(encoding="utf-8")
    )


def test_a_finished_run_is_written_for_gitlab_when_that_is_asked_for(evalkit: Evalkit, suite: str) -> None:
    evalkit("run", suite, "--model", "mock:oracle", "--report", "out")
    assert not Path("out/metrics.txt").exists()
    assert json.loads(evalkit("report", "last", "--format", "gitlab").out) == []
    assert evalkit("report", "last", "--format", "openmetrics").out.endswith("# EOF\n")
    evalkit("report", "last", "--format", "gitlab", "--format", "openmetrics", "-o", "again")
    assert {path.name for path in Path("again").iterdir()} >= {"gl-code-quality-report.json", "metrics.txt"}
