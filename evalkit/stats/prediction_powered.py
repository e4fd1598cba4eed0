"""A rate by people's labels of some cases and a judgement of all of them.

Prediction-powered estimation (Angelopoulos et al. 2023; the weight of the judgement as in Angelopoulos, Duchi and Zrnic
2024), which rests on nothing but labels of cases that were drawn at random. Cases that belong together are no
independent witnesses: their errors are summed by cluster before they are squared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evalkit.stats.detector import IMPOSSIBLE, Corrected
from evalkit.stats.intervals import exact_of_worth, require_confidence
from evalkit.stats.resampling import Matrix, cluster_codes

FEWEST_LABELS = 10
"""Fewer labels than this tell too little of the judgement's errors."""
FEWEST_CLUSTERS = 5
"""Fewer clusters than this tell too little of how far they are apart."""


@dataclass(frozen=True, slots=True)
class Moments:
    """What the judgement says of all cases, as far as an estimate needs it."""

    cases: int
    mean: float
    variance: float
    """Mean squared distance from the mean."""


@dataclass(frozen=True, slots=True)
class Clustered:
    """What an interval needs to know where cases come in clusters. A cluster's sum is that of its cases' distances from
    the mean of all cases, by the judgement."""

    spread: float
    """The squares of the sums of all clusters, added up."""
    names: Sequence[str]
    """Of the labelled cases' clusters; empty: a case that stands alone."""
    sums: Sequence[float]
    """Of the cluster that each labelled case belongs to."""

    @classmethod
    def of(cls, judged: Sequence[float], clusters: Sequence[str], labelled: Sequence[int]) -> Clustered:
        """Of all cases; ``labelled`` are the places of those that people labelled."""
        values = np.asarray(judged, dtype=np.float64)
        codes, count = cluster_codes(clusters, len(values))
        sums = np.bincount(codes, weights=values - values.mean(), minlength=count) if len(values) else np.zeros(0)
        return cls(float(sums @ sums), [clusters[at] for at in labelled], [float(sums[codes[at]]) for at in labelled])

    def among(self, chosen: Sequence[int]) -> Clustered:
        """Where only some of the cases were labelled."""
        return replace(self, names=[self.names[at] for at in chosen], sums=[self.sums[at] for at in chosen])


def prediction_powered(
    judged_all: Sequence[float],
    judged_labelled: Sequence[float],
    human_labelled: Sequence[float],
    clustered: Clustered | None = None,
    confidence: float = 0.95,
) -> Corrected:
    """The rate by people's labels of some cases and the judgement of all of them.

    ``judged_all`` holds every case, the labelled ones too; labels belong to cases drawn at random. The labels' mean is
    moved by what the judgement says of the others, as far as judgement and labels agree: with a judgement that says
    nothing it is the labels' mean, with a good one the interval is much narrower. All labelled: their mean.

    The interval is the exact one of as many cases as would know as much; one disagreement either way is added to what
    was seen, because ten labels that all agree prove no perfect judgement. Fewer than 10 labels: no value. Labels from
    fewer than 5 clusters: no interval.
    """
    require_confidence(confidence)
    every = np.asarray(judged_all, dtype=np.float64)
    if ((every < 0) | (every > 1) | ~np.isfinite(every)).any():
        raise ValueError(IMPOSSIBLE)
    moments = Moments(len(every), float(every.mean()), float(every.var())) if len(every) else Moments(0, 0.0, 0.0)
    return prediction_powered_of(moments, judged_labelled, human_labelled, clustered, confidence)


def prediction_powered_of(
    every: Moments,
    judged_labelled: Sequence[float],
    human_labelled: Sequence[float],
    clustered: Clustered | None = None,
    confidence: float = 0.95,
) -> Corrected:
    """The same, where no more is known of all cases than their number, mean and variance."""
    require_confidence(confidence)
    judged, human = (np.asarray(v, dtype=np.float64) for v in (judged_labelled, human_labelled))
    n, total = len(human), every.cases
    if len(judged) != n:
        raise ValueError(f"{len(judged)} judgements for {n} labels")
    if n > total or total == 0:
        raise ValueError(f"{n} labels for {total} cases")
    if any(((v < 0) | (v > 1) | ~np.isfinite(v)).any() for v in (judged, human)):
        raise ValueError(IMPOSSIBLE)
    observed, method = every.mean, f"prediction-powered, {n} of {total} cases labelled"
    if n < FEWEST_LABELS:
        return Corrected(None, None, observed, method, f"no correction: {n} labels, and it takes {FEWEST_LABELS}")
    weight = _weight(judged, human)
    value = min(1.0, max(0.0, float(human.mean() + weight * (every.mean - judged.mean()))))
    if clustered is None:
        units, error = float(n), _error(every, judged, human, weight)
    else:
        count = cluster_codes(clustered.names, n)[1]
        if count < FEWEST_CLUSTERS:
            note = f"no interval: labels of {count} clusters, and it takes {FEWEST_CLUSTERS}"
            return Corrected(value, None, observed, method, note)
        units, error = _clustered_error(every, judged, human, weight, clustered)
    middle = (value * units + 1) / (units + 2)
    worth = max(1.0, middle * (1 - middle) / error)
    return Corrected(value, exact_of_worth(value, worth, confidence), observed, method, worth=worth)


def _weight(judged: Matrix, human: Matrix) -> float:
    """How far the judgement is believed: the slope of labels on judgements."""
    variance = float(judged.var())
    if variance == 0:
        return 0.0
    together = float(((judged - judged.mean()) * (human - human.mean())).mean())
    return min(1.0, max(0.0, together / variance))


def _error(every: Moments, judged: Matrix, human: Matrix, weight: float) -> float:
    """The variance of the estimate, of independent cases."""
    n, total = len(human), every.cases
    unseen = weight * (total - n) / total
    rests = np.concatenate([human - unseen * judged, [1.0, -unseen]])
    error = float(rests.var(ddof=1)) / n
    return error + (unseen**2 * every.variance / (total - n) if total > n else 0.0)


def _clustered_error(
    every: Moments, judged: Matrix, human: Matrix, weight: float, clustered: Clustered
) -> tuple[float, float]:
    """How many clusters of one size the labels are worth, and the variance of the estimate: what each cluster adds to
    it, by its labels and by its cases without one, squared. Of clusters of one case it is that of independent cases."""
    n, total = len(human), every.cases
    codes, _ = cluster_codes(clustered.names, n)
    unseen = weight * (total - n) / total
    sizes = np.bincount(codes).astype(np.float64)
    units = n * n / float(sizes @ sizes)
    size = n / units
    rests = human - unseen * judged
    added = size * np.array([1.0, -unseen])
    mean = (float(rests.sum()) + float(added.sum())) / (n + 2 * size)
    by_label = np.bincount(codes, weights=rests - mean) / n
    sums = np.zeros(len(sizes))
    sums[codes] = clustered.sums
    unlabelled = weight / total * (sums - np.bincount(codes, weights=judged - every.mean))
    phantoms = (added - size * mean) / n
    seen = float(((by_label + unlabelled) ** 2).sum() + (phantoms**2).sum()) * units / (units + 1)
    others = (weight / total) ** 2 * max(0.0, clustered.spread - float(sums @ sums))
    return units, seen + others
