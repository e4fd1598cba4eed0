"""A metric over runs as Vega-Lite: a point a run with its interval, the gate's target, and where numbers cannot be
compared because something else than the model changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from evalkit.report import formatting
from evalkit.report.charts.chart import Chart, domain, finite, label, spec
from evalkit.report.hostile import one_line
from evalkit.web.standing import moment
from evalkit.web.trend_points import Measured, Point

HEIGHT = 190
SHAPES = {"circle": "●", "square": "■", "diamond": "◆", "triangle-up": "▲", "triangle-down": "▼", "cross": "✚"}
"""Of models, and how a legend writes them."""
SHADES = ("pass", "fail", "unsure", "plain")
OTHER = {"data": "other data", "metric": "another metric of this name", "settings": "other settings of generation"}
"""What parts a line: the numbers before and after are of different things."""
SOFTER = {"suite": "the suite was edited", "engine": "another revision of the backend"}
"""What is marked, and parts nothing: of this metric neither rows nor reckoning changed."""
COLUMNS = ("run", "model", "value", "95% interval", "target", "gate", "changed since the run before")


@dataclass(frozen=True, slots=True)
class Place:
    """A run in a metric's line."""

    measured: Measured
    point: Point
    changed: tuple[str, ...]
    """Keys of ``OTHER`` and ``SOFTER``: what is not as it was in the run before."""

    @property
    def parted(self) -> bool:
        return any(name in OTHER for name in self.changed)

    @property
    def why(self) -> str:
        return ", ".join({**OTHER, **SOFTER}[name] for name in self.changed)


def places(measured: Sequence[Measured], name: str) -> list[Place]:
    """In the order of runs. The backend is compared with that of the same model's run before: another model's may be
    another one."""
    found: list[Place] = []
    engines: dict[str, str] = {}
    for one in measured:
        point = one.points.get(name)
        if point is None:
            continue
        changed: list[str] = []
        if found:
            before = found[-1]
            changed = [what for what in OTHER if point.made.get(what) != before.point.made.get(what)]
            changed += ["suite"] if not changed and one.suite != before.measured.suite else []
        changed += ["engine"] if engines.get(one.run.model, one.engine) != one.engine else []
        engines[one.run.model] = one.engine
        found.append(Place(one, point, tuple(changed)))
    return found


def unit_of(found: Sequence[Place]) -> str:
    """A gate of a score out of 100 is written as a share: then all of it is."""
    newest = newest_gate(found) or found[-1].point
    return "share" if newest.unit == "score100" and newest.threshold is not None else newest.unit


def newest_gate(found: Sequence[Place]) -> Point | None:
    return next((one.point for one in reversed(found) if one.point.gate), None)


def chart(at: int, name: str, found: Sequence[Place], models: Sequence[str]) -> Chart:
    unit = unit_of(found)
    scale = 100.0 if unit == "score100" else 1.0
    rows = list(_rows(found, models, unit, scale))
    return Chart(
        id=f"trend-{at}",
        title=label(name, 120),
        spec=_spec(rows, _span(rows)),
        says=one_line(_says(name, found, unit)),
        columns=COLUMNS,
        rows=tuple(_cells(one, unit) for one in reversed(found)),
    )


def _span(rows: Sequence[Mapping[str, Any]]) -> list[float]:
    numbers = [row[name] for row in rows for name in ("value", "low", "high", "target") if row[name] is not None]
    low, high = domain(numbers)
    shares = all(0 <= number <= 1 for number in numbers)
    return [max(low, -0.02), min(high, 1.02)] if shares else [low, high]


def _rows(found: Sequence[Place], models: Sequence[str], unit: str, scale: float) -> Iterator[dict[str, Any]]:
    """``way`` names the line that a point stands on: of one model, as long as nothing parts it."""
    piece = 0
    last = len(found) - 1
    for place, one in enumerate(found):
        piece += one.parted
        point, series = one.point, models.index(one.measured.run.model)
        value = finite(point.value)
        low, high = (point.interval.low, point.interval.high) if point.interval else (None, None)
        target = finite(point.threshold)
        yield {
            "place": place,
            "edge": place - 0.5,
            "until": place + 0.5,
            "value": None if value is None else value * scale,
            "low": _end(finite(low), value, scale),
            "high": _end(finite(high), value, scale),
            "target": None if target is None else target * scale,
            "parted": place - 0.5 if one.parted else None,
            "noted": place - 0.5 if one.changed and not one.parted else None,
            "why": one.why,
            "way": f"{series} {piece}",
            "series": series % len(SHAPES),
            "shade": point.word if point.word in SHADES else "plain",
            "day": _day(one, found),
            "named": place if place in _named(last) else None,
            "told": told(one, unit),
            "link": link(one),
        }


def _end(end: float | None, value: float | None, scale: float) -> float | None:
    end = value if end is None else end
    return None if end is None else end * scale


