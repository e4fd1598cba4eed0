"""Gaps between groups as a forest: a line for each group and measure, no difference in the middle."""

from __future__ import annotations

from evalkit.diagnoses import GroupGap
from evalkit.report import formatting
from evalkit.report.charts.chart import Chart, distinct, domain, finite, label
from evalkit.report.charts.dots import dots
from evalkit.results import Result

MOST = 24
MOST_MEASURES = 6
COLUMNS = ("group", "against", "difference", "interval", "here", "there", "families", "beyond chance")


def gap_charts(result: Result, check: str, at: int) -> list[Chart]:
    """One for each measure, since words and shares have no axis in common; measures with something found first."""
    measures: dict[str, list[GroupGap]] = {}
    untested: dict[str, int] = {}
    for gap in result.group_gaps:
        if gap.check != check or finite(gap.difference) is None:
            continue
        if gap.p_value is None and gap.interval is None:  # of a family or two: a rank among others would be chance
            untested[gap.measure] = untested.get(gap.measure, 0) + 1
        else:
            measures.setdefault(gap.measure, []).append(gap)
    telling = {name: gaps for name, gaps in measures.items() if any(gap.difference or gap.flagged for gap in gaps)}
    ordered = sorted(telling.items(), key=lambda item: not any(gap.flagged for gap in item[1]))
    return [
        _chart(name, gaps, untested.get(name, 0), f"gaps-{at}-{n}")
        for n, (name, gaps) in enumerate(ordered[:MOST_MEASURES])
    ]


def _chart(measure: str, gaps: list[GroupGap], untested: int, identity: str) -> Chart:
    shown = sorted(gaps[:MOST], key=lambda gap: gap.difference)
    ends = [end for gap in shown if gap.interval for end in (gap.interval.low, gap.interval.high)]
    names = distinct(_named(gap) for gap in shown)
    rows = [
        {
            "name": name,
            "value": gap.difference,
            "low": finite(gap.interval.low) if gap.interval else None,
            "high": finite(gap.interval.high) if gap.interval else None,
            "worse": gap.flagged,
            "told": f"{_named(gap)}: {_signed(gap.difference)}, {formatting.count(gap.families, 'family', 'families')}"
            + (", beyond chance" if gap.flagged else ""),
        }
        for name, gap in zip(names, shown, strict=True)
    ]
    flagged = sum(gap.flagged for gap in gaps)
    largest = max(shown, key=lambda gap: abs(gap.difference))
    more = f" ({MOST} of {len(gaps)})" if len(gaps) > MOST else ""
    more += f"; {formatting.count(untested, 'gap')} of too few families not tested" if untested else ""
    return Chart(
        id=identity,
        title=f"{label(measure)}: each group less the others{more}; a cross is beyond chance",
        spec=dots(rows, domain([0.0, *(gap.difference for gap in shown), *ends]), middle=0.0, worse="var(--fail)"),
        says=f"Gaps in {label(measure)} between groups: {flagged or 'none'} beyond chance; the largest is "
        f"{_named(largest)}, {_signed(largest.difference)}",
        columns=COLUMNS,
        rows=tuple(
            (
                label(gap.group),
                label(gap.against),
                _signed(gap.difference),
                f"{_signed(gap.interval.low)} to {_signed(gap.interval.high)}" if gap.interval else formatting.NONE,
                f"{gap.here:.3f}",
                f"{gap.there:.3f}",
                f"{gap.families:,}",
                "yes" if gap.flagged else "no",
            )
            for gap in shown
        ),
    )


def _named(gap: GroupGap) -> str:
    against = "" if gap.against == "others" else f" against {label(gap.against, 24)}"
    return f"{label(gap.group, 24)}{against}"


def _signed(value: float) -> str:
    return "0" if value == 0 else f"{value:+.3f}"
