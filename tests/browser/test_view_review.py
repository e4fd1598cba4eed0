"""Reviewing in a real browser: by keyboard, through the death of the server, by two at once, and of hostile texts."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
from hostile_texts import HOSTILE
from review_runs import ITEMS, SUITE, reviewable_run
from web_server import TOKEN, WebServer

from evalkit.results import Result
from evalkit.runner import review
from evalkit.runner.execute import run_suite
from evalkit.runner.plan import Scope
from evalkit.runner.revise import result_of
from evalkit.runner.running import RunOptions
from evalkit.store import Store, open_store
from evalkit.suite.load import load_suite
from evalkit.web.review_store import review_store

OpenPage = Callable[..., Any]
ROOT = Path(__file__).parents[2]
SERVER = "from evalkit.cli.main import run_and_exit; run_and_exit()"
HOSTILE_SUITE = """\
name: hostile
datasets: {d: {path: rows.jsonl}}
checks: {accuracy: {metrics: [exact_match]}}
review:
  from: accuracy
  sample: 12
  blind: false
  question: "<img src=x onerror=alert(1)> {{7*7}} \\u202e"
  labels:
    "<b onclick=alert(1)>": "<script>alert(1)</script>"
    "\\" onfocus=\\"alert(1)\\" autofocus x=\\"": "javascript:alert(1)"
    "\\u202eb\\u200b": "</button></form>"
  flag: ["\\u202eb\\u200b"]
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "runs.db")) as opened:
        yield opened


@pytest.fixture
def run(store: Store, tmp_path: Path) -> Result:
    return reviewable_run(store, tmp_path)


@pytest.fixture
def server(run: Result, tmp_path: Path) -> Iterator[WebServer]:
    with WebServer(str(tmp_path / "runs.db")) as running:
        yield running


@pytest.fixture
def as_reviewer(open_page: OpenPage, server: WebServer, run: Result) -> Callable[..., Any]:
    """A page of somebody's own browser, at the first item of a queue."""

    def begin(name: str, queue: str = "helpful", **options: Any) -> Any:
        page = open_page(**options)
        page.goto(server.link)
        page.goto(f"{server.base}/runs/{run.run.id}/review/item?queue={queue}")
        page.fill("#name", name)
        page.press("#name", "Enter")
        begun(page, by_keys=options.get("java_script_enabled", True))
        return page

    return begin


def begun(page: Any, *, by_keys: bool = True) -> None:
    """An item is shown, and the script that listens to keys is there."""
    page.wait_for_selector("form.reviewing")
    if by_keys:
        page.wait_for_selector(".review-status", state="attached")


def at(page: Any) -> int:
    """The item that is shown; 0 where there is none left."""
    shown = page.locator("#review input[name=at]")
    return int(shown.get_attribute("value")) if page.locator("form.reviewing").count() else 0


def press(page: Any, key: str, then: int) -> None:
    """Until item ``then`` is shown."""
    from playwright.sync_api import expect

    page.keyboard.press(key)
    if then:
        expect(page.locator("form.reviewing input[name=at]")).to_have_value(str(then))
    else:
        expect(page.locator("form.reviewing")).to_have_count(0)


def labels(store: Store, run: Result, name: str, queue: str = "helpful") -> dict[int, str]:
    """What a reviewer said, by item."""
    found = review.queue_named(store, run.run.id, queue)
    said = review.standing(store, found).said
    mine = {at: said.get(case, {}).get(name) for at, case in enumerate(found.cases, 1)}
    return {at: one.label for at, one in mine.items() if one is not None and one.label}


# --- by keyboard ------------------------------------------------------------------------------------------------------


class Killable:
    """``evalkit view`` in a process of its own that always comes back under the same address."""

    def __init__(self, store: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self.link = f"{self.base}/?token={TOKEN}"
        self._store = store
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, "-u", "-c", SERVER, "view", "--store", str(self._store), "--port", str(self.port)]
        environment = {**os.environ, "EVALKIT_VIEW_TOKEN": TOKEN}
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == self.link

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None


