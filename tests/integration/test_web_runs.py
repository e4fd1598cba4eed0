"""The list of runs and the page of one, over HTTP: what is shown, in which order, and what a look costs."""

from __future__ import annotations

import html
import json
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
import httpx
from click.testing import CliRunner
from web_server import WebServer, told

from evalkit.cli.main import commands
from evalkit.report.page import page
from evalkit.results import Run
from evalkit.runner.document import from_json
from evalkit.runner.revise import REVISED
from evalkit.store import Store, open_store
from evalkit.store.looking import Wanted, count_runs, list_page, names, open_for_looking

HOSTILE = "<script>alert(1)</script>\"'\u202e&amp;{{7777*7777}}"


def made(number: int, **changes: Any) -> Run:
    given = {"suite": "quickstart", "model": "mock:oracle", "state": "running"}
    return Run(id=f"run-{number:05}", created="2026-03-01T09:15:00+00:00", **{**given, **changes})


def finish(store: Store, run: Run, word: str = "good enough") -> None:
    store.create_run(run)
    store.finish(run.id, json.dumps({"outcome": {"word": word}}), outcome=word)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    with open_store(str(tmp_path / "runs.db")):
        return tmp_path / "runs.db"


@pytest.fixture
def store(database: Path) -> Iterator[Store]:
    with open_store(str(database)) as opened:
        yield opened


@pytest.fixture
def server(database: Path) -> Iterator[WebServer]:
    with WebServer(str(database)) as running:
        yield running


@pytest.fixture
def client(server: WebServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.base, cookies=server.cookies, trust_env=False) as opened:
        yield opened


def shown(text: str) -> list[int]:
    return [int(number) for number in re.findall(r'<tr data-number="(\d+)"', text)]


# --- the list ---------------------------------------------------------------------------------------------------------


def test_without_a_run_it_says_how_to_make_one(client: httpx.Client) -> None:
    assert "evalkit run smoke --model mock:oracle" in client.get("/").text


def test_pages_go_through_all_runs_and_back(store: Store, client: httpx.Client) -> None:
    for number in range(1, 121):
        finish(store, made(number))
    seen, path, pages = [], "/", []
    while path:
        pages.append(shown(text := client.get(path).text))
        seen += pages[-1]
        found = re.search(r'rel="next" href="([^"]*)"', text)
        path = html.unescape(found[1]) if found else ""
    assert seen == list(range(120, 0, -1))
    assert [len(one) for one in pages] == [50, 50, 20]
    back = re.search(r'rel="prev" href="([^"]*)"', text)
    assert back is not None
    middle = client.get(html.unescape(back[1])).text
    assert shown(middle) == pages[1]
    again = re.search(r'rel="prev" href="([^"]*)"', middle)
    assert again is not None
    assert shown(client.get(html.unescape(again[1])).text) == pages[0]


def test_a_page_stays_what_it_was_while_runs_are_added(store: Store, client: httpx.Client) -> None:
    for number in range(1, 61):
        finish(store, made(number))
    second = re.search(r'rel="next" href="([^"]*)"', client.get("/").text)
    assert second is not None
    finish(store, made(61))
    assert shown(client.get(html.unescape(second[1])).text) == list(range(10, 0, -1))


def test_filters_narrow_the_list(store: Store, client: httpx.Client) -> None:
    finish(store, made(1, suite="a"), "good enough")
    finish(store, made(2, suite="b"), "not good enough")
    finish(store, made(3, suite="b", model="other & more"), "unsure")
    store.create_run(made(4, suite="b"))
    store.create_run(made(5, suite="a"))
    store.transition("run-00005", "failed")
    found = {
        query: shown(client.get("/", params=dict([query])).text)
        for query in [("suite", "b"), ("model", "other & more"), ("outcome", "unsure"), ("state", "running")]
    }
    assert list(found.values()) == [[4, 3, 2], [3], [3], [4]]
    assert shown(client.get("/?suite=b&state=finished").text) == [3, 2]
    assert shown(client.get("/?state=failed").text) == [5]
    nothing = client.get("/?suite=c")
    assert nothing.status_code == 200
    assert "No run is like that" in nothing.text


def listed(text: str) -> list[str]:
    return re.findall(r'<th scope="row" class="what"><a href="/runs/([^"]*)"', text)


