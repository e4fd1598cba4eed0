"""The request loop of the OpenVINO engine on a made-up library: streaming, joining, stopping, failing, interrupting."""

from __future__ import annotations

from pathlib import Path

import pytest
from openvino_pipeline import Pipeline, asking, install, open_session, texts

from evalkit.models.openvino import open_openvino
from evalkit.models.openvino.session import unsupported
from evalkit.models.reference import ModelSettings, parse_reference
from evalkit.records import DEFAULT_CONDITION, Answer, Condition, FailureKind, Likelihood, Request


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


def test_answers_come_as_they_are_done_and_find_their_request() -> None:
    session, _ = open_session({"A": "LONGER", "B": "X", "C": "MID"})
    told = [(position, answer.text) for position, answer in session.ask([asking("A"), asking("B"), asking("C")])]
    assert told == [(1, "X"), (2, "MID"), (0, "LONGER")]


def test_the_first_answer_is_handed_over_before_the_last_is_written() -> None:
    session, made = open_session({"A": "LONGER", "B": "X"})
    answers = iter(session.ask([asking("A"), asking("B")]))
    assert next(answers)[0] == 1
    assert len(made[0].at_once) == 2  # X and the end token: LONGER takes seven steps


def test_the_next_request_joins_as_one_ends() -> None:
    session, made = open_session({"A": "LONGER", "B": "X", "C": "MID"}, width=2)
    assert texts(session, [asking("A"), asking("B"), asking("C")]) == {0: "LONGER", 1: "X", 2: "MID"}
    assert max(made[0].at_once) == 2
    assert made[0].at_once == [2, 2, 2, 2, 2, 2, 1]


@pytest.mark.parametrize(("condition", "most"), [(Condition(batch_size=1), 1), (Condition(batch_size=3), 3)])
def test_a_condition_sets_how_many_go_at_once(condition: Condition, most: int) -> None:
    session, made = open_session({"A": "XYZ"}, condition=condition)
    assert len(texts(session, [asking("A")] * 5)) == 5
    assert max(made[0].at_once) == most


def test_the_reversed_order_begins_with_the_last() -> None:
    session, _ = open_session({"A": "X", "B": "Y"}, condition=Condition(batch_size=1, order="reversed"))
    assert [position for position, _ in session.ask([asking("A"), asking("B")])] == [1, 0]


def test_the_end_token_is_no_part_of_the_answer_and_the_limit_is_length() -> None:
    session, _ = open_session({"A": "FOUR"})
    answers = dict(session.ask([asking("A"), asking("A", max_tokens=4), asking("A", max_tokens=3)]))
    told = [(answers[place].text, answers[place].finish, answers[place].output_tokens) for place in range(3)]
    assert told == [("FOUR", "stop", 4), ("FOUR", "length", 4), ("FOU", "length", 3)]


def test_a_stop_string_ends_the_request_and_the_text_before_it() -> None:
    session, made = open_session({"A": "ONETWOTHREEFOUR"})
    answer = dict(session.ask([asking("A", stop=("TWO", ""))]))[0]
    assert (answer.text, answer.finish, answer.output_tokens) == ("ONE", "stop", 6)
    assert [handle.status for _, handle in made[0].handles.values()] == ["STOP"]
    assert len(made[0].at_once) == 6
    assert not made[0].has_non_finished_requests(), "what the pipeline still holds it complains of when it ends"


def test_wanted_tokens_and_logprobs_are_told_and_unwanted_ones_are_not() -> None:
    session, _ = open_session({"A": "XY"})
    answers = dict(session.ask([asking("A", wants=("tokens", "logprobs", "margins")), asking("A")]))
    assert answers[0].tokens == ("<24>", "<25>")
    assert answers[0].logprobs == (-0.5, -0.5)
    assert (answers[0].margins, answers[1].tokens, answers[1].logprobs) == (None, None, None)


def test_reasoning_is_kept_apart() -> None:
    session, _ = open_session({"A": "<think>HM</think>YES"})
    answer = dict(session.ask([asking("A")]))[0]
    assert (answer.text, answer.reasoning) == ("YES", "HM")


