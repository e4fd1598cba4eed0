"""Pictures of sections: lines over a number, and a bar for every name."""

from __future__ import annotations

from typing import Any

from evalkit.report import formatting
from evalkit.report.charts.chart import ROW as BAR_HEIGHT
from evalkit.report.charts.chart import Chart, distinct, domain, finite, label, names_axis, number_axis, spec
from evalkit.sections import BarPicture, LinePicture, Section

COLOURS = ["var(--plain)", "var(--unsure)", "var(--pass)", "var(--soft)", "var(--fail)"]
DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4]]
"""Lines differ in form as well as in colour."""
HEIGHT = 170
MOST_SERIES = len(COLOURS)
MOST_BARS = 40


def section_charts(section: Section) -> list[Chart]:
    """Those that are drawn: what flows is laid out by the page itself."""
    found = []
    for at, picture in enumerate(section.pictures):
        identity = f"section-{section.id}-{at}"
        if isinstance(picture, LinePicture) and any(len(one.points) > 1 for one in picture.series):
            found.append(_lines(picture, identity))
        elif isinstance(picture, BarPicture) and picture.bars:
            found.append(_bars(picture, identity))
    return found


def _lines(picture: LinePicture, identity: str) -> Chart:
    shown = picture.series[:MOST_SERIES]
    names = distinct(label(one.name) for one in shown)
    rows: list[dict[str, Any]] = [
        {"name": name, "at": at, "value": finite(value), "told": f"{name}: {_told(value)} at {formatting.number(at)}"}
        for name, one in zip(names, shown, strict=True)
        for at, value in one.points
        if finite(at) is not None
    ]
    scale = {"type": "log", "base": 2} if picture.logarithmic else {"nice": False}
    ticks = {"values": sorted({row["at"] for row in rows})} if picture.logarithmic else {}
    axis = number_axis(label(picture.x), grid=False, **ticks)
    x = {"field": "at", "type": "quantitative", "scale": scale, "axis": axis}
    y = {"field": "value", "type": "quantitative", "scale": {"zero": True}, "axis": number_axis(label(picture.y))}
    legend = {"orient": "top", "title": None} if len(names) > 1 else None
    colour = {"field": "name", "type": "nominal", "sort": None, "scale": {"domain": names, "range": COLOURS}}
    dash = {"field": "name", "type": "nominal", "sort": None, "scale": {"domain": names, "range": DASHES}}
    line = {"x": x, "y": y, "color": {**colour, "legend": legend}, "strokeDash": {**dash, "legend": legend}}
    dot = {"x": x, "y": y, "color": {**colour, "legend": legend}, "tooltip": {"field": "told", "type": "nominal"}}
    layers = [
        {"mark": {"type": "line", "strokeWidth": 2}, "encoding": line},
        {"mark": {"type": "point", "filled": True, "size": 36, "opacity": 1}, "encoding": dot},
    ]
    return Chart(
        id=identity,
        title=label(picture.title, 120),
        spec=spec(rows, layers, height=HEIGHT),
        says=label(picture.sentence, 400).rstrip("."),
        columns=(label(picture.x), *names),
        rows=tuple(_by_place(picture, shown)),
    )


def _by_place(picture: LinePicture, shown: Any) -> list[tuple[str, ...]]:
    places = sorted({at for one in shown for at, _ in one.points})
    known = [dict(one.points) for one in shown]
    return [(formatting.number(at), *(_told(one.get(at)) for one in known)) for at in places]


def _bars(picture: BarPicture, identity: str) -> Chart:
    shown = picture.bars[:MOST_BARS]
    names = distinct(label(name) for name, _ in shown)
    rows = [
        {"name": name, "value": finite(value), "told": f"{name}: {formatting.measure(value, picture.unit)}"}
        for name, (_, value) in zip(names, shown, strict=True)
    ]
    x = {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": domain([0.0, *(value for _, value in shown)], zero=True), "nice": False},
        "axis": number_axis(label(picture.unit)),
    }
    encoding = {"y": names_axis(), "x": x, "tooltip": {"field": "told", "type": "nominal"}}
    layers = [{"mark": {"type": "bar", "color": "var(--plain)", "height": {"band": 0.6}}, "encoding": encoding}]
    return Chart(
        id=identity,
        title=label(picture.title, 120),
        spec=spec(rows, layers, height={"step": BAR_HEIGHT}),
        says=label(picture.sentence, 400).rstrip("."),
        columns=("name", label(picture.unit) or "value"),
        rows=tuple(
            (name, formatting.number(value, picture.unit)) for name, (_, value) in zip(names, shown, strict=True)
        ),
    )


def _told(value: float | None) -> str:
    return formatting.NONE if value is None else formatting.number(value)
