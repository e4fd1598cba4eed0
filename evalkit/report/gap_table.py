"""Gaps between groups in words: the rows of a table, worst first, and the sentences of a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalkit.diagnoses import GroupGap
from evalkit.report import formatting
from evalkit.report.hostile import one_line, shorten_end
from evalkit.results import Result

MOST_ROWS = 20
"""Of one check that report.html shows; bias-review.html and report.json have more."""
MOST_IN_BRIEF = 3
LONGEST_NAME = 60
HEADS = ("group", "against", "measure", "difference", "95% interval", "here", "there", "families", "p", "")
NUMBERS = ("difference", "95% interval", "here", "there", "families", "p")


@dataclass(frozen=True, slots=True)
class GapRow:
    group: str
    against: str
    measure: str
    cells: tuple[str, ...]
    """As ``NUMBERS``."""
    verdict: str
    """Empty where nothing is beyond chance."""
    shade: str
    """``fail`` for what is beyond chance and to the group's disadvantage."""


@dataclass(frozen=True, slots=True)
class GapTable:
    rows: tuple[GapRow, ...]
    left_out: int
    flagged: int


def gap_table(result: Result, check: str, most: int = MOST_ROWS) -> GapTable | None:
    """Of one check, in the order of ``group_gaps``; none where it has none that was tested. Those of no difference at
    all are left out, and more than ``most`` are shown where more stand out.
    """
    gaps = [gap for gap in result.group_gaps if gap.check == check]
    if all(gap.p_value is None for gap in gaps):
        return None
    flagged = sum(gap.flagged for gap in gaps)
    differing = [gap for gap in gaps if gap.difference or gap.flagged]
    shown = (differing or gaps[:1])[: max(most, min(flagged, 5 * most))]
    return GapTable(tuple(map(gap_row, shown)), len(gaps) - len(shown), flagged)


def gap_row(gap: GroupGap) -> GapRow:
    between = f"{_signed(gap.interval.low)} to {_signed(gap.interval.high)}" if gap.interval else formatting.NONE
    p = formatting.NONE if gap.p_value is None else p_value(gap.p_value).removeprefix("p ").removeprefix("= ")
    verdict = f"beyond chance{_side(gap)}" if gap.flagged else ""
    if gap.p_value is None:
        verdict = one_line(gap.method)
    return GapRow(
        _name(gap.group),
        _name(gap.against),
        _name(gap.measure),
        (_signed(gap.difference), between, f"{gap.here:.3f}", f"{gap.there:.3f}", f"{gap.families:,}", p),
        verdict,
        "fail" if gap.flagged and gap.worse else "",
    )


def gap_sentences(result: Result, *, brief: bool) -> Iterator[str]:
    """What stands out, worst first; where nothing does, what comes nearest."""
    worse = {(gap.check, gap.measure) for gap in result.group_gaps if gap.flagged and gap.worse}
    # a gap in favour says nothing new where the group that pays for it is named
    found = [gap for gap in result.group_gaps if gap.flagged and (gap.worse or (gap.check, gap.measure) not in worse)]
    shown = found[:MOST_IN_BRIEF] if brief else found
    yield from (f"{_sentence(gap)}{_side(gap)}" for gap in shown)
    if len(found) > len(shown):
        yield f"and {formatting.count(len(found) - len(shown), 'more gap')}, in bias-review.html beside the report"
    for check in dict.fromkeys(gap.check for gap in result.group_gaps):
        gaps = [gap for gap in result.group_gaps if gap.check == check]
        if not any(gap.flagged for gap in gaps):
            yield _nothing(check, gaps)


def p_value(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _nothing(check: str, gaps: Sequence[GroupGap]) -> str:
    groups = formatting.count(len({name for gap in gaps for name in (gap.group, gap.against)} - {"others"}), "group")
    if all(gap.p_value is None for gap in gaps):
        return f"{_name(check)}, gaps between {groups}: {one_line(gaps[0].method)}"
    if not any(gap.difference for gap in gaps):
        return f"{_name(check)}: no difference between {groups} at all"
    return (
        f"{_name(check)}: no gap beyond chance between {groups}; the nearest to one: {_sentence(gaps[0], named=False)}"
    )


def _sentence(gap: GroupGap, *, named: bool = True) -> str:
    between = f" ({_signed(gap.interval.low)} to {_signed(gap.interval.high)})" if gap.interval else ""
    p = "" if gap.p_value is None else f", {p_value(gap.p_value)}"
    return (
        f"{_name(gap.check) + ', ' if named else ''}{_name(gap.group)} against {_name(gap.against)}: "
        f"{gap.measure} {_signed(gap.difference)}{between}, {formatting.count(gap.families, 'family', 'families')}{p}"
    )


def _side(gap: GroupGap) -> str:
    if gap.measure in {"readability", "same"}:
        return ""
    return ", to its disadvantage" if gap.worse else ", in its favour"


def _signed(value: float) -> str:
    text = f"{value:+.3f}"
    return "0" if value == 0 else "0.000" if text[1:] == "0.000" else text


def _name(text: str) -> str:
    return shorten_end(one_line(text), LONGEST_NAME)
