"""How a metric lies over the cases of a check, and the band that is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from evalkit.diagnoses import Distribution
from evalkit.report import formatting
from evalkit.report.charts.chart import Chart, finite, label, number_axis, spec

COLUMNS = ("values", "cases")
HEIGHT = 150
OPEN = 1.001
"""Times the width of its neighbour: a bin at an end that is wider holds all that is far away, and is drawn without
its end."""


@dataclass(frozen=True, slots=True)
class _Bin:
    low: float
    high: float
    cases: int
    named: str
    """``0.2 to 0.4``, ``3``, ``60 and more``."""
    is_open: str = ""
    """On which side: ``left``, ``right`` or neither."""


def distribution_chart(of: Distribution, at: int) -> Chart | None:
    """None of a distribution whose edges and counts do not fit each other, or that has no case."""
    if len(of.edges) != len(of.counts) + 1 or not of.cases or any(finite(edge) is None for edge in of.edges):
        return None
    bins = _bins(of)
    return Chart(
        id=f"values-{at}",
        title=f"{label(of.metric)} of each case{_median(of)}{_wanted(of)}",
        spec=_spec(of, bins, label(formatting.unit_name("", of.unit))),
        says=_says(of),
        columns=COLUMNS,
        rows=tuple((one.named, f"{one.cases:,}") for one in bins),
    )


def _bins(of: Distribution) -> list[_Bin]:
    """As they are drawn: open ones as wide as their neighbours."""
    edges, last = list(of.edges), len(of.counts) - 1
    below = last > 1 and edges[1] - edges[0] > OPEN * (edges[2] - edges[1])
    above = last > 1 and edges[-1] - edges[-2] > OPEN * (edges[-2] - edges[-3])
    inner = edges[below : len(edges) - above]
    whole = all(high - low == 1 and low % 1 == 0.5 for low, high in pairwise(inner))
    pairs = list(pairwise(edges))
    named = [_whole(low + 0.5) if whole else f"{_number(low, of)} to {_number(high, of)}" for low, high in pairs]
    opened = dict.fromkeys(range(last + 1), "")
    if below:
        named[0] = f"{_whole(edges[1] - 0.5)} and less" if whole else f"below {_number(edges[1], of)}"
        edges[0], opened[0] = 2 * edges[1] - edges[2], "left"
    if above:
        named[-1] = f"{_whole(edges[-2] + 0.5) if whole else _number(edges[-2], of)} and more"
        edges[-1], opened[last] = 2 * edges[-2] - edges[-3], "right"
    return [
        _Bin(*ends, cases, name, opened[n])
        for n, (ends, cases, name) in enumerate(zip(pairwise(edges), of.counts, named, strict=True))
    ]


def _whole(value: float) -> str:
    return f"{value:,.0f}".replace("-", "−")


def _spec(of: Distribution, bins: list[_Bin], unit: str) -> dict[str, Any]:
    ends = [end for end in (finite(of.low), finite(of.high)) if end is not None]
    span = _span(bins, ends)
    x: dict[str, Any] = {"type": "quantitative", "scale": {"domain": span, "nice": False, "zero": False}}
    y = {"field": "cases", "type": "quantitative", "axis": number_axis("cases", tickCount=4, tickMinStep=1)}
    layers: list[dict[str, Any]] = []
    if ends:
        band = {"x": {**x, "datum": span[0] if finite(of.low) is None else max(span[0], of.low or 0.0)}}
        band["x2"] = {"datum": span[1] if finite(of.high) is None else min(span[1], of.high or 0.0)}
        layers.append({"mark": {"type": "rect", "color": "var(--pass-wash)", "opacity": 1}, "encoding": band})
    axis = number_axis(unit, grid=False)
    if bins[0].is_open or bins[-1].is_open:  # inside an open bin the axis says nothing
        ticks = _ticks(bins)
        axis |= {"values": ticks, "tickCount": 2 * len(ticks)}  # of more values than it counts Vega leaves some out
        axis |= {"format": ",d"} if all(tick % 1 == 0 for tick in ticks) else {}
    elif _has_whole(bins):
        axis["tickMinStep"] = 1
    layers.append(
        {
            "mark": {"type": "rect", "color": "var(--plain)", "stroke": "var(--sheet)"},
            "encoding": {
                "x": {**x, "field": "low", "axis": axis},
                "x2": {"field": "high"},
                "y": y,
                "y2": {"field": "zero"},
                "opacity": {
                    "field": "open",
                    "type": "nominal",
                    "sort": "ascending",
                    "scale": {"domain": [False, True], "range": [0.85, 0.45]},
                    "legend": None,
                },
                "tooltip": {"field": "told", "type": "nominal"},
            },
        }
    )
    layers += [_open_end(x, one.is_open) for one in bins if one.is_open]
    dashed = {"type": "rule", "color": "var(--pass)", "strokeDash": [4, 3], "strokeWidth": 1.5}
    inside = [end for end in ends if not any(one.is_open and one.low < end < one.high for one in bins)]
    layers += [{"mark": dashed, "encoding": {"x": {**x, "datum": end}}} for end in inside if span[0] <= end <= span[1]]
    median = finite(of.quantiles.get("p50"))
    if median is not None:
        line = {"type": "rule", "color": "var(--ink)", "strokeWidth": 1.5}
        layers.append({"mark": line, "encoding": {"x": {**x, "datum": median}}})
    return spec(map(_row, bins), layers, height=HEIGHT)


def _has_whole(bins: list[_Bin]) -> bool:
    """A whole number each, in its middle."""
    return all(one.high - one.low == 1 and one.low % 1 == 0.5 for one in bins)


def _row(one: _Bin) -> dict[str, Any]:
    return {
        "low": one.low,
        "high": one.high,
        "cases": one.cases,
        "zero": 0,
        "open": bool(one.is_open),
        "left": one.named if one.is_open == "left" else "",
        "right": one.named if one.is_open == "right" else "",
        "told": f"{one.named}: {formatting.count(one.cases, 'case')}",
    }


def _span(bins: list[_Bin], ends: list[float]) -> list[float]:
    """What is wanted is seen, too, unless it lies where the picture has no scale."""
    low, high = bins[0].low, bins[-1].high
    if not bins[0].is_open:
        low = min([low, *ends])
    if not bins[-1].is_open:
        high = max([high, *ends])
    return [low, high]


def _ticks(bins: list[_Bin]) -> list[float]:
    """At most six edges, or middles of whole numbers, of the bins that have both ends."""
    closed = [one for one in bins if not one.is_open]
    edges = [one.low + 0.5 for one in closed] if _has_whole(closed) else [*(one.low for one in closed), closed[-1].high]
    step = -(-len(edges) // 6)
    return edges[::step]


def _open_end(x: dict[str, Any], side: str) -> dict[str, Any]:
    """Its name in the upper corner on its side, where the others are low."""
    mark = {"type": "text", "align": side, "baseline": "top", "dy": 3, "color": "var(--soft)", "fontSize": 11}
    end = {**x, "field": {"left": "low", "right": "high"}[side]}
    return {"mark": mark, "encoding": {"x": end, "y": {"value": 0}, "text": {"field": side, "type": "nominal"}}}


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
