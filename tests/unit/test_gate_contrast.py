"""Two tables side by side: which cases pair, which stay alone, and what cannot be compared at all."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.gates.contrast import NotComparable, contrast, paired_vectors
from evalkit.gates.measurements import CheckTable
from evalkit.metrics.kinds import mean, one, rate
from evalkit.records import Score, Unscored, Vector

Cases = Mapping[str, Vector | str | None]
"""By id: statistics, an error, or none where it was left unscored."""


def table(cases: Cases, signature: str = "s", labels: Mapping[str, str] | None = None) -> CheckTable:
    made = CheckTable("check", "toy", [rate("ok", signature=signature), mean("free", signature="free")])
    for case, result in cases.items():
        if isinstance(result, str):
            score = Score(error=result)
        else:
            found = Unscored("too short") if result is None else result
            score = Score({"ok": found, "free": found})
        made.add(case, f"doc-{case[0]}", {"of": (labels or {}).get(case, "x")}, score)
    return made


def test_pairs_stand_in_our_order_whatever_the_order_of_theirs() -> None:
    pairs = paired_vectors(
        table({"b1": one(1), "a2": one(0), "a1": one(1)}), table({"a1": one(0), "b1": one(1), "a2": one(0)}), "ok", {}
    )
    assert pairs.cases == ("b1", "a2", "a1")
    assert pairs.ours.tolist() == [[1, 1], [0, 1], [1, 1]]
    assert pairs.theirs.tolist() == [[1, 1], [0, 1], [0, 1]]
    assert pairs.clusters == ("doc-b", "doc-a", "doc-a")
    assert pairs.only_here == pairs.only_there == ()


def test_cases_that_one_side_alone_measured_are_named() -> None:
    ours = table({"both": one(1), "new": one(1), "we skipped": None, "they skipped": one(0)})
    theirs = table({"gone": one(0), "they skipped": None, "both": one(1), "we skipped": one(1)})
    found = contrast(ours, theirs, "ok", {})
    assert found.pairs == 1
    assert found.only_here == ("new", "they skipped")
    assert found.only_there == ("gone", "we skipped")
    assert found.missing == 4


def test_an_errored_case_is_measured_at_its_worst_where_there_is_one() -> None:
    ours, theirs = table({"a": "time-out", "b": one(1)}), table({"a": one(1), "b": one(1)})
    pairs = paired_vectors(ours, theirs, "ok", {})
    assert pairs.ours.tolist() == [[0, 1], [1, 1]]
    assert contrast(ours, theirs, "ok", {}).value == -0.5
    assert paired_vectors(ours, theirs, "free", {}).only_there == ("a",)  # a mean without bounds has no worst


def test_a_slice_is_what_our_labels_say_and_holds_their_cases_that_we_do_not_know() -> None:
    labels = {"a": "x", "b": "y", "c": "x"}
    ours = table({"a": one(1), "b": one(0), "c": None}, labels=labels)
    theirs = table({"a": one(0), "b": one(1), "c": one(1), "other": one(1)})  # labels of its own say nothing
    pairs = paired_vectors(ours, theirs, "ok", {"of": "x"})
    assert pairs.cases == ("a",)
    assert pairs.only_here == ()
    assert pairs.only_there == ("c", "other")
    assert paired_vectors(ours, theirs, "ok", {"of": "y"}).only_there == ("other",)


def test_nothing_in_common_is_no_difference() -> None:
    found = contrast(table({"a": one(1)}), table({"b": one(1)}), "ok", {})
    assert (found.value, found.interval, found.pairs) == (None, None, 0)
    assert (found.only_here, found.only_there) == (("a",), ("b",))
    empty = paired_vectors(table({}), table({}), "ok", {})
    assert empty.ours.shape == (0, 0)


@pytest.mark.parametrize(
    ("theirs", "metric", "reason"),
    [
        (None, "ok", "did not measure check.ok"),
        (table({"a": one(1)}), "unheard", "did not measure check.unheard"),
        (table({"a": one(1)}, signature="other"), "ok", "signature s here, other there"),
        (table({"a": (1.0, 1.0, 1.0)}), "ok", "2 numbers by case here, 3 there"),
        (table({"a": (1.0,), "b": one(1)}), "ok", "2 numbers by case here, 1 or 2 there"),
    ],
)
def test_what_was_measured_otherwise_is_not_comparable(theirs: CheckTable | None, metric: str, reason: str) -> None:
    ours = table({"a": one(1), "b": one(0)})
    if metric == "unheard":
        ours.columns["unheard"] = ours.columns["ok"]
    with pytest.raises(NotComparable, match=reason):
        paired_vectors(ours, theirs, metric, {})


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from([one(0), one(1), None]), max_size=8),
    st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from([one(0), one(1), None]), max_size=8),
)
def test_no_measured_case_is_dropped_in_silence(left: Cases, right: Cases) -> None:
    pairs = paired_vectors(table(left), table(right), "ok", {})
    assert {*pairs.cases, *pairs.only_here} == {case for case, found in left.items() if found}
    assert {*pairs.cases, *pairs.only_there} == {case for case, found in right.items() if found}
    swapped = paired_vectors(table(right), table(left), "ok", {})
    assert sorted(swapped.cases) == sorted(pairs.cases)
    assert (swapped.only_here, swapped.only_there) == (pairs.only_there, pairs.only_here)
    assert np.array_equal(swapped.ours[np.argsort(swapped.cases)], pairs.theirs[np.argsort(pairs.cases)])
