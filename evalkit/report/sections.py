"""Sections that a mode wrote, in words and cells: made once here, so that every rendering only lays them out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evalkit.report import formatting
from evalkit.report.charts.chart import Chart
from evalkit.report.charts.sections import section_charts
from evalkit.report.hostile import one_line, shorten_end
from evalkit.results import Result
from evalkit.sections import Advice, Cell, FlowPicture, Section, SectionTable

SHADES = {"held": "pass", "broken": "fail", "noticed": "unsure", "measured": "plain"}
LONGEST_CELL = 400
LONGEST_SENTENCE = 600
MOST_ROWS = 200
"""Of a table in a page; all are in report.json."""


@dataclass(frozen=True, slots=True)
class TableView:
    title: str
    heads: tuple[str, ...]
    numbers: tuple[bool, ...]
    """Which columns stand at the right."""
    rows: tuple[tuple[str, ...], ...]
    note: str
    left_out: str
    """How many rows do not stand here, and where they do; empty where all do."""


@dataclass(frozen=True, slots=True)
class StopView:
    name: str
    shade: str
    state: str
    counts: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SectionView:
    anchor: str
    title: str
    shade: str
    sentence: str
    advice: tuple[Advice, ...]
    flows: tuple[tuple[str, str, tuple[StopView, ...]], ...]
    """Title, sentence and places of each."""
    charts: tuple[Chart, ...]
    tables: tuple[TableView, ...]


def section_views(result: Result) -> list[SectionView]:
    return [_view(section) for section in result.sections]


def ran(result: Result) -> str:
    """How the suite was run and why, in one line; nothing of a result that does not say."""
    mode, reason = one_line(result.mode), one_line(result.mode_reason)
    return f"{mode}: {reason}" if mode and reason else mode


def title_and_sentence(section: Section) -> tuple[str, str]:
    return one_line(section.title), one_line(shorten_end(section.sentence, LONGEST_SENTENCE))


def advice_of(section: Section) -> Iterator[Advice]:
    for one in section.advice:
        yield Advice(*(one_line(shorten_end(text, LONGEST_CELL)) for text in (one.text, one.because, one.command)))


def _view(section: Section) -> SectionView:
    title, sentence = title_and_sentence(section)
    return SectionView(
        anchor=f"section-{one_line(section.id)}",
        title=title,
        shade=SHADES.get(section.state, "plain"),
        sentence=sentence,
        advice=tuple(advice_of(section)),
        flows=tuple(_flow(one) for one in section.pictures if isinstance(one, FlowPicture)),
        charts=tuple(section_charts(section)),
        tables=tuple(map(table_view, section.tables)),
    )


def _flow(picture: FlowPicture) -> tuple[str, str, tuple[StopView, ...]]:
    stops = tuple(
        StopView(
            one_line(stop.name),
            SHADES.get(stop.state, "plain"),
            one_line(stop.state),
            tuple(f"{many:,} {one_line(what)}" for what, many in stop.counts),
            tuple(f"{many:,} {one_line(why)}" for why, many in stop.lost),
        )
        for stop in picture.stops
    )
    return one_line(picture.title), one_line(picture.sentence), stops


def flow_tables(section: Section) -> Iterator[TableView]:
    """What flows, for where nothing is drawn."""
    for picture in section.pictures:
        if isinstance(picture, FlowPicture):
            title, _, stops = _flow(picture)
            rows = tuple((one.name, one.state, "; ".join(one.counts), "; ".join(one.lost)) for one in stops)
            yield TableView(title, ("boundary", "state", "passes", "lost here"), (False,) * 4, rows, "", "")


def table_view(table: SectionTable, most: int = MOST_ROWS) -> TableView:
    units = table.units or ("",) * len(table.columns)
    rows = tuple(tuple(cell(value, unit) for value, unit in zip(row, units, strict=False)) for row in table.rows[:most])
    numbers = tuple(
        all(not isinstance(row[at], str) for row in table.rows if at < len(row)) for at in range(len(table.columns))
    )
    return TableView(
        title=one_line(table.title),
        heads=tuple(map(_head, table.columns, units)),
        numbers=numbers,
        rows=rows,
        note=one_line(table.note),
        left_out=_left_out(max(0, len(table.rows) - most), table.beyond),
    )


def _left_out(elsewhere: int, nowhere: int) -> str:
    said = [f"{elsewhere:,} more in report.json"] if elsewhere else []
    return ", ".join([*said, f"{nowhere:,} more are not listed"] if nowhere else said)


def _head(column: str, unit: str) -> str:
    """With the unit, where the name does not say it."""
    name = one_line(column)
    return name if not unit or unit == "%" or unit in name.split() else f"{name} ({unit})"


def cell(value: Cell, unit: str = "") -> str:
    if value is None:
        return formatting.NONE
    if isinstance(value, str):
        return one_line(shorten_end(value, LONGEST_CELL))
    if unit == "%":
        return f"{value:.1%}"
    return f"{value:,}" if isinstance(value, int) else formatting.number(value, unit)
