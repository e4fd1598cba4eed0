"""Reviewing over HTTP, by plain forms: what is kept, what a blind queue hides, and what cannot be written."""

from __future__ import annotations

import html
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
import httpx
from click.testing import CliRunner
from review_runs import ITEMS, SUITE, reviewable_run
from web_server import WebServer

from evalkit.cli.main import commands
from evalkit.errors import ReviewError, StoreError
from evalkit.results import Result, Run
from evalkit.runner import review
from evalkit.runner.revise import result_of
from evalkit.store import Store
from evalkit.store.schema import baselines, reviews
from evalkit.store.schema import results as results_table
from evalkit.web.review_store import open_for_reviewing
from evalkit.web.serve import Address

NOTE = "two lines\r\n<b>& a family: \U0001f469\u200d\U0001f467"


@pytest.fixture
def run(store: Store, tmp_path: Path) -> Result:
    return reviewable_run(store, tmp_path)


@pytest.fixture
def server(run: Result, tmp_path: Path) -> Iterator[WebServer]:
    with WebServer(str(tmp_path / "runs.db")) as running:
        yield running


BLIND = SUITE[: SUITE.index("  - {name: seen")].replace("flag: [reject]", "flag: [reject]\n    reviewers: 2")
"""One blind queue of twenty that two people are to read."""


class Reviewer:
    """Sends what a browser would send for the forms of the pages."""

    def __init__(self, server: WebServer, run: Result, name: str = "", **headers: str) -> None:
        self.path = f"/runs/{run.run.id}/review"
        headers = {"origin": server.base, "sec-fetch-site": "same-origin", **headers}
        self.client = httpx.Client(
            base_url=server.base, cookies=server.cookies, headers=headers, trust_env=False, follow_redirects=True
        )
        if name:
            assert self.client.post(f"{self.path}/name", data={"name": name}).status_code == 200

    def get(self, path: str = "", **query: Any) -> httpx.Response:
        return self.client.get(self.path + path, params=query)

    def item(self, queue: str = "helpful", **query: Any) -> str:
        return self.get("/item", queue=queue, **query).text

    def say(self, at: int, queue: str = "helpful", **said: Any) -> httpx.Response:
        return self.client.post(f"{self.path}/say", data={"queue": queue, "at": str(at), **said})


@pytest.fixture
def ann(server: WebServer, run: Result) -> Reviewer:
    return Reviewer(server, run, "ann")


def number(text: str) -> int:
    """Of the item that a page shows; 0 where it shows none."""
    found = re.search(r'name="at" value="(\d+)"', text)
    return int(found[1]) if found and 'class="choice"' in text else 0


def said(store: Store, run: Result, queue: str = "helpful") -> dict[int, dict[str, str]]:
    """By item, from 1: what each reviewer's label is."""
    found = review.queue_named(store, run.run.id, queue)
    now = review.standing(store, found)
    return {
        at: {name: one.label or ("skipped" if one.skipped else "") for name, one in now.said[case].items()}
        for at, case in enumerate(found.cases, 1)
        if case in now.said
    }


# --- from the first item to the outcome -------------------------------------------------------------------------------


def test_plain_forms_review_a_queue_to_its_revised_outcome(ann: Reviewer, store: Store, run: Result) -> None:
    text = ann.item()
    for expected in range(1, ITEMS + 1):
        assert number(text) == expected
        text = ann.say(expected, label="1").text
        assert said(store, run)[expected] == {"ann": "accept"}, "kept before the next item is shown"
    assert number(text) == 0
    assert "mock:echo is good enough for support." in text
    assert "Revision 1 of the outcome" in text
    assert "20 of 20 reviewed" in text
    assert "20 accept" in text
    assert result_of(store, run.run.id).revision == 1
    assert "Revision" not in ann.get().text, "the other queue is under way"
    assert '<span class="badge pass">' in ann.get().text


def test_flags_of_people_turn_the_outcome_and_the_page_says_so(ann: Reviewer) -> None:
    for at in range(1, ITEMS + 1):
        text = ann.say(at, label="2").text
    assert "mock:echo is not good enough for support." in text
    assert "20 reject" in text


