"""Tables become estimates, verdicts and the result document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evalkit.gates.decide import Setting, decide_all
from evalkit.gates.measurements import COVERAGE, CheckTable, Measurements
from evalkit.records import Estimate, Verdict
from evalkit.results import CheckSummary
from evalkit.runner.baseline import Baseline
from evalkit.runner.generation import generation_of
from evalkit.runner.plan import Plan
from evalkit.runner.stopping import Stopping, settled_watches
from evalkit.runner.tables import describe
from evalkit.runner.takeover import Takeover
from evalkit.suite.load import SuiteCheck

MOST_SLICES = 40
"""A label with more values than this is no category."""


def decide_gates(
    plan: Plan, tables: Measurements, baseline: Baseline, stopping: Stopping | None = None
) -> list[Verdict]:
    """Every gate of the plan's checks. Without ``stopping``, all cases were asked for all of them."""
    stopping = stopping or Stopping(plan)
    stopped = stopping.cut_short(tables)
    for name in stopped:
        tables[name].stopped_early = True
    setting = Setting(
        unsure=plan.suite.unsure,
        complete=plan.scope.limit is None,
        stopped=stopped,
        baseline=baseline.tables,
        baseline_name=baseline.name,
        watches=settled_watches(stopping, tables),
        available={name: len(cases) for name, cases in plan.cases.items()},
        level=stopping.level,
    )
    return decide_all([gate for gate in plan.suite.gates if gate.check in tables], tables, setting)


def estimate_all(plan: Plan, tables: Measurements, verdicts: Sequence[Verdict]) -> tuple[Estimate, ...]:
    """Every metric over all cases, and by the suite's slices. What gates have estimated is not estimated again."""
    known = {verdict.estimate.name: verdict.estimate for verdict in verdicts if verdict.estimate}
    found: dict[str, Estimate] = {}
    for table in tables.values():
        for name in table.columns:
            for wanted in ({}, *_slices(table, plan.suite.slices, name)):
                label = Estimate(table.name, name, None, None, table.counts, slice=wanted).name
                found[label] = known.get(label) or table.estimate(name, wanted)
        table.forget_slices()
    for name, estimate in known.items():
        found.setdefault(name, estimate)
    return tuple(found.values())


def _slices(table: CheckTable, labels: Sequence[str], metric: str) -> list[Mapping[str, str]]:
    if metric == COVERAGE:
        return []
    slices: list[Mapping[str, str]] = []
    for label in labels:
        values = table.slice_values(label)
        if 1 < len(values) <= MOST_SLICES:
            slices.extend({label: value} for value in values)
    return slices


def summarise(
    plan: Plan, checks: Sequence[SuiteCheck], tables: Mapping[str, CheckTable], stopping: Stopping, takeover: Takeover
) -> tuple[CheckSummary, ...]:
    summaries = []
    for check in checks:
        table, dataset = tables[check.name], plan.datasets[check.dataset]
        summaries.append(
            CheckSummary(
                name=check.name,
                kind=check.check.kind,
                dataset=check.dataset,
                counts=table.counts,
                metrics=tuple(describe(metric) for metric in table.metrics),
                log=check.log,
                dataset_rows=dataset.rows,
                skipped_rows=dataset.skipped,
                available=len(plan.cases[check.name]),
                stopped=stopping.why(check.name, table),
                generation=generation_of(check, plan.suite.redaction),
                confusion=tuple((wanted, given, cases) for (wanted, given), cases in sorted(table.confusion.items())),
                taken_over=takeover.count(check.name),
            )
        )
    return tuple(summaries)
