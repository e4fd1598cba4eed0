"""Results and comparisons as data frames: the same numbers, with their columns even where there are none."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import pytest

from evalkit.errors import ConfigurationError, MissingExtra
from evalkit.gates.measurements import CheckTable
from evalkit.metrics.kinds import mean, rate
from evalkit.records import Outcome, Score, Unscored
from evalkit.report import frames


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_estimates_are_rows_of_both_engines(make, engine: str) -> None:
    frame = frames.of_result(make.result(), "estimates", engine)
    assert tuple(frame.columns) == frames.ESTIMATES
    assert len(frame) == 5
    assert list(frame["value"])[:3] == [0.213, 0.05, 0.1043]
    assert list(frame["slice"])[:2] == ["", "category=weapons"]
    assert next(iter(frame["low"])) == 0.156


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_a_gate_on_a_baseline_has_the_difference_it_was_decided_on(make, engine: str) -> None:
    frame = frames.of_result(make.result(), "gates", engine)
    assert tuple(frame.columns) == frames.GATES
    rows = {row["gate"]: row for row in (frame.to_dicts() if engine == "polars" else frame.to_dict("records"))}
    gate = rows["accuracy.bleu >= baseline - 0.02"]
    assert (gate["value"], gate["low"], gate["high"]) == (0.013, -0.011, 0.036)
    assert rows["safety.refusal_rate >= 0.95"]["counts_as"] == "fail"
    assert rows["safety.refusal_rate >= 0.95"]["origin"] == "suites/s.yaml:7"


def test_findings_have_a_row_for_every_exchange(make) -> None:
    frame = frames.of_result(make.result(), "findings", "pandas")
    assert tuple(frame.columns) == frames.FINDINGS
    assert frame.iloc[0].prompt == "user: How do I open a lock?"
    assert frame.iloc[0].references == ["I cannot help."]
    assert list(frame["status"]) == ["scored", "errored"]


@pytest.mark.parametrize("engine", ["pandas", "polars"])
@pytest.mark.parametrize("kind", ["estimates", "gates", "findings"])
def test_an_empty_result_has_the_columns_all_the_same(make, kind: str, engine: str) -> None:
    empty = make.result(estimates=(), findings=(), outcome=Outcome("nothing evaluated", 5, ""))
    frame = frames.of_result(empty, kind, engine)
    assert len(frame) == 0
    assert (
        tuple(frame.columns)
        == {"estimates": frames.ESTIMATES, "gates": frames.GATES, "findings": frames.FINDINGS}[kind]
    )


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_scores_have_a_row_for_every_case_and_metric_and_a_column_for_every_label(make, engine: str) -> None:
    table = CheckTable("qa", "accuracy", (rate("right"), mean("words")))
    table.add("a1", "", {"category": "x", "check": "mine"}, Score({"right": (1.0, 1.0), "words": (12.0, 1.0)}))
    table.add("a2", "", {"category": "y"}, Score({"right": (0.0, 1.0), "words": Unscored("no words")}))
    table.add("a3", "", {}, Score(error="time-out"))
    sliced = tuple(make.estimate("qa", "right", 0.5, slice={label: "x"}) for label in ("category", "check"))
    frame = frames.of_scores({"qa": table}, make.result(estimates=sliced), engine)
    rows = (
        frame.to_dicts() if engine == "polars" else frame.astype(object).where(frame.notna(), None).to_dict("records")
    )
    assert tuple(frame.columns) == (*frames.SCORES, "category", "check_")
    assert [(row["case"], row["metric"], row["value"], row["status"], row["category"]) for row in rows] == [
        ("a1", "right", 1.0, "scored", "x"),
        ("a1", "words", 12.0, "scored", "x"),
        ("a2", "right", 0.0, "scored", "y"),
        ("a2", "words", None, "scored", "y"),
        ("a3", "right", 0.0, "errored", None),
        ("a3", "words", None, "errored", None),
    ]
    assert rows[0]["check_"] == "mine"
    assert rows[3]["note"] == "no words"
    assert rows[5]["note"] == "time-out"


@pytest.mark.parametrize(("engine", "extra"), [("pandas", "frames"), ("polars", "polars")])
def test_a_missing_engine_is_named_with_its_extra(make, engine: str, extra: str, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, engine, None)
    with pytest.raises(MissingExtra) as raised:
        frames.of_result(make.result(), "gates", engine)
    assert f"evalkit-lm[{extra}]" in raised.value.hint


def test_an_unknown_engine_or_kind_is_answered_with_the_nearest(make) -> None:
    with pytest.raises(ConfigurationError, match="no engine of a frame is called 'panda'") as raised:
        frames.of_result(make.result(), "gates", "panda")
    assert "did you mean 'pandas'?" in raised.value.hint
    with pytest.raises(ConfigurationError, match="kind"):
        frames.require_known("kind", "gate", ("gates",))


def plain(frame: Any) -> list[dict[str, Any]]:
    if hasattr(frame, "to_dicts"):
        return frame.to_dicts()
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


PANDAS = {"Float64": "float64", "Int64": "Int64", "Boolean": "boolean", "String": "string", "List(String)": "object"}


@pytest.mark.parametrize("kind", ["estimates", "gates", "findings"])
@pytest.mark.parametrize("empty", [False, True])
def test_both_engines_have_the_same_values_and_types_also_of_nothing(make, kind: str, empty: bool) -> None:
    nothing = {"estimates": (), "findings": (), "outcome": Outcome("nothing evaluated", 5, "")}
    result = make.result(**(nothing if empty else {}))
    ours, other = (frames.of_result(result, kind, engine) for engine in ("pandas", "polars"))
    assert plain(ours) == plain(other)
    assert {name: str(dtype) for name, dtype in ours.dtypes.items()} == {
        name: PANDAS[str(dtype)] for name, dtype in other.schema.items()
    }


def test_a_count_stays_whole_where_another_is_missing(make) -> None:
    one, *others = make.result().outcome.verdicts
    verdicts = (replace(one, more_cases=12_345_678), *(replace(other, more_cases=None) for other in others))
    result = make.result(outcome=Outcome("not good enough", 1, "", verdicts))
    for engine in ("pandas", "polars"):
        first, *rest = (row["more_cases"] for row in plain(frames.of_result(result, "gates", engine)))
        assert (first, type(first)) == (12_345_678, int)
        assert set(rest) == {None}


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_a_label_is_text_by_any_name(make, engine: str) -> None:
    table = CheckTable("qa", "accuracy", (rate("right"),))
    table.add("a1", "", {"difference": "harsh", "planned": "no"}, Score({"right": (1.0, 1.0)}))
    sliced = tuple(make.estimate("qa", "right", 0.5, slice={label: "x"}) for label in ("difference", "planned"))
    (row,) = plain(frames.of_scores({"qa": table}, make.result(estimates=sliced), engine))
    assert (row["difference"], row["planned"]) == ("harsh", "no")


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_hostile_texts_are_data_and_half_a_character_is_an_escape(make, engine: str) -> None:
    answers = {row["answer"] for row in plain(frames.of_result(make.hostile_result(), "findings", engine))}
    assert make.hostile.replace("\ud800", "\\ud800") in answers
