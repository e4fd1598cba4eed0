"""A card per check: what it measured, with intervals, counts, reasons, slices and signatures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalkit.records import CheckSummary, Estimate, Result
from evalkit.report import formatting, view
from evalkit.report.hostile import one_line
from evalkit.report.svg import Drawing, drawing
from evalkit.report.window import picture

MOST_SLICES = 100
"""Of one label and metric that a page shows; report.json has all."""


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    value: str
    interval: str
    method: str
    scored: str
    rest: str
    reasons: str
    drawing: Drawing | None


@dataclass(frozen=True, slots=True)
class SliceTable:
    label: str
    metric: str
    better: str
    rows: tuple[Row, ...]
    left_out: int
    open: bool


@dataclass(frozen=True, slots=True)
class Card:
    anchor: str
    name: str
    kind: str
    dataset: str
    counts: str
    bar: tuple[tuple[str, float, float], ...]
    """Shade, start and width (of 100) of scored, unscored and errored cases."""
    reasons: str
    log: str
    rows: tuple[Row, ...]
    slices: tuple[SliceTable, ...]
    signatures: tuple[tuple[str, str], ...]
    gates: tuple[view.GateView, ...]
    findings: int
    skipped: int


def cards(result: Result, gates: Sequence[view.GateView]) -> list[Card]:
    return [_card(result, check, at, gates) for at, check in enumerate(result.checks, 1)]


def _card(result: Result, check: CheckSummary, at: int, gates: Sequence[view.GateView]) -> Card:
    infos = view.metric_infos(result)
    estimates = view.of_check(result.estimates, check.name)
    whole = [estimate for estimate in estimates if not estimate.slice]
    rows = tuple(row(e, e.metric, share=view.is_share(e, infos)) for e in whole)
    signatures = {one_line(e.metric): one_line(e.signature) for e in whole if e.signature}
    return Card(
        anchor=f"check-{at}",
        name=one_line(check.name),
        kind=one_line(check.kind),
        dataset=one_line(check.dataset),
        counts=formatting.counts(check.counts),
        bar=_bar(check),
        reasons=one_line(formatting.reasons(check.counts.reasons, 5)),
        log=one_line(check.log),
        rows=rows,
        slices=tuple(_slices(result, check.name, [e for e in estimates if e.slice])),
        signatures=tuple(signatures.items()),
        gates=tuple(gate for gate in gates if gate.check == check.name),
        findings=sum(finding.check == check.name for finding in result.findings),
        skipped=check.skipped_rows,
    )


def _bar(check: CheckSummary) -> tuple[tuple[str, float, float], ...]:
    counts, start, parts = check.counts, 0.0, []
    for shade, many in (("pass", counts.scored), ("unsure", counts.unscored), ("fail", counts.errored)):
        width = 100 * many / counts.planned if counts.planned else 0.0
        if width:
            parts.append((shade, round(start, 2), round(width, 2)))
        start += width
    return tuple(parts)


def row(estimate: Estimate, name: str, *, share: bool) -> Row:
    value, between = (
        formatting.measure(estimate.value, estimate.unit),
        formatting.interval(estimate.interval, estimate.unit),
    )
    counts = estimate.counts
    drawn = None
    if share and estimate.value is not None:
        drawn = drawing(picture(estimate.value, estimate.interval, share=True), label=f"{value}, interval {between}")
    confidence = formatting.confidence(estimate.interval)
    return Row(
        name=one_line(name),
        value=value,
        interval=between,
        method=one_line(f"{confidence} {estimate.interval.method}") if estimate.interval else "",
        scored=f"{counts.scored:,} of {counts.planned:,}",
        rest=f"{counts.unscored:,} unscored, {counts.errored:,} errored",
        reasons=one_line(formatting.reasons(counts.reasons)),
        drawing=drawn,
    )


def _slices(result: Result, check: str, estimates: Sequence[Estimate]) -> list[SliceTable]:
    """A table per label and metric, the metric that is gated first and open."""
    infos, leading = view.metric_infos(result), view.leading_metric(result, check)
    grouped: dict[tuple[str, str], list[Estimate]] = {}
    for estimate in estimates:
        grouped.setdefault((" and ".join(estimate.slice), estimate.metric), []).append(estimate)
    tables = []
    for (label, metric), group in sorted(grouped.items(), key=lambda item: item[0][1] != leading):
        shown = group[:MOST_SLICES]
        rows = tuple(row(e, ", ".join(e.slice.values()), share=view.is_share(e, infos)) for e in shown)
        table = SliceTable(
            label=one_line(label),
            metric=one_line(metric),
            better=group[0].better,
            rows=rows,
            left_out=len(group) - len(shown),
            open=metric == leading and len(group) <= 20,
        )
        tables.append(table)
    return tables
