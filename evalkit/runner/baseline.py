"""What a run is compared with: a named baseline, its file, or a whole, finished run; and whether it may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evalkit.errors import RunNotFound, StoreError, nearest
from evalkit.gates.measurements import COVERAGE, Measurements
from evalkit.results import Run
from evalkit.runner import baseline_file
from evalkit.runner.findings import MASKING
from evalkit.runner.generation import generation_of, other_settings
from evalkit.runner.kept import Kept, KeptCheck, kept_run, tables_of
from evalkit.runner.plan import Plan
from evalkit.runner.tables import describe
from evalkit.store import Store, StoredBaseline
from evalkit.suite.load import Suite, SuiteCheck

SUGGESTED_FROM = 200
LISTED = 20


@dataclass(frozen=True, slots=True)
class Baseline:
    tables: Measurements | None = None
    """None: there is no baseline, and its gates cannot be decided."""
    name: str = ""
    """For people: the run's id, with the name or file that it was found by."""
    differences: tuple[str, ...] = ()
    """In what it was made differently, where that was allowed; and what no gate compares, in any case."""
    run_id: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    """By check, the fingerprint of the dataset that it read."""
    masked: bool = False
    """It looked for leaks: whoever shows its answers masks what is one."""


def find_baseline(store: Store, plan: Plan, name: str, *, allow_different: bool = False) -> Baseline:
    """Its tables. What differs from what the plan will measure is refused before anything is asked.

    ``name`` is a file that exists and ends in .json, the name of a baseline, or a run: id, prefix, ``last`` or
    ``last:SUITE``; the first of these that there is.
    """
    suite = plan.suite
    if not name:
        if suite.baseline == "required" and any(gate.against_baseline for gate in suite.gates):
            raise RunNotFound(
                f"suite '{suite.name}' requires a baseline", hint="name one: --baseline NAME, FILE.json or RUN"
            )
        return Baseline()
    kept, shown = _kept(store, suite, name)
    faults, remarks = _differences(kept, plan)
    if faults and not allow_different:
        listed = "\n".join(f"- {fault}" for fault in faults)
        raise StoreError(
            f"the baseline did not measure what this run will:\n{listed}",
            where=shown,
            hint="make a new baseline with today's suite and data, or add --allow-different to compare all the same: "
            "the report then lists these differences",
        )
    known = {check.name: {metric.name: metric for metric in check.check.metrics} for check in plan.checks}
    tables = tables_of(kept, known, read_as_ours=allow_different)
    _require_answers(suite, tables, shown)
    return Baseline(
        tables,
        shown,
        (*faults, *remarks),
        kept.run.id,
        data={name: check.dataset_fingerprint for name, check in kept.checks.items()},
        masked=any(check.kind == MASKING for check in kept.checks.values()),
    )


def _require_answers(suite: Suite, tables: Measurements, shown: str) -> None:
    """Errors count as the worst value: beside a check of nothing else, anything is better."""
    for check in dict.fromkeys(gate.check for gate in suite.gates if gate.against_baseline):
        counts = tables[check].counts if check in tables else None
        if counts and counts.planned and counts.errored == counts.planned:
            raise StoreError(
                f"every case of check '{check}' errored in the baseline: there is nothing to compare with",
                where=shown,
                hint="name a run that was measured; 'evalkit list' shows how each ended",
            )


def fixed_name(store: Store, suite: Suite, name: str) -> str:
    """The name in a form that means the same after more runs were made: ``last`` and prefixes become a run's id.

    Files and names of baselines stay as they are. What there is not is said now.
    """
    if not name or is_file(name) or store.get_baseline(name) is not None:
        return name
    return named_run(store, name, suite.name).id


# --- finding ----------------------------------------------------------------------------------------------------------


def _kept(store: Store, suite: Suite, name: str) -> tuple[Kept, str]:
    if is_file(name):
        kept = baseline_file.parse(baseline_file.read(Path(name)), name)
        return kept, f"{name} (run {kept.run.id})"
    named = store.get_baseline(name)
    if named is not None:
        return kept_baseline(store, named), f"{name} (run {named.run_id})"
    kept = kept_run(store, named_run(store, name, suite.name))
    return kept, kept.run.id


def kept_baseline(store: Store, named: StoredBaseline) -> Kept:
    """What a name stands for."""
    if named.imported:
        return baseline_file.parse(named.document, f"baseline '{named.name}'")
    return kept_run(store, store.get_run(named.run_id))


