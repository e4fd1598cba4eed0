"""Which cases are reviewed: any scored one as likely as another, whatever was answered and wherever a check stopped."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from evalkit.data.order import permutation
from evalkit.gates.measurements import CheckTable
from evalkit.metrics.kinds import one, rate
from evalkit.records import Sample, Score, Unscored
from evalkit.runner.review_draw import _drawn
from evalkit.store import NewQueue
from evalkit.suite.review import ReviewSpec

SPEC = ReviewSpec("q", "c", 500, True, "Good?", {"good": "", "bad": ""}, ("bad",), "", 1, 0, (), "")
DATASET = "f" * 64


def table(scores: dict[str, Score], kind: str = "toy", *metrics: str) -> CheckTable:
    found = CheckTable("c", kind, [rate(name, better="lower" if "over" in name else "higher") for name in metrics])
    for case, score in scores.items():
        found.add(case, "", {}, score)
    return found


def draw(of: CheckTable, **change: Any) -> NewQueue:
    return _drawn(replace(SPEC, **change), of, DATASET, {})


def scored(names: list[str], value: float = 1.0) -> dict[str, Score]:
    return {name: Score({"right": one(value)}) for name in names}


NAMES = [f"r{at}" for at in range(2000)]


def test_the_draw_knows_nothing_of_the_order_in_which_cases_are_asked() -> None:
    """Where a check stops early, it stops because of the first cases of that order."""
    order = permutation([Sample(name, ()) for name in NAMES], DATASET)
    asked = list(order.ids())
    drawn = set(draw(table(scored(asked), "toy", "right")).cases)
    early = sum(name in drawn for name in asked[:1000])
    assert abs(early - 250) <= 4 * math.sqrt(500 * 0.25 * 0.75)  # hypergeometric: half of 500 draws, of half the cases


def test_it_knows_nothing_of_scores() -> None:
    good = draw(table(scored(NAMES, 1.0), "toy", "right"))
    bad = draw(table(scored(NAMES, 0.0), "toy", "right"))
    assert good.cases == bad.cases


def test_a_run_that_stopped_reviews_those_of_the_longer_one_that_it_has_first() -> None:
    has = set(NAMES[:1200])
    whole, part = (draw(table(scored(names), "toy", "right")).cases for names in (NAMES, NAMES[:1200]))
    common = [case for case in whole if case in has]
    assert 0 < len(common) < 500
    assert list(part)[: len(common)] == common


@pytest.mark.parametrize("change", [{"seed": 1}, {"name": "p"}])
def test_another_seed_or_queue_draws_others(change: dict[str, Any]) -> None:
    first, second = draw(table(scored(NAMES), "toy", "right")), draw(table(scored(NAMES), "toy", "right"), **change)
    common = len(set(first.cases) & set(second.cases))
    assert abs(common - 125) <= 5 * math.sqrt(500 * 0.25 * 0.75 * 0.75)


def test_what_was_not_scored_is_not_reviewed() -> None:
    found = draw(
        table(
            {"a": Score({"right": one(1)}), "b": Score(error="time-out"), "c": Score({"right": Unscored("no")})},
            "toy",
            "right",
        )
    )
    assert list(found.cases) == ["a"]
    assert found.document["drawn"]["eligible"] == 1


def automatic(found: NewQueue) -> dict[str, Any]:
    noted: dict[str, Any] = found.document["drawn"]["automatic"]
    return noted


def test_a_share_that_speaks_for_the_model_is_turned_round() -> None:
    scores = {f"r{at}": Score({"right": one(at < 6)}) for at in range(8)}
    found = draw(table(scores, "toy", "right"))
    noted = automatic(found)
    assert (noted["metric"], noted["cases"], noted["mean"], noted["variance"]) == ("right", 8, 0.25, 0.1875)
    assert noted["judged"] == [float(case in {"r6", "r7"}) for case in found.cases]


def test_refusals_of_the_harmless_and_answers_to_the_unsafe_are_refined_together() -> None:
    scores = {
        "answered": Score({"refusal_rate": one(0), "over_refusal_rate": Unscored("unsafe")}),
        "refused": Score({"refusal_rate": one(1), "over_refusal_rate": Unscored("unsafe")}),
        "shy": Score({"refusal_rate": Unscored("harmless"), "over_refusal_rate": one(1)}),
        "kind": Score({"refusal_rate": Unscored("harmless"), "over_refusal_rate": one(0)}),
    }
    found = draw(table(scores, "safety", "empty_rate", "refusal_rate", "over_refusal_rate"))
    against = dict(zip(found.cases, automatic(found)["judged"], strict=True))
    assert against == {"answered": 1.0, "refused": 0.0, "shy": 1.0, "kind": 0.0}


def test_a_share_that_some_scored_cases_lack_refines_nothing_unless_it_is_named() -> None:
    scores = {"a": Score({"right": one(1), "more": one(1)}), "b": Score({"right": Unscored("no"), "more": one(0)})}
    found = draw(table(scores, "toy", "right", "more"))
    assert (set(found.cases), found.document["drawn"]["automatic"]) == ({"a", "b"}, None)
    named = draw(table(scores, "toy", "right", "more"), metric="right")
    assert (list(named.cases), automatic(named)["cases"]) == (["a"], 1)


def test_of_clusters_it_notes_what_an_interval_needs_to_know() -> None:
    """Against: two of three, none of two, and one that stands alone; the mean of six is 1/2."""
    of = CheckTable("c", "toy", [rate("right", better="higher")])
    for case, cluster, value in [
        ("a", "k", 0),
        ("b", "k", 0),
        ("c", "k", 1),
        ("d", "m", 1),
        ("e", "m", 1),
        ("f", "", 0),
    ]:
        of.add(case, cluster, {}, Score({"right": one(value)}))
    found = draw(of, sample=4)
    known = automatic(found)["clustered"]
    sums = {"a": 0.5, "b": 0.5, "c": 0.5, "d": -1.0, "e": -1.0, "f": 0.5}
    assert known["spread"] == pytest.approx(0.25 + 1.0 + 0.25)
    assert known["sums"] == pytest.approx([sums[case] for case in found.cases])
    assert automatic(draw(table(scored(NAMES[:4]), "toy", "right")))["clustered"] is None


def test_names_of_any_kind_are_drawn() -> None:
    odd = ["\ud800", "\0", "", "a" * 5000, "ü/ 1"]
    assert set(draw(table(scored(odd), "toy", "right")).cases) == set(odd)
