"""Which run goes on: an interrupted one of the same command, or a new one."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from evalkit.errors import RunNotFound
from evalkit.records import ModelInfo
from evalkit.results import Run
from evalkit.runner.environment import environment
from evalkit.runner.plan import Plan, Scope
from evalkit.store import Store

FRESH = "fresh"
"""The option of a run that takes no answer of another one."""


def run_options(scope: Scope, replicate: int, seed: int | None) -> dict[str, Any]:
    """What decides whether two commands are the same job. Not the baseline: it changes no answer and no score."""
    return {"only": list(scope.only), "limit": scope.limit, "replicate": replicate, "seed": seed}


def resumable(store: Store, plan: Plan, info: ModelInfo, options: Mapping[str, Any]) -> Run | None:
    """The newest run of the same suite, data, model and options that was interrupted or failed, begun fresh or not."""
    datasets = {name: dataset.fingerprint for name, dataset in plan.datasets.items()}
    found = [
        run
        for wanted in (options, {**options, FRESH: True})
        if (run := store.find_resumable(plan.suite.fingerprint, info.fingerprint, wanted)) and run.datasets == datasets
    ]
    return max(found, key=lambda run: (run.created, run.id), default=None)


def begin_run(store: Store, plan: Plan, info: ModelInfo, options: Mapping[str, Any], resume: str) -> Run:
    """``auto``: go on with an interrupted run of the same command, if there is one; ``required``: there must be one;
    ``never``: begin a new one, and ask all anew."""
    if resume != "never":
        earlier = resumable(store, plan, info, options)
        if earlier is not None:
            store.transition(earlier.id, "running", cause="resumed")
            return replace(earlier, state="running")
    if resume == "required":
        raise RunNotFound("there is no interrupted run of this suite, model and options", hint="leave --resume out")
    wanted = Run(
        id=f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
        suite=plan.suite.name,
        model=info.reference,
        state="planned",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        suite_fingerprint=plan.suite.fingerprint,
        model_fingerprint=info.fingerprint,
        datasets={name: dataset.fingerprint for name, dataset in plan.datasets.items()},
        environment=environment(),
        options={**options, FRESH: True} if resume == "never" else dict(options),
        partial=plan.scope.partial,
    )
    store.create_run(wanted)
    store.transition(wanted.id, "running", cause="started")
    return replace(wanted, state="running")
