"""Bets against a claim about a mean: valid for any values in 0-1, for every number of cases, however they are spread.

Whoever bets a share of his money, case by case, against a true claim wins 20-fold at most one time in 20, and that
holds at whatever case he stops (Ville's inequality). Units are cases or clusters of them, each with a sum and a size;
the value is the sum of sums over the sum of sizes. Against "the value is at most m", a unit of sum s and size n
multiplies the money by ``1 + theta (s - m n) / (m largest)``. Nobody knows the best theta beforehand, so the money is
spread over several, the same for all data.

Waudby-Smith and Ramdas (2024), Estimating means of bounded random variables by betting.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from evalkit.records import Interval
from evalkit.stats.intervals import require_confidence
from evalkit.stats.resampling import Matrix, as_numbers

Better = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Shares of the money at stake, and how much of the money is staked so (as logarithms, summing to 1)."""

    thetas: Matrix
    log_weights: Matrix

    def log_total(self, log_wealth: Matrix) -> Matrix:
        """Logarithm of all the money, from what each theta (the last axis) has multiplied its part by."""
        parts = log_wealth + self.log_weights
        top = parts.max(axis=-1, keepdims=True)
        return np.asarray(top[..., 0] + np.log(np.exp(parts - top).sum(axis=-1)))


def portfolio(thetas: Sequence[float] | NDArray[Any], boldness: float) -> Portfolio:
    """Money in proportion to ``theta ** boldness``."""
    chosen = np.asarray(thetas, dtype=np.float64)
    weights = chosen**boldness
    return Portfolio(chosen, np.log(weights / weights.sum()))


FIXED = portfolio(np.concatenate([np.geomspace(0.001, 0.5, 12), [0.7, 0.9, 0.99]]), 0.3)
"""Denser near 0: many cases or a rare event need small bets, few cases bold ones. Chosen by the widths that come of it
from 20 cases to 100,000, for rates and for means of little variance (benchmarks/statistics/coverage.py)."""
THETAS = FIXED.thetas

LEAST_STAKE = 1e-300
"""Stands in for the stake when the claim is that the value is 0: one success then settles it, with finite evidence."""

ROUNDING = 1e-12
"""What values that were brought to 0-1 may miss it by, for each unit of size."""

NARROW = 1e-10
"""Ends of an interval are found this closely."""


@dataclass(frozen=True, slots=True)
class Units:
    """Different (sum, size) pairs and how often each occurs: what a bet that does not care for order needs."""

    sums: Matrix
    sizes: Matrix
    counts: Matrix
    largest: float

    @property
    def value(self) -> float:
        total = math.fsum((self.sizes * self.counts).tolist())
        return min(1.0, max(0.0, math.fsum((self.sums * self.counts).tolist()) / total))

    def mirrored(self) -> Units:
        return Units(self.sizes - self.sums, self.sizes, self.counts, self.largest)


def as_units(
    sums: Sequence[float] | NDArray[Any], sizes: Sequence[float] | NDArray[Any] | None, largest: float | None
) -> tuple[Matrix, Matrix, float]:
    """Checked sums, sizes and the bound of sizes. ``ValueError`` for what no unit can be."""
    values = as_numbers(sums, "values")
    counts = np.ones_like(values) if sizes is None else as_numbers(sizes, "sizes")
    if counts.shape != values.shape:
        raise ValueError(f"sums and sizes are lists of one length, not {len(values)} and {len(counts)}")
    if not (np.isfinite(values).all() and np.isfinite(counts).all()):
        raise ValueError("values and sizes are finite numbers: NaN and infinity prove nothing")
    if (counts < 0).any():
        raise ValueError("a unit's size is never negative")
    slack = ROUNDING * counts
    outside = (values < -slack) | (values > counts + slack)
    if outside.any():
        row = int(np.argmax(outside))
        raise ValueError(f"unit {row}: {values[row]:.12g} is not between 0 and its size, {counts[row]:.12g}")
    if largest is None:
        largest = float(counts.max(initial=0.0))
    elif not (math.isfinite(largest) and largest > 0):
        raise ValueError(f"the largest size of a unit is a positive number, not {largest}")
    if (counts > largest).any():
        raise ValueError(f"a unit of size {counts.max():g} is larger than the largest possible, {largest:g}")
    return np.clip(values, 0.0, counts), counts, float(largest)