def _named(last: int) -> set[int]:
    """The first and the last run, and the one in the middle where there is room for it."""
    return {0, last} | ({last // 2} if last > 3 else set())


def _day(one: Place, found: Sequence[Place]) -> str:
    """The day, and the hour instead where all began on one day."""
    written = one.measured.run.created
    day, _, hour = moment(written).partition(", ")
    same = found[0].measured.run.created[:10] == found[-1].measured.run.created[:10]
    return hour or day if same else day


Encoding = dict[str, Any]


def _spec(rows: Sequence[Mapping[str, Any]], span: Sequence[float]) -> dict[str, Any]:
    across = [-0.5, len(rows) - 0.5]
    x: Encoding = {"type": "quantitative", "scale": {"domain": across, "nice": False, "zero": False}, "axis": None}
    y: Encoding = {"type": "quantitative", "scale": {"domain": list(span), "nice": False, "zero": False}}
    layers = [_change(x, "noted", "var(--soft)", 1), _change(x, "parted", "var(--ink)", 2), _target(x, y)]
    return spec(rows, [*layers, *_points(x, y), _day_text(x)], height=HEIGHT)


def _layer(mark: Mapping[str, Any], where: str, **encoding: Encoding) -> dict[str, Any]:
    """Of the runs that have a number under the name ``where``."""
    return {"mark": dict(mark), "transform": [{"filter": {"field": where, "valid": True}}], "encoding": encoding}


def _change(x: Encoding, field: str, colour: str, width: int) -> dict[str, Any]:
    mark = {"type": "rule", "strokeWidth": width, "strokeDash": [2, 3], "color": colour}
    return _layer(mark, field, x={**x, "field": field}, tooltip=_named_by("why"))


def _target(x: Encoding, y: Encoding) -> dict[str, Any]:
    mark = {"type": "rule", "strokeWidth": 1.5, "strokeDash": [6, 3], "color": "var(--ink)"}
    return _layer(mark, "target", x={**x, "field": "edge"}, x2={"field": "until"}, y={**y, "field": "target"})


def _points(x: Encoding, y: Encoding) -> list[dict[str, Any]]:
    value = {**y, "field": "value", "axis": {"title": None, "grid": True, "tickCount": 5}}
    place, told = {**x, "field": "place"}, _named_by("told")
    shade = _scaled("shade", SHADES, [f"var(--{name})" for name in SHADES])
    shape = _scaled("series", range(len(SHAPES)), list(SHAPES))
    line = {"type": "line", "strokeWidth": 1.5, "color": "var(--soft)"}
    whisker = {"type": "rule", "strokeWidth": 2}
    point = {"type": "point", "filled": True, "size": 95, "opacity": 1, "cursor": "pointer"}
    ends = {"y": {**y, "field": "low"}, "y2": {"field": "high"}}
    return [
        _layer(line, "value", x=place, y=value, detail=_named_by("way")),
        _layer(whisker, "value", x=place, **ends, color=shade, tooltip=told),
        _layer(point, "value", x=place, y=value, color=shade, shape=shape, tooltip=told, href=_named_by("link")),
    ]


def _day_text(x: Encoding) -> dict[str, Any]:
    mark = {"type": "text", "color": "var(--soft)", "dy": 16, "baseline": "middle"}
    return _layer(mark, "named", x={**x, "field": "named"}, y={"value": HEIGHT}, text=_named_by("day"))


def _named_by(field: str) -> Encoding:
    return {"field": field, "type": "nominal"}


def _scaled(field: str, domain: Iterable[str | int], values: Sequence[str]) -> Encoding:
    return {**_named_by(field), "scale": {"domain": list(domain), "range": values}, "legend": None}


# --- in words ---------------------------------------------------------------------------------------------------------


def told(one: Place, unit: str) -> str:
    point, run = one.point, one.measured.run
    between = f", {formatting.interval(point.interval, unit)}" if point.interval else ""
    word = f", {point.word}" if point.word else ""
    return one_line(
        f"{run.model}, {moment(run.created)}: {formatting.measure(point.value, unit)}{between}{word}"
        + (f" ({one.why} since the run before)" if one.changed else "")
    )


def link(one: Place) -> str:
    return "/runs/" + quote(one.measured.run.id, safe="", errors="surrogatepass")


def _cells(one: Place, unit: str) -> tuple[str, ...]:
    point = one.point
    target = formatting.number(point.threshold, unit)
    return (
        moment(one.measured.run.created),
        one_line(one.measured.run.model),
        formatting.number(point.value, unit, apart_from=point.threshold),
        formatting.interval(point.interval, unit),
        f"{point.operator} {target}" if point.threshold is not None else "",
        point.word,
        one.why,
    )


def _says(name: str, found: Sequence[Place], unit: str) -> str:
    """What a reader of the picture would say of it."""
    values = [one.point.value for one in found if one.point.value is not None]
    said = f"{name} over {formatting.count(len(values), 'run')}: {formatting.measure(values[0], unit)} in the first"
    if len(values) > 1:
        said += f", {formatting.measure(values[-1], unit)} in the last"
    gate = newest_gate(found)
    if gate is not None and gate.threshold is not None:
        said += f", target {gate.operator} {formatting.measure(gate.threshold, unit)}"
    parted = sum(one.parted for one in found)
    if parted:
        said += f"; what is measured changed {formatting.count(parted, 'time')}, and across that nothing compares"
    return said
