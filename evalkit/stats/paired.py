"""Tests of paired outcomes."""

from __future__ import annotations


def mcnemar_exact(b: int, c: int) -> float:
    """Two-sided p-value that ``b`` cases turned bad and ``c`` turned good by chance alone; 1 where nothing changed.

    Exact for any number of cases: the discordant ones are tosses of a fair coin.
    """
    if b < 0 or c < 0:
        raise ValueError(f"counts cannot be negative: {b}, {c}")
    if b == c:
        return 1.0
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(b, c), b + c, 0.5)))
