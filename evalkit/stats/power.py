"""How many cases it takes: to settle a gate that is unsure, to prove a gate at all, and to catch a drop.

Everything here looks one way: a target that the true value should reach, and values below it that should be caught.
Callers mirror what must not rise, and bring bounded values to 0-1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from evalkit.records import Interval
from evalkit.stats.betting import FIXED
from evalkit.stats.intervals import exact, normal_quantile
from evalkit.stats.resampling import Matrix

POWER = 0.9
MOST_CASES = 10_000_000
"""Needing more than this is the same as not knowing."""
CAUGHT = 0.8
"""How surely a drop is seen that is said to be caught."""
HALVINGS = 20
DRAWS = 3000
"""Of whole datasets, for a power between 0 and 1: a standard error of at most 0.01."""
GROUPS = 24
MOST_SHIFT = 20.0
NEVER = -1
"""Successes of which not even none at all would fail a gate."""


def standard_error_of(interval: Interval) -> float:
    return (interval.high - interval.low) / (2 * normal_quantile(0.5 + interval.confidence / 2))


def _towards(threshold: float, value: float, interval: Interval) -> float:
    """Half by the side that has to clear the target: near 0 and 1 an interval is longer on one side, and the more so
    the fewer cases it has."""
    side = value - interval.low if threshold < value else interval.high - value
    either = standard_error_of(interval)
    return (either + side / normal_quantile(0.5 + interval.confidence / 2)) / 2 if side > 0 else either


def cases_needed(value: float, threshold: float, spread: Interval | float, n: int) -> int | None:
    """How many more cases would settle it, if the estimate stayed where it is (normal approximation, power 0.9).

    ``spread`` is the estimate's standard error or its interval. None where the estimate sits on the threshold (no
    number of cases settles that), where nothing is known of the spread, or where the number is beyond reason.
    """
    confidence = spread.confidence if isinstance(spread, Interval) else 0.95
    error = _towards(threshold, value, spread) if isinstance(spread, Interval) else spread
    distance = abs(value - threshold)
    if n <= 0 or error < 0 or not all(map(math.isfinite, (distance, error))):
        return None
    z = normal_quantile(0.5 + confidence / 2) + normal_quantile(POWER)
    if distance == 0 or error == 0 or (ratio := error * z / distance) ** 2 * n > MOST_CASES:
        return None
    return max(1, math.ceil(n * ratio**2 - n))


# --- can it be proven at all? -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Provable:
    """Whether the best possible result of so many cases proves a gate, and the fewest cases whose best result would."""

    possible: bool
    fewest: int | None


def provable(  # noqa: PLR0917 - what a gate is made of
    kind: str,
    n: int,
    threshold: float,
    operator: str,
    confidence: float = 0.95,
    bounds: tuple[float, float] | None = None,
    *,
    independent: bool = True,
) -> Provable | None:
    """Could this many cases ever prove the gate, by the rule that decides it?

    Shares of independent cases: Clopper and Pearson's interval of the best result. Means with ``bounds``, and shares
    whose cases come in clusters (``independent=False``, then ``n`` counts clusters): the betting interval of the best
    result, all at the bound. None for what has no best result: unbounded means, corpus metrics, ratios, quantiles.

    ``fewest`` is none for what no number of cases proves, such as a share above 1.
    """
    if operator not in {">=", ">", "<=", "<", "=="}:
        raise ValueError(f"unknown operator '{operator}'")
    if kind == "rate" and bounds is None:
        bounds = (0.0, 1.0)
    if kind not in {"rate", "mean"} or bounds is None or not all(map(math.isfinite, bounds)) or bounds[0] >= bounds[1]:
        return None
    if operator == "==":
        return None  # universal gates are about these cases alone
    share = (threshold - bounds[0]) / (bounds[1] - bounds[0])
    upward = operator in {">=", ">"}
    claim = share if upward else 1 - share
    if kind == "rate" and independent:

        def proves(cases: int) -> bool:
            best = exact(cases if upward else 0, cases, confidence)
            return _clears(best.low if upward else 1 - best.high, claim, strict=operator in {">", "<"})

    else:

        def proves(cases: int) -> bool:
            return _bet_proves(claim, cases, confidence, strict=operator in {">", "<"})

    if not proves(MOST_CASES):
        return Provable(possible=False, fewest=None)
    fewest = _first(proves, MOST_CASES)  # the best result's interval shrinks with every case
    return Provable(possible=n >= fewest, fewest=fewest)


def _clears(low: float, claim: float, *, strict: bool) -> bool:
    return low > claim if strict else low >= claim


def _bet_proves(claim: float, cases: int, confidence: float, *, strict: bool) -> bool:
    """Nothing but ones, against "at most the claim"."""
    if claim >= 1:
        return False
    if claim <= 0:
        return claim < 0 or not strict or cases > 0
    wealth = float(FIXED.log_total(cases * np.log1p((1 - claim) / claim * FIXED.thetas)))
    return wealth >= math.log(2 / (1 - confidence))


def _first(holds: Callable[[int], bool], most: int) -> int:
    """The smallest number from 1 for which it holds, of what holds for every larger one, ``most`` among them."""
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


# --- which drop is caught? --------------------------------------------------------------------------------------------


class Design(Protocol):
    """A gate that will be decided on so many cases."""

    @property
    def target(self) -> float: ...
    def power(self, n: int, true: float) -> float:
        """How probably ``n`` cases fail it where the true value is this one."""


def smallest_caught(design: Design, n: int, worst: float, power: float = CAUGHT) -> float | None:
    """The highest true value below the target that fails with this probability. None: not even ``worst`` does."""
    if n <= 0 or worst >= design.target or design.power(n, worst) < power:
        return None
    caught, missed = worst, design.target
    for _ in range(HALVINGS):
        middle = (caught + missed) / 2
        caught, missed = (middle, missed) if design.power(n, middle) >= power else (caught, middle)
    return caught


def cases_to_catch(design: Design, true: float, power: float = CAUGHT) -> int | None:
    """So many cases, and any larger number, fail it with this probability where the true value is this one."""
    if true >= design.target:
        return None
    enough = 1
    while design.power(enough, true) < power:
        enough *= 2
        if enough > MOST_CASES:
            return None
    found = _first(lambda n: design.power(n, true) >= power, enough)
    if not isinstance(design, ExactRate):
        return found
    # whole numbers of successes make a saw of it: go on behind its last tooth
    teeth = range(found, found + math.ceil(found / 4) + 20)
    return max((n for n in teeth if design.power(n, true) < power), default=found - 1) + 1


@dataclass(frozen=True, slots=True)
class ExactRate:
    """A share of independent cases, decided by Clopper and Pearson's interval: exact, by the binomial."""

    target: float
    level: float
    """How often a gate whose target is just met may fail."""

    def power(self, n: int, true: float) -> float:
        from scipy.special import bdtr

        most = self._most_that_fails(n)
        return 0.0 if most == NEVER else 1.0 if true <= 0 else float(bdtr(most, n, min(true, 1.0)))

    def _most_that_fails(self, n: int) -> int:
        """Successes; ``NEVER`` where even none at all could be chance."""
        from scipy.special import bdtr

        if self.target > 1:
            return n
        if self.target <= 0:
            return NEVER
        low, high = NEVER, n  # that all succeed never fails a target of 1 or less
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if bdtr(middle, n, self.target) <= self.level else (low, middle)
        return low


