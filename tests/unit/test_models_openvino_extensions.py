"""Prompts that go on where another ended, which the OpenVINO engine must not be given together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openvino_pipeline import asking, install, open_session, texts

from evalkit.models.hf.tokens import Tokens
from evalkit.models.openvino import extensions
from evalkit.models.openvino.extensions import Asked

PROMPTS = st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=6).map(tuple), max_size=8)


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


@given(earlier=PROMPTS, prompts=PROMPTS)
def test_what_two_prompts_go_on_from_is_found_and_nothing_else(earlier: list[Tokens], prompts: list[Tokens]) -> None:
    asked = Asked()
    asked.take_note(earlier)
    expected = {}
    for place, prompt in enumerate(prompts):
        others = [other for at, other in enumerate(prompts) if at != place]
        shared = [
            before
            for before in earlier
            if prompt[: len(before)] == before != prompt and any(other[: len(before)] == before for other in others)
        ]
        if shared:
            expected[prompt] = min(shared, key=len)
    assert asked.went_on_from(prompts) == expected


def test_no_more_prompts_are_remembered_than_any_cache_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extensions, "REMEMBERED", 3)
    asked = Asked()
    asked.take_note([(number,) for number in range(5)])
    assert asked.went_on_from([(1, 1), (1, 2)]) == {}
    assert asked.went_on_from([(2, 1), (2, 2)]) == {(2, 1): (2,), (2, 2): (2,)}


def test_one_prompt_at_a_time_goes_on_from_another_and_the_rest_goes_on_together() -> None:
    session, made = open_session({"A": "X", "B": "LONG", "C": "Y", "D": "LONGEST", "E": "Z"})
    assert texts(session, [asking("A")]) == {0: "X"}
    made[0].at_once.clear()
    told = [position for position, _ in session.ask([asking(text) for text in ("AB", "AC", "D", "AE", "C")])]
    assert sorted(told) == [0, 1, 2, 3, 4]
    under_way = [set(step) for step in made[0].under_way[2:]]
    assert all(len({"AB", "AC", "AE"} & step) <= 1 for step in under_way)
    assert under_way[0] == {"AB", "D", "C"}


def test_who_waited_for_one_that_broke_the_engine_is_answered() -> None:
    session, _ = open_session({"A": "X", "B": "LONG", "C": "Y", "E": "Z"}, poison="B")
    assert texts(session, [asking("A")]) == {0: "X"}
    answers = dict(session.ask([asking(text) for text in ("AB", "AC", "AE")]))
    assert answers[0].failure is not None
    assert [answers[place].text for place in (1, 2)] == ["Y", "Z"]
