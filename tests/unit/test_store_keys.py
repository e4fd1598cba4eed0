"""When two requests are one question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.records import Condition, Decoding, Generate, Likelihood, Message, Request
from evalkit.store import Identity, request_key

IDENTITY = Identity("weights", "loop-1")
GREEDY = Decoding()
SAMPLED = Decoding(temperature=0.7, seed=1)


def ask(text: str = "Hi", decoding: Decoding = GREEDY, **settings: object) -> Request:
    return Request(Generate((Message("user", text),), decoding), **settings)  # type: ignore[arg-type]


def test_equal_requests_share_a_key() -> None:
    assert request_key(ask(), IDENTITY) == request_key(ask(), IDENTITY)


@pytest.mark.parametrize(
    "other",
    [
        ask("Hi "),
        Request(Generate((Message("system", "Hi"),))),
        Request(Generate((Message("user", "Hi"), Message("assistant", "")))),
        ask(decoding=Decoding(max_tokens=127)),
        ask(decoding=Decoding(temperature=0.1)),
        ask(decoding=Decoding(top_p=0.9)),
        ask(decoding=Decoding(stop=("\n",))),
        ask(attempt=1),
        ask(condition=Condition(batch_size=1)),
        ask(condition=Condition(batch_size=2)),
        Request(Likelihood("Hi", "there")),
        Request(Likelihood((Message("user", "Hi"),), "there")),
    ],
)
def test_whatever_may_change_the_answer_changes_the_key(other: Request) -> None:
    assert request_key(other, IDENTITY) != request_key(ask(), IDENTITY)


@pytest.mark.parametrize(
    "identity",
    [replace(IDENTITY, fingerprint="other"), replace(IDENTITY, revision="loop-2"), replace(IDENTITY, replicate=1)],
)
def test_another_model_code_path_or_replicate_never_meets_old_answers(identity: Identity) -> None:
    assert request_key(ask(), identity) != request_key(ask(), IDENTITY)


@pytest.mark.parametrize(
    "other",
    [
        ask(wants=frozenset({"margins"})),
        ask(role="judge"),
        ask(condition=Condition()),
        ask(decoding=Decoding(seed=99)),
        ask(decoding=Decoding(temperature=0)),
        ask(decoding=Decoding(temperature=-0.0)),
        ask(decoding=Decoding(top_p=1)),
    ],
)
def test_what_cannot_change_the_text_does_not_change_the_key(other: Request) -> None:
    assert request_key(other, IDENTITY) == request_key(ask(), IDENTITY)


def test_the_seed_counts_once_something_is_drawn() -> None:
    assert request_key(ask(decoding=SAMPLED), IDENTITY) != request_key(ask(decoding=replace(SAMPLED, seed=2)), IDENTITY)


@pytest.mark.parametrize(
    ("bind", "request_"),
    [
        (lambda run: replace(IDENTITY, run=run, bound_to_run=True), ask()),
        (lambda run: replace(IDENTITY, run=run), ask(fresh=True)),
    ],
)
def test_fresh_requests_and_unverifiable_models_are_bound_to_their_run(
    bind: Callable[[str], Identity], request_: Request
) -> None:
    first, second = request_key(request_, bind("a")), request_key(request_, bind("b"))
    assert first != second
    assert first == request_key(request_, bind("a"))
    assert first != request_key(ask(), IDENTITY)


def test_the_run_is_no_part_of_a_key_that_is_not_bound_to_it() -> None:
    assert request_key(ask(), replace(IDENTITY, run="a")) == request_key(ask(), replace(IDENTITY, run="b"))


def test_a_bound_request_without_a_run_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="run"):
        request_key(ask(fresh=True), IDENTITY)


def test_a_key_of_format_1_stays_what_it_is() -> None:
    """Stored answers of earlier versions must be found: whoever changes this raises KEY_FORMAT and says so."""
    from hashlib import sha256

    written = '[1,"weights","loop-1",["generate",[["user","Hi"]],128,0.0,1.0,null,[]],null,0,0,null]'
    assert request_key(ask(), IDENTITY) == sha256(written.encode()).hexdigest()


@given(st.text(), st.text())
def test_texts_do_not_run_into_each_other(first: str, second: str) -> None:
    whole = Request(Likelihood(first + second, ""))
    parted = Request(Likelihood(first, second))
    assert (request_key(whole, IDENTITY) == request_key(parted, IDENTITY)) == (second == "")


def test_lone_surrogates_which_some_endpoints_send_have_a_key() -> None:
    assert len(request_key(ask("\ud800"), IDENTITY)) == 64
    assert request_key(ask("\ud800"), IDENTITY) != request_key(ask("\\ud800"), IDENTITY)
