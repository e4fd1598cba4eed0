"""What reports say of how far their numbers can be trusted."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from evalkit.records import Contrast, Evidence, Interval
from evalkit.report import html, markdown
from evalkit.report.curve import curve
from evalkit.report.trust import asked, notes, one_sided
from evalkit.results import Correction, Result, SliceDiagnosis, VarianceSplit


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
    assert "stopped early at" in asked(stopped(make))


def test_the_curve_reaches_the_line_where_its_side_is_decided(make: Any) -> None:
    verdict = stopped(make).outcome.verdicts[0]
    drawn = curve(verdict)
    assert drawn is not None
    first, *_, last = [tuple(map(float, point.split(","))) for point in drawn.for_pass.split()]
    assert first[1] == drawn.zero
    assert last[1] == drawn.goal  # 3.4 of the 3.0 that it takes
    assert "decided for pass" in drawn.label
    assert curve(replace(verdict, evidence=())) is None
    assert "polyline" in html.render(stopped(make))


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
