"""Which drops each gate of a suite would catch, and how many cases would catch a given one. Nothing is asked."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from evalkit.checks.repeats import is_yes_or_no
from evalkit.gates.contrast import NotComparable, Pairs, contrast, paired_vectors
from evalkit.gates.expression import Gate
from evalkit.gates.measurements import COVERAGE, CheckTable, Measurements
from evalkit.gates.weighing import ALPHA, CONFIDENCE, UPWARD, Scale, Units, scale_of, units_of
from evalkit.protocols import Metric
from evalkit.records import Interval
from evalkit.runner.earlier import Earlier
from evalkit.runner.family import Family, family_of, is_uncertain
from evalkit.runner.plan import Plan
from evalkit.runner.power_result import NEEDS_A_RUN, GatePower, SuitePower, advice, counted
from evalkit.runner.provable import Witnesses, check_of, metric_of, provability, witnesses
from evalkit.stats.discordant import PairsThatDisagree
from evalkit.stats.power import (
    Betting,
    Design,
    EveryCase,
    ExactRate,
    Normal,
    cases_to_catch,
    smallest_caught,
    standard_error_of,
)
from evalkit.stats.power_laws import (
    ALIKE,
    Disagreement,
    Law,
    Observed,
    Sizes,
    WorstSpread,
)
from evalkit.stats.sequential import STAKES

FAR = 40.0
"""Standard errors below the target, where an unbounded metric counts as gone."""


@dataclass(frozen=True, slots=True)
class Assumed:
    drop: float = 0.05
    """Of the range of a metric with bounds; of the target, for one without."""
    agreement: float = 0.8
    """Between a run and its baseline: the share of yes/no cases that agree; of other values, the correlation."""


NOTHING_MISSES = "no evidence can fail it: no value lies beyond the target"

UNKNOWN, USUAL = Earlier(), Assumed()


@dataclass(frozen=True, slots=True)
class _Found:
    """How a gate will be decided, on a scale from 0 to 1 on which a lower value is worse."""

    decided: str
    design: Design
    n: int
    width: float
    """Of the scale, in the metric's unit."""
    worst: float
    """Value that there can be."""
    zero: float
    """From where drops are counted: the target, or no difference to the baseline."""
    drop: float | None
    rests_on: str
    best: float = 1.0


def power_of(
    plan: Plan, earlier: Earlier = UNKNOWN, assumed: Assumed = USUAL, stop_early: bool | None = None
) -> SuitePower:
    """``stop_early``: none is what the suite says."""
    family = family_of(plan, stop_early=plan.suite.stop_early if stop_early is None else stop_early)
    checks = {check.name for check in plan.checks}
    gates = [gate for gate in plan.suite.gates if gate.check in checks and not gate.automatic]
    found = tuple(_Question(plan, earlier, assumed, gate, family).answer() for gate in gates)
    return SuitePower(plan.suite.name, found, family.uncertain, family.stop_early, earlier.names, tuple(advice(found)))


