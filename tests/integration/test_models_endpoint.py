"""Endpoints against a real HTTP server: what is sent, what is read, what is retried and what is given up."""

from __future__ import annotations

import gzip
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from evalkit.errors import ModelError
from evalkit.models.endpoint import open_endpoint
from evalkit.models.endpoint import transport as transport_module
from evalkit.models.endpoint.backend import EndpointBackend
from evalkit.models.reference import ModelSettings, parse_reference
from evalkit.records import (
    DEFAULT_CONDITION,
    Answer,
    Condition,
    Decoding,
    FailureKind,
    Generate,
    Likelihood,
    Message,
    Request,
)

Server = Any  # tests/fixtures/http_server.py, which only the fixture can import


class Opened:
    """Backends of one test, closed at its end."""

    def __init__(self) -> None:
        self._backends: list[EndpointBackend] = []

    def __call__(self, reference: str, **settings: Any) -> EndpointBackend:
        quick = "" if "backoff" in reference else ("&" if "?" in reference else "?") + "backoff=0.001"
        backend = open_endpoint(parse_reference(reference + quick), ModelSettings(**settings))
        self._backends.append(backend)
        return backend

    def close(self) -> None:
        for backend in self._backends:
            backend.close()


@pytest.fixture
def opened() -> Any:
    backends = Opened()
    yield backends
    backends.close()


def question(text: str, **request: Any) -> Request:
    decoding = request.pop("decoding", Decoding())
    return Request(Generate((Message("user", text),), decoding), **request)


def ask(backend: EndpointBackend, *requests: Request | str) -> list[Answer]:
    whole = [question(request) if isinstance(request, str) else request for request in requests]
    answers = dict(backend.session(DEFAULT_CONDITION).ask(whole))
    assert sorted(answers) == list(range(len(whole)))
    return [answers[index] for index in range(len(whole))]


def failure(answer: Answer) -> tuple[FailureKind, str, bool]:
    assert answer.failure is not None, answer
    assert answer.finish == "error"
    return answer.failure.kind, answer.failure.message, answer.failure.retryable


# --- what is sent and read --------------------------------------------------------------------------------------------


def test_a_chat_request_carries_messages_and_decoding(http_server: Server, opened: Opened) -> None:
    decoding = Decoding(max_tokens=7, temperature=0.7, top_p=0.9, seed=3, stop=("END",))
    messages = (Message("system", "Be brief."), Message("user", "Hi"))
    [answer] = ask(opened(http_server.reference), Request(Generate(messages, decoding)))
    [sent] = http_server.posts
    assert sent.path == "/v1/chat/completions"
    assert sent.body == {
        "model": "tiny",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        "max_tokens": 7,
        "temperature": 0.7,
        "top_p": 0.9,
        "seed": 3,
        "stop": ["END"],
    }
    assert (answer.text, answer.finish, answer.prompt_tokens, answer.output_tokens) == ("Hi", "stop", 1, 1)
    assert answer.served_by == "tiny-2026 fp_1"
    assert answer.timing.seconds > 0
    assert "authorization" not in sent.headers


def test_a_completion_request_carries_the_conversation_as_text(http_server: Server, opened: Opened) -> None:
    messages = (Message("system", "Be brief."), Message("user", "Hi"))
    [answer] = ask(opened(http_server.reference + "&api=completion"), Request(Generate(messages)))
    assert http_server.posts[0].path == "/v1/completions"
    assert http_server.posts[0].body["prompt"] == answer.text == "Be brief.\n\nHi"


def test_the_full_address_of_a_method_is_understood(http_server: Server, opened: Opened) -> None:
    ask(opened(f"{http_server.url}/v1/completions?model=tiny"), "x")
    ask(opened(f"{http_server.url}/v1/chat/completions/?model=tiny"), "x")
    assert [post.path for post in http_server.posts] == ["/v1/completions", "/v1/chat/completions"]


def test_openai_takes_its_base_address_and_key_from_the_environment(
    http_server: Server, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{http_server.url}/v1/")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-one")
    ask(opened("openai:tiny"), "x")
    assert {request.headers["authorization"] for request in http_server.requests} == {"Bearer sk-one"}


