"""What a way of running a suite tells beside the verdicts: sections of tables, pictures and advice.

Every renderer shows them without knowing what they are about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Cell = str | int | float | None
STATES = ("measured", "held", "noticed", "broken")


@dataclass(frozen=True, slots=True)
class SectionTable:
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    units: tuple[str, ...] = ()
    """Of the columns: ``""``, ``%`` (a share), ``s``, ``MB``, ``rows``, ...; none: no column has one."""
    note: str = ""
    beyond: int = 0
    """Rows that were left out."""


@dataclass(frozen=True, slots=True)
class Series:
    name: str
    points: tuple[tuple[float, float | None], ...]


@dataclass(frozen=True, slots=True)
class LinePicture:
    """Lines over a number, such as seconds or rows."""

    title: str
    x: str
    y: str
    """What the axes are of, with the unit: ``resident memory (MB)``."""
    series: tuple[Series, ...]
    sentence: str
    """The same for whoever does not see it, with its figures."""
    logarithmic: bool = False
    """The horizontal axis doubles."""


@dataclass(frozen=True, slots=True)
class BarPicture:
    """A bar for every name."""

    title: str
    unit: str
    bars: tuple[tuple[str, float], ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class Stop:
    """A place that what flows comes by."""

    name: str
    counts: tuple[tuple[str, int], ...]
    """What passes, and how much of it: ``("rows", 120)``."""
    lost: tuple[tuple[str, int], ...] = ()
    """What does not go on, by why."""
    state: str = "held"
    """One of ``STATES``."""


@dataclass(frozen=True, slots=True)
class FlowPicture:
    """Places one after the other, with what passes and what is lost at each."""

    title: str
    stops: tuple[Stop, ...]
    sentence: str


Picture = LinePicture | BarPicture | FlowPicture


@dataclass(frozen=True, slots=True)
class Advice:
    """What follows from a measured figure."""

    text: str
    """What to do."""
    because: str
    """The rule and the figure that met it: ``padding was 61 % of all tokens, more than 30 %``."""
    command: str = ""
    """What may be typed to do it."""


@dataclass(frozen=True, slots=True)
class Section:
    id: str
    """Of letters, digits and hyphens; a result has no two of one name."""
    title: str
    sentence: str
    """What was found."""
    state: str = "measured"
    """``measured``: figures to read. ``held``: what was demanded is so. ``noticed``: worth a look. ``broken``: what was
    demanded is not so."""
    tables: tuple[SectionTable, ...] = ()
    pictures: tuple[Picture, ...] = ()
    advice: tuple[Advice, ...] = ()


_ID = re.compile(r"[A-Za-z0-9-]+")


def unsound(sections: Iterable[Any]) -> str:
    """Why these cannot be told; empty where they can. A plugin may give anything."""
    seen = set()
    for section in sections:
        if not isinstance(section, Section):
            return f"a section is a {type(section).__name__}, not a Section"
        if not isinstance(section.id, str) or not _ID.fullmatch(section.id):
            return f"the id of a section has other characters than letters, digits and hyphens: {section.id!r:.80}"
        if section.id in seen:
            return f"two sections have the id '{section.id}'"
        seen.add(section.id)
        if why := _unsound(section):
            return f"section '{section.id}': {why}"
    return ""


def _unsound(section: Any) -> str:
    if not all(isinstance(text, str) for text in (section.title, section.sentence)):
        return "its title and sentence are no texts"
    if section.state not in STATES:
        return f"its state is {section.state!r:.80}, not one of {', '.join(STATES)}"
    for picture in section.pictures:
        if not isinstance(picture, Picture):
            return f"a picture is a {type(picture).__name__}"
    return next(filter(None, map(_unsound_table, section.tables)), "")


def _unsound_table(table: Any) -> str:
    if not isinstance(table, SectionTable):
        return f"a table is a {type(table).__name__}, not a SectionTable"
    has = f"table '{table.title}' has {len(table.columns)} columns"
    if table.units and len(table.units) != len(table.columns):
        return f"{has}, and {len(table.units)} units"
    rows: tuple[tuple[Any, ...], ...] = table.rows
    for row in rows:
        if len(row) != len(table.columns):
            return f"{has}, and a row of {len(row)} cells"
        for cell in row:
            if cell is not None and not isinstance(cell, str | int | float):
                return f"a cell of table '{table.title}' is a {type(cell).__name__}"
    return ""