def test_sampled_requests_have_company_and_a_seed_each() -> None:
    session, made = open_session({"A": "XYZ", "B": "XYZ"})
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


def test_a_request_that_the_engine_refuses_fails_alone() -> None:
    session, _ = open_session({"A": "XYZ"})
    poisoned = chr(99 + 64)
    answers = dict(session.ask([asking("A"), asking(poisoned), asking("A")]))
    assert [answers[place].text for place in (0, 2)] == ["XYZ", "XYZ"]
    failure = answers[1].failure
    assert failure is not None
    assert (failure.kind, failure.message) == (FailureKind.INTERNAL, "OpenVINO refused it: no such prompt")


@pytest.mark.parametrize("error", [RuntimeError, MemoryError, IndexError])
def test_a_step_that_fails_costs_the_one_request_that_breaks_it(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    monkeypatch.setattr(Pipeline, "error", error)
    session, made = open_session({"A": "XYZ", "B": "X", "C": "MID"}, poison="B", width=2)
    answers = dict(session.ask([asking("A"), asking("B"), asking("C")]))
    assert [answers[place].text for place in (0, 2)] == ["XYZ", "MID"]
    assert answers[1].failure is not None
    assert answers[1].failure.kind == FailureKind.INTERNAL
    assert len(made) == 3  # after a failed step another pipeline


def test_no_room_for_one_request_is_its_failure() -> None:
    session, made = open_session({"A": "", "B": "X", "C": "LONGER"})
    answers = dict(session.ask([asking("C"), asking("A"), asking("B")]))
    assert [answers[place].text for place in (0, 2)] == ["LONGER", "X"]
    assert answers[1].failure is not None
    assert answers[1].failure.kind == FailureKind.OUT_OF_MEMORY
    assert len(made) == 1  # nothing is wrong with the pipeline


def test_an_iterator_that_is_closed_cancels_what_is_under_way() -> None:
    session, made = open_session({"A": "LONGER", "B": "X"})
    answers = session.ask([asking("A"), asking("B"), asking("A")])
    next(answers)
    answers.close()  # type: ignore[attr-defined]
    assert [handle.status for _, handle in made[0].handles.values()] == ["CANCEL", "FINISHED", "CANCEL"]
    assert not made[0].has_non_finished_requests()


def test_an_interruption_leaves_a_pipeline_that_can_be_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    session, made = open_session({"A": "LONGER", "B": "X"})
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


def test_a_likelihood_is_not_supported_and_a_long_prompt_does_not_fit() -> None:
    session, _ = open_session({"A": "XYZ"}, context_length=4)
    requests = [Request(Likelihood("the sky is", " blue")), asking("BBBA"), asking("BBA"), asking("")]
    answers: dict[int, Answer] = dict(session.ask(requests))
    kinds = [answers[place].failure.kind if answers[place].failure else "" for place in range(4)]
    assert kinds == [FailureKind.UNSUPPORTED, FailureKind.TOO_LONG, "", FailureKind.CONFIGURATION]
    assert (answers[2].text, answers[2].finish) == ("X", "length")


def test_every_request_has_its_share_of_the_engine_s_time() -> None:
    session, _ = open_session({"A": "LONGER", "B": "X"})
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
    backend = open_openvino(parse_reference("openvino:smollm2-135m"), ModelSettings())
    (_, answer), *rest = backend.session(condition).ask([asking("A")])
    assert not rest
    assert answer.failure is not None
    assert answer.failure.kind == FailureKind.UNSUPPORTED
    assert unsupported(condition) in answer.failure.message


@pytest.mark.parametrize(
    "condition", [DEFAULT_CONDITION, Condition(order="again"), Condition(order="reversed", batch_size=2)]
)
def test_what_can_be_set_is_not_refused(condition: Condition) -> None:
    assert unsupported(condition) == ""


def test_nothing_asked_loads_nothing(tmp_path: Path) -> None:
    session, made = open_session({})
    assert list(session.ask([])) == []
    assert made == []
