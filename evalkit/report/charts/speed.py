"""Latency by percentile, and tokens per second and memory while the run went on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from evalkit.report import formatting
from evalkit.report.charts.chart import Chart, domain, finite, label, number_axis, spec
from evalkit.report.charts.dots import dots
from evalkit.results import CheckSummary, Moment, Result

SECONDS = "s"
STRETCHES = 60
"""Parts of a run over which its speed is told: single blocks are noise."""
HEIGHT = 150


def latency_chart(result: Result, check: CheckSummary, at: int) -> Chart | None:
    """Of a check with two metrics in seconds or more: median, percentiles and mean on one axis."""
    shown = [
        one
        for one in result.estimates
        if one.check == check.name and not one.slice and one.unit == SECONDS and finite(one.value) is not None
    ]
    if len(shown) < 2:
        return None
    shown.sort(key=lambda one: one.value or 0.0)
    ends = [end for one in shown if one.interval for end in (one.interval.low, one.interval.high)]
    rows = [
        {
            "name": label(one.metric),
            "value": one.value,
            "low": finite(one.interval.low) if one.interval else None,
            "high": finite(one.interval.high) if one.interval else None,
            "told": f"{label(one.metric)}: {formatting.measure(one.value, one.unit)}",
        }
        for one in shown
    ]
    told = ", ".join(f"{label(one.metric)} {formatting.measure(one.value, one.unit)}" for one in shown)
    return Chart(
        id=f"latency-{at}",
        title="Seconds for an answer",
        spec=dots(rows, domain([0.0, *(one.value for one in shown), *ends], zero=True), title="seconds"),
        says=f"Seconds for an answer: {told}",
        columns=("metric", "value", "interval"),
        rows=tuple(
            (
                label(one.metric),
                formatting.measure(one.value, one.unit),
                formatting.interval(one.interval, one.unit),
            )
            for one in shown
        ),
    )


def model_latency_charts(result: Result) -> list[Chart]:
    """Of a profiled run, for each model that answers request by request."""
    found = []
    for at, work in enumerate(result.profile.models if result.profile else ()):
        known = [(label(name), value) for name, value in work.latency.items() if finite(value) is not None]
        if len(known) < 2:
            continue
        rows = [
            {"name": name, "value": value, "low": None, "high": None, "told": f"{name}: {value:.3f} s"}
            for name, value in known
        ]
        told = ", ".join(f"{name} {value:.3f} s" for name, value in known)
        found.append(
            Chart(
                id=f"requests-{at}",
                title=f"Seconds from a request's start to its end, {label(work.role)}",
                spec=dots(rows, domain([0.0, *(value for _, value in known)], zero=True), title="seconds"),
                says=f"Seconds from a request's start to its end: {told}",
                columns=("percentile", "seconds"),
                rows=tuple((name, f"{value:.3f}") for name, value in known),
            )
        )
    return found


def timeline_charts(result: Result) -> list[Chart]:
    moments = [one for one in result.timeline if finite(one.seconds) is not None]
    found = []
    speeds = _speeds(moments)
    if len(speeds) > 1:
        found.append(
            _over_time(
                *("tokens-over-time", "Tokens written per second", "tokens per second", speeds, "tokens/s"),
                begin=moments[0].seconds,
            )
        )
    memory = [(one.seconds, one.memory_mb) for one in moments if finite(one.memory_mb) is not None]
    if len(memory) > 1:
        points = [(seconds, value or 0.0) for seconds, value in memory]
        found.append(_over_time("memory-over-time", "Memory of this process", "MB", points, "MB"))
    return found


def _speeds(moments: Sequence[Moment]) -> list[tuple[float, float]]:
    """Tokens per second of each stretch, told at its end; a stretch without time tells nothing."""
    step = max(1, -(-len(moments) // STRETCHES))
    kept = [*moments[:-1:step], moments[-1]] if moments else []
    found = []
    for before, after in pairwise(kept):
        seconds = after.seconds - before.seconds
        if seconds > 0:
            found.append((after.seconds, max(0, after.output_tokens - before.output_tokens) / seconds))
    return found if any(speed for _, speed in found) else []


def _over_time(
    identity: str,
    title: str,
    axis: str,
    points: Sequence[tuple[float, float]],
    unit: str,
    *,
    begin: float | None = None,
) -> Chart:
    """With ``begin`` each value is of the stretch that ends there, and level over all of it: no slope is made up."""
    rows: list[dict[str, Any]] = [
        {"at": at, "value": value, "told": f"after {formatting.duration(at)}: {formatting.measure(value, unit)}"}
        for at, value in points
    ]
    values = [value for _, value in points]
    x = {"field": "at", "type": "quantitative", "axis": number_axis("seconds", grid=False)}
    x["scale"] = {"domain": [0, points[-1][0]], "nice": False}
    y = {"field": "value", "type": "quantitative", "scale": {"zero": True}, "axis": number_axis(axis, tickCount=4)}
    told = {"field": "told", "type": "nominal"}
    line: dict[str, Any] = {"type": "area", "line": {"color": "var(--plain)"}, "color": "var(--plain)"}
    line["fillOpacity"] = 0.12
    dot = {"type": "point", "filled": True, "size": 24, "color": "var(--plain)", "opacity": 0.9}
    layers: list[dict[str, Any]] = [
        {"mark": line, "encoding": {"x": x, "y": y}},
        {"mark": dot, "encoding": {"x": x, "y": y, "tooltip": told}},
    ]
    if begin is not None:
        line["interpolate"] = "step-before"
        rows.insert(0, {**rows[0], "at": begin})
    return Chart(
        id=identity,
        title=title,
        spec=spec(rows, layers, height=HEIGHT),
        says=f"{title} over {formatting.duration(points[-1][0])}: from {formatting.measure(values[0], unit)} to "
        f"{formatting.measure(values[-1], unit)}, at most {formatting.measure(max(values), unit)}",
        columns=("seconds", axis),
        rows=tuple((f"{at:.1f}", formatting.number(value, unit)) for at, value in points),
    )
