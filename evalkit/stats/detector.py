"""What a rate would be without the errors of the judgement that counted it.

Two ways. Where the judgement's errors were measured elsewhere, on answers that people labelled: Rogan and Gladen
(1978), here. Where people labelled some of these very answers: ``evalkit.stats.prediction_powered``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evalkit.records import Interval
from evalkit.stats.intervals import require_confidence
from evalkit.stats.resampling import Matrix

Counts = tuple[int, int]
"""How many were judged rightly, and of how many."""
DRAWS = 20_000
IMPOSSIBLE = "judgements and labels are yes or no, or shares between 0 and 1"


@dataclass(frozen=True, slots=True)
class Corrected:
    value: float | None
    """None where there is nothing to correct with; the note says why."""
    interval: Interval | None
    observed: float
    method: str
    note: str = ""
    worth: float | None = None
    """How many labels of independent cases would know as much."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How far sensitivity and specificity on one model are from those on the others (root mean square)."""

    sensitivity: float
    specificity: float
    models: int


def leave_one_out(per_model: Sequence[Counts]) -> float:
    """Root mean square, over models, of a model's share less the share of all other models together.

    The chance in so few answers is part of it, which errs on the careful side.
    """
    if len(per_model) < 2:
        raise ValueError("leaving one model out takes at least two")
    right, of = sum(s for s, _ in per_model), sum(n for _, n in per_model)
    if any(not 0 <= s <= n or n == 0 for s, n in per_model):
        raise ValueError("of each model as many right judgements as answers at most, and at least one answer")
    apart = [s / n - (right - s) / (of - n) for s, n in per_model]
    return math.sqrt(sum(d * d for d in apart) / len(apart))


def rogan_gladen(  # noqa: PLR0917 - the measured quantities, in the order of the formula
    observed_rate: float,
    n: int,
    sensitivity: Counts,
    specificity: Counts,
    spread: Spread | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> Corrected:
    """(observed + specificity - 1) / (sensitivity + specificity - 1), kept in 0-1.

    The interval carries the chance in all three counts (draws from their beta distributions) and, with ``spread``,
    that the judged model is another one than those that the errors were measured on: Student's t with as many degrees
    of freedom as few models allow. Where sensitivity and specificity add up to 1 or less, the judgement says nothing
    and there is no correction; where a share of the draws do, the interval is as wide.
    """
    require_confidence(confidence)
    if n <= 0 or not 0 <= observed_rate <= 1:
        raise ValueError(f"a rate of {observed_rate} of {n} cases is impossible")
    shares = [_share(counts, name) for counts, name in ((sensitivity, "sensitivity"), (specificity, "specificity"))]
    method = f"Rogan-Gladen, sensitivity {shares[0]:.3g}, specificity {shares[1]:.3g}"
    if sum(shares) <= 1:
        note = "no correction: sensitivity and specificity add up to 1 or less, so the judgement says nothing"
        return Corrected(None, None, observed_rate, method, note)
    value = (observed_rate + shares[1] - 1) / (sum(shares) - 1)
    note = "" if 0 <= value <= 1 else f"the formula gives {value:.3g}: the judgement errs less here than where measured"
    random = np.random.default_rng(seed)
    hits = observed_rate * n
    observed = random.beta(hits + 0.5, n - hits + 0.5, DRAWS)
    drawn = [random.beta(right + 0.5, of - right + 0.5, DRAWS) for right, of in (sensitivity, specificity)]
    if spread is not None:
        widths = (spread.sensitivity, spread.specificity)
        apart = [width * random.standard_t(max(spread.models - 1, 1), DRAWS) for width in widths]
        drawn = [np.clip(share + by, 0.0, 1.0) for share, by in zip(drawn, apart, strict=True)]
        method += f", spread over {spread.models} models"
    found = _quotients(observed, *drawn)
    tail = (1 - confidence) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    kept = min(1.0, max(0.0, value))
    sides = min(kept, max(0.0, float(low))), max(kept, min(1.0, float(high)))
    return Corrected(kept, Interval(*sides, confidence, f"{DRAWS} draws"), observed_rate, method, note)


def _share(counts: Counts, name: str) -> float:
    right, of = counts
    if of <= 0 or not 0 <= right <= of:
        raise ValueError(f"{name}: {right} right of {of} is impossible")
    return right / of


def _quotients(observed: Matrix, sensitivity: Matrix, specificity: Matrix) -> Matrix:
    """Draws in which the judgement says nothing are as likely 0 as 1."""
    gap = sensitivity + specificity - 1
    useless = gap <= 0
    found = (observed + specificity - 1) / np.where(useless, 1.0, gap)
    found[useless] = np.where(np.arange(int(useless.sum())) % 2 == 0, -math.inf, math.inf)
    return np.clip(found, -1e9, 1e9)
