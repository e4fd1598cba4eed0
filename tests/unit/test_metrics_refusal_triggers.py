"""Rules are tried where their triggers stand; a trigger that is missing would hide what the rule could find."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.metrics.refusal_reading import RULES, readable, sentences
from evalkit.metrics.refusal_rules import Rule, phrase_rules, rule
from evalkit.metrics.refusal_sermons import SERMONS
from evalkit.metrics.refusal_triggers import Triggers

ROWS = Path(__file__).parents[1] / "fixtures" / "refusal_rows"
ALL = RULES + SERMONS
TRIGGERS = Triggers(ALL)
EVERY = TRIGGERS.among(ALL)


def english_sentences() -> list[str]:
    found = []
    for path in sorted(ROWS.glob("english_*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            text = readable(json.loads(line)["answer"])
            found += [text[start:end] for start, end in sentences(text)]
    return found


@pytest.fixture(scope="module")
def all_sentences() -> list[str]:
    found = english_sentences()
    assert len(found) > 1000
    return found


@pytest.mark.parametrize("tried", ALL, ids=lambda tried: tried.name)
def test_no_trigger_hides_a_match(tried: Rule, all_sentences: list[str]) -> None:
    for sentence in all_sentences:
        if tried.pattern.search(sentence):
            assert tried in TRIGGERS.possible(sentence, EVERY), sentence


@pytest.mark.parametrize("tried", [one for one in ALL if one.anchored], ids=lambda tried: tried.name)
def test_an_anchored_rule_is_found_nowhere_but_at_the_beginning(tried: Rule, all_sentences: list[str]) -> None:
    for sentence in all_sentences:
        assert (tried.pattern.search(sentence) is not None) == tried.says(sentence), sentence


def test_hardly_any_rule_is_tried_on_a_sentence_that_refuses_nothing() -> None:
    sentence = "stir the flour into the warm milk, add two eggs and bake it all for forty minutes."
    assert len(TRIGGERS.possible(sentence, EVERY)) <= 4


def test_only_the_wanted_rules_are_given_in_the_order_of_the_table() -> None:
    first, second, third = (rule(name, "norm", "apple", "apple") for name in "abc")
    triggers = Triggers([first, second, third])
    assert triggers.possible("an apple", triggers.among([third, first])) == [first, third]


def test_what_a_rule_needs_must_stand_in_the_sentence() -> None:
    needy = rule("n", "decline", "help", r"\bi\b.*help", needs="I")
    triggers = Triggers([needy])
    among = triggers.among([needy])
    assert triggers.possible("i will help", among) == [needy]
    assert triggers.possible("they will help in iceland", among) == []


def test_a_trigger_of_several_words_needs_them_all_in_that_order() -> None:
    told = rule("t", "norm", "of no use", "of no use")
    triggers = Triggers([told])
    among = triggers.among([told])
    assert triggers.possible("it is of no use", among) == [told]
    assert triggers.possible("the use of no thing", among) == []


def test_a_whole_word_is_not_found_inside_another() -> None:
    told = rule("t", "norm", "=no", "no")
    triggers = Triggers([told])
    among = triggers.among([told])
    assert triggers.possible("**no.** i do", among) == [told]
    assert triggers.possible("i know nothing", among) == []


@given(st.lists(st.sampled_from(["a", "i", "won't", "do", "it", "Nope", "不", "x y", "é"]), min_size=1, max_size=3))
def test_a_phrase_of_any_length_is_found(words: list[str]) -> None:
    (told,) = phrase_rules([" ".join(words)])
    triggers = Triggers([told])
    sentence = f"well, {' '.join(words).lower()}, and more"
    assert triggers.possible(sentence, triggers.among([told])) == [told]
