"""Looking into runs in a real browser: search, filters, keys, one case, comparisons, trends and data."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
import httpx
from browse_runs import Said, finished_run
from click.testing import CliRunner
from hostile_texts import HOSTILE, NUL
from web_server import WebServer

from evalkit.cli.main import commands
from evalkit.store import open_store
from evalkit.web.browse import background, filling

OpenPage = Callable[..., Any]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browse")
    for model in ("mock:oracle", "mock:empty"):
        arguments = ["run", "smoke", "--model", model, "-q", "--store", str(folder / "runs.db")]
        CliRunner().invoke(commands, [*arguments, "--report", str(folder / "reports")], catch_exceptions=False)
    with open_store(str(folder / "runs.db")) as store:
        said = [
            Said(f"c{n:03}", f"sorry, I cannot do number {n}" if n % 4 == 0 else f"this is number {n}",
                 labels={"kind": "abc"[n % 3]}, words=float(n % 40))
            for n in range(130)
        ]  # fmt: skip
        finished_run(store, "many", {"check": said}, suite="many cases")
        worse = [replace(one, good=n % 2 == 0) for n, one in enumerate(said)]
        finished_run(store, "many worse", {"check": worse}, suite="many cases")
        for name in ("hostile", "hostile again"):
            texts = [Said(f"h{n}", f"{text} needle {name}", text, {text[:60]: text[:60]}, good=name == "hostile")
                     for n, text in enumerate([*HOSTILE, NUL])]  # fmt: skip
            finished_run(store, name, {"check": texts}, suite=HOSTILE[0])
    return folder / "runs.db"


@pytest.fixture(scope="module")
def server(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVALKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        with WebServer(str(database)) as running:
            yield running


@pytest.fixture
def look(open_page: OpenPage, server: WebServer) -> Callable[..., Any]:
    def go(path: str, *, searchable: bool = True, **options: Any) -> Any:
        """``searchable``: when the run's index is made; until then the page loads itself again."""
        if searchable and (run := re.match(r"/runs/[^/]+", path)):
            ends = time.monotonic() + 60
            address = f"{server.base}{run[0]}/cases/progress"
            while not httpx.get(address, cookies=server.cookies, trust_env=False).json()["done"]:
                assert time.monotonic() < ends
                time.sleep(0.1)
        opened = open_page(**options)
        opened.goto(server.link)
        opened.goto(server.base + path)
        _until_made(opened)
        return opened

    return go


def _until_made(page: Any) -> None:
    """A page that waits for what is made beside it loads itself again."""
    page.locator("body:has(footer):not(:has(#being-made))").wait_for(state="attached", timeout=60_000)


def cases(page: Any) -> list[str]:
    """Of the whole page: a click that leads to another returns as soon as that one's first bytes are there."""
    page.wait_for_load_state()
    return list(page.locator("#cases tbody th a").all_inner_texts())


