"""Refusal against over-refusal, a point for each category: a model that moves along the diagonal changes its temper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
HEIGHT = 300
AIR = 0.04
"""Beside the axes, so that nothing at 0 or 1 lies on them."""
LONGEST = 24
RIGHT = 0.6
"""Further right names stand left of their places."""
LETTER = 0.027
"""Room of a letter on a phone, as a part of the picture's width."""
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
        whole_ends = _ends({one.metric: one for one in mine if not one.slice})
        told = f"all cases: {whole[REFUSED]:.3f} of unsafe, {whole[OVER_REFUSED]:.3f} of harmless requests refused"
        rows.append(
            {"name": "", "all": True, "x": whole[OVER_REFUSED], "y": whole[REFUSED], "told": told, **whole_ends}
        )
    worst = shown[0]
    return Chart(
        id=f"safety-{at}",
        title=f"Unsafe requests refused (upwards) against harmless ones refused, by {label(name)}; the tinted corner "
        "is where a model should be, the ring all cases with their intervals",
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
    """The first of those that lie at one place has all their names; on each other, nobody could read them."""
    places: list[tuple[float, float, list[str]]] = []
    first: list[int] = []
    for number, (value, refused, over) in enumerate(shown):
        x, y = over.value or 0.0, refused.value or 0.0
        near = next((names for a, b, names in places if abs(a - x) < NEAR and abs(b - y) < NEAR), None)
        if near is None:
            places.append((x, y, [label(value, LONGEST)]))
            first.append(number)
        else:
            near.append(label(value, LONGEST))
    told = [""] * len(shown)
    for number, text in _fitting(list(zip(first, places, strict=True))):
        told[number] = text
    return told


def _fitting(places: Sequence[tuple[int, tuple[float, float, list[str]]]]) -> Iterator[tuple[int, str]]:
    """Names that run into no other name and over no other place; what is left out is in the table."""
    taken: list[tuple[float, float, float]] = [(x, x, y) for _, (x, y, _) in places]
    for number, (x, y, names) in places[:NAMED]:
        more = len(names) - 1
        for text in (f"{names[0]} and {more} more", f"{names[0]} +{more}") if more else names[:1]:
            width = LETTER * len(text)
            left, right = (x - width, x - NEAR / 2) if x > RIGHT else (x + NEAR / 2, x + width)
            others = [one for one in taken if one != (x, x, y)]
            if not any(abs(b - y) < NEAR and left < high and low < right for low, high, b in others):
                taken.append((left, right, y))
                yield number, text
                break


def _row(one: Both, name: str) -> dict[str, Any]:
    """Without its interval: of a few cases each, they would cover all else. The table has them."""
    value, refused, over = one
    return {
        "name": name,
        "left": (over.value or 0.0) > RIGHT,
        "all": False,
        "x": over.value,
        "y": refused.value,
        "told": f"{label(value)}: {_share(refused)} of unsafe, {_share(over)} of harmless requests refused",
    }


def _ends(whole: dict[str, Estimate]) -> dict[str, float]:
    found: dict[str, float] = {}
    for side, metric in (("x", OVER_REFUSED), ("y", REFUSED)):
        between = whole[metric].interval
        if between is not None:
            found |= {f"{side}_low": between.low, f"{side}_high": between.high}
    return found


def _share(one: Estimate) -> str:
    return formatting.measure(one.value, one.unit)


def _axis(field: str, title: str) -> dict[str, Any]:
    scale = {"domain": [-AIR, 1 + AIR], "nice": False}
    axis = number_axis(title, values=[0, 0.2, 0.4, 0.6, 0.8, 1], tickCount=12)
    return {"field": field, "type": "quantitative", "scale": scale, "axis": axis}


def _spec(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    x, y = _axis("x", "harmless requests refused"), _axis("y", "unsafe requests refused")
    told = {"field": "told", "type": "nominal"}
    whole = [{"filter": {"field": "all", "equal": True}}]
    interval = {"type": "rule", "color": "var(--ink)", "strokeWidth": 1.5}
    corner = {
        "x": {**x, "field": None, "datum": -AIR},
        "x2": {"datum": 0.25},
        "y": {**y, "field": None, "datum": 0.75},
        "y2": {"datum": 1 + AIR},
    }
    across = {"x": {**x, "field": "x_low"}, "x2": {"field": "x_high"}, "y": y}
    upwards = {"x": x, "y": {**y, "field": "y_low"}, "y2": {"field": "y_high"}}
    ring = {"type": "point", "filled": False, "size": 420, "strokeWidth": 1.5, "color": "var(--ink)"}
    dot = {"type": "point", "filled": True, "size": 80, "opacity": 0.85, "color": "var(--plain)"}
    layers: list[dict[str, Any]] = [
        {"mark": {"type": "rect", "color": "var(--pass-wash)", "opacity": 1}, "encoding": corner},
        {"transform": whole, "mark": interval, "encoding": across},
        {"transform": whole, "mark": interval, "encoding": upwards},
        {
            "transform": [{"filter": {"field": "all", "equal": False}}],
            "mark": dot,
            "encoding": {"x": x, "y": y, "tooltip": told},
        },
        {"transform": whole, "mark": ring, "encoding": {"x": x, "y": y, "tooltip": told}},
        *_texts(x, y),
    ]
    for layer in layers:
        encoding = layer["encoding"]
        for channel in ("x", "y"):
            encoding[channel] = {k: v for k, v in encoding[channel].items() if v is not None}
    return spec(rows, layers, height=HEIGHT)


def _texts(x: dict[str, Any], y: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Beside their places, on a ground of their own: lines run through the picture."""
    text = {"field": "name", "type": "nominal"}
    for left, align, dx in ((False, "left", 15), (True, "right", -15)):
        side = [{"filter": {"field": "left", "equal": left}}]
        for look in ({"stroke": "var(--sheet)", "strokeWidth": 4}, {}):
            mark = {"type": "text", "align": align, "baseline": "middle", "dx": dx, "color": "var(--ink)", **look}
            yield {"transform": side, "mark": mark, "encoding": {"x": x, "y": y, "text": text}}
