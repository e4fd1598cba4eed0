"""The request loop of the OpenVINO engine on a made-up library: streaming, joining, stopping, failing, interrupting."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest

from evalkit.models.openvino.engine import Engine
from evalkit.models.openvino.session import OpenVinoSession, Refusing, unsupported
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

END = 0


@dataclass
class Handle:
    """Writes its script, a token a step; ``IGNORED`` where it is empty."""

    script: list[int]
    limit: int
    ready: list[int] = field(default_factory=list)
    written: int = 0
    status: str = "RUNNING"

    def can_read(self) -> bool:
        return bool(self.ready)

    def read(self) -> dict[int, Any]:
        tokens, self.ready = self.ready, []
        return {0: SimpleNamespace(generated_ids=tokens, generated_log_probs=[-0.5] * len(tokens))}

    def get_status(self) -> Any:
        return SimpleNamespace(name=self.status)

    def stop(self) -> None:
        self.status = "STOP"

    def cancel(self) -> None:
        self.status = "CANCEL"

    def advance(self) -> None:
        if not self.script:
            self.status = "IGNORED"
            return
        self.ready.append(self.script[self.written])
        self.written += 1
        if self.ready[-1] == END or self.written >= self.limit:
            self.status = "FINISHED"


class Pipeline:
    """Answers a prompt by the script of its last token; a prompt of ``poison`` breaks every step it is part of."""

    error: ClassVar[type[Exception]] = RuntimeError

    def __init__(self, scripts: dict[int, list[int]], poison: int | None = None) -> None:
        self.scripts, self.poison = scripts, poison
        self.handles: dict[int, tuple[int, Handle]] = {}
        self.configs: list[Any] = []
        self.at_once: list[int] = []

    def add_request(self, number: int, tokens: Any, config: Any) -> Handle:
        assert number not in self.handles
        last = int(tokens.data[0][-1])
        if last == 99:
            raise RuntimeError("Exception from src/somewhere.cpp:1:\nno such prompt")
        self.configs.append(config)
        handle = Handle(self.scripts[last], config.max_new_tokens)
        self.handles[number] = (last, handle)
        return handle

    def running(self) -> list[tuple[int, Handle]]:
        return [entry for entry in self.handles.values() if entry[1].status == "RUNNING"]

    def has_non_finished_requests(self) -> bool:
        return bool(self.running())

    def step(self) -> None:
        running = self.running()
        self.at_once.append(len(running))
        if any(last == self.poison for last, _ in running):
            raise self.error("the step failed")
        for _, handle in running:
            handle.advance()


class Letters:
    """One token a letter; a question is its last letter's code, so that scripts are found by it."""

    chat_template = None

    def __call__(self, text: str, *, add_special_tokens: bool, verbose: bool) -> dict[str, list[int]]:
        return {"input_ids": [ord(letter) - 64 for letter in text]}

    def decode(self, tokens: Sequence[int]) -> str:
        return "".join(chr(token + 64) for token in tokens)

    def convert_ids_to_tokens(self, tokens: Sequence[int]) -> list[str]:
        return [f"<{token}>" for token in tokens]


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    genai, openvino = ModuleType("openvino_genai"), ModuleType("openvino")
    genai.GenerationConfig = SimpleNamespace  # type: ignore[attr-defined]
    openvino.Tensor = lambda array: SimpleNamespace(data=array)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "openvino_genai", genai)
    monkeypatch.setitem(sys.modules, "openvino", openvino)


Opened = Callable[..., tuple[OpenVinoSession, list[Pipeline]]]


def codes(text: str) -> list[int]:
    return [ord(letter) - 64 for letter in text]


@pytest.fixture
def opened() -> Opened:
    """A session, and the pipelines that it opened, newest last."""

    def open_it(
        scripts: dict[str, str],
        *,
        width: int = 8,
        condition: Condition = DEFAULT_CONDITION,
        poison: str = "",
        context_length: int | None = None,
    ) -> tuple[OpenVinoSession, list[Pipeline]]:
        made: list[Pipeline] = []
        current: list[Engine] = []
        table = {codes(name)[0]: [*codes(text), END] if text else [] for name, text in scripts.items()}

        def engine() -> Engine:
            if not current:
                made.append(Pipeline(table, codes(poison)[0] if poison else None))
                current.append(Engine(made[-1], Letters(), frozenset({END}), context_length))  # type: ignore[arg-type]
            return current[0]

        return OpenVinoSession(engine, current.clear, condition, width), made

    return open_it


def asking(text: str, attempt: int = 0, wants: Sequence[str] = (), **decoding: Any) -> Request:
    return Request(Generate((Message("user", text),), Decoding(**decoding)), attempt=attempt, wants=frozenset(wants))


