"""Who is let into ``evalkit view``, what it answers to everybody else, and that a look changes nothing."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
import httpx
from click.testing import CliRunner
from web_server import TOKEN, WebServer, addresses

from evalkit.cli.main import commands
from evalkit.errors import EvalkitError, StoreError
from evalkit.store.schema import runs
from evalkit.web import guard, serve

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one finished run."""
    folder = tmp_path_factory.mktemp("view")
    arguments = ["run", "smoke", "--model", "mock:oracle", "-q", "--store", str(folder / "runs.db")]
    finished = CliRunner().invoke(commands, [*arguments, "--report", str(folder / "reports")])
    assert finished.exit_code == 0, finished.output
    return folder / "runs.db"


@pytest.fixture(scope="module")
def server(database: Path) -> Iterator[WebServer]:
    with WebServer(str(database), names=["eval.example.org"]) as running:
        yield running


def ask(server: WebServer, path: str = "/", *, method: str = "GET", known: bool = True, **headers: str) -> Any:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if known:
        given["cookie"] = f"{server.cookie}={TOKEN}"
    with httpx.Client(trust_env=False) as client:
        return client.request(method, server.base + path, headers=given)


def run_id(server: WebServer) -> str:
    return server.bench.store.get_run("last").id


def pages(server: WebServer) -> list[str]:
    return addresses(server.bench, run_id(server))


def test_without_the_token_every_address_answers_401(server: WebServer) -> None:
    paths = [*pages(server), "/nothing-there", "/runs/../x", "/static/nothing"]
    assert {path: ask(server, path, known=False).status_code for path in paths} == dict.fromkeys(paths, 401)


OTHERS = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


def test_without_the_token_no_method_does_anything(server: WebServer) -> None:
    own = {"origin": server.base, "sec_fetch_site": "same-origin"}
    found = {
        (path, method): ask(server, path, method=method, known=False, **own).status_code
        for path in pages(server)
        for method in ("HEAD", *OTHERS)
    }
    assert found == dict.fromkeys(found, 401)


def test_only_what_reviewers_say_is_written(server: WebServer, database: Path) -> None:
    """By the route table, and by trying every method that changes something on every route."""
    from evalkit.web.app import pages as application

    takes = {route.path: set(route.methods) for route in application(server.bench).routes}  # type: ignore[attr-defined]
    said = {path for path, methods in takes.items() if methods - {"GET", "HEAD"}}
    assert said == {"/runs/{run}/review/say", "/runs/{run}/review/name"}
    assert all(takes[path] == {"POST"} for path in said)
    before = database.read_bytes()
    own = {"origin": server.base, "sec_fetch_site": "same-origin"}
    for path in pages(server):
        for method in OTHERS:
            if not (method == "POST" and path.endswith(("/review/say", "/review/name"))):
                assert ask(server, path, method=method, **own).status_code == 405, (method, path)
    assert database.read_bytes() == before


def test_no_page_tells_the_token(server: WebServer) -> None:
    for path in (path for path in pages(server) if not path.endswith("events")):
        answered = ask(server, path)
        assert TOKEN not in answered.text + str(answered.headers), path


