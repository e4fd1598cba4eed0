"""How many cases it takes: to settle a gate that is unsure, and to prove a gate at all."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evalkit.records import Interval
from evalkit.stats.intervals import normal_quantile, wilson

POWER = 0.9
MOST_CASES = 10_000_000
"""Needing more than this is the same as not knowing."""


def standard_error_of(interval: Interval) -> float:
    return (interval.high - interval.low) / (2 * normal_quantile(0.5 + interval.confidence / 2))


def cases_needed(value: float, threshold: float, spread: Interval | float, n: int) -> int | None:
    """How many more cases would settle it, if the estimate stayed where it is (normal approximation, power 0.9).

    ``spread`` is the estimate's standard error or its interval. None where the estimate sits on the threshold (no
    number of cases settles that), where nothing is known of the spread, or where the number is beyond reason.
    """
    confidence = spread.confidence if isinstance(spread, Interval) else 0.95
    error = standard_error_of(spread) if isinstance(spread, Interval) else spread
    distance = abs(value - threshold)
    if n <= 0 or error < 0 or not all(map(math.isfinite, (distance, error))):
        return None
    z = normal_quantile(0.5 + confidence / 2) + normal_quantile(POWER)
    if distance == 0 or error == 0 or (ratio := error * z / distance) ** 2 * n > MOST_CASES:
        return None
    return max(1, math.ceil(n * ratio**2 - n))


@dataclass(frozen=True, slots=True)
class Provable:
    """Whether the best possible result of so many cases proves a gate, and the fewest cases whose best result would."""

    possible: bool
    fewest: int | None


def provable(kind: str, n: int, threshold: float, operator: str, confidence: float = 0.95) -> Provable | None:
    """Could this many cases ever prove the gate? For shares of independent cases, by Wilson; none for other kinds.

    ``fewest`` is none for what no number of cases proves, such as a share above 1.
    """
    if kind != "rate":
        return None
    if operator not in {">=", ">", "<=", "<", "=="}:
        raise ValueError(f"unknown operator '{operator}'")
    if operator == "==":
        return None  # universal gates are about these cases alone

    def proves(cases: int) -> bool:
        best = wilson(cases if operator in {">=", ">"} else 0, cases, confidence)
        return _clears(best, threshold, operator)

    if not proves(MOST_CASES):
        return Provable(possible=False, fewest=None)
    low, high = 0, MOST_CASES  # the best result's interval shrinks with every case: halving finds the first that proves
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if proves(middle) else (middle, high)
    return Provable(possible=n >= high, fewest=high)


def _clears(interval: Interval, threshold: float, operator: str) -> bool:
    match operator:
        case ">=":
            return interval.low >= threshold
        case ">":
            return interval.low > threshold
        case "<=":
            return interval.high <= threshold
        case _:
            return interval.high < threshold