def test_every_address_after_a_word_is_that_of_the_next_item(ann: Reviewer, run: Result) -> None:
    assert str(ann.say(1, label="2").url).endswith(f"/runs/{run.run.id}/review/item?queue=helpful&at=2")
    assert str(ann.say(7, label="2").url).endswith("&at=8"), "who passed items over is not sent back at once"
    assert str(ann.say(20, label="2").url).endswith("&at=2"), "but at the end"
    assert number(ann.item()) == 2


def test_the_same_word_sent_twice_is_kept_once(ann: Reviewer, store: Store, run: Result) -> None:
    for _ in range(3):
        assert ann.say(1, label="1", note="why").status_code == 200
    queue = review.queue_named(store, run.run.id, "helpful")
    assert len(store.reviews(queue.id)) == 1


def test_undo_withdraws_the_last_word_and_goes_back_to_its_item(ann: Reviewer, store: Store, run: Result) -> None:
    ann.say(1, label="1")
    ann.say(2, label="2")
    text = ann.say(3, do="undo").text
    assert number(text) == 2
    assert said(store, run) == {1: {"ann": "accept"}}


def test_what_was_skipped_comes_once_more_when_asked_for_and_that_ends(
    ann: Reviewer, store: Store, run: Result
) -> None:
    for at in range(1, ITEMS + 1):
        text = ann.say(at, **({"do": "skip"} if at in {3, 9} else {"label": "1"})).text
    assert "What you skipped (2)" in text
    assert number(ann.item(again="1")) == 3
    assert number(text := ann.say(3, do="skip", again="1").text) == 9
    assert 'name="again"' in text
    assert number(ann.say(9, label="2", again="1").text) == 0
    assert (said(store, run)[3], said(store, run)[9]) == ({"ann": "skipped"}, {"ann": "reject"})


def test_notes_come_back_as_they_were_written(ann: Reviewer, store: Store, run: Result) -> None:
    text = ann.say(1, do="note", note=f"  {NOTE} ").text
    assert number(text) == 1, "a note alone settles nothing"
    note = NOTE.replace("\r\n", "\n")
    written = re.search(r"<textarea[^>]*>(.*?)</textarea>", text, re.DOTALL)
    assert written is not None
    assert html.unescape(written[1]) == note
    assert "<b>" not in written[1]
    ann.say(1, label="2", note=NOTE)
    ann.say(1, label="1")  # a form without the field leaves the note
    queue = review.queue_named(store, run.run.id, "helpful")
    kept = review.standing(store, queue).said[queue.cases[0]]["ann"]
    assert (kept.label, kept.note) == ("accept", note)
    assert [row.document for row in store.reviews(queue.id)] == [
        {"note": note}, {"label": "reject"}, {"label": "accept"},
    ]  # fmt: skip


def test_a_note_that_was_written_elsewhere_is_not_wiped_by_a_page_that_is_older(
    ann: Reviewer, store: Store, run: Result
) -> None:
    """A tab was opened, then the terminal wrote a note: the tab's own field is still empty."""
    queue = review.queue_named(store, run.run.id, "helpful")
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', ann.item(at="1")))
    review.note(store, queue, queue.cases[0], "ann", "of the terminal")
    ann.client.post(f"{ann.path}/say", data={**fields, "note": "", "label": "1"})
    kept = review.standing(store, queue).said[queue.cases[0]]["ann"]
    assert (kept.label, kept.note) == ("accept", "of the terminal")
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', ann.item(at="1")))
    ann.client.post(f"{ann.path}/say", data={**fields, "note": "", "do": "note"})
    assert review.standing(store, queue).said[queue.cases[0]]["ann"].note == "", "whoever empties it means it"


# --- who and what is seen ---------------------------------------------------------------------------------------------


def test_a_blind_queue_hides_model_score_labels_and_names(ann: Reviewer) -> None:
    pages = [ann.get().text, ann.item(), ann.item(at=7), ann.say(1, label="1").text]
    for hidden in ("mock:echo", "secret-row", "secret-group", "exact_match", "good enough for"):
        assert not any(hidden in page for page in pages[1:]), hidden
    assert "mock:echo" not in pages[0]
    assert "exact_match" not in pages[0], "of no queue while a blind one is under way"


