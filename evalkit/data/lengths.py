"""How long texts are, and how labels are shared out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_BINS = 24
FAR = 0.99
"""Lengths beyond this quantile share the last bar, where they are far away."""


@dataclass(frozen=True, slots=True)
class Distribution:
    count: int
    min: int
    mean: float
    median: float
    p95: int
    max: int
    bins: tuple[tuple[int, int, int], ...] = field(default=(), compare=False)
    """The shortest and the longest length of each bar of a picture, and how many texts it has."""

    @staticmethod
    def of(lengths: Mapping[int, int]) -> Distribution | None:
        """From how often each length occurs, exactly. p95 is the smallest length that 95% of texts do not exceed."""
        count = sum(lengths.values())
        if not count:
            return None
        ordered = sorted(lengths.items())
        mean = sum(length * times for length, times in ordered) / count
        middle = (_at(ordered, (count - 1) // 2) + _at(ordered, count // 2)) / 2
        p95 = _at(ordered, -(-95 * count // 100) - 1)
        return Distribution(count, ordered[0][0], mean, middle, p95, ordered[-1][0], _bins(ordered))

    def to_json(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "min": self.min,
            "mean": round(self.mean, 3),
            "median": self.median,
            "p95": self.p95,
            "max": self.max,
            "bins": [list(one) for one in self.bins],
        }


def _at(ordered: list[tuple[int, int]], place: int) -> int:
    """The length at this place (from 0) of the sorted lengths."""
    for length, times in ordered:
        if place < times:
            return length
        place -= times
    return ordered[-1][0]


def _bins(ordered: list[tuple[int, int]]) -> tuple[tuple[int, int, int], ...]:
    """Bars of equal width; the last one takes what is far away."""
    low, high = ordered[0][0], ordered[-1][0]
    count = sum(times for _, times in ordered)
    far = _at(ordered, -(-round(FAR * 100) * count // 100) - 1)
    reach = high if high <= 2 * far else far
    width = max(1, -(-(reach - low + 1) // MOST_BINS))
    bars = -(-(reach - low + 1) // width)
    counts = [0] * bars
    for length, times in ordered:
        counts[min((length - low) // width, bars - 1)] += times
    ends = [(low + at * width, low + (at + 1) * width - 1) for at in range(bars)]
    ends[-1] = (ends[-1][0], max(ends[-1][1], high))
    return tuple((*end, times) for end, times in zip(ends, counts, strict=True))


@dataclass(frozen=True, slots=True)
class Balance:
    """How evenly the values of a label are shared out."""

    classes: int
    entropy: float
    """In bits."""
    evenness: float
    """Of the entropy that as many classes of one size have; 1 where there is one class."""
    smallest: tuple[str, int]
    largest: tuple[str, int]

    @staticmethod
    def of(values: Mapping[str, int]) -> Balance:
        total = sum(values.values())
        entropy = -sum(count / total * math.log2(count / total) for count in values.values() if count)
        ordered = sorted(values.items(), key=lambda entry: (entry[1], entry[0]))
        most = math.log2(len(values))
        return Balance(len(values), abs(entropy), round(entropy / most, 12) if most else 1.0, ordered[0], ordered[-1])

    def to_json(self) -> dict[str, Any]:
        return {
            "classes": self.classes,
            "entropy_bits": round(self.entropy, 4),
            "evenness": round(self.evenness, 4),
            "smallest": {"value": self.smallest[0], "count": self.smallest[1]},
            "largest": {"value": self.largest[0], "count": self.largest[1]},
        }
