"""run --events and --notify: each thing that happens once, in order, for programs that look on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import evalkit as package
from evalkit.cli import notices
from evalkit.runner.events import NAMES, Event

Evalkit = Callable[..., Any]
SUITE = """
name: told
datasets: {rows: {path: rows.jsonl}}
checks: {accuracy: {metrics: [exact_match]}}
gates: [accuracy.exact_match >= 0.5]
"""


@pytest.fixture
def suite(workdir: Path) -> Path:
    rows = [{"id": f"r{i}", "prompt": f"say {i}", "references": [f"{i}"]} for i in range(600)]
    (workdir / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (workdir / "told.yaml").write_text(SUITE, encoding="utf-8")
    return workdir / "told.yaml"


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_run_tells_what_happens_in_order(evalkit: Evalkit, suite: Path, workdir: Path) -> None:
    called = evalkit("run", str(suite), "--model", "mock:oracle", "--events", "events.jsonl", "-q")
    assert called.code == 0, called.err
    told = events((workdir / "events.jsonl").read_text(encoding="utf-8"))
    names = [one["event"] for one in told]
    assert names[0] == "run started"
    assert names[-1] == "run finished"
    assert {*names} <= {*NAMES}
    blocks = [one for one in told if one["event"] == "block done"]
    assert sum(one["cases"] for one in blocks) == blocks[-1]["done"] == told[0]["cases"] == 600
    assert [one["done"] for one in blocks] == sorted(one["done"] for one in blocks)
    gates = {one["gate"]: one["word"] for one in told if one["event"] == "gate decided"}
    assert gates["accuracy.exact_match >= 0.5"] == "pass"
    assert (told[-1]["outcome"], told[-1]["exit_code"]) == ("good enough", 0)
    assert len({one["run"] for one in told}) == 1
    assert [one["time"] for one in told] == sorted(one["time"] for one in told)


def test_standard_output_has_events_and_nothing_else(evalkit: Evalkit, suite: Path) -> None:
    called = evalkit("run", str(suite), "--model", "mock:echo", "--events", "-")
    assert called.code == 1
    told = events(called.out)
    assert told[-1]["event"] == "run finished"
    assert told[-1]["exit_code"] == 1
    assert evalkit("run", str(suite), "--model", "mock:echo", "--events", "-", "--json").code == 2


def test_a_gate_that_is_decided_early_is_told_then(suite: Path, workdir: Path) -> None:
    told: list[Event] = []
    package.evaluate(suite, model="mock:oracle", stop_early=True, on_event=told.append)
    names = [one.name for one in told]
    first = names.index("gate decided")
    assert told[first].facts["early"]
    assert told[first].facts["cases"] < 600
    assert "block done" in names[:first]
    assert sum(one.name == "gate decided" and one.facts["gate"] == told[first].facts["gate"] for one in told) == 1


def test_an_interrupted_run_says_so_and_its_second_half_is_resumed(suite: Path) -> None:
    told: list[Event] = []

    def interrupt(event: Event) -> None:
        told.append(event)
        if event.name == "block done":
            raise KeyboardInterrupt

    with pytest.raises(package.errors.Interrupted):
        package.evaluate(suite, model="mock:oracle", on_event=interrupt)
    assert [one.name for one in told][-1] == "run interrupted"
    package.evaluate(suite, model="mock:oracle", on_event=told.append)
    assert "run resumed" in [one.name for one in told]
    assert len({one.run for one in told}) == 1


def test_a_run_that_asks_no_model_tells_how_it_ended(evalkit: Evalkit, workdir: Path) -> None:
    (workdir / "rows.jsonl").write_text('{"id": "a", "prompt": "say 1", "references": ["1"]}\n', encoding="utf-8")
    (workdir / "first.yaml").write_text(SUITE.replace("told", "first"), encoding="utf-8")
    (workdir / "second.yaml").write_text(SUITE + "needs: [first.yaml]\n", encoding="utf-8")
    called = evalkit("run", "second.yaml", "--model", "mock:echo", "--events", "-")
    *before, end = events(called.out)
    assert {one["event"] for one in before} <= {"gate decided"}
    assert (end["event"], end["suite"], end["exit_code"]) == ("run finished", "told", called.code)
    assert called.code != 0


class Taking(HTTPServer):
    taken: list[dict[str, Any]]


class _Handler(BaseHTTPRequestHandler):
    server: Taking

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append(json.loads(body))
        if self.path == "/rubbish":
            self.wfile.write(b"rubbish\r\n\r\n")
            return
        statuses = {"/broken": 500, "/moved": 302, "/busy": 503 if len(self.server.taken) < 3 else 204}
        self.send_response(statuses.get(self.path, 204))
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def do_GET(self) -> None:
        self.server.taken.append({"followed": self.path})
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def taking(monkeypatch: pytest.MonkeyPatch) -> Iterator[Taking]:
    monkeypatch.setattr(notices, "WAITS", (0.0, 0.0))
    server = Taking(("127.0.0.1", 0), _Handler)
    server.taken = []
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_an_address_is_told_how_it_ended(evalkit: Evalkit, suite: Path, taking: Taking) -> None:
    address = f"http://127.0.0.1:{taking.server_port}/hook?token=hush-hush"
    called = evalkit("run", str(suite), "--model", "mock:echo", "--notify", address, "-q")
    assert called.code == 1
    (one,) = taking.taken
    assert (one["event"], one["exit_code"], one["suite"]) == ("run finished", 1, "told")
    kept = [path.read_bytes() for path in Path().rglob("*") if path.is_file()]
    assert not any(b"hush-hush" in content for content in kept)


@pytest.mark.parametrize(
    ("path", "said", "tries"),
    [
        ("/broken", "answered with 500", 3),
        ("/moved", "answered with 302, which leads elsewhere", 1),
        ("/rubbish", "could not be told (BadStatusLine)", 1),
        ("/busy", "", 3),
        (None, "could not be told (ConnectionRefusedError)", 0),
    ],
)
def test_a_notice_that_is_not_taken_changes_no_exit_code(
    evalkit: Evalkit, suite: Path, taking: Taking, *, path: str | None, said: str, tries: int
) -> None:
    address = f"http://127.0.0.1:{taking.server_port}{path}" if path else "http://127.0.0.1:9/secret"
    called = evalkit("run", str(suite), "--model", "mock:oracle", "--notify", address, "-q")
    assert called.code == 0
    assert said in called.err if said else "--notify" not in called.err
    assert [one.get("event") for one in taking.taken] == ["run finished"] * tries
    assert "secret" not in called.err


def test_a_server_that_never_comes_to_an_end_is_left(
    evalkit: Evalkit, suite: Path, taking: Taking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "LONGEST", 0.0)
    address = f"http://127.0.0.1:{taking.server_port}/hook"
    called = evalkit("run", str(suite), "--model", "mock:oracle", "--notify", address, "-q")
    assert called.code == 0
    assert "the server took longer than 0 seconds" in called.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_events_that_cannot_be_written_are_said_and_change_no_exit_code(evalkit: Evalkit, suite: Path) -> None:
    called = evalkit("run", str(suite), "--model", "mock:oracle", "--events", "/dev/full", "-q")
    assert called.code == 0
    assert called.err.count("warning: --events: some of them could not be written: No space left on device") == 1


def test_a_second_run_keeps_what_the_first_told(evalkit: Evalkit, suite: Path, workdir: Path) -> None:
    for _ in range(2):
        assert evalkit("run", str(suite), "--model", "mock:oracle", "--events", "events.jsonl", "-q").code == 0
    told = events((workdir / "events.jsonl").read_text(encoding="utf-8"))
    assert [one["event"] for one in told].count("run finished") == 2


@pytest.mark.parametrize("at", ["run started", "block done", "run finished"])
def test_a_listener_that_fails_changes_nothing_of_the_run(suite: Path, at: str) -> None:
    told: list[str] = []

    def listen(event: Event) -> None:
        told.append(event.name)
        if event.name == at:
            raise ValueError("no longer there")

    with pytest.warns(RuntimeWarning, match="on_event failed at .* is told nothing more: ValueError"):
        result = package.evaluate(suite, model="mock:oracle", on_event=listen)
    assert (result.outcome.word, told[-1]) == ("good enough", at)


@pytest.mark.parametrize(
    "options",
    [
        ["--notify", "ftp://somewhere"],
        ["--notify", "http://127.0.0.1:port/secret"],
        ["--notify", "http://127.0.0.1/secret with a space"],
        ["--notify", "http://me:secret@127.0.0.1/"],
        ["--events", "no/such/folder/events.jsonl"],
    ],
)
def test_what_cannot_be_told_is_said_before_anything_is_asked(
    evalkit: Evalkit, suite: Path, options: list[str]
) -> None:
    called = evalkit("run", str(suite), "--model", "mock:oracle", *options)
    assert called.code == 2
    assert options[0] in called.err
    assert "secret" not in called.err
    assert not Path(".evalkit/runs.db").exists()
