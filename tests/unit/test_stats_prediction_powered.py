"""Rates by labels of some cases and a judgement of all: against the published formulas, and by clusters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.stats.intervals import exact, exact_of_worth, normal_quantile
from evalkit.stats.prediction_powered import Clustered, prediction_powered


def test_the_estimate_by_hand() -> None:
    """Labels 6 of 10, judgements 5 of these 10 and 60 of all 100; the slope is cov / var = 0.2 / 0.25."""
    judged = [1.0] * 5 + [0.0] * 5
    human = [1.0] * 5 + [1.0] + [0.0] * 4
    every = judged + [1.0] * 55 + [0.0] * 35
    found = prediction_powered(every, judged, human)
    assert found.value == pytest.approx(0.6 + 0.8 * (0.6 - 0.5))
    assert found.observed == 0.6


def test_a_constant_judgement_leaves_the_labels_mean() -> None:
    human = [1.0] * 13 + [0.0] * 7
    assert prediction_powered([1.0] * 500, [1.0] * 20, human).value == pytest.approx(0.65)


def test_a_judgement_that_speaks_against_the_labels_is_not_believed() -> None:
    human = [1.0, 0.0] * 10
    assert prediction_powered([0.0, 1.0] * 100, [0.0, 1.0] * 10, human).value == pytest.approx(0.5)


def test_all_labelled_is_their_mean() -> None:
    random = np.random.default_rng(2)
    human, judged = random.random(50) < 0.4, random.random(50) < 0.5
    found = prediction_powered(
        judged.astype(float).tolist(), judged.astype(float).tolist(), human.astype(float).tolist()
    )
    assert found.value == pytest.approx(float(human.mean()))


def widths_and_cover(accuracy: float, labels: int, repeats: int = 150) -> tuple[float, float]:
    random, widths, hits = np.random.default_rng(9), [], 0
    for _ in range(repeats):
        truth = random.random(400) < 0.4
        judged = np.where(random.random(400) < accuracy, truth, ~truth).astype(float).tolist()
        found = prediction_powered(judged, judged[:labels], truth[:labels].astype(float).tolist()).interval
        assert found is not None
        widths.append(found.high - found.low)
        hits += found.low <= 0.4 <= found.high
    return float(np.mean(widths)), hits / repeats


@pytest.mark.parametrize("labels", [10, 40, 200])
def test_the_interval_covers_and_is_narrower_the_better_the_judgement(labels: int) -> None:
    """150 simulations: a standard error of 0.018."""
    good, chance = widths_and_cover(0.97, labels), widths_and_cover(0.5, labels)
    assert good[0] < 0.97 * chance[0]
    assert min(good[1], chance[1]) >= 0.95 - 3 * 0.018


@pytest.mark.parametrize("labels", [50, 100, 190])
def test_a_perfect_judgement_is_worth_no_more_than_labels_of_all(labels: int) -> None:
    """Half of 200 cases are true, half of the labels, too: no narrower than 200 labels, and not much wider."""
    judged = [1.0, 0.0] * (labels // 2)
    found = prediction_powered([1.0, 0.0] * 100, judged, judged).interval
    assert found is not None
    all_labelled = exact(100, 200)
    width = all_labelled.high - all_labelled.low
    assert 0.99 * width <= found.high - found.low <= 1.25 * width


def test_fewer_than_ten_labels_correct_nothing() -> None:
    found = prediction_powered([1.0] * 30, [1.0] * 9, [1.0] * 9)
    assert (found.value, found.interval) == (None, None)
    assert "9 labels" in found.note


def test_ten_labels_that_agree_prove_no_perfect_judgement() -> None:
    found = prediction_powered([1.0, 0.0] * 500, [1.0, 0.0] * 5, [1.0, 0.0] * 5).interval
    assert found is not None
    assert found.high - found.low > 0.2


@pytest.mark.parametrize(
    ("every", "judged", "human"),
    [([1.0], [1.0], []), ([1.0], [1.0] * 2, [1.0] * 2), ([], [], []), ([2.0] * 20, [1.0] * 10, [1.0] * 10)],
)
def test_impossible_labels_are_refused(every: list[float], judged: list[float], human: list[float]) -> None:
    with pytest.raises(ValueError):
        prediction_powered(every, judged, human)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=10, max_size=40), st.integers(0, 60))
@settings(max_examples=60)
def test_value_and_interval_stay_between_0_and_1(pairs: list[tuple[bool, bool]], others: int) -> None:
    judged, human = ([float(pair[side]) for pair in pairs] for side in (0, 1))
    found = prediction_powered([*judged, *([1.0] * others)], judged, human)
    assert found.value is not None
    assert found.interval is not None
    assert 0 <= found.interval.low <= found.value <= found.interval.high <= 1


# --- the published formulas -------------------------------------------------------------------------------------------


def answers(counts: tuple[int, ...]) -> tuple[list[float], ...]:
    """How many are labelled, of how many; flagged by both, by people alone and by the check alone, and by the check
    among the cases without a label."""
    labelled, total, both, people, check, others = counts
    human = [1.0] * (both + people) + [0.0] * (labelled - both - people)
    judged = [1.0] * both + [0.0] * people + [1.0] * check + [0.0] * (labelled - both - people - check)
    return [*judged, *[1.0] * others, *[0.0] * (total - labelled - others)], judged, human


@pytest.mark.parametrize(
    ("counts", "value", "low", "high"),
    [
        ((50, 400, 10, 2, 3, 80), 0.22033264, 0.13472303, 0.30594226),
        ((200, 2000, 30, 10, 5, 310), 0.19800866, 0.15943796, 0.23657936),
        ((1000, 10000, 150, 40, 60, 2000), 0.19730018, 0.17887092, 0.21572944),
    ],
)
def test_it_is_that_of_the_authors_own_package(counts: tuple[int, ...], value: float, low: float, high: float) -> None:
    """ppi-python 0.2.3: ppi_mean_pointestimate and ppi_mean_ci(alpha=0.05), with lam the slope of labels on judgements
    over 1 + n/N, as Angelopoulos, Duchi and Zrnic have it. Theirs is symmetrical, and not pulled to the middle."""
    every, judged, human = answers(counts)
    found = prediction_powered(every, judged, human)
    assert found.value == pytest.approx(value, abs=1e-8)
    assert found.interval is not None
    assert found.worth is not None
    labels, error = len(human), math.sqrt(value * (1 - value) / found.worth)
    assert 2 * normal_quantile(0.975) * error == pytest.approx(high - low, rel=0.12)
    assert found.interval.low == pytest.approx(low, abs=1.5 / labels)
    assert found.interval.high == pytest.approx(high, abs=1.5 / labels)


@pytest.mark.parametrize("flagged", [0, 60])
def test_labels_of_one_kind_alone_leave_a_width(flagged: int) -> None:
    human = [1.0] * flagged + [0.0] * (60 - flagged)
    found = prediction_powered([1.0, 0.0] * 200, [1.0, 0.0] * 30, human)
    assert found.value == pytest.approx(flagged / 60)
    assert found.interval is not None
    assert found.interval.high - found.interval.low == pytest.approx(exact(0, 60).high, abs=0.005)


def test_labels_of_all_cases_are_as_sure_as_they_are_by_themselves() -> None:
    human = [1.0] * 12 + [0.0] * 48
    found = prediction_powered([1.0, 0.0] * 30, [1.0, 0.0] * 30, human)
    alone = exact(12, 60)
    assert found.value == pytest.approx(0.2)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((alone.low, alone.high), abs=0.01)


# --- clusters ---------------------------------------------------------------------------------------------------------


def some(cases: int, labelled: int, seed: int) -> tuple[list[float], list[float], list[int]]:
    random = np.random.default_rng(seed)
    human = (random.random(cases) < 0.3).astype(float)
    judged = np.where(random.random(cases) < 0.85, human, 1 - human)
    places = random.choice(cases, labelled, replace=False).tolist()
    return judged.tolist(), human[places].tolist(), places


def by_cluster(
    judged: list[float], human: list[float], places: list[int], names: list[str]
) -> tuple[float, float, float]:
    found = prediction_powered(judged, [judged[at] for at in places], human, Clustered.of(judged, names, places))
    assert found.value is not None
    assert found.interval is not None
    return found.value, found.interval.low, found.interval.high


def test_clusters_of_one_case_are_independent_cases() -> None:
    judged, human, places = some(300, 40, 1)
    plain = prediction_powered(judged, [judged[at] for at in places], human)
    assert plain.interval is not None
    expected = (plain.value, plain.interval.low, plain.interval.high)
    named = by_cluster(judged, human, places, [f"c{at}" for at in range(300)])
    assert named == pytest.approx(expected, abs=2e-3)
    assert by_cluster(judged, human, places, [""] * 300) == pytest.approx(named, abs=1e-12)


def test_copies_of_a_case_know_no_more_than_the_case() -> None:
    """Each case five times over, all labelled: as wide as once."""
    judged, human, places = some(60, 60, 2)
    once = prediction_powered(judged, [judged[at] for at in places], human).interval
    assert once is not None
    copies, labels = [value for value in judged for _ in range(5)], [value for value in human for _ in range(5)]
    names = [f"c{at}" for at in range(60) for _ in range(5)]
    everywhere = [5 * at + number for at in places for number in range(5)]
    value, low, high = by_cluster(copies, labels, everywhere, names)
    assert value == pytest.approx(sum(human) / 60)
    assert (low, high) == pytest.approx((once.low, once.high), abs=2e-3)


def test_the_order_of_cases_and_names_of_clusters_change_nothing() -> None:
    judged, human, places = some(200, 50, 3)
    names = [f"c{at % 20}" for at in range(200)]
    before = by_cluster(judged, human, places, names)
    turned = by_cluster(
        judged[::-1], human[::-1], [199 - at for at in places[::-1]], [f"other {name}" for name in names[::-1]]
    )
    assert turned == pytest.approx(before)


def test_labels_of_a_few_clusters_have_a_value_and_no_interval() -> None:
    judged, human, places = some(200, 50, 4)
    clustered = Clustered.of(judged, [f"c{at % 4}" for at in range(200)], places)
    found = prediction_powered(judged, [judged[at] for at in places], human, clustered)
    assert found.value is not None
    assert found.interval is None
    assert "4 clusters" in found.note


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 12)), min_size=10, max_size=60), st.data())
@settings(max_examples=80)
def test_by_cluster_it_stays_between_0_and_1_and_has_a_width(
    cases: list[tuple[bool, bool, int]], data: st.DataObject
) -> None:
    labelled = data.draw(st.lists(st.sampled_from(range(len(cases))), min_size=10, unique=True))
    judged = [float(case[0]) for case in cases]
    names = [f"k{case[2]}" if case[2] else "" for case in cases]
    human = [float(cases[at][1]) for at in labelled]
    found = prediction_powered(judged, [judged[at] for at in labelled], human, Clustered.of(judged, names, labelled))
    assert found.value is not None
    assert (found.interval is None) == (found.worth is None) == bool(found.note)
    if found.interval is not None:
        assert 0 <= found.interval.low <= found.value <= found.interval.high <= 1
        assert found.interval.high - found.interval.low > 0.02


# --- what decides -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("successes", "n"), [(0, 20), (3, 20), (20, 20), (7, 50)])
def test_of_whole_numbers_it_is_clopper_and_pearsons(successes: int, n: int) -> None:
    found, expected = exact_of_worth(successes / n, n), exact(successes, n)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_between_whole_numbers_it_lies_between() -> None:
    before, found, after = (exact_of_worth(share / 20, 20.0) for share in (3, 3.5, 4))
    assert before.low < found.low < after.low
    assert before.high < found.high < after.high
    assert exact_of_worth(0.2, 30.5).high < exact_of_worth(0.2, 30.0).high
