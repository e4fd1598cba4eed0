"""How a gate stands while its cases come in, in words: for the terminal and for the page of a run under way."""

from __future__ import annotations

from evalkit.report import formatting


def standing(value: float, unit: str, *, difference: bool = False) -> str:
    """On the scale that the gate is written in, as when it is decided."""
    unit = "share" if unit == "score100" else unit
    return formatting.difference(value, unit) if difference else formatting.measure(value, unit)


def verb(*, holds: bool) -> str:
    return "holds so far" if holds else "misses so far"
