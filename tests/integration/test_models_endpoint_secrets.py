"""Keys come from the environment, reach the server they are for, and nothing else."""

from __future__ import annotations

import gc
import json
import logging
from typing import Any

import pytest

from evalkit.errors import ModelError
from evalkit.models.endpoint import open_endpoint
from evalkit.models.reference import ModelSettings, parse_reference
from evalkit.records import DEFAULT_CONDITION, Answer, Generate, Message, Request

KEY = "sk-" + "n0tF0rAny0neE1se" * 2


@pytest.fixture
def reference(http_server: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TEAM_KEY", KEY)
    return f"{http_server.reference}&key_env=TEAM_KEY&backoff=0.001&retries=1&concurrency=1&patience=0.01"


def ask(reference: str, count: int = 1) -> tuple[list[Answer], str]:
    """The answers, and everything that could be written down about the backend that gave them."""
    backend = open_endpoint(parse_reference(reference), ModelSettings())
    session = backend.session(DEFAULT_CONDITION)
    try:
        requests = [Request(Generate((Message("user", f"x{number}"),))) for number in range(count)]
        answers = [answer for _, answer in session.ask(requests)]
        transport = backend._connection.transport  # type: ignore[union-attr]
        line = transport._connections._all[0]
        described = [backend, backend.info, session, backend._target, transport, transport._connections, line]
        return answers, repr(described) + str(described) + json.dumps(dict(backend.info.details))
    finally:
        backend.close()


def test_the_key_reaches_the_server_and_no_answer_description_or_log(
    http_server: Any, reference: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    http_server.next(http_server.ok(), http_server.status(500), http_server.drop(), http_server.status(400))
    answers, described = ask(reference, 4)
    assert http_server.posts[0].headers["authorization"] == f"Bearer {KEY}"
    assert caplog.records, "the log of the HTTP library is what this test is about"
    logged = caplog.text + "".join(f"{record.args!r}" for record in caplog.records)
    for text in (repr(answers), described, logged):
        assert KEY not in text


def test_a_server_that_repeats_the_key_is_not_quoted(http_server: Any, reference: str) -> None:
    def repeated(code: int) -> Any:
        return http_server.json({"error": {"message": f"bad key {KEY}"}, "note": KEY}, code)

    http_server.extra = {"message": {"content": f"your key is {KEY}", "reasoning_content": KEY}, "model": KEY}
    http_server.next(
        http_server.ok(), repeated(400), repeated(500), repeated(429), repeated(200), http_server.raw(KEY.encode())
    )
    answers, _ = ask(reference, 5)
    assert answers[0].text == "your key is [key]"
    assert KEY not in repr(answers)


@pytest.mark.parametrize("code", [401, 403, 404, 307])
def test_errors_that_end_the_run_do_not_quote_it_either(http_server: Any, reference: str, code: int) -> None:
    http_server.rule = lambda _: http_server.status(code, {"Location": f"http://x/{KEY}"}, says={"error": KEY})
    with pytest.raises(ModelError) as caught:
        ask(reference)
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert KEY not in repr(chain) + str(caught.value) + caught.value.hint


def test_the_key_is_read_when_it_is_needed(http_server: Any, reference: str, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = open_endpoint(parse_reference(reference), ModelSettings())
    monkeypatch.setenv("TEAM_KEY", "another")
    list(backend.session(DEFAULT_CONDITION).ask([Request(Generate((Message("user", "x"),)))]))
    backend.close()
    assert http_server.posts[0].headers["authorization"] == "Bearer another"


def test_a_closed_backend_has_forgotten_the_key(http_server: Any, reference: str) -> None:
    from evalkit.models.endpoint.transport import Transport

    ask(reference)
    gc.collect()
    holders = [item for item in gc.get_objects() if isinstance(item, Transport) and item._key == KEY]
    assert holders == []
