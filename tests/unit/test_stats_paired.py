"""Two systems on the same cases: what is shown, what is not, and what cannot be asked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.errors import PluginError
from evalkit.records import Answer, Case, Unscored, Vector
from evalkit.stats import paired
from evalkit.stats.bootstrap import Resampling, paired_bootstrap, resampled_differences, resampled_values
from evalkit.stats.corpora import by_row
from evalkit.stats.paired import mcnemar_exact, non_inferior, superior, swap_test


@dataclass(frozen=True)
class Share:
    name: str = "share"
    kind: str = "rate"
    better: str = "higher"
    unit: str = ""
    bounds: tuple[float, float] | None = (0.0, 1.0)
    signature: str = "share"
    worst: Vector | None = None

    def value(self, total: Vector) -> float | None:
        return total[0] / total[1] if total[1] else None

    def statistics(self, case: Case, answers: list[Answer]) -> Vector | Unscored:
        if answers[0].text == "?":
            return Unscored("no answer")
        return (float(answers[0].text in case.sample.references), 1.0)


SHARE = Share()
LOWER = Share(better="lower")


def ones(values: list[float]) -> list[tuple[float, float]]:
    return [(value, 1.0) for value in values]


# --- not worse than by a margin ---------------------------------------------------------------------------------------


def test_equal_sides_are_not_worse_once_there_are_enough_pairs_and_never_fail() -> None:
    few, many = non_inferior([1.0] * 10, [1.0] * 10, 0.02), non_inferior([1.0] * 1000, [1.0] * 1000, 0.02)
    assert (few.word, few.difference, bool(few)) == ("unsure", 0.0, False)
    assert (many.word, many.passed, bool(many), many.pairs) == ("pass", True, True, 1000)
    assert many.p_value <= 0.05 < few.p_value


def test_a_large_drop_fails_and_a_large_gain_passes() -> None:
    good, bad = [1.0] * 180 + [0.0] * 20, [1.0] * 100 + [0.0] * 100
    lost, won = non_inferior(bad, good, 0.02), non_inferior(good, bad, 0.02)
    assert (lost.word, won.word) == ("fail", "pass")
    assert lost.difference == pytest.approx(-0.4)
    assert lost.interval.low < -0.4 < lost.interval.high < -0.02
    assert lost.interval.confidence == pytest.approx(0.9)
    assert lost.p_value == 1.0


def test_superiority_asks_for_more_than_no_difference() -> None:
    better, worse = [1.0] * 60, [0.0] * 60
    assert superior(better, worse).passed
    assert superior(worse, better).word == "fail"
    assert superior(better, better).word == "unsure"


def test_pairs_of_one_cluster_are_one_witness() -> None:
    candidate, baseline = [0.0] * 100, [1.0] * 100
    assert non_inferior(candidate, baseline, 0.02).word == "fail"
    assert non_inferior(candidate, baseline, 0.02, clusters=["same"] * 100).word == "unsure"


def test_a_case_without_a_cluster_is_a_cluster_of_its_own() -> None:
    a, b = [0.0, 1.0] * 40, [1.0] * 80
    assert non_inferior(a, b, 0.1, clusters=[""] * 80) == non_inferior(a, b, 0.1)


def test_clusters_may_be_numbers_and_nought_is_one_of_them() -> None:
    a, b = [0.0, 1.0] * 40, [1.0] * 80
    named = non_inferior(a, b, 0.1, clusters=[f"row {row // 4}" for row in range(80)])
    numbered: list[object] = [[row // 4 for row in range(80)], np.arange(80) // 4]
    assert [non_inferior(a, b, 0.1, clusters=found) for found in numbered] == [named, named]  # type: ignore[arg-type]
    assert non_inferior(a, b, 0.1, clusters=[0] * 80).word == "unsure"  # type: ignore[list-item]
    assert non_inferior(a, b, 0.1, clusters=[None] * 80) == non_inferior(a, b, 0.1)  # type: ignore[list-item]


def test_other_bounds_scale_margin_and_difference() -> None:
    a, b = [0.2, 0.9, 0.4] * 30, [0.3, 0.8, 0.9] * 30
    plain = non_inferior(a, b, 0.05)
    scaled = non_inferior([v * 10 - 3 for v in a], [v * 10 - 3 for v in b], 0.5, bounds=(-3.0, 7.0))
    assert scaled.word == plain.word
    assert scaled.difference == pytest.approx(10 * plain.difference)
    assert scaled.interval.low == pytest.approx(10 * plain.interval.low, abs=1e-6)


@pytest.mark.parametrize(
    ("a", "b", "margin", "says"),
    [
        ([1.0], [1.0, 0.0], 0.0, "as many cases"),
        ([], [], 0.0, "no pairs"),
        ([math.nan], [1.0], 0.0, "candidate's value of case 0 is nan"),
        ([1.0, 0.0], [1.0, 1.5], 0.0, "baseline's value of case 1 is 1.5, outside 0 to 1"),
        ([1.0], [math.inf], 0.0, "baseline"),
        ([1.0], [1.0], -0.1, "margin"),
        ([1.0], [1.0], math.nan, "margin"),
        ([[1.0]], [[1.0]], 0.0, "one list of numbers"),
    ],
)
def test_what_are_no_pairs_is_refused(a: list[float], b: list[float], margin: float, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        non_inferior(a, b, margin)


def test_settings_that_mean_nothing_are_refused() -> None:
    for draws in ({"resamples": 1}, {"resamples": 20.5}, {"seed": -1}, {"seed": None}, {"seed": 1.5}):
        with pytest.raises(ValueError, match=next(iter(draws))):
            paired.bootstrap(SHARE, ["x", "y"], ["x", "y"], ["x", "y"], **draws)
    with pytest.raises(ValueError, match="candidate's values are one list of numbers, not generator"):
        non_inferior((value for value in [1.0]), [1.0], 0.1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="alpha"):
        non_inferior([1.0], [1.0], 0.0, alpha=0.5)
    with pytest.raises(ValueError, match="bounds"):
        superior([1.0], [1.0], bounds=(1.0, 0.0))
    with pytest.raises(ValueError, match="clusters"):
        superior([1.0], [1.0], clusters=["a", "b"])


UNIT = st.floats(0, 1)
PAIRS = st.lists(st.tuples(UNIT, UNIT, st.sampled_from(["", "x", "y"])), min_size=1, max_size=25)


@settings(max_examples=60)
@given(PAIRS, st.sampled_from([0.0, 0.02, 0.3]))
def test_swapping_sides_mirrors_the_difference(pairs: list[tuple[float, float, str]], margin: float) -> None:
    a, b, clusters = (list(column) for column in zip(*pairs, strict=True))
    one, other = non_inferior(a, b, margin, clusters=clusters), non_inferior(b, a, margin, clusters=clusters)
    assert one.difference == pytest.approx(-other.difference, abs=1e-15)
    assert one.interval.low == pytest.approx(-other.interval.high, abs=1e-8)
    assert not (one.word == "fail" and other.word == "fail")


@settings(max_examples=60)
@given(st.lists(UNIT, min_size=1, max_size=25), st.sampled_from([0.0, 0.02, 0.3]))
def test_identical_sides_never_fail(values: list[float], margin: float) -> None:
    found = non_inferior(values, values, margin)
    assert found.difference == 0.0
    assert found.word != "fail"
    assert found.interval.low <= 0.0 <= found.interval.high


@settings(max_examples=60)
@given(PAIRS, st.randoms(use_true_random=False))
def test_the_order_of_cases_does_not_matter(pairs: list[tuple[float, float, str]], random: object) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    found = []
    for rows in (pairs, shuffled):
        a, b, clusters = (list(column) for column in zip(*rows, strict=True))
        draws = Resampling(resamples=50)
        found.append(
            (
                non_inferior(a, b, 0.02, clusters=clusters),
                swap_test(SHARE, ones(a), ones(b), clusters, 99),
                resampled_values(SHARE, ones(a), clusters, draws).tolist(),
                resampled_differences(SHARE, ones(a), ones(b), clusters, draws).tolist(),
            )
        )
    assert found[0] == found[1]


# --- resampled differences --------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.lists(st.tuples(UNIT, UNIT), min_size=2, max_size=20))
def test_turned_round_the_resampled_differences_change_sign(pairs: list[tuple[float, float]]) -> None:
    a, b = (ones(list(side)) for side in zip(*pairs, strict=True))
    draws = Resampling(resamples=50)
    found, turned = resampled_differences(SHARE, a, b, None, draws), resampled_differences(SHARE, b, a, None, draws)
    assert sorted(found) == sorted(-turned)


def test_resampled_differences_are_of_the_first_less_the_second_whichever_comes_first() -> None:
    better, worse = ones([1.0] * 30 + [0.0] * 10), ones([0.0] * 40)
    assert np.mean(resampled_differences(SHARE, better, worse)) == pytest.approx(0.75, abs=0.02)
    assert np.mean(resampled_differences(SHARE, worse, better)) == pytest.approx(-0.75, abs=0.02)


def test_sides_that_mirror_each_other_differ_as_much_either_way() -> None:
    found = resampled_differences(SHARE, ones([1.0, 0.0, 1.0, 0.0, 1.0]), ones([0.0, 1.0, 0.0, 1.0, 1.0]))
    assert np.any(found)
    assert sorted(found) == sorted(-found)


def test_resampled_values_have_an_interval_made_of_them_and_none_for_one_cluster() -> None:
    a, b = ones([1.0, 0.0, 1.0, 1.0] * 10), ones([0.0, 0.0, 1.0, 1.0] * 10)
    values = resampled_differences(SHARE, a, b)
    _, interval = paired_bootstrap(SHARE, a, b)
    assert interval is not None
    assert np.mean((values >= interval.low) & (values <= interval.high)) == pytest.approx(0.95, abs=0.02)
    assert len(resampled_values(SHARE, a, ["one"] * 40)) == len(resampled_differences(SHARE, a, b, ["one"] * 40)) == 0
    for asked in (lambda: resampled_values(SHARE, []), lambda: resampled_differences(SHARE, [], [])):
        with pytest.raises(ValueError, match="no cases"):
            asked()


# --- the paired bootstrap of texts ------------------------------------------------------------------------------------


def test_a_metric_may_be_a_name_or_an_object() -> None:
    a, b, references = ["x", "y", "z"] * 10, ["x", "q", "q"] * 10, ["x", "y", "z"] * 10
    named = paired.bootstrap("exact_match", a, b, references, resamples=200)
    given_ = paired.bootstrap(SHARE, a, b, references, resamples=200)
    assert named == given_
    assert (named.a, named.b) == (1.0, pytest.approx(1 / 3))
    assert named.difference == pytest.approx(2 / 3)
    assert named.interval is not None
    assert named.interval.low < 2 / 3 < named.interval.high
    assert (named.resamples, named.rows, named.left_out) == (200, 30, 0)
    assert named.p_value == pytest.approx(1 / 201)


def test_given_draws_decide() -> None:
    """By hand: differences 1, 0, 1/2 and 1/2, whose mean is 1/2; less it none exceeds the observed 1/2."""
    found = paired.bootstrap(
        SHARE, ["x", "x"], ["q", "x"], ["x", "x"], indices=np.array([[0, 0], [1, 1], [0, 1], [1, 0]])
    )
    assert (found.difference, found.p_value, found.resamples) == (0.5, 1 / 5, 4)


def test_a_resample_without_a_value_counts_against_a_difference() -> None:
    """Of four draws one has only the row that neither side can be measured on; the others differ by 1 each."""

    class OfAnswered(Share):
        def statistics(self, case: Case, answers: list[Answer]) -> Vector:
            return (float(answers[0].text == "x"), float(answers[0].text != "-"))

    draws = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    found = paired.bootstrap(OfAnswered(kind="ratio"), ["x", "-"], ["q", "-"], ["x", "x"], indices=draws)
    assert found.p_value == (0 + 1 + 1) / (4 + 1)
    assert found.interval is not None
    assert "4 resamples, 1 without a value" in found.interval.method


def test_systems_that_never_differ_are_not_told_apart() -> None:
    found = paired.bootstrap(SHARE, ["x", "q"], ["x", "q"], ["x", "x"], resamples=50)
    assert found.p_value == 1.0
    assert found.interval is not None
    assert found.interval.low < -0.5 < 0.5 < found.interval.high  # two rows prove nothing of the next
    corpus = paired.bootstrap("bleu", ["a b c d e"] * 3, ["a b c d e"] * 3, ["a b c d f"] * 3, resamples=50)
    assert corpus.interval is not None
    assert corpus.interval.method.endswith("no variation")


def test_metrics_of_translation_are_known_as_their_authors_write_them() -> None:
    from sacrebleu.metrics import BLEU

    texts = (["a b c d e", "e d c b a"] * 2, ["a b c d f", "e d c b b"] * 2, ["a b c d e", "e d c b b"] * 2)
    for written in (("BLEU", "Bleu", "bleu", BLEU), ("chrF", "CHRF", "chrf"), ("TER", "ter")):
        found = {paired.bootstrap(metric, *texts, resamples=20) for metric in written}
        assert len(found) == 1, written


def test_rows_that_cannot_be_scored_on_both_sides_are_left_out_and_counted() -> None:
    found = paired.bootstrap(SHARE, ["x", "?", "x"], ["x", "x", "q"], ["x"] * 3, resamples=20)
    assert (found.rows, found.left_out) == (2, 1)
    with pytest.raises(ValueError, match="at least two"):
        paired.bootstrap(SHARE, ["x", "?"], ["x", "x"], ["x"] * 2)
    with pytest.raises(ValueError, match="no row on both sides"):
        paired.bootstrap(SHARE, ["?"], ["x"], ["x"])


@pytest.mark.parametrize(
    ("a", "b", "references", "says"),
    [
        (["x"], ["x", "y"], ["x"], "as many hypotheses"),
        ([], [], [], "no rows"),
        ("xy", ["x", "y"], ["x", "y"], "list of texts"),
        ([None, "x"], ["x", "y"], ["x", "y"], "list of texts"),
        (["x", "y"], ["x", "y"], "xy", "not one str"),
        (["x", "y"], ["x", "y"], None, "not one NoneType"),
        (None, ["x", "y"], ["x", "y"], "list of texts"),
        ((text for text in "xy"), ["x", "y"], ["x", "y"], "list of texts"),
        (["x", "y"], ["x", "y"], ["x"], "1 references for 2 rows"),
        (["x", "y"], ["x", "y"], [["x", "y"], ["x", "y"]], "layout"),
        (["x", "y"], ["x", "y"], [["x"], []], "row 1 has no references"),
        (["x", "y"], ["x", "y"], [["x", "y", "z"]], "fit neither"),
    ],
)
def test_texts_of_unclear_shape_are_refused(a: list[str], b: list[str], references: list[str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        paired.bootstrap(SHARE, a, b, references)


def test_what_is_no_metric_and_what_are_no_draws_is_refused() -> None:
    texts = ["x", "y"]
    with pytest.raises(PluginError, match="blue"):
        paired.bootstrap("blue", texts, texts, texts)
    with pytest.raises(ValueError, match="a metric is"):
        paired.bootstrap(object(), texts, texts, texts)
    for indices in (np.array([[0, 2]]), np.array([[0]]), np.array([[0.0, 1.0]]), np.empty((0, 2), dtype=int)):
        with pytest.raises(ValueError, match="indices"):
            paired.bootstrap(SHARE, texts, texts, texts, indices=indices)


def test_references_come_by_row_or_as_streams() -> None:
    assert by_row(["x", "y"], 2) == [["x"], ["y"]]
    assert by_row([["x", "z"], ["y"]], 2) == [["x", "z"], ["y"]]
    assert by_row([["x", "y"], ["z", None]], 2, "streams") == [["x", "z"], ["y"]]  # type: ignore[list-item]
    assert by_row([["x", "y"], ["z", "w"]], 2, "rows") == [["x", "y"], ["z", "w"]]
    assert by_row([["x", "y"]], 2) == [["x"], ["y"]]
    assert by_row([["x"], ["y"]], 1) == [["x", "y"]]
    assert by_row([["x"]], 1) == [["x"]]


# --- swapped sides and McNemar ----------------------------------------------------------------------------------------


def test_all_ways_of_swapping_are_tried_where_they_are_few() -> None:
    """By hand: ours is worse in 3 of 4 cases and better in one; of 16 ways 5 leave it with a difference as bad."""
    ours, theirs = [0.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 0.0]
    assert swap_test(SHARE, ones(ours), ones(theirs)) == 5 / 16
    assert swap_test(SHARE, ones(theirs), ones(ours)) == 15 / 16
    assert swap_test(LOWER, ones(theirs), ones(ours)) == 5 / 16


def test_swapping_equals_a_brute_force_of_any_metric() -> None:
    random = np.random.default_rng(4)
    ours, theirs = random.random((2, 7, 2)) + 0.5
    values = []
    for ways in product((False, True), repeat=7):
        swap = np.array(ways)[:, None]
        left, right = np.where(swap, theirs, ours).sum(0), np.where(swap, ours, theirs).sum(0)
        values.append(left[0] / left[1] - right[0] / right[1])
    expected = np.mean(np.array(values) <= values[0] + 1e-12)
    assert swap_test(Share(kind="ratio"), ours, theirs) == expected


def test_many_swaps_are_drawn_with_a_seed_and_near_the_exact_answer() -> None:
    """One-sided sign test of 12 worse and 28 better: scipy.stats.binomtest(28, 40, alternative="greater") = 0.00829."""
    ours, theirs = [0.0] * 28 + [1.0] * 12, [1.0] * 28 + [0.0] * 12
    drawn = swap_test(SHARE, ones(ours), ones(theirs), resamples=20_000)
    assert drawn == swap_test(SHARE, ones(ours), ones(theirs), resamples=20_000)
    assert drawn == pytest.approx(0.00829, abs=4 * math.sqrt(0.00829 / 20_000))
    assert swap_test(SHARE, ones(ours), ones(theirs), resamples=20_000, seed=1) != drawn


def test_a_cluster_is_swapped_as_a_whole_and_equal_sides_say_nothing() -> None:
    ours, theirs = ones([0.0] * 12), ones([1.0] * 12)
    assert swap_test(SHARE, ours, theirs) == pytest.approx(1 / 2001)
    assert swap_test(SHARE, ours, theirs, [str(row // 4) for row in range(12)]) == 1 / 8
    assert swap_test(SHARE, ours, ours) == 1.0


def test_what_cannot_be_swapped_is_refused() -> None:
    with pytest.raises(ValueError, match="no cases"):
        swap_test(SHARE, [], [])
    with pytest.raises(ValueError, match="no value"):
        swap_test(SHARE, [(0.0, 0.0)], [(1.0, 1.0)])
    with pytest.raises(ValueError, match="not finite"):
        swap_test(SHARE, [(math.nan, 1.0)], [(1.0, 1.0)])
    with pytest.raises(ValueError, match="quantile"):
        swap_test(Share(kind="quantile"), [(1.0,)], [(2.0,)])
    with pytest.raises(ValueError, match="resample"):
        swap_test(SHARE, ones([1.0]), ones([1.0]), resamples=0)


@pytest.mark.parametrize(
    ("better", "worse", "p"), [(0, 0, 1.0), (5, 5, 1.0), (1, 0, 1.0), (0, 6, 2 / 64), (3, 1, 10 / 16)]
)
def test_mcnemar_by_hand(better: int, worse: int, p: float) -> None:
    assert mcnemar_exact(better, worse) == pytest.approx(p)


def test_mcnemar_counts_cases() -> None:
    for counts in ((-1, 2), (1.5, 2), (math.nan, 2), (1, math.inf)):
        with pytest.raises(ValueError, match="whole numbers"):
            mcnemar_exact(*counts)
