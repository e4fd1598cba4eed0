"""Which slices are called worse than the rest, which are not, and where nothing is claimed."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats

from evalkit.diagnoses import SliceDiagnosis
from evalkit.gates.expression import parse_gate
from evalkit.gates.measurements import CheckTable
from evalkit.metrics.kinds import Quantity, mean, rate, ratio
from evalkit.records import Score, Unscored
from evalkit.runner.diagnose import BETTING, FISHER, MEANS, PERMUTATION, diagnose

OK = rate("ok")
SCORE = mean("score", bounds=(0.0, 1.0))
Row = tuple[Any, str, str]
"""What was scored (none: nothing), the slice, the cluster (empty: its own)."""


def table(metric: Quantity, rows: Sequence[Row], name: str = "c") -> CheckTable:
    made = CheckTable(name, "toy", (metric,))
    for place, (value, label, cluster) in enumerate(rows):
        result = Unscored("nothing") if value is None else (float(value), 1.0)
        made.add(f"r{place}", cluster or f"r{place}", {"topic": label}, Score({metric.name: result}))
    return made


def plain(values: Sequence[Any], label: str) -> list[Row]:
    return [(value, label, "") for value in values]


def of_bad(metric: Quantity, rows: Sequence[Row], **options: Any) -> SliceDiagnosis | None:
    found = diagnose(["topic"], {"c": table(metric, rows)}, **options)
    return next((test for test in found if test.slice == {"topic": "bad"}), None)


@pytest.mark.parametrize(("bad", "good"), [(4, 270), (11, 270), (12, 288), (0, 1)])
@pytest.mark.parametrize("better", ["higher", "lower"])
def test_yes_and_no_of_independent_cases_is_fishers_exact_test(bad: int, good: int, better: str) -> None:
    rows = plain([1] * bad + [0] * (12 - bad), "bad") + plain([1] * good + [0] * (288 - good), "good")
    found = of_bad(rate("ok", better=better), rows)
    assert found is not None
    side = "less" if better == "higher" else "greater"
    expected = stats.fisher_exact([[bad, 12 - bad], [good, 288 - good]], alternative=side).pvalue
    assert found.p_value == pytest.approx(expected, rel=1e-9)
    assert (found.method, found.cases, found.value, found.rest) == (FISHER, 12, bad / 12, good / 288)


def test_a_bad_slice_is_found_and_comes_first() -> None:
    rows = plain([1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1], "bad")
    for name in "abcdef":
        rows += plain([0, 0] + [1] * 38, name)
    found = diagnose(["topic"], {"c": table(OK, rows)})
    assert [test.flagged for test in found] == [True] + [False] * 6
    assert found[0].slice == {"topic": "bad"}
    assert [test.p_value for test in found[1:]] == sorted(test.p_value for test in found[1:])


def test_means_are_permuted_and_the_few_permutations_that_there_are_agree() -> None:
    bad, good = [0.1, 0.35, 0.42], [0.5, 0.3, 0.8, 0.66, 0.9]
    found = of_bad(SCORE, plain(bad, "bad") + plain(good, "good"))
    assert found is not None
    assert found.method == PERMUTATION
    everything = np.array(bad + good)

    def t(chosen: Sequence[int]) -> float:
        here, rest = everything[list(chosen)], np.delete(everything, list(chosen))
        return float(stats.ttest_ind(here, rest, equal_var=False).statistic)

    splits = [t(chosen) for chosen in itertools.combinations(range(8), 3)]
    exact = sum(split <= splits[0] + 1e-9 for split in splits) / len(splits)
    # 56 splits; p stops at 20 hits in about 20 / exact draws: a relative error of about 1 / sqrt(20)
    assert found.p_value == pytest.approx(exact, rel=0.7)


def test_a_large_difference_of_means_has_the_least_p_that_so_many_draws_allow() -> None:
    found = of_bad(SCORE, plain([0.1, 0.2, 0.15] * 5, "bad") + plain([0.8, 0.9, 0.85] * 20, "good"))
    assert found is not None
    assert found.flagged
    assert found.p_value == pytest.approx(1 / 5_001)


@pytest.mark.parametrize("at_once", [1, 7, 100, 10_000])
def test_how_many_are_drawn_at_once_changes_no_p_value(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = random.Random(3)
    values = [drawn.random() for _ in range(60)]
    rows = [(value - 0.1 * (place < 12), "bad" if place < 12 else "good", "") for place, value in enumerate(values)]
    torn = [(value, label, f"pair {place // 2}") for place, (value, label, _) in enumerate(sorted(rows))]
    before = [of_bad(SCORE, made) for made in (rows, torn)]
    monkeypatch.setattr("evalkit.runner.diagnose.FIRST_DRAWS", at_once)
    assert [of_bad(SCORE, made) for made in (rows, torn)] == before
    assert all(found is not None and found.method == PERMUTATION and 0.001 < found.p_value < 1 for found in before)


def test_lower_is_better_turns_it_round() -> None:
    rows = plain([0.8, 0.9, 0.7] * 5, "high") + plain([0.1, 0.2, 0.3] * 5, "low")
    flags = {}
    for better in ("higher", "lower"):
        found = diagnose(["topic"], {"c": table(mean("score", better=better, bounds=(0.0, 1.0)), rows)})
        flags[better] = [test.slice["topic"] for test in found if test.flagged]
    assert flags == {"higher": ["low"], "lower": ["high"]}


def test_rows_of_a_cluster_are_one_piece_of_evidence() -> None:
    """Forty equal rows of four documents prove no more than four rows do."""
    rows = [(float(n == 3), "bad", f"d{n}") for n in range(4) for _ in range(10)]
    rows += [(float(n % 10 > 1), "good", f"g{n}") for n in range(20) for _ in range(10)]
    together, alone = of_bad(OK, rows), of_bad(OK, [(value, label, "") for value, label, _ in rows])
    assert together is not None
    assert alone is not None
    assert (together.method, alone.method) == (PERMUTATION, FISHER)
    assert alone.p_value < 1e-6
    # of 24 documents 7 fail; the chance that at least 3 of the 4 drawn do
    assert together.p_value == pytest.approx(stats.hypergeom(24, 7, 4).sf(2), rel=0.7)


def test_pairs_with_one_row_in_the_slice_are_compared_within_the_pair() -> None:
    """Documents differ much, and in each the row of the slice is a little worse."""
    rows: list[Row] = []
    for n in range(12):
        rows += [(n / 14 + 0.05, "bad", f"d{n}"), (n / 14 + 0.1, "good", f"d{n}")]
    found = of_bad(SCORE, rows)
    assert found is not None
    assert found.flagged
    assert found.p_value < 0.002  # all twelve fall the same way: 1 of 4,096
    unpaired = of_bad(SCORE, [(value, label, "") for value, label, _ in rows])
    assert unpaired is not None
    assert unpaired.p_value > 0.2


def test_a_torn_cluster_among_whole_ones_does_not_stand_in_for_them() -> None:
    rows = [(0.2, "bad", f"b{n}") for n in range(8)] + [(0.9 - n / 100, "good", f"g{n}") for n in range(30)]
    rows += [(0.2, "bad", "torn"), (0.9, "good", "torn")]
    found = of_bad(SCORE, rows)
    assert found is not None
    assert found.p_value < 0.01


def test_the_order_of_cases_does_not_matter() -> None:
    rng = random.Random(3)
    rows = [(rng.betavariate(8, 2), rng.choice("abc"), f"d{rng.randrange(25)}") for _ in range(80)]
    rows += [(rng.betavariate(8, 2), f"only{n % 3}", f"e{n // 2}") for n in range(40)]
    expected = diagnose(["topic"], {"c": table(SCORE, rows)})
    for _ in range(3):
        rng.shuffle(rows)
        found = diagnose(["topic"], {"c": table(SCORE, rows)})
        assert [(t.slice, t.p_value, t.flagged) for t in found] == [(t.slice, t.p_value, t.flagged) for t in expected]


class TestChecksThatCouldStop:
    def test_they_are_tested_by_betting(self) -> None:
        rows = plain([0] * 20 + [1] * 5, "bad") + plain([1] * 190 + [0] * 10, "good")
        found = of_bad(OK, rows, sequential=["c"])
        assert found is not None
        assert (found.method, found.flagged) == (BETTING, True)
        other = of_bad(OK, plain([1] * 22 + [0] * 3, "bad") + plain([1] * 190 + [0] * 10, "good"), sequential=["c"])
        assert other is not None
        assert not other.flagged
        assert other.p_value == pytest.approx(1, abs=0.7)

    def test_the_money_won_is_one_on_average_where_all_slices_are_alike(self) -> None:
        """Exactly, over all outcomes of 4 cases of a slice and 4 of the rest, at any moment of stopping."""
        p, total = 0.7, 0.0
        for outcome in itertools.product((0, 1), repeat=8):
            rows = [(value, "bad" if n % 2 else "good", "") for n, value in enumerate(outcome)]
            # stops at the first failure in the slice after its third case, the worst time for an honest test
            end = 6 if outcome[5] == 0 else 8
            found = of_bad(OK, rows[:end], sequential=["c"])
            assert found is not None
            won = 1 / found.p_value if found.p_value < 1 else 0.0
            total += won * p ** sum(outcome) * (1 - p) ** (8 - sum(outcome))
        assert 0 < total <= 1

    def test_means_with_bounds_of_any_kind_can_be_bet_on(self) -> None:
        low = of_bad(
            mean("m", bounds=(1.0, 5.0)), plain([1, 2] * 15, "bad") + plain([4, 5] * 60, "good"), sequential="c"
        )
        high = of_bad(
            mean("m", better="lower", bounds=(1.0, 5.0)),
            plain([5, 4] * 15, "bad") + plain([2, 1] * 60, "good"),
            sequential="c",
        )
        assert low is not None
        assert high is not None
        assert low.flagged
        assert low.p_value == pytest.approx(high.p_value)

    def test_nothing_is_claimed_of_means_without_bounds_or_out_of_them(self) -> None:
        rows = plain([1, 2, 3], "bad") + plain([7, 8, 9], "good")
        gate = [parse_gate("c.m >= 1")]
        assert of_bad(mean("m"), rows, sequential=["c"], gates=gate) is None
        assert of_bad(mean("m", bounds=(0.0, 5.0)), rows, sequential=["c"], gates=gate) is None
        assert of_bad(mean("m"), rows, gates=gate) is not None

    def test_other_checks_of_the_run_keep_their_tests(self) -> None:
        bad = plain([0] * 20, "bad") + plain([1] * 100, "good")
        tables = {name: table(OK, bad, name) for name in ("c", "d")}
        found = diagnose(["topic"], tables, sequential={"d"})
        assert {(test.check, test.method) for test in found} == {("c", FISHER), ("d", BETTING)}
        assert [test.slice["topic"] for test in found if test.flagged] == ["bad", "bad"]

    def test_the_splits_lie_inside_and_mirror_each_other(self) -> None:
        assert all(0 < m < 1 for m in MEANS)
        assert [1 - m for m in reversed(MEANS)] == pytest.approx(MEANS)


class TestWhatIsTested:
    ROWS = plain([0, 0, 0, 0], "bad") + plain([1] * 9, "good")

    def names(self, *gates: str, metric: Quantity = OK, labels: Sequence[str] = ("topic",)) -> set[str]:
        parsed = [parse_gate(gate) for gate in gates]
        return {test.metric for test in diagnose(labels, {"c": table(metric, self.ROWS)}, gates=parsed)}

    def test_metrics_with_a_gate_or_else_those_with_bounds(self) -> None:
        assert self.names() == {"ok"}
        assert self.names("c.ok >= 0.5") == {"ok"}
        assert self.names("c.coverage >= 0.5", "other.ok >= 0.5") == {"ok"}
        assert self.names("c.else >= 0.5") == set()
        assert self.names(metric=mean("length")) == set()
        assert self.names("c.length >= 3", metric=mean("length")) == {"length"}
        assert self.names("c.speed >= 3", metric=ratio("speed")) == set()

    def test_labels_that_are_categories(self) -> None:
        assert self.names(labels=()) == set()
        assert self.names(labels=("nobody has it",)) == set()
        assert len(diagnose(["topic", "topic"], {"c": table(OK, self.ROWS)})) == 2
        many = [(n % 2, f"s{n % 41}", "") for n in range(410)]
        assert diagnose(["topic"], {"c": table(OK, many)}) == ()
        assert diagnose(["topic"], {"c": table(OK, plain([0, 1] * 10, "only"))}) == ()

    def test_slices_of_fewer_than_three_clusters_claim_nothing(self) -> None:
        assert of_bad(OK, plain([0, 0], "bad") + plain([1] * 50, "good")) is None
        assert of_bad(OK, [(0, "bad", f"d{n % 2}") for n in range(40)] + plain([1] * 50, "good")) is None
        assert of_bad(OK, plain([0] * 3, "bad") + plain([1] * 2, "good")) is None
        assert of_bad(OK, plain([0] * 3, "bad") + plain([1] * 50, "good")) is not None

    def test_unscored_cases_do_not_count(self) -> None:
        found = of_bad(OK, plain([0, 0, 0, None, None], "bad") + plain([1] * 50, "good"))
        assert found is not None
        assert found.cases == 3
        assert of_bad(OK, plain([None] * 9, "bad") + plain([1] * 50, "good")) is None

    def test_errors_count_at_the_worst_but_are_no_measurement(self) -> None:
        made = table(OK, plain([1] * 30, "good"))
        for n in range(6):
            made.add(f"e{n}", f"e{n}", {"topic": "broken"}, Score(error="time-out"))
        assert {test.slice["topic"] for test in diagnose(["topic"], {"c": made})} == {"good"}
        made.add("e6", "e6", {"topic": "broken"}, Score({"ok": (1.0, 1.0)}))
        found = {test.slice["topic"]: test for test in diagnose(["topic"], {"c": made})}
        assert (found["broken"].value, found["broken"].cases) == (1 / 7, 7)

    @pytest.mark.parametrize("value", [float("nan"), float("inf")])
    def test_numbers_that_are_none_make_no_test(self, value: float) -> None:
        assert of_bad(SCORE, plain([value, 0.1, 0.2], "bad") + plain([0.9] * 5, "good")) is None

    @pytest.mark.parametrize("value", [0, 1])
    @pytest.mark.parametrize("metric", [OK, SCORE])
    @pytest.mark.parametrize("sequential", [(), ("c",)])
    def test_where_all_answers_are_alike_nothing_is_flagged(
        self, metric: Quantity, value: int, sequential: Sequence[str]
    ) -> None:
        found = of_bad(metric, plain([value] * 30, "bad") + plain([value] * 90, "good"), sequential=sequential)
        assert found is not None
        assert (found.p_value, found.flagged) == (1.0, False)

    def test_no_tables_no_tests(self) -> None:
        assert diagnose(["topic"], {}) == ()