class Law(Protocol):
    """How values in 0-1 are spread where their mean is known."""

    def at(self, mean: float) -> tuple[Matrix, Matrix]:
        """Values, and the probability of each."""


@dataclass(frozen=True, slots=True)
class WorstSpread:
    """Nothing but zeros and ones: no values in 0-1 with that mean are spread wider."""

    def at(self, mean: float) -> tuple[Matrix, Matrix]:
        return np.array([0.0, 1.0]), np.array([1 - mean, mean])


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Differences of yes and no, brought from -1..1 to 0-1: so many cases differ, and the mean says which way."""

    share: float

    def at(self, mean: float) -> tuple[Matrix, Matrix]:
        shift = 2 * mean - 1
        differ = max(self.share, abs(shift))
        return np.array([0.0, 0.5, 1.0]), np.array([(differ - shift) / 2, 1 - differ, (differ + shift) / 2])


@dataclass(frozen=True, slots=True)
class Observed:
    """As the values of an earlier run were spread, moved to another mean.

    All odds shift alike, and where that is not enough part of the cases falls to the bound, so that the variance stays
    the same share of the widest that the mean allows: what is nothing but zeros and ones stays so. A quarter of a case
    at either bound is added, for values that do not vary at all promise nothing.
    """

    values: tuple[float, ...]
    weights: tuple[float, ...]

    @classmethod
    def of(cls, values: Sequence[float] | NDArray[Any]) -> Observed:
        """Many different values become groups of neighbours, each at its mean, which leaves the mean as it is."""
        given = np.sort(np.asarray(values, dtype=np.float64))
        groups, counts = np.unique(given, return_counts=True)
        if len(groups) > GROUPS:
            split = np.array_split(given, GROUPS)
            groups, counts = np.array([part.mean() for part in split]), np.array([len(part) for part in split])
        points = np.concatenate([groups, [0.0, 1.0]])
        weights = np.concatenate([counts, [0.25, 0.25]])
        return cls(tuple(points.tolist()), tuple((weights / weights.sum()).tolist()))

    def at(self, mean: float) -> tuple[Matrix, Matrix]:
        points, weights = np.array(self.values), np.array(self.weights)
        own = float(points @ weights)
        if mean > own:  # the same towards the other bound
            fallen, shares = Observed(tuple((1 - points).tolist()), self.weights).at(1 - mean)
            return 1 - fallen, shares
        relative = float((points - own) ** 2 @ weights) / (own * (1 - own))
        wanted = relative * (1 - mean) + mean  # second moment by mean
        low, high = -MOST_SHIFT, 0.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            moved = _shifted(points, middle)
            enough = float(moved @ weights) >= mean
            too_many = enough and float(moved**2 @ weights) > wanted * float(moved @ weights)
            low, high = (low, middle) if too_many else (middle, high)
        moved = _shifted(points, high)
        staying = min(1.0, mean / float(moved @ weights))
        return np.append(moved, 0.0), np.append(weights * staying, 1 - staying)


def _shifted(points: Matrix, by: float) -> Matrix:
    """The logarithm of every value's odds, moved; the bounds stay where they are."""
    scale = math.exp(by)
    return np.asarray(points * scale / (1 - points + points * scale))


