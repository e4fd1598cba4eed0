"""The worst cases of a check: which they are, and what ranking them costs."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.gates.measurements import CheckTable
from evalkit.metrics.kinds import mean
from evalkit.records import Message, Score, Unscored, Vector
from evalkit.results import Exchange
from evalkit.runner.findings import DRAWN, ERRORED, MOST_OF_ONE, SMALL, WORST, _drawn, _worst, cut_short
from evalkit.runner.targets import Target


@dataclass
class Asked:
    """A metric that remembers what it was asked."""

    better: str = "higher"
    name: str = "quality"
    kind: str = "corpus"
    unit: str = ""
    bounds: tuple[float, float] | None = None
    signature: str = "quality"
    worst: Vector | None = None
    times: Counter[Vector] = field(default_factory=Counter)

    def value(self, total: Vector) -> float | None:
        self.times[total] += 1
        return total[0] / total[1] if total[1] else None


def filled(metric: Asked, results: list[Vector | str]) -> CheckTable:
    """A text is the reason of an error; an empty one leaves the case unscored."""
    table = CheckTable("c", "toy", (metric,))
    for place, result in enumerate(results):
        if isinstance(result, tuple):
            score = Score({"quality": result})
        else:
            score = Score(error=result) if result else Score({"quality": Unscored("nothing")})
        table.add(f"r{place}", "", {}, score)
    return table


VECTORS = st.tuples(st.sampled_from([-0.0, 0.0, 0.25, 0.5, 1.0, 3.0]), st.sampled_from([0.0, 1.0, 4.0]))


@given(st.lists(VECTORS | st.sampled_from(["", "time-out"]), max_size=30), st.sampled_from(["higher", "lower"]))
def test_errored_cases_come_first_and_then_the_worst_in_order(results: list[Vector | str], better: str) -> None:
    metric = Asked(better)
    values = [(one[0] / one[1], place) for place, one in enumerate(results) if isinstance(one, tuple) and one[1]]
    ranked = sorted(values, key=lambda each: each[0] if better == "higher" else -each[0])[:WORST]
    errored = [place for place, one in enumerate(results) if one == "time-out"][:ERRORED]
    expected = [(f"r{place}", "None") for place in errored] + [(f"r{place}", repr(value)) for value, place in ranked]
    assert [(case, repr(value)) for case, value in _worst(filled(metric, results), metric).items()] == expected


def test_errors_leave_their_places_to_answers_that_are_bad() -> None:
    metric = mean("quality", bounds=(0.0, 1.0))  # of which an errored case counts as 0
    results: list[Vector | str] = [*["time-out"] * 20, *[(0.5, 1.0)] * 3, *[(1.0, 1.0)] * 9]
    listed = _worst(filled(metric, results), metric)  # type: ignore[arg-type]
    assert list(listed.values()) == [None] * ERRORED + [0.5] * 3


@pytest.mark.parametrize(
    ("metric", "targets", "listed"),
    [
        (mean("quality", bounds=(0.0, 1.0)), (), [0.0, 0.5]),
        (mean("quality", bounds=(0.0, 1.0), better="lower"), (), [1.0, 0.5]),
        (mean("quality", bounds=(0.0, 1.0)), (Target("<=", 0.7),), [0.0, 0.5, 1.0]),
        (mean("quality"), (), [0.0, 0.5, 1.0]),
        (mean("quality"), (Target(">", 0.4),), [0.0]),
    ],
)
def test_a_case_is_worst_only_where_it_could_be_better_or_misses_its_target(metric, targets, listed) -> None:
    table = CheckTable("c", "toy", (metric,))
    for place, value in enumerate((1.0, 0.0, 0.5)):
        table.add(f"r{place}", "", {}, Score({"quality": (value, 1.0)}))
    assert list(_worst(table, metric, targets).values()) == listed


def test_a_result_holds_the_beginning_of_a_very_long_text_and_says_what_is_left_out() -> None:
    short = Exchange("s", (Message("user", "Why?"),), "So.", ("Thus.",))
    long = Exchange("s", (Message("user", "Why?"),), "ab" * 500_000, ("Thus.",))
    kept, cut = cut_short([short, long])
    assert kept is short
    assert cut.answer.startswith("ab" * (MOST_OF_ONE // 2) + " […968,000 more characters")
    assert len(cut.answer) < MOST_OF_ONE + 100
    assert (cut.messages, cut.references) == (long.messages, long.references)


def test_cases_of_equal_statistics_are_valued_once() -> None:
    metric = Asked()
    results: list[Vector | str] = [(float(place % 3), 4.0) for place in range(600)]
    _worst(filled(metric, results), metric)
    assert metric.times.total() <= 3 + WORST


def plain(count: int) -> CheckTable:
    return filled(Asked(), [(float(place % 5), 4.0) for place in range(count)])


def test_of_few_cases_all_others_are_drawn_and_of_many_as_many_as_can_be_read() -> None:
    metric = Asked()
    worst = _worst(plain(SMALL), metric)
    others = _drawn(plain(SMALL), metric, worst, "seed")
    assert sorted({**worst, **others}) == sorted(f"r{place}" for place in range(SMALL))
    assert len(worst) + len(others) == SMALL
    assert len(_drawn(plain(SMALL + 1), metric, {}, "seed")) == DRAWN


def test_a_draw_is_that_of_its_seed_and_in_the_order_of_the_cases() -> None:
    table, metric = plain(1000), Asked()
    drawn = _drawn(table, metric, {}, "data\0None")
    assert drawn == _drawn(table, metric, {}, "data\0None")
    assert drawn.keys() != _drawn(table, metric, {}, "data\x001").keys()
    places = [int(case[1:]) for case in drawn]
    assert places == sorted(places)
    assert all(value == (place % 5) / 4 for place, value in zip(places, drawn.values(), strict=True))


def test_every_case_is_as_likely_to_be_drawn() -> None:
    """400 draws of 60 in 300: each case 80 times, with a standard error of 8; of 300 none is 5 of these away."""
    table = filled(Asked(), [(1.0, 1.0)] * 300)
    times = Counter(case for seed in range(400) for case in _drawn(table, None, {}, f"{seed}"))
    error = math.sqrt(400 * 0.2 * 0.8)
    assert len(times) == 300
    assert all(abs(count - 80) <= 5 * error for count in times.values())


def test_an_errored_case_has_no_value_among_those_drawn() -> None:
    table = filled(Asked(), ["time-out", "", (2.0, 4.0)])
    assert _drawn(table, Asked(), {}, "seed") == {"r0": None, "r1": None, "r2": 0.5}
