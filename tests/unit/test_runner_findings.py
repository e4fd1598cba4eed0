"""The worst cases of a check: which they are, and what ranking them costs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from evalkit.gates.measurements import CheckTable
from evalkit.records import Score, Unscored, Vector
from evalkit.runner.findings import ERRORED, WORST, _worst


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


def test_cases_of_equal_statistics_are_valued_once() -> None:
    metric = Asked()
    results: list[Vector | str] = [(float(place % 3), 4.0) for place in range(600)]
    _worst(filled(metric, results), metric)
    assert metric.times.total() <= 3 + WORST
