"""From a reference to a target: addresses, options, identity, and what is refused without repeating a secret."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from evalkit.errors import ModelError
from evalkit.models.endpoint import open_endpoint
from evalkit.models.endpoint.target import Target, make_target
from evalkit.models.reference import ModelSettings, parse_reference


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def target(reference: str, **settings: Any) -> Target:
    return make_target(parse_reference(reference), ModelSettings(**settings))


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("openai:some-model", "https://api.openai.com/v1/chat/completions"),
        ("openai:some-model?api=completion", "https://api.openai.com/v1/completions"),
        ("http://Host:8000/v1?model=m", "http://host:8000/v1/chat/completions"),
        ("http://host/v1/?model=m", "http://host/v1/chat/completions"),
        ("https://host?model=m", "https://host/chat/completions"),
        ("http://host/v1/completions?model=m", "http://host/v1/completions"),
        ("http://host/v1/chat/completions?model=m&api=completion", "http://host/v1/chat/completions"),
        ("http://[::1]:8000/v1?model=m", "http://[::1]:8000/v1/chat/completions"),
    ],
)
def test_where_questions_are_sent(reference: str, url: str) -> None:
    assert target(reference).post_url == url


def test_an_address_with_a_body_is_taken_as_it_is() -> None:
    assert target("http://host/a/completions", body=["{{ prompt }}"]).post_url == "http://host/a/completions"


def test_the_base_address_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:9/v1/")
    assert target("openai:m").post_url == "http://localhost:9/v1/chat/completions"
    assert (target("openai:m").key_env, target("openai:m").key_required) == ("OPENAI_API_KEY", False)
    monkeypatch.setenv("OPENAI_BASE_URL", "localhost:9")
    with pytest.raises(ModelError) as caught:
        target("openai:m")
    assert caught.value.where == "OPENAI_BASE_URL"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://localhost/v1", "http://LocalHost:80/v2", True),
        ("https://a.test:443/v1", "https://a.test/v1", True),
        ("http://a.test/v1", "https://a.test/v1", False),
        ("http://a.test:8000/v1", "http://a.test:8001/v1", False),
    ],
)
def test_models_of_one_server_are_known_to_be(one: str, other: str, same: bool) -> None:
    targets = [make_target(parse_reference(f"{address}?model=x"), ModelSettings()) for address in (one, other)]
    assert (targets[0].server == targets[1].server) is same


def test_the_public_service_needs_its_key_and_other_servers_get_none() -> None:
    assert (target("openai:m").key_env, target("openai:m").key_required) == ("OPENAI_API_KEY", True)
    assert (target("http://h/v1?model=m").key_env, target("http://h/v1?model=m").key_required) == ("", False)
    assert target("http://h/v1?model=m", api_key_env="A").key_required
    assert target("http://h/v1?model=m&key_env=B", api_key_env="A").key_env == "B"


def test_options_win_over_settings() -> None:
    settings = {"timeout": 5.0, "retries": 1, "concurrency": 2, "context_length": 100}
    plain = target("http://h/v1?model=m", **settings)
    assert (plain.timeout, plain.retries, plain.concurrency, plain.context_length) == (5.0, 1, 2, 100)
    given = target("http://h/v1?model=m&timeout=7.5&retries=0&concurrency=3&context=9", **settings)
    assert (given.timeout, given.retries, given.concurrency, given.context_length) == (7.5, 0, 3, 9)


@pytest.mark.parametrize(
    ("reference", "complaint", "hint"),
    [
        ("openai:", "names no model", "openai:NAME"),
        ("openai:a?model=b", "named twice", ""),
        ("http://host/v1", "does not say how to ask", "?model=NAME"),
        ("http:///v1?model=m", "no http address", "http://HOST:PORT"),
        ("http:host?model=m", "no http address", ""),
        ("http://host:port/v1?model=m", "cannot be read", ""),
        ("http://ho st/v1?model=m", "no http address", ""),
        ("http://host/v1#part?model=m", "'?' or '#'", ""),
        ("http://h/v1?model=m&modle=x", "unknown option 'modle'", "did you mean 'model'"),
        ("http://h/v1?model=m&api=chatt", "unknown api 'chatt'", "did you mean 'chat'"),
        ("http://h/v1?model=m&timeout=0", "'timeout' must be above 0", ""),
        ("http://h/v1?model=m&concurrency=0", "'concurrency' must be above 0", ""),
        ("http://h/v1?model=m&retries=-1", "'retries'", ""),
        ("http://h/v1?model=m&timeout=soon", "'timeout'", ""),
        ("http://h/v1?model=m&key_header=X:Y", "name of an HTTP header", ""),
    ],
)
def test_a_wrong_reference_is_refused_with_a_hint(reference: str, complaint: str, hint: str) -> None:
    with pytest.raises(ModelError) as caught:
        target(reference)
    assert complaint in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "reference",
    [
        "http://user:s3cret@host/v1?model=m",
        "http://s3cret@host/v1?model=m",
        "http://user:s3cret@host:port/v1?model=m",
        "http://user:s3cret@host/v1?model=m&foo=1",
        "http://host/v1?model=m&api_key=s3cret",
        "http://host/v1?model=m&token=s3cret",
        "http://host/v1?model=m&key_env=sk-s3cret",
        "openai:m?key_env=sk-s3cret",
    ],
)
def test_a_secret_in_a_reference_is_refused_and_not_repeated(reference: str) -> None:
    with pytest.raises(ModelError) as caught:
        target(reference)
    assert "s3cret" not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("localhost:1", True),
        ("127.0.0.9", True),
        ("[::1]:8", True),
        ("a.localhost", True),
        ("10.0.0.1", False),
        ("localhost.com", False),
    ],
)
def test_addresses_of_this_machine_are_recognised(address: str, loopback: bool) -> None:
    assert target(f"http://{address}/v1?model=m").loopback is loopback


def test_two_endpoints_share_a_fingerprint_only_if_they_are_one() -> None:
    def fingerprint(reference: str, **settings: Any) -> str:
        return open_endpoint(parse_reference(reference), ModelSettings(**settings)).info.fingerprint

    references = [
        "http://h/v1?model=m",
        "http://h/v1?model=n",
        "http://h:8000/v1?model=m",
        "https://h/v1?model=m",
        "http://h/v1?model=m&api=completion",
    ]
    prints = [fingerprint(reference) for reference in references]
    prints += [fingerprint("http://h/v1", body=body, response="x") for body in ("{{ prompt }}", ["{{ prompt }}"])]
    prints += [fingerprint("http://h/v1", body="{{ prompt }}", response="y")]
    assert len(set(prints)) == len(prints)
    assert fingerprint("http://h/v1/?model=m&timeout=3&key_env=A") == prints[0]


def test_info_says_what_an_endpoint_can_do() -> None:
    def info(reference: str, **settings: Any) -> Any:
        return open_endpoint(parse_reference(reference), ModelSettings(**settings)).info

    chat = info("http://h/v1?model=m&context=8192")
    assert (chat.verifiable, chat.context_length, chat.conditions) == (False, 8192, {"concurrency", "order"})
    assert chat.capabilities == {"generate", "margins", "logprobs"}
    assert "likelihood" in info("http://h/v1?model=m&api=completion").capabilities
    assert info("http://h/x", body="{{ prompt }}").capabilities == {"generate"}
    assert chat.details == {"address": "http://h/v1", "model": "m", "api": "chat"}


def test_opening_an_endpoint_imports_no_http_library() -> None:
    code = (
        "import sys; from evalkit.models.endpoint import open_endpoint; from evalkit.models.reference import *;"
        "open_endpoint(parse_reference('http://h/v1?model=m'), ModelSettings()).info;"
        "print(sorted({'httpx', 'jinja2', 'asyncio'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
