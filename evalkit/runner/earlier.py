"""What earlier runs of a suite tell of its next one: how its measurements spread, and how far two runs agree."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.errors import StoreError
from evalkit.gates.measurements import Measurements
from evalkit.results import Run
from evalkit.runner.document import from_json
from evalkit.runner.plan import Plan
from evalkit.runner.tables import load_tables
from evalkit.store import Store

LOOKED_AT = 100
"""Runs back, for one that will do."""


@dataclass(frozen=True, slots=True)
class Earlier:
    tables: Measurements | None = None
    """None where the suite was never run."""
    others: Measurements | None = None
    """Of another model's run over the same data, for what paired differences are like."""
    names: tuple[str, ...] = ()
    partial: bool = False
    same_data: bool = False


def find_earlier(store: Store | None, plan: Plan, name: str = "") -> Earlier:
    """The run that was named, else the newest finished whole one of the suite, of whatever model.

    Beside it, where there is one, the newest of another model over the same data: two runs of one model that always
    answers alike would agree wholly, and promise too much.
    """
    if store is None:
        return Earlier()
    runs = [run for run in store.list_runs(plan.suite.name, limit=LOOKED_AT) if run.state == "finished"]
    whole = [run for run in runs if not run.partial]
    if name:
        chosen = store.get_run(name, suite=plan.suite.name, finished=True)
        if chosen.state != "finished" or chosen.suite != plan.suite.name:
            what = f"is of suite '{chosen.suite}'" if chosen.suite != plan.suite.name else f"is {chosen.state}"
            raise StoreError(f"run {chosen.id} {what}", hint=f"name a finished run of suite '{plan.suite.name}'")
    elif whole:
        chosen = whole[0]
    else:
        return Earlier()
    known = {check.name: {metric.name: metric for metric in check.check.metrics} for check in plan.checks}

    def tables(run: Run) -> Measurements:
        return load_tables(store, from_json(store.get_result(run.id)), known)

    rivals = (
        run for run in whole if run.datasets == chosen.datasets and run.model_fingerprint != chosen.model_fingerprint
    )
    rival = next(rivals, None)
    return Earlier(
        tables=tables(chosen),
        others=tables(rival) if rival is not None else None,
        names=(chosen.id, rival.id) if rival is not None else (chosen.id,),
        partial=chosen.partial,
        same_data=all(chosen.datasets.get(name) == data.fingerprint for name, data in plan.datasets.items()),
    )
