"""The boundaries after the last answer: estimates, verdicts, and the outcome that they become."""

from __future__ import annotations

from collections import Counter
from math import isfinite

from evalkit.gates.expression import Gate
from evalkit.gates.measurements import COVERAGE, Measurements
from evalkit.gates.outcome import conclude, worst_code
from evalkit.modes.pipeline import rules
from evalkit.modes.pipeline.ledger import Ledger
from evalkit.records import Estimate, Outcome, Verdict, Word
from evalkit.runner.attending import Concluded
from evalkit.runner.plan import Plan

SLACK = 1e-6
"""Of an interval's ends and a metric's bounds: sums of many numbers are not exact."""


def check_estimates(concluded: Concluded, ledger: Ledger) -> None:
    tables = concluded.tables
    gated = {(gate.check, gate.metric) for gate in concluded.plan.suite.gates}
    for estimate in concluded.result.estimates:
        table = tables.get(estimate.check)
        metric = None if table is None else table.columns.get(estimate.metric)
        if table is None or metric is None:
            ledger.note(rules.COUNTS_ADD_UP, f"{estimate.name} is of a check or metric that was not measured")
            continue
        counts = estimate.counts
        ended = counts.scored + counts.unscored + counts.errored
        if ended != counts.planned or (not estimate.slice and counts.planned != table.counts.planned):
            what = (
                f"{estimate.name} counts {ended:,} of {counts.planned:,} cases; its check has {table.counts.planned:,}"
            )
            ledger.note(rules.COUNTS_ADD_UP, what)
        if estimate.value is None:
            if not estimate.slice and (estimate.check, estimate.metric) in gated:
                ledger.note(rules.GATED_HAVE_VALUES, f"{estimate.name}: none of {counts.planned:,} cases gave a value")
            continue
        _look_at_value(estimate, estimate.value, metric.metric.bounds, ledger)


def _look_at_value(estimate: Estimate, value: float, bounds: tuple[float, float] | None, ledger: Ledger) -> None:
    if not isfinite(value):
        ledger.note(rules.VALUES_ARE_WITHIN, f"{estimate.name} is {value}")
    elif bounds and not _between(value, *bounds):
        ledger.note(rules.VALUES_ARE_WITHIN, f"{estimate.name} is {value:g}, outside {bounds[0]:g} to {bounds[1]:g}")
    interval = estimate.interval
    if interval and not _between(value, interval.low, interval.high):
        what = f"{estimate.name} is {value:g}, outside its interval {interval.low:g} to {interval.high:g}"
        ledger.note(rules.VALUES_IN_INTERVALS, what)


def _between(value: float, low: float, high: float) -> bool:
    slack = SLACK * max(1.0, abs(value))
    return low - slack <= value <= high + slack


def check_verdicts(plan: Plan, tables: Measurements, outcome: Outcome, ledger: Ledger) -> None:
    decided = Counter(verdict.gate for verdict in outcome.verdicts)
    of_people = [gate for review in plan.suite.reviews for gate in review.gates]
    gates = {gate.text: gate for gate in (*plan.suite.gates, *of_people) if gate.check in tables}
    for text in gates:
        if not decided[text]:
            ledger.note(rules.GATES_ARE_DECIDED, f"gate '{text}' was not decided")
        elif decided[text] > 1:
            ledger.note(rules.GATES_ARE_DECIDED, f"gate '{text}' was decided {decided[text]} times")
    for text in decided.keys() - gates.keys():
        ledger.note(rules.GATES_ARE_DECIDED, f"verdict '{text}' is of no gate of the suite")
    for verdict in outcome.verdicts:
        _look_at_verdict(verdict, gates.get(verdict.gate), ledger)
    wanted = conclude(outcome.verdicts, tables, plan.suite.tolerance)
    if worst_code((wanted.exit_code, outcome.exit_code)) != outcome.exit_code:  # worse it may be, for other reasons
        what = f"the outcome says {outcome.exit_code} ('{outcome.word}'), its verdicts say {wanted.exit_code}"
        ledger.note(rules.OUTCOME_FITS, what)


def _look_at_verdict(verdict: Verdict, gate: Gate | None, ledger: Ledger) -> None:
    """Only where the estimate says by itself on which side it is: not of differences, slices, or each single case."""
    estimate = verdict.estimate
    if gate is None or gate.against_baseline or gate.by or gate.universal or estimate is None or estimate.value is None:
        return
    if gate.metric != COVERAGE and estimate.counts.errored:
        return  # errors count as the worst where a gate is decided
    holds = gate.holds(estimate.value)
    if (verdict.word is Word.PASS and not holds) or (verdict.word is Word.FAIL and holds):
        what = f"gate '{verdict.gate}' is {verdict.word.value}, and its value is {estimate.value:g}"
        ledger.note(rules.VERDICTS_FIT, what)
