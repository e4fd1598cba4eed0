"""A judge behind HTTP: asked, stored, reported; its faults are the judge's, and its key is nobody's business."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli.main import run_and_exit

KEY = "sk-judge-s3cret-0123456789"
ROWS = 6
SUITE = """
name: judged
datasets: {rows: {path: rows.jsonl}}
generation: {max_tokens: 16}
judge: JUDGE
checks:
  judge: {}
  preference: {against: other}
  accuracy: {metrics: [exact_match]}
gates: [judge.passed >= 0.3, accuracy.exact_match >= 0.3]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("EVALKIT_MODEL", "EVALKIT_STORE", "EVALKIT_REPORT", "EVALKIT_LIMIT", "EVALKIT_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)
    rows = [{"id": f"r{i}", "prompt": f"say {i}", "references": [f"it is {i}"], "other": "no"} for i in range(ROWS)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return tmp_path


def verdict(prompt: str) -> str:
    if "Compare two answers" in prompt:
        return '{"choice": "first", "reason": "<script>alert(1)</script> it came first"}'
    return 'Sure!\n```json\n{"score": 5, "reason": "<img src=x onerror=alert(1)>",}\n```'


def run(folder: Path, capsys: pytest.CaptureFixture[str], judge: str, *more: str) -> tuple[int, dict[str, Any], str]:
    (folder / "judged.yaml").write_text(SUITE.replace("JUDGE", judge), encoding="utf-8")
    with pytest.raises(SystemExit) as stopped:
        run_and_exit(["run", "judged.yaml", "--model", "mock:oracle", "--report", "out", "--json", *more])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    document = json.loads(captured.out) if captured.out.startswith("{") else {}
    return int(stopped.value.code or 0), document, captured.out + captured.err


def values(document: dict[str, Any], check: str) -> dict[str, Any]:
    return {
        one["metric"]: one["value"] for one in document["estimates"] if one["check"] == check and not one.get("slice")
    }


def test_a_judge_behind_http_is_asked_both_ways_and_shown(
    http_server: Any, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    http_server.says = verdict
    code, document, _ = run(folder, capsys, f"{http_server.url}/v1?model=tiny")
    assert code == 0
    assert len(http_server.posts) == 3 * ROWS  # one score, and both orders of the pair
    scored, preferred = values(document, "judge"), values(document, "preference")
    assert (scored["score"], scored["repaired"], scored["unparsed"]) == (5.0, 1.0, 0.0)
    assert (preferred["position_bias"], preferred["consistency"], preferred["ties"]) == (1.0, 0.0, 1.0)
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "position_bias" in page
    assert http_server.url.removeprefix("http://") in page  # who judged
    assert "<img src=x" not in page
    assert "<script>alert" not in page


@pytest.mark.parametrize("code", [429, 500])
def test_a_judge_that_fails_makes_errors_and_no_scores(
    http_server: Any, folder: Path, capsys: pytest.CaptureFixture[str], code: int
) -> None:
    http_server.rule = lambda _: http_server.status(code, {"Retry-After": "0"})
    exit_code, document, said = run(
        folder, capsys, f"{http_server.url}/v1?model=tiny&retries=0&backoff=0.001&concurrency=1"
    )
    assert exit_code != 0
    if document:
        assert values(document, "judge")["score"] is None
        assert values(document, "judge")["coverage"] == 0.0
        assert values(document, "accuracy")["exact_match"] == 1.0
    else:
        assert str(code) in said


def test_one_error_of_the_judge_is_one_errored_case(
    http_server: Any, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    http_server.says = verdict
    http_server.rule = lambda said: http_server.status(400) if "say 3" in said.body["messages"][-1]["content"] else None
    _, document, _ = run(folder, capsys, f"{http_server.url}/v1?model=tiny")
    scored = values(document, "judge")
    assert scored["score"] == 5.0
    assert scored["coverage"] == pytest.approx((ROWS - 1) / ROWS)


def test_a_judge_s_key_is_sent_to_it_and_kept_nowhere(
    http_server: Any, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    http_server.says = verdict
    monkeypatch.setenv("JUDGE_KEY", KEY)
    (folder / "evalkit.toml").write_text(
        f"[models.grader]\nref = '{http_server.url}/v1?model=tiny'\napi_key_env = 'JUDGE_KEY'\n", encoding="utf-8"
    )
    _, _, said = run(folder, capsys, "grader")
    assert http_server.posts[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in said
    assert [path.name for path in folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()] == []


def test_verdicts_of_a_judge_whose_weights_are_known_are_not_asked_for_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(folder, capsys, "mock:judge")
    _, document, _ = run(folder, capsys, "mock:judge")
    assert document["usage"]["asked"] == 0
    assert document["usage"]["reused"] == 4 * ROWS  # an answer, a score, and both orders of the pair
    assert document["environment"]["judge"].startswith("mock:judge, mock:")
