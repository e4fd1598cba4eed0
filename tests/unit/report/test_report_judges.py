"""What reports say of the model that judged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evalkit.report.judges import judge_sentences
from evalkit.results import Result


def judged(make: Any, **values: tuple[float, float, float]) -> Result:
    result = make.result()
    check = replace(result.checks[0], name="pairs", kind="preference")
    estimates = tuple(
        make.estimate("pairs", name, value, between=(low, high), unit="") for name, (value, low, high) in values.items()
    )
    return replace(result, checks=(check,), estimates=estimates)


def said(result: Result, *, brief: bool = True) -> str:
    return " ".join(judge_sentences(result, brief=brief))


@pytest.mark.parametrize(
    ("name", "between", "words"),
    [
        ("position_bias", (0.4, 0.2, 0.6), "prefers what it reads first"),
        ("position_bias", (-0.4, -0.6, -0.2), "prefers what it reads last"),
        ("length_preference", (0.8, 0.7, 0.9), "prefers the longer text"),
        ("length_preference", (0.2, 0.1, 0.3), "prefers the shorter text"),
        ("length_correlation", (0.5, 0.3, 0.7), "gives more to longer texts"),
        ("unparsed", (0.2, 0.1, 0.3), "gives no verdict that can be read"),
    ],
)
def test_a_bias_beyond_chance_is_said(make: Any, name: str, between: tuple[float, float, float], words: str) -> None:
    assert words in said(judged(make, **{name: between}))


def test_what_chance_explains_is_no_bias(make: Any) -> None:
    fair = judged(
        make,
        position_bias=(0.1, -0.1, 0.3),
        length_preference=(0.6, 0.45, 0.7),
        unparsed=(0.02, 0.0, 0.1),
        kappa=(0.61, 0.5, 0.7),
    )
    assert said(fair) == ""
    assert "shows no bias beyond chance" in said(fair, brief=False)
    assert "kappa with people: 0.61" in said(fair, brief=False)


def test_of_a_run_without_a_judge_nothing_is_said(make: Any) -> None:
    assert said(make.result(), brief=False) == ""
