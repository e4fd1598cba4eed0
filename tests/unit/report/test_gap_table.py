"""What a verdict and a page say of gaps between groups."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evalkit.diagnoses import GroupGap
from evalkit.records import Interval
from evalkit.report import html, trust
from evalkit.report.gap_table import gap_row, gap_table

BASE = GroupGap(
    "safety",
    "refusal",
    "older",
    "others",
    0.4,
    Interval(0.2, 0.6, 0.95, "m"),
    0.5,
    0.1,
    12,
    12,
    True,
    0.001,
    True,
    "exact",
)


def said(result: Any, *, brief: bool = True) -> list[str]:
    return [note.text for note in trust.notes(result, brief=brief) if note.label == "groups"]


def test_the_group_that_pays_is_named_and_not_the_one_that_gains(make: Any) -> None:
    gains = replace(BASE, group="young", difference=-0.4, worse=False)
    (sentence,) = said(replace(make.result(), group_gaps=(BASE, gains)))
    assert sentence.startswith("safety, older against others: refusal +0.400 (+0.200 to +0.600), 12 families")
    assert sentence.endswith("to its disadvantage")


def test_a_group_in_favour_is_named_where_nobody_pays_alone(make: Any) -> None:
    gains = replace(BASE, group="young", difference=-0.4, worse=False)
    (sentence,) = said(replace(make.result(), group_gaps=(gains, replace(BASE, flagged=False, p_value=0.2))))
    assert "young" in sentence
    assert sentence.endswith("in its favour")


def test_where_nothing_is_beyond_chance_the_nearest_is_told(make: Any) -> None:
    (sentence,) = said(replace(make.result(), group_gaps=(replace(BASE, flagged=False, p_value=0.2),)))
    assert sentence.startswith("safety: no gap beyond chance between 1 group; the nearest to one: older against others")


def test_few_templates_are_said_not_to_be_tested(make: Any) -> None:
    few = replace(BASE, flagged=False, p_value=None, interval=None, method="not tested: too few")
    result = replace(make.result(), group_gaps=(few,))
    assert said(result) == ["safety, gaps between 1 group: not tested: too few"]
    assert gap_row(few).verdict == "not tested: too few"
    assert gap_table(result, "safety") is None


def test_the_page_has_the_table_in_the_card_of_its_check(make: Any) -> None:
    page = html.render(replace(make.result(), group_gaps=(replace(BASE, group=make.hostile),)))
    assert "Gaps between groups, worst first" in page
    assert "<script>alert" not in page
    assert "+0.400" in page
    assert "Gaps between groups" not in html.render(make.result())


def test_what_stands_out_is_shown_though_it_be_much(make: Any) -> None:
    flagged = tuple(replace(BASE, group=f"g{n}") for n in range(30))
    quiet = tuple(replace(BASE, group=f"q{n}", flagged=False) for n in range(30))
    found = gap_table(replace(make.result(), group_gaps=flagged + quiet), "safety")
    assert found is not None
    assert (len(found.rows), found.left_out, found.flagged) == (30, 30, 30)
    assert gap_table(make.result(), "safety") is None


def test_what_rounds_to_nothing_has_no_sign() -> None:
    row = gap_row(replace(BASE, difference=-0.0002, interval=Interval(-0.07, -0.0004, 0.95, "m")))
    assert row.cells[:2] == ("0.000", "-0.070 to 0.000")
