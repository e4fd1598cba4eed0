"""Every built-in check keeps to the protocol, whatever the answers are."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from check_driver import drive, last_message, sample

from evalkit import plugins
from evalkit.protocols import KINDS
from evalkit.records import (
    Answer,
    Case,
    Decoding,
    FailureKind,
    Generate,
    Message,
    Request,
    Sample,
    Status,
    Timing,
    Unscored,
)

BUILT_IN = (
    "accuracy", "bias", "coherence", "determinism", "insults", "keywords", "length", "performance", "readability",
    "safety",
)  # fmt: skip
"""Checks that can read any row."""
OF_OTHER_ROWS = {
    "bbq": "test_check_stereotypes_and_bbq.py",
    "choice": "test_check_choice.py",
    "classification": "test_check_classification.py",
    "constraints": "test_check_constraints.py",
    "conversation": "test_check_conversation.py",
    "forensic": "test_check_forensic.py",
    "judge": "test_check_judge.py",
    "leakage": "test_check_leakage.py",
    "preference": "test_check_judge.py",
    "robust_safety": "test_check_robust_safety.py",
    "robustness": "test_check_robustness.py",
    "stereotypes": "test_check_stereotypes_and_bbq.py",
}
"""Checks whose rows have columns of their own, and where they are tested."""
TEXTS = (
    "",
    "   \n\t ",
    "Paris.",
    "The capital of France is Paris, a large city on the river Seine with two million people.",
    "I'm sorry, but I can't help with that.",
    "one two " * 2000,
    "東京は日本の首都です。",
    "Столица Франции — Париж, и это знают почти все люди на этой большой планете.",
    "?!… —",
    "\x00\u202e\u200d\ud7ff😀👨‍👩‍👧",
    "1,234.5",
    "```python\nprint('hi')\n```",
)


def rows(count: int = 8) -> list[Sample]:
    """Rows that every check can read: two to a pair and cluster."""
    return [
        Sample(
            f"r{number}",
            (Message("user", f"Tell me about number {number} and group {'ab'[number % 2]}."),),
            ("The capital of France is Paris.", "Paris"),
            {
                "pair": f"p{number // 2}",
                "group": "ab"[number % 2],
                "unsafe": number % 4 < 2,
                "keywords": ["Paris", "capital"],
                "expected_length": "short" if number % 2 else "long",
            },
            f"p{number // 2}",
        )
        for number in range(count)
    ]


def built_in(name: str) -> Any:
    return plugins.load("evalkit.checks", name)(name, Decoding())


def answered(text: str) -> Answer:
    return Answer(text, prompt_tokens=9, output_tokens=7, timing=Timing(0.5, 2, 1.0))


def varied(request: Request) -> Answer:
    """Another text for another prompt or attempt, the same one when asked again."""
    return answered(TEXTS[(len(last_message(request)) * 5 + sum(map(ord, last_message(request)))) % len(TEXTS)])


def test_every_check_of_this_package_is_tested() -> None:
    ours = {point for point in plugins.names("evalkit.checks") if built_in(point).__module__.startswith("evalkit.")}
    assert ours == {*BUILT_IN, *OF_OTHER_ROWS}


@pytest.mark.parametrize(("name", "file"), OF_OTHER_ROWS.items())
def test_a_check_of_other_rows_is_tested_with_its_own(name: str, file: str) -> None:
    text = (Path(__file__).parent / file).read_text("utf-8")
    assert type(built_in(name)).__name__ in text


@pytest.mark.parametrize("name", [*BUILT_IN, *OF_OTHER_ROWS])
def test_metrics_say_what_they_are(name: str) -> None:
    metrics = built_in(name).metrics
    names = [metric.name for metric in metrics]
    assert names
    assert len(set(names)) == len(names)
    assert "coverage" not in names, "every check has it already"
    for metric in metrics:
        assert metric.name.isidentifier(), "a gate must be able to name it"
        assert metric.kind in KINDS
        assert metric.better in {"higher", "lower"}
        assert metric.signature
        if metric.kind == "rate":
            assert metric.bounds == (0.0, 1.0)
            assert metric.worst == (0.0 if metric.better == "higher" else 1.0, 1.0)


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("text", TEXTS)
def test_every_score_fits_its_metrics(name: str, text: str) -> None:
    check = built_in(name)
    metrics = {metric.name: metric for metric in check.metrics}
    for score in drive(check, rows(), lambda _: answered(text)):
        assert not score.error
        assert set(score.results) == set(metrics), "what cannot be measured says why"
        json.dumps(score.evidence, allow_nan=False)
        for result_name, result in score.results.items():
            if isinstance(result, Unscored):
                assert result.reason
                continue
            assert all(type(number) is float and math.isfinite(number) for number in result)
            metric = metrics[result_name]
            value = result[0] if metric.kind == "quantile" else metric.value(result)
            if metric.bounds and value is not None:
                assert metric.bounds[0] - 1e-12 <= value <= metric.bounds[1] + 1e-12


@pytest.mark.parametrize("name", BUILT_IN)
def test_statistics_of_one_metric_have_one_length(name: str) -> None:
    check = built_in(name)
    lengths: dict[str, set[int]] = {}
    for text in TEXTS:
        for score in drive(check, rows(), lambda _, text=text: answered(text)):  # type: ignore[misc]
            for metric, result in score.results.items():
                if not isinstance(result, Unscored):
                    lengths.setdefault(metric, set()).add(len(result))
    for metric in check.metrics:
        assert len(lengths[metric.name]) == 1
        if metric.worst is not None:
            assert {len(metric.worst)} == lengths[metric.name]


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_failed_answer_is_an_error_and_never_a_score(name: str) -> None:
    check = built_in(name)
    scores = drive(check, rows(), lambda _: Answer.failed(FailureKind.TIMEOUT, "no answer in 30 s"))
    assert {score.status for score in scores} == {Status.ERRORED}
    assert {score.error for score in scores} == {"time-out: no answer in 30 s"}


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_the_backend_does_not_support_is_unscored(name: str) -> None:
    check = built_in(name)
    for score in drive(check, rows(), lambda _: Answer.failed(FailureKind.UNSUPPORTED, "this")):
        assert score.status is Status.UNSCORED
        assert score.results == {metric.name: Unscored("not supported: this") for metric in check.metrics}


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_same_answers_give_the_same_score_again(name: str) -> None:
    first, second = (drive(built_in(name), rows(), varied) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("size", [2, 4, 6])
def test_cases_of_blocks_are_the_cases_of_the_whole(name: str, size: int) -> None:
    check, whole = built_in(name), rows(16)
    blocks = [whole[start : start + size] for start in range(0, len(whole), size)]
    assert [case for block in blocks for case in check.cases(block)] == list(check.cases(whole))


@pytest.mark.parametrize("name", BUILT_IN)
def test_cases_have_names_of_their_own_and_a_cluster(name: str) -> None:
    cases = list(built_in(name).cases(rows(16)))
    assert len({case.id for case in cases}) == len(cases)
    assert all(case.cluster for case in cases)


@pytest.mark.parametrize("name", BUILT_IN)
def test_no_more_rounds_are_asked_than_announced(name: str) -> None:
    check = built_in(name)
    for case in check.cases(rows()):
        conversation = check.examine(case)
        requests: Sequence[Request] | None = next(conversation)
        rounds = 0
        while requests is not None:
            rounds += 1
            try:
                requests = conversation.send([answered("yes") for _ in requests])
            except StopIteration:
                requests = None
        assert rounds <= check.max_rounds


@pytest.mark.parametrize("name", sorted(set(BUILT_IN) - {"determinism", "performance"}))
def test_checks_of_one_answer_ask_what_others_ask(name: str) -> None:
    """Equal requests are asked once: five checks on a prompt cost one generation."""
    row = rows(2)
    (requests, *_) = [next(built_in(name).examine(case)) for case in built_in(name).cases(row)]
    assert requests[0] == Request(Generate(row[0].messages, Decoding()))


def test_speed_is_measured_on_the_first_repetition_of_determinism() -> None:
    case = Case("a", (sample("a"),))
    (timed,) = next(built_in("performance").examine(case))
    assert timed in next(built_in("determinism").examine(case))
    assert timed.fresh


@pytest.mark.parametrize("name", BUILT_IN)
def test_rows_without_labels_do_not_break_a_check(name: str) -> None:
    check, bare = built_in(name), [replace(row, labels={}, references=()) for row in rows()]
    list(check.warnings(bare))
    for score in drive(check, bare, varied):
        assert not score.error


@pytest.mark.parametrize("name", BUILT_IN)
def test_options_have_defaults_and_refuse_unknown_keys(name: str) -> None:
    options = plugins.load("evalkit.checks", name).Options
    assert options() == options.model_validate({})
    with pytest.raises(ValueError, match="unheard_of"):
        options.model_validate({"unheard_of": 1})
