"""A reviewer's own door: the link opens the review of one run, every other address of the workbench stays shut."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
import httpx
from click.testing import CliRunner
from review_runs import ITEMS, SUITE, reviewable_run
from web_server import TOKEN, WebServer, addresses

from evalkit.cli.main import commands
from evalkit.results import Result
from evalkit.runner import review
from evalkit.store import Store
from evalkit.web import review_door

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
OPEN = ("/review", "/review/item", "/review/say", "/review/name")


@pytest.fixture
def run(store: Store, tmp_path: Path) -> Result:
    return reviewable_run(store, tmp_path)


@pytest.fixture
def server(run: Result, tmp_path: Path) -> Iterator[WebServer]:
    with WebServer(str(tmp_path / "runs.db")) as running:
        yield running


def client(server: WebServer, **cookies: str) -> httpx.Client:
    headers = {"origin": server.base, "sec-fetch-site": "same-origin"}
    return httpx.Client(base_url=server.base, cookies=cookies, headers=headers, trust_env=False, follow_redirects=True)


@contextmanager
def let_in(server: WebServer, run: Result) -> Iterator[httpx.Client]:
    """By the link that the owner's page of the review shows."""
    with client(server, **server.cookies) as owner:
        page = owner.get(f"/runs/{run.run.id}/review").text
    found = re.search(r'<input id="door"[^>]* value="([^"]*)"', page)
    assert found is not None
    with client(server) as reviewer:
        opened = reviewer.get(html.unescape(found[1]))
        assert opened.status_code == 200
        assert opened.url.path == f"/runs/{run.run.id}/review"
        assert opened.url.query == b"", "the token is out of the address"
        yield reviewer


def test_every_route_and_method_but_those_of_the_review_answers_403(server: WebServer, run: Result) -> None:
    mine = {f"/runs/{run.run.id}{page}" for page in OPEN} | {"/static/web.css", "/favicon.ico"}
    with let_in(server, run) as reviewer:
        shut = [path for path in addresses(server.bench, run.run.id) if path not in mine]
        assert len(shut) > 10, "the table of routes is walked"
        assert mine <= set(addresses(server.bench, run.run.id))
        found = {(path, method): reviewer.request(method, path).status_code for path in shut for method in METHODS}
        assert found == dict.fromkeys(found, 403)
        assert {path: reviewer.get(path).status_code for path in sorted(mine)} == {
            path: 405 if path.endswith(("/say", "/name")) else 200 for path in sorted(mine)
        }


@pytest.mark.parametrize(
    "path",
    [
        "/runs/RUN/review/../",
        "/runs/RUN/review/../data",
        "/runs/RUN/review/%2e%2e/cases",
        "/runs/RUN/review/",
        "/runs/RUN/review/item/",
        "/runs/RUN/reviews",
        "/runs/RUN%2freview",
        "/runs/RUN/review?token=x",
        "/runs/last/review",
        "/runs/OTHER/review",
        "/runs/OTHER/review/item?queue=helpful",
        "/static/../runs/RUN",
        "/static//runs/RUN",
        "/static/%2e%2e%2fruns/RUN",
        "//runs/RUN/review/../cases",
        "/nothing",
    ],
)
def test_no_address_leads_past_the_door(
    server: WebServer, run: Result, store: Store, tmp_path: Path, path: str
) -> None:
    """As it is sent: a client would tidy it up."""
    import socket

    other = reviewable_run(store, tmp_path)
    with let_in(server, run) as reviewer:
        cookies = "; ".join(f"{name}={value}" for name, value in reviewer.cookies.items())
    asked = path.replace("RUN", run.run.id).replace("OTHER", other.run.id)
    head = f"GET {asked} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookies}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head.encode())
        answered = b"".join(iter(lambda: connection.recv(65536), b""))
    if path in {"/runs/RUN%2freview", "/runs/RUN/review?token=x"}:  # the review itself
        assert answered.startswith(b"HTTP/1.1 200 ")
    else:
        assert re.match(rb"HTTP/1\.1 (403|404) ", answered), answered[:80]
    assert b"exact_match" not in answered


def test_what_is_not_part_of_the_review_says_so_and_leads_back(server: WebServer, run: Result) -> None:
    with let_in(server, run) as reviewer:
        answered = reviewer.get("/")
        assert "This is not part of the review" in answered.text
        assert "mock:echo" not in answered.text
        back = re.search(r'<a href="([^"]*)"', answered.text)
        assert back is not None
        assert reviewer.get(html.unescape(back[1])).status_code == 200


@pytest.mark.parametrize("change", ["", "x", "0", ".", TOKEN])
def test_a_token_that_was_changed_opens_nothing(server: WebServer, run: Result, change: str) -> None:
    token = review_door.token_for(run.run.id, TOKEN)
    name, _, sign = token.partition(".")
    for given in (f"{token}{change}x", f"{name}.{change}", change, f"{name}", f".{sign}", f"{name}x.{sign}"):
        with client(server) as nobody:
            answered = nobody.get(f"/runs/{run.run.id}/review", params={"token": given} if given != TOKEN else {})
            assert answered.status_code == 401
            assert not answered.cookies
        forged = {f"{server.cookie}-review-0": given.encode().decode("latin-1")}
        with client(server, **forged) as nobody:
            assert nobody.get(f"/runs/{run.run.id}/review").status_code == 401


