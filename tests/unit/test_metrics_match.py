"""Exact and normalised matches, containment, word overlap and edits."""

from __future__ import annotations

import random
import re
import string
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.metrics import match
from evalkit.metrics.words import fold, normalize


def squad_normalize(text: str) -> str:
    """The published SQuAD 1.1 evaluation, line by line."""
    lowered = "".join(character for character in text.lower() if character not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", lowered).split())


def squad_f1(prediction: str, truth: str) -> float:
    said, wanted = squad_normalize(prediction).split(), squad_normalize(truth).split()
    same = sum((Counter(said) & Counter(wanted)).values())
    if same == 0:
        return 0.0
    precision, recall = same / len(said), same / len(wanted)
    return 2 * precision * recall / (precision + recall)


WORDY = st.lists(st.sampled_from(["The", "a", "cat", "Cat!", "an", "dog's", "theory", "x-y", "12"]), max_size=8).map(
    " ".join
)


@given(WORDY, WORDY)
def test_ascii_texts_with_words_are_normalised_and_compared_as_in_squad(left: str, right: str) -> None:
    if squad_normalize(left) and squad_normalize(right):
        assert normalize(left) == squad_normalize(left)
        assert match.token_overlap(left, right) == pytest.approx(squad_f1(left, right), abs=1e-12)


@pytest.mark.parametrize(
    ("answer", "reference", "exact", "normalized", "contains"),
    [
        ("Paris", "Paris", 1, 1, 1),
        (" Paris\n", "Paris", 1, 1, 1),
        ("paris", "Paris", 0, 1, 1),
        ("The Eiffel Tower.", "eiffel tower", 0, 1, 1),
        ("It is in Paris, France", "Paris", 0, 0, 1),
        ("concatenate", "cat", 0, 0, 0),
        ("Cafe\u0301", "café", 0, 1, 1),
        ("STRASSE", "Straße", 0, 1, 1),
        ("１２", "12", 0, 1, 1),
        ("我爱北京天安门。", "北京", 0, 0, 1),
        ("नमस्ते", "नमस्ते।", 0, 1, 1),
        ("Paris", "Rome", 0, 0, 0),
        ("", "", 1, 1, 1),
        ("x", "", 0, 0, 0),
        ("", "x", 0, 0, 0),
        ("!!!", "???", 0, 0, 0),
        ("The", "A", 0, 0, 0),
        ("the", "The", 0, 1, 1),
    ],
)
def test_what_matches(answer: str, reference: str, exact: int, normalized: int, contains: int) -> None:
    assert match.exact_match.text_statistics(answer, [reference]) == (exact, 1)
    assert match.normalized_match.text_statistics(answer, [reference]) == (normalized, 1)
    assert match.contains.text_statistics(answer, [reference]) == (contains, 1)


def test_the_best_reference_counts() -> None:
    assert match.exact_match.text_statistics("b", ["a", "b"]) == (1, 1)
    assert match.token_f1.text_statistics("red car", ["blue car", "red car now"]) == (pytest.approx(0.8), 1)


def table_distance(left: str, right: str) -> int:
    row = list(range(len(right) + 1))
    for i, one in enumerate(left, 1):
        following = [i]
        for j, other in enumerate(right, 1):
            following.append(min(row[j] + 1, following[-1] + 1, row[j - 1] + (one != other)))
        row = following
    return row[-1]


@given(st.text(st.sampled_from("abcé我"), max_size=20), st.text(st.sampled_from("abcé我"), max_size=20))
def test_edit_distance_is_the_one_of_the_textbook_table(left: str, right: str) -> None:
    assert match.edit_distance(left, right) == table_distance(left, right)


def test_edit_distance_of_texts_longer_than_a_machine_word_and_of_odd_characters() -> None:
    rng = random.Random(9)
    for alphabet in ("ab", "abcdefgh ", "a\0\ud800\udfff\U0010ffff我é"):
        for length in (63, 64, 65, 130, 200):
            left = "".join(rng.choices(alphabet, k=length))
            near = "".join(rng.choice(alphabet) if rng.random() < 0.1 else one for one in left if rng.random() < 0.9)
            far = "".join(rng.choices(alphabet, k=rng.randint(0, 140)))
            for right in (near, far, left[7:] + left[:7]):
                assert match.edit_distance(left, right) == table_distance(left, right)


def test_edit_similarity_by_hand() -> None:
    assert match.similarity("", "") == 1
    assert match.similarity("kitten", "sitting") == pytest.approx(1 - 3 / 7)
    assert match.similarity("abc", "") == 0


@given(st.text(max_size=30), st.lists(st.text(max_size=30), min_size=1, max_size=3))
def test_all_are_bounded_equal_to_themselves_and_blind_to_the_order_of_references(
    text: str, references: list[str]
) -> None:
    for metric in (match.exact_match, match.normalized_match, match.contains, match.token_f1, match.edit_similarity):
        found = metric.text_statistics(text, references)
        assert 0 <= found[0] <= 1
        assert metric.text_statistics(text, references[::-1]) == found
        assert metric.text_statistics(text, [*references, text]) == (1, 1)


def test_kinds_and_signatures_say_what_the_numbers_are() -> None:
    assert [m.kind for m in (match.exact_match, match.normalized_match, match.contains)] == ["rate"] * 3
    assert [m.kind for m in (match.token_f1, match.edit_similarity)] == ["mean"] * 2
    assert match.exact_match.worst == (0.0, 1.0)
    assert "squad" in match.token_f1.signature


def test_fold_keeps_punctuation_but_not_case_composition_or_curly_apostrophes() -> None:
    assert fold("  It’s  CAFE\u0301 ") == "it's café"
    assert fold("C++ \n X") == "c++ x"


def test_statistics_are_floats_so_that_they_are_stored_as_numbers() -> None:
    for metric in (match.exact_match, match.normalized_match, match.contains, match.token_f1, match.edit_similarity):
        for answer in ("a", "b"):
            statistics = metric.text_statistics(answer, ["a", "c"])
            assert isinstance(statistics, tuple)
            assert [type(number) for number in statistics] == [float, float]
