"""Body templates and response paths of endpoints of any kind."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import ModelError
from evalkit.models.endpoint.template import BodyTemplate, MissingPart, ResponsePath
from evalkit.records import Decoding, Generate, Message

CONVERSATION = (
    Message("system", "Be brief."),
    Message("user", "Hi"),
    Message("assistant", "Yes?"),
    Message("user", "Why?"),
)


def fill(body: Any, messages: tuple[Message, ...] = (Message("user", "Hi"),), **decoding: Any) -> Any:
    return BodyTemplate(body).fill(Generate(messages, Decoding(**decoding)), "m", seed=11)


def test_a_leaf_that_is_one_variable_becomes_its_value() -> None:
    body = {
        "a": ["{{ prompt }}", {"b": "{{max_tokens}}"}],
        "c": "{{ temperature }}",
        "d": " {{ seed }} ",
        "e": "{{ stop }}",
    }
    assert fill(body, max_tokens=5, temperature=0.5, stop=("x",)) == {
        "a": ["Hi", {"b": 5}], "c": 0.5, "d": 11, "e": ["x"]
    }  # fmt: skip


def test_other_leaves_are_text_and_everything_else_stays() -> None:
    body = {"q": "Q: {{ prompt }} ({{ model }})\n", "n": None, "t": True, "f": 1.5, "l": []}
    assert fill(body) == {"q": "Q: Hi (m)\n", "n": None, "t": True, "f": 1.5, "l": []}


def test_messages_are_a_list_of_objects() -> None:
    assert fill({"m": "{{ messages }}"}, CONVERSATION)["m"][0] == {"role": "system", "content": "Be brief."}


def test_the_prompt_leaves_the_system_text_to_a_template_that_places_it() -> None:
    assert fill(["{{ prompt }}"], CONVERSATION) == ["Be brief.\n\nHi\n\nYes?\n\nWhy?"]
    assert fill(["{{ system }}", "{{ prompt }}"], CONVERSATION) == ["Be brief.", "Hi\n\nYes?\n\nWhy?"]
    assert fill(["{{ user }}"], CONVERSATION) == ["Why?"]


def test_templates_can_loop_over_messages() -> None:
    body = ["{% for m in messages %}[{{ m.role }}] {{ m.content }}{% endfor %}"]
    assert fill(body, CONVERSATION[1:3]) == ["[user] Hi[assistant] Yes?"]


@given(text=st.text("{}%\"'\\<&é \n#a"))
def test_what_people_ask_is_never_taken_for_a_template(text: str) -> None:
    assert fill(["{{ prompt }}", "<{{ prompt }}>"], (Message("user", text),)) == [text, f"<{text}>"]


@pytest.mark.parametrize(
    ("body", "where", "complaint"),
    [
        ({"a": [{"b": "{{ promt }}"}]}, "body.a.0.b", "unknown variable 'promt'"),
        ({"a": "{{ prompt"}, "body.a", "cannot be read"),
        (["{{ prompt }}", "{{ prompt.nothing.more }}"], "body.1", "cannot be filled"),
        (["{{ prompt }}", "{{ 1 / 0 }}"], "body.1", "cannot be filled"),
        (["{{ prompt }}", "{{ messages.append(1) }}"], "body.1", "cannot be filled"),
        (["{{ prompt }}", "{{ prompt.__class__.__mro__ }}"], "body.1", "cannot be filled"),
        ({"a": "fixed"}, "body", "never mentions the prompt"),
        ({"a": {1, 2}}, "body", "not JSON"),
    ],
)
def test_a_wrong_template_is_found_when_the_model_is_opened(body: Any, where: str, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint) as caught:
        BodyTemplate(body)
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("path", "data", "text"),
    [
        ("", "text", "text"),
        ("predictions.0.text", {"predictions": [{"text": "a"}]}, "a"),
        ("predictions[0].text", {"predictions": [{"text": "a"}]}, "a"),
        ("[0][1]", [["a", "b"]], "b"),
        ("0", {"0": "key"}, "key"),
        ("out.-1", {"out": ["a", "b"]}, "b"),
        ("n", {"n": 42}, "42"),
        ("n", {"n": 0.5}, "0.5"),
    ],
)
def test_a_path_finds_the_text(path: str, data: Any, text: str) -> None:
    assert ResponsePath(path).find(data) == text


@pytest.mark.parametrize(
    ("path", "data", "complaint"),
    [
        ("a.b", {"a": {"c": 1, "d": 2}}, "no 'a.b': 'a' is an object with c, d"),
        ("a", {}, "no 'a': it is an object with nothing"),
        ("a.3", {"a": [1]}, "'a' is a list of 1"),
        ("a.b", {"a": [1]}, "'a' is a list"),
        ("a.b", {"a": "x"}, "'a' is text"),
        ("a.b", {"a": None}, "'a' is null"),
        ("a", {"a": ["x"]}, "the answer's a is a list, not text"),
        ("a", {"a": True}, "is a truth value, not text"),
        ("", {"a": 1}, "the answer's JSON is an object, not text"),
    ],
)
def test_a_path_that_leads_nowhere_says_how_far_it_led(path: str, data: Any, complaint: str) -> None:
    with pytest.raises(MissingPart) as caught:
        ResponsePath(path).find(data)
    assert complaint in str(caught.value)


def test_a_path_with_a_hole_is_refused() -> None:
    with pytest.raises(ModelError, match="not a path"):
        ResponsePath("a..b")
