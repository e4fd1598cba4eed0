"""Pictures of a result: pure functions from its nouns to Vega-Lite, a sentence and a table each."""

from __future__ import annotations

from evalkit.report.charts.changes import change_chart
from evalkit.report.charts.chart import Chart, coloured
from evalkit.report.charts.checks import CheckCharts, check_charts
from evalkit.report.charts.differences import difference_charts
from evalkit.report.charts.gates import gate_charts, gates_without_a_value
from evalkit.report.charts.sections import section_charts
from evalkit.report.charts.speed import model_latency_charts, timeline_charts
from evalkit.results import Result

__all__ = [
    "Chart",
    "CheckCharts",
    "change_chart",
    "charts",
    "check_charts",
    "coloured",
    "difference_charts",
    "gate_charts",
    "gates_without_a_value",
    "model_latency_charts",
    "section_charts",
    "timeline_charts",
]


def charts(result: Result) -> list[Chart]:
    """All that a page shows, in its order; each has an id of its own."""
    found = gate_charts(result)
    found += difference_charts(result)
    change = change_chart(result)
    found += [change] if change else []
    for at, check in enumerate(result.checks, 1):
        found += check_charts(result, check, at).all
    found += [chart for section in result.sections for chart in section_charts(section)]
    return [*found, *timeline_charts(result), *model_latency_charts(result)]
