"""Endpoints in trouble: what is tried again, what is given up, and what answers that are none turn into."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from endpoint_asking import MLFLOW, Opened, ask, failure, question, refusal
from http_server import Behaviour

from evalkit.errors import ModelError
from evalkit.models.endpoint import pace as pace_module
from evalkit.models.endpoint import transport as transport_module
from evalkit.records import (
    DEFAULT_CONDITION,
    Answer,
    FailureKind,
)

Server = Any  # LocalServer of tests/fixtures/http_server.py


# --- trying again and giving up ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [408, 409, 425, 429, 500, 502, 503, 504])
def test_passing_troubles_are_tried_again(http_server: Server, opened: Opened, code: int) -> None:
    http_server.next(http_server.status(code), http_server.status(code))
    assert ask(opened(http_server.reference), "x")[0].text == "x"
    assert len(http_server.posts) == 3


def test_a_dropped_connection_is_tried_again(http_server: Server, opened: Opened) -> None:
    http_server.next(http_server.drop())
    assert ask(opened(http_server.reference), "x")[0].text == "x"
    assert len(http_server.posts) == 2


def test_an_answer_that_ends_with_the_connection_may_be_cut_off_and_is_tried_again(
    http_server: Server, opened: Opened
) -> None:
    """Where a length was told and kept, what is no JSON is what the server said."""
    cut = Behaviour(b'{"choices": [{"message": {"cont', framed=False)
    http_server.next(cut, replace(cut, data=b""))
    assert ask(opened(http_server.reference), "x")[0].text == "x"
    assert len(http_server.posts) == 3
    http_server.rule = lambda _: cut
    kind, message, retryable = failure(ask(opened(http_server.reference), "x")[0])
    assert (kind, retryable) == (FailureKind.CONTENT, True)
    assert "not valid JSON" in message
    before = len(http_server.posts)
    http_server.rule = lambda _: replace(cut, framed=True)
    assert failure(ask(opened(http_server.reference), "x")[0])[2] is False
    assert len(http_server.posts) == before + 1


@pytest.mark.parametrize("code", [400, 413, 422])
def test_refused_requests_are_not_tried_again(http_server: Server, opened: Opened, code: int) -> None:
    http_server.next(http_server.status(code))
    answer, fine = ask(opened(http_server.reference + "&concurrency=1"), "x", "y")
    assert failure(answer)[2] is False
    assert f"HTTP {code}: status {code}" in failure(answer)[1]
    assert fine.text == "y"
    assert len(http_server.posts) == 2


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (500, FailureKind.SERVER),
        (503, FailureKind.SERVER),
        (504, FailureKind.TIMEOUT),
        (408, FailureKind.TIMEOUT),
    ],
)
def test_troubles_that_do_not_pass_end_as_failures_worth_another_day(
    http_server: Server, opened: Opened, code: int, kind: FailureKind
) -> None:
    http_server.rule = lambda _: http_server.status(code)
    answer = ask(opened(http_server.reference + "&retries=2"), "x")[0]
    assert failure(answer) == (kind, f"HTTP {code}: status {code} (3 tries)", True)
    assert len(http_server.posts) == 3


def test_a_used_up_quota_is_not_hammered(http_server: Server, opened: Opened) -> None:
    says = {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}
    http_server.rule = lambda _: http_server.status(429, says=says)
    kind, _, retryable = failure(ask(opened(http_server.reference), "x")[0])
    assert (kind, retryable, len(http_server.posts)) == (FailureKind.RATE_LIMIT, True, 1)


def test_retry_after_holds_back_every_request(http_server: Server, opened: Opened) -> None:
    http_server.next(http_server.status(429, {"Retry-After": "0.4"}))
    arrivals: list[float] = []
    http_server.says = lambda prompt: (arrivals.append(time.monotonic()), prompt)[1]
    start = time.monotonic()
    backend = opened(http_server.reference + "&concurrency=1")
    ask(backend, "x", "y")
    assert all(arrival - start >= 0.39 for arrival in arrivals)
    assert len(arrivals) == 2


def test_retry_after_may_be_a_date(http_server: Server, opened: Opened) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    http_server.next(http_server.status(503, {"Retry-After": soon}))
    start = time.monotonic()
    assert ask(opened(http_server.reference), "x")[0].text == "x"
    assert time.monotonic() - start >= 0.5


def test_retry_after_is_capped(http_server: Server, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace_module, "LONGEST_HOLD", 0.05)
    http_server.next(http_server.status(429, {"Retry-After": "86400"}))
    assert ask(opened(http_server.reference), "x")[0].text == "x"


@pytest.mark.parametrize("header", ["soon", "-1", "", "1e9", "Thu, 99 Nov 2026 99:99:99 GMT"])
def test_a_strange_retry_after_is_ignored(http_server: Server, opened: Opened, header: str) -> None:
    http_server.next(http_server.status(429, {"Retry-After": header}))
    assert ask(opened(http_server.reference), "x")[0].text == "x"


def test_a_server_that_hangs_is_a_time_out(http_server: Server, opened: Opened) -> None:
    http_server.rule = lambda _: http_server.hang()
    answer = ask(opened(http_server.reference + "&timeout=0.1&retries=1"), "x")[0]
    assert failure(answer) == (FailureKind.TIMEOUT, "no answer within 0.1 s (2 tries)", True)


def test_the_time_out_is_for_the_whole_answer_not_for_each_byte(http_server: Server, opened: Opened) -> None:
    http_server.next(http_server.drip(0.05))
    answer = ask(opened(http_server.reference + "&timeout=0.3&retries=0"), "x")[0]
    assert failure(answer)[0] is FailureKind.TIMEOUT


def test_a_dead_server_is_not_waited_for_at_every_row(http_server: Server, opened: Opened) -> None:
    http_server.rule = lambda _: http_server.status(503)
    answers = ask(opened(http_server.reference + "&retries=3&concurrency=1"), *[f"{n}" for n in range(30)])
    assert all(answer.failure is not None for answer in answers)
    # Eight rows with three retries each, then one try a row.
    assert len(http_server.posts) == 8 * 4 + 22


def test_one_success_restores_the_retries(http_server: Server, opened: Opened) -> None:
    http_server.rule = lambda request: None if "good" in str(request.body) else http_server.status(503)
    backend = opened(http_server.reference + "&retries=1&concurrency=1")
    ask(backend, *[f"{n}" for n in range(10)], "good", "bad")
    assert len(http_server.posts) == 8 * 2 + 2 + 1 + 2


def test_access_lost_during_the_run_ends_it(http_server: Server, opened: Opened) -> None:
    http_server.rule = lambda request: http_server.status(401) if "third" in str(request.body) else None
    answers: list[tuple[int, Answer]] = []
    session = opened(http_server.reference + "&concurrency=1").session(DEFAULT_CONDITION)
    with pytest.raises(ModelError, match="HTTP 401"):
        answers.extend(session.ask([question(text) for text in ("first", "second", "third", "fourth")]))
    assert len(http_server.posts) == 3


def test_a_wrong_address_is_an_error_for_all(http_server: Server, opened: Opened) -> None:
    http_server.models = None
    http_server.rule = lambda _: http_server.status(404)
    error = refusal(opened(f"{http_server.url}/api?model=tiny"))
    assert "HTTP 404" in error.message
    assert "is /v1 missing?" in error.hint
    assert "HTTP 404" in refusal(opened(f"{http_server.url}/nowhere", body=MLFLOW, response="x")).message


def test_an_unknown_model_is_an_error_for_all(http_server: Server, opened: Opened) -> None:
    http_server.models = None
    says = {"error": {"message": "The model `tiny` does not exist", "code": "model_not_found"}}
    http_server.rule = lambda _: http_server.status(404, says=says)
    error = refusal(opened(http_server.reference))
    assert "does not exist" in error.message
    assert "model's name" in error.hint


def test_a_single_404_after_good_answers_fails_alone(http_server: Server, opened: Opened) -> None:
    http_server.rule = lambda request: http_server.status(404) if "bad" in str(request.body) else None
    answers = ask(opened(http_server.reference + "&concurrency=1"), "good", "bad", "good")
    assert [answer.failure is None for answer in answers] == [True, False, True]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (400, {"error": {"message": "maximum context length is 4096", "code": "context_length_exceeded"}}),
        (400, {"error": {"message": "bad", "code": "context_length_exceeded"}}),
        (400, {"message": "This model's maximum context length is 10 tokens"}),
        (422, {"detail": [{"msg": "prompt is too long"}]}),
        (413, {"error": "payload"}),
    ],
)
def test_a_prompt_that_is_too_long_is_named_so(http_server: Server, opened: Opened, code: int, says: Any) -> None:
    http_server.next(http_server.status(code, says=says))
    assert failure(ask(opened(http_server.reference), "x")[0])[0] is FailureKind.TOO_LONG


# --- answers that are none --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ([1], "not an object"),
        ({}, "no 'choices'"),
        ({"error": {"message": "overloaded"}}, "overloaded"),
        ({"choices": []}, "'choices' are empty"),
        ({"choices": "x"}, "'choices' are empty"),
        ({"choices": [None]}, "'choices' are empty"),
        ({"choices": [{"text": "x"}]}, "no 'message'"),
        ({"choices": [{"message": {}}]}, "no 'content'"),
        ({"choices": [{"message": {"content": 5}}]}, "no 'content'"),
    ],
)
def test_what_an_answer_lacks_is_said(http_server: Server, opened: Opened, data: Any, complaint: str) -> None:
    http_server.next(http_server.json(data))
    kind, message, retryable = failure(ask(opened(http_server.reference), "x")[0])
    assert (kind, retryable) == (FailureKind.CONTENT, False)
    assert complaint in message


def test_invalid_json_is_shown_short_and_harmless(http_server: Server, opened: Opened) -> None:
    http_server.next(http_server.raw(b"\x1b[31mboom\x00 " + b"x" * 5000))
    _, message, _ = failure(ask(opened(http_server.reference), "x")[0])
    assert "not valid JSON: [31mboom x" in message
    assert len(message) < 250
    assert message.isprintable()


@pytest.mark.parametrize("data", [b"", b"[" * 100_000, b"\xff\xfe", b"9" * 5000])
def test_hostile_json_fails_alone(http_server: Server, opened: Opened, data: bytes) -> None:
    http_server.next(http_server.raw(data))
    bad, good = ask(opened(http_server.reference + "&concurrency=1"), "x", "y")
    assert failure(bad)[0] is FailureKind.CONTENT
    assert good.text == "y"


def test_error_pages_with_control_characters_are_cleaned(http_server: Server, opened: Opened) -> None:
    http_server.next(http_server.status(400, says={"error": {"message": "bad\x1b]0;title\x07\u202e" + "y" * 900}}))
    _, message, _ = failure(ask(opened(http_server.reference), "x")[0])
    assert message.isprintable()
    assert len(message) <= 220


def test_an_answer_of_endless_size_is_cut_off(
    http_server: Server, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_module, "MAX_BYTES", 10_000)
    http_server.next(http_server.raw(b'"' + b"x" * 50_000 + b'"'))
    assert "larger than" in failure(ask(opened(http_server.reference), "x")[0])[1]


def test_a_small_answer_that_unfolds_to_a_huge_one_is_cut_off(
    http_server: Server, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = gzip.compress(b"x" * 50_000_000)
    http_server.next(http_server.raw(bomb, {"Content-Encoding": "gzip"}))
    assert "larger than 10 MB" in failure(ask(opened(http_server.reference), "x")[0])[1]


def test_a_compressed_answer_is_read_though_none_was_asked_for(http_server: Server, opened: Opened) -> None:
    data = json.dumps({"choices": [{"message": {"content": "unfolded"}}]}).encode()
    http_server.next(
        http_server.raw(gzip.compress(data), {"Content-Encoding": "gzip"}),
        http_server.raw(gzip.compress(data)[:20] + b"damage", {"Content-Encoding": "gzip"}),
        http_server.raw(data, {"Content-Encoding": "br"}),
    )
    good, damaged, other = ask(opened(http_server.reference + "&concurrency=1"), "x", "y", "z")
    assert good.text == "unfolded"
    assert failure(damaged)[0] is failure(other)[0] is FailureKind.CONTENT
    assert http_server.posts[0].headers["accept-encoding"] == "identity"
