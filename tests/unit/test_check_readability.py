"""Readability: what is measured, what is too short, and what is inside the bounds."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from evalkit.checks.bounds import Bounds
from evalkit.checks.readability import Readability, ReadabilityOptions, too_short
from evalkit.metrics.readability import READABILITY
from evalkit.records import Answer, Case, Decoding, Message, Sample, Score, Status, Unscored

CASE = Case("a", (Sample("a", (Message("user", "Explain."),)),))
EASY = "The cat sat on the mat. The dog ran to the red barn. We all had a good day."
HARD = (
    "Notwithstanding institutional considerations regarding administrative responsibilities, organisational "
    "representatives simultaneously reconsidered extraordinarily sophisticated methodological recommendations."
)


def judge(text: str, **options: Any) -> Score:
    return Readability("easy", Decoding(), ReadabilityOptions.model_validate(options)).judge(CASE, Answer(text))


def test_every_measure_is_a_metric_and_so_is_within() -> None:
    names = [metric.name for metric in Readability("easy", Decoding()).metrics]
    assert names == [*READABILITY, "within"]


def test_an_easy_text_by_hand() -> None:
    # ten words, all of one syllable, in one sentence
    score = judge("The big red dog ran to the far green tree.")
    assert score.results["flesch_reading_ease"][0] == pytest.approx(206.835 - 10.15 - 84.6)  # type: ignore[index]
    assert score.results["flesch_kincaid_grade"][0] == pytest.approx(3.9 + 11.8 - 15.59)  # type: ignore[index]
    assert score.results["words"] == (10.0, 1.0)
    assert score.results["within"] == (1.0, 1.0)


def test_a_hard_text_is_outside_the_bounds() -> None:
    score = judge(HARD)
    assert score.results["within"] == (0.0, 1.0)
    assert score.evidence["flesch_reading_ease"] < 30


def test_either_bound_alone_can_fail_a_text() -> None:
    assert judge(EASY).results["within"] == (1.0, 1.0)
    assert judge(EASY, reading_ease={"max": 50}).results["within"] == (0.0, 1.0)
    assert judge(EASY, grade={"min": 8}).results["within"] == (0.0, 1.0)
    assert judge(HARD, reading_ease={}, grade={}).results["within"] == (1.0, 1.0)


@pytest.mark.parametrize("text", ["", "Paris.", "It is the city Paris.", "?! … —"])
def test_five_words_or_fewer_are_unscored(text: str) -> None:
    score = judge(text)
    assert score.status is Status.UNSCORED
    assert set(score.results.values()) == {Unscored("five words or fewer")}


def test_six_words_are_scored() -> None:
    assert judge("It is the large city Paris.").status is Status.SCORED


@pytest.mark.parametrize(
    ("least", "reason"),
    [(1, "no words"), (2, "one word or none"), (4, "three words or fewer"), (25, "24 words or fewer")],
)
def test_the_reason_speaks_of_the_number_that_was_set(least: int, reason: str) -> None:
    assert too_short(least) == reason
    assert judge("", min_words=least).results["within"] == Unscored(reason)


def test_another_script_is_unscored_rather_than_easy() -> None:
    score = judge("Столица Франции — Париж, и это знают почти все люди.")
    assert score.results["within"] == Unscored("not in Latin letters")


def test_another_language_is_unscored_rather_than_guessed() -> None:
    french = judge("Le café où nous étions l'été dernier est fermé.")
    assert french.results["within"] == Unscored("not English: fr")
    unknown = judge("Ŋalu ŋoma ŧeki ŋalu ŧoma ŋeki ŧalu ŋoma.")
    assert unknown.results["within"] == Unscored("the language cannot be told")


FENCED = "```python\nfor notwithstanding in institutionalisation:\n    administrate(responsibilities)\n```"
TABLE = "| institutional | methodological |\n| --- | --- |\n| representatives | considerations |"


@pytest.mark.parametrize("other", [FENCED, TABLE, "* institutional considerations\n* methodological multiplicity"])
def test_the_prose_beside_code_tables_and_lists_is_measured(other: str) -> None:
    alone, mixed = judge(EASY), judge(f"{EASY}\n\n{other}")
    assert mixed.results["flesch_kincaid_grade"] == alone.results["flesch_kincaid_grade"]
    assert mixed.results["words"] == alone.results["words"]
    assert sum(mixed.evidence[name] for name in ("code", "tables", "items")) >= 2


@pytest.mark.parametrize(("text", "what"), [(FENCED, "code"), (TABLE, "a table"), ("- an apple\n- a pear", "a list")])
def test_an_answer_without_prose_is_unscored_and_says_what_it_is(text: str, what: str) -> None:
    assert judge(text).results["within"] == Unscored(f"five words or fewer beside {what}")


NO_PROSE = {
    "a table": [
        "name,age,city\nAnna,34,Berlin\nBob,29,Paris",
        "Item, Qty, Price\nmango, 5, 500\napple, 4, 150",
        "name\tage\tcity\nAnna\t34\tBerlin",
        "name;age;city\nAnna;34;Berlin",
        "<table><tr><th>Name</th><th>Age</th></tr><tr><td>Anna</td><td>34</td></tr></table>",
    ],
    "a list": [
        "1. apples\n2. pears and plums\n3) milk and bread",
        "<ul><li>an apple</li><li>a pear and a plum</li></ul>",
        "**Name:** Anna\n**Age:** thirty four\n**City**: Berlin in Germany",
        "• apples from the shop\n• pears from the tree",
    ],
    "code": [
        "sudo apt-get update\npython3 -m venv env\nsource env/bin/activate",
        "SELECT name, age\nFROM users\nWHERE age > 30\nORDER BY name;",
        '{\n  "name": "Anna",\n  "age": 34\n}',
        "2x + 3 = 7\n2x = 4\nx = 2",
        "<pre>\nthe cat sat on the mat\n</pre>",
        "~~~html\n<p>The cat sat on the mat and ran.</p>\n<pre>a b c d e f</pre>\n~~~",
    ],
    "headings": ["# A title of a few words\n## Part", "A title of a few words\n======", "**A title of a few words**"],
}


@pytest.mark.parametrize(("what", "text"), [(what, text) for what, texts in NO_PROSE.items() for text in texts])
def test_what_is_no_prose_is_told_in_markdown_html_and_plain_text(what: str, text: str) -> None:
    assert judge(text).results["within"] == Unscored(f"five words or fewer beside {what}")
    for mixed in (f"{EASY}\n\n{text}", f"{text}\n\n{EASY}", f"{EASY}\r\n\r\n{text}".replace("\n", "\r\n")):
        assert judge(mixed).results["words"] == judge(EASY).results["words"]


@pytest.mark.parametrize(
    "text",
    [
        "<p>The cat sat on the mat. The dog ran to the red barn.</p>\n<div>We all had a good day.</div>",
        "The cat sat on the mat.<br>The dog ran to the red barn.<br/>We <b>all</b> had a good day.",
        "The cat sat on the mat. The dog ran to the red barn. $$x = 1$$ We all had a good day.",
    ],
)
def test_prose_in_html_and_beside_a_formula_is_prose(text: str) -> None:
    assert judge(text).results["flesch_kincaid_grade"] == judge(EASY).results["flesch_kincaid_grade"]


def test_lines_of_prose_with_commas_and_dashes_are_no_table_and_no_list() -> None:
    wrapped = "They enjoy music, not sport, but something\nis changing, said Dan, a tall man\n– and so it goes on here."
    assert judge(wrapped).results["words"] == (20.0, 1.0)


def test_code_without_a_fence_is_no_prose() -> None:
    code = "def total(values):\n    return sum(values)\n\nint count = 0;\ncount += 1;"
    assert judge(f"{EASY}\n{code}").results["words"] == judge(EASY).results["words"]


def test_items_that_are_sentences_are_measured() -> None:
    listed = judge("1. The cat sat on the mat.\n2. The dog ran to the red barn.\n3. We all had a good day.")
    assert listed.results["flesch_kincaid_grade"] == judge(EASY).results["flesch_kincaid_grade"]


@pytest.mark.parametrize(
    "unit",
    [
        "|",
        "```\n",
        "* a\n",
        "#",
        "[",
        "a = b\n",
        "(",
        "-",
        "a.b",
        " ",
        "\n",
        "😀",
        "http://",
        "<b>",
        "<pre>",
        "$$",
        "\\[",
        "a\t",
        "a,b,c\n",
        "**a:** b\n",
        "x\n===\n",
        "Dr. ",
        "\n\na",
        "SELECT ",
        '"a": ',
    ],
)
def test_long_texts_of_one_piece_cost_little(unit: str) -> None:
    assert judge(unit * 20_000).error == ""


def test_abbreviations_decimals_and_dots_end_no_sentence() -> None:
    plain = "Doctor Smith paid three dollars to the man in the town. He was glad and so was she in the end."
    short = "Dr. Smith paid $3.50 to J. R. Brown in the U.S. … i.e. here. He was glad and so was she in the end."
    assert judge(plain).results["sentences"] == judge(short).results["sentences"] == (2.0, 1.0)
    assert judge(f"{plain}\n\nAnd so it went on").results["sentences"] == (3.0, 1.0)
    assert judge("He doesn’t know that we didn’t go.").results == judge("He doesn't know that we didn't go.").results


def test_digits_alone_do_not_make_a_script() -> None:
    assert judge("1 2 3 4 5 6 7 — 8").status is Status.SCORED


def test_the_bounds_are_part_of_the_signature_of_within_only() -> None:
    def signatures(**options: Any) -> dict[str, str]:
        made = Readability("easy", Decoding(), ReadabilityOptions.model_validate(options))
        return {metric.name: metric.signature for metric in made.metrics}

    usual, other = signatures(), signatures(grade={"max": 8})
    assert [name for name in usual if usual[name] != other[name]] == ["within"]
    assert "textstat" in usual["flesch_reading_ease"]
    assert signatures(min_words=9)["words"] != usual["words"]


@settings(max_examples=60)
@given(st.text(max_size=400))
def test_every_number_is_finite(text: str) -> None:
    for result in judge(text, min_words=1).results.values():
        assert isinstance(result, Unscored) or math.isfinite(result[0])


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_min_and_max_belong_to_the_range_and_over_and_under_do_not() -> None:
    assert [Bounds(min=2, max=4).hold(n) for n in (1, 2, 4, 5)] == [False, True, True, False]
    assert [Bounds(over=2, under=4).hold(n) for n in (2, 3, 4)] == [False, True, False]
    assert Bounds().hold(-1e9)


@pytest.mark.parametrize("said", [{"min": 5, "max": 4}, {"over": 4, "max": 4}, {"over": 4, "under": 4}])
def test_a_range_that_nothing_is_in_is_refused(said: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="no number is in the range"):
        Bounds.model_validate(said)


def test_one_number_is_a_range() -> None:
    assert Bounds(min=4, max=4).hold(4)


def test_bounds_are_written_as_a_person_would() -> None:
    assert str(Bounds(over=30)) == ">30"
    assert str(Bounds(min=1, under=2.5)) == ">=1,<2.5"
    assert str(Bounds()) == "any"


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_wider_range_holds_what_a_narrower_one_does(low: float, high: float, value: float) -> None:
    low, high = sorted((low, high))
    if Bounds(min=low, max=high).hold(value):
        assert Bounds(min=low - 1, max=high + 1).hold(value)