@pytest.fixture
def killable(tmp_path: Path) -> Iterator[Killable]:
    server = Killable(tmp_path / "runs.db")
    yield server
    server.kill()


def test_twenty_items_by_keyboard_with_the_server_killed_half_way(
    open_page: OpenPage, killable: Killable, run: Result, store: Store
) -> None:
    from playwright.sync_api import expect

    killable.start()
    page = open_page()
    page.goto(killable.link)
    page.goto(f"{killable.base}/runs/{run.run.id}/review")
    page.keyboard.type("ann")
    page.keyboard.press("Enter")
    page.locator("a.main-button").first.click()
    begun(page)
    for item in range(1, 11):
        assert at(page) == item
        press(page, "2" if item % 5 == 0 else "1", then=item + 1)
        assert len(labels(store, run, "ann")) == item, "kept before the next item is shown"
    page.keyboard.press("n")
    page.keyboard.type("not sure about it")
    killable.kill()
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    expect(page.locator(".wrong-status")).to_contain_text("does not answer")
    assert at(page) == 11, "nothing moves before the server said yes"
    assert len(labels(store, run, "ann")) == 10
    killable.start()
    page.goto(f"{killable.base}/runs/{run.run.id}/review")
    page.locator("a.main-button", has_text="Go on").first.click()
    begun(page)
    assert at(page) == 11, "goes on where it was"
    expect(page.locator("#note")).to_have_value("not sure about it")
    for item in range(11, ITEMS + 1):
        press(page, "1", then=(item + 1) % (ITEMS + 1))
    expect(page.locator("h1")).to_have_text("mock:echo is good enough for support.")
    assert labels(store, run, "ann") == {n: "reject" if n in {5, 10} else "accept" for n in range(1, ITEMS + 1)}
    queue = review.queue_named(store, run.run.id, "helpful")
    assert review.standing(store, queue).said[queue.cases[10]]["ann"].note == "not sure about it"
    assert result_of(store, run.run.id).revision == 1
    assert decided(store, run) == {"helpful.reviewed >= 1.0": "pass", "helpful.flagged_by_humans <= 0.4": "pass"}
    assert result_of(store, run.run.id, 0) == run, "what the run itself reported stays as it was"
    page.locator("button[value=undo]").click()
    begun(page)
    assert at(page) == ITEMS
    assert decided(store, run) == {"helpful.reviewed >= 1.0": "unsure", "helpful.flagged_by_humans <= 0.4": "unsure"}
    press(page, "2", then=0)
    assert result_of(store, run.run.id).revision == 3
    assert decided(store, run)["helpful.reviewed >= 1.0"] == "pass"
    assert result_of(store, run.run.id, 0) == run


def decided(store: Store, run: Result) -> dict[str, str]:
    """What the newest revision counts the gates of people as."""
    verdicts = result_of(store, run.run.id).outcome.verdicts
    return {one.gate: str(one.counts_as) for one in verdicts if one.gate.startswith("helpful.")}


def test_the_same_page_goes_on_when_the_server_is_back(
    open_page: OpenPage, killable: Killable, run: Result, store: Store
) -> None:
    from playwright.sync_api import expect

    killable.start()
    page = open_page()
    page.goto(killable.link)
    page.goto(f"{killable.base}/runs/{run.run.id}/review/item?queue=helpful")
    page.fill("#name", "ann")
    page.press("#name", "Enter")
    begun(page)
    press(page, "1", then=2)
    killable.kill()
    page.keyboard.press("2")
    expect(page.locator(".wrong-status")).to_contain_text("does not answer")
    killable.start()
    press(page, "2", then=3)
    expect(page.locator(".review-status")).to_have_text("Kept: reject")
    assert labels(store, run, "ann") == {1: "accept", 2: "reject"}
    page.context.clear_cookies(name=f"evalkit-view-{killable.port}")  # as after a start with another token
    page.keyboard.press("2")
    expect(page.locator(".wrong-status")).to_contain_text("Use the whole link")
    assert at(page) == 3


