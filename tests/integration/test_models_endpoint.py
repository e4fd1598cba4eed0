"""Endpoints against a real HTTP server: what is sent, what is read, and what is found out before asking."""

from __future__ import annotations

from typing import Any

import pytest
from endpoint_asking import MLFLOW, Opened, ask, failure, question, refusal

from evalkit.records import (
    DEFAULT_CONDITION,
    Condition,
    Decoding,
    FailureKind,
    Generate,
    Likelihood,
    Message,
    Request,
)

Server = Any  # LocalServer of tests/fixtures/http_server.py


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


def test_any_text_can_be_asked(http_server: Server, opened: Opened) -> None:
    texts = ["", "naïve 漢字 🙂", "\x00\x1b\u2028", '"}]}', "half a pair: \ud83d"]
    answers = ask(opened(http_server.reference + "&concurrency=1"), *texts)
    assert [post.body["messages"][0]["content"] for post in http_server.posts] == texts
    assert [answer.text for answer in answers] == [*texts[:-1], "half a pair: ?"]


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


def test_proxy_settings_that_cannot_be_used_are_said_without_being_shown(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "gopher://user:s3cret@proxy")
    error = refusal(opened("http://model.invalid/v1?model=m"))
    assert "proxy settings" in error.message
    assert "s3cret" not in str(error)
