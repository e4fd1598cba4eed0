"""What a run is compared with: a whole, finished run over the same data."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.errors import RunNotFound, StoreError
from evalkit.gates.measurements import Measurements
from evalkit.runner.document import from_json
from evalkit.runner.plan import Plan
from evalkit.runner.tables import load_tables
from evalkit.store import Store


@dataclass(frozen=True, slots=True)
class Baseline:
    tables: Measurements | None = None
    """None: there is no baseline, and its gates cannot be decided."""
    name: str = ""
    differences: tuple[str, ...] = ()
    """In what it was made differently, where that was allowed."""


def find_baseline(store: Store, plan: Plan, name: str, *, allow_different: bool = False) -> Baseline:
    """Its tables. What differs from what the plan will measure is refused before anything is asked."""
    suite = plan.suite
    if not name:
        if suite.baseline == "required" and any(gate.against_baseline for gate in suite.gates):
            raise RunNotFound(f"suite '{suite.name}' requires a baseline", hint="name one: --baseline RUN")
        return Baseline()
    run = store.get_run(name, suite=suite.name, finished=True)
    if run.state != "finished":
        raise StoreError(
            f"run {run.id} is {run.state}; a baseline is a finished run", hint="evalkit list shows the runs"
        )
    if run.partial:
        raise StoreError(
            f"run {run.id} is partial (made with --limit or --only); it cannot be a baseline",
            hint="run the whole suite once",
        )
    for dataset in plan.datasets.values():
        theirs = run.datasets.get(dataset.name)
        if theirs is not None and theirs != dataset.fingerprint:
            raise StoreError(
                f"run {run.id} read other data under the name '{dataset.name}'",
                hint="make a new baseline with the data of today",
            )
    known = {check.name: {metric.name: metric for metric in check.check.metrics} for check in plan.checks}
    return Baseline(load_tables(store, from_json(store.get_result(run.id)), known), run.id)
