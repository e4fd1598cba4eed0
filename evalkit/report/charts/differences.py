"""Every metric less its value in the baseline, with the interval of the difference: no change in the middle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evalkit.report import formatting, since, view
from evalkit.report.charts.chart import ROW, Chart, distinct, domain, finite, label, names_axis, number_axis, spec
from evalkit.report.contrast_words import chance
from evalkit.results import MetricContrast, Result

MOST = 40
SHARES = {"", "share", "score100"}
WORDS = {
    "worse": ("var(--fail)", "cross"),
    "better": ("var(--pass)", "circle"),
    "moved": ("var(--plain)", "circle"),
    "unclear": ("var(--soft)", "circle"),
}
COLUMNS = ("metric", "baseline", "this run", "difference", "95% interval", "adjusted p", "conclusion")


def difference_charts(result: Result) -> list[Chart]:
    """One for shares and one for each other unit; what nothing differs in is told by the table."""
    order = {row.name: at for at, row in enumerate(since.rows(result))}
    infos = view.metric_infos(result)
    units: dict[str, list[MetricContrast]] = {}
    for one in sorted(result.contrasts, key=lambda one: order.get(one.name, 0)):
        if one.conclusion == "same" or finite(one.difference) is None:
            continue
        info = infos.get((one.check, one.metric))
        share = one.unit in SHARES or (info is not None and info.bounds == (0.0, 1.0))
        units.setdefault("" if share else one.unit, []).append(one)
    ordered = sorted(units.items(), key=lambda item: item[0] != "")
    return [_chart(unit, group[:MOST], f"differences-{at}") for at, (unit, group) in enumerate(ordered)]


def _chart(unit: str, group: Sequence[MetricContrast], identity: str) -> Chart:
    rows: list[dict[str, Any]] = []
    for name, one in zip(distinct(label(one.name) for one in group), group, strict=True):
        low, high = (finite(one.interval.low), finite(one.interval.high)) if one.interval else (None, None)
        rows.append(
            {
                "name": name,
                "value": one.difference,
                "low": one.difference if low is None else low,
                "high": one.difference if high is None else high,
                "word": one.conclusion,
                "told": f"{label(one.name)}: {' '.join(_cells(one)[3:5])}, {one.conclusion}",
            }
        )
    many = {word: sum(one.conclusion == word for one in group) for word in WORDS}
    counted = ", ".join(f"{times} {word}" for word, times in many.items() if times)
    first = group[0]
    return Chart(
        id=identity,
        title=f"Difference from the baseline, {f'in {label(unit)}' if unit else 'of shares and scores'}",
        spec=_spec(rows, domain([0.0, *(row[end] for row in rows for end in ("low", "value", "high"))])),
        says=f"{formatting.count(len(group), 'metric')} against the baseline: {counted}; the first, "
        f"{label(first.name)}, differs by {formatting.difference(first.difference, first.unit)}: {first.conclusion}",
        columns=COLUMNS,
        rows=tuple(_cells(one) for one in group),
    )


def _cells(one: MetricContrast) -> tuple[str, ...]:
    return (
        label(one.name),
        formatting.measure(one.baseline, one.unit),
        formatting.measure(one.value, one.unit),
        formatting.difference(one.difference, one.unit),
        formatting.interval(one.interval, one.unit, signed=True),
        chance(one.p_adjusted),
        one.conclusion,
    )


def _spec(rows: Sequence[dict[str, Any]], span: Sequence[float]) -> dict[str, Any]:
    x: dict[str, Any] = {"type": "quantitative", "scale": {"domain": list(span), "nice": False, "zero": False}}
    y, told = names_axis(), {"field": "told", "type": "nominal"}
    by = {"field": "word", "type": "nominal", "legend": None}
    colour = {**by, "scale": {"domain": list(WORDS), "range": [look for look, _ in WORDS.values()]}}
    shape = {**by, "scale": {"domain": list(WORDS), "range": [look for _, look in WORDS.values()]}}
    between = {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}, "color": colour, "tooltip": told}
    value = {"y": y, "x": {**x, "field": "value", "axis": number_axis()}, "color": colour, "shape": shape}
    layers = [
        {"mark": {"type": "rule", "strokeDash": [4, 3], "color": "var(--ink)"}, "encoding": {"x": {**x, "datum": 0}}},
        {"mark": {"type": "rule", "strokeWidth": 2}, "encoding": between},
        {"mark": {"type": "point", "filled": True, "size": 85, "opacity": 1}, "encoding": {**value, "tooltip": told}},
    ]
    return spec(rows, layers, height=len(rows) * ROW, usermeta={"lines": len(rows)})
