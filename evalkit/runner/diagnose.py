"""Which slices are worse than the rest of their check, with the share of false findings kept down over all of them.

Diagnostics point; they decide no gate. Every slice of every judged metric is one test of "no worse than the rest":

* yes or no of independent cases: Fisher's exact test, one-sided;
* anything else: a seeded permutation test in which rows of a cluster stay together, of more draws where very many tests
  would otherwise keep it from being a finding. It is exact where slice and rest
  are exchangeable, and because the difference is studentised it also holds for larger slices of which only the means
  are equal. Where most clusters of a slice have rows outside it, those rows change places among themselves instead;
* checks that could stop early: a bet, for p-values mean nothing once somebody looked and stopped (see ``_e_value``).

Benjamini-Hochberg (e-BH for bets) over all tests of the run keeps the expected share of false findings at ``q``. e-BH
holds for any dependence; Benjamini-Hochberg for independent and for positively dependent tests, and slices of one
label, each against the others, are neither: that it holds for them too is by simulation.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalkit.diagnoses import SliceDiagnosis
from evalkit.gates.expression import Gate
from evalkit.gates.measurements import COVERAGE, CheckTable
from evalkit.gates.weighing import scale_of
from evalkit.protocols import Metric
from evalkit.stats import betting
from evalkit.stats.factorials import log_factorials
from evalkit.stats.multiplicity import benjamini_hochberg, e_benjamini_hochberg
from evalkit.stats.resampling import Matrix, numbers_of

MOST_SLICES = 40
"""A label with more values than this is no category."""
LEAST_CLUSTERS = 3
"""Of fewer, in the slice or outside, nothing is claimed."""
KINDS = ("rate", "mean")

FISHER, PERMUTATION, BETTING = "Fisher exact", "permutation of clusters", "betting, valid at any stop"

ENOUGH = 20
"""Permutations as extreme as what was seen, after which no more are drawn (Besag and Clifford 1991)."""
DRAWS = 5_000
LEAST_DRAWS = 2_000
MOST_CELLS = 20_000_000
"""Of all draws of one test together; more rows get fewer draws, though at least ``LEAST_DRAWS``."""
CELLS_AT_ONCE = 250_000
"""Of one block of draws, and at least those of one draw: what fits into a processor's second cache."""
FIRST_DRAWS = 24
"""Of slices that are no worse, as most are, hardly more are needed; how many are drawn at once changes no p-value."""

REFINED_CELLS = 100_000_000
"""Of all draws of a test that more of them could make a finding."""

_SPLITS = 40
MEANS: tuple[float, ...] = tuple(math.sin(math.pi * i / (2 * _SPLITS)) ** 2 for i in range(1, _SPLITS))
"""Where a slice and its rest may be split by a bet: denser towards 0 and 1, where small differences matter more."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """One metric's statistics that count, turned so that more is better."""

    sums: Matrix
    sizes: Matrix
    inside: NDArray[np.bool_]
    clusters: NDArray[np.intp]
    """Empty where each row is yes or no and a cluster of its own: then nothing needs to be known of them."""

    @property
    def single(self) -> bool:
        return len(self.clusters) < len(self.sums)


def diagnose(
    slices: Sequence[str],
    tables: Mapping[str, CheckTable],
    q: float = 0.10,
    *,
    gates: Sequence[Gate] = (),
    sequential: Collection[str] = (),
) -> tuple[SliceDiagnosis, ...]:
    """All tests that can be made, flagged ones first, then by p-value.

    ``slices`` are labels; ``gates`` say which metrics are judged (of a check without a gate: those with bounds);
    ``sequential`` names the checks that were asked in blocks and could stop early. Of their tests ``p_value`` is one
    over the money won. Left out, without a claim: labels with fewer than 2 or more than 40 values, slices of fewer than
    three clusters (or with fewer than three outside), slices without a scored case, and unbounded means of a check that
    could stop.
    """
    found: list[SliceDiagnosis] = []
    for table in tables.values():
        for metric in _judged(table, gates):
            found += _tests(table, metric, slices, sequential=table.name in sequential)
        table.forget_slices()
    found = _refined(found, tables, q)
    flags = _flags(found, q)
    marked = [replace(test, flagged=flag) for test, flag in zip(found, flags, strict=True)]
    return tuple(sorted(marked, key=lambda t: (not t.flagged, t.p_value, t.check, t.metric, *t.slice.items())))


