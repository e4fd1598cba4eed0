"""Records through JSON and back."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import StoreError
from evalkit.records import (
    Answer,
    Condition,
    Failure,
    FailureKind,
    Generate,
    Likelihood,
    Message,
    Request,
    Sample,
    Score,
    Timing,
    Unscored,
)
from evalkit.store import documents as doc

ANY_TEXT = st.text(st.characters(codec=None), max_size=40)  # lone surrogates and NUL too
FINITE = st.floats(allow_nan=False, allow_infinity=True)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)
FLOATS = st.none() | st.lists(FINITE, max_size=4).map(tuple)
ANSWERS = st.builds(
    Answer,
    text=ANY_TEXT,
    finish=st.sampled_from(["stop", "length", "error"]),
    prompt_tokens=st.none() | st.integers(0, 10**9),
    output_tokens=st.none() | st.integers(0, 10**9),
    timing=st.builds(
        Timing, st.floats(0, 1e6), st.integers(1, 512), st.none() | st.floats(-1e6, 1e6), st.none() | st.floats(0, 1e6)
    ),
    reasoning=ANY_TEXT,
    margins=FLOATS,
    logprobs=FLOATS,
    failure=st.none() | st.builds(Failure, st.sampled_from(FailureKind), ANY_TEXT, st.booleans()),
    served_by=ANY_TEXT,
)
SAMPLES = st.builds(
    Sample,
    id=ANY_TEXT,
    messages=st.lists(st.builds(Message, st.sampled_from(["system", "user"]), ANY_TEXT), max_size=3).map(tuple),
    references=st.lists(ANY_TEXT, max_size=3).map(tuple),
    labels=st.dictionaries(ANY_TEXT, JSON_VALUES, max_size=3),
    cluster=ANY_TEXT,
    origin=ANY_TEXT,
)
SCORES = st.builds(
    Score,
    results=st.dictionaries(
        ANY_TEXT, st.lists(FINITE, max_size=4).map(tuple) | st.builds(Unscored, ANY_TEXT), max_size=3
    ),
    evidence=st.dictionaries(ANY_TEXT, JSON_VALUES, max_size=3),
    error=ANY_TEXT,
)


@given(ANSWERS)
def test_answers_come_back_equal(answer: Answer) -> None:
    text = doc.answer_document(answer)
    text.encode("utf-8")
    assert "\0" not in text
    assert doc.answer_of(doc.load(text)) == answer


@given(SAMPLES)
def test_samples_come_back_equal(sample: Sample) -> None:
    text = doc.sample_document(sample)
    text.encode("utf-8")
    assert doc.sample_of(sample.id, doc.load(text)) == sample


@given(SCORES)
def test_scores_come_back_equal(score: Score) -> None:
    text = doc.score_document(score)
    text.encode("utf-8")
    assert doc.score_of(doc.load(text)) == score
    assert doc.measured_of(text) == replace(score, evidence={})


@given(ANY_TEXT)
def test_names_of_any_kind_fit_into_a_column_and_come_back(name: str) -> None:
    stored = doc.stored_name(name)
    stored.encode("utf-8")
    assert "\0" not in stored
    assert doc.shown_name(stored) == name


@given(ANY_TEXT, ANY_TEXT)
def test_two_names_never_become_one(first: str, second: str) -> None:
    assert (doc.stored_name(first) == doc.stored_name(second)) == (first == second)


def test_ordinary_names_are_stored_as_they_are() -> None:
    assert doc.stored_name("qa-17") == "qa-17"
    assert doc.stored_name("Größe") == "Größe"


def test_readable_text_stays_readable_in_the_database() -> None:
    assert "naïve 東京" in doc.answer_document(Answer("naïve 東京"))


def test_what_json_does_not_know_becomes_what_it_knows() -> None:
    import numpy as np

    values = {
        "share": np.float32(0.5),
        "ranks": np.array([1, 2]),
        "seen": {"b", "a"},
        "path": Path("x"),
        "m": Message("user", "Hi"),
        "map": MappingProxyType({"a": 1}),
    }
    assert json.loads(doc.dump(values)) == {
        "share": 0.5,
        "ranks": [1, 2],
        "seen": ["a", "b"],
        "map": {"a": 1},
        "path": "x",
        "m": {"role": "user", "content": "Hi"},
    }


def test_numbers_that_are_none_survive() -> None:
    document = doc.load(doc.answer_document(Answer("", logprobs=(-math.inf, 0.0))))
    assert doc.answer_of(document).logprobs == (-math.inf, 0.0)


def test_what_cannot_be_json_is_refused_by_name() -> None:
    circle: dict[str, object] = {}
    circle["self"] = circle
    with pytest.raises(StoreError, match="JSON"):
        doc.dump(circle)
    with pytest.raises(StoreError, match="JSON"):
        doc.dump({("a", "b"): 1})


def test_equal_options_have_equal_text_whatever_their_order() -> None:
    assert doc.canonical({"limit": 5, "only": ["a"]}) == doc.canonical({"only": ["a"], "limit": 5})


def test_a_damaged_document_is_no_traceback() -> None:
    with pytest.raises(StoreError, match="damaged"):
        doc.load("{")


def test_a_failed_request_can_be_read_by_people() -> None:
    generate = Request(Generate((Message("user", "Hi"),)), condition=Condition(batch_size=2), attempt=1)
    document = json.loads(doc.request_document(generate))
    assert document["messages"] == [["user", "Hi"]]
    assert document["decoding"]["max_tokens"] == 128
    assert (document["condition"], document["attempt"]) == ({"batch_size": 2}, 1)
    plain = json.loads(doc.request_document(Request(Likelihood("2 + 2 =", " 4"), role="judge")))
    assert plain == {"role": "judge", "attempt": 0, "context": "2 + 2 =", "continuation": " 4"}
    talk = json.loads(doc.request_document(Request(Likelihood((Message("user", "Hi"),), "Ho"))))
    assert talk["context"] == [["user", "Hi"]]
