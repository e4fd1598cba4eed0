"""Two finished runs, case by case: what became better, what became worse, and whether that is more than chance."""

from __future__ import annotations

from evalkit.results import Result
from evalkit.runner.compare_cases import case_changes, telling_metrics, with_exchanges
from evalkit.runner.compare_changes import CaseChange, CheckChange, Comparison, MetricChange
from evalkit.runner.compare_metrics import check_change
from evalkit.runner.compare_refusals import common_checks, differences, missing
from evalkit.runner.document import from_json
from evalkit.runner.tables import load_tables
from evalkit.store import Store

__all__ = ["CaseChange", "CheckChange", "Comparison", "MetricChange", "compare_runs"]


def compare_runs(store: Store, baseline: str, candidate: str, *, show: int = 5) -> Comparison:
    """Two finished runs by id, prefix, ``last`` or ``last:SUITE``; ``show`` cases of each direction with their answers.

    Refused with ``StoreError``: runs over different data, and metrics of one name that were computed differently.
    """
    theirs = from_json(store.get_result(store.get_run(baseline, finished=True).id))
    ours = from_json(store.get_result(store.get_run(candidate, finished=True).id))
    common = common_checks(theirs, ours)
    their_tables, our_tables = load_tables(store, theirs), load_tables(store, ours)
    changes: list[CaseChange] = []
    checks = []
    for name in common:
        gated = gated_metrics(ours, name)
        checks.append(check_change(their_tables[name], our_tables[name], gated))
        changes.extend(case_changes(their_tables[name], our_tables[name], telling_metrics(our_tables[name], gated)))
    shown = with_exchanges(store, theirs, ours, changes, show)
    return Comparison(
        baseline=theirs.run,
        candidate=ours.run,
        differences=tuple(differences(theirs, ours)),
        checks=tuple(checks),
        regressed=tuple(change for change in shown if change.direction == "regressed"),
        improved=tuple(change for change in shown if change.direction == "improved"),
        missing=tuple(missing(theirs, ours)),
    )


def gated_metrics(result: Result, check: str) -> set[str]:
    return {v.estimate.metric for v in result.outcome.verdicts if v.estimate and v.estimate.check == check}
