"""The one place where a value and its unit become text, so that no two renderings can disagree about a number."""

from __future__ import annotations

import math
from collections.abc import Mapping

from evalkit.records import Counts, Estimate, Interval

NONE = "–"
"""What stands for a value that does not exist. None is not zero."""

DECIMALS = {"score100": 1, "words": 1, "grade": 1, "tokens/s": 1, "MB": 1, "points": 1, "tokens": 1, "characters": 1}
SHARES = {"", "share"}


def number(value: float | None, unit: str = "", *, apart_from: float | None = None) -> str:
    """A value without its unit's name.

    ``apart_from`` is a value that this one must not look equal to unless it is: 0.1996 beside a target of 0.2 gets
    the digits that show the difference. Shares keep the same promise towards 0 and 1: 0.9996 is ``>0.999``.
    """
    if value is None or math.isnan(value):
        return NONE
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = _rounded(value, unit)
    if apart_from is None or value == apart_from or not math.isfinite(apart_from):
        return _honest_share(value, text) if unit in SHARES else text
    for decimals in range(3, 9):
        if float(text.replace(",", "").replace("−", "-")) != _scaled(apart_from, unit):
            return text
        text = _minus(f"{_scaled(value, unit):.{decimals}f}")
    return text


def _scaled(value: float, unit: str) -> float:
    return value * 100 if unit == "score100" else value


def _rounded(value: float, unit: str) -> str:
    scaled = _scaled(value, unit)
    if unit in DECIMALS:
        return _minus(f"{scaled:,.{DECIMALS[unit]}f}")
    if unit in SHARES and abs(scaled) <= 1:
        return _minus(f"{scaled or 0:.0f}" if scaled in {-1, 0, 1} else f"{scaled:.3f}")
    size = abs(scaled)
    if size == int(size) and size < 1e15:
        return _minus(f"{scaled:,.0f}")
    decimals = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 3
    if 0 < size < 0.0005:
        return _minus(f"{scaled:.1e}")
    return _minus(f"{scaled:,.{decimals}f}")


def _honest_share(value: float, text: str) -> str:
    if text.lstrip("−") == "1.000":
        return ">0.999" if value > 0 else "<−0.999"
    if text.lstrip("−") == "0.000":
        return "<0.001" if value > 0 else ">−0.001"
    return text


def _minus(text: str) -> str:
    return text.replace("-", "−", 1) if text.startswith("-") else text


def measure(value: float | None, unit: str = "", *, apart_from: float | None = None) -> str:
    """A value with its unit: ``0.213``, ``27.4``, ``0.42 s``, ``grade 8.1``."""
    text = number(value, unit, apart_from=apart_from)
    return text if text == NONE else with_unit(text, unit)


def with_unit(text: str, unit: str) -> str:
    if unit in SHARES or unit == "score100":
        return text
    return f"grade {text}" if unit == "grade" else f"{text} {unit_name(text, unit)}"


def unit_name(text: str, unit: str) -> str:
    """``texts``, of which one is a ``text``; nothing of a share."""
    if unit in SHARES or unit == "score100":
        return ""
    several = len(unit) > 2 and unit.endswith("s") and "/" not in unit
    return unit[:-1] if several and text in {"1", "−1"} else unit


def difference(value: float | None, unit: str = "") -> str:
    """With its sign: ``+0.013``; a share's, however small, with the digits that show it: ``+0.0003``."""
    text = number(value, unit)
    if value and abs(value) != 1 and unit in SHARES and text.lstrip("<>−") in {"0.000", "0.001", "0.999", "1.000"}:
        text = _minus(_distinct(value))
    return text if value is None or value <= 0 or text == NONE else f"+{text}"


def _distinct(value: float) -> str:
    """Not looking like 0 or 1, which it is not."""
    decimals = next((many for many in range(3, 9) if round(abs(value), many) not in {0, 1}), 0)
    return f"{value:.{decimals}f}" if decimals else f"{value:.0e}"


def interval(between: Interval | None, unit: str = "", *, signed: bool = False) -> str:
    """``0.156–0.284``, in the unit of the value that it stands beside.

    With a minus in it ``−0.031 to 0.012``, because ``−0.031–0.012`` cannot be read.
    """
    if between is None:
        return NONE
    write = difference if signed else number
    low, high = write(between.low, unit), write(between.high, unit)
    return f"{low} to {high}" if signed or "−" in low + high else f"{low}–{high}"


def confidence(between: Interval | None) -> str:
    """``95%``, as the interval itself says; nothing where there is none."""
    return "" if between is None else f"{between.confidence * 100:.4g}%"


def count(many: int, one: str, several: str = "") -> str:
    """``1 case``, ``1,164 cases``."""
    return f"{many:,} {one if many == 1 else several or one + 's'}"


def counts(of: Counts) -> str:
    """All fates of the planned measurements, always."""
    return f"{of.scored:,} of {of.planned:,} scored, {not_scored(of)}"


def not_scored(of: Counts) -> str:
    """``does not apply to 24, 0 unscored, 1 errored``: a harmless prompt lacks no refusal rate."""
    other = f"does not apply to {of.inapplicable:,}, " if of.inapplicable else ""
    return f"{other}{of.unscored - of.inapplicable:,} unscored, {of.errored:,} errored"


def reasons(of: Mapping[str, int], most: int = 3) -> str:
    """``five words or fewer ×14``, the most frequent first, with a note of how many kinds are left out."""
    listed = [f"{reason} ×{times:,}" for reason, times in list(of.items())[:most]]
    left = len(of) - len(listed)
    return "; ".join(listed) + (f"; {count(left, 'other reason')}" if left else "")


def duration(seconds: float) -> str:
    """``0.4 s``, ``41 s``, ``2 min 41 s``, ``1 h 03 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def whole_seconds(seconds: float) -> str:
    """``4 s``, for what changes each second; never ``0 s``."""
    whole = max(round(seconds), 1)
    return f"{whole} s" if whole < 10 else duration(whole)


def estimate(of: Estimate) -> str:
    """One estimate in a line of text: ``0.213 (0.156–0.284; 150 of 150 scored, 0 unscored, 0 errored)``."""
    between = f"{interval(of.interval, of.unit)}; " if of.interval else ""
    return f"{measure(of.value, of.unit)} ({between}{counts(of.counts)})"
