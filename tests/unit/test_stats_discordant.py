"""Yes and no on the same cases: exact against brute force, one answer from interval and p-value, refusals."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, multinomial

from evalkit.gates.contrast import Pairs
from evalkit.gates.expression import parse_gate
from evalkit.gates.rivalry import weigh_pairs
from evalkit.metrics.kinds import rate
from evalkit.stats.discordant import MISSED, PairsThatDisagree, counted, difference_interval, p_value
from evalkit.stats.paired import mcnemar_exact, non_inferior, superior

COUNTS = st.integers(1, 60).flatmap(
    lambda n: st.tuples(st.integers(0, n), st.integers(0, n), st.just(n)).filter(lambda c: c[0] + c[1] <= c[2])
)


def by_brute_force(gained: int, lost: int, pairs: int, claimed: float, alpha: float = 0.05) -> float:
    """The definition: of every outcome at least as extreme, at a thousand rates of disagreement, the largest chance."""
    z = -float(np.sqrt(2)) * float(_inverse_erfc(2 * (1 - alpha)))

    def limit(one: int, other: int) -> float:
        return one - other - z * math.sqrt(one + other + z * z / 4)

    differ, missed = gained + lost, alpha * MISSED
    low = 0.0 if not differ else _solve(lambda rate: binom.sf(differ - 1, pairs, rate) - missed / 2)
    high = 1.0 if differ == pairs else _solve(lambda rate: missed / 2 - binom.cdf(differ, pairs, rate))
    extreme = [
        (a, b)
        for a, b in product(range(pairs + 1), repeat=2)
        if a + b <= pairs and limit(a, b) >= limit(gained, lost) - 1e-9
    ]
    rates = np.append(np.linspace(max(low, -claimed), high, 1000), np.clip(claimed, max(low, -claimed), high))
    if max(low, -claimed) > high:
        return missed
    best = 0.0
    for share in rates:
        shift = min(claimed, share)
        chances = [(share + shift) / 2, (share - shift) / 2, 1 - share]
        points = np.array([(a, b, pairs - a - b) for a, b in extreme])
        best = max(best, float(multinomial.pmf(points, pairs, np.clip(chances, 0, 1)).sum()))
    return min(1.0, best + missed)


def _inverse_erfc(value: float) -> float:
    from scipy.special import erfcinv

    return float(erfcinv(value))


def _solve(rising: object) -> float:
    from scipy.optimize import brentq

    return float(brentq(rising, 1e-15, 1 - 1e-15, xtol=1e-14))


@pytest.mark.parametrize(
    ("gained", "lost", "pairs", "claimed"),
    [
        (0, 0, 12, -0.1),
        (3, 1, 12, 0.0),
        (5, 2, 14, -0.2),
        (1, 4, 10, -0.3),
        (7, 0, 9, 0.25),
        (2, 2, 4, -0.05),
        (3, 1, 14, 0.05),
        (1, 0, 12, 0.1),
    ],
)
def test_the_p_value_is_the_definitions(gained: int, lost: int, pairs: int, claimed: float) -> None:
    assert p_value(gained, lost, pairs, claimed) == pytest.approx(
        by_brute_force(gained, lost, pairs, claimed), abs=2e-4
    )


def test_equal_pairs_prove_a_margin_by_the_rule_of_three() -> None:
    """0.98 to the power of n, and what the rates that are tried may miss, is at most 0.05 from 149 pairs on."""
    assert 0.98**149 + 0.05 * MISSED <= 0.05 < 0.98**148 + 0.05 * MISSED
    few, enough = (non_inferior([1.0] * n, [1.0] * n, 0.02) for n in (148, 149))
    assert (few.word, enough.word) == ("unsure", "pass")
    assert few.p_value == pytest.approx(0.98**148 + 0.05 * MISSED)
    assert few.interval.low == pytest.approx(-few.interval.high)


def test_numbers_that_are_not_looked_at_count_against_the_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = p_value(700, 900, 20_000, -0.02)
    monkeypatch.setattr("evalkit.stats.discordant.WIDE", 0.0)
    assert whole <= p_value(700, 900, 20_000, -0.02) <= 1


@pytest.mark.parametrize(("gained", "lost", "pairs"), [(30, 12, 200), (60, 30, 1000), (9, 1, 40)])
def test_without_a_margin_it_is_hardly_blunter_than_mcnemars_test(gained: int, lost: int, pairs: int) -> None:
    conditional = mcnemar_exact(gained, lost) / 2
    assert 0.4 * conditional <= p_value(gained, lost, pairs, 0.0) <= 2 * conditional + 0.05 * MISSED


@settings(max_examples=60)
@given(COUNTS, st.sampled_from([-0.3, -0.05, -0.02, 0.0, 0.1]), st.sampled_from([0.01, 0.05, 0.2]))
def test_interval_and_p_value_give_one_answer(counts: tuple[int, int, int], claimed: float, alpha: float) -> None:
    interval = difference_interval(*counts, 1 - 2 * alpha)
    if abs(interval.low - claimed) > 1e-6:
        assert (interval.low > claimed) == (p_value(*counts, claimed, alpha) <= alpha)


@settings(max_examples=60)
@given(COUNTS)
def test_the_interval_holds_the_difference_and_mirrors(counts: tuple[int, int, int]) -> None:
    gained, lost, pairs = counts
    found, turned = difference_interval(gained, lost, pairs), difference_interval(lost, gained, pairs)
    assert -1 <= found.low <= (gained - lost) / pairs <= found.high <= 1
    assert found.low < found.high
    assert (found.low, found.high) == (-turned.high, -turned.low)


@settings(max_examples=40)
@given(COUNTS, st.sampled_from([-0.2, -0.02, 0.0]))
def test_one_more_gained_pair_is_never_worse_evidence(counts: tuple[int, int, int], claimed: float) -> None:
    gained, lost, pairs = counts
    if lost:
        assert p_value(gained + 1, lost - 1, pairs, claimed) <= p_value(gained, lost, pairs, claimed) + 1e-9


@settings(max_examples=40)
@given(COUNTS, st.floats(-1, 1), st.floats(0, 0.3))
def test_it_is_harder_to_refute_more(counts: tuple[int, int, int], claimed: float, more: float) -> None:
    assert p_value(*counts, claimed) <= p_value(*counts, min(1.0, claimed + more)) + 1e-4


def test_claims_that_no_difference_can_meet_or_miss() -> None:
    assert p_value(0, 5, 10, -1.5) == 0.0
    assert p_value(5, 0, 10, 1.5) == 1.0
    assert p_value(10, 0, 10, 1.0) == 1.0
    assert non_inferior([0.0] * 5, [1.0] * 5, 1.0).passed  # no difference is below -1


def test_fractions_and_clusters_are_left_to_the_bets() -> None:
    yes, no = [1.0] * 60 + [0.0] * 20, [0.0] * 20 + [1.0] * 60
    assert non_inferior(yes, no, 0.1).interval.method == "exact, of pairs that disagree"
    assert non_inferior([0.5, *yes[1:]], no, 0.1).interval.method == "betting"
    assert non_inferior(yes, no, 0.1, clusters=["a", "a", *map(str, range(78))]).interval.method == "betting"
    assert superior(yes, no, clusters=[""] * 80).interval.method == "exact, of pairs that disagree"
    assert counted(np.array([0.0, 2.0]), np.array([0.0, 1.0]), (0.0, 1.0)) is None


def test_yes_and_no_may_have_other_bounds() -> None:
    a, b = [1.0, 0.0, 1.0, 1.0] * 20, [1.0, 1.0, 1.0, 0.0] * 20
    plain = non_inferior(a, b, 0.1)
    scaled = non_inferior([10 * v - 5 for v in a], [10 * v - 5 for v in b], 1.0, bounds=(-5.0, 5.0))
    assert scaled.p_value == pytest.approx(plain.p_value)
    assert scaled.interval.low == pytest.approx(10 * plain.interval.low)


@pytest.mark.parametrize("counts", [(-1, 0, 4), (1.5, 0, 4), (3, 2, 4), (0, 0, 0), (math.nan, 0, 4), (0, 0, math.inf)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"whole numbers|no pairs|impossible"):
        difference_interval(*counts)
    with pytest.raises(ValueError, match=r"whole numbers|no pairs|impossible"):
        p_value(*counts, 0.0)


def test_impossible_levels_and_claims_are_refused() -> None:
    for alpha in (0.0, 0.5, math.nan):
        with pytest.raises(ValueError, match="alpha"):
            p_value(1, 0, 4, 0.0, alpha)
    with pytest.raises(ValueError, match="finite"):
        p_value(1, 0, 4, math.nan)
    with pytest.raises(ValueError, match="confidence"):
        difference_interval(1, 0, 4, 1.0)


# --- how surely a drop is seen ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pairs", "share", "margin", "drop", "level"),
    [(30, 0.2, 0.0, 0.15, 0.05), (60, 0.1, 0.05, 0.2, 0.05), (60, 0.3, 0.02, 0.2, 0.01), (40, 0.0, 0.02, 0.1, 0.05)],
)
def test_power_is_the_sum_over_every_outcome(
    pairs: int, share: float, margin: float, drop: float, level: float
) -> None:
    rate = max(share, drop)
    chances = [(rate - drop) / 2, (rate + drop) / 2, 1 - rate]
    expected = sum(
        float(multinomial.pmf([gained, lost, pairs - gained - lost], pairs, chances))
        for gained, lost in product(range(pairs + 1), repeat=2)
        if gained + lost <= pairs and p_value(lost, gained, pairs, margin) <= level
    )
    found = PairsThatDisagree((1 - margin) / 2, level, share).power(pairs, (1 - drop) / 2)
    assert found == pytest.approx(expected, abs=1e-5)


def test_many_pairs_are_looked_at_here_and_there() -> None:
    """20,000 pairs of which 2,000 +- 42 disagree. The normal limit of a test that knows how many: 0.852."""
    found = PairsThatDisagree(0.49, 0.05, 0.1).power(20_000, 0.5 - 0.026 / 2)
    assert found == pytest.approx(0.852, abs=0.03)


# --- gates against a baseline -----------------------------------------------------------------------------------------


def pairs_of(ours: list[float], theirs: list[float], clusters: tuple[str, ...] = ()) -> Pairs:
    names = tuple(map(str, range(len(ours))))
    left, right = (np.stack([np.array(side), np.ones(len(side))], axis=1) for side in (ours, theirs))
    return Pairs(rate("right"), names, left, right, clusters or ("",) * len(ours), (), ())


@pytest.mark.parametrize("target", ["right >= baseline - 0.02", "right > baseline"])
def test_a_baseline_gate_decides_as_the_public_function_does(target: str) -> None:
    ours, theirs = [1.0] * 700 + [0.0] * 100 + [1.0] * 60 + [0.0] * 140, [1.0] * 800 + [0.0] * 200
    gate = parse_gate(f"check.{target}")
    weighed = weigh_pairs(rate("right"), pairs_of(ours, theirs), gate)
    found = non_inferior(ours, theirs, 0.02)
    assert weighed.interval is not None
    assert (weighed.interval.low, weighed.interval.high) == pytest.approx((found.interval.low, found.interval.high))
    assert weighed.interval.method == "exact, of pairs that disagree"
    assert weighed.p_value == pytest.approx(p_value(100, 60, 1000, -gate.threshold))  # of the target being met


def test_a_baseline_gate_on_what_must_not_rise_is_its_mirror_image() -> None:
    ours, theirs = [1.0] * 120 + [0.0] * 80, [1.0] * 90 + [0.0] * 110
    rising = weigh_pairs(rate("right"), pairs_of(ours, theirs), parse_gate("check.right <= baseline + 0.02"))
    falling = weigh_pairs(rate("right"), pairs_of(theirs, ours), parse_gate("check.right >= baseline - 0.02"))
    assert rising.p_value == falling.p_value
    assert rising.p_value is not None
    assert rising.p_value < 0.001
    assert rising.interval is not None
    assert rising.interval.low > 0.02


def test_a_baseline_gate_on_clusters_bets() -> None:
    clusters = tuple(str(row // 2) for row in range(40))
    found = weigh_pairs(
        rate("right"), pairs_of([1.0] * 40, [0.0] * 40, clusters), parse_gate("check.right >= baseline")
    )
    assert found.interval is not None
    assert found.interval.method == "betting"
