"""Gaps between groups: held against exact tests, and named where they were planted."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from evalkit.runner.bias_gaps import ALIKE, Family, group_gaps
from evalkit.stats.paired import mcnemar_exact


def entry(group: str, *, refused: bool = False, **values: Any) -> dict[str, Any]:
    return {"group": group, "refusal": "full" if refused else "none", "words": 40, **values}


def families(count: int, groups: Sequence[str], refused: Any, **values: Any) -> list[Family]:
    return [
        Family(f"f{n}", "", [entry(group, refused=refused(n, group), **values) for group in groups])
        for n in range(count)
    ]


def of(gaps: Any, group: str, measure: str) -> Any:
    return next(gap for gap in gaps if (gap.group, gap.measure) == (group, measure))


@pytest.mark.parametrize(("better", "worse", "same"), [(0, 6, 4), (2, 7, 1), (5, 5, 0), (1, 12, 30)])
def test_refusals_of_two_groups_are_tested_as_by_mcnemar(better: int, worse: int, same: int) -> None:
    pattern = [(True, False)] * worse + [(False, True)] * better + [(False, False)] * same
    made = [
        Family(f"f{n}", "", [entry("a", refused=first), entry("b", refused=second)])
        for n, (first, second) in enumerate(pattern)
    ]
    gap = of(group_gaps({"bias": made}), "a", "refusal")
    assert gap.p_value == pytest.approx(mcnemar_exact(better, worse))
    assert gap.difference == pytest.approx((worse - better) / len(pattern))


def test_of_three_groups_each_exchange_is_counted_once() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(6, 3)).round(3)
    made = [
        Family(f"f{n}", "", [entry(g, sentiment=float(v)) for g, v in zip("abc", row, strict=True)])
        for n, row in enumerate(values)
    ]
    gap = of(group_gaps({"bias": made}), "b", "sentiment")

    def total(chosen: Sequence[int]) -> float:
        return sum(row[k] - (row.sum() - row[k]) / 2 for row, k in zip(values, chosen, strict=True))

    seen = abs(total([1] * 6))
    everything = [abs(total(chosen)) for chosen in itertools.product(range(3), repeat=6)]
    assert gap.p_value == pytest.approx(np.mean([value >= seen - 1e-9 for value in everything]))
    assert gap.difference == pytest.approx(np.mean(values[:, 1] - (values[:, 0] + values[:, 2]) / 2))


def test_of_what_is_not_flagged_the_nearest_to_a_finding_comes_first() -> None:
    """Of eight families "a" is refused in one, and has longer answers in six."""
    made = [
        Family(f"f{n}", "", [entry("a", refused=n == 0) | {"words": 50 if n < 6 else 30}, entry("b")]) for n in range(8)
    ]
    gaps = group_gaps({"x": made})
    assert not any(gap.flagged for gap in gaps)
    assert [gap.p_value for gap in gaps] == sorted(gap.p_value or 0.0 for gap in gaps)
    assert gaps[0].measure == "length"
    assert (gaps[0].group, gaps[0].worse) == ("b", True)


def test_a_planted_refusal_is_flagged_and_named_first() -> None:
    made = families(12, ("young", "middle", "older"), lambda _, group: group == "older")
    gaps = group_gaps({"bias": made})
    assert (gaps[0].group, gaps[0].measure, gaps[0].flagged, gaps[0].worse) == ("older", "refusal", True, True)
    assert gaps[0].difference == 1.0


def test_equal_answers_are_no_gap_and_no_test() -> None:
    gaps = group_gaps({"bias": families(20, ("a", "b"), lambda *_: False, sentiment=0.1)})
    assert gaps
    assert not any(gap.flagged or gap.worse for gap in gaps)
    assert {gap.method for gap in gaps} == {ALIKE}


def test_families_of_one_cluster_are_one_witness() -> None:
    apart = [Family(f"f{n}", f"c{n}", [entry("a", refused=True), entry("b")]) for n in range(12)]
    together = [Family(f"f{n}", f"c{n % 6}", [entry("a", refused=True), entry("b")]) for n in range(12)]
    assert of(group_gaps({"x": apart}), "a", "refusal").p_value == pytest.approx(2 / 2**12)
    assert of(group_gaps({"x": together}), "a", "refusal").p_value == pytest.approx(2 / 2**6)


@pytest.mark.parametrize("count", [1, 4])
def test_too_few_clusters_show_what_is_seen_and_claim_nothing(count: int) -> None:
    gap = of(group_gaps({"x": families(count, ("a", "b"), lambda _, group: group == "a")}), "a", "refusal")
    assert (gap.difference, gap.worse) == (1.0, True)
    assert (gap.interval, gap.p_value, gap.flagged) == (None, None, False)
    assert "fewer than 5" in gap.method


def test_many_families_of_few_templates_are_few() -> None:
    made = [Family(f"f{n}", f"c{n % 4}", [entry("a", refused=True), entry("b")]) for n in range(40)]
    assert of(group_gaps({"x": made}), "a", "refusal").p_value is None


def test_equal_answers_have_a_gap_of_exactly_zero_and_an_interval_around_it() -> None:
    """Three means of the same tenths differ in their last bit."""
    gap = of(group_gaps({"x": families(7, ("a", "b", "c", "d"), lambda *_: False, sentiment=0.1)}), "a", "sentiment")
    assert (gap.difference, gap.worse, gap.flagged) == (0.0, False, False)
    assert gap.interval is not None
    assert gap.interval.low <= 0 <= gap.interval.high


def test_the_odd_one_out_is_not_the_one_treated_worse() -> None:
    """Two of three groups are refused in the same words: the third has another answer, and the better one."""
    made = families(12, ("man", "woman", "nonbinary"), lambda _, group: group != "man")
    for family in made:
        for one in family.groups:
            one["same"] = 0.0 if one["group"] == "man" else 0.5  # type: ignore[index]
    gaps = group_gaps({"x": made})
    assert of(gaps, "man", "same").flagged
    assert not any(gap.worse for gap in gaps if gap.group == "man")


def test_a_reference_group_is_what_the_others_are_held_against() -> None:
    made = families(8, ("a", "b", "c"), lambda _, group: group == "a")
    gaps = group_gaps({"x": made}, reference=["c"])
    assert {(gap.group, gap.against) for gap in gaps} == {("a", "c"), ("b", "c")}
    assert of(gaps, "a", "refusal").difference == 1.0
    assert of(gaps, "b", "refusal").difference == 0.0


def test_each_check_has_its_own_reference() -> None:
    made = families(8, ("a", "b", "c"), lambda _, group: group == "a")
    gaps = group_gaps({"x": made, "y": made}, reference={"x": ["c"]})
    assert {gap.against for gap in gaps if gap.check == "x"} == {"c"}
    assert {gap.against for gap in gaps if gap.check == "y"} == {"others"}


def test_a_check_that_stopped_early_has_gaps_and_no_p_values() -> None:
    gaps = group_gaps({"x": families(8, ("a", "b"), lambda _, group: group == "a")}, untested=["x"])
    assert gaps
    assert all(gap.p_value is None and not gap.flagged for gap in gaps)


def test_a_measure_without_a_value_for_one_member_is_left_out_of_that_family() -> None:
    made = families(8, ("a", "b"), lambda *_: False, grade=None)
    made[0].groups[0]["refusal"] = "undetermined"  # type: ignore[index]
    gaps = group_gaps({"x": made})
    assert of(gaps, "a", "refusal").families == 7
    assert of(gaps, "a", "length").families == 8
    assert not [gap for gap in gaps if gap.measure == "readability"]


def test_silence_for_everybody_is_in_no_gap() -> None:
    made = [Family(f"f{n}", "", [entry(g) | {"words": 0, "refusal": "empty"} for g in "ab"]) for n in range(9)]
    assert group_gaps({"x": made}) == ()


def test_the_order_of_families_and_groups_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    made = [Family(f"f{n}", "", [entry(g, sentiment=float(rng.normal())) for g in "abcd"]) for n in range(15)]
    turned = [Family(f.case, f.cluster, f.groups[::-1]) for f in made[::-1]]
    one, other = group_gaps({"x": made}), group_gaps({"x": turned})
    for gap in one:
        twin = of(other, gap.group, gap.measure)
        assert twin.difference == pytest.approx(gap.difference)
        assert twin.p_value == pytest.approx(gap.p_value)
