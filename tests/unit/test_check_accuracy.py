"""Accuracy: which metrics it takes, and what it does with rows that have several references, or none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from evalkit.checks.accuracy import Accuracy, AccuracyOptions
from evalkit.records import Answer, Case, Decoding, FailureKind, Message, Sample, Score, Unscored


def check(*metrics: str, **options: Any) -> Accuracy:
    if metrics:
        options["metrics"] = metrics
    return Accuracy("accuracy", Decoding(), AccuracyOptions(**options))


def case(*references: str) -> Case:
    return Case("a", (Sample("a", (Message("user", "Which city?"),), references),))


def judge(by: Accuracy, text: str, *references: str) -> Score:
    return by.judge(case(*references), Answer(text))


def failed(by: Accuracy, of: Case) -> Score:
    conversation = by.examine(of)
    next(conversation)
    with pytest.raises(StopIteration) as end:
        conversation.send([Answer.failed(FailureKind.NETWORK, "gone")])
    return end.value.value


def test_the_default_metrics_are_these() -> None:
    assert [metric.name for metric in check().metrics] == [
        "exact_match",
        "token_f1",
        "sentence_bleu",
        "bleu",
        "rougeL",
    ]


def test_metrics_come_in_the_order_of_the_suite() -> None:
    assert [metric.name for metric in check("rougeL", "contains").metrics] == ["rougeL", "contains"]


def test_an_unknown_metric_names_the_nearest_one() -> None:
    with pytest.raises(ValueError, match="unknown metric 'rougel'; did you mean 'rougeL'"):
        check("rougel")


def test_a_metric_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="metric named twice: bleu"):
        check("bleu", "bleu")


def test_no_metric_at_all_is_refused() -> None:
    with pytest.raises(ValidationError):
        AccuracyOptions(metrics=())


def test_an_unknown_tokenizer_is_refused() -> None:
    with pytest.raises(ValueError, match="no tokenizer 'chinese'"):
        check("bleu", tokenize="chinese")


def test_the_tokenizer_reaches_bleu_and_its_signature() -> None:
    by = check("bleu", "sentence_bleu", "exact_match", tokenize="zh")
    assert all("tok:zh" in metric.signature for metric in by.metrics if "bleu" in metric.name)
    score = judge(by, "法国的首都是巴黎市", "法国的首都是巴黎")
    vector = score.results["sentence_bleu"]
    assert not isinstance(vector, Unscored)
    assert vector[0] > 0.5


def test_the_best_of_several_references_counts_and_is_named() -> None:
    score = judge(check("exact_match", "token_f1"), "Paris", "The capital of France is Paris.", "Paris")
    assert score.results == {"exact_match": (1.0, 1.0), "token_f1": (1.0, 1.0)}
    assert score.evidence["best_reference"] == "Paris"


def test_a_single_reference_needs_no_evidence() -> None:
    assert judge(check("token_f1"), "Paris", "Rome").evidence == {}


@pytest.mark.parametrize(
    ("text", "number", "right"),
    [
        ("First 3, then 1,234.", "1234", 1.0),
        ("It is 12.50 in all", "12.5", 0.0),
        ("about 1/3", "1/3", 0.0),
        ("none", None, 0.0),
        ("9" * 200, "9" * 60, 0.0),
    ],
)
def test_the_number_that_was_compared_is_shown(text: str, number: str | None, right: float) -> None:
    score = judge(check("numeric"), text, "#### 1234")
    assert score.evidence == {"number": number}
    assert score.results["numeric"] == (right, 1.0)


def test_a_row_without_references_is_unscored() -> None:
    score = judge(check("exact_match", "bleu"), "Paris")
    assert set(score.results.values()) == {Unscored("no reference")}


def test_a_failed_answer_counts_as_an_empty_one_where_there_is_no_worst() -> None:
    by = check("exact_match", "bleu")
    score = failed(by, case("one two three four five"))
    assert score.error == "network: gone"
    assert set(score.results) == {"bleu"}
    assert score.results["bleu"] == by.text_metrics[1].statistics(case("one two three four five"), [Answer("")])


def test_a_failed_answer_lowers_bleu_by_brevity() -> None:
    by = check("bleu")
    good = judge(by, "the cat sat on the mat", "the cat sat on the mat").results["bleu"]
    lost = failed(by, case("the cat sat on the mat")).results["bleu"]
    assert not isinstance(good, Unscored)
    assert not isinstance(lost, Unscored)
    total = tuple(map(sum, zip(good, lost, strict=True)))
    assert by.metrics[0].value(total) == pytest.approx(2.718281828459045**-1, abs=1e-9)  # exp(1 - 12/6)


def test_a_failed_answer_to_a_row_without_references_counts_for_nothing() -> None:
    score = failed(check("exact_match", "bleu"), case())
    assert set(score.results.values()) == {Unscored("no reference")}


def warned(by: Accuracy, *references: str) -> str:
    return "\n".join(by.warnings([case(reference).sample for reference in references]))


def test_rouge_on_scripts_that_it_cannot_see_is_a_warning() -> None:
    text = warned(check("rougeL", "rouge1"), "Париж", "Paris", "巴黎")
    assert "rouge1, rougeL: 2 of 3 rows" in text
    assert not warned(check("rougeL"), "Paris", "He went from the old town to Orléans on the very same day")
    assert not warned(check("chrf"), "Париж")


def test_bleu_on_scripts_without_spaces_is_a_warning() -> None:
    assert "1 of 2 rows" in warned(check("bleu"), "法国的首都是巴黎", "Paris")
    assert not warned(check("bleu", tokenize="zh"), "法国的首都是巴黎")
    assert not warned(check("bleu"), "Le mot 東 est japonais")
    assert not warned(check("bleu"), "— …")


@settings(max_examples=60)
@given(st.text(max_size=200), st.lists(st.text(max_size=60), min_size=1, max_size=3))
def test_every_value_is_a_share(text: str, references: list[str]) -> None:
    by = check("exact_match", "contains", "token_f1", "edit_similarity", "sentence_bleu", "bleu", "chrf", "rougeL")
    for name, result in judge(by, text, *references).results.items():
        if not isinstance(result, Unscored):
            (metric,) = (metric for metric in by.metrics if metric.name == name)
            value = metric.value(result)
            assert value is None or -1e-9 <= value <= 1 + 1e-9


@settings(max_examples=40)
@given(st.text(alphabet="abcdefg hij", min_size=1, max_size=80).filter(str.strip))
def test_the_reference_itself_is_a_perfect_answer(text: str) -> None:
    for name, result in judge(check("exact_match", "token_f1", "rougeL"), text, text).results.items():
        assert result == (1.0, 1.0), name


def test_an_extracted_answer_is_compared_and_shown_where_it_stands() -> None:
    by = check("exact_match", extract="choice")
    score = judge(by, "I think the answer is (B).", "B")
    assert score.results == {"exact_match": (1.0, 1.0), "unparsed": (0.0, 1.0)}
    assert score.evidence["extracted"] == "B"
    assert score.evidence["span"] == [23, 24]
    assert all("|extract:choice.2" in metric.signature for metric in by.metrics)


def test_references_are_read_by_the_same_rule() -> None:
    score = judge(check("exact_match", extract="number"), "So it is $1,200.", "600 * 2 = 1200\n#### 1200")
    assert score.results["exact_match"] == (1.0, 1.0)
    assert score.evidence["wanted"] == ["1200"]


def test_what_cannot_be_parsed_is_wrong_and_counted_apart() -> None:
    by = check("exact_match", "token_f1", "bleu", "ter", extract="number")
    score = judge(by, "I do not know.", "12 13 14 15")
    assert score.results["exact_match"] == score.results["token_f1"] == (0.0, 1.0)
    assert score.results["unparsed"] == (1.0, 1.0)
    assert score.results["bleu"] == by.text_metrics[2].statistics(case("15"), [Answer("")])
    assert not isinstance(score.results["ter"], Unscored)
    assert score.evidence["extracted"] is None


def test_a_failed_answer_counts_as_unparsed_too() -> None:
    by = check("exact_match", extract="number")
    assert failed(by, case("12")).results == {}  # every metric's worst
    assert [metric.worst for metric in by.metrics] == [(0.0, 1.0), (1.0, 1.0)]
    assert set(failed(by, case()).results.values()) == {Unscored("no reference")}


def test_a_letter_that_the_row_has_no_choice_for_is_unparsed() -> None:
    row = Sample("a", (Message("user", "?"),), ("B",), {"choices": ["x", "y"]})
    by = check("exact_match", extract="choice")
    assert by.judge(Case("a", (row,)), Answer("The answer is D")).results["unparsed"] == (1.0, 1.0)
    assert by.judge(Case("a", (row,)), Answer("The answer is B")).results["exact_match"] == (1.0, 1.0)


def test_a_rule_that_is_none_is_refused_when_the_suite_is_read() -> None:
    with pytest.raises(ValidationError, match="no rule 'letters'"):
        AccuracyOptions(extract="letters")


def test_the_unicode_tokenizer_of_rouge_reads_every_script_and_is_in_the_signature() -> None:
    by = check("rougeL", "rouge1_stem", "exact_match", rouge_tokenizer="unicode")
    assert judge(by, "Столица — Париж", "столица Париж").results["rougeL"] == (1.0, 1.0)
    assert judge(by, "法国的首都是巴黎", "法国的首都是巴黎").results["rouge1_stem"] == (1.0, 1.0)
    assert judge(by, "!", "…").results["rougeL"] == Unscored("no word in the reference")
    assert "tok:unicode" in by.metrics[0].signature
    assert "tok" not in by.metrics[2].signature
    assert not warned(by, "Париж")


def test_a_reference_of_mixed_scripts_is_a_warning_under_the_ascii_tokenizer() -> None:
    assert "1 of 2 rows has references of whose words" in warned(check("rougeL"), "see Париж and Rome", "Paris")
    assert "2 of 2 rows have" in warned(check("rougeL"), "Café Müller fährt nach Köln", "e\u0301te\u0301")
    assert not warned(
        check("rougeL"), "one café among twelve words that are written as plain ones are", "“quoted” – €5"
    )
    assert not warned(check("rougeL", rouge_tokenizer="unicode"), "see Париж and Rome")


def test_each_row_is_read_by_the_tokenizer_of_its_language() -> None:
    by = check("sentence_bleu", "bleu", tokenize="auto")

    def scored(text: str, reference: str, **labels: str) -> tuple[float, ...]:
        row = Sample("a", (Message("user", "?"),), (reference,), labels)
        found = by.judge(Case("a", (row,)), Answer(text)).results["sentence_bleu"]
        assert not isinstance(found, Unscored)
        return found

    def plain(tokenize: str, text: str, reference: str) -> object:
        return judge(check("sentence_bleu", tokenize=tokenize), text, reference).results["sentence_bleu"]

    chinese, english = ("法国的首都是巴黎市", "法国的首都是巴黎"), ("the old cat sat", "the old cat sat down")
    assert scored(*chinese) == scored(*chinese, target_language="zh") == plain("zh", *chinese)
    assert scored(*chinese, lang="en-zh") == plain("zh", *chinese)
    assert scored(*chinese, lang="de") == plain("13a", *chinese)
    assert scored(*english, lang="zh-en") == scored(*english) == plain("13a", *english)
    assert "by-language" in by.metrics[0].signature
    assert not warned(by, "法国的首都是巴黎")


def test_a_tokenizer_whose_package_is_missing_says_what_to_install() -> None:
    from evalkit.metrics.corpus import is_installed

    if is_installed("ja-mecab"):
        pytest.skip("MeCab is installed")
    with pytest.raises(ValueError, match=r"pip install 'sacrebleu\[ja\]'"):
        check("bleu", tokenize="ja-mecab")


@settings(max_examples=60)
@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=200))
def test_both_tokenizers_of_rouge_are_the_same_on_ascii(text: str) -> None:
    from rouge_score.tokenize import tokenize

    from evalkit.metrics.words import tokens_of_any_script

    assert tokens_of_any_script(text) == tokenize(text, None)


CITIES = ["Paris", "Rome", "Oslo", "Bern"]


@pytest.mark.parametrize(
    ("said", "reference", "choices", "right"),
    [
        ("The answer is (C)", "C", {"text": CITIES, "label": ["A", "B", "C", "D"]}, 1.0),
        ("The answer is (3)", "3", {"text": CITIES, "label": ["1", "2", "3", "4"]}, 1.0),
        ("The answer is D", "Bern", CITIES, 1.0),
        ("The answer is D", "3", CITIES, 1.0),
        ("I thought of Rome.\nThe answer is Bern.", "D", CITIES, 1.0),
        ("Rome", "D", CITIES, 0.0),
        ("B", "First A, then B. The answer is (B)", CITIES, 1.0),
    ],
)
def test_choices_are_the_rows_own_by_letter_figure_text_or_position(
    said: str, reference: str, choices: object, right: float
) -> None:
    case = Case("a", (Sample("a", (Message("user", "?"),), (reference,), {"choices": choices}),))
    score = check("exact_match", extract="choice").judge(case, Answer(said))
    assert score.results == {"exact_match": (right, 1.0), "unparsed": (0.0, 1.0)}


@pytest.mark.parametrize(
    ("reference", "choices", "reason"),
    [("Cairo", CITIES, "none of the choices"), ("1", ["1", "2", "3", "4"], "may be a text, a letter or a number")],
)
def test_a_reference_that_names_no_single_choice_leaves_the_row_unscored(
    reference: str, choices: list[str], reason: str
) -> None:
    case = Case("a", (Sample("a", (Message("user", "?"),), (reference,), {"choices": choices}),))
    score = check("exact_match", extract="choice").judge(case, Answer("B"))
    assert all(isinstance(result, Unscored) and reason in result.reason for result in score.results.values())


def test_a_language_that_is_worded_otherwise_is_known_by_the_script_of_the_references() -> None:
    by = check("sentence_bleu", tokenize="auto")
    row = Sample("a", (Message("user", "?"),), ("我爱北京天安门",), {"language": "Chinese (Simplified)"})
    score = by.judge(Case("a", (row,)), Answer("我爱北京故宫门"))
    result = score.results["sentence_bleu"]
    assert isinstance(result, tuple)
    assert 0.3 < result[0] < 1.0
