"""A process that runs one suite for another that needs it: it reads what to do as JSON, and answers with a line.

It is started by ``chain``. A run that crashes, or that takes too long or too much memory, takes nothing else with it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evalkit.errors import EvalkitError, ExitCode
from evalkit.failures import without_secrets
from evalkit.gates.outcome import WORDS
from evalkit.models import ModelSettings
from evalkit.modes.mode import Asked
from evalkit.modes.running import run_in_mode
from evalkit.protocols import Taught
from evalkit.records import ModelInfo
from evalkit.runner.plan import Plan, make_plan
from evalkit.runner.running import RunOptions
from evalkit.runner.timeline import resident_mb
from evalkit.store import Store, open_store
from evalkit.suite.load import Suite, load_suite

GRACE = 20.0
"""Seconds to finish the answers under way, and to save."""
LOOK_EVERY = 0.2
LONGEST = 500
"""Characters of what an error says: the line that this process answers with is not read before it ends."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a step is to do. It is never shown: the address of the runs database may hold secrets."""

    suite: str
    model: str
    settings: dict[str, Any]
    judge: list[Any] | None
    store: str
    seed: int | None
    replicate: int
    fresh: bool
    strict: bool
    scoring_workers: int | None
    max_age: float
    trust_code: bool
    redact: list[str]
    memory_mb: float
    reproduce: str


def main() -> None:
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a plugin prints is no answer
    job = Job(**json.loads(sys.stdin.read()))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job would have it ignored
    watch = _Watch(job.memory_mb)
    try:
        watch.start()
        said = _done(job)
    except KeyboardInterrupt:  # before the run began, or while it was saved
        said = {"code": int(ExitCode.INTERRUPTED), "word": "", "reason": "interrupted"}
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is left to say is said
    channel.write(json.dumps({**said, "over": watch.over, "peak_mb": watch.peak}) + "\n")
    channel.flush()


def _done(job: Job) -> dict[str, Any]:
    """The run that counts, or what went wrong."""
    began = time.time()
    suite: Suite | None = None
    try:
        suite = replace(
            load_suite(Path(job.suite), seed=job.seed, trust_code=job.trust_code, redact=job.redact), needs=()
        )
        with open_store(job.store) as store:
            earlier = "" if job.fresh else passed_before(store, suite, job)
            if earlier:
                return {"run": earlier, "before": True, "code": 0, "word": WORDS[ExitCode.OK], "reason": ""}
            result = run_in_mode(Asked(suite, job.model, store, _options(job)))
            outcome = result.outcome
            return {"run": result.run.id, "code": outcome.exit_code, "word": outcome.word, "reason": outcome.reason}
    except (EvalkitError, KeyboardInterrupt) as error:
        told = error.message if isinstance(error, EvalkitError) else "interrupted"
        told = f"{error.where}: {told}" if isinstance(error, EvalkitError) and error.where else told
        code = error.exit_code if isinstance(error, EvalkitError) else ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - whatever it is, the suite that needs this one says what
        told = f"{type(error).__name__}: {without_secrets(str(error))}"
        told, code = f"{told[:LONGEST]}; 'evalkit --debug run {job.suite}' shows where", ExitCode.NOT_MEASURED
    return {"run": _begun(job, suite, began), "code": int(code), "word": "", "reason": told[: 2 * LONGEST]}


def _options(job: Job) -> RunOptions:
    return RunOptions(
        settings=ModelSettings(**job.settings),
        judge=_judge_of(job),
        replicate=job.replicate,
        seed=job.seed,
        resume="never" if job.fresh else "auto",
        strict=job.strict,
        scoring_workers=job.scoring_workers,
        reproduce=job.reproduce,
        on_ending=lambda: None,
    )


def _begun(job: Job, suite: Suite | None, since: float) -> str:
    """The run that did not end, which can be resumed."""
    if suite is None:
        return ""
    with suppress(EvalkitError), open_store(job.store) as store:
        for run in store.list_runs(suite.name):
            if run.state in ("interrupted", "failed") and _moment(store.events(run.id)[-1].time) >= since - 1:
                return run.id
    return ""


def passed_before(store: Store, suite: Suite, job: Job) -> str:
    """A finished, whole run of the same suite on the same data, model and judge that passed, and is young enough."""
    oldest = time.time() - job.max_age
    young = [
        run
        for run in store.list_runs(suite.name)
        if run.state == "finished"
        and not run.partial
        and run.suite_fingerprint == suite.fingerprint
        and run.options.get("replicate", 0) == job.replicate
        and _moment(run.finished) >= oldest
    ]
    words = store.outcomes(run.id for run in young)
    passing = [run for run in young if words.get(run.id) == WORDS[ExitCode.OK]]
    if not passing:
        return ""
    plan = make_plan(suite)
    data = {name: dataset.fingerprint for name, dataset in plan.datasets.items()}
    model, judge = _info(job.model, ModelSettings(**job.settings), plan).fingerprint, _judge(job, plan)
    for run in passing:
        if (run.datasets, run.model_fingerprint, run.environment.get("judge", "")) == (data, model, judge):
            return run.id
    return ""


def _judge(job: Job, plan: Plan) -> str:
    """As a run's environment has it."""
    if not plan.suite.judge:
        return ""
    reference, settings = _judge_of(job) or (plan.suite.judge, ModelSettings())
    found = _info(reference, settings, plan)
    return f"{found.reference}, {found.fingerprint}"


def _judge_of(job: Job) -> tuple[str, ModelSettings] | None:
    return (job.judge[0], ModelSettings(**job.judge[1])) if job.judge else None


def _info(reference: str, settings: ModelSettings, plan: Plan) -> ModelInfo:
    from evalkit.models import open_backend

    backend = open_backend(reference, settings)
    try:
        if isinstance(backend, Taught):
            for dataset in plan.datasets.values():
                backend.teach(dataset.samples)
        return backend.info
    finally:
        backend.close()


def _moment(written: str) -> float:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


class _Watch(threading.Thread):
    """Ends the run in order where it holds more memory than it may, or nobody waits for it any more; and at once, where
    it does not end."""

    def __init__(self, most_mb: float) -> None:
        super().__init__(daemon=True)
        self._most = most_mb
        self._parent = os.getppid()
        self._deadline = float("inf")
        self.peak: float | None = None
        self.over = False

    def run(self) -> None:
        while True:
            held = resident_mb()
            if held is not None:
                self.peak = round(max(held, self.peak or 0.0), 1)
                if held > self._most and not self.over:
                    self.over = True
                    self._end()
            if os.getppid() != self._parent:
                self._parent = os.getppid()
                self._end()
            if time.monotonic() > self._deadline:
                os._exit(int(ExitCode.INTERRUPTED))
            time.sleep(LOOK_EVERY)

    def _end(self) -> None:
        self._deadline = time.monotonic() + GRACE
        os.kill(os.getpid(), signal.SIGINT)
