"""BLEU, chrF and TER against sacreBLEU: its published test vectors, a real multi-reference corpus, and random texts."""

from __future__ import annotations

import ast
import csv
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.metrics import score
from evalkit.metrics.corpus import bleu, chrf, make_bleu, make_chrf, make_sentence_bleu, sentence_bleu, ter
from evalkit.records import Unscored

Rows = list[tuple[str, list[str]]]


def totals(metric: Any, rows: Rows) -> tuple[float, ...]:
    vectors = [metric.text_statistics(hypothesis, references) for hypothesis, references in rows]
    assert not any(isinstance(vector, Unscored) for vector in vectors)
    return tuple(map(sum, zip(*vectors, strict=True)))


def value(metric: Any, rows: Rows) -> float:
    found = metric.value(totals(metric, rows))
    assert found is not None
    return float(found)


def streams(rows: Rows) -> list[list[str | None]]:
    """What sacreBLEU wants: the first reference of every row, then the second; none where a row has fewer."""
    most = max(len(references) for _, references in rows)
    return [[references[n] if n < len(references) else None for _, references in rows] for n in range(most)]


@pytest.fixture
def vectors(public_data: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((public_data / "metric_vectors" / "sacrebleu_vectors.json").read_text("utf-8"))
    return found


def test_corpus_bleu_gives_the_published_scores_for_each_tokeniser(vectors: dict[str, Any]) -> None:
    hypotheses, references = vectors["test_bleu.py:_hyps"], vectors["test_bleu.py:_refs"]
    rows = list(zip(hypotheses, map(list, zip(*references, strict=True)), strict=True))
    seen = 0
    for _, _, options, expected in vectors["test_bleu.py:test_corpus_bleu_cases"]:
        settings_of_case = ast.literal_eval(options)
        if "smooth_method" in settings_of_case:
            continue
        mine = [("", accepted) for _, accepted in rows] if expected == "0.0" else rows
        assert 100 * value(make_bleu(**settings_of_case), mine) == pytest.approx(float(expected), abs=1e-6)
        seen += 1
    assert seen == 5


def test_sentence_bleu_gives_the_published_scores_with_effective_order(vectors: dict[str, Any]) -> None:
    """The third published case is smoothed in another way ("floor"), which sentence_bleu does not offer."""
    cases = vectors["test_bleu.py:test_case_effective_order"]
    for hypotheses, references, expected in cases[:2]:
        assert value(sentence_bleu, [(hypotheses[0], references[0])]) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", ["test_sentence_level_chrf", "test_cases_effective_order"])
def test_chrf_gives_the_published_scores(vectors: dict[str, Any], name: str) -> None:
    for hypotheses, references, expected in vectors[f"test_chrf.py:{name}"]:
        said = [hypotheses] if isinstance(hypotheses, str) else hypotheses
        assert score("chrf", said, [[reference] for reference in references]) == pytest.approx(expected / 100, abs=1e-5)


def test_ter_gives_the_published_scores(vectors: dict[str, Any]) -> None:
    for hypotheses, references, expected in vectors["test_ter.py:test_cases"][:6]:
        rows = list(zip(ast.literal_eval(hypotheses), ([r] for r in ast.literal_eval(references)), strict=True))
        assert value(ter, rows) == pytest.approx(float(Fraction(expected.replace(" ", ""))), abs=1e-9)


def test_degenerate_statistics_are_worth_nothing(vectors: dict[str, Any]) -> None:
    for statistics, smoothing, _ in vectors["test_bleu.py:test_case_degenerate_stats"]:
        if smoothing != "0.0":
            continue
        counts, said, wanted = ast.literal_eval(statistics.replace("Statistics", ""))
        correct, total = counts
        vector = (float(said), float(wanted), *map(float, correct), *map(float, total))
        expected = sacrebleu.BLEU()._compute_score_from_stats([said, wanted, *correct, *total]).score / 100
        assert bleu.value(vector) == pytest.approx(expected, abs=1e-12)
        assert bleu.values(np.array([vector]))[0] == pytest.approx(expected, abs=1e-12)


@pytest.fixture
def e2e(public_data: Path) -> dict[str, Rows]:
    references: dict[str, list[str]] = defaultdict(list)
    with (public_data / "e2e_nlg" / "testset_w_refs.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            references[row["mr"]].append(row["ref"])
    systems: dict[str, Rows] = defaultdict(list)
    for line in (public_data / "e2e_nlg" / "system_outputs.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        systems[row["system"]].append((row["output"], references[row["mr"].strip("'")]))  # two systems quote all texts
    return systems


def test_bleu_of_21_systems_with_several_references_equals_sacrebleu(e2e: dict[str, Rows]) -> None:
    assert len(e2e) == 21
    assert {len(references) for _, references in next(iter(e2e.values()))} > {1, 2}
    for rows in e2e.values():
        hypotheses = [hypothesis for hypothesis, _ in rows]
        expected = sacrebleu.corpus_bleu(hypotheses, streams(rows), force=True).score / 100
        found = totals(bleu, rows)
        assert bleu.value(found) == pytest.approx(expected, abs=1e-9)
        assert bleu.values(np.array([found]))[0] == pytest.approx(expected, abs=1e-9)


def test_sentence_bleu_and_chrf_of_a_system_with_several_references_equal_sacrebleu(e2e: dict[str, Rows]) -> None:
    rows = next(iter(e2e.values()))[::10]
    one_by_one = [sacrebleu.sentence_bleu(hypothesis, references).score / 100 for hypothesis, references in rows]
    assert value(sentence_bleu, rows) == pytest.approx(sum(one_by_one) / len(rows), abs=1e-9)
    expected = sacrebleu.corpus_chrf([hypothesis for hypothesis, _ in rows], streams(rows)).score / 100
    assert value(chrf, rows) == pytest.approx(expected, abs=1e-9)


def test_ter_with_several_references_equals_sacrebleu(e2e: dict[str, Rows]) -> None:
    rows = next(iter(e2e.values()))[:12]
    expected = sacrebleu.corpus_ter([hypothesis for hypothesis, _ in rows], streams(rows)).score / 100
    assert value(ter, rows) == pytest.approx(expected, abs=1e-9)


TEXT = st.text(st.sampled_from("abcd  .,é我\n&;-1"), max_size=24)
ROWS = st.lists(st.tuples(TEXT, st.lists(TEXT, min_size=1, max_size=3)), min_size=1, max_size=5)


@settings(max_examples=150)
@given(ROWS)
def test_corpus_scores_of_random_rows_equal_sacrebleu(rows: Rows) -> None:
    hypotheses = [hypothesis for hypothesis, _ in rows]
    references = streams(rows)
    assert value(bleu, rows) == pytest.approx(
        min(sacrebleu.corpus_bleu(hypotheses, references).score / 100, 1), abs=1e-9
    )
    assert value(chrf, rows) == pytest.approx(sacrebleu.corpus_chrf(hypotheses, references).score / 100, abs=1e-9)
    assert value(ter, rows) == pytest.approx(sacrebleu.corpus_ter(hypotheses, references).score / 100, abs=1e-9)


@settings(max_examples=100)
@given(ROWS)
def test_sentence_bleu_of_random_rows_equals_the_mean_of_sacrebleus(rows: Rows) -> None:
    expected = sum(min(sacrebleu.sentence_bleu(h, references).score / 100, 1) for h, references in rows) / len(rows)
    assert value(sentence_bleu, rows) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=60)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_references_and_rows_changes_nothing(rows: Rows, rng: random.Random) -> None:
    shuffled = [(hypothesis, rng.sample(references, len(references))) for hypothesis, references in rows]
    rng.shuffle(shuffled)
    for metric in (bleu, sentence_bleu, ter):
        assert value(metric, shuffled) == pytest.approx(value(metric, rows), abs=1e-12)


@settings(max_examples=60)
@given(ROWS)
def test_scores_stay_inside_their_bounds(rows: Rows) -> None:
    for metric in (bleu, sentence_bleu, chrf):
        assert 0 <= value(metric, rows) <= 1
    assert value(ter, rows) >= 0


@settings(max_examples=40)
@given(
    st.lists(
        st.text(st.sampled_from("abc "), min_size=12, max_size=30).filter(lambda t: len(t.split()) > 4), min_size=1
    )
)
def test_a_text_that_equals_its_reference_is_perfect(texts: list[str]) -> None:
    rows = [(text, ["something else", text]) for text in texts]
    assert value(bleu, rows) == pytest.approx(1)
    assert value(sentence_bleu, rows) == pytest.approx(1)
    assert value(ter, [(text, [text]) for text in texts]) == 0


def test_values_of_many_resamples_equal_value_of_each() -> None:
    rng = np.random.default_rng(7)
    statistics = np.array(
        [
            bleu.text_statistics(
                " ".join(rng.choice(list("abcdef"), rng.integers(0, 9))),
                [" ".join(rng.choice(list("abcdef"), rng.integers(1, 9)))],
            )
            for _ in range(60)
        ]
    )
    weights = rng.multinomial(60, [1 / 60] * 60, size=300)
    summed = weights @ statistics
    one_by_one = [bleu.value(tuple(row)) for row in summed.tolist()]
    assert np.allclose(bleu.values(summed), one_by_one, atol=1e-12)
    sparse = statistics[:, :]  # single rows have orders without n-grams, where smoothing and early stops differ
    assert np.allclose(bleu.values(sparse), [bleu.value(tuple(row)) for row in sparse.tolist()], atol=1e-12)


def test_chinese_scores_with_a_tokeniser_that_splits_it() -> None:
    rows: Rows = [("我爱北京天安门", ["我爱北京天安门"])]
    assert value(bleu, rows) == 0  # as sacreBLEU: one word, so no pair of words matches
    assert value(make_bleu("zh"), rows) == pytest.approx(1)
    assert value(make_sentence_bleu("char"), rows) == pytest.approx(1)


def test_signatures_are_sacrebleus_and_name_every_choice() -> None:
    assert bleu.signature == f"bleu|nrefs:var|case:mixed|eff:no|tok:13a|smooth:exp|version:{sacrebleu.__version__}"
    assert "tok:zh" in make_bleu("zh").signature
    assert "nw:2" in make_chrf(word_order=2).signature
    assert "eff:yes" in sentence_bleu.signature
    metrics: Sequence[Any] = [bleu, sentence_bleu, chrf, ter, make_bleu("intl"), make_chrf(lowercase=True)]
    assert len({metric.signature for metric in metrics}) == len(metrics)


def test_an_unknown_tokeniser_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no tokenizer 'moses'.*13a, intl, zh"):
        make_bleu("moses")
