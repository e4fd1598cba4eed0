"""The workbench over a runs database on a PostgreSQL server: every page, a run watched live, and reviews by two."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
import httpx
from postgresql_server import Cluster
from review_runs import ITEMS, reviewable_run
from sqlalchemy import func, select, text
from web_server import WebServer, told

from evalkit.errors import StoreError
from evalkit.results import Result, Run
from evalkit.runner import review
from evalkit.runner.revise import result_of
from evalkit.store import Store, open_store
from evalkit.store.looking import open_for_looking
from evalkit.store.schema import events, metadata, reviews, revisions
from evalkit.web.review_store import open_for_reviewing

NOTE = "two lines\nNUL \0 and \U0001f469 <b>"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def url(postgresql: Cluster) -> str:
    return postgresql.new_database()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as opened:
        yield opened


@pytest.fixture
def run(store: Store, tmp_path: Path) -> Result:
    return reviewable_run(store, tmp_path)


@pytest.fixture
def server(run: Result, url: str) -> Iterator[WebServer]:
    with WebServer(url) as running:
        yield running


def client_of(server: WebServer) -> httpx.Client:
    headers = {"origin": server.base, "sec-fetch-site": "same-origin"}
    return httpx.Client(
        base_url=server.base,
        cookies=server.cookies,
        headers=headers,
        trust_env=False,
        follow_redirects=True,
        timeout=60,
    )


@pytest.fixture
def client(server: WebServer) -> Iterator[httpx.Client]:
    with client_of(server) as opened:
        yield opened


def until_searchable(client: httpx.Client, run: str) -> None:
    ends = time.monotonic() + 60
    while not client.get(f"/runs/{run}/cases/progress").json()["done"]:
        assert time.monotonic() < ends
        time.sleep(0.02)


def rows(store: Store) -> dict[str, int]:
    with store.database.reading() as connection:
        return {
            table.name: int(connection.scalar(select(func.count()).select_from(table)) or 0)
            for table in metadata.sorted_tables
        }


def test_every_page_is_there_and_shows_no_password(
    client: httpx.Client, run: Result, store: Store, tmp_path: Path
) -> None:
    first = run.run.id
    second = reviewable_run(store, tmp_path).run.id
    until_searchable(client, first)
    shown = {
        "/": first,
        f"/runs/{first}": "support",
        f"/runs/{first[:-2]}": "support",
        f"/runs/{first}/report.html": "support",
        f"/runs/{first}/cases": "secret-row-0",
        f"/runs/{first}/data": "secret-group-1",
        f"/runs/{first}/review": "helpful",
        f"/runs/{first}/trend": "helpful.reviewed",
        "/compare": second,
        f"/compare?run={first}&run={second}": "accuracy.exact_match",
    }
    for path, expected in shown.items():
        answer = client.get(path)
        while 'http-equiv="refresh"' in answer.text:
            answer = client.get(path)
        assert answer.status_code == 200, path
        assert expected in answer.text, path
        assert "secret@" not in answer.text
        assert "tester" not in answer.text


def test_cases_are_searched_filtered_sorted_and_opened(client: httpx.Client, run: Result) -> None:
    path = f"/runs/{run.run.id}/cases"
    until_searchable(client, run.run.id)

    def found(query: str) -> list[str]:
        return re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', client.get(f"{path}?{query}").text)

    assert found("q=number+7") == ["secret-row-7"]
    assert len(found("label.group=secret-group-1")) == 20
    assert len(found("check=accuracy&sort=-exact_match")) == 40
    assert found("q=unheardof") == []
    link = re.search(r'<th scope="row"><a href="([^"]*)"', client.get(f"{path}?q=number+7").text)
    assert link is not None
    page = client.get(link[1].replace("&amp;", "&")).text
    assert "Say number 7" in re.sub(r"</?mark[^>]*>", "", page)


def test_a_run_under_way_is_heard_of(client: httpx.Client, store: Store) -> None:
    store.create_run(Run("live", "suite", "model", "running", "2026-01-01T00:00:00+00:00"))
    store.put_progress("live", told())
    heard: list[float] = []
    with client.stream("GET", "/runs/live/events", timeout=20) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                heard.append(json.loads(line[6:])["share"])
                store.put_progress("live", told(done=200.0))
            if heard == [0.25, 0.5]:
                break
    assert heard == [0.25, 0.5]


def say(client: httpx.Client, run: Result, at: int, **words: Any) -> httpx.Response:
    return client.post(f"/runs/{run.run.id}/review/say", data={"queue": "helpful", "at": str(at), **words})


def test_two_review_at_once_with_notes_and_undo_and_nothing_else_is_written(
    server: WebServer, run: Result, store: Store
) -> None:
    before = rows(store)

    def go_through(name: str, label: str) -> None:
        with client_of(server) as client:
            client.post(f"/runs/{run.run.id}/review/name", data={"name": name})
            for at in range(1, ITEMS + 1):
                answer = say(client, run, at, label=label, note=NOTE if at == 3 else "")
                assert answer.status_code == 200, answer.text
            assert say(client, run, ITEMS, do="undo").status_code == 200

    both = [threading.Thread(target=go_through, args=one) for one in (("ann", "1"), ("bob", "2"))]
    for one in both:
        one.start()
    for one in both:
        one.join(120)
    queue = review.queue_named(store, run.run.id, "helpful")
    said = review.standing(store, queue).said
    labels = {(one, who): word.label for one, words in said.items() for who, word in words.items() if word.label}
    assert sum(label == "accept" for label in labels.values()) == ITEMS - 1
    assert sum(label == "reject" for label in labels.values()) == ITEMS - 1
    changed = {name for name, many in rows(store).items() if many != before[name]}
    assert changed <= {reviews.name, revisions.name, events.name}
    assert reviews.name in changed
    assert replace(result_of(store, run.run.id, 0), findings=()) == replace(run, findings=())


def test_pages_can_write_nothing_whatever_they_ask_for(url: str, run: Result) -> None:
    with open_for_looking(url) as looking, pytest.raises(StoreError, match="read-only"):
        looking.put_progress(run.run.id, "{}")
    with open_for_reviewing(url) as reviewing:
        for statement in ("DELETE FROM reviews", "UPDATE runs SET suite = 'x'", "CREATE TABLE x (y int)"):
            with pytest.raises(StoreError, match="only reviews"), reviewing.database.writing() as connection:
                connection.execute(text(statement))


def test_the_commands_take_the_url_as_people_write_it(url: str, run: Result, store: Store) -> None:
    plain = url.replace("postgresql+pg8000://", "postgresql://")
    command = [sys.executable, "-m", "evalkit", "review", run.run.id, "--reviewer", "ann", "--store", plain]
    typed = subprocess.run(command, input="1\nu\n2\nn a note\nq\n", capture_output=True, text=True, check=False)
    assert typed.returncode == 0, typed.stderr
    queue = review.queue_named(store, run.run.id, "helpful")
    said = review.standing(store, queue).said
    assert [word.label for words in said.values() for word in words.values() if word.label] == ["reject"]
    command = [sys.executable, "-m", "evalkit", "view", run.run.id, "--port", "0", "--store", plain]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stdout is not None
            link = next(found[0] for line in serving.stdout if (found := re.search(r"http://\S+", line)))
            with httpx.Client(trust_env=False, follow_redirects=True, timeout=60) as client:
                assert "mock:echo" in client.get(link).text
        finally:
            serving.terminate()


def test_connections_that_broke_are_made_anew_without_a_word(url: str, run: Result, postgresql: Cluster) -> None:
    """As when the server was started again, while somebody looks."""
    token = "a-token-of-this-test"
    command = [sys.executable, "-u", "-m", "evalkit", "view", "--store", url, "--port", "0"]
    environment = {**os.environ, "EVALKIT_VIEW_TOKEN": token}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as server:
        try:
            assert server.stdout is not None
            link = server.stdout.readline().strip()
            with httpx.Client(trust_env=False, follow_redirects=True, timeout=60) as client:
                assert run.run.id in client.get(link).text
                postgresql.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
                assert run.run.id in client.get(link).text
        finally:
            server.send_signal(signal.SIGINT)
        _, errors = server.communicate(timeout=60)
    assert errors == "ended\n"
