"""A metric over runs as a drawing: dots with their intervals, the target as a line, round numbers beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evalkit.report import formatting

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 52, 14, 30
MOST_TICKS = 5
FEW = 5
"""Runs that stand far enough from the ends for a date under each."""
SHAPES = ("circle", "square", "diamond", "triangle")


@dataclass(frozen=True, slots=True)
class Mark:
    value: float | None
    low: float | None
    high: float | None
    shade: str
    series: int
    """Which model: marks of one are joined by a line, and have a shape of their own."""
    label: str
    link: str
    when: str


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    low: float | None
    high: float | None
    shade: str
    shape: str
    """The outline, as a path."""
    label: str
    link: str


@dataclass(frozen=True, slots=True)
class Plot:
    dots: tuple[Dot, ...]
    lines: tuple[str, ...]
    ticks: tuple[tuple[float, str], ...]
    days: tuple[tuple[float, str, str], ...]
    """Place, words, and which end of them stands there."""
    target: tuple[float, str] | None
    says: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT


def plot(marks: Sequence[Mark], threshold: float | None, unit: str) -> Plot:
    """In the order that is given, evenly: what matters is which run came after which."""
    low, high = _ends(marks, threshold)
    step = (WIDTH - LEFT - RIGHT) / max(len(marks), 1)

    def across(place: int) -> float:
        return round(LEFT + step * (place + 0.5), 1)

    def up(value: float) -> float:
        inside = min(max(value, low), high)
        return round(HEIGHT - BOTTOM - (inside - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    dots = []
    ways: dict[int, list[str]] = {}
    for place, mark in enumerate(marks):
        if mark.value is None:
            continue
        x, y = across(place), up(mark.value)
        ways.setdefault(mark.series, []).append(f"{x},{y}")
        low_end, high_end = (None if end is None else up(end) for end in (mark.low, mark.high))
        dots.append(Dot(x, y, low_end, high_end, mark.shade, shape(x, y, mark.series), mark.label, mark.link))
    target = None if threshold is None else (up(threshold), formatting.number(threshold, unit))
    return Plot(
        dots=tuple(dots),
        lines=tuple(" ".join(points) for points in ways.values() if len(points) > 1),
        ticks=tuple((up(tick), text) for tick, text in ticks(low, high, unit)),
        days=tuple(_days(marks, across)),
        target=target,
        says=_says(marks, threshold, unit),
    )


def _ends(marks: Sequence[Mark], threshold: float | None) -> tuple[float, float]:
    seen = [v for mark in marks for v in (mark.value, mark.low, mark.high) if v is not None and math.isfinite(v)]
    if threshold is not None:
        seen.append(threshold)
    low, high = min(seen), max(seen)
    room = (high - low) * 0.08 or abs(high) * 0.1 or 0.5
    return low - room, high + room


def ticks(low: float, high: float, unit: str = "") -> list[tuple[float, str]]:
    """Round numbers between the ends, 1, 2 or 5 times a power of ten apart, with as many digits as tell them apart."""
    scale = 100 if unit == "score100" else 1
    rough = (high - low) / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    first = math.ceil(low / step)
    digits = max(0, -math.floor(math.log10(step * scale)))
    found = [round(at * step, 12) for at in range(first, math.floor(high / step) + 1)]
    return [(tick, f"{tick * scale:,.{digits}f}".replace("-", "−")) for tick in found]


def shape(x: float, y: float, series: int) -> str:
    kind = SHAPES[series % len(SHAPES)]
    if kind == "circle":
        return f"M{x - 5} {y}a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z"
    if kind == "square":
        return f"M{x - 4.5} {y - 4.5}h9v9h-9z"
    if kind == "diamond":
        return f"M{x} {y - 6.5}l6 6.5l-6 6.5l-6 -6.5z"
    return f"M{x} {y - 6}l6.2 10.5h-12.4z"


def _days(marks: Sequence[Mark], across: Callable[[int], float]) -> list[tuple[float, str, str]]:
    """The first and the last, and the one in the middle where there is room for it."""
    places = sorted({0, len(marks) - 1} | ({len(marks) // 2} if len(marks) > 4 else set()))
    found = []
    for place in places:
        end = "start" if place == 0 else "end" if place == len(marks) - 1 else "middle"
        end = "middle" if len(marks) <= FEW else end
        found.append((across(place), marks[place].when, end))
    return found


def _says(marks: Sequence[Mark], threshold: float | None, unit: str) -> str:
    """What a reader of the picture would say of it."""
    values = [mark.value for mark in marks if mark.value is not None]
    said = f"{formatting.count(len(values), 'run')}, from {formatting.measure(values[0], unit)} in the first "
    said += f"to {formatting.measure(values[-1], unit)} in the last"
    if threshold is not None:
        said += f", target {formatting.measure(threshold, unit)}"
    return said
