"""How a comparison is shown: in its width, in ASCII, as a table that holds, and with texts that can do nothing."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from evalkit.records import Contrast, Interval, Message
from evalkit.report.comparison import render, to_document, to_markdown
from evalkit.report.comparison_notes import notes
from evalkit.report.comparison_words import letter, verdicts
from evalkit.results import Exchange, Run
from evalkit.runner.compare_changes import Asked, CheckChange, Comparison, MetricChange, Pairing
from evalkit.runner.compare_listed import CaseChange, CaseChanges
from evalkit.runner.compare_pairs import Counts

EVIL = "x\x1b[2J|</details>\n@all [red]`# \u202e"
BASE = Run("20260101-0000-aaaaaa", "smoke", "mock:oracle", "finished", "")


def metric(name: str = "right", **changes: object) -> MetricChange:
    contrast = Contrast(f"accuracy.{name}", -0.25, Interval(-0.4, -0.1, 0.95, "paired bootstrap"), 20, p_value=0.001)
    made = MetricChange(
        "accuracy", name, "share", "higher", 0.75, 0.5, contrast, adjusted=0.004, cases=Counts(6, 1, 2, 0, 11)
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def check(*metrics: MetricChange, **changes: object) -> CheckChange:
    whole = Asked(20, 20)
    made = CheckChange("accuracy", 20, 20, (), (), (0, 0), (0, 0), (whole, whole), metrics or (metric(),))
    return replace(made, **changes)  # type: ignore[arg-type]


def case(text: str) -> CaseChange:
    before, after = (Exchange("s", (Message("user", text),), answer, (text,)) for answer in ("before", text))
    return CaseChange(
        "accuracy", text, "regressed", "right", 1.0, 0.0, baseline_exchanges=(before,), candidate_exchanges=(after,)
    )


def comparison(candidates: int = 1, *checks: CheckChange, text: str = "row-1") -> Comparison:
    runs = [replace(BASE, id=f"{place}{BASE.id}", model=f"mock:degraded?drop=0.{place}") for place in range(candidates)]
    told = CaseChanges(first=[case(text)])
    pairings = (
        Pairing(BASE, run, (), (), gated=True, checks=checks or (check(),), regressed=told, improved=CaseChanges())
        for run in runs
    )
    return Comparison(BASE, tuple(pairings))


@pytest.mark.parametrize("candidates", [1, 2, 3, 5])
@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("unicode", [True, False])
def test_lines_keep_the_width_and_ascii_is_ascii(candidates: int, width: int, unicode: bool) -> None:
    names = [metric("a_metric_with_quite_a_long_name_for_a_column"), metric("other", adjusted=0.5)]
    lines = render(comparison(candidates, check(*names)), console_width=width, unicode=unicode, judge=True)
    cut = [line for line in lines if cell_len(line.plain) > width]
    assert width < 80 or not cut
    assert unicode or all(line.plain.isascii() for line in lines)


@pytest.mark.parametrize("candidates", [1, 3])
def test_hostile_names_and_texts_can_do_nothing(candidates: int) -> None:
    evil = check(metric(EVIL), name=EVIL, only_baseline=(EVIL,))
    made = comparison(candidates, evil, text=EVIL)
    lines = [line.plain for line in render(made, console_width=100, judge=True)]
    assert not any("\x1b" in line or "\u202e" in line or "\n" in line for line in lines)
    assert any("[red]" in line for line in lines)
    markdown = to_markdown(made, judge=True)
    assert "\x1b" not in markdown
    assert markdown.count("<details>") == markdown.count("<summary>")
    outside = [line for line in markdown.splitlines() if line.startswith("|")]
    assert not any("</details>" in line and "`" not in line for line in outside)


@pytest.mark.parametrize("candidates", [2, 4])
def test_rows_of_a_markdown_table_have_as_many_cells_as_its_heading(candidates: int) -> None:
    rows = [metric(), metric("other", adjusted=0.5)]
    tables = to_markdown(comparison(candidates, check(*rows))).split("\n\n")
    for table in (part.splitlines() for part in tables if part.startswith("| |")):
        assert len({line.count("|") for line in table}) == 1


@pytest.mark.parametrize("candidates", [1, 2, 40])
def test_markdown_of_many_candidates_fits_and_every_fold_is_closed(candidates: int) -> None:
    """The legend and each candidate's verdict stay; what is left out is said."""
    made = comparison(candidates, text="a long answer " * 500)
    markdown = to_markdown(made, judge=True)
    assert len(markdown) <= 60_000
    assert markdown.count("<details>") == markdown.count("</details>")
    assert "nothing differs.\n" in markdown
    assert len([line for line in markdown.splitlines() if line.startswith("**") and "regression" in line]) == candidates
    folds = [line for line in markdown.splitlines() if "against A: " in line]
    assert len(folds) == (candidates if candidates > 1 else 0)
    assert all(fold.startswith("<details><summary>") for fold in folds)
    assert ("left out to keep this short" in markdown) == (candidates == 40)