@dataclass(frozen=True, slots=True)
class _Question:
    plan: Plan
    earlier: Earlier
    assumed: Assumed
    gate: Gate
    family: Family

    def answer(self) -> GatePower:
        plan, gate = self.plan, self.gate
        has = witnesses(plan, gate)
        count, best = provability(plan, gate, stop_early=self.family.stop_early)
        empty = GatePower(
            gate=gate.text,
            decided="",
            cases=count,
            unit=has.unit,
            catches=None,
            at=None,
            drop=None,
            needs=None,
            rests_on="",
            possible=best.possible if best else None,
            proves=best.fewest if best else None,
        )
        found = self._found(has)
        if found is None:
            return replace(empty, decided="bootstrap", note=f"{NEEDS_A_RUN}: nothing else tells its spread")
        return self._filled(replace(empty, decided=found.decided, cases=found.n, rests_on=found.rests_on), found)

    def _filled(self, empty: GatePower, found: _Found) -> GatePower:
        if found.decided == "these cases":
            return self._on_these_cases(empty, found)
        caught = smallest_caught(found.design, found.n, found.worst)
        drop = None if caught is None else (found.zero - caught) * found.width
        down = 1 if self.gate.operator in UPWARD else -1
        relative = self.gate.against_baseline or self.gate.universal
        at = None if drop is None or relative else self.gate.threshold - down * drop
        needs, note = None, self._remark(found, drop, empty.unit)
        if found.drop is not None and found.worst < found.design.target:
            true = found.zero - found.drop / found.width
            needs = cases_to_catch(found.design, true) if true >= found.worst else None
            if true >= found.design.target:
                note = note or f"a drop of {found.drop:.3g} is within the margin"
            elif true < found.worst:
                note = note or f"a drop of {found.drop:.3g} is more than there is to lose"
        return replace(empty, catches=drop, at=at, drop=found.drop, needs=needs, note=note)

    def _on_these_cases(self, empty: GatePower, found: _Found) -> GatePower:
        if found.width and found.worst >= found.design.target and self.gate.operator in {">=", "<="}:
            return replace(empty, drop=found.drop or None, note=NOTHING_MISSES)
        step = found.width / max(found.n, 1) if found.width else None
        note = "all are asked: any drop on them shows" + (f"; one case is {step:.3g}" if step else "")
        needs = math.ceil(found.width / found.drop - 1e-9) if found.drop else None
        return replace(empty, catches=step, drop=found.drop or None, needs=needs, note=note)

    def _remark(self, found: _Found, drop: float | None, unit: str) -> str:
        if found.worst >= found.design.target:
            return NOTHING_MISSES
        if drop is None:
            return f"not even the worst result of {counted(found.n, unit)} is sure to fail it"
        if found.zero == found.design.target > found.best:
            return "no value meets it"
        return f"fails also what is {-drop:.3g} better than the baseline" if drop < 0 else ""

    def _found(self, has: Witnesses) -> _Found | None:
        gate, metric = self.gate, metric_of(self.plan, self.gate)
        scale = Scale(0.0, 1.0) if metric is None else scale_of(metric)
        width = scale.width if scale else 0.0
        if gate.universal:
            design = EveryCase()
            return _Found(
                "every case", design, has.cases, 1.0, 0.0, 1.0, self.assumed.drop, "the share of counterexamples"
            )
        if not is_uncertain(self.plan, gate):
            down = gate.operator in UPWARD
            if gate.metric == COVERAGE or gate.against_baseline or scale is None:  # nothing scored fails coverage
                target = 1.0
            else:
                share = scale.share(gate.threshold)
                target = share if down else 1 - share
            design = EveryCase(target)
            return _Found("these cases", design, has.cases, width, 0.0, target, self.assumed.drop * width, "")
        assert metric is not None  # coverage is counted
        if gate.against_baseline:
            return self._baseline(metric, scale, has)
        return self._bounded(metric, scale, has) if scale else self._unbounded(metric, has)

    # --- levels -------------------------------------------------------------------------------------------------------

    def _level(self, own: float, has: Witnesses) -> float:
        return self.family.level(own, has.slices if self.gate.by else 1)

    def _betting(self, target: float, level: float, law: Law) -> Betting:
        if self.family.stop_early:
            return Betting(target, level, law, bets=STAKES, watched=True)
        return Betting(target, level, law)

    # --- absolute gates -----------------------------------------------------------------------------------------------

    def _bounded(self, metric: Metric, scale: Scale, has: Witnesses) -> _Found:
        gate, level = self.gate, self._level((1 - CONFIDENCE) / 2, has)
        share = scale.share(gate.threshold)
        target = share if gate.operator in UPWARD else 1 - share
        units = self._units(self.earlier.tables, metric, scale, has)
        yes_or_no = has.independent and is_yes_or_no(metric, check_of(self.plan, gate).attempts)
        if units is not None:
            yes_or_no = bool((units.sizes == 1).all() and np.isin(units.sums, (0.0, 1.0)).all())
        n = self._scored(has, units)
        found = _Found("exact", ExactRate(target, level), n, scale.width, 0.0, target, None, "the binomial")
        certain = metric.kind == "rate" and yes_or_no
        if not certain or self.family.stop_early:
            law, rests_on = (WorstSpread(), "yes or no, block by block") if certain else self._spread(units, has)
            found = replace(found, decided="betting", design=self._betting(target, level, law), rests_on=rests_on)
        return replace(found, drop=self.assumed.drop * scale.width)

    def _spread(self, units: Units | None, has: Witnesses) -> tuple[Law, str]:
        if units is None:
            return WorstSpread(_sizes(has)), "at most: as if values were 0 and 1 alone; a run tells their spread"
        values = units.sums / units.sizes
        law = Observed.of(values if self.gate.operator in UPWARD else 1 - values, units.sizes)
        return law, f"at most: cases as in run {self.earlier.names[0]}, and part of them useless"

    def _units(self, tables: Measurements | None, metric: Metric, scale: Scale, has: Witnesses) -> Units | None:
        table = self._table(tables, metric)
        if table is None:
            return None
        vectors, kept = table.vectors(metric.name, table.positions(has.slice or {}))
        units = units_of(scale, vectors, table.clusters_at(kept)) if vectors else None
        if units is None or not (units.sizes > 0).sum() > 1:
            return None
        filled = units.sizes > 0
        return Units(units.sums[filled], units.sizes[filled])

    def _table(self, tables: Measurements | None, metric: Metric) -> CheckTable | None:
        """Of the earlier run, where it measured the same."""
        table = (tables or {}).get(self.gate.check)
        column = table.columns.get(metric.name) if table else None
        return table if column and column.metric.signature == metric.signature else None

    def _scored(self, has: Witnesses, units: Units | None) -> int:
        """Where a run left some unscored, so will the next."""
        table = (self.earlier.tables or {}).get(self.gate.check)
        if units is None or table is None or self.plan.scope.limit is not None or self.earlier.partial:
            return has.clusters
        return min(has.clusters, len(units.sums)) if self.earlier.same_data else has.clusters

    def _unbounded(self, metric: Metric, has: Witnesses) -> _Found | None:
        error, n_then = self._error(metric, has)
        if error is None:
            return None
        down = 1.0 if self.gate.operator in UPWARD else -1.0
        level = self._level((1 - CONFIDENCE) / 2, has)
        found = self._normal(metric, has, down * self.gate.threshold, level, error * math.sqrt(n_then))
        table, bounds = self._table(self.earlier.tables, metric), metric.bounds
        value = table.estimate(metric.name, has.slice or {}).value if table else None
        if value is None or bounds is None or not all(map(math.isfinite, bounds)):
            return found
        worst = bounds[0] if down > 0 else -bounds[1]
        assert isinstance(found.design, Normal)
        return replace(found, design=replace(found.design, own=down * value, worst=worst))

    def _normal(self, metric: Metric, has: Witnesses, target: float, level: float, error: float) -> _Found:
        n, gate = has.clusters, self.gate
        zero = 0.0 if gate.against_baseline else target
        bounds = metric.bounds if metric.bounds and all(map(math.isfinite, metric.bounds)) else None
        drop = (
            self.assumed.drop * (bounds[1] - bounds[0]) if bounds else self.assumed.drop * abs(gate.threshold) or None
        )
        worst = min(target, zero - (drop or 0.0)) - FAR * max(error, 1e-12) / math.sqrt(max(n, 1))
        if bounds and not gate.against_baseline:
            worst = bounds[0] if gate.operator in UPWARD else -bounds[1]
        rests_on = f"about: the spread in run {self.earlier.names[0]}"
        return _Found("bootstrap", Normal(target, level, error), n, 1.0, worst, zero, drop, rests_on)

    def _error(self, metric: Metric, has: Witnesses) -> tuple[float | None, int]:
        """The standard error that the metric had in the earlier run, and on how many units."""
        table = self._table(self.earlier.tables, metric)
        if table is None:
            return None, 0
        wanted = has.slice or {}
        interval = table.estimate(metric.name, wanted).interval
        _, kept = table.vectors(metric.name, table.positions(wanted))
        clusters = len({table.clusters[i] or f"\0{i}" for i in kept})
        return _error_of(interval), clusters

    # --- against a baseline -------------------------------------------------------------------------------------------

    def _baseline(self, metric: Metric, scale: Scale | None, has: Witnesses) -> _Found | None:
        gate, level = self.gate, self._level(ALPHA, has)
        down = 1.0 if gate.operator in UPWARD else -1.0
        pairs = self._pairs(metric, has)
        if scale is None:
            return self._unbounded_baseline(metric, has, down * gate.threshold, level)
        law, rests_on = self._differences(metric, scale, has, pairs)
        if self._pairs_are_counted(metric, has, law):
            assert isinstance(law, Disagreement)
            counted = PairsThatDisagree((down * gate.threshold / scale.width + 1) / 2, level, law.share)
            drop = self.assumed.drop * scale.width
            return _Found("exact", counted, has.clusters, 2 * scale.width, 0.0, 0.5, drop, rests_on)
        design = self._betting((down * gate.threshold / scale.width + 1) / 2, level, law)
        width = 2 * scale.width
        return _Found("betting", design, has.clusters, width, 0.0, 0.5, self.assumed.drop * scale.width, rests_on)

    def _pairs_are_counted(self, metric: Metric, has: Witnesses, law: Law) -> bool:
        """Those of independent yes and no, at the end: by how many disagree."""
        alone = has.independent and is_yes_or_no(metric, check_of(self.plan, self.gate).attempts)
        return metric.kind == "rate" and alone and isinstance(law, Disagreement) and not self.family.stop_early

    def _pairs(self, metric: Metric, has: Witnesses) -> Pairs | None:
        ours, theirs = self._table(self.earlier.tables, metric), self._table(self.earlier.others, metric)
        if ours is None or theirs is None:
            return None
        try:
            pairs = paired_vectors(ours, theirs, metric.name, has.slice or {})
        except NotComparable:
            return None
        return pairs if len(pairs.cases) > 1 else None

    def _differences(self, metric: Metric, scale: Scale, has: Witnesses, pairs: Pairs | None) -> tuple[Law, str]:
        if pairs is not None and pairs.ours.shape[1] == 2 and (pairs.ours[:, 1] == 1).all():
            moved = [(float(d), 1.0) for d in pairs.ours[:, 0] - pairs.theirs[:, 0]]
            units = units_of(Scale(-scale.width, scale.width), moved, pairs.clusters)
            if units is not None:
                named = " and ".join(self.earlier.names[:2])
                values = units.sums / units.sizes
                if metric.kind == "rate" and np.isin(values, (0.0, 0.5, 1.0)).all():
                    agree = float((values == 0.5).mean())  # half a case more may differ: none is no promise
                    differ = (len(values) * (1 - agree) + 0.5) / (len(values) + 1)
                    return Disagreement(differ, _sizes(has)), f"{agree:.0%} agree in runs {named}"
                upward = self.gate.operator in UPWARD
                left = scale.share(float(pairs.theirs[:, 0].mean()))  # what a useless answer loses, on average
                floor = (1 - left if upward else left) / 2
                law = Observed.of(values if upward else 1 - values, units.sizes, floor)
                return law, f"at most: differences as of runs {named}, and part of the cases useless"
        share = self.assumed.agreement
        if metric.kind == "rate":
            return Disagreement(1 - share, _sizes(has)), f"if {share:.0%} of the cases agree"
        units = self._units(self.earlier.tables, metric, scale, has)
        variance = 0.25 if units is None else float((units.sums / units.sizes).var())
        spread = "values were 0 and 1 alone" if units is None else f"spread as in run {self.earlier.names[0]}"
        said = (
            f"if both correlate by {share:g}, {spread}"
            if units
            else f"at most: if both correlate by {share:g}, {spread}"
        )
        return Disagreement(min(1.0, 2 * variance * (1 - share)), _sizes(has)), said

    def _unbounded_baseline(self, metric: Metric, has: Witnesses, target: float, level: float) -> _Found | None:
        ours, theirs = self._table(self.earlier.tables, metric), self._table(self.earlier.others, metric)
        error, n_then = self._error(metric, has)
        if error is None or ours is None:
            return None
        said = f", if both runs correlate by {self.assumed.agreement:g}"
        error *= math.sqrt(2 * (1 - self.assumed.agreement))
        if theirs is not None:
            try:
                of_pairs = _error_of(contrast(ours, theirs, metric.name, has.slice or {}).interval)
            except NotComparable:
                of_pairs = None
            if of_pairs:
                error, said = of_pairs, f" and in its differences to {self.earlier.names[1]}"
        found = self._normal(metric, has, target, level, error * math.sqrt(n_then))
        return replace(found, rests_on=found.rests_on + said)


def _error_of(interval: Interval | None) -> float | None:
    if interval is None or not all(map(math.isfinite, (interval.low, interval.high))):
        return None
    return standard_error_of(interval)


def _sizes(has: Witnesses) -> Sizes:
    return tuple((size / has.largest, float(often)) for size, often in has.sizes) or ALIKE
