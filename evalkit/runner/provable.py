"""Gates that this many cases could never prove, said before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from evalkit.checks.repeats import is_yes_or_no
from evalkit.gates.columns import label_text
from evalkit.gates.expression import Gate
from evalkit.gates.measurements import COVERAGE
from evalkit.gates.weighing import ALPHA, CONFIDENCE
from evalkit.protocols import Metric
from evalkit.records import Case, Unscored
from evalkit.runner.eachrow import CasesOfRows, ClusterSizes
from evalkit.runner.plan import Plan
from evalkit.runner.waiting import unprovable_reviews
from evalkit.stats.betting import FIXED
from evalkit.stats.power import Provable, provable
from evalkit.stats.sequential import STAKES
from evalkit.suite.load import SuiteCheck

BEST_KNOWN = frozenset({"rate", "mean"})
"""Kinds of metrics whose best possible result is known."""


@dataclass(frozen=True, slots=True)
class Witnesses:
    """What a gate has at most, in its smallest slice."""

    cases: int
    clusters: int
    """That are independent of each other."""
    sizes: tuple[tuple[int, int], ...] = ()
    """Of clusters, in cases, and how many are of that size."""
    slice: Mapping[str, str] | None = None
    slices: int = 1

    @property
    def independent(self) -> bool:
        return self.cases == self.clusters

    @property
    def largest(self) -> int:
        """Cases in the largest cluster."""
        return max((size for size, _ in self.sizes), default=1)

    @property
    def unit(self) -> str:
        return "cases" if self.independent else "clusters"


def check_of(plan: Plan, gate: Gate) -> SuiteCheck:
    return next(check for check in plan.checks if check.name == gate.check)


def metric_of(plan: Plan, gate: Gate) -> Metric | None:
    """None for coverage, which no check brings."""
    return next((metric for metric in check_of(plan, gate).check.metrics if metric.name == gate.metric), None)


def witnesses(plan: Plan, gate: Gate) -> Witnesses:
    """The cases of the gate that its metric can score, as far as the check tells beforehand."""
    check = check_of(plan, gate)
    cases = plan.cases[check.name]
    together = isinstance(cases, CasesOfRows)
    inside = (case for case in cases if _is_in(case, gate.slice) and _scores(check, case, gate.metric))
    if not gate.by:
        return _counted(ClusterSizes.of((case.cluster for case in inside), together=together), gate.slice, 1)
    by_value: dict[str, ClusterSizes] = {}
    for case in inside:
        if (text := label_text(case.labels, gate.by)) is not None:
            if text not in by_value:
                by_value[text] = ClusterSizes(together=together)
            by_value[text].add(case.cluster)
    found = [
        _counted(sizes, {**gate.slice, gate.by: value}, len(by_value)) for value, sizes in sorted(by_value.items())
    ]
    return min(found, key=lambda one: one.clusters, default=Witnesses(0, 0))


def _is_in(case: Case, wanted: Mapping[str, str]) -> bool:
    return all(label_text(case.labels, label) == value for label, value in wanted.items())


def _scores(check: SuiteCheck, case: Case, metric: str) -> bool:
    """A harmless prompt has no refusal rate, whatever is answered."""
    counts_as = getattr(check.check, "counts_as", None)
    if counts_as is not None:
        with suppress(Exception):  # a plugin's; what breaks here breaks again, and is told, when the case is judged
            return not isinstance(counts_as(case).get(metric), Unscored)
    return True


def _counted(of: ClusterSizes, wanted: Mapping[str, str], slices: int) -> Witnesses:
    sizes = of.sizes()
    return Witnesses(of.cases, sizes.total(), tuple(sorted(sizes.items())), dict(wanted), slices)


def _provable_metric(plan: Plan, gate: Gate) -> Metric | None:
    """None where there is nothing to prove, or no best result that could."""
    metric = metric_of(plan, gate)
    about_cases = gate.about == "dataset" and plan.scope.limit is None
    if metric is None or metric.kind not in BEST_KNOWN or gate.against_baseline or gate.universal or about_cases:
        return None
    return metric


def provability(plan: Plan, gate: Gate, *, stop_early: bool = False) -> tuple[int, Provable | None]:
    """How many cases (clusters, where some are not independent) the gate has at most, in its smallest slice, and
    whether the best possible result proves it, by the rule that decides it."""
    found = witnesses(plan, gate)
    metric = _provable_metric(plan, gate)
    if metric is None:
        return found.clusters, None
    one_each = found.independent and is_yes_or_no(metric, check_of(plan, gate).attempts)
    best = provable(
        metric.kind,
        found.clusters,
        gate.threshold,
        gate.operator,
        confidence=1 - 2 * ALPHA if stop_early else CONFIDENCE,
        bounds=metric.bounds,
        independent=one_each and not stop_early,
        bets=STAKES if stop_early else FIXED,
        sizes=[(size / found.largest, often) for size, often in found.sizes] or [(1.0, 1.0)],
    )
    return found.clusters, best


def unprovable_gates(plan: Plan, *, stop_early: bool = False) -> list[str]:
    """A sentence for each. ``stop_early``: gates are tested while their cases come in."""
    sentences = []
    if all(gate.automatic for gate in plan.suite.gates) and not any(spec.gates for spec in plan.suite.reviews):
        sentences.append("the suite has no gates of its own: it passes when half of every check's cases are scored")
    for gate in plan.suite.gates:
        if gate.metric == COVERAGE or gate.check not in {check.name for check in plan.checks}:
            continue
        if _provable_metric(plan, gate) is None:
            continue  # before all its cases are gone through
        count, verdict = provability(plan, gate, stop_early=stop_early)
        if verdict is None or verdict.possible:
            continue
        unit = witnesses(plan, gate).unit
        needed = f"no number of {unit} can"
        if verdict.fewest:
            needed = f"{verdict.fewest:,} {unit if verdict.fewest != 1 else unit[:-1]} could"
        few = f"{count:,} {unit}" if count != 1 else f"1 {unit[:-1]}"
        they = "they say" if count != 1 else "it says"
        sentences.append(f"gate '{gate.text}' cannot be proven with {few}, whatever {they}; {needed}")
    return [*sentences, *unprovable_reviews(plan)]
