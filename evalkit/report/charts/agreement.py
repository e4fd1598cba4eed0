"""Which attempts, or conditions, gave the same answers: a square for each two of them."""

from __future__ import annotations

from typing import Any

from evalkit.report.charts.chart import Chart, distinct, label, spec
from evalkit.results import Agreement

MOST = 24
NUMBERS_UP_TO = 12
"""As many names leave room for a number in each square."""


def agreement_chart(of: Agreement, at: int) -> Chart | None:
    """None where there are not two to be compared."""
    names = distinct(label(name, 32) for name in of.names[:MOST])
    many = len(names)
    if many < 2 or len(of.same) < many:
        return None
    cells: list[dict[str, Any]] = [
        {
            "row": names[i],
            "column": names[j],
            "same": of.same[i][j],
            "number": "" if of.same[i][j] is None or many > NUMBERS_UP_TO else _share(of.same[i][j]),
            "told": f"{names[i]} and {names[j]}: {_share(of.same[i][j])} identical",
            "dark": (of.same[i][j] or 0.0) > 0.6,
        }
        for i in range(many)
        for j in range(many)
        if j < len(of.same[i])
    ]
    pairs = [(of.same[i][j], i, j) for i in range(many) for j in range(i) if of.same[i][j] is not None]
    said = f"Shares of {of.cases:,} cases with identical answers, for {many} attempts or conditions"
    if pairs:
        least = min(pairs, key=lambda pair: pair[0] or 0.0)
        said += f"; least alike: {names[least[2]]} and {names[least[1]]}, {_share(least[0])}"
    return Chart(
        id=f"agreement-{at}",
        title="Share of cases with identical answers, each two of them",
        spec=_spec(cells, many),
        says=said,
        columns=("", *names),
        rows=tuple(
            (names[i], *(_share(of.same[i][j]) for j in range(min(many, len(of.same[i]))))) for i in range(many)
        ),
        widest=160 + 56 * many,
    )


def _share(value: float | None) -> str:
    from evalkit.report.formatting import number

    return number(value, "share")


def _spec(cells: list[dict[str, Any]], many: int) -> dict[str, Any]:
    axis = {"title": None, "grid": False, "ticks": False, "domain": False}
    y = {"field": "row", "type": "nominal", "sort": None, "axis": axis}
    x = {"field": "column", "type": "nominal", "sort": None, "axis": {**axis, "orient": "top", "labelAngle": -40}}
    strength = {
        "field": "same",
        "type": "quantitative",
        "scale": {"domain": [0, 1], "range": [0.04, 1], "clamp": True},
        "legend": None,
    }
    told = {"field": "told", "type": "nominal"}
    layers = [
        {
            "mark": {"type": "rect", "color": "var(--plain)", "stroke": "var(--sheet)", "strokeWidth": 2},
            "encoding": {"x": x, "y": y, "fillOpacity": strength, "tooltip": told},
        },
        {
            "mark": {"type": "text", "fontSize": 11},
            "encoding": {
                "x": x,
                "y": y,
                "text": {"field": "number", "type": "nominal"},
                "color": {
                    "field": "dark",
                    "type": "nominal",
                    "scale": {"domain": [False, True], "range": ["var(--ink)", "var(--sheet)"]},
                    "legend": None,
                },
            },
        },
    ]
    return spec(cells, layers, height=many * (34 if many <= NUMBERS_UP_TO else 22))