def _flags(tests: Sequence[SliceDiagnosis], q: float) -> list[bool]:
    """Each procedure gets its share of q by its share of tests; the shares of false findings add up to q at most."""
    flags = [False] * len(tests)
    for is_bet, procedure in ((False, _by_p_values), (True, _by_bets)):
        places = [place for place, test in enumerate(tests) if (test.method == BETTING) is is_bet]
        if places:
            marked = procedure([tests[place].p_value for place in places], q * len(places) / len(tests))
            for place, flag in zip(places, marked, strict=True):
                flags[place] = flag
    return flags


def _by_p_values(p_values: Sequence[float], q: float) -> list[bool]:
    return benjamini_hochberg(p_values, q)


def _by_bets(p_values: Sequence[float], q: float) -> list[bool]:
    """A bet that lost money counts as nothing, which is never too much."""
    return e_benjamini_hochberg([1 / p if p < 1 else 0.0 for p in p_values], q)


def _refined(tests: list[SliceDiagnosis], tables: Mapping[str, CheckTable], q: float) -> list[SliceDiagnosis]:
    """No permutation test has a p-value below one over its draws. Among very many tests this alone may keep a few from
    being findings: they are drawn more often. (Of more than a few at that bound all are findings already.)"""
    draws = math.ceil(2 * len(tests) / q)
    if draws <= DRAWS:
        return tests
    flags, found = _flags(tests, q), list(tests)
    by_name = {table.name: table for table in tables.values()}
    for place, (test, flagged) in enumerate(zip(tests, flags, strict=True)):
        if flagged or test.method != PERMUTATION or test.p_value > 1 / (LEAST_DRAWS + 1):
            continue
        table = by_name[test.check]
        metric = table.columns[test.metric].metric
        again = _tests(table, metric, list(test.slice), sequential=False, draws=draws, only=test.slice)
        table.forget_slices()
        found[place] = again[0]
    return found


def _judged(table: CheckTable, gates: Sequence[Gate]) -> list[Metric]:
    gated = {gate.metric for gate in gates if gate.check == table.name and gate.metric != COVERAGE}
    metrics = [metric for metric in table.metrics if metric.kind in KINDS and metric.name != COVERAGE]
    return [metric for metric in metrics if (metric.name in gated if gated else metric.bounds is not None)]


def _tests(
    table: CheckTable,
    metric: Metric,
    labels: Sequence[str],
    *,
    sequential: bool,
    draws: int = DRAWS,
    only: Mapping[str, str] | None = None,
) -> list[SliceDiagnosis]:
    asked = [label for label in dict.fromkeys(labels) if 1 < len(table.slice_values(label)) <= MOST_SLICES]
    if not asked:
        return []
    vectors, kept = table.vectors(metric.name, range(len(table.cases)))
    pairs = np.asarray(vectors, dtype=np.float64)[:, :2] if vectors else np.zeros((0, 2))
    if not np.isfinite(pairs).all() or (pairs[:, 1] < 0).any():
        return []
    sums = pairs[:, 0]
    if metric.better != "higher":
        sums = pairs[:, 1] - sums if metric.kind == "rate" else -sums
    yes_or_no = metric.kind == "rate" and (pairs[:, 1] == 1).all() and np.isin(sums, (0.0, 1.0)).all()
    single = yes_or_no and table.clusters.independent and not sequential
    codes = np.zeros(0, dtype=np.intp) if single else _codes(table, kept)
    tests = []
    for label in asked:
        for value in table.slice_values(label):
            wanted = {label: value}
            if only is not None and wanted != only:
                continue
            places = table.positions(wanted)
            if not table.metric_counts(metric.name, places).scored:
                continue
            inside = np.zeros(len(table.cases), dtype=bool)
            inside[np.asarray(places, dtype=np.intp)] = True
            inside = inside if len(kept) == len(inside) else inside[np.asarray(kept, dtype=np.intp)]
            tested = _p_value(_Rows(sums, pairs[:, 1], inside, codes), metric, sequential, draws)
            if tested is not None:
                p, method = tested
                here, rest = _value(pairs[inside]), _value(pairs[~inside])
                tests.append(
                    SliceDiagnosis(table.name, metric.name, wanted, here, rest, int(inside.sum()), p, False, method)
                )
    return tests


