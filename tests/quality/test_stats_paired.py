"""Paired comparisons against sacreBLEU, scipy and simulated runs of one model.

Larger simulations, and how long all of it takes, are in benchmarks/statistics.
"""

from __future__ import annotations

import csv
import json
import math
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.metrics.lib_ter import translation_edit_rate
from sacrebleu.significance import PairedTest
from scipy.stats import binomtest, kstest

from evalkit.metrics.batches import statistics_of_all
from evalkit.metrics.corpus import bleu, chrf, ter
from evalkit.metrics.edits import translation_edits
from evalkit.metrics.kinds import rate
from evalkit.stats import paired, resampling
from evalkit.stats.bootstrap import Resampling, bootstrap

SYSTEMS = ("slug", "tgen", "sheff2")


@pytest.fixture
def restaurants(public_data: Path) -> dict[str, Any]:
    """Answers of three systems to the 630 inputs of the E2E challenge, and their human references."""
    folder = public_data / "e2e_nlg"
    references: dict[str, list[str]] = defaultdict(list)
    with (folder / "testset_w_refs.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            references[row["mr"]].append(row["ref"])
    found: dict[str, dict[str, str]] = defaultdict(dict)
    with (folder / "system_outputs.jsonl").open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            found[row["system"]][row["mr"]] = row["output"]
    texts: dict[str, Any] = {name: [found[name][mr] for mr in references] for name in SYSTEMS}
    texts["references"] = list(references.values())
    return texts


def streams(references: list[list[str]], most: int) -> list[list[str | None]]:
    return [[row[n] if n < len(row) else None for row in references] for n in range(most)]


def peers(metric: Any, a: list[str], b: list[str], columns: list[list[str | None]]) -> tuple[float, float, float]:
    _, found = PairedTest([("b", b), ("a", a)], {"m": metric}, columns, "bs", 1000)()
    (results,) = (value for key, value in found.items() if key != "System")
    return results[1].score / 100, results[0].score / 100, results[1].p_value


@pytest.mark.parametrize(
    ("metric", "name", "rows"),
    [(BLEU, "bleu", 630), (CHRF, "chrf", 300), (TER, "ter", 60)],
    ids=["BLEU", "chrF", "TER"],
)
def test_the_paired_bootstrap_is_sacrebleus_on_the_same_draws(
    restaurants: dict[str, Any], metric: Any, name: str, rows: int
) -> None:
    """Systems close to each other, so that the p-values are neither 0 nor 1."""
    references = [row[:2] for row in restaurants["references"][:rows]]
    p_values = []
    for ours, theirs in (("slug", "tgen"), ("tgen", "sheff2")):
        a, b = restaurants[ours][:rows], restaurants[theirs][:rows]
        expected = peers(metric(), a, b, streams(references, 2))
        for asked in (name, metric()):
            found = paired.bootstrap(asked, a, b, references)
            assert (found.a, found.b) == (pytest.approx(expected[0]), pytest.approx(expected[1]))
            assert found.p_value == pytest.approx(expected[2], abs=1e-3)
        other = paired.bootstrap(name, a, b, references, seed=7).p_value
        spread = math.sqrt(2 * max(expected[2] * (1 - expected[2]), 1e-3) / 1000)
        assert other == pytest.approx(expected[2], abs=4 * spread)
        p_values.append(expected[2])
    assert any(0.002 < p < 0.9 for p in p_values)


@pytest.mark.parametrize(
    ("metric", "rows", "widest"),
    [
        (BLEU(), 630, 5),
        (BLEU(lowercase=True, smooth_method="floor", effective_order=True), 200, 1),
        (BLEU(tokenize="intl"), 200, 2),
        (BLEU(tokenize="char", max_ngram_order=2), 100, 3),
        (CHRF(), 200, 1),
        (CHRF(word_order=2), 200, 4),
        (CHRF(lowercase=True, whitespace=True, eps_smoothing=True), 100, 3),
        (TER(), 60, 2),
        (TER(normalized=True, no_punct=True, case_sensitive=True), 40, 1),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, int) else str(value),
)
def test_statistics_of_a_corpus_are_sacrebleus(
    restaurants: dict[str, Any], metric: Any, rows: int, widest: int
) -> None:
    references = [row[: 1 + n % widest] for n, row in enumerate(restaurants["references"][:rows])]
    sides = [restaurants["slug"][:rows], ["", *restaurants["sheff2"][1:rows]], restaurants["slug"][rows - 1 :: -1]]
    for side, found in zip(sides, statistics_of_all(metric, sides, references), strict=True):
        expected = np.array(metric._extract_corpus_statistics(side, streams(references, widest)))
        assert np.array_equal(found, expected)


MESSY = st.text(alphabet="abAB 019.,-&;!'\"<>é中\n\u2028\t\x00\ud800\ue000", max_size=25)
CORPUS = st.lists(st.tuples(MESSY, MESSY, st.lists(MESSY, min_size=1, max_size=3)), min_size=1, max_size=5)


@settings(max_examples=150)
@given(CORPUS)
def test_statistics_of_messy_texts_are_sacrebleus(rows: list[tuple[str, str, list[str]]]) -> None:
    a, b, references = (list(column) for column in zip(*rows, strict=True))
    columns = streams(references, 3)
    for metric in (BLEU(), BLEU(lowercase=True), CHRF(), CHRF(word_order=2), TER()):
        for side, found in zip((a, b), statistics_of_all(metric, [a, b], references), strict=True):
            assert np.array_equal(found, np.array(metric._extract_corpus_statistics(side, columns)))


def test_rows_of_very_many_words_and_letters_are_counted_too() -> None:
    words = " ".join(f"w{n}" for n in range(5000))
    letters = "".join(chr(0x4E00 + n) for n in range(3000))
    for metric, text in ((BLEU(), words), (CHRF(), letters)):
        found = statistics_of_all(metric, [[text, "a b c d"]], [[text[5:], text], ["a b c"]])
        expected = metric._extract_corpus_statistics([text, "a b c d"], [[text[5:], "a b c"], [text, None]])
        assert np.array_equal(found[0], np.array(expected))


def test_edits_are_tercoms_also_where_its_search_has_a_narrow_beam() -> None:
    numbers = random.Random(5)
    for case in range(24):
        size = numbers.randint(0, 75)
        reference = [str(numbers.randrange(numbers.choice([3, 60]))) for _ in range(size)]
        answer = reference[numbers.randrange(size + 1) :] + reference[: numbers.randrange(size + 1)]
        answer += ["extra"] * numbers.choice([0, 0, 5, 40])
        if case % 8 < 7:
            reference, answer = reference[:25], answer[:30]
        assert translation_edits(answer, reference) == translation_edit_rate(answer, reference)


@pytest.mark.parametrize("metric", [bleu, chrf, ter], ids=lambda metric: metric.name)
def test_values_of_many_totals_are_those_of_each(metric: Any) -> None:
    width = {"bleu": 10, "chrf": 18, "ter": 2}[metric.name]
    totals = np.random.default_rng(2).integers(0, 6, (300, width)).astype(float)
    if metric.name == "bleu":
        totals[:, 2:6] = np.minimum(totals[:, 2:6], totals[:, 6:])
    if metric.name == "chrf":
        totals[:, 2::3] = np.minimum(totals[:, 2::3], np.minimum(totals[:, ::3], totals[:, 1::3]))
    expected = [metric.value(tuple(row)) for row in totals.tolist()]
    assert metric.values(totals) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("better", "worse"), [(0, 1), (3, 11), (40, 60), (700, 640)])
