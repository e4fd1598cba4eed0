"""Thinking is kept apart from the answer, and an answer that only mentions it stays whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.models.reasoning import TAGS, opens_reasoning, split_reasoning


@pytest.mark.parametrize(
    ("text", "answer", "reasoning"),
    [
        ("<think>two and two</think>four", "four", "two and two"),
        ("  <think>\nhm\n</think>\n\nfour ", "four", "hm"),
        ("<thinking>a</thinking><think>b</think>c", "c", "a\n\nb"),
        ("[THINK]a[/THINK]b", "b", "a"),
        ("first\n<think>more</think>\nsecond", "first\n\nsecond", "more"),
        ("<think></think>\n\nplain", "plain", ""),
        ("<think>cut off here", "", "cut off here"),
        ("answer\n<think>cut off", "answer", "cut off"),
        ("so it is two\n</think>\n\nfour", "four", "so it is two"),
        ("so it is two</think>\nfour", "four", "so it is two"),
        ("<reasoning>r</reasoning>", "", "r"),
        ("<thought>r</thought>x", "x", "r"),
    ],
)
def test_blocks_are_split_off(text: str, answer: str, reasoning: str) -> None:
    assert split_reasoning(text) == (answer, reasoning)


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "  white space stays \n",
        "",
        "use the <think> tag to think",
        "write <think>x</think> inside a sentence",
        "close it with </think> and go on",
        "1 < 2 and <b>bold</b>",
        "<THINKER>no</THINKER>",
    ],
)
def test_an_answer_without_a_block_stays_as_it_is(text: str) -> None:
    assert split_reasoning(text) == (text, "")


def test_a_text_that_goes_on_thinking_from_the_prompt() -> None:
    assert split_reasoning("hm</think>four", opened=True) == ("four", "hm")
    assert split_reasoning("hm, this takes", opened=True) == ("", "hm, this takes")


@pytest.mark.parametrize(
    ("prompt", "opened"),
    [
        ("user: hi\nassistant: <think>\n", True),
        ("assistant: [THINK]", True),
        ("assistant: <think>\n\n</think>\n\n", False),
        ("about <think> tags: ", False),
        ("", False),
    ],
)
def test_a_prompt_that_ends_inside_a_block_is_recognised(prompt: str, opened: bool) -> None:
    assert opens_reasoning(prompt) is opened


words = st.text(alphabet=st.characters(blacklist_characters="<>[]"), max_size=30)


@given(words, words, st.sampled_from([tag for tag in TAGS if tag.islower()]))
def test_a_leading_block_of_any_tag_leaves_exactly_the_rest(inside: str, rest: str, tag: str) -> None:
    assert split_reasoning(f"<{tag}>{inside}</{tag}>{rest}") == (rest.strip(), inside.strip())


@given(st.text(max_size=60))
def test_no_text_is_too_strange(text: str) -> None:
    answer, reasoning = split_reasoning(text)
    assert len(answer) + len(reasoning) <= len(text) + 2
