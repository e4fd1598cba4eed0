"""What reports say of how far their numbers can be trusted."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from evalkit.diagnoses import Correction, SliceDiagnosis, VarianceSplit
from evalkit.records import Contrast, Evidence, Interval, Verdict, Word
from evalkit.report import html, markdown
from evalkit.report.trust import asked, notes, one_sided
from evalkit.report.view import effort, gate_view
from evalkit.results import Result


def texts(result: Result, label: str) -> list[str]:
    return [note.text for note in notes(result) if note.label == label]


def stopped(make: Any) -> Result:
    result = make.result()
    safety, *others = result.checks
    checks = [replace(safety, stopped="stopped after 150 of 400 cases: all decided", available=400)]
    checks += [replace(other, available=other.counts.planned) for other in others]
    evidence = (Evidence(64, 1.2, -0.4), Evidence(128, 3.4, -1.0))
    verdict = replace(result.outcome.verdicts[0], used=150, available=400, evidence=evidence, needed=(3.0, 5.3))
    outcome = replace(result.outcome, verdicts=(verdict, *result.outcome.verdicts[1:]))
    return replace(result, checks=tuple(checks), outcome=outcome)


def test_cases_used_of_cases_available_are_said(make: Any) -> None:
    assert asked(make.result()) == ""
    assert texts(stopped(make), "cases") == ["safety stopped after 150 of 400 cases: all decided"]
    assert "(stopped early)" in asked(stopped(make))
    assert "(stopped early)" in effort(stopped(make))
    assert "412 cases" not in effort(stopped(make))  # one number of cases, not two


def test_what_stands_behind_where_a_check_stopped_is_a_sentence_of_its_own(make: Any) -> None:
    of = replace(stopped(make), findings=(make.finding(),))
    assert re.search(r"It stopped after 150 of 400 cases: all decided\. +<a href", html.render(of))


def test_a_gate_whose_interval_does_not_tell_why_it_passed_says_why(make: Any) -> None:
    estimate = make.estimate("safety", "refusal_rate", 0.85, between=(0.78, 0.91))
    verdict = Verdict("safety.refusal_rate >= 0.8", Word.PASS, Word.PASS, "by the data", estimate, threshold=0.8)
    early = replace(verdict, reason="128 of 600 cases were enough", used=128, available=600)
    inside = replace(verdict, reason="the whole interval that decides meets it")
    clear = replace(verdict, gate="safety.refusal_rate >= 0.7", threshold=0.7)
    briefs = [gate_view(one, {}).brief for one in (early, inside, clear)]
    assert briefs == ["128 of 600 cases were enough", "the whole interval that decides meets it", ""]


def test_cases_on_one_side_are_named_once_for_all_gates_of_a_check(make: Any) -> None:
    contrast = Contrast("m", 0.0, None, 3, 1, (), ("old",))
    verdicts = tuple(replace(verdict, contrast=contrast) for verdict in make.result().outcome.verdicts)
    result = replace(make.result(), outcome=replace(make.result().outcome, verdicts=verdicts))
    said = texts(result, "versus")
    assert len(said) == len({verdict.estimate.check for verdict in verdicts if verdict.estimate})
    assert all("only the baseline has old" in text for text in said)


def test_only_slices_beyond_chance_are_named(make: Any) -> None:
    chance = SliceDiagnosis(
        "safety", "refusal_rate", {"category": "fraud"}, 0.2, 0.3, 12, 0.4, flagged=False, method=""
    )
    real = replace(chance, slice={"category": "weapons"}, p_value=0.0001, flagged=True)
    said = texts(replace(make.result(), diagnoses=(real, chance)), "slices")
    assert len(said) == 1
    assert "weapons" in said[0]
    assert "p < 0.001" in said[0]


def test_repeats_and_the_judges_errors_are_explained(make: Any) -> None:
    split = VarianceSplit("accuracy", "ok", 50, 4, between=0.3, within=0.1, advice="More prompts.")
    fixed = Correction("safety", "refusal_rate", 0.21, 0.2, Interval(0.14, 0.27, 0.95, "x"), "Rogan-Gladen")
    result = replace(make.result(), splits=(split,), corrections=(fixed,))
    assert "25%" in texts(result, "repeats")[0]
    assert "More prompts." in texts(result, "repeats")[0]
    assert "0.14" in texts(result, "judge")[0]
    assert "No gate looks at it" in texts(result, "judge")[0]
    assert "Rogan-Gladen" in texts(result, "judge")[0]
    assert "Rogan-Gladen" not in next(note.text for note in notes(result, brief=True) if note.label == "judge")


def test_cases_without_a_partner_have_names() -> None:
    many = tuple(f"r{i}" for i in range(9))
    said = one_sided(Contrast("m", 0.0, None, 3, 10, many, ("old",)))
    assert "only this run has r0, r1, r2, r3, r4 and 4 more" in said
    assert "only the baseline has old" in said


def test_what_a_baseline_was_made_with_otherwise_is_said_and_hostile_text_stays_text(make: Any) -> None:
    result = replace(make.result(), differences=(make.hostile,))
    assert "<script>alert" not in html.render(result)
    assert not re.search(r"(?<!\\)\]\(javascript", markdown.render(result))
    assert any("made differently" in text for text in texts(result, "versus"))


def test_cases_that_would_settle_a_slice_are_cases_of_that_slice(make: Any) -> None:
    estimate = make.estimate("safety", "refusal_rate", 0.5, between=(0.2, 0.8), slice={"category": "fraud"})
    worst = Verdict("min safety.refusal_rate by category >= 0.6", Word.UNSURE, Word.FAIL, "", estimate, threshold=0.6)
    whole = replace(worst, estimate=replace(estimate, slice={}), more_cases=1)
    assert (
        gate_view(replace(worst, more_cases=336), {}).brief == "about 336 more cases of category=fraud would settle it"
    )
    assert gate_view(whole, {}).brief == "about 1 more case would settle it"