def test_mcnemar_is_scipys_binomial_test(better: int, worse: int) -> None:
    assert paired.mcnemar_exact(better, worse) == pytest.approx(binomtest(better, better + worse).pvalue)


# --- two runs of the same model ---------------------------------------------------------------------------------------

CORRECT = rate("correct")


def two_runs(random_: np.random.Generator, cases: int, spread: float, drop: float = 0.0) -> tuple[Any, Any]:
    """Two sampled runs; ``spread`` is small where most cases are always or never right, so that the runs agree."""
    chance = random_.beta(0.8 * spread, 0.2 * spread, cases)
    return (random_.random((2, cases)) < [chance * (1 - drop / 0.8), chance]).astype(float)


def vectors(values: Any) -> Any:
    return np.stack([values, np.ones_like(values)], axis=1)


@pytest.mark.parametrize("spread", [0.2, 5.0])
def test_two_runs_of_one_model_raise_no_alarm(spread: float) -> None:
    """At most 5 % may fail; 4 standard errors of 200 simulated pairs are 6 points."""
    random_ = np.random.default_rng(11)
    words: list[str] = []
    p_values = []
    for repeat in range(200):
        ours, theirs = two_runs(random_, 400, spread)
        words += [paired.non_inferior(ours, theirs, margin).word for margin in (0.0, 0.02)]
        p_values.append(paired.swap_test(CORRECT, vectors(ours), vectors(theirs), None, 399, repeat))
    assert words.count("fail") / len(words) <= 0.05
    for level in (0.05, 0.2, 0.5):
        error = math.sqrt(level * (1 - level) / 200)
        assert np.mean(np.array(p_values) <= level) <= level + 4 * error


