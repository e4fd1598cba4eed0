"""What went otherwise than in the baseline: cases lost to the left, cases won to the right."""

from __future__ import annotations

from typing import Any

from evalkit.report.charts.chart import Chart, distinct, label, names_axis, number_axis, spec
from evalkit.results import Result

MOST = 40
COLUMNS = ("check", "metric", "regressed", "fixed", "the same")


def change_chart(result: Result) -> Chart | None:
    """None where nothing was compared, or nothing changed."""
    told = [one for one in result.change_counts if one.fixed or one.regressed][:MOST]
    if not told:
        return None
    rows: list[dict[str, Any]] = []
    names = distinct(f"{label(one.check, 24)}.{label(one.metric, 24)}" for one in told)
    for name, one in zip(names, told, strict=True):
        rows.append(
            {"name": name, "side": "regressed", "cases": -one.regressed, "zero": 0, "many": one.regressed or ""}
        )
        rows.append({"name": name, "side": "fixed", "cases": one.fixed, "zero": 0, "many": one.fixed or ""})
    for row in rows:
        row["told"] = f"{row['name']}: {abs(row['cases'])} {row['side']}"
    regressed, fixed = sum(one.regressed for one in told), sum(one.fixed for one in told)
    return Chart(
        id="changes-by-check",
        title="Cases against the baseline: regressed to the left, fixed to the right",
        spec=_spec(rows, max(max(one.regressed, one.fixed) for one in told)),
        says=f"Against the baseline {regressed:,} measurements regressed and {fixed:,} were fixed; most regressed in "
        f"{label(max(told, key=lambda one: one.regressed).check)}",
        columns=COLUMNS,
        rows=tuple(
            (label(one.check), label(one.metric), f"{one.regressed:,}", f"{one.fixed:,}", f"{one.same:,}")
            for one in told
        ),
    )


def _spec(rows: list[dict[str, Any]], most: int) -> dict[str, Any]:
    y = names_axis()
    scale = {"domain": [-most * 1.15, most * 1.15], "nice": False}
    x = {
        "field": "cases",
        "type": "quantitative",
        "scale": scale,
        "axis": number_axis(grid=False, labels=False, ticks=False),
    }
    colour = {
        "field": "side",
        "type": "nominal",
        "scale": {"domain": ["regressed", "fixed"], "range": ["var(--fail)", "var(--pass)"]},
        "legend": None,
    }
    many = {"field": "many", "type": "nominal"}

    def number(side: str, align: str, dx: int) -> dict[str, Any]:
        return {
            "transform": [{"filter": {"field": "side", "equal": side}}],
            "mark": {"type": "text", "align": align, "dx": dx, "color": "var(--ink)"},
            "encoding": {"y": y, "x": x, "text": many},
        }

    bar = {
        "mark": {"type": "bar", "height": {"band": 0.6}},
        "encoding": {"y": y, "x": x, "x2": {"field": "zero"}, "color": colour, "tooltip": {"field": "told"}},
    }
    bar["encoding"]["tooltip"]["type"] = "nominal"  # type: ignore[index]
    zero = {"mark": {"type": "rule", "color": "var(--rule)"}, "encoding": {"x": {"datum": 0, "type": "quantitative"}}}
    return spec(
        rows, [bar, zero, number("regressed", "right", -5), number("fixed", "left", 5)], height=len(rows) // 2 * 26
    )
