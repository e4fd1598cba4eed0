"""A session that is drained begins nothing more: what is under way is answered as it would have been."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalkit.models import open_backend
from evalkit.models.reference import ModelSettings
from evalkit.records import DEFAULT_CONDITION, Condition, Likelihood, Request

Question = Callable[..., Request]
ROWS = 4
PROMPTS = [f"Name {number} colours." for number in range(40)]


@pytest.mark.parametrize("condition", [DEFAULT_CONDITION, Condition(batch_size=ROWS)], ids=["stream", "batches"])
def test_what_is_under_way_is_answered_and_the_rest_is_left(
    llama: Path, question: Question, condition: Condition
) -> None:
    requests = [question(text, max_tokens=6) for text in PROMPTS]
    backend = open_backend(f"hf:{llama}", ModelSettings(batch_size=ROWS))
    expected = dict(backend.session(condition).ask(requests))
    session: Any = backend.session(condition)
    answered = {}
    for position, answer in session.ask(requests):
        answered[position] = answer
        session.drain()
    assert 1 <= len(answered) <= 2 * ROWS
    assert {place: one.text for place, one in answered.items()} == {place: expected[place].text for place in answered}
    assert len(expected) == len(PROMPTS)
    backend.close()


def test_likelihoods_are_left_as_well(llama: Path) -> None:
    requests = [Request(Likelihood(text, f" {word}")) for text in PROMPTS for word in ("yes", "no")]
    session: Any = open_backend(f"hf:{llama}", ModelSettings()).session(DEFAULT_CONDITION)
    answered = 0
    for _ in session.ask(requests):
        answered += 1
        session.drain()
    assert answered == 1
