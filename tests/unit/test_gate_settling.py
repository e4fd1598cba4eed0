"""The number of cases that an unsure gate names settles it nine times in ten, by the rule that decides it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import beta, binom

from evalkit.gates.decide import Setting, decide, decide_all
from evalkit.gates.expression import parse_gate
from evalkit.gates.measurements import CheckTable
from evalkit.gates.stopping import Extent, Watch, watch
from evalkit.metrics.kinds import mean, one, rate
from evalkit.protocols import Metric
from evalkit.records import Score, Verdict, Word
from evalkit.stats.betting import mean_interval
from evalkit.stats.sequential import PopulationGate

RATE, GRADED = rate("m"), mean("m", bounds=(0.0, 1.0))
RUNS = 200


def table(metric: Metric, values: Sequence[float], clusters: int = 0) -> CheckTable:
    made = CheckTable("c", "toy", (metric,))
    for place, value in enumerate(values):
        cluster = f"k{place % clusters}" if clusters else f"r{place}"
        made.add(f"r{place}", cluster, {"topic": "ab"[place % 2]}, Score({"m": one(float(value))}))
    return made


def unsure(text: str, metric: Metric, values: Sequence[float], **setting: object) -> Verdict:
    found = decide(parse_gate(text), {"c": table(metric, values)}, Setting(**setting))  # type: ignore[arg-type]
    assert found.word is Word.UNSURE
    return found


def exact_power(successes: int, cases: int, target: float, more: int) -> float:
    """How probably Clopper and Pearson's interval of so many cases is clear of the target."""
    n, counts = cases + more, np.arange(cases + more + 1)
    with np.errstate(invalid="ignore"):
        low = np.where(counts == 0, 0.0, beta.ppf(0.025, counts, n - counts + 1))
        high = np.where(counts == n, 1.0, beta.ppf(0.975, counts + 1, n - counts))
    settled = (low >= target) | (high < target)
    return float(binom.pmf(counts, n, successes / cases)[settled].sum())


@pytest.mark.parametrize(
    ("successes", "cases", "target"), [(11, 20, 0.4), (19, 20, 0.8), (46, 50, 0.95), (194, 200, 0.95), (48, 50, 0.99)]
)
def test_of_a_share_it_is_exact(successes: int, cases: int, target: float) -> None:
    found = unsure(f"c.m >= {target}", RATE, [1.0] * successes + [0.0] * (cases - successes))
    assert found.more_cases is not None
    assert 0.9 <= exact_power(successes, cases, target, found.more_cases) < 0.95
    assert exact_power(successes, cases, target, round(0.8 * (cases + found.more_cases)) - cases) < 0.9


def test_one_case_is_told_of_as_one() -> None:
    assert "; about 1 more case would settle it;" in unsure("c.m >= 0.5", RATE, [0.0] * 5).reason


def test_of_nothing_but_successes_it_is_the_number_that_proves_the_gate() -> None:
    assert unsure("c.m >= 0.95", RATE, [1.0] * 20).more_cases == 72 - 20  # 0.95 ** 72 is the first below 2.5 %
    assert unsure("c.m <= 0.05", RATE, [0.0] * 20).more_cases == 72 - 20


@pytest.mark.parametrize(("target", "shape"), [(0.25, (2, 5)), (0.78, (8, 2)), (0.45, (0.3, 0.3))])
def test_of_a_mean_that_bets_decide_it_settles_nine_times_in_ten(target: float, shape: tuple[float, float]) -> None:
    random = np.random.default_rng(3)
    values = random.beta(*shape, 40)
    found = unsure(f"c.m >= {target}", GRADED, values)
    assert found.more_cases is not None
    settled = 0
    for _ in range(RUNS):
        interval = mean_interval(random.choice(values, 40 + found.more_cases))
        settled += interval.low >= target or interval.high < target
    assert 0.8 < settled / RUNS < 0.99


