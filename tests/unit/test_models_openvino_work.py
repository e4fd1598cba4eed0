"""What the OpenVINO engine reads before requests, so that it is read once, and its account of what it did."""

from __future__ import annotations

import pytest
from openvino_pipeline import Pipeline, asking, install, open_session, texts

from evalkit.models.hf.work import Work
from evalkit.records import DEFAULT_CONDITION, Condition


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


# --- beginnings that prompts share ------------------------------------------------------------------------------------

SHARED = "B" * 70
SHARING = {"A": "X", "B": "X", "C": "Y", "D": "Z"}


def lengths(pipeline: Pipeline) -> list[int]:
    return [len(prompt) for prompt in pipeline.prompts]


def test_what_prompts_begin_with_is_read_before_them_in_whole_blocks() -> None:
    session, made = open_session(SHARING)
    asked = [asking(f"{SHARED}{last}") for last in "ACD"]
    assert texts(session, asked) == {0: "X", 1: "Y", 2: "Z"}
    assert lengths(made[0]) == [64, 71, 71, 71]
    assert made[0].at_once[0] == 1
    assert made[0].configs[0].max_new_tokens == 1
    assert texts(session, asked) == {0: "X", 1: "Y", 2: "Z"}
    assert lengths(made[0])[4:] == [71, 71, 71]  # it is still known


def test_a_prompt_that_is_asked_again_and_again_is_read_once() -> None:
    session, made = open_session({"A": "XYZ", "B": "X"})
    prompt = "B" * 63 + "A"
    assert len(texts(session, [asking(prompt, attempt, temperature=1.0) for attempt in range(4)])) == 4
    assert lengths(made[0]) == [32, 64, 64, 64, 64]


@pytest.mark.parametrize(
    ("asked", "condition"),
    [
        (["B" * 31 + "A", "B" * 31 + "C", "B" * 31 + "D"], DEFAULT_CONDITION),  # no whole block
        ([SHARED + "A"], DEFAULT_CONDITION),
        ([SHARED + "A", SHARED + "C", SHARED + "D"], Condition(batch_size=1)),
    ],
)
def test_what_gains_nothing_is_not_read_first(asked: list[str], condition: Condition) -> None:
    session, made = open_session(SHARING, condition=condition)
    assert len(texts(session, [asking(text) for text in asked])) == len(asked)
    assert lengths(made[0]) == [len(text) for text in asked]


def test_a_beginning_that_breaks_the_engine_costs_no_request() -> None:
    session, made = open_session(SHARING, poison="B")
    assert texts(session, [asking(f"{SHARED}{last}") for last in "ACD"]) == {0: "X", 1: "Y", 2: "Z"}
    assert len(made) == 3


def test_another_pipeline_reads_beginnings_anew() -> None:
    work = Work()
    session, made = open_session({**SHARING, "P": "X"}, poison="P", work=work)
    asked = [asking(f"{SHARED}{last}") for last in "ACD"]
    assert len(texts(session, asked)) == 3
    assert dict(session.ask([asking("P")]))[0].failure is not None
    assert work.restarts == 2  # together with others, and alone
    assert len(texts(session, asked)) == 3
    assert lengths(made[-1]) == [64, 71, 71, 71]


# --- the account ------------------------------------------------------------------------------------------------------


def test_the_account_says_what_was_read_and_written() -> None:
    work = Work()
    session, made = open_session({**SHARING, "A": "LONG"}, work=work)
    assert len(texts(session, [asking(f"{SHARED}{last}") for last in "ACD"])) == 3
    assert (work.prompts, work.prompt_tokens, work.output_tokens) == (3, 3 * 71, 4 + 1 + 1)
    assert (work.shared_tokens, work.computed_tokens, work.padded_tokens) == (2 * 64, 64 + 3 * 7, 0)
    assert work.shared_tokens + work.computed_tokens == work.prompt_tokens
    assert (work.steps, work.most_rows) == (len(made[0].at_once), 3)
    assert work.row_steps == sum(made[0].at_once)
    assert work.prefills == 2  # the beginning, and then all three
    assert min(work.tokenise_seconds, work.prefill_seconds, work.decode_seconds) > 0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Stands still but for steps, each of which takes a second."""
    now = [0.0]
    step = Pipeline.step

    def taking_a_second(pipeline: Pipeline) -> None:
        now[0] += 1.0
        step(pipeline)

    monkeypatch.setattr(Pipeline, "step", taking_a_second)
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    return now


@pytest.mark.usefixtures("clock")
def test_a_steps_time_is_divided_by_the_tokens_that_it_read_and_wrote() -> None:
    work = Work()
    session, _ = open_session({"A": "XY", "C": "X"}, work=work, width=1)
    assert len(texts(session, [asking("BBBA"), asking("C")])) == 2
    assert work.prefill_seconds == 0.75  # three tokens of four; the last of a prompt is read by its first step
    assert work.decode_seconds == 0.25 + 2 + 2  # XY and its end, X and its end


@pytest.mark.usefixtures("clock")
def test_what_was_read_before_is_no_part_of_a_steps_reading() -> None:
    work = Work()
    session, _ = open_session(SHARING, work=work)
    assert len(texts(session, [asking(f"{SHARED}{last}") for last in "ACD"])) == 3
    assert work.prefill_seconds == pytest.approx(63 / 64 + (3 * 6) / (3 * 7))


@pytest.mark.usefixtures("clock")
def test_a_long_prompt_is_read_in_several_steps_beside_what_is_written() -> None:
    work = Work()
    session, _ = open_session({"A": "XY", "C": "LONG"}, work=work)
    assert len(texts(session, [asking("B" * 2048 + "A"), asking("C")])) == 2
    # LONG takes five steps with its end. The first two also read 1,023 tokens each, the third two and the last one.
    assert work.prefill_seconds == pytest.approx(1023 / 1024 + 1023 / 1024 + 2 / 4)
    assert work.prefill_seconds + work.decode_seconds == 5
    assert (work.steps, work.prefills, work.row_steps) == (5, 3, 5 + 3)


def test_the_time_that_answers_are_looked_at_is_none_of_theirs(clock: list[float]) -> None:
    session, _ = open_session({"A": "X", "B": "LONG"})
    seconds = {}
    for position, answer in session.ask([asking("A"), asking("B")]):
        seconds[position] = answer.timing.seconds
        clock[0] += 1000.0
    assert seconds == {0: 2.0, 1: 5.0}