def test_the_list_is_sorted_by_its_headings_and_turned_as_it_is(store: Store, client: httpx.Client) -> None:
    for number in range(1, 61):
        finish(store, made(number, suite=f"suite {number % 7}", model=f"mock:{'ab'[number % 2]}"))
    heading = re.search(r'<a href="([^"]*)" title="Sort by suite"', client.get("/").text)
    assert heading is not None
    first = client.get(html.unescape(heading[1])).text
    second = client.get("/?sort=suite&page=2").text
    ordered = sorted(range(60, 0, -1), key=lambda number: f"suite {number % 7}")
    assert listed(first) + listed(second) == [f"run-{number:05}" for number in ordered]
    assert 'aria-sort="ascending"' not in first, "suite and model share a column"
    assert 'href="/?sort=-suite"' in first
    assert 'href="/?sort=suite&amp;page=2"' in first
    assert "Older" not in first
    oldest = client.get("/?sort=started").text
    assert listed(oldest)[0] == "run-00001"
    assert 'aria-sort="ascending"' in oldest
    assert listed(client.get("/?sort=-model&suite=suite+3").text) == [
        f"run-{number:05}" for number in sorted(range(59, 0, -7), key=lambda number: (1 - number % 2, -number))
    ]
    assert listed(client.get("/?sort=-started").text) == listed(client.get("/").text)


@pytest.mark.parametrize("query", ["before=x", "before=-1", "before=99999999999999999999", "after=%00", "suite=%00"])
def test_a_wrong_address_is_a_page_all_the_same(store: Store, client: httpx.Client, query: str) -> None:
    finish(store, made(1))
    assert client.get(f"/?{query}").status_code == 200


def test_a_run_whose_process_is_not_heard_of_is_interrupted(store: Store, client: httpx.Client, database: Path) -> None:
    store.create_run(made(1))
    store.put_progress("run-00001", told())
    assert "at most 1 min 30 s left" in client.get("/runs/run-00001").text
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE runs SET heartbeat = 1772356500")
    text = client.get("/runs/run-00001").text
    assert "last heard of on 1 Mar 2026, 09:15 (UTC)" in text
    assert "1 min 30 s left" not in text
    assert "interrupted" in client.get("/").text
    assert shown(client.get("/?state=interrupted").text) == [1]
    assert shown(client.get("/?state=running").text) == []


def test_the_list_counts_the_gates_without_their_names(store: Store, client: httpx.Client) -> None:
    for number, reason in ((1, "2 of 14 gates failed: a.x, b.y"), (2, ""), (3, f"1 of 3 {HOSTILE}: c.z")):
        store.create_run(made(number))
        document = json.dumps({"outcome": {"word": "not good enough"}})
        store.finish(f"run-{number:05}", document, outcome="not good enough", reason=reason)
    text = client.get("/").text
    assert text.count('data-field="gates">2 of 14 gates failed</small>') == 1
    assert text.count('data-field="gates"></small>') == 1
    assert "<script>alert" not in text
    assert "a.x" not in text


def test_names_are_texts_and_what_hides_shows_itself(store: Store, client: httpx.Client) -> None:
    finish(store, made(1, suite=HOSTILE, model=HOSTILE), HOSTILE)
    store.create_run(made(2, suite=HOSTILE, model=HOSTILE))
    for path in ("/", "/runs/run-00002", f"/?suite={HOSTILE}", "/runs/<script>alert(1)</script>"):
        text = client.get(path).text
        assert "<script>alert" not in text, path
        assert "\u202e" not in text, path
        assert "60481729" not in text, path
    assert "⟨U+202E⟩" in client.get("/").text