PATHS = [
    "/runs/many/cases?check=check&sort=-words",
    "/runs/last:smoke/cases?q=the",
    "/runs/many/case?of=check&case=c004",
    "/runs/many/data",
    "/runs/hostile/data?odd=0",
    "/compare?run=hostile&run=hostile%20again&different=1",
    "/compare",
    "/compare?baseline=many&run=many+worse&run=hostile&different=1",
    "/trends?suite=smoke",
    "/runs/hostile/cases?q=needle",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("window", [("light", 1280), ("dark", 390)])
def test_every_page_is_accessible_fits_and_asks_nobody_else(
    look: Callable[..., Any],
    serious_violations: Callable[[Any], list[str]],
    server: WebServer,
    path: str,
    window: tuple[str, int],
) -> None:
    scheme, width = window
    page = look(path, color_scheme=scheme, viewport={"width": width, "height": 900})
    page.wait_for_load_state("networkidle")
    assert page.complaints == []
    assert all(address.startswith(server.base) for address in page.asked_for)
    assert serious_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_searching_filtering_sorting_and_turning_pages(look: Callable[..., Any]) -> None:
    page = look("/runs/many/cases")
    page.fill("#q", '"cannot do"')
    page.press("#q", "Enter")
    page.wait_for_url("**q=*")
    assert cases(page) == [f"c{n:03}" for n in range(0, 130, 4)]
    assert page.locator("#cases mark").first.inner_text() == "cannot do"
    page.select_option("select[name=check]", "check")
    page.wait_for_url("**check=check*")
    page.locator("summary", has_text="Labels").click()
    page.select_option("select[name='label.kind']", "b")
    page.wait_for_url("**label.kind=b*")
    assert cases(page) == [f"c{n:03}" for n in range(0, 130, 4) if n % 3 == 1]
    page.get_by_role("link", name="words").click()
    page.wait_for_url("**sort=*")
    shown = [int(case[1:]) % 40 for case in cases(page)]
    assert shown == sorted(shown, reverse=True)
    page.get_by_role("link", name="words").click()
    page.wait_for_url("**sort=words*")
    shown = [int(case[1:]) % 40 for case in cases(page)]
    assert shown == sorted(shown)
    page.get_by_role("link", name="All cases").click()
    page.wait_for_url("**/runs/many/cases")
    first = cases(page)
    page.get_by_role("link", name="After").click()
    page.wait_for_url("**after=*")
    assert cases(page)[0] == "c050"
    page.get_by_role("link", name="Before").click()
    page.wait_for_url("**before=*")
    assert cases(page) == first
    page.get_by_role("link", name="Last").click()
    page.wait_for_url("**before=last")
    assert cases(page) == [f"c{n:03}" for n in range(80, 130)]
    page.locator("tbody th a").first.click()
    page.wait_for_url("**case=c080*")
    page.get_by_role("link", name="All cases").click()
    page.wait_for_url("**/cases?before=last")
    page.get_by_role("link", name="First").click()
    page.wait_for_url("**/runs/many/cases")
    assert cases(page) == first
    page.go_back()
    page.wait_for_url("**/cases?before=last")
    assert cases(page)[0] == "c080"
    assert page.complaints == []


def test_it_is_walked_through_by_keys(look: Callable[..., Any]) -> None:
    page = look("/runs/many/cases?q=sorry")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.textContent") == "c004"
    page.keyboard.press("Enter")
    page.wait_for_url("**/case?*")
    assert page.locator("h1").inner_text() == "c004"
    assert page.locator(".answer-text mark").inner_text() == "sorry"
    page.keyboard.press("j")
    page.wait_for_url("**case=c008*")
    page.keyboard.press("k")
    page.wait_for_url("**case=c004*")
    page.keyboard.press("u")
    page.wait_for_url("**/cases?q=sorry")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page = look("/runs/many/cases")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**after=*")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.textContent") == "c050"
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**before=*")


def test_pages_work_without_scripts(look: Callable[..., Any]) -> None:
    look("/runs/many/cases")
    page = look("/runs/many/cases", searchable=False, java_script_enabled=False)
    page.fill("#q", "sorry")
    page.get_by_role("button", name="Show").click()
    assert len(cases(page)) == 33


def test_an_index_that_is_being_made_shows_how_far_it_is_and_then_what_it_found(
    look: Callable[..., Any], database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "INDEXED_AT_ONCE", 5)
    monkeypatch.setattr(background, "PAUSE", 0.1)
    with open_store(str(database)) as store:
        finished_run(store, "slow", {"check": [Said(f"s{n}", f"sorry {n}") for n in range(150)]})
    page = look("/runs/slow/cases?q=sorry", searchable=False)
    assert re.fullmatch(r"[\d,]+ of 150 cases can be searched", page.locator("#filling span").inner_text())
    page.locator(".counted strong:text-is('150')").wait_for()
    assert page.locator("#filling:visible").count() == 0
    assert page.complaints == []


def every_page(server: WebServer, run: str) -> list[str]:
    """One address of every route that shows a page of a run, or of none."""
    from starlette.routing import Route

    from evalkit.web.app import pages

    routes = [route for route in pages(server.bench).routes if isinstance(route, Route)]
    shown = [route.path for route in routes if "GET" in (route.methods or ()) and "{name}" not in route.path]
    no_pages = ("/events", "/favicon.ico", "/report.html", "/progress")
    return [server.base + path.replace("{run}", run) for path in shown if not path.endswith(no_pages)]


