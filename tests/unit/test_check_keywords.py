"""Keywords: which are expected, which are found, and what a loop is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from evalkit.checks.keywords import EMPTY, NO_KEYWORDS, Keywords, KeywordsOptions, expected
from evalkit.records import Answer, Case, Decoding, FailureKind, Message, Sample, Score, Unscored


def case(keywords: Any = None) -> Case:
    labels = {} if keywords is None else {"keywords": keywords}
    return Case("a", (Sample("a", (Message("user", "Explain."),), (), labels),))


def judge(text: str, keywords: Any = None, **options: Any) -> Score:
    return Keywords("keywords", Decoding(), KeywordsOptions(**options)).judge(case(keywords), Answer(text))


def test_the_share_of_keywords_that_are_present() -> None:
    score = judge("Light is blue.", ["light", "blue", "air", "sun"])
    assert score.results["recall"] == (0.5, 1.0)
    assert score.evidence == {"found": ["light", "blue"], "missing": ["air", "sun"]}


@pytest.mark.parametrize(("held", "inside"), [(0, 0.0), (2, 0.0), (3, 1.0), (10, 1.0)])
def test_three_keywords_of_ten_are_enough(held: int, inside: float) -> None:
    keywords = [f"word{number}" for number in range(10)]
    assert judge(" ".join(keywords[:held]), keywords).results["within"] == (inside, 1.0)


def test_the_minimum_is_an_option_and_part_of_the_signature() -> None:
    assert judge("blue", ["blue", "red"], minimum=0.6).results["within"] == (0.0, 1.0)
    usual, other = (Keywords("k", Decoding(), KeywordsOptions(minimum=share)).metrics for share in (0.3, 0.6))
    assert [a.name for a, b in zip(usual, other, strict=True) if a.signature != b.signature] == ["within"]
    with pytest.raises(ValidationError):
        KeywordsOptions(minimum=30)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (["a", "b"], ("a", "b")),
        (("a", "a", " b ", "", None), ("a", "b")),
        ("a, b;c|d", ("a", "b", "c", "d")),
        ("immune system", ("immune system",)),
        ([1999], ("1999",)),
        (1999, ("1999",)),
        ("", ()),
        ([], ()),
        (None, ()),
    ],
)
def test_keywords_are_read_as_files_write_them(written: Any, meant: tuple[str, ...]) -> None:
    assert expected(case(written).sample) == meant


def test_a_row_without_keywords_is_measured_for_loops_only() -> None:
    score = judge("Fine words.", [])
    assert score.results["recall"] == score.results["within"] == NO_KEYWORDS
    assert score.results["repetition"] == (0.0, 1.0)
    rows = [case().sample, case(["a"]).sample]
    assert "1 of 2 rows has no keywords" in "".join(Keywords("k", Decoding()).warnings(rows))
    assert not list(Keywords("k", Decoding()).warnings(rows[1:]))


def test_an_empty_answer_holds_nothing_and_is_no_proof_against_loops() -> None:
    score = judge("", ["blue"])
    assert score.results["recall"] == (0.0, 1.0)
    assert score.results["empty"] == (1.0, 1.0)
    assert score.results["repetition"] == score.results["degenerate"] == EMPTY


def test_a_loop_is_measured_and_shown() -> None:
    score = judge("It is blue. " + "very nice " * 8, ["blue"])
    assert score.results["repetition"] == (pytest.approx(16 / 19), 1.0)
    assert score.results["degenerate"] == (1.0, 1.0)
    assert score.evidence["repeated"] == {"span": "very nice", "times": 8}


def test_how_much_looping_is_degenerate_is_an_option() -> None:
    text = "one two three four ha ha ha ha"
    assert judge(text).results["degenerate"] == (0.0, 1.0), "half of it is not more than half"
    assert judge(text, degenerate_over=0.4).results["degenerate"] == (1.0, 1.0)


@pytest.mark.parametrize(("keywords", "left_out"), [([], {"recall", "within"}), (["a"], set())])
def test_a_failed_answer_misses_only_keywords_that_were_expected(keywords: list[str], left_out: set[str]) -> None:
    conversation = Keywords("k", Decoding()).examine(case(keywords))
    next(conversation)
    with pytest.raises(StopIteration) as end:
        conversation.send([Answer.failed(FailureKind.TIMEOUT, "late")])
    assert end.value.value.error
    assert set(end.value.value.results) == left_out


@settings(max_examples=80)
@given(st.text(max_size=300), st.lists(st.text(max_size=12), max_size=4))
def test_every_value_is_a_share_and_every_keyword_is_found_or_missing(text: str, keywords: list[str]) -> None:
    score = judge(text, keywords)
    for result in score.results.values():
        assert isinstance(result, Unscored) or 0.0 <= result[0] <= 1.0
    found, missing = score.evidence["found"], score.evidence["missing"]
    assert sorted([*found, *missing]) == sorted(expected(case(keywords).sample))


@given(st.lists(st.sampled_from(["red", "green", "blue", "white"]), min_size=1, unique=True), st.text(max_size=40))
def test_more_text_never_loses_a_keyword(keywords: list[str], more: str) -> None:
    text = " ".join(keywords)
    assert judge(f"{text} {more}", keywords).results["recall"] == (1.0, 1.0)