def test_swaps_are_uniform_where_values_have_no_ties() -> None:
    random_ = np.random.default_rng(3)
    p_values = [
        paired.swap_test(CORRECT, vectors(random_.random(60)), vectors(random_.random(60)), None, 199, seed)
        for seed in range(300)
    ]
    assert kstest(p_values, "uniform").pvalue > 0.001


def test_very_many_cases_are_swapped_in_groups_without_more_alarms_or_less_power(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """400 cases in at most 32 groups: still uniform without a difference, and with one as sure as one by one."""
    random_ = np.random.default_rng(5)
    alike = [vectors(random_.random((2, 400))[side]) for _ in range(300) for side in (0, 1)]
    apart = [two_runs(random_, 400, 0.5, 0.06) for _ in range(100)]

    def powers() -> float:
        swaps = [paired.swap_test(CORRECT, vectors(ours), vectors(theirs), None, 399) for ours, theirs in apart]
        return float(np.mean(np.array(swaps) <= 0.05))

    alone = powers()
    monkeypatch.setattr(resampling, "MOST_UNITS", 32)
    p_values = [
        paired.swap_test(CORRECT, *alike[2 * pair : 2 * pair + 2], None, 199, pair) for pair in range(len(alike) // 2)
    ]
    assert kstest(p_values, "uniform").pvalue > 0.001
    assert 0.5 < alone < 0.98
    assert powers() >= alone - 0.1


def test_clusters_keep_the_alarm_where_ignoring_them_does_not() -> None:
    """40 clusters of 10 cases that share their luck: case by case the swaps are far too sure of themselves."""
    random_ = np.random.default_rng(9)
    names = [str(row // 10) for row in range(400)]
    clustered, ignored, fails = 0, 0, 0
    for seed in range(150):
        luck = random_.random((2, 40)).repeat(10, axis=1)
        ours, theirs = (luck < 0.7).astype(float)
        clustered += paired.swap_test(CORRECT, vectors(ours), vectors(theirs), names, 399, seed) <= 0.05
        ignored += paired.swap_test(CORRECT, vectors(ours), vectors(theirs), None, 399, seed) <= 0.05
        fails += paired.non_inferior(ours, theirs, 0.0, clusters=names).word == "fail"
    assert clustered / 150 <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / 150)
    assert ignored / 150 > 0.15
    assert fails / 150 <= 0.05


def test_a_drop_of_five_points_is_seen_in_a_thousand_cases() -> None:
    """Of runs that agree in 9 of 10 cases; the power of other agreements is in docs/statistics.md."""
    random_ = np.random.default_rng(2)
    runs = [two_runs(random_, 1000, 0.2, 0.05) for _ in range(60)]
    assert np.mean([paired.non_inferior(ours, theirs, 0.0).word == "fail" for ours, theirs in runs]) > 0.85
    swaps = [paired.swap_test(CORRECT, vectors(ours), vectors(theirs), None, 399) for ours, theirs in runs]
    assert np.mean(np.array(swaps) <= 0.05) > 0.95


def test_bleus_interval_covers_what_repeated_sampling_finds(restaurants: dict[str, Any]) -> None:
    """200 rows drawn 400 times from all; benchmarks/statistics/bleu_interval.py draws 2,000 times."""
    (matrix,) = statistics_of_all(BLEU(), [restaurants["slug"]], [row[:3] for row in restaurants["references"]])
    truth = bleu.value(tuple(matrix.sum(axis=0)))
    random_ = np.random.default_rng(1)
    hits = 0
    for _ in range(400):
        interval = bootstrap(bleu, matrix[random_.integers(0, len(matrix), 200)], None, Resampling(500))
        assert interval is not None
        assert truth is not None
        hits += interval.low <= truth <= interval.high
    assert hits / 400 == pytest.approx(0.95, abs=0.02 + 2 * math.sqrt(0.95 * 0.05 / 400))
