"""A paired difference in words, wherever one stands: in a comparison, and in a report beside its baseline."""

from __future__ import annotations

from evalkit.records import Interval
from evalkit.report import formatting

WORDS = {"better": "✓", "worse": "✗", "unclear": "~", "moved": "↕", "same": "="}
LEGEND = "✓ better, ✗ worse, ↕ moved (neither direction is better by itself), ~ too close to tell, = nothing differs"


def span(between: Interval | None, unit: str) -> str:
    """Without the unit's name: the columns beside it have none either."""
    if between is None:
        return formatting.NONE
    return f"{formatting.difference(between.low, unit)} to {formatting.difference(between.high, unit)}"


def chance(p: float | None) -> str:
    if p is None:
        return formatting.NONE
    if p < 0.001:
        return "<0.001"
    return "1" if p > 0.9995 else f"{p:.3f}"
