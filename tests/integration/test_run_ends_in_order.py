"""Ctrl-C once lets the answers under way finish and saves; twice stops at once; ``kill`` is one Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import evalkit
from evalkit.runner.ending import SAID, Ending, in_order
from evalkit.store import open_store

LISTENING = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from evalkit.cli import main; main()"
)
"""The command line as a terminal starts it: a background job would begin with Ctrl-C ignored."""
ROWS = 60
SUITE = """
name: small
datasets: {rows: {path: rows.jsonl}}
checks: {accuracy: {dataset: rows, metrics: [exact_match]}}
gates: [accuracy.exact_match >= 0.3]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [{"id": f"r{i}", "prompt": f"say {i}", "references": [f"say {i}"]} for i in range(ROWS)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "small.yaml").write_text(SUITE, encoding="utf-8")
    return tmp_path


def start(folder: Path, model: str, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", LISTENING, "run", "small.yaml", "--model", model, "-q", "--report", "out", *more]
    environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True)


def wait_for(server: Any, process: subprocess.Popen[str], posts: int) -> None:
    while process.poll() is None and len(server.posts) < posts:
        server.stopping.wait(0.002)


SWALLOWING = """
import os, signal, time
from evalkit.runner import execute

def swallowing(*arguments, plan=execute.make_plan):
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
    except BaseException:
        return plan(*arguments)

execute.make_plan = swallowing
"""


def test_a_wish_to_end_that_a_library_swallows_before_the_run_begins_is_kept(folder: Path) -> None:
    command = [sys.executable, "-c", f"{SWALLOWING}\n{LISTENING}", "run", "small.yaml", "--model", "mock:echo"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 130
    assert "interrupted" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "kill"])
def test_once_what_is_under_way_is_answered_and_never_asked_again(
    http_server: Any, folder: Path, number: signal.Signals
) -> None:
    http_server.rule = lambda _: http_server.ok(0.3)
    model = f"{http_server.url}/v1?model=tiny&concurrency=4"
    process = start(folder, model)
    wait_for(http_server, process, 10)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert SAID in said
    assert "same command goes on from here" in said
    assert "Traceback" not in said
    assert len(http_server.posts) < ROWS
    http_server.rule = lambda _: None
    resumed = start(folder, model)
    resumed.communicate(timeout=60)
    assert resumed.returncode == 0
    assert len(http_server.posts) == ROWS


def test_twice_it_stops_at_once_and_goes_on_later(http_server: Any, folder: Path) -> None:
    http_server.rule = lambda _: http_server.hang(30.0) if len(http_server.posts) > 10 else None
    model = f"{http_server.url}/v1?model=tiny&concurrency=4"
    process = start(folder, model)
    wait_for(http_server, process, 14)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert SAID in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, said = process.communicate(timeout=25)
    assert time.monotonic() - began < 20  # and not the thirty seconds that the answers under way take
    assert process.returncode == 130
    assert "Traceback" not in said
    http_server.rule = lambda _: None
    resumed = start(folder, model)
    resumed.communicate(timeout=60)
    assert resumed.returncode == 0
    assert len(http_server.posts) <= ROWS + 4


def test_a_model_in_this_process_stops_after_the_answer_that_it_is_at(folder: Path) -> None:
    events = folder / "events.jsonl"
    process = start(folder, "mock:slow?ms=200&of=oracle", "--events", str(events))
    while process.poll() is None and not (events.exists() and "run started" in events.read_text(encoding="utf-8")):
        time.sleep(0.01)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=8)  # all of it would take twelve seconds
    assert process.returncode == 130
    assert SAID in said


def test_from_python_handlers_come_back_and_those_of_others_are_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    during: list[Any] = []

    def look(event: Any) -> None:
        if event.name == "block done":
            during.append(signal.getsignal(signal.SIGINT))

    def run() -> None:
        evalkit.evaluate("small.yaml", model="mock:oracle", store=":memory:", on_event=look)

    def own(*_: Any) -> None:
        raise AssertionError("nobody sends a signal")

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run()
        assert during[0] is not signal.default_int_handler
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        during.clear()
        signal.signal(signal.SIGINT, own)
        run()
        assert set(during) == {own}
        during.clear()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        assert set(during) == {signal.default_int_handler}
    finally:
        signal.signal(signal.SIGINT, before)


def test_while_weights_are_loaded_nothing_is_waited_for() -> None:
    said: list[str] = []
    ending = Ending(lambda: said.append(SAID))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with in_order(ending), pytest.raises(KeyboardInterrupt), ending.at_once():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert not said
    assert not ending.asked


@pytest.mark.parametrize("rule", ["refuses", "fails"])
def test_a_server_that_answers_nothing_keeps_no_run_from_ending(http_server: Any, folder: Path, rule: str) -> None:
    bad = {"refuses": (429, {"Retry-After": "300"}), "fails": (500, None)}[rule]
    http_server.rule = lambda _: http_server.status(*bad) if len(http_server.posts) > 10 else None
    process = start(folder, f"{http_server.url}/v1?model=tiny&concurrency=4&retries=9&backoff=30")
    wait_for(http_server, process, 12)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=25)  # and not the minutes for which a request is tried again
    assert process.returncode == 130
    assert SAID in said
    asked = len(http_server.posts)
    http_server.rule = lambda _: None
    assert start(folder, f"{http_server.url}/v1?model=tiny&concurrency=4&retries=9&backoff=30").wait(60) == 0
    assert len(http_server.posts) <= asked + ROWS - 9  # what was answered is not asked again


def test_what_happens_to_a_silent_server_is_told_while_it_is_silent(http_server: Any, folder: Path) -> None:
    told: list[str] = []
    back_at: list[float] = []

    def rule(_: Any) -> Any:
        fine = len(http_server.posts) <= 20 or (back_at and time.monotonic() > back_at[0])
        return None if fine else http_server.drop()

    def hear(event: Any) -> None:
        if event.name == "trouble":
            told.append(event.facts["said"])
            back_at.append(time.monotonic() + 0.3)  # were the silence not told, the server would not come back

    http_server.rule = rule
    model = f"{http_server.url}/v1?model=tiny&concurrency=4&retries=0&backoff=0.05&patience=20"
    evalkit.evaluate(folder / "small.yaml", model=model, store=folder / "runs.db", on_event=hear)
    assert "has stopped answering" in told[0]
    assert "answers again" in told[1]


def test_a_run_whose_answers_take_long_is_heard_of(
    http_server: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evalkit.runner.beating.SECONDS", 0.02)
    monkeypatch.setattr("evalkit.store.lease.LEASE_SECONDS", 0.2)
    states: list[str] = []

    def rule(_: Any) -> Any:
        if len(http_server.posts) == 1:
            time.sleep(0.5)
            with open_store(str(folder / "runs.db")) as store:
                states.extend(run.state for run in store.list_runs())
        return None

    http_server.rule = rule
    evalkit.evaluate(
        folder / "small.yaml", model=f"{http_server.url}/v1?model=tiny&concurrency=1", store=folder / "runs.db"
    )
    assert states == ["running"]
