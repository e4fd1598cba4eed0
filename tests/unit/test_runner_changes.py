"""Which cases went otherwise than in the baseline: against a plain walk through both, case by case."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evalkit.gates.expression import parse_gate
from evalkit.gates.measurements import COVERAGE, CheckTable
from evalkit.metrics.kinds import Quantity, mean, rate
from evalkit.protocols import Metric
from evalkit.records import Score, Status, Unscored
from evalkit.runner.changes import MOST, _listed
from evalkit.runner.compare_listed import CaseChange, TurnedCases, listed
from evalkit.runner.compare_pairs import DIRECTIONS, common_places
from evalkit.runner.compare_turned import turned
from evalkit.runner.targets import Target, targets_of_gates

RIGHT = rate("right")
WORTH = mean("worth", better="lower", bounds=(0.0, 9.0))
TELLING: tuple[Metric, ...] = (RIGHT, WORTH)
TARGETS = {("c", "worth"): [Target("<=", 2.0)]}
Row = tuple[str, float | None, float | None]
"""A case, whether it is right and what it is worth; errored without either."""


def table(rows: Sequence[Row], metrics: Sequence[Quantity] = (RIGHT, WORTH)) -> CheckTable:
    made = CheckTable("c", "toy", metrics)
    for case, right, worth in rows:
        values = {"right": right, "worth": worth}
        results = {name: Unscored("none") if value is None else (value, 1.0) for name, value in values.items()}
        made.add(case, "", {}, Score(error="no") if right is None and worth is None else Score(results))
    return made


CASES = st.sampled_from(["a", "b", "c", "d", "é", "zz", "𝄞", "10", "9"])
VALUES = st.none() | st.sampled_from([0.0, 1.0])
WORTHS = st.none() | st.sampled_from([0.0, 1.0, 2.5, 9.0])
ROWS = st.lists(st.tuples(CASES, VALUES, WORTHS), max_size=9, unique_by=lambda row: row[0])


ORDER = ("regressed", "improved", "moved")


def plainly(before: Sequence[Row], after: Sequence[Row]) -> list[tuple[str, str, str, float]]:
    """Case, direction, metric and how far: what regressed before what improved and what moved; of each the largest
    first, one-sided scores before all."""
    there = {case: (right, worth) for case, right, worth in before}
    found = []
    for case, *now in after:
        if case not in there:
            continue
        was = there[case]
        errored = was == (None, None), now == [None, None]
        if errored[0] != errored[1]:
            found.append((case, "regressed" if errored[1] else "improved", COVERAGE, float("inf")))
        elif not any(errored):
            reasons = [
                (case, went, metric.name, abs(other - one))
                for metric, one, other in zip(TELLING, was, now, strict=True)
                if one is not None and other is not None and (went := plain_direction(metric.name, one, other))
            ]
            found += sorted(reasons, key=lambda row: place(row[1]))[:1]
    return sorted(found, key=lambda row: (place(row[1]), -row[3]))


def plain_direction(metric: str, was: float, now: float) -> str:
    """``right`` is yes or no; what is worth at most 2 is right."""
    if was == now:
        return ""
    if metric == "right":
        return "improved" if now else "regressed"
    if (was <= 2) != (now <= 2):
        return "improved" if now <= 2 else "regressed"
    return "higher" if now > was else "lower"


def place(direction: str) -> int:
    return ORDER.index("moved" if direction in {"higher", "lower"} else direction)


def changes(theirs: CheckTable, ours: CheckTable) -> list[CaseChange]:
    found = turned(theirs, ours, TELLING, TARGETS)
    told = TurnedCases.of(theirs, ours, found)
    return [told.change(row) for row in range(len(found))]


@given(ROWS, ROWS)
def test_the_first_telling_metric_that_changed_tells_of_a_case(before: list[Row], after: list[Row]) -> None:
    found = changes(table(before), table(after))
    wanted = plainly(before, after)
    assert [(one.case, one.direction, one.metric) for one in found] == [row[:3] for row in wanted]
    for one, (_, _, metric, far) in zip(found, wanted, strict=True):
        if metric == COVERAGE:
            assert (one.baseline, one.candidate) == (None, None)
            assert (one.baseline_status is Status.ERRORED) != (one.candidate_status is Status.ERRORED)
        else:
            assert one.baseline is not None
            assert one.candidate is not None
            assert abs(one.candidate - one.baseline) == far


@given(ROWS, ROWS)
def test_common_cases_are_found_in_our_order(before: list[Row], after: list[Row]) -> None:
    theirs, ours = table(before), table(after)
    there, here = common_places(theirs, ours)
    known = {case for case, _, _ in before}
    assert [ours.cases[at] for at in here.tolist()] == [case for case, _, _ in after if case in known]
    assert [theirs.cases[at] for at in there.tolist()] == [ours.cases[at] for at in here.tolist()]


def test_counts_are_by_metric_of_the_cases_that_both_sides_measured() -> None:
    nothing: list[Row] = [("e", None, None)]
    before: list[Row] = [("a", 1, 2), ("b", 0, 2), ("c", 1, 2), ("d", None, None), ("f", 1, None), ("g", 1, 1)]
    after: list[Row] = [("a", 0, 1), ("b", 1, 2), ("c", 1, 2), ("d", 1, 1), ("f", 1, 2), ("h", 1, 1)]
    cases = turned(table([*before, *nothing]), table([*nothing, *after]), [RIGHT], also=[WORTH])
    assert cases.counts == {COVERAGE: (0, 1, 0, 0, 5), "right": (1, 1, 0, 0, 2), "worth": (0, 0, 1, 0, 2)}
    assert (cases.pairs, cases.many("regressed"), cases.many("improved"), cases.many("lower", "higher")) == (6, 1, 2, 0)


def test_a_share_of_attempts_turns_where_it_crosses_its_target() -> None:
    before, after = (
        table([("a", 1.0, 1), ("b", 0.8, 1), ("c", 1.0, 1)]),
        table([("a", 0.8, 1), ("b", 0.4, 1), ("c", 0, 1)]),
    )
    targets = {("c", "right"): [Target(">=", 0.5)]}
    assert turned(before, after, [RIGHT], targets).counts["right"] == (2, 0, 1, 0, 0)
    assert turned(before, after, [RIGHT]).counts["right"] == (1, 0, 2, 0, 0)  # from all to none, without a target


def test_only_targets_over_all_cases_are_asked_of_a_case() -> None:
    whole, sliced = parse_gate("c.worth <= 2"), parse_gate("c.worth[kind=a] <= 3")
    against = parse_gate("c.worth <= baseline + 1")
    assert targets_of_gates([whole, sliced, against]) == {("c", "worth"): [Target("<=", 2.0)]}


def test_statistics_of_another_shape_are_not_compared() -> None:
    before, after = table([("a", 1, 1)]), table([("a", 0, 1)])
    before.columns["right"].rows[0] = (1.0, 1.0, 1.0)
    found = turned(before, after, TELLING)
    assert len(found) == 0
    assert set(found.counts) == {COVERAGE, "worth"}


def test_both_kinds_of_change_are_shown_where_there_is_room() -> None:
    def chosen(fixed: int, regressed: int) -> tuple[int, int]:
        count = fixed + regressed
        before = table([(f"c{at}", float(at >= fixed), 1.0) for at in range(count)])
        after = table([(f"c{at}", float(at < fixed), 1.0) for at in range(count)])
        found = turned(before, after, TELLING)
        ways = found.directions[np.array(_listed(found), dtype=int)].tolist()
        return ways.count(DIRECTIONS.index("improved")), ways.count(DIRECTIONS.index("regressed"))

    assert chosen(3, 5) == (3, 5)
    assert chosen(100, 100) == (MOST // 2, MOST // 2)
    assert chosen(100, 3) == (MOST - 3, 3)
    assert chosen(3, 100) == (3, MOST - 3)


# --- as a comparison lists them ---------------------------------------------------------------------------------------


def of_checks(**sides: tuple[list[Row], list[Row]]) -> list[TurnedCases]:
    found = []
    for name, (before, after) in sides.items():
        theirs, ours = table(before), table(after)
        theirs.name = ours.name = name
        found.append(TurnedCases.of(theirs, ours, turned(theirs, ours, TELLING)))
    return found


def named(found: Sequence[CaseChange]) -> list[str]:
    return [f"{one.check}.{one.case}" for one in found]


def test_checks_take_turns_the_largest_change_of_each_first() -> None:
    moves: tuple[list[Row], list[Row]] = (
        [("a", 1, 1), ("b", 1, 1), ("c", 1, 1)],
        [("a", 1, 1.5), ("b", 1, 5), ("c", 1, 3)],
    )
    fall: tuple[list[Row], list[Row]] = ([("x", 1, 1), ("y", 1, 2)], [("x", 0, 1), ("y", 1, 1)])
    checks = of_checks(one=moves, two=fall)
    moved = listed(checks, "lower", "higher")
    assert named(moved) == ["one.b", "two.y", "one.c", "one.a"]
    assert named(listed(checks, "regressed")) == ["two.x"]
    every = listed(checks, "regressed") + moved
    assert named(every) == ["two.x", *named(moved)]
    assert (every.checks(), moved.of_check("two").checks()) == (["one", "two"], ["two"])
    assert named(every.of_check("one")) == ["one.b", "one.c", "one.a"]
    assert named(every.of_check("unheard of")) == []


def test_cases_at_places_of_the_candidate_stay_in_their_order() -> None:
    before: list[Row] = [("gone", 1, 1), ("a", 1, 1), ("b", 1, 1), ("c", 1, 1)]
    after: list[Row] = [("new", 1, 1), ("c", 1, 2), ("b", 1, 9), ("a", 1, 1)]
    moved = listed(of_checks(one=(before, after)), "higher", "lower")
    assert named(moved) == ["one.b", "one.c"]
    assert named(moved.at({"one": np.array([1])})) == ["one.c"]
    assert named(moved.at({"one": np.array([2, 1, 0, 77])})) == ["one.b", "one.c"]
    assert named(moved.at({"two": np.array([1, 2])})) == []


def test_a_list_of_changes_takes_some_numbers_a_case_however_many_there_are() -> None:
    many = 20_000
    before, after = (table([(f"c{at}", float(way), 1.0) for at in range(many)]) for way in (0, 1))
    tracemalloc.start()
    cases = TurnedCases.of(before, after, turned(before, after, TELLING))
    fixed = listed([cases], "improved")
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(fixed) == many
    assert taken / many < 64
