"""Determinism: equal texts every time, and where they part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from evalkit.checks.determinism import SHOWN, Determinism, DeterminismOptions, first_difference
from evalkit.records import Answer, Case, Decoding, FailureKind, Message, Sample, Score, Status

CASE = Case("a", (Sample("a", (Message("user", "Hello?"),)),))


def check(repeats: int = 5, **decoding: Any) -> Determinism:
    return Determinism("steady", Decoding(**decoding), DeterminismOptions(repeats=repeats))


def judge(answers: Sequence[Answer | str]) -> Score:
    conversation = check(len(answers)).examine(CASE)
    next(conversation)
    with pytest.raises(StopIteration) as end:
        conversation.send([Answer(answer) if isinstance(answer, str) else answer for answer in answers])
    return end.value.value


def test_each_attempt_is_a_request_of_its_own_that_no_old_answer_serves() -> None:
    requests = next(check(3, temperature=0.7, seed=5).examine(CASE))
    assert [request.attempt for request in requests] == [0, 1, 2]
    assert all(request.fresh for request in requests)
    assert all(request.ask.decoding == Decoding(temperature=0.7, seed=5) for request in requests)  # type: ignore[union-attr]


def test_five_repetitions_are_the_default_and_one_is_refused() -> None:
    assert DeterminismOptions().repeats == 5
    with pytest.raises(ValidationError):
        DeterminismOptions(repeats=1)


def test_equal_texts_are_identical() -> None:
    score = judge(["same"] * 4)
    assert score.results == {"identical": (1.0, 1.0), "distinct": (1.0, 1.0), "agreement": (1.0, 1.0)}
    assert score.evidence == {"attempts": 4, "distinct": 1}


def test_one_text_out_of_four_is_counted_and_shown() -> None:
    score = judge(["The cat sat.", "The cat sat.", "The cow sat.", "The cat sat."])
    assert score.results == {"identical": (0.0, 1.0), "distinct": (2.0, 1.0), "agreement": (0.75, 1.0)}
    assert score.evidence["position"] == 5
    assert score.evidence["attempt"] == 2
    assert (score.evidence["first"], score.evidence["other"]) == ("The cat sat.", "The cow sat.")


def test_all_texts_different_is_the_worst() -> None:
    by, score = check(3), judge(["a", "b", "c"])
    assert score.results == {"identical": (0.0, 1.0), "distinct": (3.0, 1.0), "agreement": (1 / 3, 1.0)}
    assert {metric.name: metric.worst for metric in by.metrics} == score.results


def test_reasoning_blocks_are_not_compared() -> None:
    assert judge([Answer("x", reasoning="a"), Answer("x", reasoning="b")]).results["identical"] == (1.0, 1.0)


def test_one_failed_attempt_is_an_error() -> None:
    score = judge([Answer("x"), Answer.failed(FailureKind.UNSUPPORTED, "y"), Answer.failed(FailureKind.NETWORK, "z")])
    assert score.error == "network: z", "an error says more than what is not supported"


def test_what_is_not_supported_is_unscored() -> None:
    assert judge([Answer("x"), Answer.failed(FailureKind.UNSUPPORTED, "fresh")]).status is Status.UNSCORED


def test_a_beginning_of_the_other_text_parts_at_its_end() -> None:
    assert first_difference(["abc", "abcd"]) == {"position": 3, "attempt": 1, "first": "abc", "other": "abcd"}
    assert first_difference(["", "x"])["position"] == 0


def test_long_texts_are_shown_around_their_first_difference_only() -> None:
    found = first_difference(["a" * 500 + "b" * 500, "a" * 500 + "c" * 500])
    assert found["position"] == 500
    assert found["first"] == "a" * 30 + "b" * 30
    assert found["other"] == "a" * 30 + "c" * 30


def test_sampling_is_a_warning() -> None:
    assert "temperature is 0.7: every repetition draws anew" in "".join(check(temperature=0.7).warnings([]))
    assert not list(check().warnings([]))


@given(st.lists(st.text(max_size=40), min_size=2, max_size=6))
def test_the_first_difference_is_one_and_the_first(texts: list[str]) -> None:
    found = first_difference(texts)
    if len(set(texts)) == 1:
        assert found == {}
        return
    at, other = found["position"], texts[found["attempt"]]
    assert texts[0][:at] == other[:at]
    assert texts[0][at : at + 1] != other[at : at + 1]
    assert len(found["first"]) <= SHOWN


@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=8))
def test_the_order_of_attempts_changes_no_number(texts: list[str]) -> None:
    assert judge(texts).results == judge(sorted(texts)).results
