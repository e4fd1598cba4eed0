"""What changed since the baseline: every metric, how many cases were fixed and regressed, and what was said in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import TypedDict

from evalkit.errors import RunNotFound
from evalkit.gates.measurements import COVERAGE, CheckTable
from evalkit.protocols import Metric
from evalkit.results import CaseCount, Change, ChangeCount, MetricContrast, Run
from evalkit.runner.baseline import Baseline
from evalkit.runner.compare_cases import said_in
from evalkit.runner.compare_listed import CaseChange, TurnedCases
from evalkit.runner.compare_metrics import metric_changes
from evalkit.runner.compare_pairs import Places, common_places
from evalkit.runner.compare_turned import Turned, metrics_by_case, telling_metrics, turned
from evalkit.runner.findings import MASKING, MOST_TEXT, characters, cut_short
from evalkit.runner.plan import Plan
from evalkit.runner.targets import targets_of_gates
from evalkit.store import Store
from evalkit.suite.load import SuiteCheck

MOST = 40
"""Cases of a check that are shown; half of them are such as regressed, and half others, where there are as many."""
KINDS = {"regressed": "regressed", "improved": "fixed", "lower": "lower", "higher": "higher"}


class Since(TypedDict):
    """As a result holds it."""

    changes: tuple[Change, ...]
    change_counts: tuple[ChangeCount, ...]
    case_counts: tuple[CaseCount, ...]
    contrasts: tuple[MetricContrast, ...]


def since_baseline(store: Store, run: Run, plan: Plan, tables: Mapping[str, CheckTable], baseline: Baseline) -> Since:
    """Of checks on the same data as in the baseline, or that a gate compares all the same.

    The cases that are told are those by which a metric with a gate went otherwise, of a check without gates one with
    bounds; every metric is counted. The baseline's answers are shown where its run is in the store: a file has numbers
    only.
    """
    found: list[Change] = []
    counts: list[ChangeCount] = []
    by_case: list[CaseCount] = []
    gated = {(gate.check, gate.metric) for gate in plan.suite.gates}
    targets = targets_of_gates(plan.suite.gates)
    masked = baseline.masked or any(check.check.kind == MASKING for check in plan.checks)
    there = baseline.run_id if _is_stored(store, baseline.run_id) else ""
    pairs = _comparable(run, plan, tables, baseline)
    common = {name: common_places(*both) for name, both in pairs.items()}
    for check in plan.checks:
        if check.name not in pairs:
            continue
        theirs, ours = pairs[check.name]
        telling = [metric for metric in telling_metrics(ours, gated) if _is_comparable(metric, theirs)]
        others = [one for one in metrics_by_case(ours) if one not in telling and _is_comparable(one, theirs)]
        cases = turned(theirs, ours, telling, targets, also=others, common=common[check.name])
        counts += _counts(check.name, cases)
        by_case.append(_by_case(check.name, cases))
        told = TurnedCases.of(theirs, ours, cases)
        listed = [told.change(row) for row in _listed(cases)]
        found += _with_texts(store, run, check, listed, there, baseline.data.get(check.name, ""), masked=masked)
    return {
        "changes": tuple(found),
        "change_counts": tuple(counts),
        "case_counts": tuple(by_case),
        "contrasts": tuple(_contrasts(pairs, common, gated)),
    }


def _comparable(
    run: Run, plan: Plan, tables: Mapping[str, CheckTable], baseline: Baseline
) -> dict[str, tuple[CheckTable, CheckTable]]:
    """By check, their table and ours."""
    compared = {gate.check for gate in plan.suite.gates if gate.against_baseline}
    there = baseline.tables or {}
    return {
        check.name: (there[check.name], tables[check.name])
        for check in plan.checks
        if check.name in there
        and (baseline.data.get(check.name) == run.datasets[check.dataset] or check.name in compared)
    }


def _contrasts(
    pairs: Mapping[str, tuple[CheckTable, CheckTable]], common: Mapping[str, Places], gated: Set[tuple[str, str]]
) -> Iterator[MetricContrast]:
    """What ``evalkit compare`` says of the two runs."""
    theirs, ours = ({name: both[side] for name, both in pairs.items()} for side in (0, 1))
    for one in metric_changes(theirs, ours, gated, alike=_is_comparable, common=common):
        yield MetricContrast(
            check=one.check,
            metric=one.metric,
            unit=one.unit,
            better=one.better,
            baseline=one.baseline,
            value=one.candidate,
            difference=one.contrast.value,
            interval=one.contrast.interval,
            p_value=one.contrast.p_value,
            p_adjusted=one.adjusted,
            test=one.test,
            pairs=one.contrast.pairs,
            missing=one.contrast.missing,
            judged=one.judged,
            conclusion=one.word,
        )


def _is_stored(store: Store, run_id: str) -> bool:
    try:
        return bool(run_id) and store.get_run(run_id).id == run_id
    except RunNotFound:
        return False


def _is_comparable(metric: Metric, theirs: CheckTable) -> bool:
    column = theirs.columns.get(metric.name)
    return column is not None and column.metric.signature == metric.signature


def _counts(check: str, cases: Turned) -> Iterator[ChangeCount]:
    for metric, many in cases.counts.items():
        if metric != COVERAGE or many.improved or many.regressed:
            yield ChangeCount(check, metric, many.improved, many.regressed, many.same, many.higher, many.lower)


def _by_case(check: str, cases: Turned) -> CaseCount:
    fixed, regressed, moved = cases.many("improved"), cases.many("regressed"), cases.many("lower", "higher")
    return CaseCount(check, fixed, regressed, moved, cases.pairs - len(cases))


def _listed(cases: Turned) -> list[int]:
    """Rows of the cases that are shown, in their order: as many others as there is room for beside what regressed."""
    regressed = cases.many("regressed")
    others = len(cases) - regressed
    first = min(regressed, MOST - min(others, MOST // 2))
    return [*range(first), *range(regressed, regressed + min(others, MOST - first))]


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
        before, after = cut_short(was.get(change.case, ())), cut_short(now.get(change.case, ()))
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