def test_a_list_reads_the_columns_of_runs_alone_and_finds_its_page_by_the_key(store: Store, database: Path) -> None:
    for number in range(1, 4):
        finish(store, made(number))
    read, statements = set(), []

    def allowed(action: int, table: str | None, column: str | None, *_: Any) -> int:
        if action == sqlite3.SQLITE_READ:
            read.add((table, column))
        return sqlite3.SQLITE_OK

    with open_for_looking(str(database)) as looking:
        with looking.database.reading() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.set_authorizer(allowed)
            raw.set_trace_callback(statements.append)
        list_page(looking, Wanted(), before=3, size=50)
        list_page(looking, Wanted(suite="quickstart", outcome="good enough"), size=50)
        count_runs(looking, Wanted())
        names(looking)
    assert {table for table, _ in read} <= {"runs", "revisions"}
    assert not {column for _, column in read} & {"environment", "datasets", "options", "document"}
    first = next(statement for statement in statements if statement.startswith("SELECT"))
    with sqlite3.connect(database) as connection:
        plan = " ".join(str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {first}"))
    assert "SEARCH runs USING INTEGER PRIMARY KEY" in plan
    assert "TEMP B-TREE" not in plan


# --- the page of a run ------------------------------------------------------------------------------------------------


@pytest.fixture
def finished(database: Path) -> str:
    arguments = ["run", "smoke", "--model", "mock:oracle", "-q", "--store", str(database)]
    found = CliRunner().invoke(commands, [*arguments, "--report", str(database.parent / "reports")])
    assert found.exit_code == 0, found.output
    with open_store(str(database)) as opened:
        return opened.get_run("last").id


def test_the_page_of_a_finished_run_is_its_report_below_a_bar(
    finished: str, store: Store, client: httpx.Client
) -> None:
    report = page(from_json(store.get_result(finished)))
    answered = client.get(f"/runs/{finished}")
    body = report.partition("<body>")[2]
    assert body in answered.text
    assert '<nav class="bench"' in answered.text
    assert "http-equiv" not in answered.text
    known = html.unescape(re.findall(r'Content-Security-Policy" content="([^"]*)"', report)[0])
    policy = answered.headers["content-security-policy"]
    assert set(re.findall(r"'sha256-[^']*'", policy)) == set(re.findall(r"'sha256-[^']*'", known))
    assert "unsafe" not in policy


def test_the_report_can_be_taken_along_as_the_file_it_is(finished: str, store: Store, client: httpx.Client) -> None:
    answered = client.get(f"/runs/{finished}/report.html")
    assert answered.text == page(from_json(store.get_result(finished)))
    assert answered.headers["content-disposition"] == f'attachment; filename="report-{finished}.html"'


@pytest.mark.parametrize("name", ["last", "last:smoke"])
def test_a_run_is_found_by_every_name_that_commands_take(finished: str, client: httpx.Client, name: str) -> None:
    answered = client.get(f"/runs/{name}")
    assert (answered.status_code, answered.headers["location"]) == (307, f"/runs/{finished}")


def test_an_unknown_run_is_said_with_what_to_do(finished: str, client: httpx.Client) -> None:
    answered = client.get("/runs/nothing")
    assert answered.status_code == 404
    assert "no run has the id" in html.unescape(answered.text)
    assert "evalkit list" in html.unescape(answered.text)


def test_a_deleted_run_is_gone_at_once(finished: str, store: Store, client: httpx.Client) -> None:
    assert client.get(f"/runs/{finished}").status_code == 200
    store.delete_run(finished)
    assert client.get(f"/runs/{finished}").status_code == 404


def test_a_revision_is_shown_in_place_of_what_was_and_what_was_stays_to_be_read(
    finished: str, store: Store, client: httpx.Client
) -> None:
    document = json.loads(store.get_result(finished))
    revised = {name: document[name] for name in REVISED}
    revised["outcome"] = {"word": "not good enough", "exit_code": 1, "reason": "people flagged half of it"}
    assert "is good enough for smoke" in client.get(f"/runs/{finished}").text
    assert store.add_revision(finished, 0, "not good enough", revised)
    assert "is not good enough for smoke" in client.get(f"/runs/{finished}").text
    assert "is good enough for smoke" in client.get(f"/runs/{finished}?revision=0").text
    assert "is not good enough for smoke" in client.get(f"/runs/{finished}/report.html").text
    assert client.get(f"/runs/{finished}?revision=2").status_code == 404
    assert shown(client.get("/?outcome=not good enough").text) == [1]
    assert shown(client.get("/?outcome=good enough").text) == []


def test_a_run_under_way_shows_checks_and_gates_as_it_tells_of_them(store: Store, client: httpx.Client) -> None:
    store.create_run(made(1))
    assert "getting ready" in client.get("/runs/run-00001").text
    store.put_progress("run-00001", told())
    text = html.unescape(re.sub(r"<[^>]*>", " ", client.get("/runs/run-00001").text))
    text = " ".join(text.split())
    assert "100 of 400 cases, at most 1 min 30 s left" in text
    assert "60 of 240" in text
    assert "40 of 160, decided" in text
    assert "1 of 2 gates decided" in text
    assert "✓ pass length.empty <= 0.1 after 32 cases" in text
    assert "… open accuracy.bleu >= 0.2" in text
    so_far = [["accuracy.bleu >= 0.2", 0.104, "score100", 96, False, False]]
    store.put_progress("run-00001", told(so_far=so_far))
    text = html.unescape(re.sub(r"<[^>]*>", " ", client.get("/runs/run-00001").text))
    assert "… open accuracy.bleu >= 0.2 misses so far: 0.104 after 96 cases" in " ".join(text.split())


@pytest.mark.parametrize(
    "document", ["[]", "nothing", "{}", '{"cases": 1}', told(cases="<b>"), told(gates=7), "null", "1"]
)
def test_what_a_run_told_otherwise_than_it_should_is_left_out(
    store: Store, client: httpx.Client, document: str
) -> None:
    store.create_run(made(1))
    store.put_progress("run-00001", document)
    for path in ("/", "/runs/run-00001"):
        answered = client.get(path)
        assert answered.status_code == 200
        assert "getting ready" in answered.text


@pytest.mark.parametrize(("state", "sentence"), [("failed", "failed."), ("interrupted", "was interrupted.")])
def test_a_run_that_ended_early_says_how_and_how_it_goes_on(
    store: Store, client: httpx.Client, state: str, sentence: str
) -> None:
    store.create_run(made(1))
    store.transition("run-00001", state, cause="the disk is full")
    store.trash_run("run-00001")
    store.restore_run("run-00001")
    text = client.get("/runs/run-00001").text
    assert f"The run of quickstart on mock:oracle {sentence}" in text
    assert "the disk is full" in text
    assert '<p class="because">restored</p>' not in text
    assert "the same command goes on" in text


# --- what becomes of runs while somebody looks ------------------------------------------------------------------------


class Listening:
    """Reads a stream of events in a thread."""

    def __init__(self, client: httpx.Client, path: str) -> None:
        self.events: list[tuple[str, Any]] = []
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._listen, args=(client, path), daemon=True)
        self._thread.start()

    def _listen(self, client: httpx.Client, path: str) -> None:
        with suppress(httpx.TransportError):  # the test is over
            self._take(client, path)

    def _take(self, client: httpx.Client, path: str) -> None:
        name = ""
        with client.stream("GET", path, timeout=30) as answered:
            assert answered.headers["content-type"].startswith("text/event-stream")
            for line in answered.iter_lines():
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    with self._news:
                        self.events.append((name, json.loads(line[6:])))
                        self._news.notify_all()

    def until(self, fits: Any) -> Any:
        with self._news:
            assert self._news.wait_for(lambda: any(fits(*event) for event in self.events), 20), self.events
            return next(data for name, data in self.events if fits(name, data))

    def ended(self) -> None:
        self._thread.join(20)
        assert not self._thread.is_alive()


