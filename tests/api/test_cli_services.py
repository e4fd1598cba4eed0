"""``evalkit run`` in the jobs of code hosts: what they show of it, and where."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from evalkit.report import markdown

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
    assert report.endswith("<!-- evalkit: small mock:echo -->\n")


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


GH = """\
#!/usr/bin/env bash
# Stands in for GitHub's own tool: a question is answered from comments.json by jq, what would be written is noted.
last="${@: -1}"
case "$*" in
  *--jq*) jq -r "$last" comments.json ;;
  *) printf '%s\\n' "$*" >> written.txt ;;
esac
"""


def run_script(workdir: Path, script: str, stand_ins: dict[str, str], **environment: str) -> None:
    """As a job would, with these programs in place of real ones."""
    (workdir / "bin").mkdir()
    for name, text in stand_ins.items():
        (workdir / "bin" / name).write_text(text, encoding="utf-8")
        (workdir / "bin" / name).chmod(0o755)
    path = f"{workdir / 'bin'}:{os.environ['PATH']}"
    subprocess.run(
        ["bash", "-e", "-c", script], cwd=workdir, env={**os.environ, **environment, "PATH": path}, check=True
    )


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("jq")), reason="needs bash and jq")
@pytest.mark.parametrize(
    ("comments", "written"),
    [
        ([], "--silent repos/o/r/issues/5/comments -F body=@reports/evalkit/report.md"),
        (
            [(7, "Bot", "A report\n\n{mark}")],
            "--silent --method PATCH repos/o/r/issues/comments/7 -F body=@reports/evalkit/report.md",
        ),
        (
            [(1, "User", "{mark}"), (2, "Bot", "quoted: {mark} and more"), (3, "Bot", "<!-- evalkit: small other -->")],
            "--silent repos/o/r/issues/5/comments -F body=@reports/evalkit/report.md",
        ),
    ],
)
def test_the_starter_s_workflow_writes_its_own_comment_anew_and_no_other(
    evalkit: Evalkit, workdir: Path, comments: list[tuple[int, str, str]], written: str
) -> None:
    evalkit("init")
    workflow = YAML(typ="safe").load(workdir / ".github/workflows/evalkit.yml")
    (script,) = [step["run"] for step in workflow["jobs"]["evaluate"]["steps"] if "gh api" in step.get("run", "")]
    mark = markdown.marker("small", "tiny")
    (workdir / "reports/evalkit").mkdir(parents=True)
    (workdir / "reports/evalkit/report.md").write_text(f"## verdict\n\n{mark}\n", encoding="utf-8")
    known = [{"id": at, "user": {"type": kind}, "body": body.format(mark=mark)} for at, kind, body in comments]
    (workdir / "comments.json").write_text(json.dumps(known), encoding="utf-8")
    run_script(workdir, script, {"gh": GH}, GITHUB_REPOSITORY="o/r", NUMBER="5")
    assert (workdir / "written.txt").read_text(encoding="utf-8") == f"api {written}\n"


CURL = """#!/usr/bin/env bash
case "$*" in
  *per_page*) cat comments.json ;;
  *) printf '%s\\n' "$*" >> written.txt ;;
esac
"""


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("jq")), reason="needs bash and jq")
@pytest.mark.parametrize(
    ("comments", "written"),
    [
        (
            [(1, "someone", "{mark}"), (2, "project_9_bot_a", "{mark} and more")],
            "--data-urlencode body@reports/report.md",
        ),
        (
            [(1, "someone", "{mark}"), (7, "project_9_bot_a", "A report\n\n{mark}")],
            "--request PUT --data-urlencode body@reports/report.md",
        ),
    ],
)
def test_the_documented_job_of_gitlab_writes_its_own_note_anew_and_no_other(
    workdir: Path, comments: list[tuple[int, str, str]], written: str
) -> None:
    page = (Path(__file__).parents[2] / "docs/reports.md").read_text(encoding="utf-8")
    lines = page.partition("after_script:\n        - |\n")[2].partition("\n\n")[0]
    mark = markdown.marker("small", "tiny")
    (workdir / "reports").mkdir()
    (workdir / "reports/report.md").write_text(f"## verdict\n\n{mark}\n", encoding="utf-8")
    known = [{"id": at, "author": {"username": name}, "body": body.format(mark=mark)} for at, name, body in comments]
    (workdir / "comments.json").write_text(json.dumps(known), encoding="utf-8")
    gitlab = {"CI_API_V4_URL": "https://h/api/v4", "CI_PROJECT_ID": "3", "CI_MERGE_REQUEST_IID": "5"}
    run_script(workdir, textwrap.dedent(lines), {"curl": CURL}, **gitlab, EVALKIT_TOKEN="secret")
    notes = "https://h/api/v4/projects/3/merge_requests/5/notes" + ("/7" if "PUT" in written else "")
    expected = f"-fsS -o /dev/null -H PRIVATE-TOKEN: secret {written} {notes}\n"
    assert (workdir / "written.txt").read_text(encoding="utf-8") == expected
