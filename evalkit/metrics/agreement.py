"""Do two judges agree, beyond what chance would do? Cohen's kappa, plain and weighted, with intervals."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

from evalkit.records import Vector

Weights = Literal["none", "linear", "quadratic"]
Table = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class Agreement:
    kappa: float | None
    """None where there is nothing to correct for: no items, or both always say the same one thing."""
    low: float | None
    high: float | None
    """By the large-sample standard error of Fleiss, Cohen and Everitt (1969); none where kappa is none, or one of
    the two always says the same: kappa is 0 then, whatever the other says. For fewer than some thirty items, or a
    kappa near 1, it is too narrow: a run's own interval resamples cases."""
    agreed: float | None
    """The share of items that both judge alike, chance included; weighted likewise."""
    items: int


def cohen_kappa(
    left: Sequence[Hashable],
    right: Sequence[Hashable],
    *,
    categories: Sequence[Hashable] | None = None,
    weights: Weights = "none",
    confidence: float = 0.95,
) -> Agreement:
    """Of two judgements of each item. ``categories``, in order, are needed for weights where some never occur; by
    default those that occur, sorted. A judgement outside of them, unequal lengths, one category twice: ``ValueError``.
    """
    if len(left) != len(right):
        raise ValueError(f"two judges judge the same items: {len(left)} judgements beside {len(right)}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is between 0 and 1, not {confidence}")
    known = list(categories) if categories is not None else sorted({*left, *right}, key=_order)
    if len(set(known)) < len(known):
        raise ValueError("a category stands there twice")
    place = {category: at for at, category in enumerate(known)}
    table = [[0.0] * len(known) for _ in known]
    for one, other in zip(left, right, strict=True):
        if one not in place or other not in place:
            raise ValueError(f"a judgement that is none of the categories: {one!r}, {other!r}")
        table[place[one]][place[other]] += 1
    return of_table(table, weights=weights, confidence=confidence)


def _order(category: Any) -> Any:
    number = isinstance(category, int | float)
    return (not number, category if number else 0, str(category))


def of_table(table: Table, *, weights: Weights = "none", confidence: float = 0.95) -> Agreement:
    """Of a square table of counts: rows by one judge, columns by the other."""
    items = sum(map(sum, table))
    if not items:
        return Agreement(None, None, None, None, 0)
    rows, columns, alike = _shares(table, items, weights)
    size = range(len(table))
    agreed = sum(alike[i][j] * table[i][j] / items for i in size for j in size)
    by_chance = sum(alike[i][j] * rows[i] * columns[j] for i in size for j in size)
    if math.isclose(by_chance, 1.0, abs_tol=1e-12):
        return Agreement(None, None, None, agreed, round(items))
    kappa = (agreed - by_chance) / (1 - by_chance)
    if math.isclose(max(*rows, *columns), 1.0):
        return Agreement(kappa, None, None, agreed, round(items))
    error = _standard_error(table, items, weights, kappa)
    reach = NormalDist().inv_cdf(0.5 + confidence / 2) * error
    return Agreement(kappa, max(-1.0, kappa - reach), min(1.0, kappa + reach), agreed, round(items))


def _shares(table: Table, items: float, weights: Weights) -> tuple[list[float], list[float], list[list[float]]]:
    size = range(len(table))
    rows = [sum(table[i]) / items for i in size]
    columns = [sum(table[i][j] for i in size) / items for j in size]
    return rows, columns, [[_alike(i, j, len(table), weights) for j in size] for i in size]


def _alike(i: int, j: int, size: int, weights: Weights) -> float:
    """How far two categories agree: 1 for the same, 0 for the two ends."""
    if weights == "none" or size < 2:
        return float(i == j)
    apart = abs(i - j) / (size - 1)
    return 1 - (apart if weights == "linear" else apart * apart)


def _standard_error(table: Table, items: float, weights: Weights, kappa: float) -> float:
    rows, columns, alike = _shares(table, items, weights)
    size = range(len(table))
    by_chance = sum(alike[i][j] * rows[i] * columns[j] for i in size for j in size)
    by_row = [sum(alike[i][j] * columns[j] for j in size) for i in size]
    by_column = [sum(alike[i][j] * rows[i] for i in size) for j in size]
    spread = sum(
        table[i][j] / items * (alike[i][j] - (by_row[i] + by_column[j]) * (1 - kappa)) ** 2 for i in size for j in size
    )
    variance = spread - (kappa - by_chance * (1 - kappa)) ** 2
    return math.sqrt(max(variance, 0.0) / items) / (1 - by_chance)


@dataclass(frozen=True, slots=True)
class Kappa:
    """Kappa of a run's cases. The statistics of a case are its table of one item, row by row."""

    name: str = "kappa"
    weights: Weights = "none"
    signature: str = "cohen:none.1"
    kind: str = "corpus"
    better: str = "higher"
    unit: str = ""
    bounds: tuple[float, float] | None = (-1.0, 1.0)
    worst: Vector | None = None

    def value(self, total: Vector) -> float | None:
        size = math.isqrt(len(total))
        return of_table([total[at : at + size] for at in range(0, len(total), size)], weights=self.weights).kappa


def item(size: int, row: int, column: int) -> Vector:
    """The statistics of one case for ``Kappa``."""
    return tuple(float(at == row * size + column) for at in range(size * size))


@dataclass(frozen=True, slots=True)
class Correlation:
    """Pearson's correlation of two numbers a case; the statistics of a case are 1, x, y, xx, yy and xy."""

    name: str
    signature: str
    better: str = "lower"
    kind: str = "corpus"
    unit: str = ""
    bounds: tuple[float, float] | None = (-1.0, 1.0)
    worst: Vector | None = None

    def value(self, total: Vector) -> float | None:
        """None for fewer than three cases, and where either number is always the same."""
        count, x, y, xx, yy, xy = total
        if count < 3:
            return None
        spread_x, spread_y = xx - x * x / count, yy - y * y / count
        if spread_x <= 1e-9 * max(1.0, xx) or spread_y <= 1e-9 * max(1.0, yy):
            return None
        return max(-1.0, min(1.0, (xy - x * y / count) / math.sqrt(spread_x * spread_y)))


def moments(x: float, y: float) -> Vector:
    """The statistics of one case for ``Correlation``."""
    return (1.0, x, y, x * x, y * y, x * y)


def recorded(name: str, signature: str) -> Kappa | Correlation | None:
    """The metric of this page that wrote statistics under this signature, so that a stored run can be read."""
    for weights in ("none", "linear", "quadratic"):
        if signature.startswith(f"cohen:{weights}.1"):
            return Kappa(name, weights, signature)
    return Correlation(name, signature) if signature.startswith("pearson.1") else None