def test_the_list_hears_of_progress_the_end_and_newer_runs(store: Store, client: httpx.Client) -> None:
    store.create_run(made(1))
    listening = Listening(client, "/events?newest=1&open=1")
    assert listening.until(lambda name, data: name == "run")["word"] == "running"
    store.put_progress("run-00001", told())
    heard = listening.until(lambda name, data: name == "run" and data["share"])
    assert (heard["share"], heard["cases"]) == (0.25, "100")
    store.finish("run-00001", json.dumps({"outcome": {"word": "unsure"}}), outcome="unsure")
    ended = listening.until(lambda name, data: name == "run" and not data["live"])
    assert (ended["word"], ended["mark"], ended["shade"]) == ("unsure", "~", "unsure")
    store.create_run(made(2))
    assert listening.until(lambda name, data: name == "newer") == 1


def test_the_page_of_a_run_hears_of_it_until_it_is_deleted(store: Store, client: httpx.Client) -> None:
    store.create_run(made(1))
    store.put_progress("run-00001", told())
    listening = Listening(client, "/runs/run-00001/events")
    heard = listening.until(lambda name, data: name == "run")
    assert heard["check.0.share"] == 0.25
    assert heard["gate.1.word"] == "pass"
    store.transition("run-00001", "failed", cause="gone")
    assert listening.until(lambda name, data: not data["live"])["state"] == "failed"
    store.delete_run("run-00001")
    listening.ended()


def test_nothing_is_sent_again_while_nothing_changes(store: Store, client: httpx.Client) -> None:
    finish(store, made(1))
    store.create_run(made(2))
    listening = Listening(client, "/events?newest=2&open=1,2,999")
    listening.until(lambda name, data: data["number"] == 2)
    store.create_run(made(3))
    listening.until(lambda name, data: name == "newer")
    finished = [data for name, data in listening.events if name == "run" and data["number"] == 1]
    assert len(finished) == 1
