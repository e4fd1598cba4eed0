"""Where the spread of repeated metrics comes from, and what would narrow their intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evalkit.checks.repeats import MEANT, VARIANCE, Repeated
from evalkit.diagnoses import VarianceSplit
from evalkit.gates.measurements import CheckTable
from evalkit.protocols import Metric
from evalkit.runner.plan import Plan

NEARLY = 0.8
"""More attempts are as good as more prompts where they bring at least this share of what those bring."""
TWICE = 1 - math.sqrt(0.5)
"""By what share an interval narrows when there is twice as much of everything that varies."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The variance of one metric over prompts and attempts."""

    between: float
    """Of the prompts' true means."""
    within: float
    """Of the attempts at one prompt, on average over prompts."""
    noise: float
    """Share of the estimate's own variance that comes from the attempts, which more attempts would lower."""
    varies: bool

    def narrowed(self, attempts: float) -> float:
        """By what share the interval narrows with so many times the attempts at the same prompts."""
        return 1 - math.sqrt(1 - self.noise * (1 - 1 / attempts))


def splits(plan: Plan, tables: Mapping[str, CheckTable]) -> tuple[VarianceSplit, ...]:
    """For every rate and mean of every check with attempts; nothing where fewer than two clusters of prompts tell."""
    found = []
    for check in plan.checks:
        if isinstance(check.check, Repeated) and check.name in tables:
            for metric in check.check.inner.metrics:
                if metric.kind in MEANT:
                    found += list(_split(check.name, check.check.attempts, metric, tables[check.name]))
    return tuple(found)


def _split(check: str, attempts: int, metric: Metric, table: CheckTable) -> Iterator[VarianceSplit]:
    means, spreads, clusters = [], [], []
    spread_of = table.columns[f"{metric.name}_{VARIANCE}"].rows
    for case, mean in enumerate(table.columns[metric.name].rows):
        spread = spread_of[case]
        if isinstance(mean, str) or isinstance(spread, str):  # errored, or a single attempt that was scored
            continue
        value = metric.value(mean)
        if value is not None:
            means.append(value)
            spreads.append((spread[0], spread[1]))
            clusters.append(table.clusters[case] or f"\0{case}")
    if len(set(clusters)) >= 2:
        parts = variance_parts(means, spreads, clusters)
        yield VarianceSplit(check, metric.name, len(means), attempts, parts.between, parts.within, advice(parts))


def variance_parts(
    means: Sequence[float], spreads: Sequence[tuple[float, float]], clusters: Sequence[str] | None = None
) -> Parts:
    """``spreads``: of each prompt, the squared distances of its attempts from their mean, and one less than how many.

    The variance of prompts' means is that of their true means and, on top, that of a mean of so many attempts; the
    latter is known from the attempts themselves and taken away. What is left may come out below nothing, and is none.
    """
    if len(means) < 2 or len(spreads) != len(means):
        raise ValueError(f"a split takes at least two prompts, and a spread for each, not {len(means)}")
    count = len(means)
    within = math.fsum(squares / free for squares, free in spreads) / count
    of_means = math.fsum(squares / free / (free + 1) for squares, free in spreads) / count
    middle = math.fsum(means) / count
    distances = [mean - middle for mean in means]
    observed = math.fsum(distance**2 for distance in distances) / (count - 1)
    total = _variance_of_mean(distances, clusters)
    varies = total > 0 or within > 0
    noise = min(1.0, of_means / count / total) if total > 0 else float(within > 0)
    return Parts(max(0.0, observed - of_means), within, noise, varies)


def _variance_of_mean(distances: Sequence[float], clusters: Sequence[str] | None) -> float:
    """Prompts of a cluster are one witness."""
    sums: dict[str, float] = {}
    for position, distance in enumerate(distances):
        name = (clusters[position] if clusters else "") or f"\0{position}"
        sums[name] = sums.get(name, 0.0) + distance
    count = len(sums)
    if count < 2:
        return 0.0
    return count / (count - 1) * math.fsum(total**2 for total in sums.values()) / len(distances) ** 2


def advice(parts: Parts) -> str:
    """One sentence. Asking twice as many prompts costs what asking twice as often costs."""
    if not parts.varies:
        return "Every attempt at every prompt came out alike: only more prompts narrow the interval."
    doubled, endless = parts.narrowed(2), parts.narrowed(math.inf)
    if doubled >= NEARLY * TWICE:
        return (
            f"More attempts do nearly what more prompts do: twice as many narrow the interval by about {doubled:.0%}, "
            f"and twice as many prompts by {TWICE:.0%} at the same cost."
        )
    return (
        f"More prompts: twice as many narrow the interval by about {TWICE:.0%}, twice as many attempts at the same "
        f"cost by {doubled:.0%}, and no number of attempts by more than {endless:.0%}."
    )