TELLING = [
    "mock:echo",
    "secret-row",
    "secret-group",
    "exact_match",
    "good enough",
    "a note of ann",
    "20 accept",
    "kappa",
]
"""Of the model, the check, the dataset, the outcome, and what others said."""


def test_nothing_that_a_blind_reviewer_is_sent_tells_anything(server: WebServer, store: Store, tmp_path: Path) -> None:
    """Status, headers and body of everything that the pages of a review lead to, before two people are done."""
    again = reviewable_run(store, tmp_path, BLIND)
    ann, ben = Reviewer(server, again, "ann"), Reviewer(server, again, "ben")
    for at in range(1, ITEMS + 1):
        ann.say(at, label="1", note="a note of ann" if at % 2 else "")
    ben.client.follow_redirects = False
    seen = [ben.get(), ben.get(name=""), ben.get("/item", queue="helpful"), ben.get("/item", queue="nowhere")]
    for at in range(1, ITEMS):  # all but the last
        seen += [ben.get("/item", queue="helpful", at=at), ben.say(at, label="1" if at % 3 else "2")]
        seen += [ben.say(at, do="undo"), ben.say(at, do="skip"), ben.say(at, label="1" if at % 3 else "2", note="mine")]
        seen += [ben.say(at, label="7"), ben.get("/item", queue="helpful", again="1", at=at), ben.get()]
    seen += [ben.get("/item", queue="helpful", at=99), ben.client.post(f"{ben.path}/say", json={})]
    seen += [ben.client.post(f"{ben.path}/name", data={"name": ""}), ann.get("/item", queue="helpful"), ann.get()]
    pages = [one for one in seen if one.status_code == 200]
    assert len(pages) > 2 * ITEMS
    for page in pages:
        ways = set(re.findall(r'(?:href|action|src)="([^"?]*)', page.text))
        assert {way for way in ways if way.startswith("/runs/")} <= {
            ben.path,
            f"{ben.path}/item",
            f"{ben.path}/say",
            f"{ben.path}/name",
        }
    for response in seen:
        sent = f"{response.status_code} {response.headers} {response.text}"
        mine = response.request.headers["cookie"]
        told = [word for word in TELLING if word in sent and not ("ann" in mine and word == "a note of ann")]
        assert not told, response.url
    ben.client.follow_redirects = True
    last = ben.say(ITEMS, label="1").text
    assert "mock:echo is good enough" in last
    assert "kappa" in last
    assert f'href="/runs/{again.run.id}"' in last


def test_a_queue_that_is_not_blind_shows_them(ann: Reviewer) -> None:
    text = ann.item("seen")
    for shown in ("mock:echo", "secret-row-", "secret-group-", "exact_match"):
        assert shown in text


def test_a_blind_queue_that_waits_for_others_keeps_hiding_the_outcome(
    server: WebServer, store: Store, run: Result, tmp_path: Path
) -> None:
    again = reviewable_run(store, tmp_path, SUITE.replace("flag: [reject]", "flag: [reject]\n    reviewers: 2"))
    ann, ben = Reviewer(server, again, "ann"), Reviewer(server, again, "ben")
    for at in range(1, ITEMS + 1):
        text = ann.say(at, label="1").text
    assert "Nothing is left for you" in text
    assert "20 of 20 items wait for somebody else" in text
    assert "mock:echo" not in text
    assert "20 accept" not in text
    for at in range(1, ITEMS + 1):
        text = ben.say(at, label="2" if at == 5 else "1").text
    assert "mock:echo is good enough" in text
    assert "kappa" in text
    assert "ann, ben" in text


def test_a_blind_queue_that_is_done_tells_nothing_while_another_one_is_not(
    server: WebServer, store: Store, tmp_path: Path
) -> None:
    again = reviewable_run(store, tmp_path, SUITE.replace("blind: false, reviewers: 2", "blind: true"))
    ann = Reviewer(server, again, "ann")
    for at in range(1, ITEMS + 1):
        text = ann.say(at, label="1").text
    assert "helpful is reviewed" in text
    assert "Go on with seen" in text
    for page in (text, ann.get().text):
        assert not [word for word in ("mock:echo", "20 accept", "exact_match") if word in page]
    for at in range(1, 5):
        text = ann.say(at, "seen", label="1").text
    assert "mock:echo is good enough" in text
    assert "mock:echo is good enough" in ann.item()


