"""Labels in answers, and macro-F1 from counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.metrics.classification import MacroF1, Reader, class_scores, confusion, recorded

MOOD = Reader.of({"positive": ("good", "very positive"), "negative": ("bad",), "neutral": ()})


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("positive", "positive"),
        ("**Positive.**", "positive"),
        ("Good", "positive"),
        ("This review is clearly negative.", "negative"),
        ("Very positive!", "positive"),
        ("It could be positive or negative. Sentiment: negative", "negative"),
        ("The sentiment is positive, although the ending is bad.", "positive"),
        ("Label: **neutral**", "neutral"),
        ("positive, really positive", "positive"),
        ("**Good.** Nothing in it is bad.", "positive"),
        ("Positive - the ending is bad, though", "positive"),
        ("Positive. No, wait. Sentiment: negative", None),
        ("positive or negative", None),
        ("not positive", None),
        ("It isn't bad", None),
        ("It is not negative, it is neutral but not bad", "neutral"),
        ("It's not positive, it's negative.", "negative"),
        ("neutral\n\nExplanation: neither positive nor negative", "neutral"),
        ("Mostly positive, with some negative points. Overall: positive", "positive"),
        ("I would classify the sentiment as **Negative**: nothing positive is said.", "negative"),
        ("positive\nnegative", None),
        ("neither positive nor negative", None),
        ("This is not a negative review, and positive is too strong a word", None),
        ("positively", None),
        ("", None),
        ("I cannot say.", None),
    ],
)
def test_the_label_that_an_answer_gives(text: str, label: str | None) -> None:
    assert MOOD.read(text) == label


def test_scripts_without_spaces_have_labels_too() -> None:
    reader = Reader.of({"positive": ("正面",), "negative": ("负面",)})
    assert reader.read("这条评论是正面的。") == "positive"
    assert reader.read("正面还是负面？") is None


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"yes": ()}, "fewer than two"),
        ({"yes": ("ok",), "no": ("OK",)}, "means both"),
        ({"yes": (), "": ()}, "empty name"),
    ],
)
def test_labels_that_cannot_be_told_apart_are_refused(labels: dict[str, tuple[str, ...]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Reader.of(labels)


LABELS = ("a", "b", "c")
METRIC = MacroF1(LABELS, "test")
PAIRS = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from((*LABELS, None))), min_size=1, max_size=40)


def added(pairs: list[tuple[str, str | None]]) -> tuple[float, ...]:
    return tuple(map(sum, zip(*(METRIC.vector(*pair) for pair in pairs), strict=True)))


def by_definition(pairs: list[tuple[str, str | None]]) -> float:
    """From precision and recall of each class that occurs, as scikit-learn defines it (0 where both are)."""
    scores = []
    for label in LABELS:
        predicted = [wanted for wanted, given in pairs if given == label]
        actual = [given for wanted, given in pairs if wanted == label]
        if not predicted and not actual:
            continue
        precision = predicted.count(label) / len(predicted) if predicted else 0.0
        recall = actual.count(label) / len(actual) if actual else 0.0
        scores.append(2 * precision * recall / (precision + recall) if precision + recall else 0.0)
    return sum(scores) / len(scores)


@settings(max_examples=200)
@given(PAIRS)
def test_macro_f1_is_the_mean_of_what_precision_and_recall_give(pairs: list[tuple[str, str | None]]) -> None:
    total = added(pairs)
    assert METRIC.value(total) == pytest.approx(by_definition(pairs), abs=1e-12)
    assert METRIC.values(np.array([total])) == pytest.approx([by_definition(pairs)], abs=1e-12)


def test_the_example_of_the_scikit_learn_manual() -> None:
    """f1_score([0, 1, 2, 0, 1, 2], [0, 2, 1, 0, 0, 1], average='macro') is 0.26..., by class 0.8, 0, 0."""
    wanted, answered = ["a", "b", "c", "a", "b", "c"], ["a", "c", "b", "a", "a", "b"]
    total = added(list(zip(wanted, answered, strict=True)))
    assert class_scores(total) == [pytest.approx(0.8), 0.0, 0.0]
    assert METRIC.value(total) == pytest.approx(0.8 / 3)


def test_no_rows_have_no_score_and_an_unseen_class_is_left_out() -> None:
    assert METRIC.value((0.0,) * 9) is None
    assert METRIC.value(added([("a", "a"), ("b", "b")])) == 1.0
    assert METRIC.value(added([("a", None)])) == 0.0


@given(PAIRS)
def test_the_confusion_table_counts_every_row_once(pairs: list[tuple[str, str | None]]) -> None:
    table = confusion(pairs, LABELS)
    assert sum(int(row[name]) for row in table for name in (*LABELS, "unparsed")) == len(pairs)
    for row in table:
        assert sum(int(row[name]) for name in (*LABELS, "unparsed")) == [w for w, _ in pairs].count(str(row["wanted"]))


@settings(max_examples=100)
@given(st.text(max_size=300))
def test_whatever_is_said_it_is_a_label_or_nothing(text: str) -> None:
    assert MOOD.read(text) in {*MOOD.labels, None}


def test_stored_counts_are_read_without_the_labels() -> None:
    stored = recorded("macro_f1", "macro-f1|classes:seen")
    assert stored is not None
    assert stored.value(added([("a", "a"), ("b", "a")])) == METRIC.value(added([("a", "a"), ("b", "a")]))
    assert recorded("bleu", "bleu|nrefs:1") is None
