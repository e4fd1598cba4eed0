"""What every rendering of a comparison says: its sentence, its cells, its notes."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.records import Interval, Status
from evalkit.report import formatting
from evalkit.report.hostile import one_line, shorten_end
from evalkit.results import Exchange
from evalkit.runner.compare import CaseChange, CheckChange, Comparison, MetricChange

LONGEST_LIST = 10
MOST_EXCHANGES = 2
"""Of a case of several: enough to see what kind of case it is."""
WORDS = {"better": "✓", "worse": "✗", "unclear": "~", "moved": "↕", "same": "="}
PLAIN_WORDS = {"better": "+", "worse": "x", "unclear": "~", "moved": "!", "same": "="}
STYLES = {"better": "green", "worse": "bold red", "unclear": "yellow", "moved": "cyan", "same": "dim"}
HEADINGS = ("metric", "baseline", "candidate", "difference", "95% interval", "improved", "regressed", "unchanged")


def sentence(comparison: Comparison) -> str:
    """The answer first: ``mock:b against mock:a: 3 metrics better, 5 worse, 4 unclear, 2 the same``."""
    words = [metric.word for metric in comparison.metrics]
    counts = [formatting.count(words.count("better"), "metric") + " better", f"{words.count('worse'):,} worse"]
    if moved := words.count("moved"):
        counts.append(f"{moved:,} moved")
    counts += [f"{words.count('unclear'):,} unclear", f"{words.count('same'):,} the same"]
    return f"{comparison.candidate.model} against {comparison.baseline.model}: {', '.join(counts)}"


def changed(check: CheckChange) -> list[MetricChange]:
    return [metric for metric in check.metrics if metric.word != "same"]


def cells(metric: MetricChange) -> tuple[str, ...]:
    """In the order of ``HEADINGS``."""
    unit, contrast = metric.unit, metric.contrast
    counts = (metric.improved, metric.regressed, metric.unchanged)
    return (
        metric.metric,
        formatting.number(metric.baseline, unit),
        formatting.number(metric.candidate, unit),
        formatting.difference(contrast.value, unit),
        _span(contrast.interval, unit),
        *(formatting.NONE if number is None else f"{number:,}" for number in counts),
    )


def _span(between: Interval | None, unit: str) -> str:
    """Without the unit's name: the columns beside it have none either."""
    if between is None:
        return formatting.NONE
    return f"{formatting.difference(between.low, unit)} to {formatting.difference(between.high, unit)}"


def notes(check: CheckChange) -> list[str]:
    """What stands beside the numbers of a check, so that nobody takes them for more than they are."""
    said = []
    for side, cases in (("baseline", check.only_baseline), ("candidate", check.only_candidate)):
        if cases:
            more = f", and {len(cases) - LONGEST_LIST:,} more" if len(cases) > LONGEST_LIST else ""
            said.append(f"in the {side} only: {formatting.count(len(cases), 'case')}: {_few(cases)}{more}")
    for what, sides in (("errored", check.errored), ("unscored", check.unscored)):
        if any(sides):
            worst = "; they count as the worst value where a metric has one" if what == "errored" else ""
            said.append(f"{what}: {sides[0]:,} in the baseline, {sides[1]:,} in the candidate{worst}")
    return said


def _few(names: Sequence[str]) -> str:
    return ", ".join(shorten_end(one_line(name), 40) for name in names[:LONGEST_LIST])


def change_in_words(change: CaseChange, unit: str) -> str:
    if (change.baseline_status is Status.ERRORED) != (change.candidate_status is Status.ERRORED):
        return f"{change.baseline_status} in the baseline, {change.candidate_status} in the candidate"
    before, after = formatting.number(change.baseline, unit), formatting.number(change.candidate, unit)
    return f"{change.metric} {before} → {after}"


def units(comparison: Comparison) -> dict[tuple[str, str], str]:
    return {(metric.check, metric.metric): metric.unit for metric in comparison.metrics}


def shown_cases(changes: Sequence[CaseChange]) -> list[CaseChange]:
    return [change for change in changes if change.baseline_exchanges or change.candidate_exchanges]


def pairs(change: CaseChange) -> list[tuple[Exchange | None, Exchange | None]]:
    """Exchanges side by side; those whose answers differ first."""
    before, after = change.baseline_exchanges, change.candidate_exchanges
    both = [
        (before[i] if i < len(before) else None, after[i] if i < len(after) else None)
        for i in range(max(len(before), len(after)))
    ]
    return sorted(both, key=lambda pair: (pair[0].answer if pair[0] else "") == (pair[1].answer if pair[1] else ""))


def spoken(exchange: Exchange | None) -> str:
    if exchange is None:
        return "(not asked)"
    if exchange.error:
        return f"(error: {exchange.error})"
    return exchange.answer or "(empty)"
