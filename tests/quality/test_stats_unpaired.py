"""Differences of groups of different cases: against scipy, published figures, and simulations of their coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evalkit.metrics.corpus import make_bleu
from evalkit.metrics.kinds import mean, rate, ratio
from evalkit.stats.unpaired import BOOTSTRAP, NEWCOMBE, WELCH, Group, unpaired

RIGHT, SCORE, RATIO = rate("right"), mean("score"), ratio("words")


def shares(yes: int, of: int) -> Group:
    return Group([(1.0, 1.0)] * yes + [(0.0, 1.0)] * (of - yes))


@pytest.mark.parametrize(
    ("here", "there", "low", "high"),
    [  # Newcombe (1998), Statistics in Medicine 17, table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
    ],
)
def test_shares_have_the_published_interval(
    here: tuple[int, int], there: tuple[int, int], low: float, high: float
) -> None:
    found = unpaired(RIGHT, shares(*here), shares(*there))
    assert found.method == NEWCOMBE
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high), abs=1e-4)
    table = [[here[0], here[1] - here[0]], [there[0], there[1] - there[0]]]
    assert found.p_value == pytest.approx(stats.fisher_exact(table)[1])


def test_means_of_independent_cases_are_welchs() -> None:
    random = np.random.default_rng(1)
    ours, theirs = random.normal(0.4, 0.3, 17), random.normal(0.2, 0.8, 41)
    found = unpaired(SCORE, *(Group([(value, 1.0) for value in side]) for side in (ours, theirs)))
    told = stats.ttest_ind(ours, theirs, equal_var=False)
    assert found.method == WELCH
    assert found.interval is not None
    assert found.p_value == pytest.approx(told.pvalue)
    expected = told.confidence_interval(0.95)
    assert (found.interval.low, found.interval.high) == pytest.approx((expected.low, expected.high))
    assert found.difference == pytest.approx(ours.mean() - theirs.mean())


def clustered(random: np.random.Generator, clusters: int, shift: float) -> Group:
    """Three cases a cluster that share most of what they are."""
    shared = random.normal(shift, 1.0, clusters)
    rows = [(float(middle + random.normal(0, 0.3)), 1.0) for middle in shared for _ in range(3)]
    return Group(rows, [f"c{number}" for number in range(clusters) for _ in range(3)])


def test_intervals_of_clustered_means_cover_the_true_difference() -> None:
    random = np.random.default_rng(2)
    covered = without = 0
    for _ in range(600):
        here, there = clustered(random, 14, 0.5), clustered(random, 9, 0.0)
        interval = unpaired(SCORE, here, there).interval
        naive = unpaired(SCORE, Group(here.vectors), Group(there.vectors)).interval
        assert interval is not None
        assert naive is not None
        covered += interval.low <= 0.5 <= interval.high
        without += naive.low <= 0.5 <= naive.high
    assert 0.93 <= covered / 600 <= 0.97
    assert without / 600 < 0.85, "the simulation must tell clusters from none"


def test_few_skewed_cases_against_many_are_covered_less_and_the_page_of_statistics_says_so() -> None:
    random = np.random.default_rng(5)

    def side(cases: int) -> Group:
        return Group([(float(value), 1.0) for value in random.exponential(1.0, cases)])

    covered = 0
    for _ in range(1000):
        interval = unpaired(SCORE, side(5), side(20)).interval
        assert interval is not None
        covered += interval.low <= 0 <= interval.high
    assert 0.89 <= covered / 1000 <= 0.93


def test_intervals_of_ratios_cover_the_true_difference() -> None:
    random = np.random.default_rng(3)

    def side(share: float, cases: int) -> Group:
        sizes = random.integers(5, 60, cases)
        return Group([(float(random.binomial(size, share)), float(size)) for size in sizes])

    covered = 0
    for _ in range(600):
        interval = unpaired(RATIO, side(0.30, 40), side(0.22, 60)).interval
        assert interval is not None
        covered += interval.low <= 0.08 <= interval.high
    assert 0.93 <= covered / 600 <= 0.97


def test_equal_sides_are_called_different_no_more_often_than_said() -> None:
    random = np.random.default_rng(4)
    alarms = 0
    for _ in range(600):
        p_value = unpaired(SCORE, clustered(random, 12, 0.0), clustered(random, 12, 0.0)).p_value
        assert p_value is not None
        alarms += p_value <= 0.05
    assert alarms / 600 <= 0.07


def test_bleu_is_resampled_and_covers() -> None:
    """Corpora of drawn words: the true difference is that of two very large ones."""
    bleu, random = make_bleu(), np.random.default_rng(5)
    words = [f"w{number}" for number in range(30)]

    def side(right: float, cases: int) -> Group:
        vectors = []
        for _ in range(cases):
            wanted = [str(word) for word in random.choice(words, 14)]
            said = [word if random.random() < right else str(random.choice(words)) for word in wanted]
            vectors.append(bleu.text_statistics(" ".join(said), [" ".join(wanted)]))
        return Group(vectors)

    truth = [bleu.value(tuple(np.asarray(side(right, 4000).vectors).sum(axis=0))) for right in (0.9, 0.8)]
    assert truth[0] is not None
    assert truth[1] is not None
    covered = 0
    for _ in range(60):
        found = unpaired(bleu, side(0.9, 60), side(0.8, 60))
        assert found.method == BOOTSTRAP
        assert found.interval is not None
        covered += found.interval.low <= truth[0] - truth[1] <= found.interval.high
    assert covered >= 52


def test_few_cases_of_bleu_are_not_made_sure_by_resampling() -> None:
    """Equal sides of four cases each: a normal interval around such resamples would cry wolf far more often."""
    bleu, random = make_bleu(), np.random.default_rng(6)
    words = [f"w{number}" for number in range(30)]

    def side() -> Group:
        vectors = []
        for _ in range(4):
            wanted = [str(word) for word in random.choice(words, 14)]
            right = random.uniform(0.5, 1.0)
            said = [word if random.random() < right else "other" for word in wanted]
            vectors.append(bleu.text_statistics(" ".join(said), [" ".join(wanted)]))
        return Group(vectors)

    p_values = [unpaired(bleu, side(), side()).p_value for _ in range(150)]
    assert sum(p is not None and p <= 0.05 for p in p_values) / 150 <= 0.08


def test_what_does_not_vary_claims_nothing() -> None:
    found = unpaired(SCORE, Group([(1.0, 1.0)] * 5), Group([(0.9, 1.0)] * 5))
    assert (found.interval, found.p_value) == (None, None)
    assert found.difference == pytest.approx(0.1)
    one = unpaired(SCORE, Group([(1.0, 1.0)]), Group([(0.9, 1.0), (0.3, 1.0)]))
    assert (one.interval, one.p_value) == (None, None)
    assert unpaired(SCORE, Group([]), Group([(0.9, 1.0)])).difference is None