def test_the_token_of_a_review_is_not_the_servers_and_no_reviewer_is_told_that(server: WebServer, run: Result) -> None:
    with let_in(server, run) as reviewer:
        assert all(TOKEN not in value for value in reviewer.cookies.values())
        seen = [reviewer.get(f"/runs/{run.run.id}/review"), reviewer.get("/")]
        assert all(TOKEN not in f"{one.headers} {one.text}" for one in seen)
        as_owner = client(server, **{server.cookie: next(iter(reviewer.cookies.values()))})
        assert as_owner.get("/").status_code == 401, "nor does it do in the place of that"


def test_who_may_see_everything_still_may_after_opening_the_link(server: WebServer, run: Result) -> None:
    with client(server, **server.cookies) as owner:
        owner.get(f"/runs/{run.run.id}/review?token={review_door.token_for(run.run.id, TOKEN)}")
        assert owner.get("/").status_code == 200
        assert 'id="door"' in owner.get(f"/runs/{run.run.id}/review").text


def test_a_reviewer_of_two_runs_has_two_doors(server: WebServer, run: Result, store: Store, tmp_path: Path) -> None:
    other = reviewable_run(store, tmp_path)
    with let_in(server, run) as reviewer:
        assert reviewer.get(f"/runs/{other.run.id}/review").status_code == 403
        reviewer.get(f"/runs/{other.run.id}/review?token={review_door.token_for(other.run.id, TOKEN)}")
        for one in (run, other):
            assert reviewer.get(f"/runs/{one.run.id}/review").status_code == 200
        assert reviewer.get(f"/runs/{other.run.id}").status_code == 403


def ways(text: str, here: str) -> set[str]:
    """Where a page leads."""
    found = {
        html.unescape(way) for way in re.findall(r'<(?:a|form|link|script)[^>]* (?:href|action|src)="([^"]*)"', text)
    }
    return {way if way.startswith("/") else f"{here}{way}" for way in found if not way.startswith("#")}


def test_a_whole_review_through_the_door_meets_no_closed_one(
    server: WebServer, run: Result, store: Store, tmp_path: Path
) -> None:
    """Each page that it leads to leads on to open ones only: of the blind queue, of the other one, and at the end."""
    path = f"/runs/{run.run.id}/review"
    with let_in(server, run) as reviewer:
        seen: list[httpx.Response] = [reviewer.get(path), reviewer.get(f"{path}/item?queue=nowhere")]
        seen.append(reviewer.post(f"{path}/name", data={"name": "ann"}))
        for queue, items in (("seen", 4), ("helpful", ITEMS)):
            seen += [reviewer.get(f"{path}/item", params={"queue": queue, "at": 2}), reviewer.get(path)]
            for at in range(1, items + 1):
                seen.append(reviewer.post(f"{path}/say", data={"queue": queue, "at": str(at), "label": "1"}))
        seen += [reviewer.get(path), reviewer.get(f"{path}/item?queue=helpful")]
        led = {way for one in seen for way in ways(one.text, urlsplit(str(one.url)).path)}
        assert any("queue=helpful" in way for way in led)
        assert {way: reviewer.get(way).status_code for way in sorted(led)} == {
            way: 405 if way.endswith(("/say", "/name")) else 200 for way in sorted(led)
        }
        for one in seen:
            assert str(tmp_path) not in one.text, "nor is it said where the runs are kept"
            assert 'id="door"' not in one.text
    queue = review.queue_named(store, run.run.id, "helpful")
    assert review.standing(store, queue).done


def test_a_word_from_elsewhere_is_refused_at_this_door_too(server: WebServer, run: Result, store: Store) -> None:
    with let_in(server, run) as reviewer:
        reviewer.post(f"/runs/{run.run.id}/review/name", data={"name": "ann"})
        said = {"queue": "helpful", "at": "1", "label": "1"}
        strange: dict[str, Any] = {"headers": {"origin": "http://127.0.0.1:1"}}
        assert reviewer.post(f"/runs/{run.run.id}/review/say", data=said, **strange).status_code == 403
    queue = review.queue_named(store, run.run.id, "helpful")
    assert not review.standing(store, queue).said


def test_a_name_of_a_run_in_any_letters_has_a_door() -> None:
    for run_id in ("run-1", "Überlauf/../x", "a b?c#d", "\udcff", "\u202e", "x" * 300):
        token = review_door.token_for(run_id, TOKEN)
        assert re.fullmatch(r"[A-Za-z0-9_.-]+", token)
        assert review_door.run_behind(token, TOKEN) == run_id
        assert review_door.run_behind(token, TOKEN + "x") == ""


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blind", [True, False])
def test_the_command_links_to_the_review_alone_while_a_queue_is_blind(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blind: bool
) -> None:
    text = SUITE if blind else SUITE.replace("    from: accuracy", "    blind: false\n    from: accuracy")
    run = reviewable_run(store, tmp_path, text)
    linked: list[str] = []
    monkeypatch.setattr("evalkit.web.serve.serve", lambda _, __, ___, path, ____: linked.append(path))
    monkeypatch.setenv("EVALKIT_VIEW_TOKEN", TOKEN)
    found = CliRunner().invoke(commands, ["review", "last", "--web", "--store", str(tmp_path / "runs.db")])
    assert found.exit_code == 0, found.output
    path, _, token = linked[0].partition("?token=")
    assert path == f"/runs/{run.run.id}/review"
    assert token == (review_door.token_for(run.run.id, TOKEN) if blind else TOKEN)
    assert ("opens the review alone" in found.output) == blind
