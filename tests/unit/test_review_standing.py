"""What people's reviews come to: the last word of each, majorities, ties, skips, agreement and the refined rate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.runner.review_standing import Queue, Standing
from evalkit.runner.review_summary import agreement, summary_of, veiled
from evalkit.stats.intervals import exact
from evalkit.stats.prediction_powered import Clustered, prediction_powered
from evalkit.store import StoredReview

CASES = ("a", "b", "c", "d")


def queue(cases: Iterable[str] = CASES, reviewers: int = 1, **drawn: Any) -> Queue:
    names = tuple(cases)
    noted = {"eligible": len(names), "stopped": False, "automatic": None, "clusters": None, **drawn}
    labels = {"good": "", "fair": "", "bad": "no"}
    return Queue(1, "r", "q", "c", "Good?", labels, frozenset({"bad"}), True, reviewers, names, noted)


def rows(*said: tuple[str, str, dict[str, Any]]) -> list[StoredReview]:
    """Reviewer, case, document; numbered from 1."""
    return [StoredReview(number, case, who, "now", document) for number, (who, case, document) in enumerate(said, 1)]


def labels(who: str, **of_case: str) -> list[tuple[str, str, dict[str, Any]]]:
    return [(who, case, {"label": label}) for case, label in of_case.items()]


def stand(of: Queue, *said: tuple[str, str, dict[str, Any]]) -> Standing:
    return Standing.of(of, rows(*said))


def test_the_last_word_counts_and_a_withdrawn_one_gives_the_one_before_back() -> None:
    again = [*labels("ann", a="good"), *labels("ann", a="bad")]
    assert stand(queue(), *again).values[0] == 1.0
    assert stand(queue(), *again, ("ann", "a", {"undo": 2})).values[0] == 0.0
    assert stand(queue(), *again, ("ann", "a", {"undo": 2}), ("ann", "a", {"undo": 1})).outstanding == list(CASES)


def test_a_note_by_itself_is_no_label_and_stays_with_the_next_one() -> None:
    noted = stand(queue(), ("ann", "a", {"note": "odd"}))
    assert not noted.settled("a")
    labelled = stand(queue(), ("ann", "a", {"note": "odd"}), *labels("ann", a="bad"))
    assert labelled.said["a"]["ann"].note == "odd"


def test_a_note_that_came_with_a_label_stays_when_the_label_is_withdrawn() -> None:
    withdrawn = stand(queue(), ("ann", "a", {"label": "bad", "note": "look"}), ("ann", "a", {"undo": 1}))
    assert (withdrawn.said["a"]["ann"].label, withdrawn.said["a"]["ann"].note) == ("", "look")
    assert not withdrawn.settled("a")
    again = stand(
        queue(), *labels("ann", a="good"), ("ann", "a", {"skip": True, "note": "?"}), ("ann", "a", {"undo": 2})
    )
    assert (again.said["a"]["ann"].label, again.said["a"]["ann"].note) == ("good", "?")


def test_an_item_waits_until_as_many_as_are_wanted_have_labelled_or_skipped_it() -> None:
    two = queue(reviewers=2)
    one = stand(two, *labels("ann", a="bad", b="good"))
    assert (one.reviewed, one.outstanding, one.rated) == (0, list(CASES), [])
    both = stand(two, *labels("ann", a="bad", b="good"), *labels("ben", a="bad"), ("ben", "b", {"skip": True}))
    assert (both.reviewed, both.outstanding) == (1, ["c", "d"])
    assert both.rated == [1.0, 0.0]  # what one of two said counts, where the other cannot say
    assert both.skipped == 0
    neither = stand(two, ("ann", "a", {"skip": True}), ("ben", "a", {"skip": True}))
    assert (neither.skipped, neither.rated) == (1, [])


def test_the_majority_counts_and_the_evenly_divided_are_counted_as_such() -> None:
    said = [*labels("ann", a="bad", b="bad", c="good"), *labels("ben", a="bad", b="good", c="fair")]
    now = stand(queue(reviewers=2), *said)
    assert now.values == [1.0, 0.5, 0.0, None]  # good and fair are different labels, and neither is a flag
    assert now.counted == {"bad": 1, "disagreed": 2}
    third = stand(queue(reviewers=2), *said, *labels("cem", b="bad"))
    assert third.values[1] == 1.0


def test_what_people_could_not_say_is_counted_either_way() -> None:
    now = stand(queue(), *labels("ann", a="bad", b="good", c="good"), ("ann", "d", {"skip": True}))
    assert now.done
    assert now.share == pytest.approx(1 / 3)
    assert now.if_unknown(0.0) == ([1.0, 0.0, 0.0, 0.0], [0, 1, 2, 3])
    assert now.if_unknown(1.0) == ([1.0, 0.0, 0.0, 1.0], [0, 1, 2, 3])


CASE = st.sampled_from(CASES)
ACTION = st.tuples(
    st.sampled_from(["ann", "ben"]),
    CASE,
    st.sampled_from([{"label": "good"}, {"label": "bad"}, {"skip": True}, {"note": "x"}]),
)


@given(st.lists(ACTION, max_size=25), st.integers(1, 3))
def test_every_item_is_labelled_skipped_or_outstanding(
    said: list[tuple[str, str, dict[str, Any]]], wanted: int
) -> None:
    now = stand(queue(reviewers=wanted), *said)
    assert len(now.rated) + now.skipped + len(now.outstanding) == len(CASES)
    assert sum(now.counted.values()) == len(now.rated)
    assert now.reviewed <= len(now.rated)


@given(st.lists(ACTION, max_size=15))
def test_withdrawing_all_that_was_said_leaves_nothing(said: list[tuple[str, str, dict[str, Any]]]) -> None:
    undone = [(who, case, {"undo": number}) for number, (who, case, _) in enumerate(said, 1)]
    now = stand(queue(), *said, *undone)
    assert now.outstanding == list(CASES)
    assert now.reviewers == ()


# --- agreement --------------------------------------------------------------------------------------------------------


def test_kappa_is_that_of_the_published_example() -> None:
    """50 grant proposals, two readers: 20 both yes, 15 both no, 5 and 10 apart: kappa 0.4 (Cohen 1960, as taught)."""
    left = ["yes"] * 25 + ["no"] * 25
    right = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    kappa, interval = agreement(left, right, categories=["yes", "no"])
    assert kappa == pytest.approx(0.4)
    assert interval is not None
    assert interval.low < 0.15
    assert interval.high > 0.62


def test_a_few_items_that_all_agree_are_no_perfect_agreement() -> None:
    said = ["good"] * 8 + ["bad"] * 4
    kappa, interval = agreement(said, said, categories=["good", "bad"])
    assert kappa == 1.0
    assert interval is not None
    assert interval.low < 0.6
    assert interval.high == 1.0


def test_where_both_always_say_the_same_thing_there_is_no_kappa() -> None:
    assert agreement(["good"] * 9, ["good"] * 9, categories=["good", "bad"]) == (None, None)


def test_the_two_who_share_most_items_are_compared() -> None:
    said = [*labels("ann", a="good", b="bad", c="bad"), *labels("ben", a="good", b="bad", c="good", d="bad")]
    now = stand(queue(), *said, *labels("cem", a="bad"))
    assert now.shared() == (["good", "bad", "good"], ["good", "bad", "bad"])  # ben, who did most, and ann


# --- the refined rate -------------------------------------------------------------------------------------------------


def judged(values: list[float], shown: int) -> dict[str, Any]:
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / len(values)
    return {"metric": "m", "cases": len(values), "mean": mean, "variance": variance, "judged": values[:shown]}


def test_the_refined_rate_is_prediction_powered() -> None:
    every = [1.0, 0.0, 0.0, 0.0] * 50
    cases = [f"c{i}" for i in range(40)]
    of = queue(cases, automatic=judged(every, 40), eligible=200)
    said = {case: "bad" if every[at] or at == 5 else "good" for at, case in enumerate(cases)}
    found = summary_of(stand(of, *labels("ann", **said)))
    human = [1.0 if label == "bad" else 0.0 for label in said.values()]
    expected = prediction_powered(every, every[:40], human)
    assert found.raw == 0.25
    assert found.refined == pytest.approx(expected.value)
    assert found.refined_interval is not None
    assert expected.interval is not None
    assert found.refined_interval.low == pytest.approx(expected.interval.low)
    assert found.refined_interval.high == pytest.approx(expected.interval.high)


def test_skips_widen_the_interval_and_leave_the_value() -> None:
    every = [1.0, 0.0, 0.0, 0.0] * 50
    cases = [f"c{i}" for i in range(40)]
    of = queue(cases, automatic=judged(every, 40), eligible=200)
    said = labels("ann", **{case: "bad" if every[at] else "good" for at, case in enumerate(cases[:36])})
    without = summary_of(stand(of, *said, *labels("ann", **dict.fromkeys(cases[36:], "good"))))
    skipped = summary_of(stand(of, *said, *(("ann", case, {"skip": True}) for case in cases[36:])))
    assert skipped.skipped == 4
    assert "4 skipped" in skipped.note
    assert skipped.refined_interval is not None
    assert without.refined_interval is not None
    assert skipped.refined_interval.high > without.refined_interval.high
    assert skipped.refined == pytest.approx(0.25, abs=0.01)


def test_too_few_labels_refine_nothing_and_say_so() -> None:
    of = queue(automatic=judged([1.0, 0.0, 0.0, 0.0], 4))
    found = summary_of(stand(of, *labels("ann", a="bad", b="good", c="good", d="good")))
    assert (found.refined, found.refined_interval) == (None, None)
    assert "takes 10 labels" in found.note


def test_cases_in_clusters_have_the_interval_of_their_clusters() -> None:
    """12 pairs that are each of one mind, all reviewed: no surer than 12 cases, and less sure than 24."""
    flags = [1.0, 0.0, 0.0, 0.0] * 3
    pairs = [value for value in flags for _ in range(2)]
    cases = [f"c{i}" for i in range(24)]
    names = [f"k{i // 2}" for i in range(24)]
    said = labels("ann", **{case: "bad" if pairs[at] else "good" for at, case in enumerate(cases)})
    known = asdict(Clustered.of(pairs, names, range(24)))
    together = summary_of(stand(queue(cases, automatic=judged(pairs, 24) | {"clustered": known}), *said))
    apart = summary_of(stand(queue(cases, automatic=judged(pairs, 24)), *said))
    assert together.refined == apart.refined == pytest.approx(0.25)
    assert together.refined_interval is not None
    assert apart.refined_interval is not None
    assert together.refined_interval.low < apart.refined_interval.low
    assert together.refined_interval.high == pytest.approx(exact(3, 12).high, abs=0.02)


def test_while_it_is_under_way_what_somebody_picked_is_no_random_part() -> None:
    """The first item waits: 20 labels behind it, all of them flags, refine nothing. Then all 21 do."""
    every = [1.0, 0.0] * 50
    cases = [f"c{i}" for i in range(30)]
    of = queue(cases, automatic=judged(every, 30), eligible=100)
    picked = labels("ann", **dict.fromkeys(cases[1:21], "bad"))
    assert summary_of(stand(of, *picked)).refined is None
    followed = summary_of(stand(of, *picked, *labels("ann", c0="bad")))
    assert followed.refined == pytest.approx(1.0)


def test_where_everything_was_skipped_nothing_is_refined() -> None:
    cases = [f"c{i}" for i in range(15)]
    of = queue(cases, automatic=judged([1.0, 0.0] * 15, 15), eligible=30)
    found = summary_of(stand(of, *(("ann", case, {"skip": True}) for case in cases)))
    assert (found.skipped, found.refined, found.refined_interval) == (15, None, None)
    assert "15 skipped" in found.note


def test_a_blind_queue_under_way_tells_nothing_of_what_was_said() -> None:
    every = [1.0, 0.0] * 20
    cases = [f"c{i}" for i in range(20)]
    of = queue(cases, reviewers=2, automatic=judged(every, 20), eligible=40)
    said = {case: "bad" if every[at] else "good" for at, case in enumerate(cases)}
    first = [*labels("ann", **said), *labels("ben", **dict(list(said.items())[:15]))]
    under_way = stand(of, *first)
    assert summary_of(under_way).agreement == 1.0
    hidden = veiled(summary_of(under_way), under_way)
    assert (hidden.labels, hidden.flagged, hidden.agreement, hidden.raw, hidden.refined) == ({}, 0, None, None, None)
    assert (hidden.reviewed, hidden.reviewers) == (15, ("ann", "ben"))
    done = stand(of, *first, *labels("ben", **said))
    assert veiled(summary_of(done), done) == summary_of(done)