def raw(server: WebServer, *parts: bytes) -> bytes:
    """What is answered to these bytes, as they are: a client would tidy them up."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        for part in parts:
            connection.sendall(part)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def head(server: WebServer, line: str, *more: str) -> bytes:
    lines = [line, f"Host: 127.0.0.1:{server.port}", f"Cookie: {server.cookie}={TOKEN}", "Connection: close", *more]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.parametrize(
    "path",
    [
        "/static/../../../../etc/passwd",
        "/static/..%2f..%2f..%2fpyproject.toml",
        "/static/%2e%2e/app.py",
        "/static/..\\app.py",
        "/static//etc/passwd",
        "/static/web.css%00.svg",
        "/runs/../../etc/passwd",
        "/runs/..%2F..%2Fetc%2Fpasswd",
        "/runs/%2e%2e/data",
        "/runs/..%2f/report.html",
    ],
)
def test_no_path_leads_out_of_what_is_served(server: WebServer, path: str) -> None:
    answered = raw(server, head(server, f"GET {path} HTTP/1.1"))
    assert re.match(rb"HTTP/1\.1 (404|400) ", answered), answered[:80]
    assert b"root:" not in answered
    assert b"from __future__" not in answered


def posted(server: WebServer, *more: str) -> bytes:
    own = (f"Origin: {server.base}", "Content-Type: application/x-www-form-urlencoded")
    return head(server, f"POST /runs/{run_id(server)}/review/name HTTP/1.1", *own, *more)


def test_too_much_in_pieces_is_refused_too(server: WebServer) -> None:
    """One byte more than may be; further ones would meet a closed connection."""
    sizes = [0x10000] * 15 + [guard.MOST_BODY + 1 - 15 * 0x10000]
    pieces = [f"{size:x}\r\n".encode() + b"x" * size for size in sizes]
    answered = raw(server, posted(server, "Transfer-Encoding: chunked"), b"\r\n".join(pieces))
    assert answered.startswith(b"HTTP/1.1 413 ")
    assert b"default-src 'none'" in answered


def test_a_body_that_does_not_come_is_not_waited_for(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.3)
    assert raw(server, posted(server, "Content-Length: 100"), b"name=").startswith(b"HTTP/1.1 408 ")


def test_a_head_that_does_not_come_is_not_waited_for(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "HEAD_SECONDS", 0.3)
    assert raw(server, b"GET / HTTP/1.1\r\nHost: 127.0") == b""


def test_slow_clients_keep_nobody_waiting(server: WebServer) -> None:
    """More of them than the server has threads."""
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(60)]
    try:
        for place, connection in enumerate(slow):
            connection.sendall(posted(server, "Content-Length: 100") if place % 2 else b"GET / HTTP/1.1\r\n")
        assert ask(server).status_code == 200
    finally:
        for connection in slow:
            connection.close()


@pytest.mark.parametrize("query", ["token=", "token=wrong", f"token={TOKEN}x", f"token={TOKEN[:-1]}", "token=%C3%A9"])
def test_another_token_answers_401_and_sets_no_cookie(server: WebServer, query: str) -> None:
    answered = ask(server, f"/?{query}", known=False)
    assert answered.status_code == 401
    assert "set-cookie" not in answered.headers
    assert TOKEN not in answered.text


def test_a_refusal_says_what_to_do_and_nothing_of_the_runs(server: WebServer) -> None:
    answered = ask(server, f"/runs/{run_id(server)}", known=False)
    assert "evalkit view" in answered.text
    assert "smoke" not in answered.text


def test_the_link_puts_the_token_into_a_cookie_and_out_of_the_address(server: WebServer) -> None:
    answered = ask(server, f"/?suite=smoke&token={TOKEN}&state=", known=False)
    assert answered.status_code == 303
    assert answered.headers["location"] == "/?suite=smoke&state="
    name, _, rest = answered.headers["set-cookie"].partition("=")
    value, *attributes = [part.strip().lower() for part in rest.split(";")]
    assert (name, value) == (server.cookie, TOKEN)
    assert {"httponly", "samesite=strict", "path=/"} <= set(attributes)
    assert ask(server, answered.headers["location"]).status_code == 200


@pytest.mark.parametrize("path", ["//elsewhere.example/", "/\\elsewhere.example", "///elsewhere.example"])
def test_the_link_leads_to_no_other_server(server: WebServer, path: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        request = f"GET {path}?token={TOKEN} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        answered = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    location = re.search(r"^location: (.*)\r$", answered, re.MULTILINE | re.IGNORECASE)
    assert location is None or re.match(r"/[^/\\]", location[1] + " "), answered


def test_a_link_followed_from_another_site_goes_on_by_a_page_of_ours(server: WebServer) -> None:
    """A redirect would arrive without a strict cookie."""
    answered = ask(server, f"/?token={TOKEN}", known=False, sec_fetch_site="cross-site")
    assert answered.status_code == 200
    assert '<meta http-equiv="refresh" content="0;url=/">' in answered.text
    assert TOKEN not in answered.text
    assert server.cookie in answered.headers["set-cookie"]


@pytest.mark.parametrize(
    "host",
    [
        "elsewhere.example",
        "127.0.0.1.elsewhere.example",
        "localhost.elsewhere.example:80",
        "[::1]elsewhere.example",
        "",
    ],
)
def test_under_a_foreign_name_it_answers_nobody(server: WebServer, host: str) -> None:
    assert ask(server, host=host).status_code == 421
    assert ask(server, f"/?token={TOKEN}", known=False, host=host).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9000", "127.0.0.1:1", "[::1]:8765", "eval.example.org"])
def test_under_its_own_names_it_answers_whatever_the_port(server: WebServer, host: str) -> None:
    assert ask(server, host=host).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "OWN", "sec_fetch_site": "cross-site"},
        {"origin": "OWN", "sec_fetch_site": "same-site"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_change_from_elsewhere_is_refused(server: WebServer, method: str, headers: dict[str, str]) -> None:
    own = {name: value.replace("OWN", server.base) for name, value in headers.items()}
    assert ask(server, method=method, **own).status_code == 403


def test_a_change_from_our_own_page_reaches_the_application(server: WebServer) -> None:
    answered = ask(server, method="POST", origin=server.base, sec_fetch_site="same-origin")
    assert answered.status_code == 405, "the list of runs takes no changes, and says so itself"


def test_too_much_is_refused(server: WebServer) -> None:
    with httpx.Client(trust_env=False) as client:
        headers = {"cookie": f"{server.cookie}={TOKEN}", "origin": server.base}
        assert client.post(server.base, headers=headers, content=b"x" * 1_000_001).status_code == 413


def test_every_answer_tells_the_browser_what_may_be_done_with_it(server: WebServer) -> None:
    for path, known in [(path, True) for path in pages(server) if not path.endswith("events")] + [("/", False)]:
        headers = ask(server, path, known=known).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "no-referrer", path
        assert headers["cache-control"] == "no-store", path
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'"), path
        assert "frame-ancestors 'none'" in policy, path
        assert "unsafe" not in policy, path
        assert "http" not in policy, path


def test_what_fails_is_answered_as_everything_is(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a secret of the database")

    monkeypatch.setattr(server.bench.store, "get_run", fail)
    answered = ask(server, "/runs/last")
    assert answered.status_code == 500
    assert "secret" not in answered.text
    assert answered.headers["content-security-policy"].startswith("default-src 'none'")


def test_a_look_at_every_page_changes_nothing(server: WebServer, database: Path) -> None:
    def state() -> tuple[str, list[str]]:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            return hashlib.sha256(database.read_bytes()).hexdigest(), list(connection.iterdump())

    before = state()
    for path in pages(server):
        if not path.endswith("events"):
            assert ask(server, path).status_code < 500, path
    assert state() == before


def test_the_database_that_pages_look_at_refuses_to_write(server: WebServer) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        server.bench.store.transition(run_id(server), "failed")
    with (
        pytest.raises(StoreError, match="cannot be written"),
        server.bench.store.database.writing() as writing,
    ):
        writing.execute(runs.delete())


# --- the command ------------------------------------------------------------------------------------------------------


def view(*arguments: str, **environment: str) -> Any:
    return CliRunner().invoke(commands, ["view", *arguments], env=environment)


def test_a_taken_port_is_said_with_what_to_do(database: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = view("--store", str(database), "--port", str(taken.getsockname()[1]))
    assert isinstance(found.exception, EvalkitError)
    assert "in use" in found.exception.message
    assert "--port 0" in found.exception.hint


@pytest.mark.parametrize("host", ["0.0.0.0", "0", "0x0", "::", "::0", "0:0:0:0:0:0:0:0"])
def test_listening_everywhere_wants_names(database: Path, host: str) -> None:
    found = view("--store", str(database), "--host", host)
    assert isinstance(found.exception, EvalkitError)
    assert "--allow-host" in found.exception.hint


@pytest.mark.parametrize("token", ["short", "has spaces in between it", "quotes\"and'semicolons;;;"])
def test_a_token_of_ones_own_is_checked(database: Path, token: str) -> None:
    found = view("--store", str(database), EVALKIT_VIEW_TOKEN=token)
    assert isinstance(found.exception, EvalkitError)
    assert found.exception.where == "EVALKIT_VIEW_TOKEN"
    assert token not in str(found.exception)


def test_there_is_no_option_for_the_token() -> None:
    assert "--token" not in view("--help").output


def test_without_the_extra_it_says_how_to_install_it(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    found = view("--store", str(database))
    assert isinstance(found.exception, EvalkitError)
    assert "pip install 'evalkit-lm[web]'" in found.exception.hint


def test_it_prints_its_link_once_and_ends_on_ctrl_c_though_somebody_listens(database: Path) -> None:
    listening = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from evalkit.cli.main import run_and_exit; run_and_exit()"
    )
    command = [sys.executable, "-u", "-c", listening, "view", "--store", str(database), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        link = process.stdout.readline().strip()
        base, _, token = link.partition("/?token=")
        with httpx.Client(trust_env=False, follow_redirects=True) as client:
            assert client.get(link).status_code == 200
            with client.stream("GET", f"{base}/events?newest=1") as events:
                assert next(events.iter_lines()) == "retry: 2000"
                os.kill(process.pid, signal.SIGINT)
                said, complained = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, complained
    assert len(token) >= 40
    assert token not in said + complained
    assert "Traceback" not in complained


def test_the_browser_that_is_opened_gets_the_link_from_a_file_of_ours(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[str, str, int]] = []

    def look(address: str) -> None:
        page = Path(address.removeprefix("file://"))
        opened.append((address, page.read_text(encoding="utf-8"), page.parent.stat().st_mode & 0o077))
        raise KeyboardInterrupt

    monkeypatch.setattr("webbrowser.open", look)
    found = view("--store", str(database), "--port", "0", "--open", EVALKIT_VIEW_TOKEN=TOKEN)
    assert found.exception is None, found.output
    (address, page, others), *_ = opened
    assert TOKEN not in address
    assert f"?token={TOKEN}" in page
    assert others == 0
    assert not Path(address.removeprefix("file://")).exists()


def test_where_the_usual_port_is_taken_any_other_is() -> None:
    with serve.bind(serve.Address()) as first, serve.bind(serve.Address()) as second:
        assert first.getsockname()[1] != second.getsockname()[1]
        assert {first.getsockname()[0], second.getsockname()[0]} == {"127.0.0.1"}


@pytest.mark.parametrize(("host", "warned"), [("127.0.0.1", False), ("127.0.0.2", False), ("0.0.0.0", True)])
def test_who_lets_other_machines_in_is_warned(
    database: Path, monkeypatch: pytest.MonkeyPatch, host: str, warned: bool
) -> None:
    monkeypatch.setattr("evalkit.web.serve.serve", lambda *_: None)
    found = view("--store", str(database), "--host", host, "--allow-host", "eval.example.org")
    assert found.exception is None
    assert ("without encryption" in found.output) == warned
