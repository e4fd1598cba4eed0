"""The pictures that fit a check: which of them stands in its card, and which are folded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evalkit.records import Word
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
from evalkit.report.hostile import one_line
from evalkit.results import CheckSummary, Result

MOST_REVIEWS = 3
MOST = 16
"""Pictures of one check; report.json has all of the data."""


@dataclass(frozen=True, slots=True)
class CheckCharts:
    shown: Chart | None
    """The one that fits the check best."""
    more: tuple[Chart, ...]
    left_out: int = 0
    evidence: Mapping[str, str] = field(default_factory=dict)
    """By gates that were tested while cases came in: the picture of it."""

    @property
    def all(self) -> tuple[Chart, ...]:
        return (self.shown, *self.more) if self.shown else self.more


def check_charts(result: Result, check: CheckSummary, at: int) -> CheckCharts:
    """The kind's own picture first, then what is told of every kind; of that, evidence goes after the first."""
    own = [safety_chart(result, check, at)]
    own += [agreement_chart(one, at * 100 + n) for n, one in enumerate(result.agreements) if one.check == check.name]
    own += [latency_chart(result, check, at), confusion_chart(check, f"confusion-{at}")]
    gaps = gap_charts(result, check.name, at)
    general = _general(result, check, at)
    reviews = [one for one in result.reviews if one.check == check.name]
    people = [review_chart(one, f"review-{at}-{n}") for n, one in enumerate(reviews[:MOST_REVIEWS])]
    verdicts = [v for v in result.outcome.verdicts if v.estimate and v.estimate.check == check.name]
    told = [v for v in verdicts if not v.automatic or v.word is not Word.PASS]
    curves = {one_line(v.gate): evidence_chart(v, f"evidence-{at}-{n}") for n, v in enumerate(told)}
    candidates = (*own, *gaps[:1], *people, *general[:1], *curves.values(), *general[1:], *gaps[1:])
    ordered = [one for one in candidates if one is not None]
    kept = {one.id for one in ordered[:MOST]}
    evidence = {gate: one.id for gate, one in curves.items() if one and one.id in kept}
    left_out = max(0, len(ordered) - MOST)
    return CheckCharts(ordered[0] if ordered else None, tuple(ordered[1:MOST]), left_out, evidence)


def _general(result: Result, check: CheckSummary, at: int) -> list[Chart]:
    """A share is compared by category before its spread is told, a quantity after."""
    values = _distributions(result, check, at)
    by_category = category_chart(result, check.name, at)
    if by_category is None:
        return values
    return [by_category, *values] if _leads_with_a_share(result, check) else [*values[:1], by_category, *values[1:]]


def _leads_with_a_share(result: Result, check: CheckSummary) -> bool:
    leading = view.leading_metric(result, check.name)
    whole = next((e for e in result.estimates if e.check == check.name and e.metric == leading and not e.slice), None)
    return view.is_share(whole, view.metric_infos(result))


def _distributions(result: Result, check: CheckSummary, at: int) -> list[Chart]:
    """What gates look at first, then what has a band that is wanted."""
    mine = [one for one in result.distributions if one.check == check.name]
    gated = {v.estimate.metric for v in result.outcome.verdicts if v.estimate and v.estimate.check == check.name}
    leading = view.leading_metric(result, check.name)
    mine.sort(key=lambda one: (one.low is None and one.high is None, one.metric != leading, one.metric not in gated))
    drawn = [distribution_chart(one, at * 100 + n) for n, one in enumerate(mine)]
    return [chart for chart in drawn if chart is not None]
