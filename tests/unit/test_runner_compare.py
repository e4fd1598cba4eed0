"""What a comparison concludes from scores, without runs: p-values from scipy and by hand, who shares the error."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import pytest
from scipy.stats import binomtest

from evalkit.errors import StoreError
from evalkit.gates.measurements import CheckTable
from evalkit.metrics.kinds import Quantity, mean, rate
from evalkit.protocols import Metric
from evalkit.records import Counts, Outcome, Score, Unscored, Vector
from evalkit.report.comparison_notes import notes
from evalkit.results import CheckSummary, Result, Run, Usage
from evalkit.runner.compare import CheckChange, MetricChange
from evalkit.runner.compare_metrics import check_changes, p_value
from evalkit.runner.compare_pairs import pair_up
from evalkit.runner.compare_refusals import common_checks
from evalkit.runner.tables import describe, restore
from evalkit.runner.targets import Target

RIGHT = rate("right")
LENGTH = mean("length")
SPEED = mean("seconds", better="lower", unit="s", bounds=(0.0, 9.0))
SLOWEST = Quantity("slowest", "quantile", "lower", "s", quantile=0.9)


def table(metric: Metric, rows: Mapping[str, float | str | Unscored], clusters: Sequence[str] = ()) -> CheckTable:
    """A text is an error."""
    made = CheckTable("accuracy", "accuracy", [metric])
    for place, (case, value) in enumerate(rows.items()):
        if isinstance(value, str):
            score = Score({}, error=value)
        else:
            score = Score({metric.name: value if isinstance(value, Unscored) else vector(metric, value)})
        made.add(case, clusters[place] if clusters else "", {}, score)
    return made


def vector(metric: Metric, value: float) -> Vector:
    return (float(value),) if metric.kind == "quantile" else (float(value), 1.0)


def summary(made: CheckTable, available: int = 0, stopped: str = "") -> CheckSummary:
    infos = tuple(describe(metric) for metric in made.metrics)
    return CheckSummary(made.name, made.kind, "rows", made.counts, infos, available=available, stopped=stopped)


def compared(
    before: CheckTable, after: CheckTable, gated: frozenset[tuple[str, str]] = frozenset(), available: int = 0
) -> CheckChange:
    (check,) = check_changes(
        {"accuracy": (summary(before, available, "all gates decided" if available else ""), before)},
        {"accuracy": (summary(after), after)},
        gated,
    )
    return check


def change(before: Sequence[float], after: Sequence[float], metric: Metric = RIGHT) -> MetricChange:
    sides = [table(metric, {f"c{place}": value for place, value in enumerate(side)}) for side in (before, after)]
    return next(one for one in compared(*sides).metrics if one.metric == metric.name)


def flips(improved: int, regressed: int, unchanged: int) -> MetricChange:
    return change(
        [0] * improved + [1] * regressed + [1] * unchanged, [1] * improved + [0] * regressed + [1] * unchanged
    )


@pytest.mark.parametrize(("improved", "regressed"), [(0, 6), (1, 9), (9, 1), (3, 3), (2, 30)])
def test_yes_or_no_is_decided_by_the_binomial_test_of_what_changed(improved: int, regressed: int) -> None:
    found = flips(improved, regressed, 40)
    assert found.contrast.p_value == pytest.approx(binomtest(improved, improved + regressed).pvalue)
    assert found.test == "McNemar, exact"


def test_six_falls_and_no_rise_are_worse_five_are_unclear() -> None:
    assert flips(0, 6, 0).word == "worse"
    assert flips(0, 5, 0).word == "unclear"
    assert flips(6, 0, 0).word == "better"


def test_nothing_changed_is_the_same() -> None:
    found = flips(0, 0, 30)
    assert (found.word, found.adjusted) == ("same", None)


def test_cases_of_one_cluster_are_swapped_together() -> None:
    """Twelve cases in three clusters fall together: one of 2^3 swaps each way, so two in eight."""
    rows = {f"c{place}": 1.0 for place in range(12)}
    clusters = [f"group {place // 4}" for place in range(12)]
    before, after = table(RIGHT, rows, clusters), table(RIGHT, dict.fromkeys(rows, 0.0), clusters)
    p, test = p_value(pair_up(before, after, "right"))
    assert (p, test) == (pytest.approx(2 / 8), "swaps")
    assert compared(before, after).units == 3


def test_a_bounded_mean_is_decided_by_swaps() -> None:
    """Eight differences of one sign: of 2^8 swaps one each way is as far."""
    found = change([0.9] * 8, [0.4] * 8, mean("score", bounds=(0.0, 1.0)))
    assert found.contrast.p_value == pytest.approx(2 / 2**8)
    assert found.word == "worse"


def test_the_error_is_shared_by_holm_over_what_is_judged_and_differs() -> None:
    """Two rates of p = 2/64 each: together 4/64 is more than 5 in 100. A third that differs nowhere costs nothing."""
    names = ("one", "two", "alike")
    before, after = (CheckTable("accuracy", "accuracy", [rate(name) for name in names]) for _ in range(2))
    for place in range(6):
        before.add(f"c{place}", "", {}, Score(dict.fromkeys(names, (1.0, 1.0))))
        after.add(f"c{place}", "", {}, Score({"one": (0.0, 1.0), "two": (0.0, 1.0), "alike": (1.0, 1.0)}))
    found = {one.metric: one for one in compared(before, after).metrics}
    assert found["one"].contrast.p_value == pytest.approx(2 / 64)
    assert found["one"].adjusted == found["two"].adjusted == pytest.approx(4 / 64)
    assert [found[name].word for name in names] == ["unclear", "unclear", "same"]


def test_however_many_metrics_share_the_error_a_fall_in_every_case_is_found() -> None:
    """Of 2,000 swaps the smallest p-value is 2/2,001, which sixty metrics would make 0.06: more are drawn."""
    metrics = [mean(f"mean {place}", bounds=(0.0, 1.0)) for place in range(60)]
    before, after = (CheckTable("accuracy", "accuracy", metrics) for _ in range(2))
    for place in range(16):
        before.add(f"c{place}", "", {}, Score({metric.name: (0.9, 1.0) for metric in metrics}))
        after.add(f"c{place}", "", {}, Score({metric.name: (0.1 + place / 100, 1.0) for metric in metrics}))
    assert {one.word for one in compared(before, after).metrics} == {"worse"}


def test_what_has_no_better_direction_moves_and_speed_is_not_judged() -> None:
    for metric in (LENGTH, SPEED, SLOWEST):
        found = change([1, 2, 3, 4, 5, 6, 7, 8], [9, 9, 9, 9, 9, 9, 9, 9.5], metric)
        assert (found.word, found.judged, found.decisive) == ("moved", False, False)


def test_only_metrics_with_a_gate_decide_where_there_are_gates() -> None:
    rows = {f"c{place}": 1.0 for place in range(8)}
    before, after = table(RIGHT, rows), table(RIGHT, dict.fromkeys(rows, 0.0))

    def decisive(*gated: tuple[str, str]) -> bool:
        (found,) = compared(before, after, frozenset(gated)).metrics
        return found.decisive

    assert decisive()
    assert decisive(("accuracy", "coverage"))  # every check has that gate: it is no choice of a suite
    assert decisive(("accuracy", "right"))
    assert not decisive(("other", "right"))


def test_more_errors_than_before_show_in_coverage_too() -> None:
    rows = {f"c{place}": 1.0 for place in range(8)}
    found = {one.metric: one for one in compared(table(LENGTH, rows), table(LENGTH, dict.fromkeys(rows, "no"))).metrics}
    assert found["coverage"].word == "worse"
    assert found["length"].word == "unclear"


def test_cases_of_one_side_have_names_also_where_one_metric_lacks_them() -> None:
    before = table(RIGHT, {"a": 1, "b": 1, "gone": 1})
    after = table(RIGHT, {"a": 1, "b": Unscored("no reference"), "new": 0})
    check = compared(before, after)
    assert (check.pairs, check.only_baseline, check.only_candidate) == (2, ("gone",), ("new",))
    contrast = next(one.contrast for one in check.metrics if one.metric == "right")
    assert (contrast.pairs, contrast.only_there, contrast.only_here) == (1, ("b", "gone"), ("new",))


def test_statistics_of_another_shape_are_not_subtracted() -> None:
    before, after = table(RIGHT, {"a": 1}), table(RIGHT, {"a": 0})
    before.columns["right"].rows[0] = (1.0, 1.0, 1.0)
    found = compared(before, after).metrics[0]
    assert found.contrast.value is None
    assert found.word == "unclear"


def test_a_metric_that_cannot_read_what_was_stored_says_why_and_in_which_run() -> None:
    class Newer:
        name, kind, better, unit, bounds, signature, worst = "newer", "ratio", "higher", "", None, "newer", None

        def value(self, total: Vector) -> float | None:
            if total[0] > 10:
                raise LookupError("no such part")
            return total[0] / total[1]

    sides = {"low": {"a": 1.0, "b": 2.0}, "high": {"a": 9.0, "b": 9.0}}
    before, after = (table(Newer(), sides[side]) for side in ("high", "low"))
    check = compared(before, after)
    found = check.metrics[0]
    assert found.unread == (("baseline", "LookupError: no such part"),)
    assert (found.baseline, found.candidate, found.contrast.value, found.word) == (None, 1.5, None, "unclear")
    said = "newer has no value in the baseline, because it cannot be computed from what is stored: LookupError: no such"
    assert any(note.startswith(said) for note in notes(check))
    assert compared(after, before).metrics[0].unread == (("candidate", "LookupError: no such part"),)


def test_cases_of_a_metric_are_counted_by_what_turned_and_moves_apart() -> None:
    """By hand: a falls below the target of 0.5, b rises above it, c and d move by little, e stays, f has the worst."""
    score = mean("score", bounds=(0.0, 1.0))
    before = table(score, {"a": 0.9, "b": 0.1, "c": 0.7, "d": 0.7, "e": 0.7, "f": 0.7})
    after = table(score, {"a": 0.4, "b": 0.6, "c": 0.7001, "d": 0.6, "e": 0.7, "f": "no answer"})
    sides = [{"accuracy": (summary(side), side)} for side in (before, after)]
    targets = {("accuracy", "score"): [Target(">=", 0.5)]}
    (check,) = check_changes(*sides, frozenset({("accuracy", "score")}), targets)
    found = next(one for one in check.metrics if one.metric == "score")
    assert found.cases is not None
    assert found.cases._asdict() == {"regressed": 2, "improved": 1, "lower": 1, "higher": 1, "same": 1}


def test_a_check_that_stopped_early_says_how_far_it_came() -> None:
    check = compared(table(RIGHT, {"a": 1}), table(RIGHT, {"a": 1}), available=1000)
    assert [side.early for side in check.asked] == [True, False]
    assert (check.asked[0].planned, check.asked[0].available) == (1, 1000)


def test_a_quantile_is_decided_by_swaps_as_far_as_trying_all_of_them() -> None:
    """All 256 ways to swap eight pairs, against draws from them: within four Monte Carlo standard errors."""
    before, after = [1.0, 4.0, 2.0, 8.0, 5.0, 7.0, 3.0, 6.0], [3.0, 9.0, 2.5, 16.0, 4.0, 11.0, 9.5, 10.0]
    sides = [table(SLOWEST, {f"c{place}": value for place, value in enumerate(side)}) for side in (before, after)]
    found, test = p_value(pair_up(*sides, "slowest"))

    def gap(swaps: Sequence[bool]) -> float:
        left, right = zip(*((b, a) if s else (a, b) for s, a, b in zip(swaps, before, after, strict=True)), strict=True)
        return abs(float(np.quantile(right, 0.9)) - float(np.quantile(left, 0.9)))

    observed = gap([False] * 8)
    exact = sum(gap(swaps) >= observed - 1e-12 for swaps in product([False, True], repeat=8)) / 256
    assert 0.02 < exact < 0.9
    assert found == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 2000) + 1 / 2000)
    assert test == "swaps"


def test_draws_never_make_a_p_value_of_nothing() -> None:
    rows = {f"c{place}": float(place) for place in range(40)}
    far = table(SLOWEST, {case: value + 1000 for case, value in rows.items()})
    assert p_value(pair_up(table(SLOWEST, rows), far, "slowest"))[0] == pytest.approx(1 / 2001)


def test_a_stored_quantile_stays_at_its_place_also_at_the_ends() -> None:
    for at in (0.0, 0.5, 0.95, 1.0):
        restored = restore(describe(Quantity("wait", "quantile", "lower", quantile=at)), {})
        assert isinstance(restored, Quantity)
        assert restored.quantile == at


# --- refusals ---------------------------------------------------------------------------------------------------------


def result(**generation: object) -> Result:
    check = CheckSummary("accuracy", "accuracy", "rows", Counts(1, 1, 0, 0), generation=generation)
    return Result(Run("id", "s", "m", "finished", ""), Outcome("", 0, ""), (), (check,), (), Usage())


@pytest.mark.parametrize(
    ("before", "after", "faults"),
    [
        ({"temperature": 0, "max_tokens": 8}, {"temperature": 0, "max_tokens": 9}, ["max_tokens 8"]),
        ({"temperature": 0, "top_p": 1}, {"temperature": 0, "top_p": 0.5}, []),
        ({"temperature": 1, "top_p": 1}, {"temperature": 1, "top_p": 0.5}, ["top_p 1"]),
        ({"temperature": 1, "seed": 1}, {"temperature": 1, "seed": 2}, []),
        ({"temperature": 1, "attempts": 1}, {"temperature": 0.5, "attempts": 4}, ["attempts 1", "temperature 1"]),
        ({}, {"temperature": 1}, []),
    ],
)
def test_generation_settings_that_matter_are_refused_by_name(
    before: Mapping[str, object], after: Mapping[str, object], faults: list[str]
) -> None:
    theirs, ours = result(**before), result(**after)
    _, allowed = common_checks(theirs, ours, allow_different=True)
    assert [fault.split(": ")[1].split(" in the")[0] for fault in allowed] == faults
    if faults:
        with pytest.raises(StoreError, match=faults[0]):
            common_checks(theirs, ours, allow_different=False)
