"""Finished runs against a baseline, case by case: what became better or worse, and whether that is more than chance."""

from __future__ import annotations

from evalkit.runner.compare_cases import case_changes, telling_metrics, with_exchanges
from evalkit.runner.compare_changes import ALPHA, CaseChange, CheckChange, Comparison, MetricChange, Pairing
from evalkit.runner.compare_metrics import check_changes, has_gates
from evalkit.runner.compare_refusals import common_checks, differences, missing, require_common_cases
from evalkit.runner.compare_sides import Side, find_side
from evalkit.runner.targets import targets_of_verdicts
from evalkit.store import Store

__all__ = ["ALPHA", "CaseChange", "CheckChange", "Comparison", "MetricChange", "Pairing", "compare_runs"]


def compare_runs(
    store: Store, baseline: str, *candidates: str, show: int = 5, allow_different: bool = False
) -> Comparison:
    """Each candidate against the baseline: runs by id, prefix, ``last`` or ``last:SUITE``, names of baselines and their
    files; ``show`` cases of each direction with their answers.

    Refused with ``StoreError``: runs without a common check or case, and, unless ``allow_different``, runs over
    different data, metrics of one name that were computed differently, and other generation settings than the seed.
    """
    theirs = find_side(store, baseline)
    pairings = (_pairing(theirs, find_side(store, name), show, allow_different) for name in candidates)
    return Comparison(theirs.result.run, tuple(pairings))


def _pairing(theirs: Side, ours: Side, show: int, allow_different: bool) -> Pairing:
    common, allowed = common_checks(theirs.result, ours.result, allow_different=allow_different)
    gated = theirs.gated | ours.gated
    checks = check_changes(theirs.checks(common), ours.checks(common), gated)
    require_common_cases(theirs.result.run, ours.result.run, sum(check.pairs for check in checks))
    targets = targets_of_verdicts((ours.result if ours.gated else theirs.result).outcome.verdicts)
    changes: list[CaseChange] = []
    for name in common:
        before, after = theirs.tables[name], ours.tables[name]
        changes.extend(case_changes(before, after, telling_metrics(after, gated), targets))
    shown = with_exchanges(theirs, ours, changes, show)
    return Pairing(
        baseline=theirs.result.run,
        candidate=ours.result.run,
        differences=tuple(differences(theirs.result, ours.result)),
        allowed=allowed,
        gated=has_gates(gated),
        checks=checks,
        regressed=tuple(change for change in shown if change.direction == "regressed"),
        improved=tuple(change for change in shown if change.direction == "improved"),
        moved=tuple(change for change in shown if change.direction in {"lower", "higher"}),
        missing=tuple(missing(theirs.result, ours.result)),
        found_by=(theirs.found_by, ours.found_by),
    )