def test_the_key_may_have_a_variable_and_a_header_of_its_own(
    http_server: Server, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_KEY", " secret-two \n")
    ask(opened(http_server.reference + "&key_env=TEAM_KEY&key_header=api-key"), "x")
    assert http_server.posts[0].headers["api-key"] == "secret-two"
    assert "authorization" not in http_server.posts[0].headers


def test_the_public_key_is_not_sent_to_other_servers(
    http_server: Server, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-public")
    ask(opened(http_server.reference), "x")
    assert "sk-public" not in str([request.headers for request in http_server.requests])


def test_greedy_repetitions_keep_their_seed_and_sampled_ones_draw_anew(http_server: Server, opened: Opened) -> None:
    sampled = Decoding(temperature=1.0, seed=5)
    requests = [
        question("x", attempt=attempt, decoding=decoding)
        for decoding in (Decoding(seed=5), sampled)
        for attempt in range(3)
    ]
    ask(opened(http_server.reference + "&concurrency=1"), *requests)
    seeds = [post.body["seed"] for post in http_server.posts]
    assert seeds[:3] == [5, 5, 5]
    assert seeds[3] == 5
    assert len(set(seeds[3:])) == 3


def test_newer_models_get_their_own_name_for_max_tokens(http_server: Server, opened: Opened) -> None:
    ask(opened(http_server.reference + "&max_tokens_as=max_completion_tokens"), "x")
    assert http_server.posts[0].body["max_completion_tokens"] == 128
    assert "max_tokens" not in http_server.posts[0].body


def test_logprobs_and_margins_come_when_wanted(http_server: Server, opened: Opened) -> None:
    wants = frozenset({"margins", "logprobs"})
    for api in ("chat", "completion"):
        backend = opened(f"{http_server.reference}&api={api}")
        plain, full = ask(backend, question("one two"), question("one two", wants=wants))
        assert (plain.margins, plain.logprobs) == (None, None)
        assert full.logprobs == pytest.approx((0.0, -0.1) if api == "chat" else (-0.5, -0.5))
        assert full.margins == pytest.approx((2.0, 2.0) if api == "chat" else (2.5, 2.5))


def test_a_server_without_logprobs_gives_none(http_server: Server, opened: Opened) -> None:
    http_server.extra = {"choice": {"logprobs": None}}
    [answer] = ask(opened(http_server.reference), question("x", wants=frozenset({"margins"})))
    assert (answer.text, answer.margins) == ("x", None)


def test_likelihoods_come_from_echoed_log_probabilities(http_server: Server, opened: Opened) -> None:
    backend = opened(http_server.reference + "&api=completion")
    [answer] = ask(backend, Request(Likelihood("The capital of France is ", "Paris now")))
    # The server gives each token minus a tenth of its length: "Paris " and "now".
    assert answer.logprobs == pytest.approx((-0.6, -0.3))
    assert answer.output_tokens == 2


def test_a_server_that_does_not_echo_cannot_answer_likelihoods(http_server: Server, opened: Opened) -> None:
    http_server.extra = {"choice": {"logprobs": None}}
    [answer] = ask(opened(http_server.reference + "&api=completion"), Request(Likelihood("a ", "b")))
    assert failure(answer)[0] is FailureKind.CONTENT


def test_what_an_endpoint_cannot_do_is_not_sent(http_server: Server, opened: Opened) -> None:
    backend = opened(http_server.reference)
    likelihood, conditioned, fine = ask(
        backend,
        Request(Likelihood("a", "b")),
        question("x", condition=Condition(batch_size=2, threads=1)),
        question("y"),
    )
    assert failure(likelihood)[0] is failure(conditioned)[0] is FailureKind.UNSUPPORTED
    assert "batch_size, threads" in failure(conditioned)[1]
    assert fine.text == "y"
    assert len(http_server.posts) == 1
    [(_, answer)] = backend.session(Condition(dtype="float32")).ask([question("x")])
    assert failure(answer)[0] is FailureKind.UNSUPPORTED


@pytest.mark.parametrize(
    ("message", "text", "reasoning"),
    [
        ({"content": "<think>2+2</think>\n\n4"}, "4", "2+2"),
        ({"content": "4", "reasoning_content": "2+2"}, "4", "2+2"),
        ({"content": "4", "reasoning": "2+2"}, "4", "2+2"),
        ({"content": None, "reasoning_content": "2+2"}, "", "2+2"),
        ({"content": None, "refusal": "I can't help."}, "I can't help.", ""),
        ({"content": [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]}, "ab", ""),
        ({"content": ""}, "", ""),
        ({"content": "half a pair: \ud800"}, "half a pair: ?", ""),
    ],
)
def test_the_text_is_found_wherever_servers_put_it(
    http_server: Server, opened: Opened, message: dict[str, Any], text: str, reasoning: str
) -> None:
    http_server.extra = {"message": message}
    [answer] = ask(opened(http_server.reference), "x")
    assert (answer.text, answer.reasoning, answer.failure) == (text, reasoning, None)


@pytest.mark.parametrize(
    ("reason", "content", "finish"),
    [("length", "x", "length"), ("content_filter", None, "filtered"), ("length", None, "length"), (None, "x", "stop")],
)
def test_why_an_answer_ended_is_kept(
    http_server: Server, opened: Opened, reason: str | None, content: str | None, finish: str
) -> None:
    http_server.extra = {"message": {"content": content}, "choice": {"finish_reason": reason}}
    [answer] = ask(opened(http_server.reference), "x")
    assert (answer.finish, answer.text) == (finish, content or "")


@pytest.mark.parametrize(
    "usage", [None, "many", {"prompt_tokens": "4", "completion_tokens": True}, {"prompt_tokens": -1}]
)
def test_strange_usage_is_no_usage(http_server: Server, opened: Opened, usage: Any) -> None:
    http_server.extra = {"usage": usage, "model": 5, "system_fingerprint": None}
    [answer] = ask(opened(http_server.reference), "x")
    assert (answer.text, answer.prompt_tokens, answer.output_tokens, answer.served_by) == ("x", None, None, "")


# --- any JSON endpoint ------------------------------------------------------------------------------------------------

MLFLOW = {"inputs": ["{{ prompt }}"], "params": {"max_tokens": "{{ max_tokens }}", "temperature": "{{ temperature }}"}}


def test_an_mlflow_endpoint_is_asked_by_template_and_read_by_path(http_server: Server, opened: Opened) -> None:
    http_server.says = str.upper
    backend = opened(f"{http_server.url}/invocations", body=MLFLOW, response="predictions.0.text")
    [answer] = ask(backend, question("hello", decoding=Decoding(max_tokens=9)))
    assert (answer.text, answer.finish) == ("HELLO", "stop")
    assert http_server.posts[0].body == {"inputs": ["hello"], "params": {"max_tokens": 9, "temperature": 0.0}}


def test_a_path_that_leads_nowhere_fails_saying_how_far_it_led(http_server: Server, opened: Opened) -> None:
    backend = opened(f"{http_server.url}/invocations", body=MLFLOW, response="predictions.0.answer")
    kind, message, retryable = failure(ask(backend, "x")[0])
    assert (kind, retryable) == (FailureKind.CONTENT, False)
    assert message == "the answer has no 'predictions.0.answer': 'predictions.0' is an object with text"


def test_an_endpoint_that_knows_no_get_is_not_an_error(http_server: Server, opened: Opened) -> None:
    http_server.on_get = http_server.html(405)
    backend = opened(f"{http_server.url}/invocations", body=MLFLOW, response="predictions.0.text")
    assert ask(backend, "x")[0].text == "x"


# --- before the first request -----------------------------------------------------------------------------------------


def refusal(backend: EndpointBackend) -> ModelError:
    with pytest.raises(ModelError) as caught:
        ask(backend, "x")
    assert caught.value.exit_code == 2
    assert "\n" not in caught.value.message
    return caught.value


def test_nothing_listening_is_said_at_once(http_server: Server, opened: Opened) -> None:
    reference = http_server.reference
    http_server.__exit__()
    error = refusal(opened(reference))
    assert "nothing listens at 127.0.0.1:" in error.message
    assert "is the server running" in error.hint
    http_server.__enter__()


def test_an_unknown_host_is_said_at_once(opened: Opened) -> None:
    error = refusal(opened("http://no-such-host.invalid/v1?model=m&timeout=5"))
    assert "no-such-host.invalid" in str(error)


def test_an_https_address_of_an_http_server_is_said_at_once(http_server: Server, opened: Opened) -> None:
    error = refusal(opened(http_server.reference.replace("http://", "https://")))
    assert "TLS" in error.message


@pytest.mark.parametrize("code", [401, 403])
def test_refused_access_names_the_variable_that_holds_the_key(
    http_server: Server, opened: Opened, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    http_server.on_get = http_server.status(code, says={"error": {"message": "Incorrect key: sk-wrong"}})
    assert "key_env=" in refusal(opened(http_server.reference)).hint
    monkeypatch.setenv("OPENAI_BASE_URL", f"{http_server.url}/v1")
    assert "OPENAI_API_KEY, which is not set" in refusal(opened("openai:tiny")).hint
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong")
    error = refusal(opened("openai:tiny"))
    assert "OPENAI_API_KEY, which is set" in error.hint
    assert "sk-wrong" not in str(error)
    assert http_server.posts == []


def test_a_key_that_is_asked_for_and_missing_is_an_error_before_anything_is_sent(
    http_server: Server, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEAM_KEY", raising=False)
    assert "TEAM_KEY is not set" in refusal(opened(http_server.reference + "&key_env=TEAM_KEY")).message
    assert "OPENAI_API_KEY is not set" in refusal(opened("openai:some-model")).message
    assert http_server.requests == []


def test_a_key_that_cannot_be_a_header_is_refused_without_being_shown(
    http_server: Server, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_KEY", "sécret\nX-Other: 1")
    error = refusal(opened(http_server.reference + "&key_env=TEAM_KEY"))
    assert "TEAM_KEY" in error.message
    assert "cret" not in str(error)


def test_a_web_page_is_recognised(http_server: Server, opened: Opened) -> None:
    http_server.on_get = http_server.html()
    error = refusal(opened(f"{http_server.url}?model=tiny"))
    assert "web page" in error.message
    assert "is /v1 missing?" in error.hint


def test_an_unlisted_model_is_refused_with_the_nearest_name(http_server: Server, opened: Opened) -> None:
    http_server.models = ["llama-3-8b", "tiny-chat"]
    error = refusal(opened(f"{http_server.url}/v1?model=tiny-chatt"))
    assert "'tiny-chatt'" in error.message
    assert "did you mean 'tiny-chat'" in error.hint
    assert "llama-3-8b" in error.hint


def test_an_unlisted_model_can_be_insisted_on(http_server: Server, opened: Opened) -> None:
    http_server.models = ["other"]
    assert ask(opened(http_server.reference + "&unlisted=1"), "x")[0].text == "x"


@pytest.mark.parametrize("models", [None, [], ["tiny"], ["tiny:latest"]])
def test_a_server_that_lists_nothing_or_the_model_is_asked(
    http_server: Server, opened: Opened, models: list[str] | None
) -> None:
    http_server.models = models
    assert ask(opened(http_server.reference), "x")[0].text == "x"


@pytest.mark.parametrize("data", [b"[]", b'{"data": "x"}', b'{"data": [1, {"name": "x"}]}', b"{", b"[" * 100_000])
def test_a_strange_listing_is_no_listing(http_server: Server, opened: Opened, data: bytes) -> None:
    http_server.on_get = http_server.raw(data)
    assert ask(opened(http_server.reference), "x")[0].text == "x"


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_busy_server_is_left_to_the_retries_of_the_requests(http_server: Server, opened: Opened, code: int) -> None:
    http_server.on_get = http_server.status(code)
    assert ask(opened(http_server.reference), "x")[0].text == "x"


def test_redirects_are_not_followed_and_take_no_key_along(
    http_server: Server, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_KEY", "secret-two")
    http_server.on_get = http_server.status(307, {"Location": f"{http_server.url}/elsewhere?token=1"})
    error = refusal(opened(http_server.reference + "&key_env=TEAM_KEY"))
    assert "redirects to http://127.0.0.1/elsewhere" in error.message
    assert "token" not in str(error)
    assert [request.path for request in http_server.requests] == ["/v1/models"]


def test_the_probe_is_made_once_and_again_after_it_failed(http_server: Server, opened: Opened) -> None:
    backend = opened(http_server.reference)
    http_server.on_get = http_server.status(401)
    refusal(backend)
    http_server.on_get = None
    ask(backend, "x")
    ask(backend, "y")
    assert [request.method for request in http_server.requests] == ["GET", "GET", "POST", "POST"]


def test_nothing_is_sent_before_the_first_question(http_server: Server, opened: Opened) -> None:
    backend = opened(http_server.reference)
    assert backend.info.verifiable is False
    assert dict(backend.session(DEFAULT_CONDITION).ask([])) == {}
    assert http_server.requests == []


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
        (429, FailureKind.RATE_LIMIT),
        (500, FailureKind.INTERNAL),
        (503, FailureKind.INTERNAL),
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
    monkeypatch.setattr(transport_module, "LONGEST_WAIT", 0.05)
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
    sent = len(http_server.posts)
    assert sent <= 4
    time.sleep(0.1)
    assert len(http_server.posts) == sent


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
