"""``evalkit view`` in a real browser: the list, a run watched to its end, the report within the bar."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
from click.testing import CliRunner
from web_server import WebServer, told

from evalkit.cli.main import commands
from evalkit.results import Run
from evalkit.store import Store, open_store

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>\u202e\u200b\x00`${alert(3)}`{{7*7}}"
SLOW = """\
name: slow
datasets: {rows: {path: rows.jsonl}}
checks: {accuracy: {dataset: rows, metrics: [exact_match]}}
gates: [accuracy.exact_match >= 0.8]
"""
OpenPage = Callable[..., Any]


def created(identifier: str, **changes: Any) -> Run:
    given = {"suite": "quickstart", "model": "mock:oracle", "state": "running"}
    return Run(id=identifier, created="2026-03-01T09:15:00+00:00", **{**given, **changes})


def assert_rows(page: Any, many: int) -> None:
    from playwright.sync_api import expect

    expect(page.locator("table.runs tr[data-number]")).to_have_count(many)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every kind of run there is, with names that try to get out."""
    folder = tmp_path_factory.mktemp("view")
    for model in ("mock:oracle", "mock:empty"):
        arguments = ["run", "smoke", "--model", model, "-q", "--store", str(folder / "runs.db")]
        found = CliRunner().invoke(commands, [*arguments, "--report", str(folder / "reports")])
        assert found.exception is None, found.output
    with open_store(str(folder / "runs.db")) as store:
        for state in ("interrupted", "failed"):
            store.create_run(created(f"{state}-run"))
            store.transition(f"{state}-run", state, cause=HOSTILE)
        store.create_run(created("hostile-run", suite=HOSTILE, model=HOSTILE))
        goes_on(store)
    return folder / "runs.db"


def goes_on(store: Store) -> None:
    """A run that says nothing for long counts as abandoned."""
    gates = {"gates": ["accuracy.bleu >= 0.2", HOSTILE], "decided": [[HOSTILE, "fail", 32]]}
    store.put_progress("hostile-run", told(checks=[["accuracy", 60, 240], [HOSTILE, 40, 160]], **gates))


@pytest.fixture(scope="module")
def server(database: Path) -> Iterator[WebServer]:
    with WebServer(str(database)) as running:
        yield running


@pytest.fixture
def look(open_page: OpenPage, server: WebServer) -> Callable[..., Any]:
    """A page that was let in."""

    def go(path: str = "/", **options: Any) -> Any:
        opened = open_page(**options)
        opened.goto(server.link)
        if path != "/":
            opened.goto(server.base + path)
        return opened

    return go


