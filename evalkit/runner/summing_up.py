"""What a run found, as the one result that everything renders."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from evalkit.gates.measurements import Measurements
from evalkit.gates.outcome import conclude, total
from evalkit.results import Result, Run, Usage
from evalkit.runner.agreements import agreements
from evalkit.runner.ask import Tally
from evalkit.runner.baseline import Baseline
from evalkit.runner.bias_gaps import gaps_of_run
from evalkit.runner.conclude import decide_gates, estimate_all, summarise
from evalkit.runner.corrections import corrections
from evalkit.runner.diagnose import diagnose
from evalkit.runner.distributions import distributions
from evalkit.runner.errored import error_groups
from evalkit.runner.findings import cases_to_read
from evalkit.runner.plan import Plan
from evalkit.runner.redaction import redaction_told
from evalkit.runner.repeats import splits
from evalkit.runner.running import Running
from evalkit.store import Store


def sum_up(running: Running, tables: Measurements, tally: Tally, baseline: Baseline) -> Result:
    plan, store, run = running.plan, running.store, running.run
    verdicts = decide_gates(plan, tables, baseline, running.stopping)
    warnings = list(running.warnings)
    if running.stopping.contradictions:
        gates = ", ".join(dict.fromkeys(running.stopping.contradictions))
        warnings.append(f"the evidence is not that of run {run.continues}, from the same answers: {gates}")
    finished = replace(run, state="finished", options={**run.options, "baseline": baseline.name})
    warnings += redaction_told(tally)
    worst, sampled = cases_to_read(store, finished, plan.checks, tables, verdicts)
    return Result(
        run=finished,
        outcome=conclude(verdicts, tables, plan.suite.tolerance),
        estimates=estimate_all(plan, tables, verdicts),
        checks=summarise(plan, plan.checks, tables, running.stopping, running.takeover),
        findings=worst,
        usage=Usage(
            cases=total(tables).planned,
            needed=tally.needed,
            asked=tally.asked,
            reused=tally.reused,
            prompt_tokens=tally.prompt_tokens,
            output_tokens=tally.output_tokens,
            incidents=store.counts(run.id).incidents,
            taken_over=sum(map(running.takeover.count, tables)),
            taken_from=running.takeover.runs,
        ),
        warnings=tuple(warnings),
        reproduce=running.options.reproduce,
        suite_title=plan.suite.title,
        model=running.backends["subject"].info,
        differences=baseline.differences,
        diagnoses=diagnose(
            plan.suite.slices,
            tables,
            gates=plan.suite.gates,
            sequential=list(tables) if running.stopping.may_stop else (),
        ),
        splits=splits(plan, tables),
        corrections=corrections(tables),
        group_gaps=gaps_of_run(store, run.id, plan.checks, running.stopping.may_stop),
        distributions=distributions(plan, tables),
        agreements=agreements(store, finished, plan.checks),
        errors=error_groups(store, finished, plan.checks, tables),
        sampled=sampled,
        **_since(store, finished, plan, tables, baseline),
        timeline=running.timeline.ended(time.monotonic() - running.started, plan.count, tally.output_tokens),
        mode=running.options.mode,
        mode_reason=running.options.mode_reason,
    )


def _since(store: Store, run: Run, plan: Plan, tables: Measurements, baseline: Baseline) -> Mapping[str, Any]:
    if baseline.tables is None:
        return {}
    from evalkit.runner.changes import since_baseline  # most runs have no baseline, and need none of what compares two

    return since_baseline(store, run, plan, tables, baseline)
