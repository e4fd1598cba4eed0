"""Ratios with their spread as a picture: plain SVG, the same bytes for the same figures, legible on light and dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from benchmarks.peers.summary import Spread

WIDTH = 800
LABELS, VALUES = 190, 190
"""Columns left and right of the plot."""
ROW, HEADING, EDGE = 24, 30, 14
TICKS = (1, 2, 5)
AXIS = "CPU time by evalkit's in the same round, which is the dashed line"
STYLE = """
  .page { fill: #ffffff } .grid { stroke: #d1d9e0 } .one { stroke: #59636e; stroke-dasharray: 4 3 }
  text { fill: #1f2328; font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif }
  .small { fill: #59636e; font-size: 11px } .heading { font-weight: 600 }
  .spread { stroke: #0969da; stroke-width: 2 } .dot { fill: #0969da } .floor { fill: #59636e; stroke: #59636e }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .grid { stroke: #3d444d } .one { stroke: #9198a1 } text { fill: #f0f6fc }
    .small { fill: #9198a1 } .spread { stroke: #4493f8 } .dot { fill: #4493f8 }
    .floor { fill: #9198a1; stroke: #9198a1 }
  }
"""


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    told: Spread
    floor: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """Logarithmic, from one round number to another."""

    least: float
    most: float

    @classmethod
    def over(cls, values: Sequence[float]) -> Axis:
        """1 is always on it, with something on either side."""
        return cls(_round_number(min(0.5, *values), down=True), _round_number(max(2.0, *values), down=False))

    def place(self, value: float) -> float:
        share = math.log(value / self.least) / math.log(self.most / self.least)
        return round(LABELS + share * (WIDTH - LABELS - VALUES), 1)

    def ticks(self) -> list[float]:
        decades = range(math.floor(math.log10(self.least)), math.ceil(math.log10(self.most)) + 1)
        every = [tick * 10.0**decade for decade in decades for tick in TICKS]
        shown = [tick for tick in every if self.least * 0.999 <= tick <= self.most * 1.001]
        return shown if len(shown) <= 9 else [tick for tick in shown if f"{tick:g}".strip("0.") == "1"]


def picture(title: str, groups: Sequence[Group]) -> str:
    """Dots are medians, lines reach from the least to the most of the rounds. `title` is also what is read aloud."""
    axis = Axis.over([value for group in groups for row in group.rows for value in (row.told.least, row.told.most)])
    height = EDGE + sum(HEADING + ROW * len(group.rows) for group in groups) + 2 * ROW + EDGE
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title said">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="said">{escape("; ".join(_said(group) for group in groups))}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}"/>',
        *_grid(axis, height),
    ]
    top = EDGE
    for group in groups:
        lines.append(f'<text class="heading" x="{EDGE}" y="{top + 19}">{escape(group.heading)}</text>')
        top += HEADING
        for row in group.rows:
            lines += _drawn(row, axis, top)
            top += ROW
    return "\n".join([*lines, "</svg>"]) + "\n"


def told(spread: Spread) -> str:
    middle, least, most = (f"{value:,.3g}" if value < 1000 else f"{value:,.0f}" for value in _three(spread))
    return middle if least == most else f"{middle} ({least}–{most})"


def _three(spread: Spread) -> tuple[float, float, float]:
    return spread.median, spread.least, spread.most


def _said(group: Group) -> str:
    return f"{group.heading}: " + ", ".join(f"{row.label} {told(row.told)}" for row in group.rows)


def _grid(axis: Axis, height: int) -> list[str]:
    bottom = height - EDGE - 2 * ROW + 8
    lines = []
    for tick in axis.ticks():
        x = axis.place(tick)
        kind = "one" if tick == 1 else "grid"
        lines.append(f'<line class="{kind}" x1="{x}" x2="{x}" y1="{EDGE}" y2="{bottom}"/>')
        lines.append(f'<text class="small" x="{x}" y="{bottom + 15}" text-anchor="middle">{tick:g}</text>')
    middle = (LABELS + WIDTH - VALUES) / 2
    return [*lines, f'<text class="small" x="{middle:g}" y="{bottom + 33}" text-anchor="middle">{AXIS}</text>']


def _drawn(row: Row, axis: Axis, top: int) -> list[str]:
    middle = top + ROW / 2
    least, dot, most = (axis.place(value) for value in (row.told.least, row.told.median, row.told.most))
    floor = " floor" if row.floor else ""
    shown = [f'<text x="{EDGE + 10}" y="{middle + 4.5:g}">{escape(row.label)}</text>']
    if most - least > 1:
        shown.append(f'<line class="spread{floor}" x1="{least}" x2="{most}" y1="{middle:g}" y2="{middle:g}"/>')
    shown.append(f'<circle class="dot{floor}" cx="{dot}" cy="{middle:g}" r="5"/>')
    shown.append(f'<text x="{WIDTH - VALUES + 14}" y="{middle + 4.5:g}">{escape(told(row.told))}</text>')
    return shown


def _round_number(value: float, *, down: bool) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    decade = math.floor(math.log10(value))
    every = [tick * 10.0**power for power in (decade - 1, decade, decade + 1) for tick in TICKS]
    near = [tick for tick in every if (tick <= value * 1.000001 if down else tick >= value * 0.999999)]
    return max(near) if down else min(near)
