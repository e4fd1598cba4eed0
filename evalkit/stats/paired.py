"""Two systems on the same cases: is the one not worse, and could the difference be chance?

Four answers, for four kinds of numbers: an exact test of yes and no, and bets on the differences of any other bounded
values (``non_inferior``, ``superior``), the paired bootstrap that machine translation uses (``bootstrap``), swapping
sides at random (``swap_test``), and the exact binomial test of what got better and what got worse (``mcnemar_exact``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from evalkit.protocols import Metric
from evalkit.records import Interval
from evalkit.stats import betting, corpora, discordant
from evalkit.stats.bootstrap import Resampling, grouped_sums, interval_of_differences, paired_cluster_sums, values_of
from evalkit.stats.resampling import CELLS_AT_ONCE, Matrix, as_numbers, cluster_codes, counts_of_choice, resampled_sums

Values = Sequence[float] | NDArray[Any]
Word = Literal["pass", "fail", "unsure"]


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """True where it is shown. "Shown to be worse" and "cannot tell" are both false: ``word`` tells them apart."""

    word: Word
    """``pass``: shown to be no worse than by the margin; ``fail``: shown to be worse than that."""
    difference: float
    """Candidate minus baseline."""
    interval: Interval
    """Of the difference, with confidence 1 - 2 alpha: each side errs with at most alpha."""
    p_value: float
    """How surprising these pairs are if the candidate is worse by the margin or more."""
    pairs: int

    @property
    def passed(self) -> bool:
        return self.word == "pass"

    def __bool__(self) -> bool:
        return self.passed


def non_inferior(
    candidate: Values,
    baseline: Values,
    margin: float,
    alpha: float = 0.05,
    clusters: Sequence[str] | None = None,
    *,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> NonInferiority:
    """Whether the candidate's mean is at most ``margin`` below the baseline's, on the same cases in the same order.

    Higher is better. Where every value is one of the bounds (yes or no) and cases are independent, the test is an exact
    one of the pairs that disagree (``evalkit.stats.discordant``). Everything else is told by betting on the
    differences, which needs no more than bounds: it holds for any distribution and any number of cases. Cases that
    share a cluster are one witness; an empty cluster is a case of its own. Equal sides never fail; they pass once there
    are enough pairs for the margin.

    ``ValueError`` for no pairs, sides of different length, NaN, values outside the bounds and a negative margin.
    """
    if not (math.isfinite(margin) and margin >= 0):
        raise ValueError(f"a margin is a number from 0 on, not {margin}")
    found, interval, p_value = _evidence(candidate, baseline, -margin, alpha, clusters, bounds)
    word: Word = "pass" if interval.low >= -margin else "fail" if interval.high < -margin else "unsure"
    return NonInferiority(word, found, interval, p_value, len(candidate))


def superior(
    candidate: Values,
    baseline: Values,
    alpha: float = 0.05,
    clusters: Sequence[str] | None = None,
    *,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> NonInferiority:
    """Whether the candidate's mean is above the baseline's. ``fail``: shown to be below it."""
    found, interval, p_value = _evidence(candidate, baseline, 0.0, alpha, clusters, bounds)
    word: Word = "pass" if interval.low > 0 else "fail" if interval.high < 0 else "unsure"
    return NonInferiority(word, found, interval, p_value, len(candidate))


def _evidence(  # noqa: PLR0917 - what the two tests above share
    candidate: Values,
    baseline: Values,
    at_least: float,
    alpha: float,
    clusters: Sequence[str] | None,
    bounds: tuple[float, float],
) -> tuple[float, Interval, float]:
    """The difference, its interval, and the p-value of "it is at most ``at_least``"."""
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha is between 0 and 0.5, not {alpha}")
    width = bounds[1] - bounds[0]
    if not (math.isfinite(width) and width > 0):
        raise ValueError(f"bounds are two finite numbers, the lower first, not {bounds}")
    ours, theirs = _bounded(candidate, "candidate", bounds), _bounded(baseline, "baseline", bounds)
    if len(ours) != len(theirs):
        raise ValueError(f"pairs need as many cases on both sides, not {len(ours)} and {len(theirs)}")
    if not len(ours):
        raise ValueError("no pairs: a comparison needs at least one")
    differences = ours - theirs
    difference = math.fsum(differences.tolist()) / len(differences)
    codes, count = cluster_codes(clusters, len(differences))
    disagree = discordant.counted(ours, theirs, bounds)
    if disagree and count == len(differences):
        found = discordant.difference_interval(*disagree, count, 1 - 2 * alpha)
        p_value = discordant.p_value(*disagree, count, at_least / width, alpha)
        return difference, _back(found, found.low * width, found.high * width, difference), p_value
    order = np.lexsort((differences, codes))  # rounding depends on the order of adding up
    sizes = np.bincount(codes, minlength=count).astype(np.float64)
    sums = np.bincount(codes[order], weights=(differences[order] / width + 1.0) / 2.0, minlength=count)
    sums = np.clip(sums, 0.0, sizes)
    found = betting.mean_interval(sums, sizes, 1 - 2 * alpha)
    p_value = betting.p_value(sums, (at_least / width + 1.0) / 2.0, sizes, better="lower")
    low, high = ((2.0 * share - 1.0) * width for share in (found.low, found.high))
    return difference, _back(found, low, high, difference), p_value


def _back(found: Interval, low: float, high: float, difference: float) -> Interval:
    """On the scale of the values; rounding leaves the difference inside."""
    return replace(found, low=min(low, difference), high=max(high, difference))


def _bounded(values: Values, side: str, bounds: tuple[float, float]) -> Matrix:
    found = as_numbers(values, f"the {side}'s values")
    inside = (found >= bounds[0]) & (found <= bounds[1])  # false for NaN, too
    if not inside.all():
        case = int(np.argmin(inside))
        raise ValueError(
            f"the {side}'s value of case {case} is {found[case]:.12g}, outside {bounds[0]:g} to {bounds[1]:g}"
        )
    return found


# --- the paired bootstrap ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PairedBootstrap:
    difference: float
    """``a - b`` on evalkit's scale: a BLEU of 30 is 0.30."""
    interval: Interval | None
    """Of the difference, 95 %."""
    p_value: float
    """Two-sided, of no difference: as sacreBLEU's paired bootstrap has it."""
    a: float
    b: float
    resamples: int
    rows: int
    left_out: int = 0
    """Rows that the metric could not score on both sides."""


