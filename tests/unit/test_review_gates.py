"""Gates that wait for people: unsure while items are outstanding, then decided as any share is."""

from __future__ import annotations

from typing import Any

import pytest

from evalkit.gates.expression import parse_gate
from evalkit.records import Outcome, Verdict, Word
from evalkit.report.view import OF_PEOPLE
from evalkit.runner.review_draw import gate_document
from evalkit.runner.review_gates import review_verdicts, with_verdicts
from evalkit.runner.review_standing import Queue, Standing
from evalkit.stats.intervals import exact
from evalkit.store import StoredReview


def standing(
    gate: str,
    said: str,
    *,
    about: str = "population",
    unsure: str = "estimate",
    level: float = 0.05,
    eligible: int | None = None,
    reviewers: int = 1,
    clusters: list[str] | None = None,
    automatic: dict[str, Any] | None = None,
) -> Standing:
    """``said``: a letter an item, of good, bad and skipped; a dot where nobody has said anything yet."""
    cases = tuple(f"c{at}" for at in range(len(said)))
    drawn: dict[str, Any] = {
        "gates": [gate_document(parse_gate(gate, about=about))],
        "unsure": unsure,
        "level": level,
        "eligible": eligible or 10 * len(cases),
        "stopped": False,
        "automatic": automatic,
        "clusters": clusters,
    }
    labels = {"good": "", "bad": ""}
    queue = Queue(1, "run-1", "q", "q", "Good?", labels, frozenset({"bad"}), True, reviewers, cases, drawn)
    documents = {"g": {"label": "good"}, "b": {"label": "bad"}, "s": {"skip": True}}
    rows = [
        StoredReview(at + 1, f"c{at}", "ann", "now", documents[letter])
        for at, letter in enumerate(said)
        if letter in documents
    ]
    return Standing.of(queue, rows)


def verdict(gate: str, said: str, **more: Any) -> Verdict:
    (found,) = review_verdicts(standing(gate, said, **more))
    return found


def words(of: Verdict) -> tuple[str, str]:
    return str(of.word), str(of.counts_as)


def test_while_items_are_outstanding_it_is_unsure_whatever_was_said_and_whatever_the_suite_does() -> None:
    for unsure in ("estimate", "pass", "fail"):
        found = verdict("q.flagged_by_humans <= 0.9", "g" * 12 + "." * 38, unsure=unsure)
        assert words(found) == ("unsure", "unsure")
        assert found.reason == "12 of 50 reviewed; 'evalkit review run-1' goes on"
        assert found.estimate is not None
        assert found.estimate.value is None


def test_a_share_of_reviewed_items_is_a_fact() -> None:
    assert words(verdict("q.reviewed >= 1.0", "ggg.")) == ("unsure", "unsure")
    assert words(verdict("q.reviewed >= 0.75", "ggg.")) == ("pass", "pass")
    assert words(verdict("q.reviewed >= 1.0", "gggg")) == ("pass", "pass")
    skipped = verdict("q.reviewed >= 1.0", "gggs")
    assert words(skipped) == ("fail", "fail")
    assert skipped.reason == "3 of 4 reviewed, 1 skipped"


def test_two_reviewers_are_waited_for() -> None:
    assert words(verdict("q.reviewed >= 1.0", "gggg", reviewers=2)) == ("unsure", "unsure")


@pytest.mark.parametrize(
    ("bad", "word"),
    [(0, "pass"), (1, "unsure"), (20, "fail")],
)
def test_labels_are_weighed_by_the_exact_interval(bad: int, word: str) -> None:
    said = "b" * bad + "g" * (100 - bad)
    found = verdict("q.flagged_by_humans <= 0.04", said)
    between = exact(bad, 100)
    expected = "pass" if between.high <= 0.04 else "fail" if between.low > 0.04 else "unsure"
    assert (word, words(found)[0]) == (expected, expected)
    assert found.estimate is not None
    assert found.estimate.value == bad / 100


def test_skips_hold_a_gate_up_that_they_could_change() -> None:
    sure = verdict("q.flagged_by_humans <= 0.04", "g" * 100)
    assert words(sure) == ("pass", "pass")
    open_one = verdict("q.flagged_by_humans <= 0.04", "g" * 97 + "sss", unsure="fail")
    assert words(open_one) == ("unsure", "unsure")
    assert "target, and what they could not say may turn that" in open_one.reason
    assert "interval" not in open_one.reason, "it is of what people said, and the one that is shown is of both"
    assert open_one.estimate is not None
    assert open_one.estimate.counts.unscored == 3
    few = verdict("q.flagged_by_humans <= 0.20", "g" * 97 + "sss")
    assert words(few) == ("pass", "pass")  # three more flags would not change it


