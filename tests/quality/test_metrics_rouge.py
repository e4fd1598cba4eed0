"""ROUGE against rouge_score, on its own test data, on real multi-reference cases and on random texts."""

from __future__ import annotations

import itertools
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenize import tokenize

from evalkit.metrics import rouge, score
from evalkit.records import Unscored

VARIANTS = ("rouge1", "rouge2", "rougeL", "rougeLsum")
PLAIN = RougeScorer(list(VARIANTS))
STEMMED = RougeScorer(list(VARIANTS), use_stemmer=True)


def scored_here(hypothesis: str, references: list[str]) -> dict[str, tuple[float, ...]]:
    names = [variant + suffix for suffix in ("", "_stem") for variant in VARIANTS]
    return {name: tuple(getattr(rouge, name).text_statistics(hypothesis, references)) for name in names}


def by_rouge_score(hypothesis: str, references: list[str]) -> dict[str, tuple[float, ...]]:
    """Each score, and 1 for the one text it was found in; equal to the last of a billionth."""
    return {
        variant + suffix: pytest.approx((found[variant].fmeasure, 1), abs=1e-9)
        for suffix, scorer in (("", PLAIN), ("_stem", STEMMED))
        for found in [scorer.score_multi(references, hypothesis)]
        for variant in VARIANTS
    }


@pytest.mark.parametrize("name", ["pyrouge_pairs", "large_pairs"])
def test_the_pairs_of_rouge_scores_own_tests_score_as_there(public_data: Path, name: str) -> None:
    lines = (public_data / "rouge_testdata" / f"{name}.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 1000
    for line in lines[::4]:
        pair = json.loads(line)
        references = [pair["target"]]
        assert scored_here(pair["prediction"], references) == by_rouge_score(pair["prediction"], references)


def test_real_summaries_with_four_references_take_the_best_as_rouge_score_does(public_data: Path) -> None:
    """These cases come from a test of ROUGE 1.5.5 against its Perl original. That one averages over references by
    jackknifing; rouge_score, and so this project, takes the best one, which is why its numbers are the reference here.
    """
    cases: dict[str, Any] = json.loads((public_data / "rouge_testdata" / "rouge155_cases.json").read_text("utf-8"))
    assert len(cases) == 25
    for case in cases.values():
        for summary in case["summaries"]:
            assert scored_here(summary, case["references"]) == by_rouge_score(summary, case["references"])


def test_real_answers_of_many_lines_score_as_in_rouge_score(public_data: Path) -> None:
    sides = []
    for system in ("claude-2.1", "gemma-2b-it"):
        rows = json.loads((public_data / "alpaca_eval" / f"outputs_{system}.json").read_text("utf-8"))
        sides.append([row["output"] for row in rows[::40]])
    assert sum(text.count("\n") for side in sides for text in side) > 250
    for answer, reference in zip(*sides, strict=True):
        assert scored_here(answer, [reference]) == by_rouge_score(answer, [reference])


def test_the_mean_over_rows_is_the_mean_of_rouge_scores(public_data: Path) -> None:
    lines = (public_data / "rouge_testdata" / "large_pairs.jsonl").read_text("utf-8").splitlines()[:100]
    pairs = [json.loads(line) for line in lines]
    expected = sum(PLAIN.score(pair["target"], pair["prediction"])["rougeL"].fmeasure for pair in pairs) / len(pairs)
    found = score("rougeL", [pair["prediction"] for pair in pairs], [[pair["target"]] for pair in pairs])
    assert found == pytest.approx(expected, abs=1e-9)


WORDS = st.lists(
    st.sampled_from(["the", "cat", "cats", "running", "run", "a", "b", "c", "2", "naïve", "."]), max_size=14
)
TEXT = st.lists(WORDS.map(" ".join), max_size=3).map("\n".join)


@settings(max_examples=300)
@given(TEXT, st.lists(TEXT, min_size=1, max_size=3))
def test_random_texts_of_one_or_several_lines_score_as_in_rouge_score(hypothesis: str, references: list[str]) -> None:
    assert scored_here(hypothesis, references) == by_rouge_score(hypothesis, references)


def test_every_character_is_a_letter_or_a_gap_as_in_rouge_score() -> None:
    """Of some, the lower case is ASCII: the Kelvin sign, the capital I with a dot."""
    for code in itertools.chain(range(0x3000), range(0xD7F0, 0xE010), range(0xFB00, 0x10400), range(0x1D400, 0x1D800)):
        text = f"a{chr(code)}b {chr(code)}"
        assert list(rouge._tokens(text, False)) == tokenize(text, None), hex(code)


def test_a_text_is_seen_when_half_of_its_letters_and_digits_are_those_of_rouge_score() -> None:
    rng = random.Random(4)
    letter = re.compile("[a-z0-9]", re.IGNORECASE)
    for _ in range(3000):
        text = "".join(rng.choices("abZ09 ._éßſK\u0130мир我१٣½\u0301\ud800", k=rng.randint(0, 12)))
        expected = 2 * len(letter.findall(text)) >= sum(map(str.isalnum, text))
        assert rouge.is_seen(text) == expected, ascii(text)


@settings(max_examples=100)
@given(TEXT, st.lists(TEXT, min_size=1, max_size=3))
def test_scores_are_bounded_and_do_not_depend_on_the_order_of_references(
    hypothesis: str, references: list[str]
) -> None:
    for variant in VARIANTS:
        metric = getattr(rouge, variant)
        found = metric.text_statistics(hypothesis, references)
        assert 0 <= found[0] <= 1
        assert metric.text_statistics(hypothesis, references[::-1]) == found


def test_stemming_is_used_only_where_the_name_says_so() -> None:
    assert score("rouge1", ["running cats"], [["run cat"]]) == 0
    assert score("rouge1_stem", ["running cats"], [["run cat"]]) == 1


@pytest.mark.parametrize("text", ["我爱北京", "Привет, мир", "नमस्ते दुनिया", "สวัสดี"])
def test_texts_the_tokeniser_cannot_see_are_unscored_and_never_zero(text: str) -> None:
    assert isinstance(rouge.rougeL.text_statistics(text, [text]), Unscored)
    with pytest.raises(ValueError, match="ASCII words only"):
        score("rougeL", [text], [[text]])


def test_a_reference_that_is_seen_is_used_although_another_is_not() -> None:
    assert rouge.rougeL.text_statistics("I love Beijing", ["我爱北京", "I love Beijing"]) == (1.0, 1.0)
    assert rouge.rougeL.text_statistics("我爱北京", ["I love Beijing"]) == (0.0, 1.0)


def test_signatures_differ_by_variant_and_stemming_and_name_the_package() -> None:
    metrics = [getattr(rouge, variant + suffix) for variant in VARIANTS for suffix in ("", "_stem")]
    assert len({metric.signature for metric in metrics}) == 8
    assert all("rouge_score:0.1" in metric.signature for metric in metrics)