def test_nobody_is_shown_what_others_said(ann: Reviewer, server: WebServer, run: Result) -> None:
    ann.say(1, label="1", note="a note of ann")
    text = Reviewer(server, run, "ben").item(at=1)
    assert "a note of ann" not in text
    assert "aria-pressed" not in text
    assert "aria-pressed" in ann.item(at=1)


def test_the_name_is_asked_before_the_first_item_and_then_no_more(server: WebServer, run: Result) -> None:
    nobody = Reviewer(server, run)
    asked = nobody.get("/item", queue="helpful")
    assert "Who are you?" in asked.text
    answered = nobody.client.post(f"{nobody.path}/name", data={"name": " Zoë; =\"'< ", "queue": "helpful"})
    assert number(answered.text) == 1
    assert "Zoë; =&#34;&#39;&lt;" in nobody.get().text
    assert "Who are you?" not in nobody.get().text
    assert nobody.say(1, label="1").status_code == 200
    assert said(server.bench.store, run) == {1: {"Zoë; =\"'<": "accept"}}


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "two\nlines", "hidden\u202e"])
def test_a_name_that_nobody_could_read_is_refused(server: WebServer, run: Result, name: str) -> None:
    nobody = Reviewer(server, run)
    answered = nobody.client.post(f"{nobody.path}/name", data={"name": name})
    assert answered.status_code == 400
    assert "set-cookie" not in answered.headers
    assert "Who are you?" in nobody.get().text


def test_a_cookie_that_is_not_ours_is_no_name(server: WebServer, run: Result, store: Store) -> None:
    nobody = Reviewer(server, run, cookie=f"{server.cookie}=a-token-of-the-tests; evalkit-reviewer=%0Aroot%E2%80%AE")
    nobody.client.cookies.clear()
    assert "Who are you?" in nobody.get().text
    assert nobody.say(1, label="1").status_code == 400
    assert said(store, run) == {}


def test_runs_that_cannot_be_reviewed_say_why(ann: Reviewer, store: Store, tmp_path: Path) -> None:
    plain = reviewable_run(store, tmp_path, SUITE.partition("gates:")[0])
    text = ann.client.get(f"/runs/{plain.run.id}/review").text
    assert "Nothing to review" in text
    assert "review: {from: accuracy" in text
    assert ann.client.get(f"/runs/{plain.run.id}/review/item").status_code == 400
    store.create_run(Run("under-way", "s", "m", "running", "2026-03-01T12:00:00+00:00"))
    answered = ann.client.get("/runs/under-way/review")
    assert answered.status_code in {400, 404, 503}
    assert "under-way" in answered.text
    assert ann.client.get("/runs/no-such/review").status_code == 404


def test_a_prefix_of_a_run_leads_to_it(ann: Reviewer, run: Result) -> None:
    answered = ann.client.get("/runs/last:support/review?queue=seen")
    assert answered.url.path == ann.path
    assert answered.url.query == b"queue=seen"


# --- what cannot be written -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {"at": "0", "label": "1"},
        {"at": "21", "label": "1"},
        {"at": "-1", "label": "1"},
        {"at": "1", "label": "3"},
        {"at": "1", "label": "accept"},
        {"at": "1"},
        {"at": "1", "do": "delete"},
        {"at": "1", "label": "1", "queue": ""},
        {"at": "1", "label": "1", "queue": "none"},
        {"at": "1", "label": "1", "note": "x" * 4001},
    ],
)
def test_a_form_that_makes_no_sense_is_refused_with_a_sentence(
    ann: Reviewer, store: Store, run: Result, given: dict[str, str]
) -> None:
    answered = ann.client.post(f"{ann.path}/say", data={"queue": "helpful", **given})
    assert answered.status_code == 400
    assert '<p class="because">' in answered.text
    assert said(store, run) == {}


