"""How the exchanges of a case are told: one heading each, and named answers that say the same only once."""

from __future__ import annotations

from typing import Any

import pytest

from evalkit.records import Message
from evalkit.report.together import Told, together
from evalkit.results import Exchange, Finding

HI, BYE = Message("user", "Hi"), Message("user", "Bye")


def exchange(answer: str, message: Message = HI, sample: str = "a", **more: Any) -> Exchange:
    return Exchange(sample, (message,), answer, **more)


def told(*exchanges: Exchange, **evidence: Any) -> list[Told]:
    return together(Finding("f", "a", "sound", 0.0, exchanges, evidence))


def test_equal_answers_stand_once_under_the_names_of_all() -> None:
    found = told(exchange("x"), exchange("y"), exchange("x"), answers=["reference", "padding", "repeat"])
    assert [(one.position, one.heading, one.exchange.answer) for one in found] == [
        (0, "reference, repeat", "x"),
        (1, "padding", "y"),
    ]


def test_an_answer_that_ended_otherwise_or_answers_another_prompt_stands_by_itself() -> None:
    names = ["one", "two", "three"]
    found = told(exchange("x"), exchange("x", finish="length"), exchange("x", BYE), answers=names)
    assert [one.heading for one in found] == names


def test_a_name_that_comes_twice_is_said_once() -> None:
    assert [one.heading for one in told(exchange("x"), exchange("x"), answers=["same", "same"])] == ["same"]


@pytest.mark.parametrize("strange", [None, "reference", ["only one"], ["a", 2], {"a": "b"}, 7])
def test_names_that_do_not_fit_the_answers_name_none(strange: Any) -> None:
    found = told(exchange("x"), exchange("x"), answers=strange)
    assert [one.heading for one in found] == ["attempt 1", "attempt 2"]


def test_without_names_groups_samples_and_turns_are_the_headings() -> None:
    assert [one.heading for one in told(exchange("x"))] == [""]
    assert [one.heading for one in told(exchange("x"), exchange("y", BYE))] == ["turn 1", "turn 2"]
    assert [one.heading for one in told(exchange("x"), exchange("y", sample="b"))] == ["a", "b"]
    grouped = [exchange("x", labels={"group": name}) for name in ("she", "he")]
    assert [one.heading for one in told(*grouped)] == ["she", "he"]


def test_a_name_is_hostile_text_too() -> None:
    (one,) = told(exchange("x"), exchange("x"), answers=["<b>\u202e\n", "\x1b[31m" + "long" * 200])
    assert "\n" not in one.heading
    assert "\x1b" not in one.heading
    assert "\u202e" not in one.heading
    assert len(one.heading) < 200
