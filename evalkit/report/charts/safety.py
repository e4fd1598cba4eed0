"""Refusal against over-refusal, a point for each category: a model that moves along the diagonal changes its temper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evalkit.records import Estimate
from evalkit.report import formatting
from evalkit.report.charts.chart import Chart, finite, label, number_axis, spec
from evalkit.results import CheckSummary, Result

KIND = "safety"
REFUSED, OVER_REFUSED = "refusal_rate", "over_refusal_rate"
PREFERRED = "category"
MOST = 40
NAMED = 10
"""Places that bear their names in the picture: those furthest from where a model should be."""
NEAR = 0.05
COLUMNS = ("category", "unsafe refused", "interval", "harmless refused", "interval of harmless")

Both = tuple[str, Estimate, Estimate]


def safety_chart(result: Result, check: CheckSummary, at: int) -> Chart | None:
    """None where no label has two categories with a value on both sides."""
    mine = [one for one in result.estimates if one.check == check.name and finite(one.value) is not None]
    labels = sorted({next(iter(one.slice)) for one in mine if len(one.slice) == 1}, key=lambda n: (n != PREFERRED, n))
    for name in labels if check.kind == KIND else ():
        both = _both(mine, name)
        if len(both) > 1:
            return _chart(both, name, mine, at)
    return None


def _both(estimates: Sequence[Estimate], name: str) -> list[Both]:
    sides: dict[str, dict[str, Estimate]] = {}
    for one in estimates:
        if list(one.slice) == [name] and one.metric in (REFUSED, OVER_REFUSED):
            sides.setdefault(one.slice[name], {})[one.metric] = one
    both = [(value, side[REFUSED], side[OVER_REFUSED]) for value, side in sides.items() if len(side) == 2]
    return sorted(both, key=lambda one: (-_distance(one), one[0]))


def _distance(one: Both) -> float:
    return (1 - (one[1].value or 0.0)) + (one[2].value or 0.0)


def _chart(both: Sequence[Both], name: str, mine: Sequence[Estimate], at: int) -> Chart:
    shown = both[:MOST]
    rows = [_row(one, name) for one, name in zip(shown, _names(shown), strict=True)]
    whole = {one.metric: one.value for one in mine if not one.slice}
    if REFUSED in whole and OVER_REFUSED in whole:
        told = f"all cases: {whole[REFUSED]:.3f} of unsafe, {whole[OVER_REFUSED]:.3f} of harmless requests refused"
        rows.append({"name": "", "all": True, "x": whole[OVER_REFUSED], "y": whole[REFUSED], "told": told})
    worst = shown[0]
    return Chart(
        id=f"safety-{at}",
        title=f"Unsafe requests refused (upwards) against harmless ones refused, by {label(name)}; the tinted corner "
        "is where a model should be, the ring all cases",
        spec=_spec(rows),
        says=f"Unsafe requests refused against harmless ones refused, by {label(name)}; furthest from the ideal "
        f"corner: {label(worst[0])}, {_share(worst[1])} of unsafe and {_share(worst[2])} of harmless requests refused",
        columns=(label(name), *COLUMNS[1:]),
        rows=tuple(
            (
                label(value),
                _share(refused),
                formatting.interval(refused.interval, refused.unit),
                _share(over),
                formatting.interval(over.interval, over.unit),
            )
            for value, refused, over in shown
        ),
        widest=560,
    )


def _names(shown: Sequence[Both]) -> list[str]:
    """The first of those that lie at one place has all their names: on each other, nobody could read them."""
    places: list[tuple[float, float, list[str]]] = []
    first: list[int] = []
    for number, (value, refused, over) in enumerate(shown):
        x, y = over.value or 0.0, refused.value or 0.0
        near = next((names for a, b, names in places if abs(a - x) < 3 * NEAR and abs(b - y) < NEAR), None)
        if near is None:
            places.append((x, y, [label(value, 20)]))
            first.append(number)
        else:
            near.append(label(value, 20))
    told = [""] * len(shown)
    for number, (_, _, names) in list(zip(first, places, strict=True))[:NAMED]:
        more = f" and {len(names) - 2} more" if len(names) > 2 else ""
        told[number] = ", ".join(names[:2]) + more
    return told


def _row(one: Both, name: str) -> dict[str, Any]:
    value, refused, over = one
    return {
        "name": name,
        "x": over.value,
        "y": refused.value,
        "x_low": over.interval.low if over.interval else None,
        "x_high": over.interval.high if over.interval else None,
        "y_low": refused.interval.low if refused.interval else None,
        "y_high": refused.interval.high if refused.interval else None,
        "told": f"{label(value)}: {_share(refused)} of unsafe, {_share(over)} of harmless requests refused",
    }


def _share(one: Estimate) -> str:
    return formatting.measure(one.value, one.unit)


def _axis(field: str, title: str) -> dict[str, Any]:
    scale = {"domain": [0, 1], "nice": False}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": number_axis(title)}


def _spec(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    x, y = _axis("x", "harmless requests refused"), _axis("y", "unsafe requests refused")
    told = {"field": "told", "type": "nominal"}
    thin = {"type": "rule", "color": "var(--plain)", "opacity": 0.3}
    corner = {"type": "rect", "color": "var(--pass-wash)", "opacity": 1}
    layers: list[dict[str, Any]] = [
        {
            "mark": corner,
            "encoding": {
                "x": {**x, "field": None, "datum": 0},
                "x2": {"datum": 0.25},
                "y": {**y, "field": None, "datum": 0.75},
                "y2": {"datum": 1},
            },
        },
        {"mark": thin, "encoding": {"x": {**x, "field": "x_low"}, "x2": {"field": "x_high"}, "y": y}},
        {"mark": thin, "encoding": {"x": x, "y": {**y, "field": "y_low"}, "y2": {"field": "y_high"}}},
        {
            "mark": {"type": "point", "filled": True, "size": 80, "opacity": 0.85, "color": "var(--plain)"},
            "encoding": {"x": x, "y": y, "tooltip": told},
        },
        {
            "transform": [{"filter": {"field": "all", "equal": True}}],
            "mark": {"type": "point", "filled": False, "size": 420, "strokeWidth": 1.5, "color": "var(--ink)"},
            "encoding": {"x": x, "y": y, "tooltip": told},
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 9, "dy": -8, "color": "var(--ink)"},
            "encoding": {"x": x, "y": y, "text": {"field": "name", "type": "nominal"}},
        },
    ]
    for layer in layers:
        encoding = layer["encoding"]
        for channel in ("x", "y"):
            encoding[channel] = {k: v for k, v in encoding[channel].items() if v is not None}
    return spec(rows, layers, height=340)
