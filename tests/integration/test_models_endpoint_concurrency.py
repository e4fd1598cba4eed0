"""Many requests at once: never more than allowed, each answer when it is there, and nothing left behind."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from endpoint_asking import Opened, ask, question

from evalkit.errors import ModelError
from evalkit.records import (
    DEFAULT_CONDITION,
    Condition,
    FailureKind,
)

Server = Any  # LocalServer of tests/fixtures/http_server.py


# --- many at once -----------------------------------------------------------------------------------------------------


def test_requests_run_side_by_side_and_never_more_than_allowed(http_server: Server, opened: Opened) -> None:
    http_server.rule = lambda _: http_server.ok(wait=0.05)
    texts = [f"question {number}" for number in range(12)]
    answers = ask(opened(http_server.reference + "&concurrency=4"), *texts)
    assert [answer.text for answer in answers] == texts
    assert http_server.most_at_once == 4


def test_two_threads_share_the_limit(http_server: Server, opened: Opened) -> None:
    http_server.rule = lambda _: http_server.ok(wait=0.03)
    backend = opened(http_server.reference + "&concurrency=3")
    threads = [threading.Thread(target=ask, args=(backend, *"abcdef")) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert http_server.most_at_once == 3
    assert len(http_server.posts) == 12


def test_answers_come_as_soon_as_they_are_there(http_server: Server, opened: Opened) -> None:
    http_server.rule = lambda request: http_server.ok(wait=0.5) if "slow" in str(request.body) else None
    session = opened(http_server.reference).session(DEFAULT_CONDITION)
    order = [index for index, _ in session.ask([question("slow"), question("quick")])]
    assert order == [1, 0]


def test_connections_are_reused_from_block_to_block(http_server: Server, opened: Opened) -> None:
    backend = opened(http_server.reference + "&concurrency=1")
    for _ in range(5):
        ask(backend, "x", "y")
    assert len(http_server.posts) == 10
    assert http_server.connections == 1


def test_closing_early_cancels_what_has_not_been_asked(http_server: Server, opened: Opened) -> None:
    http_server.rule = lambda request: None if "first" in str(request.body) else http_server.hang()
    session = opened(http_server.reference + "&concurrency=2").session(DEFAULT_CONDITION)
    answers = session.ask([question("first"), *[question(f"later {number}") for number in range(20)]])
    assert next(answers)[1].text == "first"
    start = time.monotonic()
    answers.close()  # type: ignore[attr-defined]
    assert time.monotonic() - start < 10
    time.sleep(0.2)  # the server may still be reading what was on its way
    sent = len(http_server.posts)
    assert sent <= 4
    time.sleep(0.1)
    assert len(http_server.posts) == sent


def test_a_backend_that_is_closed_while_it_is_asked_ends_the_asking(http_server: Server, opened: Opened) -> None:
    http_server.rule = lambda request: None if "first" in str(request.body) else http_server.hang()
    backend = opened(http_server.reference + "&concurrency=2")
    answers = backend.session(DEFAULT_CONDITION).ask([question("first"), *[question(f"{n}") for n in range(9)]])
    assert next(iter(answers))[1].text == "first"
    backend.close()
    with pytest.raises(ModelError, match="closed before all was answered"):
        list(answers)
    answers = backend.session(DEFAULT_CONDITION).ask([question("first"), question("later")])
    assert next(iter(answers))[1].text == "first"
    backend.close()
    answers.close()  # type: ignore[attr-defined]


def test_closing_one_of_two_backends_of_a_server_costs_the_other_nothing(http_server: Server, opened: Opened) -> None:
    http_server.rule = lambda request: http_server.ok(wait=0.02)
    both = [opened(http_server.reference + f"&concurrency={number}") for number in (2, 3)]
    asked = [backend.session(DEFAULT_CONDITION).ask([question(f"{n}") for n in range(12)]) for backend in both]
    told = [next(iter(answers)) for answers in asked]
    both[0].close()
    told += asked[1]
    assert [answer.failure for _, answer in told] == [None] * 13


def test_a_closed_backend_leaves_no_thread_and_can_be_asked_again(http_server: Server, opened: Opened) -> None:
    before = {thread.name for thread in threading.enumerate()}
    backend = opened(http_server.reference)
    ask(backend, "x")
    assert any(thread.name.startswith("evalkit 127") for thread in threading.enumerate())
    backend.close()
    backend.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("evalkit 127") and t.name not in before]
    assert ask(backend, "y")[0].text == "y"


def test_a_proxy_is_never_asked_for_this_machine(
    http_server: Server, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert ask(opened(http_server.reference), "x")[0].text == "x"


@pytest.mark.parametrize(("condition", "most"), [(Condition(concurrency=1), 1), (Condition(concurrency=3), 3)])
def test_a_condition_says_how_many_requests_are_under_way(
    http_server: Server, opened: Opened, condition: Condition, most: int
) -> None:
    http_server.rule = lambda _: http_server.ok(wait=0.05)
    session = opened(http_server.reference + "&concurrency=5").session(condition)
    answers = dict(session.ask([question(str(number)) for number in range(9)]))
    assert [answers[number].text for number in range(9)] == [str(number) for number in range(9)]
    assert min(most, 2) <= http_server.most_at_once <= most


def test_a_condition_turns_the_order_round(http_server: Server, opened: Opened) -> None:
    session = opened(http_server.reference).session(Condition(concurrency=1, order="reversed"))
    answers = dict(session.ask([question(text) for text in ("a", "b", "c")]))
    assert [answers[number].text for number in range(3)] == ["a", "b", "c"]
    assert [post.body["messages"][0]["content"] for post in http_server.posts] == ["c", "b", "a"]


def test_more_than_the_server_may_be_asked_at_once_is_not_asked(http_server: Server, opened: Opened) -> None:
    session = opened(http_server.reference + "&concurrency=2").session(Condition(concurrency=8))
    [(_, answer)] = session.ask([question("a")])
    assert answer.failure is not None
    assert answer.failure.kind is FailureKind.UNSUPPORTED
    assert not http_server.posts