def test_an_unsure_gate_counts_as_the_suite_says() -> None:
    said = "b" * 2 + "g" * 48
    assert words(verdict("q.flagged_by_humans <= 0.05", said)) == ("unsure", "pass")
    assert words(verdict("q.flagged_by_humans <= 0.03", said)) == ("unsure", "fail")
    assert words(verdict("q.flagged_by_humans <= 0.03", said, unsure="pass")) == ("unsure", "pass")
    assert words(verdict("q.flagged_by_humans <= 0.03", said, unsure="fail")) == ("unsure", "unsure")


def test_about_the_dataset_a_review_of_all_cases_decides_by_its_value() -> None:
    said = "b" * 2 + "g" * 48
    assert words(verdict("q.flagged_by_humans <= 0.05", said, about="dataset", eligible=50)) == ("pass", "pass")
    assert words(verdict("q.flagged_by_humans <= 0.03", said, about="dataset", eligible=50)) == ("fail", "fail")
    assert words(verdict("q.flagged_by_humans <= 0.05", said, about="dataset")) == ("unsure", "pass")


def test_one_that_fails_alone_may_do_so_by_chance_among_many() -> None:
    said = "b" * 12 + "g" * 88
    alone = verdict("q.flagged_by_humans <= 0.05", said)
    assert words(alone) == ("fail", "fail")
    assert alone.p_value is not None
    among = verdict("q.flagged_by_humans <= 0.05", said, level=alone.p_value / 2, unsure="fail")
    assert words(among) == ("unsure", "unsure")
    assert "Bonferroni" in among.reason


def test_cases_in_clusters_prove_less() -> None:
    said = "g" * 100
    together = verdict("q.flagged_by_humans <= 0.05", said, clusters=[f"k{at // 20}" for at in range(100)])
    assert words(verdict("q.flagged_by_humans <= 0.05", said))[0] == "pass"
    assert words(together)[0] == "unsure"


def test_of_nothing_to_review_nothing_is_decided() -> None:
    for gate in ("q.reviewed >= 1.0", "q.flagged_by_humans <= 0.1", "q.refined_rate <= 0.1"):
        assert words(verdict(gate, "")) == ("unsure", "unsure")
    assert words(verdict("q.flagged_by_humans <= 0.1", "ssss")) == ("unsure", "unsure")


# --- by labels and check together -------------------------------------------------------------------------------------


def counted(said: str, others: float, cases: int = 1000, wrong: int = 0) -> dict[str, Any]:
    """A check that says of the items what people say, but of so many, and of the other cases flags this share."""
    judged = [float(letter == "b") for letter in said]
    for at in range(wrong):
        judged[at] = 1.0 - judged[at]
    flagged = sum(judged) + others * (cases - len(said))
    mean = flagged / cases
    return {"metric": "m", "cases": cases, "mean": mean, "variance": mean * (1 - mean), "judged": judged}


HALF = "bg" * 50


def test_the_checks_word_on_all_cases_decides_what_labels_alone_cannot() -> None:
    """Of 100 labels half are flags; a check that agrees with 96 of them flags 55% of 2,000 cases."""
    alone = verdict("q.flagged_by_humans <= 0.6", HALF)
    both = verdict("q.refined_rate <= 0.6", HALF, automatic=counted(HALF, 0.5, 2000, wrong=4))
    assert words(alone)[0] == "unsure"
    assert words(both) == ("pass", "pass")
    assert both.estimate is not None
    assert both.estimate.value == pytest.approx(0.5, abs=0.01)
    over = verdict("q.refined_rate <= 0.4", HALF, automatic=counted(HALF, 0.55, 2000, wrong=4))
    assert words(over) == ("fail", "fail")
    assert over.p_value is not None
    assert over.p_value < 0.01
    assert words(verdict("q.refined_rate >= 0.4", HALF, automatic=counted(HALF, 0.5, 2000, wrong=4)))[0] == "pass"


def test_a_check_that_says_nothing_leaves_the_labels_to_decide() -> None:
    said = "b" * 20 + "g" * 80
    useless = {"metric": "m", "cases": 1000, "mean": 0.0, "variance": 0.0, "judged": [0.0] * 100}
    for threshold in (0.05, 0.1, 0.2, 0.3, 0.35):
        labels = verdict(f"q.flagged_by_humans <= {threshold}", said)
        both = verdict(f"q.refined_rate <= {threshold}", said, automatic=useless)
        assert words(both)[0] == words(labels)[0]