@pytest.mark.parametrize("candidates", [1, 3])
def test_the_last_line_of_markdown_is_a_mark_of_what_is_compared(candidates: int) -> None:
    made = comparison(candidates, text=EVIL)
    others = [replace(made, baseline=replace(made.baseline, suite="two")), comparison(candidates + 1, text=EVIL)]
    marks = []
    for one in (made, *others, replace(made, baseline=replace(made.baseline, model=EVIL))):
        *above, last = to_markdown(one, judge=True).splitlines()
        assert re.fullmatch(r"<!-- evalkit: compare%20\S+ \S+ -->", last)
        assert last not in above
        marks.append(last)
    assert len(set(marks)) == 4


def test_what_was_allowed_stands_before_the_folds() -> None:
    made = comparison(2)
    other = replace(made.candidates[1], allowed=("dataset rows of check accuracy: a, b",))
    markdown = to_markdown(replace(made, candidates=(made.candidates[0], other)))
    assert markdown.index("not alike: dataset rows") < markdown.index("<details>")


def test_of_many_cases_without_a_partner_five_are_named_and_the_document_has_all() -> None:
    names = tuple(f"r{place}" for place in range(300))
    made = comparison(1, check(only_baseline=names))
    listed = "in the baseline only: 300 cases: r0, r1, r2, r3, r4, and 295 more"
    assert listed in " ".join(" ".join(line.plain.split()) for line in render(made, console_width=200))
    assert listed in to_markdown(made)
    assert to_document(made)["candidates"][0]["checks"][0]["only_baseline"] == list(names)


def test_a_metric_that_one_candidate_lacks_leaves_its_place_empty() -> None:
    made = comparison(2)
    lacking = replace(made.candidates[1], checks=(check(metric("other")),))
    made = replace(made, candidates=(made.candidates[0], lacking))
    for width in (80, 200):
        assert any("other" in line.plain for line in render(made, console_width=width))
    row = next(line for line in to_markdown(made).splitlines() if line.startswith("| `accuracy.right`"))
    assert [cell.strip() for cell in row.split("|")][-4:] == ["–", "", "", ""]


def test_letters_do_not_end() -> None:
    assert [letter(place) for place in (0, 1, 25, 26)] == ["A", "B", "Z", "#27"]


def test_every_note_says_what_is_odd() -> None:
    stopped = (Asked(64, 1000, "all gates decided"), Asked(20, 300))
    said = "\n".join(notes(check(asked=stopped, only_candidate=("a", "b"), errored=(20, 0))))
    assert "the baseline stopped early, after 64 of 1,000 cases (all gates decided)" in said
    assert "the candidate asked 20 of 300 cases" in said
    assert "in the candidate only: 2 cases: a, b" in said
    assert "every case errored in the baseline" in said
    assert notes(check()) == []
    assert "no case in both runs" in notes(check(pairs=0, units=0))[0]
    assert "1 case in both runs: too few" in notes(check(pairs=1, units=1))[0]
    assert "3 clusters of cases in both runs: too few" in notes(check(units=3))[0]
    assert notes(check(units=6)) == []
    assert "told, not judged" in notes(check(metric(unit="s")))[0]


def test_the_verdict_names_what_is_worse_and_never_takes_nothing_for_good() -> None:
    assert verdicts(comparison()) == ["regression, 1 of 1 metric with a gate worse beyond chance: accuracy.right"]
    fine = comparison(1, check(metric(adjusted=0.06)))
    assert verdicts(fine) == ["no regression, none of 1 metric with a gate is worse beyond chance"]
    empty = comparison(1, check(metric(contrast=Contrast("accuracy.right", None, None, 0))))
    assert verdicts(empty)[0].startswith("nothing to judge")
    assert [said[:2] for said in verdicts(comparison(2))] == ["B:", "C:"]


def test_the_document_has_no_infinity_and_knows_what_is_null() -> None:
    open_end = metric(
        contrast=Contrast("accuracy.right", None, Interval(float("-inf"), 1.0, 0.95, "x"), 1), adjusted=None
    )
    document = to_document(comparison(1, check(open_end)))
    json.dumps(document, allow_nan=False)
    (found,) = document["candidates"][0]["checks"][0]["metrics"]
    assert (found["difference"], found["interval"]["low"], found["conclusion"]) == (None, None, "unclear")
