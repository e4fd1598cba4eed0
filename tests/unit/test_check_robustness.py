"""Robustness: the difference between a row as it stands and its rewordings, a row and its variants being one case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from check_driver import drive
from hypothesis import given
from hypothesis import strategies as st

from evalkit.checks.robustness import NO_REWORDING, Robustness
from evalkit.data import PerturbSpec
from evalkit.data.perturb import expand
from evalkit.metrics.match import token_f1
from evalkit.records import (
    Answer,
    Case,
    Decoding,
    FailureKind,
    Generate,
    Message,
    Request,
    Sample,
    Score,
    Status,
    Unscored,
)

KINDS = ("typos", "casing", "punctuation", "whitespace", "homoglyphs")


def family(kinds: Sequence[str] = KINDS, name: str = "a", references: tuple[str, ...] = ("Paris",)) -> list[Sample]:
    row = Sample(name, (Message("user", "What is the capital of France?"),), references)
    made, _ = expand([row], [PerturbSpec(kind) for kind in kinds])
    return list(made)


def scored(samples: Sequence[Sample], answers: Sequence[str | Answer], **options: Any) -> Score:
    check = Robustness("robustness", Decoding(), Robustness.Options(**options))
    said = dict(zip((sample.messages for sample in samples), answers, strict=True))

    def respond(request: Request) -> Answer:
        assert isinstance(request.ask, Generate)
        answer = said[request.ask.messages]
        return Answer(answer) if isinstance(answer, str) else answer

    (score,) = drive(check, samples, respond)
    return score


def numbers(score: Score) -> dict[str, float]:
    return {name: result[0] / result[1] for name, result in score.results.items() if not isinstance(result, Unscored)}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("PPPPPP", {"drop": 0, "plain": 1, "reworded": 1, "worst": 1, "broken": 0}),
        ("PPPPLL", {"drop": 0.4, "plain": 1, "reworded": 0.6, "worst": 0, "broken": 1}),
        ("LPLLLL", {"drop": -0.2, "plain": 0, "reworded": 0.2, "worst": 0}),
    ],
)
def test_the_table_of_the_page(said: str, expected: dict[str, float]) -> None:
    answers = [{"P": "It is Paris.", "L": "It is London."}[letter] for letter in said]
    assert numbers(scored(family(), answers)) == pytest.approx(expected)


def test_a_row_without_a_rewording_says_what_it_is_worth_and_no_difference() -> None:
    score = scored(family(()), ["Paris."])
    assert numbers(score) == {"plain": 1, "worst": 1}
    assert score.results["drop"] == score.results["reworded"] == NO_REWORDING


def test_a_row_and_its_variants_are_one_case_wherever_they_stand() -> None:
    samples = [*reversed(family(name="b")), *family(name="a")]
    cases: list[Case] = list(Robustness("r", Decoding()).cases(samples))
    assert [(case.id, len(case.samples), case.sample.id) for case in cases] == [("b", 6, "b"), ("a", 6, "a")]


def test_a_failed_wording_errs_the_case_and_counts_as_the_worst() -> None:
    score = scored(family(), ["Paris"] * 5 + [Answer.failed(FailureKind.NETWORK, "gone")])
    assert score.status is Status.ERRORED
    check = Robustness("r", Decoding())
    worst = {metric.name: metric.worst for metric in check.metrics}
    assert worst == {"drop": (1, 1), "plain": (0, 1), "reworded": (0, 1), "worst": (0, 1), "broken": (1, 1)}


def test_the_worst_wording_is_named() -> None:
    score = scored(family(), ["Paris", "Paris", "London", "Paris", "Paris", "Paris"])
    assert score.evidence["worst"] == "casing"
    assert scored(family(), ["Paris"] * 6).evidence["worst"] is None


@given(st.lists(st.text("Paris London", max_size=20), min_size=6, max_size=6))
def test_a_graded_metric_gives_the_difference_of_its_own_values(answers: list[str]) -> None:
    score = numbers(scored(family(), answers, metric="token_f1"))
    one = Sample("a", (), ("Paris",))
    values = []
    for text in answers:
        found = token_f1.statistics(Case("a", (one,)), (Answer(text),))
        assert not isinstance(found, Unscored)
        values.append(found[0] / found[1])
    assert score["drop"] == pytest.approx(values[0] - sum(values[1:]) / 5)
    assert score["worst"] == pytest.approx(min(values))


@pytest.mark.parametrize(
    ("metric", "said"), [("bleu", "does not say of one answer"), ("contians", "did you mean 'contains'")]
)
def test_a_metric_that_cannot_judge_one_answer_is_refused(metric: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Robustness("r", Decoding(), Robustness.Options(metric=metric))


def test_rows_without_references_are_unscored() -> None:
    assert scored(family(references=()), ["Paris"] * 6).status is Status.UNSCORED