def test_the_refined_rate_waits_for_all_items() -> None:
    for unsure in ("estimate", "pass", "fail"):
        found = verdict("q.refined_rate <= 0.9", "g" * 49 + ".", automatic=counted("g" * 50, 0.0), unsure=unsure)
        assert words(found) == ("unsure", "unsure")
        assert found.reason == "49 of 50 reviewed; 'evalkit review run-1' goes on"


@pytest.mark.parametrize("said", ["ggggg", "s" * 50])
def test_what_cannot_be_refined_is_unsure_and_says_why(said: str) -> None:
    found = verdict("q.refined_rate <= 0.9", said, automatic=counted(said, 0.0), unsure="pass")
    assert words(found) == ("unsure", "unsure")
    assert "labels" in found.reason or "nobody labelled" in found.reason
    nothing = verdict("q.refined_rate <= 0.9", "g" * 50)
    assert words(nothing) == ("unsure", "unsure")
    assert "no share of its own" in nothing.reason


def test_skips_hold_the_refined_gate_up_that_they_could_change() -> None:
    said = "g" * 90 + "s" * 10
    none = verdict("q.refined_rate <= 0.06", "g" * 100, automatic=counted("g" * 100, 0.0))
    open_one = verdict("q.refined_rate <= 0.06", said, automatic=counted(said, 0.0), unsure="fail")
    assert words(none)[0] == "pass"
    assert words(open_one) == ("unsure", "unsure")
    assert "target, and what they could not say may turn that" in open_one.reason
    assert "interval" not in open_one.reason, "it is of what people said, and the one that is shown is of both"


def test_of_clusters_it_takes_more() -> None:
    known = counted("g" * 100, 0.0)
    names = [f"k{at // 10}" for at in range(100)]
    clustered = known | {"clustered": {"spread": 0.0, "names": names, "sums": [0.0] * 100}}
    assert words(verdict("q.refined_rate <= 0.06", "g" * 100, automatic=known))[0] == "pass"
    assert words(verdict("q.refined_rate <= 0.06", "g" * 100, automatic=clustered))[0] == "unsure"


def test_about_the_dataset_labels_of_all_cases_are_their_own_rate() -> None:
    said = "b" * 2 + "g" * 48
    known = counted(said, 0.0, 50, wrong=5)
    found = verdict("q.refined_rate <= 0.05", said, about="dataset", eligible=50, automatic=known)
    assert words(found) == ("pass", "pass")
    assert found.estimate is not None
    assert found.estimate.value == pytest.approx(0.04)


# --- the outcome ------------------------------------------------------------------------------------------------------

PASSED = Verdict("c.m >= 0.5", Word.PASS, Word.PASS, "")
GOOD = Outcome("good enough", 0, "its only gate passed", (PASSED,))


def test_the_outcome_waits_for_people_and_says_how_to_go_on() -> None:
    now = standing("q.reviewed >= 1.0", "gg..")
    waiting = with_verdicts(GOOD, review_verdicts(now), [now])
    assert (waiting.word, waiting.exit_code) == ("unsure", 4)
    assert waiting.reason == "1 of 2 gates waits for people: 2 of 4 reviewed; 'evalkit review run-1' goes on"
    after = standing("q.reviewed >= 1.0", "gggg")
    done = with_verdicts(waiting, review_verdicts(after), [after])
    assert (done.word, done.exit_code, len(done.verdicts)) == ("good enough", 0, 2)


def test_what_was_not_measured_is_not_measured_by_a_review() -> None:
    missing = Outcome("not measured", 3, "all errored", (PASSED,))
    now = standing("q.reviewed >= 1.0", "gggg")
    assert with_verdicts(missing, review_verdicts(now), [now]).exit_code == 3


def test_a_gate_that_failed_outweighs_one_that_waits() -> None:
    failed = Verdict("c.m >= 0.5", Word.FAIL, Word.FAIL, "")
    now = standing("q.reviewed >= 1.0", "g...")
    found = with_verdicts(Outcome("not good enough", 1, "", (failed,)), review_verdicts(now), [now])
    assert (found.word, found.exit_code) == ("not good enough", 1)


def test_reports_know_the_gates_of_people_by_their_signature() -> None:
    (found,) = review_verdicts(standing("q.reviewed >= 1.0", "gg.."))
    assert found.estimate is not None
    assert found.estimate.signature == OF_PEOPLE
