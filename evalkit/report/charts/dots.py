"""Values with their intervals, a line each, on one axis: by category, by group, by percentile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evalkit.report.charts.chart import ROW, names_axis, number_axis, spec

DOT = {"type": "point", "filled": False, "size": 70, "strokeWidth": 1.75, "opacity": 1}
TIGHT = 19
"""Height of a line where there are many."""


def dots(
    rows: Sequence[Mapping[str, Any]],
    span: Sequence[float],
    *,
    title: str = "",
    middle: float | None = None,
    colour: str = "var(--plain)",
    worse: str = "",
) -> dict[str, Any]:
    """``rows`` have ``name``, ``value``, ``low``, ``high`` and ``told``. ``middle`` is what all are compared with;
    ``worse`` the colour, and the cross, of rows with ``worse``. What has no interval is hollow."""
    x = {"type": "quantitative", "scale": {"domain": list(span), "nice": False, "zero": False}}
    y = names_axis()
    told = {"field": "told", "type": "nominal"}
    look: dict[str, Any] = {"color": {"value": colour}}
    shape: dict[str, Any] = {}
    if worse:
        domain = [False, True]
        look = {"color": _by("worse", domain, [colour, worse])}
        shape = {"shape": _by("worse", domain, ["circle", "cross"])}
    inside = ["hollow", "full", "worse"]
    shape["fill"] = _by("inside", inside, ["var(--sheet)", colour, worse or colour])
    layers: list[dict[str, Any]] = []
    if middle is not None:
        mark = {"type": "rule", "strokeDash": [4, 3], "color": "var(--ink)"}
        layers.append({"mark": mark, "encoding": {"x": {**x, "datum": middle}}})
    layers += [
        {
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}, "tooltip": told, **look},
        },
        {
            "mark": DOT,
            "encoding": {
                "y": y,
                "x": {**x, "field": "value", "axis": number_axis(title)},
                "tooltip": told,
                **look,
                **shape,
            },
        },
    ]
    height = len(rows) * (ROW if len(rows) <= 8 else TIGHT)
    return spec(map(_whole, rows), layers, height=height, usermeta={"lines": len(rows)})


def _whole(row: Mapping[str, Any]) -> dict[str, Any]:
    """Without an interval a line of no length: a row that one layer leaves out would lose its place in the order."""
    inside = "hollow" if row["low"] is None and row["high"] is None else "worse" if row.get("worse") else "full"
    return {**row, "inside": inside, **{end: row["value"] for end in ("low", "high") if row[end] is None}}


def _by(field: str, domain: list[Any], values: list[str]) -> dict[str, Any]:
    return {
        "field": field,
        "type": "nominal",
        "scale": {"domain": domain, "range": values},
        "legend": None,
    }
