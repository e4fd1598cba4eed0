"""All gates at one glance: a dot for the value, a line for its interval, against the target and the baseline."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.records import Verdict
from evalkit.report import formatting, view
from evalkit.report.charts.chart import ROW, Chart, distinct, domain, finite, label, names_axis, number_axis, spec
from evalkit.results import Result

SHARE = "share"
MOST = 60
"""Gates in one picture; the table below it has all."""
LONGEST = 90
FOLDED = 44
"""A longer name is written on two lines: what is measured, and what is wanted of it."""
SHADES = {"pass": "✓ passes", "fail": "✗ counts as failed", "unsure": "~ cannot be told"}
COUNTED = {
    "pass": ("passes", "pass"),
    "fail": ("counts as failed", "count as failed"),
    "unsure": ("cannot be told", "cannot be told"),
}
"""Of one gate, and of several."""
OPERATOR = re.compile(r" (>=|<=|==|>|<) ")
COLUMNS = ("gate", "status", "value", "interval", "target", "baseline")


@dataclass(frozen=True, slots=True)
class _Line:
    gate: view.GateView
    unit: str
    value: float
    low: float | None
    high: float | None
    target: float | None
    baseline: float | None


def gate_charts(result: Result) -> list[Chart]:
    """One for shares, from 0 to 1, and one for each other unit: a number of seconds says nothing beside a rate."""
    infos = view.metric_infos(result)
    lines: dict[str, list[_Line]] = {}
    baselines = {(one.check, one.metric): finite(one.baseline) for one in result.contrasts}
    for verdict, gate in _told(result):
        whole = verdict.estimate is not None and not verdict.estimate.slice
        known = baselines.get((verdict.estimate.check, verdict.estimate.metric)) if verdict.estimate and whole else None
        line = _line(verdict, gate, known, share=view.is_share(verdict.estimate, infos))
        if line is not None:
            lines.setdefault(line.unit, []).append(line)
    rank = {"fail": 0, "unsure": 1, "pass": 2}
    ordered = sorted(lines.items(), key=lambda item: item[0] != SHARE)
    return [
        _chart(unit, at, sorted(group, key=lambda line: rank[line.gate.shade])[:MOST])
        for at, (unit, group) in enumerate(ordered)
    ]


def gates_without_a_value(result: Result) -> list[str]:
    """What the picture has no place for."""
    return [
        gate.gate
        for verdict, gate in _told(result)
        if verdict.estimate is None or finite(verdict.estimate.value) is None
    ]


def _told(result: Result) -> Iterator[tuple[Verdict, view.GateView]]:
    infos = view.metric_infos(result)
    for verdict in result.outcome.verdicts:
        gate = view.gate_view(verdict, infos)
        if not gate.automatic or gate.status != "pass":
            yield verdict, gate


def _line(verdict: Verdict, gate: view.GateView, baseline: float | None, *, share: bool) -> _Line | None:
    """On the scale of the metric: what was decided on a difference is put back beside the value of the baseline."""
    if verdict.estimate is None or finite(verdict.estimate.value) is None:
        return None
    value = verdict.estimate.value or 0.0
    between = verdict.estimate.interval
    low, high = (between.low, between.high) if between else (None, None)
    target = verdict.threshold
    contrast = verdict.contrast
    if contrast is not None and finite(contrast.value) is not None:
        baseline = value - (contrast.value or 0.0)
        target = None if target is None else baseline + target
        if contrast.interval is not None:
            low, high = baseline + contrast.interval.low, baseline + contrast.interval.high
    elif "baseline" in gate.target_number:
        target = None
    numbers = [n for n in (value, low, high, target, baseline) if n is not None]
    if share and verdict.contrast is not None:
        low, high = (None if end is None else min(1.0, max(0.0, end)) for end in (low, high))
        numbers = [n for n in (value, target, baseline) if n is not None]
    unit = SHARE if share and all(0 <= n <= 1 for n in numbers) else view.gate_unit(verdict) or "number"
    return _Line(gate, unit, value, finite(low), finite(high), finite(target), baseline)


def _chart(unit: str, at: int, lines: Sequence[_Line]) -> Chart:
    share = unit == SHARE
    span = domain((n for one in lines for n in (one.value, one.low, one.high, one.target, one.baseline)), share=share)
    scale = {"domain": span, "nice": not share, "zero": False}
    x = {"type": "quantitative", "scale": scale}
    y = names_axis()
    shade = {
        "field": "shade",
        "type": "nominal",
        "scale": {"domain": list(SHADES), "range": [f"var(--{name})" for name in SHADES]},
        "legend": None,
    }
    shape = {
        "field": "shade",
        "type": "nominal",
        "scale": {"domain": list(SHADES), "range": ["circle", "cross", "square"]},
        "legend": None,
    }
    layers = [
        _layer({"type": "rule", "strokeWidth": 2.5}, y, {**x, "field": "low"}, x2={"field": "high"}, color=shade),
        _layer(
            {"type": "tick", "thickness": 2.5, "size": 18, "color": "var(--ink)"},
            y,
            {**x, "field": "target"},
        ),
        _layer(
            {"type": "point", "shape": "diamond", "size": 80, "stroke": "var(--ink)", "fill": "var(--sheet)"},
            y,
            {**x, "field": "baseline"},
        ),
        _layer(
            {"type": "point", "filled": True, "size": 90, "opacity": 1},
            y,
            {**x, "field": "value", "axis": number_axis()},
            color=shade,
            shape=shape,
        ),
    ]
    rows = list(_rows(lines))
    folded = any("\n" in row["name"] for row in rows)
    return Chart(
        id=f"gates-{at}",
        title="Shares, from 0 to 1" if share else f"In {label(unit)}",
        spec=spec(rows, layers, height=len(lines) * (ROW + 10 * folded), usermeta={"lines": len(lines)}),
        says=_says(unit, lines),
        columns=COLUMNS,
        rows=tuple(_cells(one) for one in lines),
    )


def _layer(mark: Mapping[str, Any], y: Mapping[str, Any], x: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    tooltip = {"field": "told", "type": "nominal"}
    return {"mark": dict(mark), "encoding": {"y": dict(y), "x": dict(x), "tooltip": tooltip, **more}}


def _rows(lines: Sequence[_Line]) -> Iterator[dict[str, Any]]:
    names = distinct(_name(one.gate.gate) for one in lines)
    for name, one in zip(names, lines, strict=True):
        told = f"{one.gate.gate}: {one.gate.value}, {one.gate.status}"
        yield {
            "name": name,
            "shade": one.gate.shade,
            "value": one.value,
            "low": one.value if one.low is None else one.low,  # a line of no length keeps the row in its place
            "high": one.value if one.high is None else one.high,
            "target": one.target,
            "baseline": one.baseline,
            "told": told,
        }


def _name(gate: str) -> str:
    named = label(gate, LONGEST)
    found = OPERATOR.search(named)
    return f"{named[: found.start()]}\n{named[found.start() + 1 :]}" if len(named) > FOLDED and found else named


def _cells(one: _Line) -> tuple[str, ...]:
    unit = "share" if one.unit == SHARE else one.unit
    target = formatting.NONE if one.target is None else formatting.number(one.target, unit)
    baseline = formatting.NONE if one.baseline is None else formatting.number(one.baseline, unit)
    between = formatting.NONE
    if one.low is not None and one.high is not None:
        between = f"{formatting.number(one.low, unit)} to {formatting.number(one.high, unit)}"
    return one.gate.gate, one.gate.status, formatting.number(one.value, unit), between, target, baseline


def _says(unit: str, lines: Sequence[_Line]) -> str:
    many = {shade: sum(one.gate.shade == shade for one in lines) for shade in SHADES}
    counted = ", ".join(f"{times} {COUNTED[shade][times > 1]}" for shade, times in many.items() if times)
    first = lines[0]
    return label(
        f"{formatting.count(len(lines), 'gate')} in {unit}: {counted}; the first, {first.gate.gate}, is at "
        f"{first.gate.value} with {first.gate.interval}",
        300,
    )