def _codes(table: CheckTable, kept: Sequence[int]) -> NDArray[np.intp]:
    """A number for each case's cluster: its place by name, for the rows' order must not matter."""
    if table.clusters.independent:
        places = np.asarray(table.cases.in_order(), dtype=np.intp)
        codes = np.empty_like(places)
        codes[places] = np.arange(len(places))
        if len(kept) == len(codes):
            return codes
        return np.asarray(np.unique(codes[np.asarray(kept, dtype=np.intp)], return_inverse=True)[1], dtype=np.intp)
    names = [(table.clusters[place], "" if table.clusters[place] else table.cases[place]) for place in kept]
    number = {name: code for code, name in enumerate(sorted(set(names)))}
    return np.asarray([number[name] for name in names], dtype=np.intp)


def _value(pairs: Matrix) -> float | None:
    total = math.fsum(numbers_of(pairs[:, 1]))
    return math.fsum(numbers_of(pairs[:, 0])) / total if total else None


def _p_value(rows: _Rows, metric: Metric, sequential: bool, draws: int) -> tuple[float, str] | None:
    """None where nothing can be claimed."""
    if rows.single:
        size = int(rows.inside.sum())
        enough = min(size, len(rows.inside) - size) >= LEAST_CLUSTERS
        return (_fisher(rows.sums, rows.inside), FISHER) if enough else None
    counted = rows.sizes > 0
    if not counted.all():
        rows = _Rows(rows.sums[counted], rows.sizes[counted], rows.inside[counted], rows.clusters[counted])
    inside, outside = np.unique(rows.clusters[rows.inside]), np.unique(rows.clusters[~rows.inside])
    if min(len(inside), len(outside)) < LEAST_CLUSTERS:
        return None
    if sequential:
        e_value = _e_value(rows, metric)
        return None if e_value is None else (min(1.0, 1 / e_value) if e_value > 0 else 1.0, BETTING)
    alone = len(np.unique(rows.clusters)) == len(rows.clusters)
    if metric.kind == "rate" and alone and (rows.sizes == 1).all() and np.isin(rows.sums, (0.0, 1.0)).all():
        return _fisher(rows.sums, rows.inside), FISHER
    torn = np.intersect1d(inside, outside, assume_unique=True)
    if min(len(inside), len(outside)) - len(torn) < LEAST_CLUSTERS or len(torn) > len(inside) - len(torn):
        return _permute(*_torn(rows, torn), draws), PERMUTATION
    if len(torn):
        whole = ~np.isin(rows.clusters, torn)
        rows = _Rows(rows.sums[whole], rows.sizes[whole], rows.inside[whole], rows.clusters[whole])
    return _permute(*_whole(rows), draws), PERMUTATION


# --- yes or no of independent cases -----------------------------------------------------------------------------------


