"""Many answers judged at once get what each gets alone, to the last bit and in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.checks.accuracy import Accuracy, AccuracyOptions
from evalkit.checks.base import AnswerCheck
from evalkit.checks.length import Length
from evalkit.metrics import corpus
from evalkit.records import Answer, Case, Decoding, FailureKind, Message, Sample, Score
from evalkit.runner.examine import score_of, scores_of

METRICS = ("exact_match", "sentence_bleu", "bleu", "chrf", "rougeL", "ter")
WORDS = st.sampled_from(
    [
        "the",
        "a",
        "river,",
        "stone",
        "3.14",
        "1,000",
        "City!",
        "don't",
        "naïve",
        "東京",
        "\ud800",
        "&",
        "&amp;",
        "-",
        "\n",
        ".",
    ]
)
TEXT = st.one_of(st.lists(WORDS, max_size=12).map(" ".join), st.text(max_size=20))
ROW = st.tuples(TEXT, st.lists(TEXT, max_size=3).map(tuple), st.booleans())


def case(number: int, references: Sequence[str], labels: dict[str, Any] | None = None) -> Case:
    return Case(str(number), (Sample(str(number), (Message("user", "?"),), tuple(references), labels or {}),))


def answer(text: str, *, fails: bool = False) -> Answer:
    return Answer.failed(FailureKind.TIMEOUT, "late") if fails else Answer(text)


def assert_alike(check: AnswerCheck, cases: Sequence[Case], answers: Sequence[Answer]) -> list[Score]:
    asked = [(one, ((said,),)) for one, said in zip(cases, answers, strict=True)]
    together = scores_of(check, asked)
    corpus._statistics.cache_clear()
    alone = [score_of(check, *each) for each in asked]
    assert together == alone
    assert [list(map(type, score.results)) for score in together] == [list(map(type, score.results)) for score in alone]
    assert [repr(score) for score in together] == [repr(score) for score in alone]
    return together


@given(st.lists(ROW, max_size=8))
@settings(max_examples=60)
def test_text_metrics_say_the_same_of_all_rows_and_of_each(rows: list[tuple[str, tuple[str, ...], bool]]) -> None:
    for metrics, tokenize in ((METRICS, "13a"), (("bleu", "sentence_bleu"), "intl")):
        options = AccuracyOptions(metrics=metrics, tokenize=tokenize)
        check = Accuracy("accuracy", Decoding(), options)
        cases = [case(number, references) for number, (_, references, _) in enumerate(rows)]
        scores = assert_alike(check, cases, [answer(text, fails=fails) for text, _, fails in rows])
        assert [bool(score.error) for score in scores] == [fails for _, _, fails in rows]


def test_rows_of_many_languages_keep_their_own_tokenisers() -> None:
    check = Accuracy("accuracy", Decoding(), AccuracyOptions(metrics=("bleu", "sentence_bleu"), tokenize="auto"))
    cases = [case(0, ["東京は大きい"], {"language": "zh"}), case(1, ["the big river"]), case(2, ["東京の川"])]
    scores = assert_alike(check, cases, [answer("東京は大"), answer("the river"), answer("東京の山川")])
    lengths = [score.results["bleu"][:2] for score in scores]  # type: ignore[index]
    assert lengths == [(4, 5), (2, 3), (5, 4)]  # Chinese: each ideograph alone, kana by runs; words; characters


def test_extracted_answers_are_judged_as_ever() -> None:
    check = Accuracy("accuracy", Decoding(), AccuracyOptions(metrics=("exact_match", "bleu"), extract="number"))
    right, none = assert_alike(check, [case(0, ["12"]), case(1, ["7"])], [answer("It is 12."), answer("none")])
    assert right.results["exact_match"] == (1.0, 1.0)
    assert none.results["exact_match"] == (0.0, 1.0)


class Weighted(Accuracy):
    """It judges in its own way."""

    def judge(self, case: Case, answer: Answer) -> Score:
        return Score({"bleu": tuple(2.0 * number for number in super().judge(case, answer).results["bleu"])})  # type: ignore[union-attr]


def test_a_check_that_judges_in_its_own_way_is_asked_for_each() -> None:
    check = Weighted("accuracy", Decoding(), AccuracyOptions(metrics=("bleu",)))
    first, _ = assert_alike(check, [case(0, ["a b c d"]), case(1, ["a"])], [answer("a b c d"), answer("b")])
    assert first.results["bleu"] == (8.0, 8.0, 8.0, 6.0, 4.0, 2.0, 8.0, 6.0, 4.0, 2.0)


class Choosy(Length):
    """It cannot stand one of the answers."""

    def judge(self, case: Case, answer: Answer) -> Score:
        if answer.text == "bad":
            raise ValueError("bad")
        return super().judge(case, answer)


class Short(Length):
    def judge_all(self, cases: Sequence[Case], answers: Sequence[Answer]) -> Sequence[Score]:
        return super().judge_all(cases[1:], answers[1:])


@pytest.mark.parametrize("kind", [Choosy, Short])
def test_a_check_that_breaks_over_many_errs_on_its_case_alone(kind: type[Length]) -> None:
    check = kind("length", Decoding())
    texts = ["good", "bad", "good too"]
    together = assert_alike(check, [case(n, ["x"]) for n in range(3)], [answer(text) for text in texts])
    broken = [bool(score.error) for score in together]
    assert broken == ([False, True, False] if kind is Choosy else [False] * 3)


def test_n_grams_of_a_block_are_counted_once_for_all_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "_statistics", lambda *_: pytest.fail("row by row"))
    corpus._statistics_of_rows.cache_clear()
    before = corpus._statistics_of_rows.cache_info().misses
    check = Accuracy("accuracy", Decoding(), AccuracyOptions(metrics=("bleu", "sentence_bleu")))
    cases = [case(number, [f"the {number} river"]) for number in range(10)]
    assert len(check.judge_all(cases, [answer("the river")] * 10)) == 10
    assert corpus._statistics_of_rows.cache_info().misses - before == 1
