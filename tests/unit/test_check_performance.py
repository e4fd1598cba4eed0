"""Performance: what the clock of an answer says, and which answers have one that counts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from evalkit.checks.performance import NO_COUNT, NOT_HERE, REUSED, Performance, PerformanceOptions
from evalkit.records import Answer, Case, Condition, Decoding, FailureKind, Message, Sample, Score, Timing, Unscored


def check(**options: Any) -> Performance:
    return Performance("speed", Decoding(), PerformanceOptions(**options))


def row(name: str) -> Sample:
    return Sample(name, (Message("user", name),))


def judge(answer: Answer, **options: Any) -> Score:
    return check(**options).judge(Case("a", (row("a"),)), answer)


def test_seconds_tokens_and_memory_of_one_answer() -> None:
    score = judge(Answer("x", output_tokens=30, timing=Timing(2.0, 4, 8.0)))
    assert score.results == {
        "latency_mean": (2.0, 1.0),
        "latency_p50": (2.0,),
        "latency_p95": (2.0,),
        "tokens_per_second": (30.0, 0.5),  # four answers shared the two seconds
        "memory_growth": (2.0, 1.0),
    }


def test_tokens_per_second_of_a_batch_is_what_the_engine_made_in_its_time() -> None:
    metric = next(metric for metric in check().metrics if metric.name == "tokens_per_second")
    answers = [Answer("x", output_tokens=tokens, timing=Timing(2.0, 2)) for tokens in (10, 30)]
    vectors = [judge(answer).results["tokens_per_second"] for answer in answers]
    total = tuple(map(sum, zip(*vectors, strict=True)))  # type: ignore[arg-type]
    assert metric.value(total) == 20.0  # 40 tokens in 2 seconds


def test_tokens_per_second_count_the_whole_time_of_a_batch_whose_answers_end_at_different_times() -> None:
    """One token after 1 s, ten after 10 s: 11 tokens in 10 seconds, and not in (1 + 10) / 2."""
    metric = next(metric for metric in check().metrics if metric.name == "tokens_per_second")
    timings = [Timing(1.0, 2, engine_seconds=0.5), Timing(10.0, 2, engine_seconds=9.5)]
    answers = [Answer("x", output_tokens=n, timing=timing) for n, timing in zip((1, 10), timings, strict=True)]
    vectors = [judge(answer).results["tokens_per_second"] for answer in answers]
    assert metric.value(tuple(map(sum, zip(*vectors, strict=True)))) == pytest.approx(1.1)  # type: ignore[arg-type]


def test_no_time_at_all_is_no_infinite_speed() -> None:
    metric = next(metric for metric in check().metrics if metric.name == "tokens_per_second")
    result = judge(Answer("x", output_tokens=3)).results["tokens_per_second"]
    assert not isinstance(result, Unscored)
    assert metric.value(result) is None


def test_what_the_engine_does_not_say_is_unscored() -> None:
    score = judge(Answer("x", timing=Timing(1.0)))
    assert score.results["tokens_per_second"] == NO_COUNT
    assert score.results["memory_growth"] == NOT_HERE
    assert score.results["latency_mean"] == (1.0, 1.0)


def test_memory_that_shrank_is_a_negative_growth() -> None:
    assert judge(Answer("x", timing=Timing(1.0, 2, -4.0))).results["memory_growth"] == (-2.0, 1.0)


def test_an_answer_of_an_earlier_run_says_nothing_about_speed() -> None:
    score = judge(Answer("x", output_tokens=3, timing=Timing(1.0), reused=True))
    assert set(score.results.values()) == {Unscored(REUSED)}


def test_old_answers_are_not_asked_for() -> None:
    (request,) = next(check().examine(Case("a", (row("a"),))))
    assert request.fresh
    assert request.condition == Condition()


def test_a_batch_size_is_a_condition() -> None:
    (request,) = next(check(batch_size=4).examine(Case("a", (row("a"),))))
    assert request.condition == Condition(batch_size=4)
    assert "batch:4" in check(batch_size=4).metrics[0].signature


def test_a_failed_answer_has_no_speed_and_no_worst() -> None:
    conversation = check().examine(Case("a", (row("a"),)))
    next(conversation)
    with pytest.raises(StopIteration) as end:
        conversation.send([Answer.failed(FailureKind.TIMEOUT, "late", timing=Timing(30.0))])
    assert end.value.value == Score(error="time-out: late")
    assert all(metric.worst is None for metric in check().metrics)


def test_quantiles_are_of_the_values() -> None:
    at = {metric.name: metric.quantile for metric in check().metrics if metric.kind == "quantile"}  # type: ignore[attr-defined]
    assert at == {"latency_p50": 0.5, "latency_p95": 0.95}


def test_every_prompt_is_measured_unless_the_suite_asks_for_fewer() -> None:
    rows = [row(f"r{number}") for number in range(400)]
    assert len(list(check().cases(rows))) == 400
    some = list(check(every=4).cases(rows))
    assert 60 <= len(some) <= 140  # about 100
    assert f"one prompt in 4 is measured: {len(some)} of 400" in "".join(check(every=4).warnings(rows))
    assert not list(check().warnings(rows))


@given(st.lists(st.text(min_size=1, max_size=8), unique=True), st.integers(1, 9))
def test_the_same_prompts_are_measured_in_any_order(names: list[str], every: int) -> None:
    rows = [row(name) for name in names]
    chosen, turned = ({case.id for case in check(every=every).cases(some)} for some in (rows, rows[::-1]))
    assert chosen == turned


@pytest.mark.parametrize("options", [{"every": 0}, {"batch_size": 0}])
def test_impossible_options_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        PerformanceOptions(**options)
