"""The pace of requests against a real server: what is shared, what is refused, and that nothing is lost."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from endpoint_asking import Opened, ask, failure, question

from evalkit.models.endpoint import pace as pace_module
from evalkit.models.endpoint.hosts import HOSTS
from evalkit.models.endpoint.pace import START
from evalkit.models.endpoint.waves import OPENING
from evalkit.records import DEFAULT_CONDITION, Condition, FailureKind

Server = Any  # LocalServer of tests/fixtures/http_server.py


class Crowded:
    """Refuses what comes beyond its capacity, while the others take their time."""

    def __init__(self, server: Server, capacity: int, code: int) -> None:
        self.server, self.capacity, self.code = server, capacity, code
        self.refused = 0

    def __call__(self, _: Any) -> Any:
        if self.server.at_once > self.capacity:
            self.refused += 1
            return self.server.status(self.code)
        return self.server.ok(wait=0.02)


@pytest.mark.parametrize("code", [429, 503])
def test_a_server_that_refuses_what_is_too_much_loses_nothing(http_server: Server, opened: Opened, code: int) -> None:
    http_server.rule = crowded = Crowded(http_server, 6, code)
    backend = opened(http_server.reference + "&retries=8")
    texts = [f"question {number}" for number in range(150)]
    assert [answer.text for answer in ask(backend, *texts)] == texts
    assert crowded.refused
    assert "refused" in backend.traffic


def test_the_opening_grows_while_nothing_is_refused(http_server: Server, opened: Opened) -> None:
    http_server.rule = lambda _: http_server.ok(wait=0.6)
    backend = opened(http_server.reference)
    ask(backend, *[str(number) for number in range(40)])
    assert START < http_server.most_at_once <= 40


def test_without_a_named_number_it_begins_at_sixteen(http_server: Server, opened: Opened) -> None:
    http_server.rule = lambda _: http_server.ok(wait=0.3)
    backend = opened(http_server.reference)
    ask(backend, *[str(number) for number in range(START)])
    assert START - 2 <= http_server.most_at_once <= START
    assert backend.traffic == f"{START} at once" or backend.traffic == f"{2 * START} at once"


def test_two_backends_of_one_server_share_a_limit(http_server: Server, opened: Opened) -> None:
    http_server.rule = lambda _: http_server.ok(wait=0.03)
    backends = [opened(f"{http_server.reference}&concurrency={number}") for number in (3, 8)]
    threads = [threading.Thread(target=ask, args=(backend, *"abcdefgh")) for backend in backends]
    for backend in backends:
        ask(backend, "first")  # both are known by now
    http_server.most_at_once = 0
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 2 <= http_server.most_at_once <= 3  # the least that one of them named


def test_a_server_is_forgotten_with_its_last_backend(http_server: Server, opened: Opened) -> None:
    first, second = opened(http_server.reference), opened(http_server.reference)
    ask(first, "x")
    ask(second, "y")
    assert http_server.url in HOSTS._hosts
    first.close()
    assert ask(second, "z")[0].text == "z"
    second.close()
    assert http_server.url not in HOSTS._hosts


def test_refusals_for_being_too_many_use_up_no_retries(http_server: Server, opened: Opened) -> None:
    http_server.next(*[http_server.status(429) for _ in range(7)])
    assert ask(opened(http_server.reference + "&retries=1"), "x")[0].text == "x"
    assert len(http_server.posts) == 8


def test_without_retries_a_refusal_is_final(http_server: Server, opened: Opened) -> None:
    http_server.next(http_server.status(429))
    answer = ask(opened(http_server.reference + "&retries=0"), "x")[0]
    assert failure(answer) == (FailureKind.RATE_LIMIT, "HTTP 429: status 429", True)


@pytest.mark.parametrize("header", [None, "0", "86400", "date", "soon"])
def test_a_server_that_only_refuses_is_left_when_patience_ends(
    http_server: Server, opened: Opened, monkeypatch: pytest.MonkeyPatch, header: str | None
) -> None:
    monkeypatch.setattr(pace_module, "LONGEST_HOLD", 0.1)
    if header == "date":
        header = format_datetime(datetime.now(UTC) + timedelta(days=400), usegmt=True)
    http_server.rule = lambda _: http_server.status(429, {} if header is None else {"Retry-After": header})
    answers = ask(opened(http_server.reference + "&patience=0.3"), *[str(number) for number in range(60)])
    assert {failure(answer)[0] for answer in answers} == {FailureKind.RATE_LIMIT}
    assert all(failure(answer)[2] for answer in answers)
    assert len(http_server.posts) < 3 * 60


def test_connections_that_the_server_closes_are_opened_again(http_server: Server, opened: Opened) -> None:
    http_server.rule = lambda request: http_server.raw(
        b'{"choices": [{"message": {"content": "closed"}}]}', {"Connection": "close"}
    )
    backend = opened(http_server.reference + "&concurrency=2")
    assert [answer.text for answer in ask(backend, *"abcdef")] == ["closed"] * 6
    assert len(http_server.posts) == 6


def test_every_other_connection_dropped_loses_nothing(http_server: Server, opened: Opened) -> None:
    count = iter(range(1000))
    http_server.rule = lambda _: http_server.drop() if next(count) % 2 else None
    texts = [str(number) for number in range(20)]
    assert [answer.text for answer in ask(opened(http_server.reference + "&concurrency=1"), *texts)] == texts


def test_a_fixed_number_stays_whatever_the_server_says(http_server: Server, opened: Opened) -> None:
    refused = iter([http_server.status(429)] * 5)
    http_server.rule = lambda _: next(refused, None) or http_server.ok(wait=0.05)
    session = opened(http_server.reference + "&concurrency=8").session(Condition(concurrency=5))
    answers = dict(session.ask([question(str(number)) for number in range(20)]))
    assert [answers[number].text for number in range(20)] == [str(number) for number in range(20)]
    assert 3 <= http_server.most_at_once <= 5


def test_closing_early_gives_back_what_was_under_way(http_server: Server, opened: Opened) -> None:
    http_server.rule = lambda request: None if "first" in str(request.body) else http_server.hang()
    backend = opened(http_server.reference + "&concurrency=4")
    answers = backend.session(DEFAULT_CONDITION).ask([question("first"), *[question("later") for _ in range(20)]])
    next(answers)
    answers.close()  # type: ignore[attr-defined]
    gate = backend._connection.gate  # type: ignore[union-attr]
    assert (gate.pace.under_way, gate._open) == (0, 0)
    http_server.rule = lambda _: None
    assert ask(backend, "x")[0].text == "x"


def test_a_proxy_of_the_environment_is_asked(
    http_server: Server, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", http_server.url)
    monkeypatch.setenv("http_proxy", http_server.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert ask(opened("http://model.invalid/v1?model=tiny"), "x")[0].text == "x"
    assert [post.path for post in http_server.posts] == ["http://model.invalid/v1/chat/completions"]


def test_a_server_that_never_answers_is_not_waited_for_one_request_after_the_other(
    http_server: Server, opened: Opened
) -> None:
    """Its gateway says so, each time after a while."""
    http_server.rule = lambda _: replace(http_server.status(504), wait=0.2)
    answers = ask(opened(http_server.reference + "&retries=1"), *[str(number) for number in range(150)])
    assert {failure(answer)[0] for answer in answers} == {FailureKind.TIMEOUT}
    assert len(http_server.posts) <= 150 + 2 * OPENING * START
    assert http_server.most_at_once > START  # in the end all that is left goes side by side
