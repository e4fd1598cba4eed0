"""A profiled run on an endpoint: how long answers took, and how many requests were under way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from http_server import Behaviour

from evalkit.cli.main import run_and_exit

ROWS = 24
WAIT = 0.05


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = [{"id": f"r{i}", "prompt": f"say {i}", "references": [f"say {i}"]} for i in range(ROWS)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    file = tmp_path / "small.yaml"
    file.write_text(
        "name: small\ndatasets: {rows: {path: rows.jsonl}}\n"
        "checks: {accuracy: {dataset: rows, metrics: [exact_match]}}\ngates: [accuracy.exact_match >= 0.5]\n",
        encoding="utf-8",
    )
    return file


def test_latencies_and_requests_under_way_are_told(
    http_server: Any, suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    http_server.rule = lambda request: Behaviour(wait=WAIT) if request.method == "POST" else None
    model = f"{http_server.url}/v1?model=tiny"
    with pytest.raises(SystemExit) as stopped:
        run_and_exit(["run", str(suite), "--model", model, "--profile", "--report", "out"])
    assert stopped.value.code == 0
    found = json.loads(Path("out/profile.json").read_text(encoding="utf-8"))
    (work,) = found["models"]
    assert work["answers"] == ROWS
    latency = work["latency"]
    assert WAIT <= latency["median"] <= latency["p90"] <= latency["p99"] <= latency["most"]
    assert 0 < work["under_way"] <= ROWS
    assert work["seconds"] >= WAIT * ROWS / http_server.most_at_once
    assert "under way at once" in capsys.readouterr().out
