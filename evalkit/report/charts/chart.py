"""What a picture is: a Vega-Lite specification, the same in one sentence, and its data as a table.

Texts of models and datasets are data and nothing else: they stand under field names that are written here, never in an
expression, a title or a format. Colours are names of the page's own (``var(--fail)``), so that light and dark need no
second drawing; ``coloured`` writes them out for whoever draws elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.report.hostile import one_line, shorten_end

LONGEST_LABEL = 48
LIGHT = {
    "var(--pass)": "#11693a",
    "var(--fail)": "#b1221b",
    "var(--unsure)": "#825300",
    "var(--plain)": "#2c5282",
    "var(--ink)": "#17191c",
    "var(--soft)": "#565c64",
    "var(--line)": "#dcdee1",
    "var(--rule)": "#b9bdc2",
    "var(--sheet)": "#ffffff",
    "var(--pass-wash)": "#dff1e5",
}
"""The page's colours by day."""
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
LARGEST = 1e300
ROW = 24
"""Height of a line with one value."""


@dataclass(frozen=True, slots=True)
class Chart:
    id: str
    title: str
    spec: Mapping[str, Any]
    """Without a width: whoever draws it knows how much room there is."""
    says: str
    """The picture in one sentence, with its figures."""
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widest: int = 0
    """Of a picture that gains nothing from more room; 0 takes all there is."""


def label(text: str, most: int = LONGEST_LABEL) -> str:
    return shorten_end(one_line(shorten_end(text, most)), most)  # what is made visible takes more room


def distinct(names: Iterable[str]) -> list[str]:
    """Two names that look alike after they were shortened would share a line; one that is no key of a JavaScript
    object would be lost where Vega keeps its marks by name.
    """
    found: dict[str, None] = {}
    for name in names:
        shown, times = f"{name} " if name == "__proto__" else name, 1
        while shown in found:
            times += 1
            shown = f"{name} ({times})"
        found[shown] = None
    return list(found)


def finite(value: float | None) -> float | None:
    """What JSON and a scale can hold, air beside it included."""
    return value if value is not None and abs(value) < LARGEST else None  # not a number is never less


def data(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {"values": [dict(row) for row in rows]}


def spec(rows: Iterable[Mapping[str, Any]], layers: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    return {"$schema": SCHEMA, "data": data(rows), "layer": list(layers), **more}


def number_axis(title: str = "", **more: Any) -> dict[str, Any]:
    return {"title": title or None, "grid": True, "tickCount": 5, **more}


def names_axis(**more: Any) -> dict[str, Any]:
    """A line each, in the order of the data, the name at its left."""
    axis = {"title": None, "grid": False, "ticks": False, "domain": False, "labelPadding": 8}
    return {"field": "name", "type": "nominal", "sort": None, "axis": axis | more}


def domain(numbers: Iterable[float | None], *, share: bool = False, zero: bool = False) -> list[float]:
    """All of them with a little air; shares always from 0 to 1."""
    if share:
        return [0.0, 1.0]
    found = [n for n in map(finite, numbers) if n is not None] or [0.0, 1.0]
    low, high = min(found), max(found)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    air = (high - low) * 0.06 or abs(high) * 0.1 or 0.5
    return [low if low == 0 else low - air, high if high == 0 and low < 0 else high + air]


def coloured(node: Any, palette: Mapping[str, str] = LIGHT) -> Any:
    """The same specification with the colours written out, for a notebook."""
    if isinstance(node, Mapping):
        return {key: coloured(value, palette) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [coloured(value, palette) for value in node]
    return palette.get(node, node) if isinstance(node, str) else node