PATHS = [
    "/",
    "/?state=failed",
    "/?sort=-model",
    "/runs/last:smoke",
    "/runs/last:smoke/review",
    "/runs/hostile-run",
    "/runs/failed-run",
    "/runs/nothing",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("window", [("light", 1280), ("dark", 390)])
def test_every_page_is_accessible_and_asks_nobody_else(
    look: Callable[..., Any],
    serious_violations: Callable[[Any], list[str]],
    server: WebServer,
    path: str,
    window: tuple[str, int],
) -> None:
    scheme, width = window
    page = look(path, color_scheme=scheme, viewport={"width": width, "height": 900})
    assert serious_violations(page) == []
    assert [address for address in page.asked_for if not address.startswith((server.base, "data:"))] == []
    complaints = [said for said in page.complaints if "404" not in said]
    assert complaints == []
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, "the page is wider than the window"


def test_the_link_leaves_no_token_in_the_address_and_none_for_scripts(
    look: Callable[..., Any], server: WebServer
) -> None:
    page = look()
    assert page.url == server.base + "/"
    assert page.evaluate("document.cookie") == ""


def test_without_the_link_there_is_a_page_that_says_what_to_do(open_page: OpenPage, server: WebServer) -> None:
    page = open_page()
    assert page.goto(server.base).status == 401
    assert "evalkit view" in page.inner_text("main")
    assert page.asked_for == [server.base + "/"] or page.asked_for[1:] == [server.base + "/favicon.ico"]


def test_names_and_causes_are_texts(look: Callable[..., Any], database: Path) -> None:
    with open_store(str(database)) as store:
        goes_on(store)
    page = look("/")
    assert page.locator("td.verdict + th img, td.verdict + th script").count() == 0
    assert "<script>alert(2)</script>⟨U+202E⟩⟨U+200B⟩␀" in page.inner_text("tr:has(progress) th")
    for path in ("/runs/hostile-run", "/runs/failed-run"):
        page.goto(page.url.split("/runs")[0].rstrip("/") + path)
        page.wait_for_timeout(1500)  # a round of events
        assert page.locator("main img").count() == 0
        assert "<img src=x onerror=alert(1)>" in page.inner_text("main")
    assert page.complaints == []


def test_answers_that_attack_are_read_in_the_report_and_do_nothing(open_page: OpenPage, tmp_path: Path) -> None:
    url = str(tmp_path / "runs.db")
    attack = (
        "</script></style><script src=/static/run.js></script><img src=x onerror=alert(1)><a href=javascript:alert(2)>"
    )
    arguments = ["run", "smoke", "--model", f"mock:constant?text={quote(attack)}", "-q", "--store", url]
    found = CliRunner().invoke(commands, [*arguments, "--report", str(tmp_path / "reports")])
    assert found.exception is None, found.output
    with WebServer(url) as server:
        page = open_page()
        page.goto(server.link)
        page.goto(f"{server.base}/runs/last")
        page.evaluate("for (const closed of document.querySelectorAll('main details')) closed.open = true")
        assert page.locator("main img, main script, main a[href^='javascript']").count() == 0
        assert "onerror=alert(1)" in page.inner_text("main")
        assert [address for address in page.asked_for if "run.js" in address] == []
        assert page.complaints == []


def test_choosing_a_suite_shows_its_runs(look: Callable[..., Any]) -> None:
    page = look()
    page.select_option("select[name=suite]", "smoke")
    page.wait_for_url("**suite=smoke**")
    assert_rows(page, 2)
    page.select_option("select[name=outcome]", "good enough")
    page.wait_for_url("**outcome=good+enough**")
    assert_rows(page, 1)
    page.click("text=All runs")
    assert_rows(page, 5)


def test_a_choice_by_keyboard_waits_until_it_is_sent(look: Callable[..., Any], server: WebServer) -> None:
    """Each arrow is a choice: a page that went with the first one could be chosen from by mouse alone."""
    page = look()
    page.focus("select[name=suite]")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    assert page.input_value("select[name=suite]") == "smoke"
    page.wait_for_timeout(500)
    assert page.url == server.base + "/"
    page.focus("form.choose button")
    page.keyboard.press("Enter")
    page.wait_for_url("**suite=smoke**")
    assert_rows(page, 2)


def test_two_runs_that_are_ticked_are_compared(look: Callable[..., Any]) -> None:
    page = look("/?suite=smoke")
    button = page.locator("#compare")
    assert button.is_disabled()
    for row in (0, 1):
        page.locator("input[name=run]").nth(row).check()
    assert button.inner_text() == "Compare 2 runs"
    button.click()
    page.wait_for_url("**/compare?run=*&run=*")
    assert page.complaints == []


def test_without_scripts_everything_is_there(look: Callable[..., Any]) -> None:
    page = look("/", java_script_enabled=False)
    page.select_option("select[name=suite]", "smoke")
    page.click("text=Show")
    assert_rows(page, 2)
    page.click("table.runs tr.day:first-child + tr th a")
    page.locator("h2:has-text('Gates')").wait_for()


def test_the_theme_that_was_chosen_stays(look: Callable[..., Any]) -> None:
    page = look("/", color_scheme="light")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.click("#theme")
    dark = page.evaluate(paper)
    assert light != dark
    page.click("table.runs tbody tr:last-child th a")
    page.wait_for_load_state()
    assert page.evaluate(paper) == dark, "the report is dark, too"
    assert page.complaints == []


def test_a_run_is_watched_live_to_its_end(
    open_page: OpenPage, tmp_path: Path, serious_violations: Callable[[Any], list[str]]
) -> None:
    rows = [{"id": f"r{i}", "prompt": f"Say {i}.", "references": [f"Say {i}."]} for i in range(120)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "slow.yaml").write_text(SLOW, encoding="utf-8")
    url = str(tmp_path / "runs.db")
    open_store(url).close()
    command = [sys.executable, "-m", "evalkit", "run", str(tmp_path / "slow.yaml"), "--model", "mock:slow?ms=120"]
    command += ["--store", url, "--report", str(tmp_path / "reports"), "-q"]
    with WebServer(url) as server:
        page = open_page()
        page.goto(server.link)
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _watch(page, serious_violations)
            assert running.wait(60) == 0
        finally:
            running.kill()


def _watch(page: Any, serious_violations: Callable[[Any], list[str]]) -> None:
    page.wait_for_selector(".under-way:has-text('of 120 cases')")
    assert page.locator("progress[value]").count() == 1
    page.click("table.runs tr.day:first-child + tr th a")
    page.wait_for_selector("#checks")
    assert serious_violations(page) == []
    done = page.locator("[data-field='check.0.said']")
    first = done.inner_text()
    page.wait_for_selector(f"[data-field='check.0.said']:not(:text-is('{first}'))")
    page.wait_for_selector("text=is good enough for slow", timeout=60_000)
    assert page.locator("nav.bench").count() == 1
    assert page.complaints == []


def test_the_list_shows_the_end_of_a_run_without_being_asked(open_page: OpenPage, tmp_path: Path) -> None:
    with open_store(str(tmp_path / "runs.db")) as store, WebServer(str(tmp_path / "runs.db")) as server:
        store.create_run(created("a-run"))
        page = open_page()
        page.goto(server.link)
        page.wait_for_selector(".badge.plain:has-text('running')")
        _finish(store)
        page.wait_for_selector(".badge.fail:has-text('not good enough')")
        assert page.locator(".under-way").count() == 0
        store.create_run(created("b-run"))
        assert_rows(page, 2)
        page.locator("input[value=a-run]").check()
        store.create_run(created("c-run"))
        assert_rows(page, 3)
        assert page.locator("input[name=run]:checked").count() == 1
        page.wait_for_selector(".under-way:has-text('getting ready')")
        store.put_progress("c-run", told())
        page.wait_for_selector(".under-way:has-text('100 of 400 cases')")
        page.goto(server.base + "/?suite=quickstart")
        store.create_run(created("d-run", suite="smoke"))
        page.wait_for_selector("text=1 newer run may not be among the chosen")
        assert page.complaints == []


@pytest.mark.parametrize("path", ["/", "/runs/a-run"])
def test_a_page_that_is_told_nothing_more_says_so(open_page: OpenPage, tmp_path: Path, path: str) -> None:
    from playwright.sync_api import expect

    url = str(tmp_path / "runs.db")
    with open_store(url) as store:
        store.create_run(created("a-run"))
        with WebServer(url) as server:
            page, other = open_page(), open_page()
            other.route("**/events*", lambda route: route.fulfill(status=401))  # as of a server with another token
            for opened in (page, other):
                opened.goto(server.link)
                opened.goto(server.base + path)
            expect(other.locator(".lost")).to_contain_text("Load the page again")
            page.wait_for_timeout(1500)
            assert page.locator(".lost").count() == 0
        expect(page.locator(".lost")).to_contain_text("The server does not answer")


def _finish(store: Store) -> None:
    store.finish("a-run", json.dumps({"outcome": {"word": "not good enough"}}), outcome="not good enough")
