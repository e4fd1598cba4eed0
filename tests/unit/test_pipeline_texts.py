"""What is counted of texts as they pass, against the same counted with all of them at hand."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from evalkit.modes.pipeline.texts import MOST_FOLLOWED, Frequent, Lengths, TextProfile, damage, shown


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_quantiles_are_those_of_numpy_to_within_two_in_a_hundred(seed: int, share: float) -> None:
    lengths = [int(length) for length in np.random.default_rng(seed).lognormal(5, 2, 5000)]
    counted = Lengths()
    for length in lengths:
        counted.add(length)
    exact = int(np.quantile(lengths, share, method="inverted_cdf"))
    found = counted.quantile(share)
    assert found is not None
    assert exact * 0.98 - 1 <= found <= exact * 1.02 + 1
    assert (counted.count, counted.most) == (5000, max(lengths))
    assert counted.mean == pytest.approx(float(np.mean(lengths)), abs=0.1)


def test_lengths_of_any_size_take_few_counters() -> None:
    counted = Lengths()
    for length in range(0, 3_000_000, 7):
        counted.add(length)
    assert len(counted._counts) < 2000


@pytest.mark.parametrize("seed", range(5))
def test_a_frequent_text_is_never_lost_and_never_counted_too_often(seed: int) -> None:
    drawn = random.Random(seed)
    texts = [drawn.choice("abc") if drawn.random() < 0.3 else str(drawn.random()) for _ in range(20_000)]
    found, exact = Frequent(), Counter(texts)
    for text in texts:
        found.add(text)
    text, times = found.most()
    assert text in "abc"
    assert exact[text] - len(texts) / (MOST_FOLLOWED + 1) <= times <= exact[text]


def test_a_profile_counts_empty_and_repeated_texts() -> None:
    profile = TextProfile()
    for text in ["one", "two", "one", "", " \n", "one"]:
        profile.add(text)
    texts, empty, repeated, mean, *_ = profile.row()
    assert (texts, empty, repeated) == (6, 2, 2)
    assert mean == pytest.approx(14 / 6, abs=0.05)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("fine 😀 \U0010ffff", ""), ("a\x00b\ufffd", "NUL"), ("\ufffd", "replacement"), ("\x00\ud83d", "surrogate")],
)
def test_damage_is_named_the_worst_first(text: str, kind: str) -> None:
    assert damage(text) == kind


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
@pytest.mark.parametrize("text", ["sch\u00f6n", "it\u2019s", "20 \u20ac", "fun \U0001f600", "\u00c9t\u00e9"])
def test_text_that_was_read_as_another_encoding_is_seen_and_sound_text_is_not(text: str, encoding: str) -> None:
    assert damage(text) == ""
    assert damage(text.encode().decode(encoding, "replace").replace("\ufffd", "\u0081")) == "misread"


@pytest.mark.parametrize(
    "text",
    [
        "N\u00c3O \u00e9 \u00c2ngulo",
        "\u00c3 \u00e2me \u00f0 \u00bb",
        "\u4f60\u597d",
        "\u00ab\u00a0\u00c2ge\u00a0\u00bb",
    ],
)
def test_letters_that_begin_such_text_are_no_damage_by_themselves(text: str) -> None:
    assert damage(text) == ""


def test_what_is_shown_of_a_text_is_one_line_that_any_file_takes() -> None:
    line = shown("a\nb\x00\ud83d" + "c" * 500)
    line.encode("utf-8")
    assert line.startswith("a b\\x00\\ud83d")
    assert line.isprintable()
    assert len(line) < 80
