"""Length: what a row may expect, and how answers are counted."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.checks.bounds import Bounds
from evalkit.checks.length import NOTHING_EXPECTED, Length, LengthOptions
from evalkit.records import Answer, Case, Decoding, FailureKind, Message, Sample, Score, Unscored


def words(count: int) -> str:
    return " ".join(["word"] * count)


def case(expected: Any = None) -> Case:
    labels = {} if expected is None else {"expected_length": expected}
    return Case("a", (Sample("a", (Message("user", "Explain."),), (), labels),))


def judge(text: str, expected: Any = None, finish: str = "stop", **options: Any) -> Score:
    by = Length("length", Decoding(), LengthOptions.model_validate(options))
    return by.judge(case(expected), Answer(text, finish=finish))


def within(count: int, expected: Any, **options: Any) -> bool:
    result = judge(words(count), expected, **options).results["within"]
    assert not isinstance(result, Unscored)
    return result == (1.0, 1.0)


def test_words_and_sentences_are_counted() -> None:
    score = judge("Two words. And three more!")
    assert score.results["words"] == (5.0, 1.0)
    assert score.results["sentences"] == (2.0, 1.0)


def test_tokens_are_those_the_model_counted_and_no_others() -> None:
    check = Length("length", Decoding())
    counted = check.judge(case(), Answer("Two words.", output_tokens=5))
    assert counted.results["tokens"] == (5.0, 1.0)
    assert counted.evidence["tokens"] == 5
    assert check.judge(case(), Answer("", output_tokens=0)).results["tokens"] == (0.0, 1.0)
    silent = check.judge(case(), Answer("Two words."))
    assert silent.results["tokens"] == Unscored("the model does not count tokens")
    assert silent.results["words"] == (2.0, 1.0)
    assert "tokens" not in silent.evidence


def test_a_short_answer_has_fewer_than_fifty_words() -> None:
    assert within(49, "short")
    assert not within(50, "short")
    assert within(0, "Short ")


def test_a_long_answer_has_more_than_twenty_words() -> None:
    assert within(21, "long")
    assert not within(20, "long")


def test_the_suite_says_what_short_and_long_mean() -> None:
    assert within(50, "short", short={"max": 50})
    assert not within(51, "short", short={"max": 50})
    assert within(20, "long", long={"min": 20})
    assert not within(301, "long", long={"min": 20, "max": 300})


@pytest.mark.parametrize("expected", [{"min": 3, "max": 5}, "3-5", "3 to 5", "3–5", {"min": 3, "max": 5, "over": None}])
def test_a_row_may_bring_its_own_bounds(expected: Any) -> None:
    assert [within(count, expected) for count in (2, 3, 5, 6)] == [False, True, True, False]


@pytest.mark.parametrize("expected", [40, 40.0, "40"])
def test_a_number_means_about_so_many_words(expected: Any) -> None:
    assert [within(count, expected) for count in (29, 30, 50, 51)] == [False, True, True, False]
    assert not within(41, expected, tolerance=0)


@pytest.mark.parametrize("expected", [None, "", {}])
def test_a_row_without_expectation_is_counted_and_not_held_to_one(expected: Any) -> None:
    score = judge(words(7), expected)
    assert score.results["within"] == NOTHING_EXPECTED
    assert score.results["words"] == (7.0, 1.0)
    assert "expected" not in score.evidence


@pytest.mark.parametrize("expected", ["medium", True, -3, {"min": 5, "max": 2}, {"least": 3}, ["short"], "9-2"])
def test_an_expectation_that_cannot_be_read_is_unscored_with_a_warning(expected: Any) -> None:
    result = judge(words(7), expected).results["within"]
    assert isinstance(result, Unscored)
    assert result.reason.startswith("unknown expected length")
    rows = [case(expected).sample, case("short").sample, case().sample]
    assert "1 of 3 rows expect a length that is not" in "".join(Length("length", Decoding()).warnings(rows))


def test_readable_expectations_are_no_warning() -> None:
    assert not list(Length("length", Decoding()).warnings([case("short").sample, case().sample]))


def test_truncated_answers_are_counted() -> None:
    assert judge("cut off", finish="length").results["truncated"] == (1.0, 1.0)
    assert judge("done.").results["truncated"] == (0.0, 1.0)


def test_empty_answers_are_counted() -> None:
    assert judge(" \u200b\n").results["empty"] == (1.0, 1.0)
    assert judge("-").results["empty"] == (0.0, 1.0)


def test_evidence_says_what_was_expected() -> None:
    assert judge(words(3), "short").evidence == {"words": 3, "finish": "stop", "expected": "<50"}


def test_a_failed_answer_counts_for_no_expectation_that_was_not_there() -> None:
    for expected, left_out in ((None, {"within"}), ("long", set())):
        conversation = Length("length", Decoding()).examine(case(expected))
        next(conversation)
        with pytest.raises(StopIteration) as end:
            conversation.send([Answer.failed(FailureKind.TIMEOUT, "late")])
        assert end.value.value.error
        assert set(end.value.value.results) == left_out


@settings(max_examples=60)
@given(st.text(max_size=300), st.sampled_from(["short", "long", 20, None]))
def test_counts_are_whole_and_not_negative(text: str, expected: Any) -> None:
    results = judge(text, expected).results
    for name in ("words", "sentences"):
        count = results[name][0]  # type: ignore[index]
        assert count >= 0
        assert count == int(count)
    assert results["empty"] == (0.0, 1.0) or results["words"] == (0.0, 1.0)


@given(st.integers(0, 80), st.integers(0, 80), st.integers(0, 80))
def test_within_agrees_with_its_bounds(count: int, low: int, high: int) -> None:
    low, high = sorted((low, high))
    assert within(count, {"min": low, "max": high}) == (low <= count <= high) == Bounds(min=low, max=high).hold(count)


@pytest.mark.parametrize("odd", [math.inf, math.nan, -1])
def test_a_number_that_no_answer_can_have_is_unknown(odd: float) -> None:
    assert isinstance(judge("One.", odd).results["within"], Unscored)
