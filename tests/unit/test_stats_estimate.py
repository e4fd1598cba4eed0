"""From vectors to estimates: which interval belongs to which metric, and what is never claimed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from evalkit.records import Counts, Estimate, Interval, Vector
from evalkit.stats import resampling as drawing
from evalkit.stats.bootstrap import Resampling, bootstrap, bootstrap_quantile, paired_bootstrap, percentiles
from evalkit.stats.estimate import estimate
from evalkit.stats.intervals import wilson
from evalkit.stats.power import cases_needed, standard_error_of

COUNTS = Counts(0, 0, 0, 0)


@dataclass(frozen=True)
class Quotient:
    name: str = "m"
    kind: str = "mean"
    better: str = "higher"
    unit: str = "share"
    bounds: tuple[float, float] | None = None
    signature: str = "m|v1"
    worst: Vector | None = None
    quantile: float = 0.5

    def value(self, total: Vector) -> float | None:
        return total[0] / total[1] if total[1] else None


class Scaled(Quotient):
    """Its value is not the plain quotient: it must be asked."""

    def value(self, total: Vector) -> float | None:
        return 100 * total[0] / total[1] if total[1] else None


class Vectorised(Quotient):
    def values(self, totals: NDArray[np.float64]) -> NDArray[np.float64]:
        return 2 * totals[:, 0] / totals[:, 1]


MEAN = Quotient()
RATE = Quotient(kind="rate", bounds=(0.0, 1.0))


def ones(values: list[float]) -> list[tuple[float, float]]:
    return [(value, 1.0) for value in values]


def made(metric: Quotient, vectors: object, clusters: list[str] | None = None) -> Estimate:
    return estimate("check", metric, vectors, clusters, COUNTS)  # type: ignore[arg-type]


VALUES = [float(value) for value in np.random.default_rng(1).normal(10, 2, 40)]


def test_an_estimate_carries_what_names_it() -> None:
    counts = Counts(3, 2, 1, 0, {"short": 1})
    found = estimate("check", MEAN, ones([1.0, 3.0]), None, counts, {"topic": "art"})
    assert (found.name, found.value, found.counts) == ("check.m[topic=art]", 2.0, counts)
    assert (found.unit, found.better, found.signature) == ("share", "higher", "m|v1")


@pytest.mark.parametrize("vectors", [[], np.empty((0, 2))])
def test_no_cases_have_no_value(vectors: object) -> None:
    found = made(MEAN, vectors, [])
    assert (found.value, found.interval) == (None, None)


def test_an_empty_denominator_has_no_value_and_none_is_not_zero() -> None:
    found = made(Quotient(kind="ratio"), [(0.0, 0.0)] * 5)
    assert (found.value, found.interval) == (None, None)


def test_shares_of_independent_cases_are_wilsons() -> None:
    found = made(RATE, ones([1.0] * 7 + [0.0] * 3), ["", *map(str, range(9))])
    assert found.interval == wilson(7, 10)


def test_one_case_of_a_share_has_an_interval_and_one_of_a_mean_has_none() -> None:
    assert made(RATE, ones([1.0])).interval == wilson(1, 1)
    found = made(MEAN, ones([5.0]))
    assert (found.value, found.interval) == (5.0, None)


def test_one_cluster_is_one_witness_however_many_cases_it_has() -> None:
    for metric in (MEAN, RATE, Quotient(kind="quantile")):
        assert made(metric, ones([0.0, 1.0, 1.0]), ["same"] * 3).interval is None


def test_clusters_widen_the_interval() -> None:
    clustered = [value for value in (0.0, 1.0) * 20 for _ in range(5)]
    names = [str(row // 5) for row in range(200)]
    alone, together = made(RATE, ones(clustered)).interval, made(RATE, ones(clustered), names).interval
    assert alone is not None
    assert together is not None
    assert together.high - together.low > 2 * (alone.high - alone.low)
    assert "40 clusters" in together.method


def test_fractions_of_a_case_are_bootstrapped_though_they_are_a_rate() -> None:
    found = made(RATE, [(1.0, 3.0), (2.0, 3.0), (3.0, 3.0)] * 5).interval
    assert found is not None
    assert found.method.startswith("bootstrap")


def test_few_perfect_clusters_prove_no_perfection() -> None:
    found = made(RATE, ones([1.0] * 60), [str(row % 3) for row in range(60)]).interval
    assert found is not None
    assert (found.low, found.high) == (wilson(3, 3).low, 1.0)
    found = made(Quotient(bounds=(0.0, 10.0)), ones([5.0] * 4)).interval
    assert found is not None
    assert found.low == pytest.approx(10 * wilson(2, 4).low)
    assert found.high == pytest.approx(10 * wilson(2, 4).high)


def test_without_bounds_an_interval_without_variation_says_so() -> None:
    found = made(MEAN, ones([5.0] * 4)).interval
    assert found is not None
    assert (found.low, found.high) == (5.0, 5.0)
    assert "no variation" in found.method


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("kind", ["mean", "rate", "quantile"])
def test_what_is_not_finite_is_refused_with_the_metrics_name(kind: str, bad: float) -> None:
    with pytest.raises(ValueError, match=r"metric 'm'.*case 1"):
        made(Quotient(kind=kind), ones([1.0, bad]))


def test_a_value_that_is_not_finite_is_refused() -> None:
    class Broken(Quotient):
        def value(self, total: Vector) -> float | None:
            return math.inf

    with pytest.raises(ValueError, match="not finite"):
        made(Broken(), ones([1.0, 2.0]))


def test_ragged_vectors_and_unknown_kinds_are_refused() -> None:
    with pytest.raises(ValueError):
        made(MEAN, [(1.0,), (1.0, 2.0)])
    with pytest.raises(ValueError, match="unknown kind"):
        made(Quotient(kind="median"), ones([1.0]))
    with pytest.raises(ValueError, match="vectors"):
        made(MEAN, [1.0, 2.0])
    with pytest.raises(ValueError, match="clusters"):
        made(MEAN, ones([1.0, 2.0]), ["a"])


# --- quantiles --------------------------------------------------------------------------------------------------------


def test_quantiles_of_independent_values_are_order_statistics() -> None:
    found = made(Quotient(kind="quantile"), [(value,) for value in range(1, 11)])
    assert found.value == 5.5
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == (2.0, 9.0)


def test_the_bounds_of_a_metric_close_an_open_side() -> None:
    values = [(float(value),) for value in range(1, 101)]
    assert made(Quotient(kind="quantile", quantile=0.01), values).interval is None
    found = made(Quotient(kind="quantile", quantile=0.01, bounds=(0.0, math.inf)), values).interval
    assert found is not None
    assert found.low == 0.0


@pytest.mark.parametrize(("q", "value"), [(0.0, 1.0), (1.0, 100.0)])
def test_the_extremes_have_a_value_and_no_interval(q: float, value: float) -> None:
    found = made(Quotient(kind="quantile", quantile=q), [(float(value),) for value in range(1, 101)])
    assert (found.value, found.interval) == (value, None)


def test_clustered_quantiles_are_bootstrapped_by_cluster() -> None:
    values = [(float(cluster),) for cluster in range(30) for _ in range(4)]
    found = made(Quotient(kind="quantile"), values, [str(row // 4) for row in range(120)])
    alone = made(Quotient(kind="quantile"), values)
    assert found.interval is not None
    assert alone.interval is not None
    assert "30 clusters" in found.interval.method
    assert found.interval.high - found.interval.low > alone.interval.high - alone.interval.low


# --- the bootstrap ----------------------------------------------------------------------------------------------------


def test_the_same_input_gives_the_same_bytes_and_another_seed_other_draws() -> None:
    assert bootstrap(MEAN, ones(VALUES)) == bootstrap(MEAN, ones(VALUES))
    drawing._drawn.cache_clear()
    again = bootstrap(MEAN, ones(VALUES))
    assert again == bootstrap(MEAN, ones(VALUES))
    assert again != bootstrap(MEAN, ones(VALUES), resampling=Resampling(seed=1))


def test_metrics_are_asked_where_their_value_is_not_the_quotient() -> None:
    plain, scaled = bootstrap(MEAN, ones(VALUES)), bootstrap(Scaled(), ones(VALUES))
    assert plain is not None
    assert scaled is not None
    assert scaled.low == pytest.approx(100 * plain.low)
    vectorised = bootstrap(Vectorised(), ones(VALUES))
    assert vectorised is not None
    assert vectorised.high == pytest.approx(2 * plain.high)


def test_resamples_without_a_value_are_left_out_and_counted() -> None:
    vectors = [(1.0, 1.0), (0.0, 1.0)] + [(0.0, 0.0)] * 3
    found = bootstrap(Quotient(kind="ratio"), vectors)
    assert found is not None
    assert "without a value" in found.method
    assert bootstrap(Quotient(kind="ratio"), [(1.0, 1.0)] + [(0.0, 0.0)] * 200) is not None
    assert bootstrap(Quotient(kind="ratio"), [(0.0, 0.0)] * 5) is None


def test_a_bootstrap_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no cases"):
        bootstrap(MEAN, [])
    with pytest.raises(ValueError, match="resamples"):
        Resampling(resamples=1)
    with pytest.raises(ValueError, match="confidence"):
        Resampling(confidence=95)


def test_percentiles_are_widened_for_few_clusters() -> None:
    """Hesterberg: for 5 clusters the tails are Phi(-t * sqrt(5/4)), with t = 2.7764 of 4 degrees of freedom."""
    found = percentiles(np.linspace(0, 1, 100_001), 5, Resampling(), "m")
    assert found is not None
    tail = NormalDist().cdf(-2.7764451 * math.sqrt(5 / 4))
    assert (found.low, found.high) == (pytest.approx(tail, abs=1e-6), pytest.approx(1 - tail, abs=1e-6))


def test_clustered_quantiles_are_those_of_the_rows_of_the_drawn_clusters() -> None:
    random = np.random.default_rng(8)
    values, names = random.random(60), [str(number) for number in random.integers(0, 9, 60)]
    codes, count = drawing.cluster_codes(names, 60)
    settings_ = Resampling(resamples=50, seed=3)
    expected = [
        np.quantile(np.repeat(values, drawn[codes].astype(int)), 0.7, method="inverted_cdf")
        for block in settings_.weights(count)
        for drawn in block
    ]
    found = bootstrap_quantile(values, 0.7, names, settings_)
    assert found == percentiles(np.array(expected), count, settings_, "bootstrap of 9 clusters, 50 resamples")


def test_a_case_without_a_cluster_is_a_cluster_of_its_own() -> None:
    assert bootstrap(MEAN, ones(VALUES), [""] * len(VALUES)) == bootstrap(MEAN, ones(VALUES))


def test_naming_clusters_otherwise_changes_nothing() -> None:
    names = [str(row // 4) for row in range(40)]
    renamed = [f"z{9 - row // 4}" for row in range(40)]
    assert bootstrap(MEAN, ones(VALUES), names) == bootstrap(MEAN, ones(VALUES), renamed)


def test_beyond_many_clusters_groups_of_them_are_drawn_and_say_the_same() -> None:
    values = np.random.default_rng(2).random((9000, 1))
    vectors = np.hstack([values, np.ones_like(values)])
    found = bootstrap(MEAN, vectors)
    assert found is not None
    error = values.std() / math.sqrt(len(values))
    assert (found.high - found.low) / (2 * 1.96 * error) == pytest.approx(1, abs=0.1)


@settings(max_examples=30)
@given(st.lists(st.floats(-100, 100), min_size=2, max_size=30), st.floats(-10, 10))
def test_shifting_every_value_shifts_the_interval(values: list[float], shift: float) -> None:
    found, moved = bootstrap(MEAN, ones(values)), bootstrap(MEAN, ones([value + shift for value in values]))
    assert found is not None
    assert moved is not None
    assert moved.low == pytest.approx(found.low + shift, abs=1e-9)
    assert moved.high == pytest.approx(found.high + shift, abs=1e-9)


# --- pairs ------------------------------------------------------------------------------------------------------------


def test_pairing_cancels_what_makes_a_case_hard_for_both() -> None:
    noise = np.random.default_rng(3).normal(0, 0.1, 40)
    better = [value + 0.5 + float(extra) for value, extra in zip(VALUES, noise, strict=True)]
    value, interval = paired_bootstrap(MEAN, ones(better), ones(VALUES))
    alone = bootstrap(MEAN, ones(VALUES))
    assert value == pytest.approx(0.5, abs=0.1)
    assert interval is not None
    assert alone is not None
    assert 0 < interval.low < 0.5 < interval.high
    assert interval.high - interval.low < (alone.high - alone.low) / 5


def test_turning_a_pair_round_turns_the_difference_round() -> None:
    other = VALUES[::-1]
    value, interval = paired_bootstrap(MEAN, ones(VALUES), ones(other))
    opposite, mirrored = paired_bootstrap(MEAN, ones(other), ones(VALUES))
    assert value is not None
    assert interval is not None
    assert mirrored is not None
    assert opposite == -value
    assert interval.low == pytest.approx(-mirrored.high, abs=1e-12)


def test_that_nothing_changed_in_few_pairs_is_no_proof_that_nothing_does() -> None:
    value, interval = paired_bootstrap(RATE, ones([1.0] * 20), ones([1.0] * 20))
    assert value == 0.0
    assert interval is not None
    assert (interval.low, interval.high) == (-wilson(0, 20).high, wilson(0, 20).high)


def test_that_few_pairs_are_alike_is_no_proof_that_all_would_be() -> None:
    unseen = wilson(0, 20).high
    shares = Quotient(kind="mean", bounds=(0.0, 1.0))
    _, equal = paired_bootstrap(shares, ones([0.3] * 20), ones([0.3] * 20))
    assert equal is not None
    assert (equal.low, equal.high) == pytest.approx((-unseen, unseen))
    _, all_better = paired_bootstrap(RATE, ones([1.0] * 20), ones([0.0] * 20))
    assert all_better is not None
    assert (all_better.low, all_better.high) == pytest.approx((1 - 2 * unseen, 1.0))
    _, a_bit_better = paired_bootstrap(shares, ones([0.5] * 20), ones([0.4] * 20))
    assert a_bit_better is not None
    assert (a_bit_better.low, a_bit_better.high) == pytest.approx((0.1 - 1.1 * unseen, 0.1 + 0.9 * unseen))
    _, unbounded = paired_bootstrap(MEAN, ones([5.0] * 20), ones([4.0] * 20))
    assert unbounded is not None
    assert (unbounded.low, unbounded.high) == (1.0, 1.0)
    assert "no variation" in unbounded.method


def test_pairs_of_quantiles_are_compared_too() -> None:
    metric = Quotient(kind="quantile")
    slow = [(value + 1.0,) for value in VALUES]
    value, interval = paired_bootstrap(metric, slow, [(value,) for value in VALUES])
    assert value == pytest.approx(1.0)
    assert interval is not None
    assert interval.low == pytest.approx(1.0)
    assert paired_bootstrap(metric, [(2.0,)], [(1.0,)]) == (1.0, None)


def test_pairs_that_say_nothing() -> None:
    assert paired_bootstrap(MEAN, [], []) == (None, None)
    assert paired_bootstrap(MEAN, ones([2.0]), ones([1.0])) == (1.0, None)
    assert paired_bootstrap(MEAN, [(0.0, 0.0)] * 3, ones([1.0] * 3)) == (None, None)
    with pytest.raises(ValueError, match="both sides"):
        paired_bootstrap(MEAN, ones([1.0]), ones([1.0, 2.0]))


# --- how many cases ---------------------------------------------------------------------------------------------------


def test_twice_as_near_to_the_target_needs_four_times_the_cases() -> None:
    far, near = cases_needed(0.6, 0.5, 0.05, 100), cases_needed(0.55, 0.5, 0.05, 100)
    assert far == math.ceil(100 * (0.05 * (1.959964 + 1.281552) / 0.1) ** 2) - 100
    assert near is not None
    assert near + 100 == pytest.approx(4 * (far + 100), abs=4)


def test_an_interval_serves_as_well_as_its_standard_error() -> None:
    interval = Interval(0.502, 0.698, 0.95, "any")
    assert standard_error_of(interval) == pytest.approx(0.05, abs=1e-4)
    assert cases_needed(0.6, 0.5, interval, 100) == cases_needed(0.6, 0.5, standard_error_of(interval), 100)


@pytest.mark.parametrize(
    ("value", "threshold", "error", "n"),
    [(0.5, 0.5, 0.1, 10), (0.5, 0.6, 0.0, 10), (0.5, 0.6, math.inf, 10), (0.5, 0.500001, 0.1, 10), (0.5, 0.6, 0.1, 0)],
)
def test_what_no_reasonable_number_of_cases_settles_has_no_number(
    value: float, threshold: float, error: float, n: int
) -> None:
    assert cases_needed(value, threshold, error, n) is None


def test_a_settled_gate_still_needs_at_least_one_more_case_to_be_sure_of_it() -> None:
    assert cases_needed(0.9, 0.1, 0.01, 100) == 1