@dataclass(frozen=True, slots=True)
class Betting:
    """A mean of values in 0-1, decided by bets: for zeros and ones exact, otherwise from seeded draws."""

    target: float
    level: float
    law: Law = WorstSpread()
    reach: float = 1.0
    """Mean size of a cluster by the largest: bets are sized for the largest."""
    seed: int = 0

    def power(self, n: int, true: float) -> float:
        if self.target <= 0:
            return 0.0
        if self.target >= 1:  # one case that is not perfect is enough
            return 1.0 if self.target > 1 else 1 - max(true, 0.0) ** n
        points, shares = self.law.at(min(max(true, 0.0), 1.0))
        gains = (self.target - points) * self.reach / (1 - self.target)
        factors = np.log1p(np.maximum(gains, -1.0)[:, None] * FIXED.thetas)
        needed = -math.log(self.level)
        if len(points) == 2:
            return self._counted(n, factors, float(shares[1]), needed)
        drawn = np.random.default_rng((self.seed, n)).multinomial(n, shares / shares.sum(), size=DRAWS)
        return float((FIXED.log_total(drawn.astype(np.float64) @ factors) >= needed).mean())

    @staticmethod
    def _counted(n: int, factors: Matrix, share: float, needed: float) -> float:
        """Two values make it a matter of how many are the higher one."""
        from scipy.special import bdtr

        def fails(higher: int) -> bool:
            return float(FIXED.log_total(higher * factors[1] + (n - higher) * factors[0])) >= needed

        least, most = NEVER, n + 1
        while most - least > 1:
            middle = (least + most) // 2
            least, most = (middle, most) if fails(middle) else (least, middle)
        return 0.0 if least == NEVER else float(bdtr(least, n, min(max(share, 0.0), 1.0)))


@dataclass(frozen=True, slots=True)
class Normal:
    """Anything else, by the standard error that an earlier run had: it shrinks with the root of the cases."""

    target: float
    level: float
    error: float
    """Of one case: the standard error times the root of the cases."""

    def power(self, n: int, true: float) -> float:
        if self.error <= 0:
            return float(true < self.target)
        distance = (self.target - true) / self.error * math.sqrt(n)
        return 0.5 * math.erfc((normal_quantile(1 - self.level) - distance) / math.sqrt(2))


@dataclass(frozen=True, slots=True)
class EveryCase:
    """A target that holds of every case: one counterexample among them fails it."""

    target: float = 1.0

    def power(self, n: int, true: float) -> float:
        return 1 - min(max(true, 0.0), 1.0) ** n
