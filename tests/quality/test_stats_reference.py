"""Intervals against scipy, textbooks and simulation: do they cover what they say?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from evalkit.records import Vector
from evalkit.stats.bootstrap import Resampling, bootstrap, bootstrap_quantile, paired_bootstrap
from evalkit.stats.intervals import quantile_interval, quantile_ranks, wilson


@dataclass(frozen=True)
class Mean:
    name: str = "mean"
    kind: str = "mean"
    better: str = "higher"
    unit: str = ""
    bounds: tuple[float, float] | None = None
    signature: str = ""
    worst: Vector | None = None

    def value(self, total: Vector) -> float | None:
        return total[0] / total[1] if total[1] else None


def with_ones(values: np.ndarray) -> np.ndarray:
    return np.stack([values, np.ones_like(values)], axis=1)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_shares_equal_scipys(confidence: float) -> None:
    for n in (1, 2, 10, 60, 1000):
        for successes in {0, 1, n // 3, n // 2, n - 1, n}:
            theirs = stats.binomtest(successes, n).proportion_ci(confidence, "wilson")
            ours = wilson(successes, n, confidence)
            assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_the_bootstrap_of_a_mean_is_students_interval_on_many_values() -> None:
    values = np.random.default_rng(0).gamma(2, 3, 3000)
    found = bootstrap(Mean(), with_ones(values), resampling=Resampling(resamples=4000))
    theirs = stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))
    width = theirs[1] - theirs[0]
    assert found is not None
    assert (found.low, found.high) == pytest.approx(theirs, abs=0.05 * width)


def test_the_paired_bootstrap_is_the_paired_students_interval_on_many_values() -> None:
    random = np.random.default_rng(1)
    a = random.normal(0, 1, 2000)
    b = a + random.normal(0.1, 0.3, 2000)
    value, found = paired_bootstrap(Mean(), with_ones(a), with_ones(b), resampling=Resampling(resamples=4000))
    theirs = stats.t.interval(0.95, len(a) - 1, (a - b).mean(), stats.sem(a - b))
    assert found is not None
    assert value == pytest.approx((a - b).mean(), abs=1e-12)
    assert (found.low, found.high) == pytest.approx(theirs, abs=0.05 * (theirs[1] - theirs[0]))


@pytest.mark.parametrize(("n", "least"), [(5, 0.88), (10, 0.92), (30, 0.93)])
def test_the_bootstrap_of_few_values_covers_nearly_what_it_says(n: int, least: float) -> None:
    """Plain percentiles cover 85 % with 5 values; the widened ones 91 %, and from about 10 on what they say."""
    random = np.random.default_rng(n)
    settings = Resampling(resamples=1000)
    hits = 0
    for _ in range(1000):
        found = bootstrap(Mean(), with_ones(random.normal(0, 1, n)), resampling=settings)
        assert found is not None
        hits += found.low <= 0 <= found.high
    assert least <= hits / 1000 <= 0.98


def test_clustered_values_are_covered_where_the_plain_bootstrap_is_overconfident() -> None:
    random = np.random.default_rng(4)
    names = [str(row // 8) for row in range(160)]
    hits = overconfident = 0
    for _ in range(500):
        values = np.repeat(random.normal(0, 1, 20), 8) + random.normal(0, 0.3, 160)
        clustered, plain = bootstrap(Mean(), with_ones(values), names), bootstrap(Mean(), with_ones(values))
        assert clustered is not None
        assert plain is not None
        hits += clustered.low <= 0 <= clustered.high
        overconfident += plain.low <= 0 <= plain.high
    assert 0.92 <= hits / 500 <= 0.98
    assert overconfident / 500 < 0.7


@pytest.mark.parametrize("n", [1, 5, 6, 20, 71, 72, 100, 5000])
@pytest.mark.parametrize("q", [0.01, 0.5, 0.9, 0.95])
def test_ranks_are_the_closest_that_err_seldom_enough(n: int, q: float) -> None:
    low, high = quantile_ranks(n, q)
    below = stats.binom(n, q)  # how many values lie below the quantile
    assert below.cdf((low or 0) - 1) <= 0.025 < below.cdf(low or 0)
    if high is None:
        assert below.cdf(n - 1) < 0.975
    else:
        assert below.cdf(high - 2) < 0.975 <= below.cdf(high - 1)


@pytest.mark.parametrize(("n", "q"), [(20, 0.5), (100, 0.5), (100, 0.95), (400, 0.95)])
def test_order_statistics_cover_at_least_what_they_say(n: int, q: float) -> None:
    random = np.random.default_rng(5)
    true = -math.log(1 - q)
    found = [quantile_interval(random.exponential(1, n), q) for _ in range(2000)]
    hits = sum(interval is not None and interval.low <= true <= interval.high for interval in found)
    assert 0.94 <= hits / 2000 <= 0.99


def test_the_bootstrap_of_a_clustered_median_covers_what_it_says() -> None:
    random = np.random.default_rng(6)
    names = [str(row // 4) for row in range(120)]
    hits = 0
    for _ in range(400):
        values = np.repeat(random.normal(0, 1, 30), 4) + random.normal(0, 0.3, 120)
        found = bootstrap_quantile(values, 0.5, names)
        assert found is not None
        hits += found.low <= 0 <= found.high
    assert 0.92 <= hits / 400 <= 0.99


def test_the_bootstrap_of_bleu_agrees_with_sacrebleus_own() -> None:
    from sacrebleu.metrics import BLEU

    from evalkit.metrics.corpus import bleu
    from evalkit.records import Answer, Case, Sample

    random = np.random.default_rng(7)
    words = "the a cat dog house garden sees likes finds big small red and or in on".split()  # noqa: SIM905
    references = [" ".join(random.choice(words, 14)) for _ in range(120)]
    hypotheses = [
        " ".join(word if random.random() < 0.75 else str(random.choice(words)) for word in line.split())
        for line in references
    ]
    metric = bleu
    vectors = [
        metric.statistics(Case(str(row), (Sample(str(row), (), (reference,)),)), [Answer(hypothesis)])
        for row, (hypothesis, reference) in enumerate(zip(hypotheses, references, strict=True))
    ]
    found = bootstrap(metric, vectors)  # type: ignore[arg-type]
    theirs = BLEU().corpus_score(hypotheses, [references], n_bootstrap=1000)
    assert found is not None
    middle, half = (found.low + found.high) / 2, (found.high - found.low) / 2
    assert middle * 100 == pytest.approx(theirs._mean, abs=0.5)
    assert half * 100 == pytest.approx(theirs._ci, rel=0.15)