def test_every_key_does_what_the_list_of_keys_says(as_reviewer: Callable[..., Any], store: Store, run: Result) -> None:
    from playwright.sync_api import expect

    page = as_reviewer("ann")
    press(page, "1", then=2)
    press(page, "s", then=3)
    press(page, "u", then=2)
    press(page, "k", then=1)
    expect(page.locator("[name=label][aria-pressed=true]")).to_contain_text("accept")
    press(page, "2", then=2)
    assert labels(store, run, "ann") == {1: "reject"}
    press(page, "j", then=3)
    press(page, "ArrowRight", then=4)
    press(page, "ArrowLeft", then=3)
    page.go_back()
    expect(page.locator("form.reviewing input[name=at]")).to_have_value("4")
    page.keyboard.press("9")  # there is no ninth label
    page.keyboard.press("Control+1")
    page.keyboard.press("n")
    page.keyboard.type("1 s u j k ?")
    assert page.input_value("#note") == "1 s u j k ?"
    assert at(page) == 4
    page.keyboard.press("Escape")
    expect(page.locator("#note-state")).to_have_text("kept")
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.keyboard.press("1")
    page.uncheck("#keys-on")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.keyboard.press("s")
    page.wait_for_timeout(200)
    assert at(page) == 4, "keys that somebody turned off do nothing"
    assert labels(store, run, "ann") == {1: "reject"}
    page.reload()
    expect(page.locator("#note")).to_have_value("1 s u j k ?")
    page.keyboard.press("?")
    page.check("#keys-on")
    page.locator("dialog#keys button").click()
    press(page, "1", then=5)
    assert page.complaints == []


def test_a_note_is_kept_without_a_key_and_with_the_label(
    as_reviewer: Callable[..., Any], store: Store, run: Result
) -> None:
    from playwright.sync_api import expect

    page = as_reviewer("ann")
    page.fill("#note", "kept by itself")
    expect(page.locator("#note-state")).to_have_text("kept", timeout=10_000)
    page.fill("#note", "kept with the label")
    page.locator(".choice").first.click()
    expect(page.locator("form.reviewing input[name=at]")).to_have_value("2")
    page.fill("#note", "kept although the tab was closed at once")
    page.close()
    queue = review.queue_named(store, run.run.id, "helpful")

    def notes() -> list[str]:
        said = review.standing(store, queue).said
        return [said[case]["ann"].note for case in queue.cases[:2] if case in said]

    for _ in range(100):
        if len(notes()) == 2:
            break
        import time

        time.sleep(0.05)
    assert notes() == ["kept with the label", "kept although the tab was closed at once"]


