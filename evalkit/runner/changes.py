"""What changed since the baseline, case by case: how many were fixed and how many regressed, and what was said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from evalkit.errors import RunNotFound
from evalkit.gates.measurements import COVERAGE, CheckTable
from evalkit.protocols import Metric
from evalkit.results import Change, ChangeCount, Run
from evalkit.runner.baseline import Baseline
from evalkit.runner.compare_cases import Turned, case_change, said_in, telling_metrics, turned
from evalkit.runner.compare_changes import CaseChange
from evalkit.runner.findings import MASKING, MOST_TEXT, characters
from evalkit.runner.plan import Plan
from evalkit.store import Store
from evalkit.suite.load import SuiteCheck

MOST = 40
"""Cases of a check that are shown, half of them of each kind where there are as many."""
KINDS = {"regressed": "regressed", "improved": "fixed"}


def changes(
    store: Store, run: Run, plan: Plan, tables: Mapping[str, CheckTable], baseline: Baseline
) -> tuple[tuple[Change, ...], tuple[ChangeCount, ...]]:
    """By the metrics that have a gate, of a check without gates by those with bounds; the largest change first.

    Of checks on the same data as in the baseline, or that a gate compares all the same. The baseline's answers are
    shown where its run is in the store: a file has numbers only.
    """
    found: list[Change] = []
    counts: list[ChangeCount] = []
    gated = {(gate.check, gate.metric) for gate in plan.suite.gates}
    compared = {gate.check for gate in plan.suite.gates if gate.against_baseline}
    masked = baseline.masked or any(check.check.kind == MASKING for check in plan.checks)
    there = baseline.run_id if _is_stored(store, baseline.run_id) else ""
    for check in plan.checks:
        theirs, ours = (baseline.tables or {}).get(check.name), tables[check.name]
        same_data = baseline.data.get(check.name) == run.datasets[check.dataset]
        if theirs is None or not (same_data or check.name in compared):
            continue
        telling = [metric for metric in telling_metrics(ours, gated) if _is_comparable(metric, theirs)]
        cases = turned(theirs, ours, telling)
        counts += _counts(check.name, cases)
        listed = [case_change(theirs, ours, cases, row) for row in _listed(cases)]
        found += _with_texts(store, run, check, listed, there, baseline.data.get(check.name, ""), masked=masked)
    return tuple(found), tuple(counts)


def _is_stored(store: Store, run_id: str) -> bool:
    try:
        return bool(run_id) and store.get_run(run_id).id == run_id
    except RunNotFound:
        return False


def _is_comparable(metric: Metric, theirs: CheckTable) -> bool:
    column = theirs.columns.get(metric.name)
    return column is not None and column.metric.signature == metric.signature


def _counts(check: str, cases: Turned) -> Iterator[ChangeCount]:
    for metric, (improved, regressed, same) in cases.counts.items():
        if metric != COVERAGE or improved or regressed:
            yield ChangeCount(check, metric, improved, regressed, same)


def _listed(cases: Turned) -> list[int]:
    """Rows of the cases that are shown: what regressed, then what was fixed."""
    fixed, regressed = (rows.tolist() for rows in ((cases.improved).nonzero()[0], (~cases.improved).nonzero()[0]))
    room = MOST - min(len(fixed), MOST // 2)
    shown = regressed[:room]
    return shown + fixed[: MOST - len(shown)]


def _with_texts(  # noqa: PLR0917 - both sides of what changed
    store: Store,
    run: Run,
    check: SuiteCheck,
    listed: Sequence[CaseChange],
    there: str,
    data_there: str,
    *,
    masked: bool,
) -> Iterator[Change]:
    names = [change.case for change in listed]
    now = said_in(store, run.id, check.name, run.datasets[check.dataset], names, masked=masked)
    was = said_in(store, there, check.name, data_there, names, masked=masked) if there else {}
    left = MOST_TEXT
    for change in listed:
        before, after = was.get(change.case, ()), now.get(change.case, ())
        left -= characters(before) + characters(after)
        if left < 0:
            return
        yield Change(
            check=check.name,
            metric=change.metric,
            case=change.case,
            kind=KINDS[change.direction],
            was=change.baseline,
            now=change.candidate,
            before=before,
            after=after,
        )
