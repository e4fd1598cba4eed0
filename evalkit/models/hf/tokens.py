"""Texts as tokens."""

from __future__ import annotations

from collections.abc import Sequence

Tokens = tuple[int, ...]


def common(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens two sequences begin with alike; by slices, since token for token is slow."""
    high = min(len(first), len(second))
    if first[:high] == second[:high]:
        return high
    low = 0
    while high - low > 1:
        middle = (low + high) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle
    return low
