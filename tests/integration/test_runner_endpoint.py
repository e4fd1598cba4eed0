"""Endpoints end to end through the command line: a configured JSON endpoint, keys that stay secret, several models."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli.main import run_and_exit

KEY = "sk-very-s3cret-0123456789"
SUITE = """
name: small
datasets: {rows: {path: rows.jsonl}}
generation: {max_tokens: 16}
checks:
  accuracy: {dataset: rows, metrics: [exact_match]}
  safety: {dataset: rows}
gates: [accuracy.exact_match >= 0.3]
"""
ROWS = 12


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("EVALKIT_MODEL", "EVALKIT_STORE", "EVALKIT_REPORT", "EVALKIT_LIMIT", "EVALKIT_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)
    rows = [{"id": f"r{i}", "prompt": f"say {i}", "references": [f"say {i}"], "unsafe": False} for i in range(ROWS)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "small.yaml").write_text(SUITE, encoding="utf-8")
    return tmp_path


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        run_and_exit(["run", "small.yaml", *arguments])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return int(stopped.value.code or 0), captured.out, captured.err


def test_a_json_endpoint_by_body_and_response(
    http_server: Any, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "evalkit.toml").write_text(
        f"[models.mine]\nref = '{http_server.url}/invocations'\nresponse = 'predictions.0.text'\ntimeout = 20\n"
        "api_key_env = 'EVALKIT_MINE_KEY'\n"
        "[models.mine.body]\ninputs = ['{{ prompt }}']\nparams = {max_tokens = '{{ max_tokens }}'}\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("EVALKIT_MINE_KEY", KEY)
    code, out, err = call(capsys, "--model", "mine", "--report", "out")
    assert code == 0, err
    assert len(http_server.posts) == ROWS
    assert {post.path for post in http_server.posts} == {"/invocations"}
    assert http_server.posts[0].body["params"] == {"max_tokens": 16}
    assert KEY in http_server.posts[0].headers["authorization"]
    assert_kept_secret(folder, out + err)


def assert_kept_secret(folder: Path, said: str) -> None:
    assert KEY not in said
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {"runs.db", "report.html", "report.json", "safety-log.jsonl"} <= {path.name for path in files}
    assert [path.name for path in files if KEY.encode() in path.read_bytes()] == []


def test_a_key_in_the_environment_is_sent_and_never_kept(
    http_server: Any, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    # the server repeats the key in its complaints, as careless ones do
    http_server.next(http_server.json({"error": {"message": f"key {KEY} is over its rate"}}, 400))
    code, out, err = call(capsys, "--model", f"{http_server.url}/v1?model=tiny&key_env=MY_KEY", "--report", "out")
    assert code == 3
    assert_kept_secret(folder, out + err)


@pytest.mark.parametrize(
    "reference",
    ["http://user:{key}@127.0.0.1:9/v1?model=m", "http://127.0.0.1:9/v1?model=m&api_key={key}", "openai:m?key={key}"],
)
def test_a_key_in_the_reference_is_refused_and_not_repeated(
    folder: Path, capsys: pytest.CaptureFixture[str], reference: str
) -> None:
    code, out, err = call(capsys, "--model", reference.format(key=KEY))
    assert code == 2
    assert KEY not in out + err
    assert all(KEY.encode() not in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_of_several_models_one_that_breaks_does_not_cost_the_others(
    http_server: Any, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    http_server.rule = lambda _: http_server.status(401)
    locked = f"{http_server.url}/v1?model=tiny"
    code, out, err = call(capsys, "--model", locked, "--model", "mock:echo", "-q")
    assert code == 2
    assert "401" in err
    assert "small on mock:echo: good enough" in out
    assert len(list((folder / "reports").iterdir())) == 1


def test_several_models_of_which_one_cannot_be_opened_ask_nothing(
    http_server: Any, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = call(capsys, "--model", f"{http_server.url}/v1?model=tiny", "--model", "mock:eco")
    assert code == 2
    assert "did you mean 'echo'" in err
    assert http_server.posts == []
    assert not (folder / "reports").exists()


def test_json_of_several_models_is_one_list(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "--model", "mock:echo", "--model", "mock:constant?text=no", "--json")
    assert code == 1
    assert [document["run"]["model"] for document in json.loads(out)] == ["mock:echo", "mock:constant?text=no"]


def test_the_last_baseline_is_the_same_for_every_model(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, "--model", "mock:echo", "-q")
    _, out, _ = call(capsys, "--model", "mock:echo", "--model", "mock:constant?text=no", "--baseline", "last", "--json")
    first, second = json.loads(out)
    assert first["run"]["options"]["baseline"] == second["run"]["options"]["baseline"] != first["run"]["id"]


def test_the_progress_says_how_many_requests_the_server_is_sent(
    http_server: Any, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evalkit.cli.progress.SECONDS_BETWEEN_LINES", 0.0)
    http_server.next(http_server.status(429))
    code, _, err = call(capsys, "--model", f"{http_server.url}/v1?model=tiny")
    assert code == 0, err
    assert " at once, 1 refused" in err


def test_a_server_is_sent_later_rows_while_an_early_one_is_not_answered(
    http_server: Any, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"id": f"r{i}", "prompt": f"say {i}", "references": [f"say {i}"]} for i in range(200)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "small.yaml").write_text(SUITE.replace("  safety: {dataset: rows}\n", ""), encoding="utf-8")
    last, in_time = threading.Event(), []

    def rule(request: Any) -> None:
        said = request.body["messages"][-1]["content"]
        if said == "say 0":
            in_time.append(last.wait(20))
        elif said == "say 199":
            last.set()

    http_server.rule = rule
    code, _, err = call(capsys, "--model", http_server.reference)
    assert code == 0, err
    assert in_time == [True]
    assert len(http_server.posts) == 200
