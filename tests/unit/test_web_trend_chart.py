"""A metric over runs as a picture: everything inside, changes marked where numbers do not compare, words that agree."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import pytest

pytest.importorskip("starlette")
from hypothesis import given
from hypothesis import strategies as st

from evalkit.records import Interval
from evalkit.store.looking import Listed
from evalkit.web.trend_chart import chart, link, places
from evalkit.web.trend_points import Measured, Point, read

values = st.floats(-1e6, 1e6, allow_nan=False)
NAME = "accuracy.bleu"


def listed(number: int, model: str = "mock:a") -> Listed:
    return Listed(
        number,
        f"run {number}",
        "suite",
        model,
        "finished",
        f"2026-03-{number + 1:02}T09:15:00+00:00",
        "",
        False,
        "",
        0.0,
    )


def run(
    number: int,
    value: float | None = 0.5,
    *,
    model: str = "mock:a",
    data: str = "d1",
    metric: str = "m1",
    settings: str = "{}",
    suite: str = "s1",
    engine: str = "mock 1",
    **more: Any,
) -> Measured:
    made = {"data": data, "metric": metric, "settings": settings}
    interval = None if value is None else Interval(value - 0.1, math.inf, 0.95, "betting")
    point = Point(NAME, more.pop("unit", "share"), value, interval, made, **more)
    return Measured(listed(number, model), {NAME: point}, suite, engine)


def drawn(runs: Sequence[Measured]) -> tuple[list[dict[str, Any]], Any]:
    found = places(runs, NAME)
    made = chart(0, NAME, found, list(dict.fromkeys(one.run.model for one in runs)))
    return list(made.spec["data"]["values"]), made


@given(st.lists(values, min_size=1, max_size=40), st.none() | values)
def test_every_point_interval_and_target_is_inside(found: list[float], threshold: float | None) -> None:
    rows, made = drawn([run(at % 28, value, threshold=threshold) for at, value in enumerate(found)])
    low, high = made.spec["layer"][-2]["encoding"]["y"]["scale"]["domain"]
    assert len(rows) == len(made.rows) == len(found)
    for row in rows:
        told = [row[name] for name in ("value", "low", "high", "target") if row[name] is not None]
        assert all(low <= value <= high for value in told)
    json.dumps(made.spec, allow_nan=False)


@pytest.mark.parametrize("what", ["data", "metric", "settings"])
def test_a_line_is_parted_where_numbers_do_not_compare(what: str) -> None:
    rows, made = drawn([run(0), run(1), run(2, suite="s2", **{what: "other"}), run(3, suite="s2", **{what: "other"})])
    assert [row["parted"] for row in rows] == [None, None, 1.5, None]
    assert [row["noted"] for row in rows] == [None] * 4
    first, second, third, fourth = (row["way"] for row in rows)
    assert first == second != third == fourth
    assert [bool(row[-1]) for row in made.rows] == [False, True, False, False], "newest first"
    assert "changed 1 time" in made.says


def test_an_edited_suite_and_another_backend_are_marked_and_part_nothing() -> None:
    rows, made = drawn([run(0), run(1, suite="s2"), run(2, suite="s2", engine="mock 2")])
    assert [row["noted"] for row in rows] == [None, 0.5, 1.5]
    assert len({row["way"] for row in rows}) == 1
    assert [row[-1] for row in made.rows] == ["another revision of the backend", "the suite was edited", ""]
    assert "compares" not in made.says


def test_a_backend_is_compared_with_that_of_the_same_model() -> None:
    rows, _ = drawn([run(0), run(1, model="hf:b", engine="hf 3"), run(2), run(3, model="hf:b", engine="hf 4")])
    assert [row["noted"] for row in rows] == [None, None, None, 2.5]
    assert rows[0]["way"] == rows[2]["way"] != rows[1]["way"] == rows[3]["way"]
    assert rows[0]["series"] != rows[1]["series"]


def test_a_target_that_was_moved_is_drawn_as_it_was() -> None:
    rows, made = drawn([run(0, threshold=0.2, operator=">", gate="g"), run(1, threshold=0.3, operator=">", gate="g")])
    assert [(row["edge"], row["until"], row["target"]) for row in rows] == [(-0.5, 0.5, 0.2), (0.5, 1.5, 0.3)]
    assert made.says == f"{NAME} over 2 runs: 0.500 in the first, 0.500 in the last, target > 0.300"


def test_scores_out_of_a_hundred_are_drawn_as_they_are_written_unless_a_gate_writes_shares() -> None:
    plain, _ = drawn([run(0, 0.25, unit="score100")])
    gated, _ = drawn([run(0, 0.25, unit="score100", threshold=0.2, operator=">", gate="g")])
    assert plain[0]["value"] == pytest.approx(25)
    assert gated[0]["value"] == pytest.approx(0.25)


def test_a_run_without_a_value_keeps_its_place() -> None:
    rows, made = drawn([run(0, 0.1), run(1, None), run(2, 0.9)])
    assert [row["value"] for row in rows] == [0.1, None, 0.9]
    assert [row["place"] for row in rows] == [0, 1, 2]
    assert "over 2 runs: 0.100 in the first, 0.900 in the last" in made.says


def test_names_of_any_kind_are_data_and_their_links_stay_here() -> None:
    hostile = "</script>{{7*7}}'+alert(1)+'"
    rows, made = drawn([run(0, model=hostile)])
    text = json.dumps({key: value for key, value in made.spec.items() if key != "data"})
    assert "alert" not in text
    assert "alert" in rows[0]["told"]
    one = Measured(listed(0), {}, "", "")
    assert link(places([Measured(one.run, {NAME: Point(NAME, "", 1.0, None)}, "", "")], NAME)[0]) == "/runs/run%200"


def test_what_a_number_depends_on_is_read_from_the_result() -> None:
    estimate = {"check": "c", "metric": "m", "value": 0.5, "unit": "", "interval": None, "signature": "m|v:2"}
    document = {
        "run": {"suite_fingerprint": "s", "datasets": {"rows": "sha256:1"}},
        "checks": [{"name": "c", "dataset": "rows", "generation": {"temperature": 0}}],
        "estimates": [estimate],
        "verdicts": [{"estimate": estimate, "gate": "c.m > 0.4", "word": "pass", "threshold": 0.4, "operator": ">"}],
        "model": {"backend": "hf", "revision": "5"},
    }
    found = read(listed(0), document)
    assert (found.suite, found.engine) == ("s", "hf 5")
    assert found.points["c.m"] == Point(
        *("c.m", "", 0.5, None),
        made={"data": "sha256:1", "settings": '{"temperature": 0}', "metric": "m|v:2"},
        gate="c.m > 0.4",
        word="pass",
        threshold=0.4,
        operator=">",
    )
