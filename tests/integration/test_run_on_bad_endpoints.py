"""What a run does when the endpoint misbehaves: a short error, the right exit code, and never a good score."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli.main import run_and_exit

SUITE = """
name: small
datasets: {rows: {path: rows.jsonl}}
generation: {max_tokens: 16}
checks:
  accuracy: {dataset: rows, metrics: [exact_match]}
gates: [accuracy.exact_match >= 0.3]
"""
ROWS = 20


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = [{"id": f"r{i}", "prompt": f"say {i}", "references": [f"say {i}"]} for i in range(ROWS)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    path = tmp_path / "small.yaml"
    path.write_text(SUITE, encoding="utf-8")
    return path


def run(suite: Path, model: str, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as stopped:
        run_and_exit(["run", str(suite), "--model", model, "--report", "out", *more])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return int(stopped.value.code or 0), captured.err + captured.out


def report() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(Path("out/report.json").read_text(encoding="utf-8"))
    return document


def test_a_healthy_endpoint_passes(http_server: Any, suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(suite, f"{http_server.url}/v1?model=tiny", capsys)[0] == 0


def test_nothing_listening(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code, said = run(suite, f"http://127.0.0.1:{port}/v1?model=tiny", capsys)
    assert code == 2
    assert "nothing listens" in said


def test_no_access(http_server: Any, suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    http_server.on_get = http_server.status(401)
    http_server.rule = lambda _: http_server.status(401)
    code, said = run(suite, f"{http_server.url}/v1?model=tiny", capsys)
    assert code == 2
    assert "401" in said
    assert not Path("out/report.json").exists()


def test_a_web_page_instead_of_an_api(http_server: Any, suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = http_server.html()
    http_server.on_get = page
    http_server.rule = lambda _: page
    code, said = run(suite, f"{http_server.url}/v1?model=tiny", capsys)
    assert code == 2
    assert "web page" in said


def test_rate_limited_for_ever(http_server: Any, suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    http_server.rule = lambda _: http_server.status(429, {"Retry-After": "0"})
    code, said = run(suite, f"{http_server.url}/v1?model=tiny&patience=0.2", capsys)
    assert code == 3
    assert "NOT MEASURED" in said
    assert report()["outcome"]["exit_code"] == 3


def test_a_rate_limit_of_today_is_asked_again_tomorrow(
    http_server: Any, suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    http_server.rule = lambda _: http_server.status(429, {"Retry-After": "0"})
    assert run(suite, f"{http_server.url}/v1?model=tiny&retries=0", capsys)[0] == 3
    http_server.rule = lambda _: None
    assert run(suite, f"{http_server.url}/v1?model=tiny&retries=0", capsys)[0] == 0


def test_time_outs(http_server: Any, suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    http_server.rule = lambda _: http_server.ok(2.0)
    code, said = run(suite, f"{http_server.url}/v1?model=tiny&timeout=0.2&retries=0&concurrency=20", capsys)
    assert code == 3
    assert "time-out" in json.dumps(report()["checks"])
    assert "NOT MEASURED" in said


def test_half_the_samples_failing_is_no_score_of_one(
    http_server: Any, suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def every_other(request: Any) -> Any:
        number = int(request.body["messages"][-1]["content"].split()[-1])
        return http_server.status(500) if number % 2 else None

    http_server.rule = every_other
    code, _ = run(suite, f"{http_server.url}/v1?model=tiny&retries=0", capsys)
    assert code == 3
    (estimate,) = (e for e in report()["estimates"] if e["metric"] == "exact_match")
    assert estimate["value"] == pytest.approx(0.5)
    assert estimate["counts"]["errored"] == ROWS // 2