def test_only_forms_are_taken(ann: Reviewer, store: Store, run: Result) -> None:
    answered = ann.client.post(f"{ann.path}/say", json={"queue": "helpful", "at": 1, "label": 1})
    assert answered.status_code == 400
    answered = ann.client.post(
        f"{ann.path}/say", content="queue=helpful&at=1&label=1", headers={"content-type": "text/plain"}
    )
    assert answered.status_code == 400
    assert said(store, run) == {}


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"origin": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_page_can_say_nothing(server: WebServer, store: Store, run: Result, headers: dict[str, str]) -> None:
    other = Reviewer(server, run, **headers)
    assert other.client.post(f"{other.path}/name", data={"name": "ann"}).status_code == 403
    other.client.cookies.set("evalkit-reviewer", "ann")
    assert other.say(1, label="1").status_code == 403
    assert said(store, run) == {}


def rows(database: Path) -> dict[str, list[str]]:
    """By table."""
    found: dict[str, list[str]] = {}
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        for line in connection.iterdump():
            if table := re.match(r'INSERT INTO "(\w+)"', line):
                found.setdefault(table[1], []).append(line)
    return found


def test_a_whole_review_adds_to_reviews_revisions_and_events_and_changes_nothing_else(
    ann: Reviewer, run: Result, tmp_path: Path
) -> None:
    before = rows(tmp_path / "runs.db")
    for at in range(1, ITEMS + 1):
        ann.say(at, label="1", note=f"note {at}")
    ann.say(1, do="undo")
    after = rows(tmp_path / "runs.db")
    added = {name for name in after if after[name] != before.get(name)} - {"sqlite_sequence"}
    assert added == {"reviews", "revisions", "events"}
    assert len(after["reviews"]) == ITEMS + 1
    assert len(after["events"]) - len(before["events"]) == len(after["revisions"]), "each is told of once"


def test_the_store_that_reviews_are_written_by_refuses_all_else(run: Result, store: Store, tmp_path: Path) -> None:
    queue = review.queue_named(store, run.run.id, "helpful")
    before = rows(tmp_path / "runs.db")
    with open_for_reviewing(str(tmp_path / "runs.db")) as writing:
        for attempt in (
            lambda: writing.transition(run.run.id, "failed"),
            lambda: writing.delete_run(run.run.id),
            lambda: writing.create_run(Run("new", "s", "m", "running", "2026-03-01T12:00:00+00:00")),
            lambda: writing.put_progress(run.run.id, "{}"),
        ):
            with pytest.raises(StoreError):
                attempt()
        for statement in (
            results_table.delete(),
            baselines.delete(),
            reviews.delete(),
            reviews.update().values(reviewer="somebody"),
        ):
            with pytest.raises(StoreError, match="only reviews"), writing.database.writing() as connection:
                connection.execute(statement)
        assert rows(tmp_path / "runs.db") == before
        with writing.database.reading() as connection:
            cursor = connection.connection.cursor()  # the driver's own: the store refuses to be asked
            flushed = cursor.execute("PRAGMA synchronous").fetchone()
        assert flushed == (2,), "FULL: what people said outlives a power cut"
        review.label(writing, queue, queue.cases[0], "ann", "accept")
    assert said(store, run) == {1: {"ann": "accept"}}


def test_a_look_opens_no_writing_connection(ann: Reviewer, server: WebServer) -> None:
    ann.get()
    ann.item()
    assert "review" not in server.bench.others
    ann.say(1, label="1")
    assert "review" in server.bench.others


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_opens_the_review_of_its_run(run: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[tuple[str, Address]] = []
    monkeypatch.setattr("evalkit.web.serve.serve", lambda _, address, __, path, ___: served.append((path, address)))
    found = CliRunner().invoke(commands, ["review", "last", "--web", "--store", str(tmp_path / "runs.db")])
    assert found.exit_code == 0, found.output
    assert [(path.partition("?")[0], address) for path, address in served] == [
        (f"/runs/{run.run.id}/review", Address())
    ]


def test_the_command_says_so_where_there_is_nothing_to_review(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewable_run(store, tmp_path, SUITE.partition("gates:")[0])
    monkeypatch.setattr("evalkit.web.serve.serve", pytest.fail)
    found = CliRunner().invoke(commands, ["review", "last", "--web", "--store", str(tmp_path / "runs.db")])
    assert isinstance(found.exception, ReviewError)
    assert "nothing to review" in found.exception.message