def texts(session: OpenVinoSession, requests: Sequence[Request]) -> dict[int, str]:
    return {position: answer.text for position, answer in session.ask(requests)}


def test_answers_come_as_they_are_done_and_find_their_request(opened: Opened) -> None:
    session, _ = opened({"A": "LONGER", "B": "X", "C": "MID"})
    told = [(position, answer.text) for position, answer in session.ask([asking("A"), asking("B"), asking("C")])]
    assert told == [(1, "X"), (2, "MID"), (0, "LONGER")]


def test_the_first_answer_is_handed_over_before_the_last_is_written(opened: Opened) -> None:
    session, made = opened({"A": "LONGER", "B": "X"})
    answers = iter(session.ask([asking("A"), asking("B")]))
    assert next(answers)[0] == 1
    assert len(made[0].at_once) == 2  # X and the end token: LONGER takes seven steps


def test_the_next_request_joins_as_one_ends(opened: Opened) -> None:
    session, made = opened({"A": "LONGER", "B": "X", "C": "MID"}, width=2)
    assert texts(session, [asking("A"), asking("B"), asking("C")]) == {0: "LONGER", 1: "X", 2: "MID"}
    assert max(made[0].at_once) == 2
    assert made[0].at_once == [2, 2, 2, 2, 2, 2, 1]


@pytest.mark.parametrize(("condition", "most"), [(Condition(batch_size=1), 1), (Condition(batch_size=3), 3)])
def test_a_condition_sets_how_many_go_at_once(opened: Opened, condition: Condition, most: int) -> None:
    session, made = opened({"A": "XYZ"}, condition=condition)
    assert len(texts(session, [asking("A")] * 5)) == 5
    assert max(made[0].at_once) == most


def test_the_reversed_order_begins_with_the_last(opened: Opened) -> None:
    session, _ = opened({"A": "X", "B": "Y"}, condition=Condition(batch_size=1, order="reversed"))
    assert [position for position, _ in session.ask([asking("A"), asking("B")])] == [1, 0]


def test_the_end_token_is_no_part_of_the_answer_and_the_limit_is_length(opened: Opened) -> None:
    session, _ = opened({"A": "FOUR"})
    answers = dict(session.ask([asking("A"), asking("A", max_tokens=4), asking("A", max_tokens=3)]))
    told = [(answers[place].text, answers[place].finish, answers[place].output_tokens) for place in range(3)]
    assert told == [("FOUR", "stop", 4), ("FOUR", "length", 4), ("FOU", "length", 3)]


def test_a_stop_string_ends_the_request_and_the_text_before_it(opened: Opened) -> None:
    session, made = opened({"A": "ONETWOTHREEFOUR"})
    answer = dict(session.ask([asking("A", stop=("TWO", ""))]))[0]
    assert (answer.text, answer.finish, answer.output_tokens) == ("ONE", "stop", 6)
    assert [handle.status for _, handle in made[0].handles.values()] == ["STOP"]
    assert len(made[0].at_once) == 6


def test_wanted_tokens_and_logprobs_are_told_and_unwanted_ones_are_not(opened: Opened) -> None:
    session, _ = opened({"A": "XY"})
    answers = dict(session.ask([asking("A", wants=("tokens", "logprobs", "margins")), asking("A")]))
    assert answers[0].tokens == ("<24>", "<25>")
    assert answers[0].logprobs == (-0.5, -0.5)
    assert (answers[0].margins, answers[1].tokens, answers[1].logprobs) == (None, None, None)


def test_reasoning_is_kept_apart(opened: Opened) -> None:
    session, _ = opened({"A": "<think>HM</think>YES"})
    answer = dict(session.ask([asking("A")]))[0]
    assert (answer.text, answer.reasoning) == ("YES", "HM")


def test_sampled_requests_have_company_and_a_seed_each(opened: Opened) -> None:
    session, made = opened({"A": "XYZ", "B": "XYZ"})
    requests = [
        asking("A", temperature=0.7, top_p=0.9),
        asking("A", attempt=1, temperature=0.7),
        asking("B", temperature=0.7),
        asking("A", temperature=0.7, seed=1),
        asking("A", temperature=0.7, top_p=0.9),
    ]
    assert len(texts(session, requests)) == 5
    assert made[0].at_once[0] == 5
    sampled = made[0].configs
    assert all(config.do_sample for config in sampled)
    assert (sampled[0].temperature, sampled[0].top_p) == (0.7, 0.9)
    seeds = [config.rng_seed for config in sampled]
    assert seeds[0] == seeds[4]
    assert len(set(seeds)) == 4


