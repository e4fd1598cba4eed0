"""Squares in rows and columns, the stronger the more: which of two things go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evalkit.report.charts.chart import spec

NUMBERS_UP_TO = 12
"""As many rows leave room for a number in each square."""
STEPS = {0.25: 0.06, 0.5: 0.16, 0.75: 0.3, 0.9995: 0.48}
"""Opacity of what is below each share; a whole is opaque. Between 0.48 and that, neither ink nor paper can be read."""


def heat(cells: Sequence[Mapping[str, Any]], many: int) -> dict[str, Any]:
    """``cells`` have ``row``, ``column``, ``strength`` from 0 to 1, ``number`` and ``told``."""
    axis = {"title": None, "grid": False, "ticks": False, "domain": False}
    y = {"field": "row", "type": "nominal", "sort": None, "axis": {**axis, "labelLimit": 120}}
    across = {**axis, "orient": "top", "labelAngle": -40, "labelLimit": 90}
    x = {"field": "column", "type": "nominal", "sort": None, "axis": across}
    legend = {
        "title": None,
        "orient": "bottom",
        "columns": 3,
        "columnPadding": 14,
        "format": ".2~f",
        "symbolType": "square",
        "symbolSize": 180,
        "symbolFillColor": "var(--plain)",
        "symbolStrokeWidth": 0,
        "offset": 12,
    }
    strength = {
        "field": "strength",
        "type": "quantitative",
        "scale": {"type": "threshold", "domain": list(STEPS), "range": [*STEPS.values(), 1]},
        "legend": legend,
    }
    last = list(STEPS)[-1]
    written = {
        "field": "whole",
        "type": "nominal",
        "scale": {"domain": [False, True], "range": ["var(--ink)", "var(--sheet)"]},
        "legend": None,
    }
    shown = [{**cell, "whole": (cell["strength"] or 0) >= last} for cell in cells]
    told = {"field": "told", "type": "nominal"}
    layers = [
        {
            "mark": {"type": "rect", "color": "var(--plain)", "stroke": "var(--sheet)", "strokeWidth": 2},
            "encoding": {"x": x, "y": y, "opacity": strength, "tooltip": told},
        },
        {
            "mark": {"type": "text", "fontSize": 11},
            "encoding": {
                "x": x,
                "y": y,
                "text": {"field": "number", "type": "nominal"},
                "color": written,
            },
        },
    ]
    return spec(shown, layers, height=many * (34 if many <= NUMBERS_UP_TO else 22))