def test_a_reload_in_the_middle_of_a_word_loses_none_of_it(as_reviewer: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    page = as_reviewer("ann")
    page.keyboard.press("n")
    page.keyboard.type("an unfinished thou")
    page.reload()
    begun(page)
    expect(page.locator("#note")).to_have_value("an unfinished thou")
    page.keyboard.press("n")
    page.keyboard.press("End")
    page.keyboard.type("ght")
    press_from(page, "1", then=2)
    press(page, "k", then=1)
    expect(page.locator("#note")).to_have_value("an unfinished thought")


def test_without_scripts_the_forms_do_the_same(as_reviewer: Callable[..., Any], store: Store, run: Result) -> None:
    page = as_reviewer("ann", java_script_enabled=False)
    page.locator(".choice").nth(1).click()
    page.wait_for_url("**at=2")
    page.fill("#note", "a note")
    page.locator("button", has_text="Skip").click()
    page.wait_for_url("**at=3")
    page.locator("button", has_text="Undo").click()
    page.wait_for_url("**at=2")
    assert page.input_value("#note") == "a note"  # the skip is withdrawn, and what was written stays
    page.locator("#after").click()
    page.wait_for_url("**at=3")
    assert labels(store, run, "ann") == {1: "reject"}


# --- a reviewer's own door --------------------------------------------------------------------------------------------


def test_the_link_for_reviewers_opens_the_review_alone(
    open_page: OpenPage,
    serious_violations: Callable[[Any], list[str]],
    server: WebServer,
    store: Store,
    run: Result,
) -> None:
    owner, page = open_page(), open_page()
    owner.goto(server.link)
    owner.goto(f"{server.base}/runs/{run.run.id}/review")
    page.goto(owner.input_value("#door"))
    assert page.url == f"{server.base}/runs/{run.run.id}/review"
    page.fill("#name", "ann")
    page.press("#name", "Enter")
    page.locator(".queue", has_text="helpful").locator("a.main-button").click()
    begun(page)
    press(page, "1", then=2)
    press(page, "s", then=3)
    assert labels(store, run, "ann") == {1: "accept"}
    assert page.locator("nav.bench a").all_inner_texts() == ["✓ evalkit", "Review"]
    assert serious_violations(page) == []
    assert page.complaints == []
    for path in ("/", f"/runs/{run.run.id}", f"/runs/{run.run.id}/cases", "/trends"):
        assert page.goto(server.base + path).status == 403
        assert "This is not part of the review" in page.inner_text("main")
    assert serious_violations(page) == []
    page.click("main a")
    page.wait_for_selector(".queues")


# --- two at once ------------------------------------------------------------------------------------------------------


def test_two_reviewers_at_once_and_how_far_they_agree(
    as_reviewer: Callable[..., Any], store: Store, run: Result, server: WebServer
) -> None:
    from playwright.sync_api import expect

    ann, ben = as_reviewer("ann", "seen"), as_reviewer("ben", "seen")
    for item, (one, other) in enumerate([("1", "1"), ("2", "2"), ("1", "2"), ("2", "2")], 1):
        assert at(ann) == at(ben) == item
        ann.keyboard.press(one)
        ben.keyboard.press(other)
        for page in (ann, ben):
            if item < 4:
                expect(page.locator("form.reviewing input[name=at]")).to_have_value(str(item + 1))
            else:
                expect(page.locator("form.reviewing")).to_have_count(0)
    assert labels(store, run, "ann", "seen") == {1: "good", 2: "bad", 3: "good", 4: "bad"}
    assert labels(store, run, "ben", "seen") == {1: "good", 2: "bad", 3: "bad", 4: "bad"}
    ben.goto(f"{server.base}/runs/{run.run.id}/review/item?queue=seen")
    told = ben.locator(".told").inner_text()
    # of four labels three are equal, and two would be by chance: (3/4 - 1/2) / (1 - 1/2)
    assert "kappa 0.5" in told
    assert "ann, ben" in told
    assert "4 of 4" in told
    assert ann.complaints == ben.complaints == []


SAME_TWENTY = SUITE.replace("flag: [reject]", "flag: [reject]\n    reviewers: 2")


def test_two_read_the_same_twenty_and_each_withdraws_only_their_own(
    open_page: OpenPage, serious_violations: Callable[[Any], list[str]], store: Store, tmp_path: Path
) -> None:
    """As the two readers of the textbook's fifty grant proposals, 8 and 6 of 20 alike and 2 and 4 not: kappa 0.4."""
    run = reviewable_run(store, tmp_path, SAME_TWENTY)
    ann_says = ["1"] * 10 + ["2"] * 10
    ben_says = ["1"] * 8 + ["2"] * 2 + ["1"] * 4 + ["2"] * 6
    with WebServer(str(tmp_path / "runs.db")) as server:
        pages = []
        for name in ("ann", "ben"):
            page = open_page()
            page.goto(server.link)
            page.goto(f"{server.base}/runs/{run.run.id}/review/item?queue=helpful")
            page.fill("#name", name)
            page.press("#name", "Enter")
            begun(page)
            pages.append(page)
        ann, ben = pages
        for item, (one, other) in enumerate(zip(ann_says, ben_says, strict=True), 1):
            following = (item + 1) % (ITEMS + 1)
            press(ben, other, then=following)
            press(ann, one, then=following)
            if item in {4, 13}:
                before = labels(store, run, "ben")
                press(ann, "u", then=item)
                assert item not in labels(store, run, "ann")
                assert labels(store, run, "ben") == before
                assert at(ben) == following
                press(ann, one, then=following)
        words = {"1": "accept", "2": "reject"}
        assert labels(store, run, "ann") == {at: words[key] for at, key in enumerate(ann_says, 1)}
        assert labels(store, run, "ben") == {at: words[key] for at, key in enumerate(ben_says, 1)}
        counts = ann.locator(".crossed tbody tr")
        assert [row.split()[-2:] for row in counts.all_inner_texts()] == [["8", "2"], ["4", "6"]]
        told = ann.locator(".told").inner_text()
        assert "8 accept, 6 reject, 6 disagreed" in told
        # Wilson's interval of 14 in 20 is 0.481 to 0.855, and half would agree by chance: from (0.481 - 0.5) / 0.5;
        # the other end is the large-sample one: 0.127 is the standard error of 50 such items, 0.201 that of 20
        assert "kappa 0.400 (−0.038 to 0.794)" in told
        ann.wait_for_load_state("networkidle")
        assert serious_violations(ann) == []
        assert ann.complaints == ben.complaints == []


# --- hostile texts and pages ------------------------------------------------------------------------------------------


def test_hostile_texts_are_only_read(
    open_page: OpenPage, serious_violations: Callable[[Any], list[str]], store: Store, tmp_path: Path
) -> None:
    run = reviewable_run(store, tmp_path, HOSTILE_SUITE, prompt=lambda n: f"{n} {HOSTILE[n % len(HOSTILE)]}")
    queue = review.queue_named(store, run.run.id, "accuracy")
    with WebServer(str(tmp_path / "runs.db")) as server:
        page = open_page()
        page.goto(server.link)
        page.goto(f"{server.base}/runs/{run.run.id}/review/item")
        page.fill("#name", '<img src=x onerror=alert(1)>"')
        page.press("#name", "Enter")
        begun(page)
        for item in range(1, 13):
            page.fill("#note", HOSTILE[item - 1][:4000])
            page.locator(".answer-text").first.hover()
            press_from(page, str(item % 3 + 1), then=(item + 1) % 13)
            if item == 11:
                only_read(page)
        assert page.locator(".key-of-labels li").count() == 3, "what it came to is drawn with its labels"
        only_read(page)
        assert serious_violations(page) == []
        page.goto(f"{server.base}/runs/{run.run.id}/review")
        page.wait_for_load_state("networkidle")
        assert serious_violations(page) == []
        assert page.complaints == []
        assert all(address.startswith(server.base) for address in page.asked_for)
    given = [*review.standing(store, queue).said.values()]
    assert len(given) == 12
    assert {said.label for by_name in given for said in by_name.values()} - {""} == set(queue.labels)


def only_read(page: Any) -> None:
    """Nothing of the texts became a part of the page."""
    assert page.locator("iframe, .text *, .choice b, .choice script").count() == 0
    assert page.locator(".key-of-labels b, .key-of-labels script").count() == 0
    assert page.locator("h1").count() == 1
    assert page.locator("#main").count() == 1


def press_from(page: Any, key: str, then: int) -> None:
    """Out of the note first."""
    page.keyboard.press("Escape")
    page.wait_for_function("!document.body.classList.contains('sending')")
    press(page, key, then)


@pytest.mark.parametrize("origin", ["http://127.0.0.1:1", "http://attacker.example"])
def test_a_form_on_another_page_says_nothing(
    as_reviewer: Callable[..., Any], store: Store, run: Result, server: WebServer, origin: str
) -> None:
    """One on another port of this machine even brings our cookies."""
    page = as_reviewer("ann")
    action = f"{server.base}/runs/{run.run.id}/review/say"
    form = f'<form method=post action="{action}"><input name=queue value=helpful><input name=at value=1>'
    content = f"<!doctype html>{form}<button name=label value=2 id=go>win a prize</button></form>"
    page.route(f"{origin}/*", lambda route: route.fulfill(body=content, content_type="text/html"))
    page.goto(f"{origin}/page")
    with page.expect_navigation() as answered:
        page.click("#go")
    assert answered.value.status == 403
    assert labels(store, run, "ann") == {}


FAIR = """\
extends: bias
name: fair
review: {from: bias, sample: 2}
"""


@pytest.mark.parametrize("window", [("light", 1280), ("dark", 390)])
def test_answers_to_several_people_stand_side_by_side_with_the_person_marked(
    open_page: OpenPage,
    serious_violations: Callable[[Any], list[str]],
    store: Store,
    tmp_path: Path,
    window: tuple[str, int],
) -> None:
    scheme, width = window
    (tmp_path / "fair.yaml").write_text(FAIR, encoding="utf-8")
    options = RunOptions(scope=Scope(only=("bias",), limit=12), resume="never")
    run = run_suite(load_suite(tmp_path / "fair.yaml"), "mock:echo", store, options)
    with WebServer(str(tmp_path / "runs.db")) as server:
        page = open_page(color_scheme=scheme, viewport={"width": width, "height": 900})
        page.goto(server.link)
        page.goto(f"{server.base}/runs/{run.run.id}/review/item")
        page.fill("#name", "ann")
        page.press("#name", "Enter")
        begun(page)
        marks = page.locator(".exchange .said:first-of-type mark")
        answers = page.locator(".exchange")
        assert marks.count() == answers.count() > 1
        assert len(set(marks.all_inner_texts())) == marks.count(), "each is somebody else"
        first, second = (answers.nth(at).bounding_box() for at in (0, 1))
        assert (first["y"] == second["y"]) == (width > 1000)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert serious_violations(page) == []
        assert page.complaints == []


# --- to be looked at --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window", [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_every_page_is_accessible_and_fits(
    open_page: OpenPage,
    serious_violations: Callable[[Any], list[str]],
    server: WebServer,
    run: Result,
    window: tuple[str, int],
) -> None:
    scheme, width = window
    store = review_store(server.bench)
    queue = review.queue_named(store, run.run.id, "helpful")
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    page.goto(server.link)

    def look(path: str) -> None:
        page.goto(f"{server.base}/runs/{run.run.id}/review{path}")
        page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
        assert serious_violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path

    look("")
    page.fill("#name", "ann")
    page.press("#name", "Enter")
    page.wait_for_selector(".who-line")
    review.skip(store, queue, queue.cases[0], "ann")
    review.label(store, queue, queue.cases[1], "ann", "accept", "a note")
    for path in ("", "?name=", "/item?queue=helpful&at=2", "/item?queue=seen&at=1"):
        look(path)
    page.keyboard.press("?")
    assert serious_violations(page) == []
    for case in queue.cases[2:]:
        review.label(store, queue, case, "ann", "reject")
    seen = review.queue_named(store, run.run.id, "seen")
    for name in ("ann", "ben"):
        for place, case in enumerate(seen.cases):
            review.label(store, seen, case, name, "bad" if place == 1 or (name == "ben" and place == 2) else "good")
    look("/item?queue=helpful")
    look("/item?queue=seen")
    look("")
    assert page.complaints == []