def test_a_request_that_the_engine_refuses_fails_alone(opened: Opened) -> None:
    session, _ = opened({"A": "XYZ"})
    poisoned = chr(99 + 64)
    answers = dict(session.ask([asking("A"), asking(poisoned), asking("A")]))
    assert [answers[place].text for place in (0, 2)] == ["XYZ", "XYZ"]
    failure = answers[1].failure
    assert failure is not None
    assert (failure.kind, failure.message) == (FailureKind.INTERNAL, "OpenVINO refused it: no such prompt")


@pytest.mark.parametrize("error", [RuntimeError, MemoryError, IndexError])
def test_a_step_that_fails_costs_the_one_request_that_breaks_it(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    monkeypatch.setattr(Pipeline, "error", error)
    session, made = opened({"A": "XYZ", "B": "X", "C": "MID"}, poison="B", width=2)
    answers = dict(session.ask([asking("A"), asking("B"), asking("C")]))
    assert [answers[place].text for place in (0, 2)] == ["XYZ", "MID"]
    assert answers[1].failure is not None
    assert answers[1].failure.kind == FailureKind.INTERNAL
    assert len(made) == 3  # after a failed step another pipeline


def test_no_room_for_one_request_is_its_failure(opened: Opened) -> None:
    session, _ = opened({"A": "", "B": "X"})
    answers = dict(session.ask([asking("A"), asking("B")]))
    assert answers[1].text == "X"
    assert answers[0].failure is not None
    assert answers[0].failure.kind == FailureKind.OUT_OF_MEMORY


def test_an_iterator_that_is_closed_cancels_what_is_under_way(opened: Opened) -> None:
    session, made = opened({"A": "LONGER", "B": "X"})
    answers = session.ask([asking("A"), asking("B"), asking("A")])
    next(answers)
    answers.close()  # type: ignore[attr-defined]
    assert [handle.status for _, handle in made[0].handles.values()] == ["CANCEL", "FINISHED", "CANCEL"]
    assert not made[0].has_non_finished_requests()


def test_an_interruption_leaves_a_pipeline_that_can_be_asked_again(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, made = opened({"A": "LONGER", "B": "X"})
    step, calls = Pipeline.step, []

    def interrupted(pipeline: Pipeline) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        step(pipeline)

    monkeypatch.setattr(Pipeline, "step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(session.ask([asking("A"), asking("B")]))
    assert not made[0].has_non_finished_requests()
    assert texts(session, [asking("B")]) == {0: "X"}
    assert len(made) == 1


def test_a_likelihood_is_not_supported_and_a_long_prompt_does_not_fit(opened: Opened) -> None:
    session, _ = opened({"A": "XYZ"}, context_length=4)
    requests = [Request(Likelihood("the sky is", " blue")), asking("BBBA"), asking("BBA"), asking("")]
    answers: dict[int, Answer] = dict(session.ask(requests))
    kinds = [answers[place].failure.kind if answers[place].failure else "" for place in range(4)]
    assert kinds == [FailureKind.UNSUPPORTED, FailureKind.TOO_LONG, "", FailureKind.CONFIGURATION]
    assert (answers[2].text, answers[2].finish) == ("X", "length")


def test_every_request_has_its_share_of_the_engine_s_time(opened: Opened) -> None:
    session, _ = opened({"A": "LONGER", "B": "X"})
    answers = dict(session.ask([asking("A"), asking("B"), asking("B")]))
    assert {answers[place].timing.batch for place in range(3)} == {3}
    assert all(0 < (answers[place].timing.engine_seconds or 0) < answers[place].timing.seconds for place in range(3))
    assert (answers[0].timing.engine_seconds or 0) > (answers[1].timing.engine_seconds or 0)


@pytest.mark.parametrize(
    "condition",
    [
        Condition(padding="left"),
        Condition(threads=1),
        Condition(kv_cache=False),
        Condition(attention="eager"),
        Condition(dtype="float32"),
        Condition(process="fresh"),
        Condition(concurrency=2),
        Condition(order="copies"),
        Condition(batch_size=100_000),
    ],
)
def test_what_cannot_be_set_is_refused_in_its_name(condition: Condition) -> None:
    refused = unsupported(condition)
    (_, answer), *rest = Refusing(refused).ask([asking("A")])
    assert not rest
    assert answer.failure is not None
    assert answer.failure.kind == FailureKind.UNSUPPORTED
    assert refused in answer.failure.message


@pytest.mark.parametrize(
    "condition", [DEFAULT_CONDITION, Condition(order="again"), Condition(order="reversed", batch_size=2)]
)
def test_what_can_be_set_is_not_refused(condition: Condition) -> None:
    assert unsupported(condition) == ""


def test_nothing_asked_loads_nothing(opened: Opened, tmp_path: Path) -> None:
    session, made = opened({})
    assert list(session.ask([])) == []
    assert made == []