def is_file(name: str) -> bool:
    try:
        return name.endswith(".json") and Path(name).is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def named_run(store: Store, name: str, suite: str = "") -> Run:
    """A run by its name; where there is none, the nearest names of both kinds."""
    try:
        return store.get_run(name, suite=suite, finished=True)
    except RunNotFound as error:
        if name.partition(":")[0] == "last":
            raise
        ids = [run.id for run in store.list_runs(limit=SUGGESTED_FROM)]
        if sum(run_id.startswith(name) for run_id in ids) > 1:
            raise  # it says which
        if name.endswith(".json"):
            raise StoreError(f"there is no file '{name}'", hint="'evalkit baseline export' writes one") from error
        raise _unknown(store, name, ids) from error


def _unknown(store: Store, name: str, ids: list[str]) -> RunNotFound:
    names = [baseline.name for baseline in store.list_baselines()]
    close = [found for found in (nearest(name, names), nearest(name, ids)) if found]
    meant = f"did you mean {' or '.join(repr(found) for found in close)}? " if close else ""
    listing = f"baselines: {', '.join(names[:LISTED])}; " if names else ""
    return RunNotFound(
        f"there is no baseline and no run '{name}'",
        where=store.location,
        hint=f"{meant}{listing}'evalkit baseline list' and 'evalkit list' show what there is",
    )


# --- may they be compared? --------------------------------------------------------------------------------------------


def _differences(kept: Kept, plan: Plan) -> tuple[list[str], list[str]]:
    """Of what gates compare, and of what only stands beside it."""
    compared: dict[str, set[str]] = {}
    for gate in plan.suite.gates:
        if gate.against_baseline:
            compared.setdefault(gate.check, set()).add(gate.metric)
    faults: list[str] = []
    of_other_suite = kept.run.suite != plan.suite.name
    remarks = (
        [f"the baseline is of suite '{kept.run.suite}', this run of '{plan.suite.name}'"] if of_other_suite else []
    )
    for check in plan.checks:
        theirs, metrics = kept.checks.get(check.name), compared.get(check.name)
        if metrics is None:
            if theirs is not None:
                metrics = {metric.name for metric in check.check.metrics if theirs.metric(metric.name)}
                remarks += [f"{found} (no gate compares it)" for found in _of_check(check, theirs, plan, metrics)]
        elif theirs is None:
            of = f" of suite '{kept.run.suite}'" if of_other_suite else ""
            there = ", ".join(kept.checks) or "none"
            faults.append(f"check {check.name}: the baseline{of} does not have it (its checks: {there})")
        else:
            faults += _of_check(check, theirs, plan, metrics)
    return faults, remarks


def _of_check(check: SuiteCheck, theirs: KeptCheck, plan: Plan, metrics: set[str]) -> Iterator[str]:
    name, kind = check.name, check.check.kind
    if kind != theirs.kind:
        yield f"check {name}: kind {theirs.kind} in the baseline, {kind} here"
    ours = plan.datasets[check.dataset].fingerprint
    if ours != theirs.dataset_fingerprint:
        yield (
            f"check {name}: other data; dataset '{theirs.dataset}' was {_short(theirs.dataset_fingerprint)} in the "
            f"baseline, '{check.dataset}' is {_short(ours)} here"
        )
    yield from _of_metrics(check, theirs, metrics)
    for setting, before, here in other_settings(theirs.generation, generation_of(check, plan.suite.redaction)):
        yield f"generation of check {name}: {setting} {before} in the baseline, {here} here"


def _of_metrics(check: SuiteCheck, theirs: KeptCheck, metrics: set[str]) -> Iterator[str]:
    for metric in check.check.metrics:
        if metric.name not in metrics or metric.name == COVERAGE:
            continue
        name, ours, before = f"{check.name}.{metric.name}", describe(metric), theirs.metric(metric.name)
        if before is None:
            there = ", ".join(one.name for one in theirs.metrics) or "none"
            yield f"metric {name}: the baseline does not have it (its metrics: {there})"
        elif before.signature != ours.signature:
            yield f"metric {name}: {before.signature or 'no signature'} in the baseline, {ours.signature} here"
        elif before.kind != ours.kind:
            yield f"metric {name}: a {before.kind} in the baseline, a {ours.kind} here"


def _short(fingerprint: str) -> str:
    return fingerprint.rpartition(":")[2][:12]
