"""Intervals in closed form: Wilson and Clopper-Pearson for shares, order statistics for quantiles."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from evalkit.records import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray


def normal_quantile(probability: float) -> float:
    return NormalDist().inv_cdf(probability)


def require_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is a share between 0 and 1, not {confidence}")


def _require_share(successes: float, n: float) -> None:
    if not (math.isfinite(successes) and math.isfinite(n)):
        raise ValueError(f"{successes} successes of {n}: counts are finite numbers")
    if n <= 0:
        raise ValueError("no cases: an interval needs at least one")
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n} are impossible")


def wilson(successes: float, n: float, confidence: float = 0.95) -> Interval:
    """Wilson's score interval for a share of independent cases.

    Fractions of cases are allowed (effective sizes). It stays inside 0-1 and, unlike the textbook interval, has a
    width where all or none succeeded: 60 of 60 is 0.940-1, not 1-1.
    """
    _require_share(successes, n)
    require_confidence(confidence)
    z = normal_quantile(0.5 + confidence / 2)
    share = successes / n
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    centre = share + z * z / (2 * n)
    scale = 1 + z * z / n
    low = 0.0 if successes == 0 else max(0.0, float((centre - spread) / scale))
    high = 1.0 if successes == n else min(1.0, float((centre + spread) / scale))
    return Interval(low, high, confidence, "Wilson")


def exact(successes: float, n: float, confidence: float = 0.95) -> Interval:
    """Clopper and Pearson's interval for a share of independent cases, for deciding.

    It covers at least what it says at every share and every number of cases, each side erring with at most half of
    ``1 - confidence``; Wilson's does so on average only. Successes and cases are whole numbers: for fractions and for
    clusters there is ``evalkit.stats.betting.mean_interval``.
    """
    _require_share(successes, n)
    require_confidence(confidence)
    if successes != int(successes) or n != int(n):
        raise ValueError(f"{successes} successes of {n}: an exact interval takes whole numbers only")
    tail = (1 - confidence) / 2
    if successes in {0, n}:  # closed forms, which spare loading scipy
        low, high = (0.0, -math.expm1(math.log(tail) / n)) if successes == 0 else (tail ** (1 / n), 1.0)
        return Interval(low, high, confidence, "Clopper-Pearson")
    from scipy.special import betaincinv

    low = float(betaincinv(successes, n - successes + 1, tail))
    high = float(betaincinv(successes + 1, n - successes, 1 - tail))
    return Interval(low, high, confidence, "Clopper-Pearson")


def exact_of_worth(share: float, worth: float, confidence: float = 0.95) -> Interval:
    """Clopper and Pearson's interval of a share that is known as well as from ``worth`` independent cases, which need
    not be a whole number: for deciding by estimates of unequal cases, of clusters, or moved by a judgement.

    Korn and Graubard (1998), Confidence intervals for proportions with small expected number of positive counts.
    """
    successes = share * worth
    _require_share(successes, worth)
    require_confidence(confidence)
    from scipy.special import betaincinv

    tail = (1 - confidence) / 2
    low = float(betaincinv(successes, worth - successes + 1, tail)) if successes > 0 else 0.0
    high = float(betaincinv(successes + 1, worth - successes, 1 - tail)) if successes < worth else 1.0
    return Interval(low, high, confidence, f"Clopper-Pearson, worth {worth:.0f} labels")


def quantile_ranks(n: int, q: float, confidence: float = 0.95) -> tuple[int | None, int | None]:
    """Which order statistics (from 1) bound the quantile ``q`` of a population, whatever its distribution.

    None on a side where so few values cannot bound it: the largest of 20 values is below the 95th percentile more than
    a third of the time. Each side errs with at most half of ``1 - confidence``.
    """
    if n <= 0:
        raise ValueError("no cases: an interval needs at least one")
    if not 0 < q < 1:
        raise ValueError(f"a quantile is between 0 and 1, not {q}")
    require_confidence(confidence)
    from scipy.special import bdtr  # scipy.stats would take half a second to import

    tail = (1 - confidence) / 2
    ranks = range(1, n + 1)
    # values below the quantile ~ Binomial(n, q): the r-th smallest exceeds it with probability P(B <= r - 1)
    low = bisect_right(ranks, tail, key=lambda rank: float(bdtr(rank - 1, n, q)))
    high = bisect_left(ranks, 1 - tail, key=lambda rank: float(bdtr(rank - 1, n, q))) + 1
    return (low or None), (high if high <= n else None)


def quantile_interval(
    values: Sequence[float] | NDArray[Any], q: float, confidence: float = 0.95, *, floor: float | None = None
) -> Interval | None:
    """Between two order statistics, for independent values of any distribution; none where there are too few.

    ``floor`` is the least possible value, and stands in for a lower side that the values cannot bound.
    """
    low, high = quantile_ranks(len(values), q, confidence)
    if high is None or (low is None and floor is None):
        return None
    ordered = sorted(float(value) for value in values)
    bottom = ordered[low - 1] if low is not None else floor
    assert bottom is not None
    return Interval(bottom, ordered[high - 1], confidence, "order statistics")