def _grouped(
    sums: Sequence[float] | NDArray[Any], sizes: Sequence[float] | NDArray[Any] | None, largest: float | None
) -> Units:
    values, counts, bound = as_units(sums, sizes, largest)
    if not (counts > 0).any():
        raise ValueError("no cases: a bet needs at least one")
    pairs, how_often = np.unique(values + 1j * counts, return_counts=True)  # sorts far faster than rows of a matrix
    return Units(pairs.real, pairs.imag, how_often.astype(np.float64), bound)


def log_mean(log_wealth: Matrix) -> Matrix:
    """Logarithm of all the money, from what each of ``THETAS`` (the last axis) has multiplied its part by."""
    return FIXED.log_total(log_wealth)


def _log_wealth(units: Units, claimed: float) -> float:
    """After betting on every unit that the value is above the claimed one. It falls as the claim rises."""
    stake = max(claimed * units.largest, LEAST_STAKE)
    gains = np.maximum((units.sums - claimed * units.sizes) / stake, -1.0)
    return float(log_mean(units.counts @ np.log1p(gains[:, None] * THETAS)))


def _lowest(units: Units, needed: float) -> float:
    """The lowest value that the bets do not refute, by halving, from outside."""
    refuted, held = 0.0, units.value
    if held == 0.0:
        return 0.0
    while held - refuted > NARROW:
        middle = (refuted + held) / 2
        if _log_wealth(units, middle) >= needed:
            refuted = middle
        else:
            held = middle
    return refuted


def mean_interval(
    sums: Sequence[float] | NDArray[Any],
    sizes: Sequence[float] | NDArray[Any] | None = None,
    confidence: float = 0.95,
    largest: float | None = None,
) -> Interval:
    """Interval of ``sum(sums) / sum(sizes)`` on the 0-1 scale, for deciding: it covers whatever the distribution is.

    ``sums`` are values in 0-1 of independent cases, or sums over clusters whose ``sizes`` then go with them.
    ``largest`` is the bound of a cluster's size that was known beforehand; the largest seen stands in for it. Clusters
    of size 0 count as nothing. Each side errs with at most half of ``1 - confidence``. The order of the units does not
    matter, and because the bets were fixed beforehand the interval also holds where somebody looked, and stopped, at
    any time.

    ``ValueError`` for no cases, values outside 0 to the unit's size, NaN and infinity.
    """
    require_confidence(confidence)
    units = _grouped(sums, sizes, largest)
    needed = math.log(2 / (1 - confidence))
    low, high = _lowest(units, needed), 1.0 - _lowest(units.mirrored(), needed)
    return Interval(min(low, units.value), max(high, units.value), confidence, "betting")


def p_value(
    sums: Sequence[float] | NDArray[Any],
    threshold: float,
    sizes: Sequence[float] | NDArray[Any] | None = None,
    largest: float | None = None,
    better: Better = "higher",
) -> float:
    """How surprising these units are if the target is met: the null is "value >= threshold", <= where lower is better.

    One over the money won by betting against the target, at most 1. Valid at any stopping time, like the interval.
    ``1 / p_value`` is an e-value wherever it is more than 1.
    """
    require_better(better)
    if not math.isfinite(threshold):
        raise ValueError(f"a threshold is a finite number, not {threshold}")
    units = _grouped(sums, sizes, largest)
    if better == "higher":
        units, threshold = units.mirrored(), 1.0 - threshold
    if threshold < 0:
        return 0.0  # no value meets the target
    return math.exp(min(0.0, -_log_wealth(units, threshold)))


def require_better(better: str) -> None:
    if better not in {"higher", "lower"}:
        raise ValueError(f"better is 'higher' or 'lower', not '{better}'")