def _fisher(good: Matrix, inside: NDArray[np.bool_]) -> float:
    """Chance of as few good cases in the slice, if it were drawn from all cases at random (hypergeometric)."""
    cases, size, hits = len(good), int(inside.sum()), round(float(good.sum()))
    if hits in {0, cases}:
        return 1.0

    def chosen(n: int, k: NDArray[np.intp]) -> NDArray[np.float64]:
        of_all = log_factorials(np.asarray([n]))
        return of_all - log_factorials(k) - log_factorials(n - k)

    seen = round(float(good[inside].sum()))
    k = np.arange(max(0, size + hits - cases), seen + 1)
    every = chosen(cases, np.asarray([size]))
    return min(1.0, float(np.exp(chosen(hits, k) + chosen(cases - hits, size - k) - every).sum()))


# --- permutations -----------------------------------------------------------------------------------------------------


def _permute(observed: float, draw: Any, cells: int, wanted: int = DRAWS) -> float:
    """Share of permutations in which the slice comes out at least as bad, the one that happened among them."""
    rng = np.random.default_rng(0)
    draws = max(LEAST_DRAWS, min(DRAWS, MOST_CELLS // max(cells, 1)))
    draws = max(draws, min(wanted, REFINED_CELLS // max(cells, 1))) if wanted > DRAWS else draws
    bar = observed + 1e-9 * max(1.0, abs(observed)) if math.isfinite(observed) else observed  # ties, after rounding
    done = extreme = 0
    step = FIRST_DRAWS
    while done < draws:
        count = min(step, draws - done, max(1, CELLS_AT_ONCE // max(cells, 1)))
        hits = np.flatnonzero(draw(rng, count) <= bar)
        if extreme + len(hits) >= ENOUGH:
            return ENOUGH / (done + int(hits[ENOUGH - extreme - 1]) + 1)
        extreme, done, step = extreme + len(hits), done + count, step * 2
    return (extreme + 1) / (draws + 1)


def _whole(rows: _Rows) -> tuple[float, Any, int]:
    """Every cluster lies inside or outside: clusters change places. The statistic is a t of the two ratios."""
    count = int(rows.clusters.max()) + 1
    present = np.unique(rows.clusters)
    sums = np.bincount(rows.clusters, rows.sums, count)[present]
    sizes = np.asarray(np.bincount(rows.clusters, rows.sizes, count)[present], dtype=np.float64)
    inside = np.bincount(rows.clusters, rows.inside, count)[present] > 0
    order = np.lexsort((sizes, sums, ~inside))  # the draw must not depend on the rows' order
    sums, sizes, inside = sums[order], sizes[order], inside[order]
    centred = np.asarray(sums - sizes * (sums.sum() / sizes.sum()))  # so that the variance below loses no digits
    parts = _moments(centred, sizes)
    total, size, slice_size = parts.sum(axis=0), len(parts), int(inside.sum())
    tiny = 1e-12 * max(1.0, float(np.abs(parts[:, 0]).max()))

    def spread(of: Matrix, units: int) -> tuple[Matrix, Matrix]:
        mean = of[:, 0] / of[:, 1]
        squares = np.maximum(of[:, 2] - 2 * mean * of[:, 3] + mean**2 * of[:, 4], 0.0)
        return mean, squares / of[:, 1] ** 2 * units / (units - 1)

    def statistic(of: Matrix) -> Matrix:
        (here, own), (there, other) = spread(of, slice_size), spread(total - of, size - slice_size)
        error = np.sqrt(own + other)
        gap = np.where(np.abs(here - there) <= tiny, 0.0, here - there)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(gap == 0.0, 0.0, np.where(error <= tiny, np.copysign(np.inf, gap), gap / error))

    def draw(rng: np.random.Generator, count: int) -> Matrix:
        chosen = np.argpartition(rng.random((count, size)), slice_size - 1, axis=1)[:, :slice_size]
        return statistic(parts[chosen].sum(axis=1))

    return float(statistic(parts[inside].sum(axis=0)[None])[0]), draw, size


def _moments(sums: Matrix, sizes: Matrix) -> Matrix:
    """A row a cluster: both, and their squares and product."""
    parts = np.empty((len(sums), 5))  # filled in place: of very many clusters a second copy would be much
    parts[:, 0], parts[:, 1] = sums, sizes
    np.square(sums, out=parts[:, 2])
    np.multiply(sums, sizes, out=parts[:, 3])
    np.square(sizes, out=parts[:, 4])
    return parts


def _torn(rows: _Rows, torn: Collection[int]) -> tuple[float, Any, int]:
    """Some clusters have rows on both sides. Their rows change places among themselves, all others stay: what a cluster
    shares is then on both sides of the difference, as in a paired test."""
    moving = np.isin(rows.clusters, list(torn))
    clusters, inside = rows.clusters[moving], rows.inside[moving]
    values = np.stack([rows.sums[moving], rows.sizes[moving]], axis=1)
    order = np.lexsort((values[:, 1], values[:, 0], ~inside, clusters))  # of every cluster, its rows inside come first
    clusters, inside, values = clusters[order].astype(np.float64), inside[order], values[order]
    everything = np.asarray([rows.sums.sum(), rows.sizes.sum()])
    staying = rows.inside & ~moving
    fixed = np.asarray([rows.sums[staying].sum(), rows.sizes[staying].sum()])

    def gap(moved: Matrix) -> Matrix:
        here = fixed + moved
        there = everything - here
        return here[:, 0] / here[:, 1] - there[:, 0] / there[:, 1]

    def draw(rng: np.random.Generator, count: int) -> Matrix:
        shuffled = np.argsort(clusters + 0.999 * rng.random((count, len(clusters))), axis=1)[:, inside]
        return gap(values[shuffled].sum(axis=1))

    return float(gap(values[inside].sum(axis=0)[None])[0]), draw, len(clusters)


# --- checks that could stop early -------------------------------------------------------------------------------------


def _e_value(rows: _Rows, metric: Metric) -> float | None:
    """Money won, at whatever moment the check stopped, by betting that the slice is worse than the rest.

    If the slice's mean is not below the rest's, then for every m the slice's mean is at least m or the rest's is at
    most m. So of two bets, "the slice is below m" and "the rest is above m", one is fair or worse, and the poorer of
    the two purses holds 1 on average at most, at any stopping time; so does the average over all m of ``MEANS``. Cases
    are taken for draws from a population, in the dataset's random order. A cluster counts once, with its mean, so that
    no bound of cluster sizes is needed. None where the metric has no bounds, or leaves them.
    """
    scale = scale_of(metric)
    if scale is None:
        return None
    low, high = scale.low, scale.high
    if metric.kind == "mean" and metric.better != "higher":
        low, high = -high, -low
    slice_means, rest_means = (
        (_cluster_means(rows, side) - low) / (high - low) for side in (rows.inside, ~rows.inside)
    )
    both = np.concatenate([slice_means, rest_means])
    if (both < -1e-9).any() or (both > 1 + 1e-9).any():
        return None
    slice_means, rest_means = np.clip(slice_means, 0, 1), np.clip(rest_means, 0, 1)
    purses = [
        min(_won(slice_means, m, better="higher"), _won(rest_means, m, better="lower"))
        for m in MEANS
        if slice_means.mean() < m < rest_means.mean()  # elsewhere one of the two has lost: counted as nothing
    ]
    return math.fsum(purses) / len(MEANS)


def _cluster_means(rows: _Rows, side: NDArray[np.bool_]) -> Matrix:
    count = int(rows.clusters.max()) + 1
    sizes = np.bincount(rows.clusters[side], rows.sizes[side], count)
    return np.asarray(np.bincount(rows.clusters[side], rows.sums[side], count)[sizes > 0] / sizes[sizes > 0])


def _won(means: Matrix, m: float, better: betting.Better) -> float:
    """Against "at least m" (``higher``) or "at most m" (``lower``)."""
    p = betting.p_value(means, m, better=better)
    return 1 / max(p, 1e-300) if p < 1 else 0.0
