"""How a metric lies over the cases of a check, and the band that is wanted."""

from __future__ import annotations

from typing import Any

from evalkit.report import formatting
from evalkit.report.charts.chart import Chart, finite, label, number_axis, spec
from evalkit.results import Distribution

COLUMNS = ("from", "to", "cases")
HEIGHT = 150


def distribution_chart(of: Distribution, at: int) -> Chart | None:
    """None of a distribution whose edges and counts do not fit each other, or that has no case."""
    if len(of.edges) != len(of.counts) + 1 or not of.cases or any(finite(edge) is None for edge in of.edges):
        return None
    bins: list[dict[str, Any]] = [
        {
            "low": low,
            "high": high,
            "cases": cases,
            "zero": 0,
            "told": f"{_number(low, of)} to {_number(high, of)}: {formatting.count(cases, 'case')}",
        }
        for low, high, cases in zip(of.edges, of.edges[1:], of.counts, strict=False)
    ]
    unit = formatting.SUFFIXES.get(of.unit, f" {label(of.unit)}" if of.unit not in {"", "share", "score100"} else "")
    return Chart(
        id=f"values-{at}",
        title=f"{label(of.metric)} of each case{_median(of)}{_wanted(of)}",
        spec=_spec(of, bins, unit.strip()),
        says=_says(of),
        columns=COLUMNS,
        rows=tuple((_number(one["low"], of), _number(one["high"], of), f"{one['cases']:,}") for one in bins),
    )


def _spec(of: Distribution, bins: list[dict[str, Any]], unit: str) -> dict[str, Any]:
    first, last = of.edges[0], of.edges[-1]
    ends = [end for end in (finite(of.low), finite(of.high)) if end is not None]
    span = [min([first, *ends]), max([last, *ends])]
    x: dict[str, Any] = {"type": "quantitative", "scale": {"domain": span, "nice": False, "zero": False}}
    y = {"field": "cases", "type": "quantitative", "axis": number_axis("cases", tickCount=4, tickMinStep=1)}
    layers: list[dict[str, Any]] = []
    if ends:
        band = {"x": {**x, "datum": span[0] if finite(of.low) is None else of.low}}
        band["x2"] = {"datum": span[1] if finite(of.high) is None else of.high}
        layers.append({"mark": {"type": "rect", "color": "var(--pass-wash)", "opacity": 1}, "encoding": band})
    layers.append(
        {
            "mark": {"type": "rect", "color": "var(--plain)", "opacity": 0.85, "stroke": "var(--sheet)"},
            "encoding": {
                "x": {**x, "field": "low", "axis": number_axis(unit, grid=False)},
                "x2": {"field": "high"},
                "y": y,
                "y2": {"field": "zero"},
                "tooltip": {"field": "told", "type": "nominal"},
            },
        }
    )
    dashed = {"type": "rule", "color": "var(--pass)", "strokeDash": [4, 3], "strokeWidth": 1.5}
    layers += [{"mark": dashed, "encoding": {"x": {**x, "datum": end}}} for end in ends]
    median = finite(of.quantiles.get("p50"))
    if median is not None:
        line = {"type": "rule", "color": "var(--ink)", "strokeWidth": 1.5}
        layers.append({"mark": line, "encoding": {"x": {**x, "datum": median}}})
    return spec(bins, layers, height=HEIGHT)


def _median(of: Distribution) -> str:
    return "" if finite(of.quantiles.get("p50")) is None else ", line: median"


def _wanted(of: Distribution) -> str:
    """``; wanted: at most 9``"""
    low, high = finite(of.low), finite(of.high)
    if low is not None and high is not None:
        return f"; wanted: {_number(low, of)} to {_number(high, of)}"
    if low is not None:
        return f"; wanted: at least {_number(low, of)}"
    return "" if high is None else f"; wanted: at most {_number(high, of)}"


def _says(of: Distribution) -> str:
    said = f"{label(of.metric)} over {formatting.count(of.cases, 'case')}"
    named = (("p5", "5% below"), ("p50", "median"), ("p95", "95% below"))
    known = [(word, finite(of.quantiles.get(key))) for key, word in named]
    told = ", ".join(f"{word} {_number(value, of)}" for word, value in known if value is not None)
    if not told:
        told = f"from {_number(of.edges[0], of)} to {_number(of.edges[-1], of)}"
    return f"{said}: {told}{_wanted(of)}"


def _number(value: float, of: Distribution) -> str:
    return formatting.number(value, of.unit)
