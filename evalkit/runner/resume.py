"""Which run goes on: an interrupted one of the same command, or a new one."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from evalkit.errors import RunNotFound, StoreError
from evalkit.records import ModelInfo
from evalkit.results import Run
from evalkit.runner.environment import environment
from evalkit.runner.plan import Plan, Scope
from evalkit.store import EvidenceRow, Store

FRESH = "fresh"
"""The option of a run that takes no answer of another one."""


def run_options(
    scope: Scope, replicate: int, seed: int | None, *, stop_early: bool = False, continues: str = ""
) -> dict[str, Any]:
    """What decides whether two commands are the same job. Not the baseline: it changes no answer and no score."""
    options = {"only": list(scope.only), "limit": scope.limit, "replicate": replicate, "seed": seed}
    return {**options, "stop_early": stop_early, "continues": continues}


def run_to_continue(store: Store, plan: Plan, info: ModelInfo, name: str, *, replicate: int = 0) -> Run | None:
    """A finished run of the same suite, data, model and replicate, from whose answers this one goes on."""
    if not name:
        return None
    earlier = store.get_run(name, suite=plan.suite.name, finished=True)
    if earlier.state != "finished":
        raise StoreError(
            f"run {earlier.id} is {earlier.state}; only a finished run can be continued",
            hint="the command that began it goes on with an interrupted run by itself",
        )
    theirs = {key: earlier.datasets.get(key) for key in plan.datasets}
    differs = [
        what
        for what, same in (
            ("suite", earlier.suite_fingerprint == plan.suite.fingerprint),
            ("model", earlier.model_fingerprint == info.fingerprint),
            ("data", theirs == {key: dataset.fingerprint for key, dataset in plan.datasets.items()}),
            ("replicate", earlier.options.get("replicate", 0) == replicate),
        )
        if not same
    ]
    if differs:
        raise StoreError(
            f"run {earlier.id} cannot be continued: {' and '.join(f'its {what} is another one' for what in differs)}",
            hint="continue it with the same suite, data, model and replicate, or leave --continue out",
        )
    return earlier


def earlier_evidence(store: Store, continued: Run | None, scope: Scope) -> list[EvidenceRow] | None:
    """Of the run that is continued. None that can be held against ours where either planned a part of the other."""
    if continued is None:
        return None
    same = continued.options.get("limit") == scope.limit and tuple(continued.options.get("only", ())) == scope.only
    return store.get_evidence(continued.id) if same else []


def origin_of(store: Store, run: Run) -> str:
    """The first of the runs that this one continues, one after the other: answers bound to a run are bound to it."""
    while run.continues:
        run = store.get_run(run.continues)
    return run.id


def resumable(store: Store, plan: Plan, info: ModelInfo, options: Mapping[str, Any]) -> Run | None:
    """The newest run of the same suite, data, model and options that was interrupted or failed, begun fresh or not."""
    datasets = {name: dataset.fingerprint for name, dataset in plan.datasets.items()}
    found = [
        run
        for wanted in (options, {**options, FRESH: True})
        if (run := store.find_resumable(plan.suite.fingerprint, info.fingerprint, wanted)) and run.datasets == datasets
    ]
    return max(found, key=lambda run: (run.created, run.id), default=None)


def begin_run(
    store: Store,
    plan: Plan,
    info: ModelInfo,
    options: Mapping[str, Any],
    resume: str,
    *,
    judge: ModelInfo | None = None,
) -> Run:
    """``auto``: go on with an interrupted run of the same command, if there is one; ``required``: there must be one;
    ``never``: begin a new one, and ask all anew."""
    if resume != "never":
        earlier = resumable(store, plan, info, options)
        if earlier is not None:
            store.transition(earlier.id, "running", cause="resumed")
            store.forget_scores(earlier.id)
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
        environment=environment()
        | {"backend": f"{info.backend}, {info.revision}"}
        | ({"judge": f"{judge.reference}, {judge.fingerprint}"} if judge else {}),
        options={**options, FRESH: True} if resume == "never" else dict(options),
        partial=plan.scope.partial,
        continues=str(options.get("continues", "")),
    )
    store.create_run(wanted)
    store.transition(wanted.id, "running", cause="started")
    return replace(wanted, state="running")
