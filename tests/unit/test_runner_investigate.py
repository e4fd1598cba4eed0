"""Forensics of a backend of one's own: what it needs to say, and what is found in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from evalkit.checks.divergence import IDENTICAL, LEAK, SEED, STRUCTURAL
from evalkit.checks.forensic import ForensicOptions
from evalkit.errors import ModelError
from evalkit.records import Answer, Condition, Decoding, Message, ModelInfo, Request
from evalkit.runner.investigate import Investigated, investigate

Speak = Callable[["Toy", Request, Sequence[Request]], float]
"""By how much the numbers of a request move, from the requests of its batch."""


@dataclass
class Toy:
    """Owns its batching, and tells tokens, log-probabilities and margins of its three tokens."""

    moved: Speak = lambda *_: 0.0
    settable: frozenset[str] = frozenset({"batch_size", "dtype"})
    open_sessions: int = 0
    asked: int = 0

    @property
    def info(self) -> ModelInfo:
        return ModelInfo("toy", "toy", "toy-weights", "1", verifiable=True, conditions=self.settable)

    def session(self, condition: Condition) -> Session:
        self.open_sessions += 1
        return Session(self, condition)

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class Session:
    toy: Toy
    condition: Condition

    def ask(self, requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        size = self.condition.batch_size or 8
        for start in range(0, len(requests), size):
            batch = requests[start : start + size]
            for at, request in enumerate(batch):
                by = self.toy.moved(self.toy, request, batch)
                self.toy.asked += 1
                tokens = ("a", "b" if abs(by) < 1 else "x", "c")
                margins = (2.0, 1.0 + by, 1.5)
                yield start + at, Answer("".join(tokens), tokens=tokens, margins=margins, logprobs=(-0.2, -0.3, -0.25))

    def close(self) -> None:
        self.toy.open_sessions -= 1


def found(toy: Toy, prompts: Sequence[str] = ("one", "two", "three"), **options: object) -> list[Investigated]:
    return investigate(toy, prompts, ForensicOptions(**options), Decoding(max_tokens=3))  # type: ignore[arg-type]


def classes(results: Sequence[Investigated]) -> set[tuple[str, str]]:
    rows = [row for one in results for row in one.score.evidence.get("differences", ())]
    return {(row["condition"], row["class"]) for row in rows}


def test_a_healthy_backend_is_sound_and_each_prompt_keeps_all_that_was_asked() -> None:
    toy = Toy()
    results = found(toy)
    assert [one.prompt for one in results] == ["one", "two", "three"]
    assert not classes(results)
    assert toy.open_sessions == 0
    for one in results:
        assert one.score.results["sound"] == (1.0, 1.0)
        request, answer = next(pair for pair in one.asked if pair[1].failure is None)
        assert (request.condition, answer.text) == (Condition(batch_size=1, dtype="float32"), "abc")


def test_what_a_backend_does_not_list_is_unscored_though_it_would_have_answered() -> None:
    (one,) = found(Toy(), ["one"])
    for name in ("padding", "threads", "kv_cache", "attention", "process", "order", "neighbours"):
        assert "the model cannot set" in one.score.results[f"same_{name}"].reason  # type: ignore[union-attr]
    assert one.score.results["same_batch"] == one.score.results["same_seed"] == (1.0, 1.0)
    assert one.score.evidence["identical under"] == ["repeat", "history", "batch", "bfloat16", "seed"]


def test_a_batch_that_moves_its_rows_is_a_structural_error() -> None:
    toy = Toy(lambda _, __, batch: 0.01 * (len(batch) - 1))
    assert classes(found(toy)) == {("batch", STRUCTURAL)}


def test_numbers_that_depend_on_what_was_asked_before_are_a_leak() -> None:
    toy = Toy(lambda toy, *_: 0.01 * toy.asked)
    assert {kind for name, kind in classes(found(toy)) if name != "bfloat16"} == {LEAK}


def test_a_sample_that_is_another_with_the_same_seed_is_named() -> None:
    def moved(toy: Toy, request: Request, _: Sequence[Request]) -> float:
        hot = not request.ask.decoding.greedy  # type: ignore[union-attr]
        return 2.0 * toy.asked if hot else 0.0

    assert classes(found(Toy(moved))) == {("seed", SEED)}


def test_a_conversation_is_a_prompt_too_and_no_prompts_are_no_result() -> None:
    talk = (Message("user", "Hi"), Message("assistant", "Hello"), Message("user", "How are you?"))
    (one,) = investigate(Toy(), [talk])
    assert one.asked[0][0].ask.messages == talk  # type: ignore[union-attr]
    assert one.score.evidence["identical under"][0] == "repeat"
    assert IDENTICAL not in {kind for _, kind in classes([one])}
    assert investigate(Toy(), []) == []


def test_sessions_are_closed_where_the_model_does_not_answer_at_all() -> None:
    def broken(*_: object) -> float:
        raise ModelError("no such model")

    toy = Toy(broken)
    with pytest.raises(ModelError, match="no such model"):
        found(toy)
    assert toy.open_sessions == 0
