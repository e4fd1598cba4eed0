"""How a run and its gates stand while cases come in, in words: for the terminal and for pages of a run under way."""

from __future__ import annotations

from evalkit.report import formatting


def standing(value: float, unit: str, *, difference: bool = False) -> str:
    """On the scale that the gate is written in, as when it is decided."""
    unit = "share" if unit == "score100" else unit
    return formatting.difference(value, unit) if difference else formatting.measure(value, unit)


def verb(*, holds: bool) -> str:
    return "holds so far" if holds else "misses so far"


def time_left(seconds: float | None, *, at_most: bool) -> str:
    """``1 min 30 s left``. ``at_most``: a run that decides gates on the way may end before."""
    if seconds is None:
        return ""
    return f"{'at most ' if at_most else ''}{formatting.whole_seconds(seconds)} left"
