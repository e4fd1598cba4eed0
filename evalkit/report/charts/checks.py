"""The pictures that fit a check: which of them stand open in its card, and which are folded."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.report import view
from evalkit.report.charts.agreement import agreement_chart
from evalkit.report.charts.categories import category_chart
from evalkit.report.charts.chart import Chart
from evalkit.report.charts.confusion import confusion_chart
from evalkit.report.charts.distribution import distribution_chart
from evalkit.report.charts.evidence import evidence_chart
from evalkit.report.charts.gaps import gap_charts
from evalkit.report.charts.review import review_chart
from evalkit.report.charts.safety import safety_chart
from evalkit.report.charts.speed import latency_chart
from evalkit.results import CheckSummary, Result

MOST_REVIEWS = 3
MOST_VALUES = 2
"""Histograms that stand open where no picture of the kind's own does."""
MOST = 16
"""Pictures of one check; report.json has all of the data."""


@dataclass(frozen=True, slots=True)
class CheckCharts:
    first: tuple[Chart, ...]
    more: tuple[Chart, ...]
    left_out: int = 0


def check_charts(result: Result, check: CheckSummary, at: int) -> CheckCharts:
    """The kind's own picture first, then the metric that gates look at, then the others."""
    own = [safety_chart(result, check, at)]
    own += [agreement_chart(one, at * 100 + n) for n, one in enumerate(result.agreements) if one.check == check.name]
    own += [latency_chart(result, check, at), confusion_chart(check, f"confusion-{at}")]
    reviews = [one for one in result.reviews if one.check == check.name]
    own += [review_chart(one, f"review-{at}-{n}") for n, one in enumerate(reviews[:MOST_REVIEWS])]
    gaps = gap_charts(result, check.name, at)
    values = _distributions(result, check, at)
    verdicts = [v for v in result.outcome.verdicts if v.estimate and v.estimate.check == check.name]
    curves = [evidence_chart(verdict, f"evidence-{at}-{n}") for n, verdict in enumerate(verdicts)]
    by_category = category_chart(result, check.name, at)
    shown = 0 if any(own) or gaps else MOST_VALUES
    first = [chart for chart in (*own, *gaps[:1], *values[:shown], by_category) if chart is not None]
    more = [chart for chart in (*values[shown:], *gaps[1:], *curves) if chart is not None]
    room = MOST - len(first)
    return CheckCharts(tuple(first), tuple(more[:room]), max(0, len(more) - room))


def _distributions(result: Result, check: CheckSummary, at: int) -> list[Chart]:
    """What gates look at first, then what has a band that is wanted."""
    mine = [one for one in result.distributions if one.check == check.name]
    gated = {v.estimate.metric for v in result.outcome.verdicts if v.estimate and v.estimate.check == check.name}
    leading = view.leading_metric(result, check.name)
    mine.sort(key=lambda one: (one.low is None and one.high is None, one.metric != leading, one.metric not in gated))
    drawn = [distribution_chart(one, at * 100 + n) for n, one in enumerate(mine)]
    return [chart for chart in drawn if chart is not None]
