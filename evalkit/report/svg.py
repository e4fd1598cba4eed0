"""Coordinates of an interval picture, so that the template draws plain numbers and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.report.window import SHARE, Picture, Window

WIDTH = 220
MARGIN = 8


@dataclass(frozen=True, slots=True)
class Drawing:
    dot: float
    low: float | None
    high: float | None
    grid: tuple[float, ...]
    label: str
    """What the picture says, for those who cannot see it."""


def drawing(of: Picture | None, *, label: str, window: Window) -> Drawing | None:
    """On the ``window`` that it shares with other pictures."""
    if of is None:
        return None

    def x(value: float) -> float:
        return round(MARGIN + window.place(value) * (WIDTH - 2 * MARGIN), 1)

    return Drawing(
        dot=x(of.value),
        low=None if of.low is None else x(of.low),
        high=None if of.high is None else x(of.high),
        grid=(x(0.0), x(0.5), x(1.0)) if window == SHARE else (),
        label=label,
    )
