"""A card per check: what it measured, with intervals, counts, reasons, slices and signatures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalkit.records import Estimate
from evalkit.report import formatting, view
from evalkit.report.charts import CheckCharts, check_charts
from evalkit.report.gap_table import GapTable, gap_table
from evalkit.report.headlines import Wanted, headline_estimates, sentence, wanted
from evalkit.report.hostile import one_line
from evalkit.report.reviews import told
from evalkit.report.svg import Drawing, drawing
from evalkit.report.window import SHARE, Window, picture, window
from evalkit.results import CheckSummary, Result

MOST_SLICES = 100
"""Of one label and metric that a page shows; report.json has all."""
MOST_SLICE_ROWS = 200
"""Of one card, over all its labels and metrics."""
MOST_LABELS = 15
"""Of a confusion table that a page shows; report.json has all."""


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    value: str
    unit: str
    interval: str
    method: str
    scored: str
    rest: str
    reasons: str
    drawing: Drawing | None


@dataclass(frozen=True, slots=True)
class Headline:
    row: Row
    wanted: Wanted | None


@dataclass(frozen=True, slots=True)
class Table:
    rows: tuple[Row, ...]
    axis: str
    """From where to where the pictures are drawn; empty where there are none."""
    method: str
    """Of the intervals, where all rows have the same."""


@dataclass(frozen=True, slots=True)
class SliceTable:
    label: str
    metric: str
    better: str
    table: Table
    left_out: int


@dataclass(frozen=True, slots=True)
class Card:
    anchor: str
    name: str
    kind: str
    dataset: str
    sentence: str
    """What it found."""
    headlines: tuple[Headline, ...]
    counts: str
    bar: tuple[tuple[str, float, float], ...]
    """Shade, start and width (of 100) of scored, unscored and errored cases."""
    reasons: str
    log: str
    table: Table
    slices: tuple[SliceTable, ...]
    signatures: tuple[tuple[str, str], ...]
    gates: tuple[view.GateView, ...]
    findings: int
    skipped: int
    stopped: str
    gaps: GapTable | None
    charts: CheckCharts
    reviews: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]
    """Queue, question, and what people said."""
    slices_left_out: int
    confusion: tuple[tuple[str, ...], ...]
    """A head and a row for each label that was wanted; none where there are too many to be read."""


def cards(result: Result, gates: Sequence[view.GateView]) -> list[Card]:
    return [_card(result, check, at, gates) for at, check in enumerate(result.checks, 1)]


def _card(result: Result, check: CheckSummary, at: int, gates: Sequence[view.GateView]) -> Card:
    infos = view.metric_infos(result)
    estimates = view.of_check(result.estimates, check.name)
    whole = [estimate for estimate in estimates if not estimate.slice]
    shares = [e for e in whole if view.is_share(e, infos)]
    sliced = _slices(result, check.name, [e for e in estimates if e.slice])
    charts = check_charts(result, check, at)
    signatures = {one_line(e.metric): one_line(e.signature) for e in whole if e.signature}
    return Card(
        anchor=f"check-{at}",
        name=one_line(check.name),
        kind=one_line(check.kind),
        dataset=one_line(check.dataset),
        sentence=sentence(result, check),
        headlines=tuple(_headlines(result, check)),
        counts=formatting.counts(check.counts),
        bar=_bar(check),
        reasons=one_line(formatting.reasons(check.counts.reasons, 5)),
        log=one_line(check.log),
        table=_table([(e.metric, e, SHARE if e in shares else None) for e in whole], "0 to 1" if shares else ""),
        slices=tuple(_fitting(sliced)),
        signatures=tuple(signatures.items()),
        gates=tuple(gate for gate in gates if gate.check == check.name),
        findings=_to_read(result, check.name),
        skipped=check.skipped_rows,
        stopped=one_line(check.stopped),
        gaps=gap_table(result, check.name),
        charts=charts,
        reviews=_reviews(result, check.name),
        slices_left_out=len(sliced) - len(_fitting(sliced)),
        confusion=_confusion(check),
    )


def _headlines(result: Result, check: CheckSummary) -> Iterator[Headline]:
    infos, targets = view.metric_infos(result), wanted(result, check.name)
    for one in headline_estimates(result, check):
        window = SHARE if view.is_share(one, infos) else None
        yield Headline(_row(one, one.metric, window), targets.get(one.metric))


def _reviews(result: Result, check: str) -> tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]:
    return tuple(
        (
            one_line(one.queue),
            one_line(one.question),
            tuple((name or "note", one_line(value)) for name, value in told(one) if value),
        )
        for one in result.reviews
        if one.check == check
    )


def _to_read(result: Result, check: str) -> int:
    """Cases, each once: one that changed may be among the worst, too."""
    found = {one.case for one in (*result.findings, *result.sampled) if one.check == check}
    return len(found | {one.case for one in result.changes if one.check == check})


def _fitting(tables: list[SliceTable]) -> list[SliceTable]:
    """The first always; the others as long as there is room: a card of thousands of rows is read by nobody."""
    room = MOST_SLICE_ROWS
    found: list[SliceTable] = []
    for table in tables:
        room -= len(table.table.rows)
        if found and room < 0:
            break
        found.append(table)
    return found


def _confusion(check: CheckSummary) -> tuple[tuple[str, ...], ...]:
    counts = {(wanted, given): cases for wanted, given, cases in check.confusion}
    wanted = sorted({pair[0] for pair in counts})
    given = [*wanted, *sorted({pair[1] for pair in counts} - set(wanted))]
    if not counts or len(given) > MOST_LABELS:
        return ()
    head = ("wanted", *map(one_line, given))
    return (head, *((one_line(label), *(str(counts.get((label, to), 0)) for to in given)) for label in wanted))


def _bar(check: CheckSummary) -> tuple[tuple[str, float, float], ...]:
    counts, start, parts = check.counts, 0.0, []
    for shade, many in (("pass", counts.scored), ("unsure", counts.unscored), ("fail", counts.errored)):
        width = 100 * many / counts.planned if counts.planned else 0.0
        if width:
            parts.append((shade, round(start, 2), round(width, 2)))
        start += width
    return tuple(parts)


def _table(named: Sequence[tuple[str, Estimate, Window | None]], axis: str) -> Table:
    rows = tuple(_row(estimate, name, window) for name, estimate, window in named)
    methods = {row.method for row in rows if row.method}
    return Table(rows, axis, methods.pop() if len(methods) == 1 else "")


def _row(estimate: Estimate, name: str, window: Window | None) -> Row:
    value = formatting.number(estimate.value, estimate.unit)
    unit = "" if estimate.value is None else formatting.unit_name(value, estimate.unit)
    between = formatting.interval(estimate.interval, estimate.unit)
    counts = estimate.counts
    drawn = None
    if window is not None and estimate.value is not None:
        drawn = drawing(picture(estimate.value, estimate.interval), label=f"{value}, interval {between}", window=window)
    confidence = formatting.confidence(estimate.interval)
    return Row(
        name=one_line(name),
        value=value,
        unit=one_line(unit),
        interval=between,
        method=one_line(f"{confidence} {estimate.interval.method}") if estimate.interval else "",
        scored=f"{counts.scored:,} of {counts.planned:,}",
        rest=formatting.not_scored(counts),
        reasons=one_line(formatting.reasons(counts.reasons)),
        drawing=drawn,
    )


def _slices(result: Result, check: str, estimates: Sequence[Estimate]) -> list[SliceTable]:
    """A table per label and metric, the gated metric first."""
    leading = view.leading_metric(result, check)
    grouped: dict[tuple[str, str], list[Estimate]] = {}
    for estimate in estimates:
        grouped.setdefault((" and ".join(estimate.slice), estimate.metric), []).append(estimate)
    return [
        SliceTable(
            label=one_line(label),
            metric=one_line(metric),
            better=group[0].better,
            table=_slice_table(result, group[:MOST_SLICES]),
            left_out=max(0, len(group) - MOST_SLICES),
        )
        for (label, metric), group in sorted(grouped.items(), key=lambda item: item[0][1] != leading)
    ]


def _slice_table(result: Result, group: Sequence[Estimate]) -> Table:
    """All slices on one axis, so that they can be compared by eye."""
    unit = group[0].unit
    if view.is_share(group[0], view.metric_infos(result)):
        axis, written = SHARE, "0 to 1"
    else:
        ends = [(e.value, *((e.interval.low, e.interval.high) if e.interval else ())) for e in group]
        axis = window(number for numbers in ends for number in numbers)
        written = f"{formatting.number(axis.low, unit)} to {formatting.number(axis.high, unit)}"
    return _table([(", ".join(e.slice.values()), e, axis) for e in group], written)
