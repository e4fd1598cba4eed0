"""Evidence of a gate while its cases came in: the side that reaches 1 first decides."""

from __future__ import annotations

from typing import Any

from evalkit.records import Verdict, Word
from evalkit.report import formatting
from evalkit.report.charts.chart import Chart, label, number_axis, spec

FLOOR = -0.25
"""Evidence below zero speaks for the other side; how far below, nobody needs to see."""
FOR_PASS, FOR_FAIL = "for pass", "for fail"
COLUMNS = ("cases", FOR_PASS, FOR_FAIL)
MOST_ROWS = 40
WORDS = {Word.PASS: "decided for pass", Word.FAIL: "decided for fail"}


def evidence_chart(verdict: Verdict, identity: str) -> Chart | None:
    """None of a gate that was not tested while its cases came in."""
    if not verdict.evidence or verdict.needed is None or not verdict.available:
        return None
    needed_pass, needed_fail = verdict.needed
    points = [(0, 0.0, 0.0)]
    points += [(one.cases, one.for_pass / needed_pass, one.for_fail / needed_fail) for one in verdict.evidence]
    rows = [
        {
            "cases": cases,
            "side": side,
            "way": min(1.0, max(FLOOR, way)),
            "told": f"after {cases:,} cases: {_share(way)} of the way {side}",
        }
        for cases, passing, failing in points
        for side, way in ((FOR_PASS, passing), (FOR_FAIL, failing))
    ]
    last = points[-1]
    ended = f"{_ended(verdict, last[0])} of {verdict.available:,} cases"
    step = max(1, -(-len(points) // MOST_ROWS))
    kept = [*points[:-1:step], last]
    return Chart(
        id=identity,
        title=f"{label(verdict.gate, 80)}: evidence while cases came in, {ended}",
        spec=_spec(rows, verdict.available),
        says=f"Evidence on {label(verdict.gate, 80)}: {ended}; for pass {_share(last[1])}, for fail {_share(last[2])} "
        "of the way",
        columns=COLUMNS,
        rows=tuple((f"{cases:,}", _share(passing), _share(failing)) for cases, passing, failing in kept),
        widest=720,
    )


def _ended(verdict: Verdict, last: int) -> str:
    """Of a gate that was decided, after as many cases as that took: others may have come in for other gates."""
    if verdict.word not in WORDS:
        return f"undecided after {last:,}"
    return f"{WORDS[verdict.word]} after {verdict.used or last:,}"


def _share(way: float) -> str:
    return formatting.number(min(1.0, max(FLOOR, way)), "share")


def _spec(rows: list[dict[str, Any]], available: int) -> dict[str, Any]:
    span = {"domain": [0, available], "nice": False}
    x = {"field": "cases", "type": "quantitative", "scale": span, "axis": number_axis("cases", grid=False)}
    scale = {"domain": [FLOOR, 1.05], "nice": False}
    y = {"field": "way", "type": "quantitative", "scale": scale, "axis": number_axis("share of the way", tickCount=4)}
    sides = [FOR_PASS, FOR_FAIL]
    colour = {
        "field": "side",
        "type": "nominal",
        "scale": {"domain": sides, "range": ["var(--pass)", "var(--fail)"]},
        "legend": {"title": None, "orient": "top"},
    }
    dash = {"field": "side", "type": "nominal", "scale": {"domain": sides, "range": [[1, 0], [5, 3]]}}
    told = {"field": "told", "type": "nominal"}
    line = {"type": "line", "strokeWidth": 2, "interpolate": "linear"}
    top = {"type": "rule", "color": "var(--ink)", "strokeDash": [4, 3]}
    layers: list[dict[str, Any]] = [
        {"mark": line, "encoding": {"x": x, "y": y, "color": colour, "strokeDash": dash}},
        {
            "mark": {"type": "point", "filled": True, "size": 30, "opacity": 0.9},
            "encoding": {"x": x, "y": y, "color": colour, "tooltip": told},
        },
        {"mark": top, "encoding": {"y": {**{k: v for k, v in y.items() if k != "field"}, "datum": 1}}},
    ]
    return spec(rows, layers, height=150)
