"""Squares in rows and columns, the stronger the more: which of two things go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evalkit.report.charts.chart import spec

NUMBERS_UP_TO = 12
"""As many rows leave room for a number in each square."""
STRONGEST = 0.45
"""Opacity of the strongest square with a number in it, which can be read on all of them by day and by night."""


def heat(cells: Sequence[Mapping[str, Any]], many: int) -> dict[str, Any]:
    """``cells`` have ``row``, ``column``, ``strength`` from 0 to 1, ``number`` and ``told``."""
    axis = {"title": None, "grid": False, "ticks": False, "domain": False}
    y = {"field": "row", "type": "nominal", "sort": None, "axis": {**axis, "labelLimit": 120}}
    across = {**axis, "orient": "top", "labelAngle": -40, "labelLimit": 90}
    x = {"field": "column", "type": "nominal", "sort": None, "axis": across}
    strength = {
        "field": "strength",
        "type": "quantitative",
        "scale": {"domain": [0, 1], "range": [0.04, STRONGEST if many <= NUMBERS_UP_TO else 1], "clamp": True},
        "legend": None,
    }
    told = {"field": "told", "type": "nominal"}
    layers = [
        {
            "mark": {"type": "rect", "color": "var(--plain)", "stroke": "var(--sheet)", "strokeWidth": 2},
            "encoding": {"x": x, "y": y, "fillOpacity": strength, "tooltip": told},
        },
        {
            "mark": {"type": "text", "fontSize": 11, "color": "var(--ink)"},
            "encoding": {
                "x": x,
                "y": y,
                "text": {"field": "number", "type": "nominal"},
            },
        },
    ]
    return spec(cells, layers, height=many * (34 if many <= NUMBERS_UP_TO else 22))
