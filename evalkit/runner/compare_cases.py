"""What was said in the cases that went otherwise: read for those alone that are shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from evalkit.results import Exchange
from evalkit.runner.compare_listed import CaseChange
from evalkit.runner.compare_sides import Side
from evalkit.runner.findings import MASKING, exchanges_of
from evalkit.store import Store


def with_answers(theirs: Side, ours: Side, changes: Sequence[CaseChange]) -> list[CaseChange]:
    """What each side was asked and answered, read for these alone."""
    wanted: dict[str, set[str]] = {}
    for change in changes:
        wanted.setdefault(change.check, set()).add(change.case)
    before, after = _exchanges(theirs, wanted), _exchanges(ours, wanted)
    return [
        replace(
            change,
            baseline_exchanges=before.get((change.check, change.case), ()),
            candidate_exchanges=after.get((change.check, change.case), ()),
        )
        for change in changes
    ]


def _exchanges(side: Side, wanted: Mapping[str, set[str]]) -> dict[tuple[str, str], tuple[Exchange, ...]]:
    found: dict[tuple[str, str], tuple[Exchange, ...]] = {}
    store, result = side.store, side.result
    masked = any(check.kind == MASKING for check in result.checks)
    for check in result.checks:
        cases = wanted.get(check.name)
        if cases and store is not None:
            said = said_in(store, result.run.id, check.name, result.run.datasets[check.dataset], cases, masked=masked)
            found.update({(check.name, case): exchanges for case, exchanges in said.items()})
    return found


def said_in(
    store: Store, run_id: str, check: str, fingerprint: str, cases: Collection[str], *, masked: bool
) -> dict[str, tuple[Exchange, ...]]:
    """By case, what a run asked and was answered."""
    scores = store.get_scores(run_id, check, cases)
    by_case = exchanges_of(store, fingerprint, scores, masked=masked)
    return {case: tuple(exchanges) for case, exchanges in by_case.items()}