def watched(text: str, metric: Metric, values: Sequence[float], alpha_fail: float = 0.05) -> Watch:
    found = watch(parse_gate(text), metric, {(): Extent(len(values), 1)}, alpha_fail)
    found.update(table(metric, values))
    return found


@pytest.mark.parametrize(("target", "share", "cases"), [(0.85, 0.92, 75), (0.9, 0.85, 60), (0.5, 0.6, 40)])
def test_of_a_gate_that_could_stop_early_its_own_bets_count(target: float, share: float, cases: int) -> None:
    values = [1.0] * round(share * cases) + [0.0] * (cases - round(share * cases))
    random = np.random.default_rng(4)
    text, shuffled = f"c.m >= {target}", random.permutation(values)
    found = unsure(text, RATE, shuffled, watches={text: watched(text, RATE, shuffled, 0.05 / 3)})
    assert found.more_cases is not None
    settled = 0
    for _ in range(RUNS):
        gate = PopulationGate(target, alpha_fail=0.05 / 3)
        settled += gate.update(random.choice(values, cases + found.more_cases)) is not None
    assert settled / RUNS > 0.85
    assert "would settle it" in found.reason


def test_of_a_gate_that_fails_alone_but_not_among_many_the_family_counts() -> None:
    gates = [parse_gate(f"c.m >= {0.8 + place / 1000}") for place in range(10)]
    made = table(RATE, [1.0] * 71 + [0.0] * 29)
    among = decide_all(gates, {"c": made}, Setting())[0]
    assert (decide(gates[0], {"c": made}, Setting()).word, among.word) == (Word.FAIL, Word.UNSURE)
    assert among.more_cases is not None
    assert "among 10 gates" in among.reason
    assert re.search(rf"about {among.more_cases} more cases would settle it", among.reason)


def test_right_at_the_target_no_number_of_cases_settles_it() -> None:
    found = unsure("c.m >= 0.5", RATE, [1.0, 0.0] * 10)
    assert found.more_cases is None
    assert "right at the target no number of cases would" in found.reason


def test_of_a_slice_it_counts_cases_of_the_slice() -> None:
    values = [1.0] * 38 + [0.0] * 2
    found = unsure("min c.m by topic >= 0.9", RATE, values)
    assert found.more_cases is not None
    assert found.estimate is not None
    where = found.estimate.slice["topic"]
    assert f"about {found.more_cases} more cases of topic={where} would settle it" in found.reason
    alone = unsure(f"c.m[topic={where}] >= 0.9", RATE, values)
    assert alone.more_cases == found.more_cases


def test_of_clusters_it_counts_cases() -> None:
    """Four copies of every case are one witness: so many more witnesses take four times the cases."""
    single = table(GRADED, [1.0, 0.6] * 15)
    copied = CheckTable("c", "toy", (GRADED,))
    for place in range(30):
        for copy in range(4):
            copied.add(f"r{place}/{copy}", f"k{place}", {}, Score({"m": one(1.0 if place % 2 == 0 else 0.6)}))
    gate = parse_gate("c.m >= 0.75")
    apart, together = (decide(gate, {"c": made}, Setting()) for made in (single, copied))
    assert (apart.word, together.word) == (Word.UNSURE, Word.UNSURE)
    assert apart.more_cases is not None
    assert together.more_cases == 4 * apart.more_cases


def test_what_cannot_be_scored_makes_it_take_more() -> None:
    made = table(RATE, [1.0] * 20)
    half = replace_every_other(made)
    gate = parse_gate("c.m >= 0.95")
    whole, part = (decide(gate, {"c": one_table}, Setting()).more_cases for one_table in (made, half))
    assert (whole, part) == (52, 2 * (72 - 20))


def replace_every_other(made: CheckTable) -> CheckTable:
    found = CheckTable("c", "toy", (RATE,))
    for place in range(len(made.cases)):
        found.add(f"s{place}", f"s{place}", {}, Score({"m": one(1.0)}))
        found.add(f"u{place}", f"u{place}", {}, Score({}))
    return found
