"""Finished runs against a baseline, case by case: what became better or worse, and whether that is more than chance."""

from __future__ import annotations

from evalkit.runner.compare_cases import with_answers
from evalkit.runner.compare_changes import ALPHA, CheckChange, Comparison, MetricChange, Pairing
from evalkit.runner.compare_listed import CaseChange, CaseChanges, TurnedCases, listed
from evalkit.runner.compare_metrics import check_changes, has_gates
from evalkit.runner.compare_pairs import common_places
from evalkit.runner.compare_refusals import common_checks, differences, missing, require_common_cases
from evalkit.runner.compare_sides import Side, find_side
from evalkit.runner.compare_turned import telling_metrics, turned
from evalkit.runner.targets import targets_of_verdicts
from evalkit.store import Store

__all__ = [
    "ALPHA",
    "CaseChange",
    "CaseChanges",
    "CheckChange",
    "Comparison",
    "MetricChange",
    "Pairing",
    "compare_runs",
]


def compare_runs(
    store: Store, baseline: str, *candidates: str, show: int = 5, allow_different: bool = False
) -> Comparison:
    """Each candidate against the baseline: runs by id, prefix, ``last`` or ``last:SUITE``, names of baselines and their
    files; ``show`` cases of each direction with their answers.

    Refused with ``NotComparable``: runs without a common check or case, and, unless ``allow_different``, runs over
    different data, metrics of one name that were computed differently, and other generation settings than the seed.
    """
    theirs = find_side(store, baseline)
    pairings = (_pairing(theirs, find_side(store, name), show, allow_different) for name in candidates)
    return Comparison(theirs.result.run, tuple(pairings))


def _pairing(theirs: Side, ours: Side, show: int, allow_different: bool) -> Pairing:
    common, allowed = common_checks(theirs.result, ours.result, allow_different=allow_different)
    gated = theirs.gated | ours.gated
    places = {name: common_places(theirs.tables[name], ours.tables[name]) for name in common}
    require_common_cases(theirs.result.run, ours.result.run, sum(len(here) for _, here in places.values()))
    targets = targets_of_verdicts((ours.result if ours.gated else theirs.result).outcome.verdicts)
    cases = []
    for name in common:
        before, after = theirs.tables[name], ours.tables[name]
        found = turned(before, after, telling_metrics(after, gated), targets, common=places[name])
        cases.append(TurnedCases.of(before, after, found))
    regressed, improved, moved = (
        _with_answers(theirs, ours, listed(cases, *ways), show)
        for ways in (("regressed",), ("improved",), ("lower", "higher"))
    )
    return Pairing(
        baseline=theirs.result.run,
        candidate=ours.result.run,
        differences=tuple(differences(theirs.result, ours.result)),
        allowed=allowed,
        gated=has_gates(gated),
        checks=check_changes(theirs.checks(common), ours.checks(common), gated, targets, places),
        regressed=regressed,
        improved=improved,
        moved=moved,
        missing=tuple(missing(theirs.result, ours.result)),
        found_by=(theirs.found_by, ours.found_by),
    )


def _with_answers(theirs: Side, ours: Side, cases: CaseChanges, show: int) -> CaseChanges:
    return cases.with_first(with_answers(theirs, ours, cases[:show]))
