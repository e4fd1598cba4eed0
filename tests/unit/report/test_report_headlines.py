"""A check at a glance: what its sentence says, which metrics stand beside its picture, and what is to be done."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_results import result

from evalkit.records import Counts, Estimate, Interval, Outcome, Verdict, Word
from evalkit.report.headlines import headline_estimates, percent, sentence, wanted
from evalkit.report.steps import steps
from evalkit.results import CheckSummary, MetricInfo, Result


def rate(metric: str, many: int, of: int, low: float, high: float, *, errored: int = 0) -> Estimate:
    counts = Counts(of + errored, of, 0, errored)
    return Estimate("check", metric, many / of, Interval(low, high, 0.95, "wilson"), counts, "share")


def run_of(kind: str, *estimates: Estimate, verdicts: tuple[Verdict, ...] = ()) -> tuple[Result, CheckSummary]:
    infos = tuple(MetricInfo(one.metric, "rate", bounds=(0.0, 1.0)) for one in estimates)
    check = CheckSummary("check", kind, "data", estimates[0].counts, infos)
    made = replace(result(), checks=(check,), estimates=estimates, group_gaps=())
    return replace(made, outcome=replace(made.outcome, verdicts=verdicts)), check


def verdict(of: Estimate, word: Word, operator: str = ">=", threshold: float = 0.8, **more: object) -> Verdict:
    gate = f"check.{of.metric} {operator} {threshold:.2f}"
    return Verdict(gate, word, word, "", of, threshold=threshold, operator=operator, **more)  # type: ignore[arg-type]


def test_safety_is_told_by_both_of_its_sides_with_their_targets() -> None:
    refused, over = rate("refusal_rate", 1, 24, 0.007, 0.202), rate("over_refusal_rate", 3, 40, 0.026, 0.199)
    verdicts = (verdict(refused, Word.FAIL), verdict(over, Word.UNSURE, "<=", 0.1))
    assert sentence(*run_of("safety", refused, over, verdicts=verdicts)) == (
        "Refuses 1 of 24 unsafe requests (4%, 0.7% to 20%) and misses the target (at least 0.80); refuses 3 of 40 "
        "harmless requests (8%, 3% to 20%), too few cases to tell whether that meets the target (at most 0.10)."
    )


def test_a_metric_that_no_words_are_known_for_is_told_by_its_name() -> None:
    counted, mean = rate("odd_rate", 3, 40, 0.02, 0.2), replace(rate("score", 1, 1, 4.0, 6.0), value=5.0, unit="points")
    assert sentence(*run_of("mine", counted)) == "odd_rate: 3 of 40 cases (8%, 2% to 20%)."
    assert sentence(*run_of("mine", mean)) == "score is 5.0 points (4.0–6.0) over 1 case."
    assert sentence(*run_of("mine", replace(counted, metric="other"), verdicts=())).startswith("other: 3 of 40")


def test_of_a_metric_without_a_value_nothing_is_said() -> None:
    none = replace(rate("flesch_reading_ease", 0, 5, 0.0, 0.4), value=None, interval=None, unit="points")
    told = sentence(*run_of("readability", none, verdicts=(verdict(none, Word.UNSURE, ">", 30),)))
    assert told == "Nothing can be said of flesch_reading_ease: no case was scored."


def test_cases_that_errored_are_not_counted_as_any_side() -> None:
    told = sentence(*run_of("insults", rate("insult_rate", 1, 10, 0.0, 0.4, errored=2)))
    assert told == "insult_rate is 0.100 (0–0.400) over 10 cases."


def test_what_did_not_pass_is_told_and_shown_before_what_did() -> None:
    many = [rate(f"m{n}", n, 10, 0.0, 1.0) for n in range(8)]
    verdicts = (verdict(many[6], Word.PASS), verdict(many[3], Word.FAIL), verdict(many[5], Word.UNSURE))
    of, check = run_of("mine", *many, verdicts=verdicts)
    assert sentence(of, check).startswith("m3: 3 of 10 cases")
    assert [one.metric for one in headline_estimates(of, check)] == ["m3", "m5", "m6", "m0"]
    assert {name: one.shade for name, one in wanted(of, check.name).items()} == {
        "m3": "fail",
        "m5": "unsure",
        "m6": "pass",
    }


def test_coverage_is_a_headline_only_where_it_lacks() -> None:
    whole, part = rate("coverage", 10, 10, 0.7, 1.0), rate("coverage", 6, 10, 0.3, 0.8)
    other = rate("m", 1, 10, 0.0, 0.4)
    of, check = run_of("mine", other, whole)
    assert [one.metric for one in headline_estimates(of, check)] == ["m"]
    of, check = run_of("mine", other, part)
    assert [one.metric for one in headline_estimates(of, check)] == ["coverage", "m"]


def test_gaps_between_groups_are_counted() -> None:
    of = result(("a",))
    told = sentence(replace(of, outcome=replace(of.outcome, verdicts=())), replace(of.checks[0], kind="bias"))
    assert told == "2 of 6 gaps between 3 groups are beyond chance, 2 of them to a group's disadvantage."
    nothing = tuple(replace(gap, flagged=False) for gap in of.group_gaps)
    calm = replace(of, group_gaps=nothing, outcome=replace(of.outcome, verdicts=()))
    assert sentence(calm, of.checks[0]) == "No gap between 3 groups is beyond chance."
    few = tuple(replace(gap, p_value=None, flagged=False, method="not tested: few families") for gap in of.group_gaps)
    assert sentence(replace(calm, group_gaps=few), of.checks[0]) == (
        "Gaps between 3 groups were not tested: few families."
    )


@pytest.mark.parametrize(
    ("share", "told"),
    [(0.0, "0%"), (1.0, "100%"), (0.04, "4%"), (0.007, "0.7%"), (0.0002, "<0.1%"), (0.9996, ">99.9%"), (0.993, "99.3%"),
     (0.995, "99.5%"), (0.9904, "99%")],
)  # fmt: skip
def test_percent_is_nothing_or_all_only_where_it_is(share: float, told: str) -> None:
    assert percent(share) == told


def test_what_is_to_be_done_begins_with_what_failed_and_ends_with_all_cases() -> None:
    of = result()
    told = steps(of)
    assert [(one.gate, one.text, one.check) for one in told[:2]] == [
        ("accuracy.rate >= 0.8", "failed at 0.500.", "accuracy"),
        ("safety.rate >= 0.8", "failed at 0.500.", "safety"),
    ]
    assert "10 cases regressed since the baseline." in [one.text for one in told]
    assert told[-1].command == "evalkit view run-1"
    waiting = replace(of, reviews=tuple(replace(one, outstanding=7) for one in of.reviews))
    assert ("7 answers wait for people:", "evalkit review run-1") in [(one.text, one.command) for one in steps(waiting)]


def test_a_run_that_passed_is_offered_as_a_baseline_and_one_that_may_not_be_is_not() -> None:
    of = replace(result(), outcome=Outcome("good enough", 0, "all passed"), change_counts=())
    kept = "evalkit baseline set run-1 --as main"
    assert kept in [one.command for one in steps(of)]
    assert kept not in [one.command for one in steps(replace(of, run=replace(of.run, partial=True)))]


def test_more_gates_than_are_named_are_counted_and_what_would_settle_one_is_said() -> None:
    one = rate("m", 1, 10, 0.0, 0.4)
    failed = tuple(verdict(one, Word.FAIL, threshold=0.5 + n / 100) for n in range(6))
    of, _ = run_of("mine", one, verdicts=(*failed, verdict(one, Word.UNSURE, more_cases=55)))
    told = [step.text for step in steps(of)]
    assert "2 more gates failed: they are in the table above." in told
    assert "is unsure: about 55 more cases would settle it." in told


def test_what_errored_is_asked_again_by_the_same_command() -> None:
    of = result(("safety",))
    counts = Counts(60, 48, 2, 10, {"network: gone": 10})
    of = replace(of, checks=tuple(replace(check, counts=counts) for check in of.checks))
    (told,) = [step for step in steps(of) if "errored" in step.text]
    assert told.text.startswith("10 measurements errored (network: gone ×10). ")
    assert told.command == of.reproduce == "evalkit run assistant --model tiny"
