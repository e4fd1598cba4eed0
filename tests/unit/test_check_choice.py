"""Multiple choice by likelihood: which choice is right, which one is preferred, and what is a tie."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.checks.choice import Choice, ChoiceOptions
from evalkit.metrics.choice import Choices, length_of, preferred, probability, read_choices, right_one
from evalkit.records import Answer, Case, Decoding, FailureKind, Likelihood, Message, Sample, Score, Unscored

CITIES = Choices(("Rome", "Paris", "Oslo"), ("A", "B", "C"))


def score(
    row: Mapping[str, Any], logprobs: Mapping[str, tuple[float, ...]], *references: str, **options: Any
) -> tuple[Score, list[Likelihood]]:
    sample = Sample("a", (Message("user", "Where?"),), references, row)
    conversation = Choice("choice", Decoding(), ChoiceOptions(**options)).examine(Case("a", (sample,)))
    asked: list[Likelihood] = []
    try:
        requests = next(conversation)
        for request in requests:
            assert isinstance(request.ask, Likelihood)
            asked.append(request.ask)
        conversation.send([Answer("", logprobs=logprobs[ask.continuation.strip()]) for ask in asked])
    except StopIteration as end:
        return end.value, asked
    raise AssertionError("the check asks twice")


def test_lengths_decide_between_a_short_and_a_long_choice_as_the_names_say() -> None:
    """Rome: -4 over 4 characters and 1 token; Saint Petersburg: -9 over 16 characters and 6 tokens."""
    found, _ = score(
        {"choices": ["Rome", "Saint Petersburg"]},
        {"Rome": (-4.0,), "Saint Petersburg": (-1.5,) * 6},
        "Saint Petersburg",
    )
    assert found.results["accuracy"] == (0.0, 1.0)
    assert found.results["accuracy_per_character"] == (1.0, 1.0)
    assert found.results["accuracy_per_byte"] == (1.0, 1.0)
    assert found.results["accuracy_per_token"] == (1.0, 1.0)
    assert found.results["probability"] == (pytest.approx(math.exp(-9) / (math.exp(-4) + math.exp(-9))), 1.0)
    assert found.results["tied"] == (0.0, 1.0)
    assert [row["best"] for row in found.evidence["choices"]] == ["plain", "per character, per byte, per token"]


def test_bytes_and_characters_differ_beyond_ascii() -> None:
    assert length_of("Zürich", 3, "characters") == 6
    assert length_of("Zürich", 3, "bytes") == 7
    assert length_of("Zürich", 3, "tokens") == 3
    assert length_of("Zürich", 3, "none") == 1


def test_a_tie_is_wrong_wherever_the_right_choice_stands() -> None:
    for right in ("Rome", "Oslo"):
        found, _ = score({"choices": ["Rome", "Oslo"]}, {"Rome": (-2.0,), "Oslo": (-2.0,)}, right)
        assert found.results["accuracy"] == (0.0, 1.0)
        assert found.results["tied"] == (1.0, 1.0)
        assert "none" in found.evidence["tied"]


def test_letters_are_scored_where_the_suite_says_so() -> None:
    found, asked = score({"choices": ["Rome", "Oslo"]}, {"A": (-2.0,), "B": (-1.0,)}, "Oslo", score="letter")
    assert [ask.continuation for ask in asked] == ["A", "B"]
    assert found.results["accuracy"] == (1.0, 1.0)


def test_a_plain_context_is_text_and_the_choice_follows_a_space() -> None:
    _, asked = score({"choices": ["x", "y"]}, {"x": (-2.0,), "y": (-1.0,)}, "y", context="plain")
    assert [(ask.context, ask.continuation) for ask in asked] == [("Where?", " x"), ("Where?", " y")]


@pytest.mark.parametrize(
    ("answers", "reading", "right"),
    [
        (("Paris",), "auto", 1),
        (("b",), "auto", 1),
        (("(C)",), "auto", 2),
        (("0",), "auto", 0),
        (("2",), "index", 2),
        (("Paris", "B"), "auto", 1),
    ],
)
def test_the_right_choice_is_named_by_text_letter_or_number(answers: tuple[str, ...], reading: str, right: int) -> None:
    assert right_one(CITIES, answers, reading) == right


@pytest.mark.parametrize(
    ("choices", "answers", "reading", "reason"),
    [
        (CITIES, ("Madrid",), "auto", "none of the choices"),
        (CITIES, ("3",), "auto", "none of the choices"),
        (CITIES, ("B",), "index", "none of the choices"),
        (CITIES, (), "auto", "no answer"),
        (CITIES, ("Rome", "Paris"), "auto", "several"),
        (Choices(("1", "2", "3"), ("A", "B", "C")), ("1",), "auto", "say answer_is"),
        (Choices(("B", "A"), ("A", "B")), ("A",), "auto", "say answer_is"),
    ],
)
def test_no_right_choice_is_guessed(choices: Choices, answers: tuple[str, ...], reading: str, reason: str) -> None:
    found = right_one(choices, answers, reading)
    assert isinstance(found, Unscored)
    assert reason in found.reason


def test_a_number_is_a_text_or_an_index_as_the_suite_says() -> None:
    choices = Choices(("1", "2", "3"), ("A", "B", "C"))
    assert right_one(choices, ("1",), "text") == 0
    assert right_one(choices, ("1",), "index") == 1


def test_labels_of_their_own_name_choices() -> None:
    choices = read_choices({"text": ["Rome", "Paris"], "label": ["1", "2"]})
    assert isinstance(choices, Choices)
    assert right_one(choices, ("2",), "auto") == 1


@pytest.mark.parametrize("labels", [["a", "b"], ["(A)", "(B)"], ["A.", "B."]])
@pytest.mark.parametrize("answer", ["b", "B", "(B)"])
def test_labels_name_choices_however_they_are_written(labels: list[str], answer: str) -> None:
    choices = read_choices({"text": ["Rome", "Paris"], "label": labels})
    assert isinstance(choices, Choices)
    assert right_one(choices, (answer,), "letter") == 1


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (None, "no list"),
        ("Rome", "no list"),
        ([["a"], ["b"]], "no list"),
        (["Rome"], "fewer than two"),
        (["Rome", " Rome"], "the same"),
        (["Rome", ""], "empty"),
        (list(map(str, range(30))), "more than 26"),
    ],
)
def test_choices_that_cannot_be_compared_are_unscored(given: Any, reason: str) -> None:
    found, asked = score({"choices": given}, {}, "Rome")
    assert not asked
    assert all(isinstance(result, Unscored) and reason in result.reason for result in found.results.values())


def test_an_index_among_the_labels_is_read() -> None:
    found, _ = score({"choices": ["Rome", "Oslo"], "label": 1}, {"Rome": (-2.0,), "Oslo": (-1.0,)})
    assert found.results["accuracy"] == (1.0, 1.0)


def test_a_model_without_likelihoods_leaves_the_cases_unscored() -> None:
    sample = Sample("a", (Message("user", "?"),), ("x",), {"choices": ["x", "y"]})
    conversation = Choice("choice", Decoding(), ChoiceOptions()).examine(Case("a", (sample,)))
    next(conversation)
    with pytest.raises(StopIteration) as end:
        conversation.send([Answer.failed(FailureKind.UNSUPPORTED, "no likelihoods")] * 2)
    assert all(isinstance(result, Unscored) for result in end.value.value.results.values())


@given(st.lists(st.floats(-1e4, 0), min_size=2, max_size=8))
def test_probabilities_add_up_to_one_and_the_preferred_one_is_the_largest(logprobs: list[float]) -> None:
    shares = [probability(logprobs, at) for at in range(len(logprobs))]
    assert sum(shares) == pytest.approx(1.0)
    assert shares[preferred(logprobs, [1.0] * len(logprobs)).best] == max(shares)


@given(st.lists(st.floats(-100, 0), min_size=2, max_size=6), st.randoms())
def test_the_order_of_the_choices_does_not_decide(logprobs: list[float], draw: Any) -> None:
    order = list(range(len(logprobs)))
    draw.shuffle(order)
    lengths = [1.0] * len(logprobs)
    first, second = preferred(logprobs, lengths), preferred([logprobs[at] for at in order], lengths)
    assert first.tied == second.tied
    assert first.tied or order[second.best] == first.best


def test_choices_that_are_all_impossible_are_tied() -> None:
    assert preferred([float("-inf")] * 3, [1.0, 2.0, 3.0]).tied
    assert not preferred([float("-inf"), -2.0], [1.0, 1.0]).tied