def bootstrap(  # noqa: PLR0917 - the order that its callers know from sacreBLEU
    metric: Any,
    hypotheses_a: Sequence[str],
    hypotheses_b: Sequence[str],
    references: Sequence[str] | Sequence[Sequence[str]],
    resamples: int = 1000,
    seed: int = 12345,
    *,
    indices: NDArray[np.integer] | None = None,
    layout: corpora.Layout = "auto",
) -> PairedBootstrap:
    """Paired bootstrap resampling (Koehn 2004) of two systems' texts: sacreBLEU's test on the same draws, only faster.

    ``metric`` is a name (``"bleu"``, ``"chrf"``, ``"ter"``, in any case; any text metric), one of evalkit's metrics, or
    one of sacreBLEU's objects. ``references`` holds a text a row, or a list of texts a row; sacreBLEU's streams (lists
    as long as the hypotheses) are recognised, and ``layout`` says ``"rows"`` or ``"streams"`` where the shape could be
    either.

    The p-value is the share of resamples whose absolute difference, less its mean, exceeds the observed difference: the
    definition of sacreBLEU's ``PairedTest``, and with the same seed the same resamples. Unlike there, systems that
    differ in no resample have a p-value of 1. ``indices``, a row a resample, replaces the draws.

    ``ValueError`` for fewer than two rows, lists of different length, and references of unclear shape.
    """
    found = corpora.measured(metric, hypotheses_a, hypotheses_b, references, layout)
    rows = len(found.a)
    if rows < 2:
        raise ValueError(f"a bootstrap needs at least two rows with a score, not {rows}: one has no spread")
    if indices is not None:
        indices = _checked(indices, rows)
        resamples = len(indices)
    settings = Resampling(resamples, seed)
    both = np.hstack([found.a, found.b])
    width = found.a.shape[1]
    totals = resampled_sums(counts_of_choice(rows, resamples, seed, indices), both)
    a, b = (corpora.value_of(found.metric, side) for side in (found.a, found.b))
    differences = values_of(found.metric, totals[:, :width]) - values_of(found.metric, totals[:, width:])
    return PairedBootstrap(
        difference=a - b,
        interval=interval_of_differences(found.metric, a - b, differences, rows, settings),
        p_value=_as_in_sacrebleu(differences, a - b),
        a=a,
        b=b,
        resamples=resamples,
        rows=rows,
        left_out=found.left_out,
    )


