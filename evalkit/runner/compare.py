"""Two finished runs, case by case: what became better, what became worse, and whether that is more than chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import zip_longest

from evalkit.errors import StoreError
from evalkit.gates.contrast import contrast
from evalkit.gates.measurements import COVERAGE, CheckTable
from evalkit.protocols import Metric
from evalkit.records import Contrast, Status, Vector
from evalkit.results import CheckSummary, Exchange, Result, Run
from evalkit.runner.document import from_json
from evalkit.runner.findings import exchanges_of
from evalkit.runner.tables import load_tables
from evalkit.store import Store

TOLERANCE = 1e-12
"""Values of a case that differ by less are the same value."""
BY_CASE = ("rate", "mean")
"""Kinds of metric whose value over one case means something."""
OF_SPEED = ("s", "ms", "tokens/s", "MB")
"""Units of what differs between any two runs: compared as a whole, and never a reason to list a case."""


@dataclass(frozen=True, slots=True)
class MetricChange:
    check: str
    metric: str
    unit: str
    better: str
    baseline: float | None
    """Over the cases that both runs have."""
    candidate: float | None
    contrast: Contrast
    """``candidate - baseline``, paired."""
    judged: bool = True
    """One direction is better beyond doubt: the metric has a gate or bounds, or is about speed. Fewer words, for one,
    are not better by themselves."""
    improved: int | None = None
    """Cases; none for metrics that have no value for one case."""
    regressed: int | None = None
    unchanged: int | None = None

    @property
    def word(self) -> str:
        """``better`` or ``worse`` where the whole interval lies on one side of no difference, ``same`` where nothing
        differs at all, else ``unclear``; ``moved`` where neither direction is better by itself."""
        between, value = self.contrast.interval, self.contrast.value
        if value is None:
            return "unclear"
        if not self.improved and not self.regressed and abs(value) <= TOLERANCE:
            return "same"
        if between is None or between.low <= 0 <= between.high:
            return "unclear"
        if not self.judged:
            return "moved"
        return "better" if (value > 0) == (self.better == "higher") else "worse"


@dataclass(frozen=True, slots=True)
class CaseChange:
    """A case that one run did better than the other."""

    check: str
    case: str
    direction: str
    """``improved`` or ``regressed``."""
    metric: str
    """What tells: the check's first gated metric that changed; ``coverage`` where only one side has a score."""
    baseline: float | None
    candidate: float | None
    baseline_status: Status = Status.SCORED
    candidate_status: Status = Status.SCORED
    baseline_exchanges: tuple[Exchange, ...] = ()
    """What was asked and answered; filled for the first cases of each direction only."""
    candidate_exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckChange:
    name: str
    pairs: int
    only_baseline: tuple[str, ...]
    """Cases that the other run does not have: listed, never silently dropped."""
    only_candidate: tuple[str, ...]
    errored: tuple[int, int]
    """Of the common cases, in baseline and candidate. They count at the metric's worst value."""
    unscored: tuple[int, int]
    metrics: tuple[MetricChange, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    baseline: Run
    candidate: Run
    differences: tuple[tuple[str, str, str], ...]
    """What differs in how the runs were made: name, value of the baseline, value of the candidate."""
    checks: tuple[CheckChange, ...]
    regressed: tuple[CaseChange, ...]
    improved: tuple[CaseChange, ...]
    missing: tuple[str, ...] = ()
    """Checks and metrics that only one of the runs has, in sentences."""

    @property
    def metrics(self) -> tuple[MetricChange, ...]:
        return tuple(metric for check in self.checks for metric in check.metrics)


def compare_runs(store: Store, baseline: str, candidate: str, *, show: int = 5) -> Comparison:
    """Two finished runs by id, prefix, ``last`` or ``last:SUITE``; ``show`` cases of each direction with their answers.

    Refused with ``StoreError``: runs over different data, and metrics of one name that were computed differently.
    """
    theirs = from_json(store.get_result(store.get_run(baseline, finished=True).id))
    ours = from_json(store.get_result(store.get_run(candidate, finished=True).id))
    common = _common_checks(theirs, ours)
    their_tables, our_tables = load_tables(store, theirs), load_tables(store, ours)
    changes: list[CaseChange] = []
    checks = []
    for name in common:
        gated = _gated(ours, name)
        checks.append(_check(their_tables[name], our_tables[name], gated))
        changes.extend(_cases(their_tables[name], our_tables[name], _telling(our_tables[name], gated)))
    shown = _with_exchanges(store, theirs, ours, changes, show)
    return Comparison(
        baseline=theirs.run,
        candidate=ours.run,
        differences=tuple(_differences(theirs, ours)),
        checks=tuple(checks),
        regressed=tuple(change for change in shown if change.direction == "regressed"),
        improved=tuple(change for change in shown if change.direction == "improved"),
        missing=tuple(_missing(theirs, ours)),
    )


# --- may they be compared? --------------------------------------------------------------------------------------------


def _common_checks(theirs: Result, ours: Result) -> list[str]:
    left = {check.name: check for check in theirs.checks}
    right = {check.name: check for check in ours.checks}
    common = [name for name in left if name in right]
    if not common:
        raise StoreError(
            f"the runs have no check in common: {', '.join(left)} there, {', '.join(right)} here",
            where=f"{theirs.run.id} and {ours.run.id}",
            hint="compare two runs of one suite; 'evalkit list' shows them",
        )
    faults = [fault for name in common for fault in _faults(theirs.run, ours.run, left[name], right[name])]
    if faults:
        raise StoreError(
            "the runs did not measure the same thing:\n" + "\n".join(dict.fromkeys(faults)),
            where=f"{theirs.run.id} and {ours.run.id}",
            hint="evaluate both models with the same suite and data, by the same version of evalkit",
        )
    return common


def _faults(theirs: Run, ours: Run, left: CheckSummary, right: CheckSummary) -> Iterator[str]:
    before, after = theirs.datasets.get(left.dataset), ours.datasets.get(right.dataset)
    if before != after:
        names = left.dataset if left.dataset == right.dataset else f"{left.dataset} and {right.dataset}"
        sides = f"{_short(before)} in the baseline, {_short(after)} in the candidate"
        yield f"dataset {names} of check {left.name}: {sides}"
    if left.kind != right.kind:
        yield f"check {left.name}: kind {left.kind} in the baseline, {right.kind} in the candidate"
    signatures = {metric.name: metric.signature for metric in left.metrics}
    for metric in right.metrics:
        before = signatures.get(metric.name)
        if before is not None and before != metric.signature:
            yield f"metric {left.name}.{metric.name}: {before} in the baseline, {metric.signature} in the candidate"


def _short(fingerprint: str | None) -> str:
    return (fingerprint or "unknown").rpartition(":")[2][:12]


def _missing(theirs: Result, ours: Result) -> Iterator[str]:
    for one, other, side in ((theirs, ours, "baseline"), (ours, theirs, "candidate")):
        others = {check.name: {metric.name for metric in check.metrics} for check in other.checks}
        for check in one.checks:
            if check.name not in others:
                yield f"check {check.name} is in the {side} only"
                continue
            lost = [metric.name for metric in check.metrics if metric.name not in others[check.name]]
            if lost:
                yield f"metrics {', '.join(f'{check.name}.{name}' for name in lost)} are in the {side} only"


def _differences(theirs: Result, ours: Result) -> Iterator[tuple[str, str, str]]:
    for name, before, after in _circumstances(theirs, ours):
        if before != after:
            yield name, before, after


def _circumstances(theirs: Result, ours: Result) -> Iterator[tuple[str, str, str]]:
    left, right = theirs.run, ours.run
    yield "model", left.model, right.model
    if left.model == right.model:
        yield "weights", _short(left.model_fingerprint), _short(right.model_fingerprint)
    yield "suite", left.suite, right.suite
    if left.suite == right.suite:
        yield "suite content", _short(left.suite_fingerprint), _short(right.suite_fingerprint)
    for key in dict.fromkeys([*left.options, *right.options]):
        if key != "baseline":
            yield key, _plain(left.options.get(key)), _plain(right.options.get(key))
    before, after = _versions(left.environment), _versions(right.environment)
    for key in dict.fromkeys([*before, *after]):
        yield key, before.get(key, "none"), after.get(key, "none")


def _plain(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _versions(environment: Mapping[str, object]) -> dict[str, str]:
    flat = {key: str(value) for key, value in environment.items() if not isinstance(value, Mapping)}
    packages = environment.get("packages")
    return {**flat, **({str(k): str(v) for k, v in packages.items()} if isinstance(packages, Mapping) else {})}


# --- what changed -----------------------------------------------------------------------------------------------------


def _check(theirs: CheckTable, ours: CheckTable, gated: Set[str]) -> CheckChange:
    left, right = (
        dict(zip(theirs.cases, theirs.statuses, strict=True)),
        dict(zip(ours.cases, ours.statuses, strict=True)),
    )
    common = [case for case in left if case in right]

    def tally(status: Status) -> tuple[int, int]:
        return sum(left[case] is status for case in common), sum(right[case] is status for case in common)

    names = [name for name in theirs.columns if name in ours.columns and name != COVERAGE]
    return CheckChange(
        name=ours.name,
        pairs=len(common),
        only_baseline=tuple(case for case in left if case not in right),
        only_candidate=tuple(case for case in right if case not in left),
        errored=tally(Status.ERRORED),
        unscored=tally(Status.UNSCORED),
        metrics=tuple(_metric(theirs, ours, name, gated) for name in names),
    )


def _metric(theirs: CheckTable, ours: CheckTable, name: str, gated: Set[str]) -> MetricChange:
    metric = ours.columns[name].metric
    pairs = _pairs(theirs, ours, name)
    change = MetricChange(
        check=ours.name,
        metric=name,
        unit=metric.unit,
        better=metric.better,
        baseline=_value(metric, [before for before, _ in pairs.values()]),
        candidate=_value(metric, [after for _, after in pairs.values()]),
        contrast=contrast(ours, theirs, name, {}),
        judged=name in gated or metric.bounds is not None or metric.unit in OF_SPEED,
    )
    if metric.kind not in BY_CASE:
        return change
    directions = [_direction(metric, *_values(metric, pair)) for pair in pairs.values()]
    return replace(
        change,
        improved=directions.count("improved"),
        regressed=directions.count("regressed"),
        unchanged=directions.count("unchanged"),
    )


def _pairs(theirs: CheckTable, ours: CheckTable, name: str) -> dict[str, tuple[Vector, Vector]]:
    """By case, in the candidate's order."""
    before = _by_case(theirs, name)
    return {case: (before[case], vector) for case, vector in _by_case(ours, name).items() if case in before}


def _by_case(table: CheckTable, name: str) -> dict[str, Vector]:
    vectors, kept = table.vectors(name, range(len(table.cases)))
    return {table.cases[i]: vector for vector, i in zip(vectors, kept, strict=True)}


def _value(metric: Metric, vectors: Sequence[Vector]) -> float | None:
    if not vectors:
        return None
    if metric.kind == "quantile":
        import numpy as np

        return float(np.quantile([vector[0] for vector in vectors], getattr(metric, "quantile", 0.5)))
    import math

    return metric.value(tuple(math.fsum(column) for column in zip(*vectors, strict=True)))


def _values(metric: Metric, pair: tuple[Vector, Vector]) -> tuple[float | None, float | None]:
    return metric.value(pair[0]), metric.value(pair[1])


def _direction(metric: Metric, before: float | None, after: float | None) -> str:
    if before is None or after is None or abs(after - before) <= TOLERANCE:
        return "unchanged"
    return "improved" if (after > before) == (metric.better == "higher") else "regressed"


# --- which cases to read ----------------------------------------------------------------------------------------------


def _gated(result: Result, check: str) -> set[str]:
    return {v.estimate.metric for v in result.outcome.verdicts if v.estimate and v.estimate.check == check}


def _telling(table: CheckTable, gated: Set[str]) -> list[Metric]:
    """Metrics that decide whether a case became better or worse: those with a gate; without gates, those with bounds.

    Only those: an answer of more words is not a better one unless the suite says so."""
    by_case = [m for m in table.metrics if m.kind in BY_CASE and m.unit not in OF_SPEED]
    return [m for m in by_case if m.name in gated] or [m for m in by_case if m.bounds is not None]


def _cases(theirs: CheckTable, ours: CheckTable, telling: Sequence[Metric]) -> list[CaseChange]:
    """The largest change first; before all, cases of which only one side has a score."""
    left = dict(zip(theirs.cases, theirs.statuses, strict=True))
    pairs = {m.name: _pairs(theirs, ours, m.name) for m in telling if m.name in theirs.columns}
    found: list[tuple[float, CaseChange]] = []
    for case, after in zip(ours.cases, ours.statuses, strict=True):
        before = left.get(case)
        if before is None:
            continue
        if (before is Status.ERRORED) != (after is Status.ERRORED):
            direction = "regressed" if after is Status.ERRORED else "improved"
            change = CaseChange(ours.name, case, direction, COVERAGE, None, None, before, after)
            found.append((float("inf"), change))
            continue
        for metric in telling:
            pair = pairs.get(metric.name, {}).get(case)
            if pair is None:
                continue
            values = _values(metric, pair)
            direction = _direction(metric, *values)
            if direction != "unchanged" and values[0] is not None and values[1] is not None:
                change = CaseChange(ours.name, case, direction, metric.name, *values, before, after)
                found.append((abs(values[1] - values[0]), change))
                break
    return [change for _, change in sorted(found, key=lambda entry: -entry[0])]


def _with_exchanges(
    store: Store, theirs: Result, ours: Result, changes: Sequence[CaseChange], show: int
) -> list[CaseChange]:
    """Checks take turns, so that one that changed everywhere does not hide the others; the first get their answers."""
    by_check: dict[tuple[str, str], list[CaseChange]] = {}
    for change in changes:
        by_check.setdefault((change.direction, change.check), []).append(change)
    ordered: list[CaseChange] = []
    for direction in ("regressed", "improved"):
        lists = [found for (of, _), found in by_check.items() if of == direction]
        turns = [change for turn in zip_longest(*lists) for change in turn if change is not None]
        ordered += _filled(store, theirs, ours, turns[:show]) + turns[show:]
    return ordered


def _filled(store: Store, theirs: Result, ours: Result, changes: Sequence[CaseChange]) -> list[CaseChange]:
    wanted: dict[str, set[str]] = {}
    for change in changes:
        wanted.setdefault(change.check, set()).add(change.case)
    before, after = _exchanges(store, theirs, wanted), _exchanges(store, ours, wanted)
    return [
        replace(
            change,
            baseline_exchanges=before.get((change.check, change.case), ()),
            candidate_exchanges=after.get((change.check, change.case), ()),
        )
        for change in changes
    ]


def _exchanges(
    store: Store, result: Result, wanted: Mapping[str, set[str]]
) -> dict[tuple[str, str], tuple[Exchange, ...]]:
    found: dict[tuple[str, str], tuple[Exchange, ...]] = {}
    for check in result.checks:
        cases = wanted.get(check.name)
        if not cases:
            continue
        scores = store.get_scores(result.run.id, check.name, cases)
        by_case = exchanges_of(store, result.run.datasets[check.dataset], scores)
        found.update({(check.name, case): tuple(exchanges) for case, exchanges in by_case.items()})
    return found