def test_nothing_hostile_acts_anywhere(look: Callable[..., Any], server: WebServer) -> None:
    page = look("/runs/hostile/cases")
    page.wait_for_load_state("networkidle")
    assert len(cases(page)) == len(HOSTILE) + 1
    links = page.locator("#cases tbody th a").evaluate_all("found => found.map(one => one.href)")
    everywhere = every_page(server, "hostile")
    assert len(everywhere) >= 8  # some say that a case or a queue must be named: so they are asked for, too
    for address in [
        *links,
        *everywhere,
        f"{server.base}/compare?run=hostile&run=hostile%20again&different=1",
        f"{server.base}/compare?run=hostile&run=hostile%20again&different=1&q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        f"{server.base}/runs/hostile/data?odd=0",
        f"{server.base}/trends?suite=%3Cscript%3Ealert(1)%3C%2Fscript%3E&check=all",
    ]:
        page.goto(address)
        _until_made(page)
        page.wait_for_load_state("networkidle")
        for summary in page.locator("main details:not([open]) > summary").all():
            if summary.is_visible():
                summary.click()
        page.mouse.move(300, 300)
        assert [said for said in page.complaints if "Failed to load resource" not in said] == [], address
    assert all(address.startswith(server.base) for address in page.asked_for)


def test_a_comparison_shows_what_changed_word_by_word(look: Callable[..., Any]) -> None:
    page = look("/compare?run=hostile&run=hostile%20again&different=1")
    page.get_by_role("heading", name="Cases that went otherwise").wait_for()
    change = page.locator("details.change", has_text="h4")
    change.locator("summary").click()
    assert change.locator("mark.now").inner_text().strip() == "again"
    change.get_by_role("link", name="in the candidate").click()
    page.wait_for_url("**/runs/hostile%20again/case?*")


def test_cases_of_a_comparison_are_chosen_searched_and_paged(look: Callable[..., Any]) -> None:
    page = look("/compare?baseline=many&run=many+worse&different=1")
    page.get_by_role("heading", name="Cases that went otherwise").wait_for()
    shown = page.locator("details.change summary strong")
    assert shown.all_inner_texts() == [f"c{n:03}" for n in range(1, 130, 2)][:25]
    page.get_by_role("link", name="After").click()
    page.wait_for_url("**page=2*")
    assert shown.first.inner_text() == "c051"
    page.get_by_role("link", name="Fixed").click()
    page.wait_for_url("**show=fixed*")
    assert page.get_by_text("No case is like that").is_visible()
    page.get_by_role("link", name="Regressed").click()
    page.wait_for_url("**show=regressed*")
    page.fill("input[name=q]", '"number 11"')
    page.press("input[name=q]", "Enter")
    page.wait_for_url("**q=*")
    while page.get_by_role("link", name="Search again").count():
        page.get_by_role("link", name="Search again").click()
        page.wait_for_load_state()
    assert shown.all_inner_texts() == ["c011"]
    page.get_by_role("link", name="All cases that went otherwise").click()
    page.wait_for_url(lambda address: "q=" not in address)
    assert shown.count() == 25
    assert page.complaints == []


def test_a_point_of_a_trend_leads_to_its_run(look: Callable[..., Any]) -> None:
    page = look("/trends?suite=smoke")
    page.wait_for_selector("[data-drawn=all]", state="attached")
    assert page.locator(".drawn svg").count() == page.locator("section.trend").count()
    page.locator(".drawn svg .mark-symbol path").first.click()
    page.wait_for_url("**/runs/*")
    assert page.complaints == []


def test_the_table_of_a_trend_leads_to_its_runs_by_keyboard(look: Callable[..., Any]) -> None:
    page = look("/trends?suite=smoke", java_script_enabled=False)
    page.locator(".trend summary").first.focus()
    page.keyboard.press("Enter")
    link = page.locator(".trend tbody a").first
    wanted = link.evaluate("one => one.href")
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/*")
    assert page.url == wanted