def _checked(indices: NDArray[np.integer], rows: int) -> NDArray[np.integer]:
    found = np.asarray(indices)
    whole = found.ndim == 2 and found.shape[1:] == (rows,) and np.issubdtype(found.dtype, np.integer)
    if not whole or found.size == 0 or found.min() < 0 or found.max() >= rows:
        raise ValueError(f"indices are a row a resample, each of {rows} numbers from 0 to {rows - 1}")
    return found


def _as_in_sacrebleu(differences: Matrix, observed: float) -> float:
    """A resample without a value counts against there being a difference."""
    sizes = np.abs(differences)
    defined = sizes[~np.isnan(sizes)]
    if not len(defined) or (observed == 0 and not defined.any()):
        return 1.0
    beyond = int(np.count_nonzero(defined - defined.mean() > abs(observed)))
    return (beyond + len(sizes) - len(defined) + 1) / (len(sizes) + 1)


# --- swapping sides ---------------------------------------------------------------------------------------------------

ROUNDING = 1e-12


def swap_test(  # noqa: PLR0917 - the order of paired_bootstrap
    metric: Metric,
    ours: NDArray[Any] | Sequence[Sequence[float]],
    theirs: NDArray[Any] | Sequence[Sequence[float]],
    clusters: Sequence[str] | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> float:
    """How surprising it is, if it does not matter which side is which, that ``ours`` is so much worse than ``theirs``.

    One-sided p-value of any metric of summed statistics, a vector a case; ``metric.better`` tells what is worse. The
    sides of each cluster are swapped at random, or in every possible way where ``resamples`` suffices for that.
    Clusters whose sides are equal make no difference and are not swapped; of very many, whole random groups are swapped
    together, at a bounded cost. Exact in either case: under exchangeability it is at most ``p`` with probability at
    most ``p``.

    ``ValueError`` for no cases and for a side that has no value; NaN in a vector, too.
    """
    if resamples < 1:
        raise ValueError(f"a swap test needs at least one resample, not {resamples}")
    if metric.kind == "quantile":
        raise ValueError(f"metric '{metric.name}': a quantile is not made of sums, and cannot be swapped case by case")
    sums = paired_cluster_sums(metric, ours, theirs, clusters)
    if not len(sums):
        raise ValueError(f"metric '{metric.name}': no cases, a comparison needs at least one")
    width = sums.shape[1] // 2
    left, right = sums[:, :width], sums[:, width:]
    sign = -1.0 if metric.better == "lower" else 1.0
    gaps = left - right
    gaps = grouped_sums(gaps[gaps.any(axis=1)], seed)
    observed = sign * (corpora.value_of(metric, left) - corpora.value_of(metric, right))
    ours_total, theirs_total = left.sum(axis=0), right.sum(axis=0)
    as_bad = 0
    exact = len(gaps) <= math.log2(resamples)
    for swapped in _every_way(len(gaps)) if exact else _some_ways(len(gaps), resamples, seed):
        moved = swapped @ gaps
        found = sign * (values_of(metric, ours_total - moved) - values_of(metric, theirs_total + moved))
        as_bad += int(np.count_nonzero(~(found > observed + ROUNDING * max(1.0, abs(observed)))))  # NaN: as bad
    return as_bad / 2 ** len(gaps) if exact else (as_bad + 1) / (resamples + 1)


def _every_way(clusters: int) -> Iterator[Matrix]:
    numbers = np.arange(2**clusters)[:, None]
    yield (numbers >> np.arange(clusters) & 1).astype(np.float64)


def _some_ways(clusters: int, resamples: int, seed: int) -> Iterator[Matrix]:
    random = np.random.default_rng(seed)
    step = max(1, CELLS_AT_ONCE // clusters)
    for start in range(0, resamples, step):
        size = (min(step, resamples - start), clusters)
        yield random.integers(0, 2, size=size, dtype=np.uint8).astype(np.float64)


def mcnemar_exact(better: int, worse: int) -> float:
    """Two-sided exact p-value of so many cases that got better and so many that got worse; the others do not count.

    1 where nothing changed. ``ValueError`` for anything but whole numbers from 0 on.
    """
    from scipy.special import bdtr

    if not all(float(count).is_integer() and count >= 0 for count in (better, worse)):
        raise ValueError(f"counts are whole numbers from 0 on, not {better} and {worse}")
    return min(1.0, 2.0 * float(bdtr(int(min(better, worse)), int(better + worse), 0.5)))
