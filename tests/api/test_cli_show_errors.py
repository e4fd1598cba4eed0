"""``evalkit show --errors`` and ``--case``: classes with what to do, and everything that was kept of a case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

SUITE = """
name: tiny
datasets: {rows: {path: rows.jsonl}}
checks:
  accuracy: {dataset: rows, metrics: [exact_match]}
  length: {dataset: rows}
gates: [accuracy.exact_match >= 0.3]
errors: {tolerance: 1}
"""


@pytest.fixture
def folder(workdir: Path) -> Path:
    rows = [{"id": f"r{i}", "prompt": f"say {i}", "references": [f"say {i}"]} for i in range(12)]
    (workdir / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (workdir / "tiny.yaml").write_text(SUITE, encoding="utf-8")
    return workdir


def test_errors_are_told_by_class_with_cases(evalkit: Any, folder: Path) -> None:
    evalkit("run", "tiny.yaml", "--model", "mock:flaky?rate=0.5&kind=timeout&of=oracle", "-q")
    shown = evalkit("show", "--errors", "--cases", "1")
    assert shown.code == 0
    assert "time-out (retried, up to 3 tries each)" in shown.out
    assert "the mock fails on purpose" in shown.out
    assert "Raise ?timeout=SECONDS" in shown.out
    assert '"max_tokens": 128' in shown.out
    document = json.loads(evalkit("show", "--errors", "--json").out)
    (group,) = document["errors"]
    assert group["failure"] == "time-out"
    assert len(group["cases"]) == group["measurements"]
    assert group["cases"][0]["request"]["decoding"]["max_tokens"] == 128
    assert group["cases"][0]["exchanges"][0]["messages"][0]["content"].startswith("say ")
    assert document["environment"]["evalkit"]


def test_errors_of_one_check_alone(evalkit: Any, folder: Path) -> None:
    evalkit("run", "tiny.yaml", "--model", "mock:flaky?rate=0.5&kind=timeout&of=oracle", "-q")
    both = json.loads(evalkit("show", "--errors", "--json").out)["errors"][0]
    (group,) = json.loads(evalkit("show", "--errors", "--check", "length", "--json").out)["errors"]
    assert group["checks"] == {"length": both["checks"]["length"]}
    assert {one["check"] for one in group["cases"]} == {"length"}
    assert group["measurements"] == len(group["cases"]) == both["measurements"] // 2


def test_one_case_in_every_check(evalkit: Any, folder: Path) -> None:
    evalkit("run", "tiny.yaml", "--model", "mock:oracle", "-q")
    shown = evalkit("show", "--case", "r3")
    assert "accuracy r3: scored" in shown.out
    assert "length r3: scored" in shown.out
    assert "say 3" in shown.out
    checks = json.loads(evalkit("show", "--case", "r3", "--json").out)["checks"]
    assert [one["check"] for one in checks] == ["accuracy", "length"]
    assert checks[0]["exchanges"][0]["answer"] == "say 3"


def test_without_errors_it_says_so_and_an_unknown_case_is_an_error(evalkit: Any, folder: Path) -> None:
    evalkit("run", "tiny.yaml", "--model", "mock:oracle", "-q")
    assert "no measurement errored" in evalkit("show", "--errors").out
    unknown = evalkit("show", "--case", "r\x1b[31m99")
    assert unknown.code == 2
    assert "has no case" in unknown.err
    assert "\x1b[31m99" not in unknown.err


def test_a_run_that_is_not_finished_shows_its_failed_requests(evalkit: Any, folder: Path) -> None:
    (folder / "tiny.yaml").write_text(SUITE + "limits: {requests: 6}\n", encoding="utf-8")
    assert evalkit("run", "tiny.yaml", "--model", "mock:flaky?rate=1&kind=content", "-q").code == 130
    shown = evalkit("show", "--errors")
    assert "interrupted" in shown.out
    assert "content: " in shown.out
    assert json.loads(evalkit("show", "--errors", "--json").out)["attempts"][0]["failure"] == "content"


def test_a_report_of_what_is_not_finished_says_how_it_is_finished(evalkit: Any, folder: Path) -> None:
    (folder / "tiny.yaml").write_text(SUITE + "limits: {requests: 6}\n", encoding="utf-8")
    assert evalkit("run", "tiny.yaml", "--model", "mock:oracle", "-q").code == 130
    called = evalkit("report")
    assert called.code == 2
    assert "is interrupted: the command that began it goes on with it; 'evalkit show" in called.err


def test_ctrl_c_while_the_report_is_written_says_that_the_run_is_kept(
    evalkit: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("evalkit.report.write_all", interrupted)
        called = evalkit("run", "tiny.yaml", "--model", "mock:oracle", "--report", "out")
    assert called.code == 130
    assert "the run is finished and kept" in called.err
    assert evalkit(*called.err.split("evalkit ")[-1].split()).code == 0
    assert (folder / "out" / "report.html").is_file()
