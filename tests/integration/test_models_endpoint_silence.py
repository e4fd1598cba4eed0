"""A server that falls silent in the middle of a run: it is probed, comes back or does not, and nothing is lost."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from endpoint_asking import Opened, ask, question

from evalkit.cli.main import run_and_exit
from evalkit.errors import FailureClass, ServerSilent
from evalkit.records import DEFAULT_CONDITION

Server = Any  # LocalServer of tests/fixtures/http_server.py
SUITE = """
name: small
datasets: {rows: {path: rows.jsonl}}
checks: {accuracy: {dataset: rows, metrics: [exact_match]}}
gates: [accuracy.exact_match >= 0.3]
"""


def test_a_silent_server_ends_the_asking_after_some_probes(http_server: Server, opened: Opened) -> None:
    http_server.rule = lambda _: http_server.drop()
    backend = opened(http_server.reference + "&retries=0&concurrency=2&patience=0.2&backoff=0.01")
    with pytest.raises(ServerSilent, match="has stopped answering"):
        ask(backend, *[str(number) for number in range(100)])
    assert 8 < len(http_server.posts) < 40
    assert [told.failure for told in backend.troubles] == [FailureClass.NETWORK]


def test_a_server_that_comes_back_is_asked_on_and_both_are_told(http_server: Server, opened: Opened) -> None:
    back_at = time.monotonic() + 0.6
    http_server.rule = lambda _: None if time.monotonic() > back_at else http_server.drop()
    backend = opened(http_server.reference + "&retries=0&concurrency=4&patience=20&backoff=0.02")
    answers = ask(backend, *[str(number) for number in range(60)])
    assert [answer.text for answer in answers] == [str(number) for number in range(60)]  # what failed meanwhile, too
    stopped, back = backend.troubles
    assert "has stopped answering" in stopped.said
    assert "answers again" in back.said


def test_while_it_is_silent_one_request_is_sent_at_a_time(http_server: Server, opened: Opened) -> None:
    http_server.rule = lambda _: http_server.hang(5.0)
    backend = opened(http_server.reference + "&retries=0&timeout=0.1&patience=0.5&backoff=0.01")
    with pytest.raises(ServerSilent):
        ask(backend, *[str(number) for number in range(100)])
    opening = http_server.most_at_once
    assert len(http_server.posts) <= opening + 12


def test_an_error_is_a_word_of_the_server(http_server: Server, opened: Opened) -> None:
    http_server.rule = lambda _: http_server.status(500)
    answers = ask(opened(http_server.reference + "&retries=0&concurrency=1"), *[str(n) for n in range(20)])
    assert all(answer.failure for answer in answers)


def test_closing_while_others_wait_for_a_probe_ends_at_once(http_server: Server, opened: Opened) -> None:
    http_server.rule = lambda _: http_server.drop()
    backend = opened(http_server.reference + "&retries=0&concurrency=2&patience=60&backoff=10")
    answering = backend.session(DEFAULT_CONDITION).ask([question(str(number)) for number in range(100)])
    for _ in range(8):
        next(answering)
    began = time.monotonic()
    answering.close()
    assert time.monotonic() - began < 5


def test_the_run_ends_as_not_measured_and_the_same_command_goes_on(
    http_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [{"id": f"r{i}", "prompt": f"say {i}", "references": [f"say {i}"]} for i in range(60)]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    Path("small.yaml").write_text(SUITE, encoding="utf-8")
    command = ["run", "small.yaml", "--report", "out", "--events", "events.jsonl", "--model"]
    command.append(f"{http_server.reference}&retries=0&concurrency=2&patience=0.2&backoff=0.01")
    http_server.rule = lambda _: http_server.drop() if len(http_server.posts) > 30 else None
    with pytest.raises(SystemExit) as stopped:
        run_and_exit(command)
    said = capsys.readouterr().err
    assert stopped.value.code == 3
    assert "has stopped answering" in said
    assert "the same command goes on from here" in said
    events = [json.loads(line) for line in Path("events.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [event["event"] for event in events if event["event"] in {"trouble", "run interrupted"}] == [
        "trouble",
        "run interrupted",
    ]
    assert all(event["class"] == "network" for event in events[-2:])

    http_server.rule = lambda _: None
    before = len(http_server.posts)
    with pytest.raises(SystemExit) as finished:
        run_and_exit(command)
    assert finished.value.code == 0
    assert len(http_server.posts) - before == 30


def test_a_run_that_went_on_says_in_its_report_that_the_server_was_silent(
    http_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [{"id": f"r{i}", "prompt": f"say {i}", "references": [f"say {i}"]} for i in range(60)]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    Path("small.yaml").write_text(SUITE, encoding="utf-8")
    silent: list[float] = []

    def silent_for_a_while(_: Any) -> Any:
        if len(http_server.posts) > 20 and not silent:
            silent.append(time.monotonic())
        return http_server.drop() if silent and time.monotonic() < silent[0] + 0.5 else None

    http_server.rule = silent_for_a_while
    model = f"{http_server.reference}&retries=0&concurrency=4&patience=20&backoff=0.02"
    with pytest.raises(SystemExit) as stopped:
        run_and_exit(["run", "small.yaml", "--report", "out", "-q", "--model", model])
    assert stopped.value.code == 0
    warnings = json.loads(Path("out/report.json").read_text(encoding="utf-8"))["warnings"]
    assert any("has stopped answering" in said for said in warnings)
    assert any("answers again" in said for said in warnings)
