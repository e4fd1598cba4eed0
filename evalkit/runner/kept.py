"""A finished run as what later runs are compared with: how it measured, and its statistics by case.

No prompts, answers or labels: a run of the store and one that came in a file are the same from here on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from evalkit.errors import ExitCode, StoreError
from evalkit.gates.measurements import CheckTable, Measurements
from evalkit.protocols import Metric
from evalkit.records import Score
from evalkit.results import MetricInfo, Result, Run
from evalkit.runner.document import from_json
from evalkit.runner.tables import batched, restore
from evalkit.store import Store


class KeptCase(NamedTuple):
    id: str
    cluster: str
    score: Score
    """Without evidence, which is text of models."""


@dataclass(frozen=True, slots=True)
class KeptCheck:
    name: str
    kind: str
    dataset: str
    dataset_fingerprint: str
    metrics: tuple[MetricInfo, ...]
    generation: Mapping[str, Any] = field(default_factory=dict)
    """How it asked; empty where an older run did not say."""

    def metric(self, name: str) -> MetricInfo | None:
        return next((metric for metric in self.metrics if metric.name == name), None)


@dataclass(frozen=True, slots=True)
class Kept:
    run: Run
    checks: Mapping[str, KeptCheck]
    cases: Callable[[str], Iterable[KeptCase]]
    """Of a check, in the order of its dataset."""


def kept_run(store: Store, run: Run) -> Kept:
    """A run of the store. One that is no baseline raises ``StoreError`` and says what to do."""
    _require_whole(run)
    result = from_json(store.get_result(run.id))
    _require_measured(result)
    checks = {}
    for check in result.checks:
        fingerprint = result.run.datasets.get(check.dataset)
        if fingerprint is None:
            raise StoreError(f"run {run.id} does not say which data check '{check.name}' read")
        checks[check.name] = KeptCheck(
            check.name, check.kind, check.dataset, fingerprint, check.metrics, check.generation
        )

    def cases(check: str) -> Iterator[KeptCase]:
        for stored in store.iter_scores(run.id, check):
            yield KeptCase(stored.case, stored.cluster, Score(stored.score.results, error=stored.score.error))

    # what it was itself compared with is no part of what it measured, and may be a path
    options = {name: value for name, value in result.run.options.items() if name != "baseline"}
    return Kept(replace(result.run, options=options), checks, cases)


def _require_whole(run: Run) -> None:
    """A run that ended early because its gates were decided is whole: it was asked all that it needed."""
    if run.state != "finished":
        todo = {
            "running": "wait for it to end",
            "interrupted": "the command that began it goes on with it; 'evalkit list' shows the runs",
            "failed": "mend what failed, and the command that began it goes on; 'evalkit show' says what failed",
        }
        raise StoreError(
            f"run {run.id} is {run.state}; a baseline is a finished run",
            hint=todo.get(run.state, "evalkit list shows the runs"),
        )
    if run.partial:
        raise StoreError(
            f"run {run.id} is partial (made with --limit or --only); it cannot be a baseline",
            hint="run the whole suite once",
        )


def _require_measured(result: Result) -> None:
    """Errors count as the worst value: beside a run that mostly failed, anything is better."""
    if result.outcome.exit_code == ExitCode.NOT_MEASURED:
        raise StoreError(
            f"run {result.run.id} is no baseline: {result.outcome.word}, {result.outcome.reason}",
            hint="name a run that was measured; 'evalkit list' shows how each ended",
        )


def tables_of(kept: Kept, known: Mapping[str, Mapping[str, Metric]], *, read_as_ours: bool = False) -> Measurements:
    """Of the checks and metrics that are ``known``: nothing else is compared.

    A metric of another signature says so of itself, and is then not comparable; ``read_as_ours`` takes its statistics
    for ours all the same, where they are of the same kind.
    """
    tables: Measurements = {}
    for name, ours in known.items():
        check = kept.checks.get(name)
        if check is None:
            continue
        metrics = [
            ours[info.name] if read_as_ours and ours[info.name].kind == info.kind else restore(info, ours)
            for info in check.metrics
            if info.name in ours
        ]
        table = CheckTable(name, check.kind, metrics)
        for batch in batched(kept.cases(name)):
            table.add_all([(case.id, case.cluster, {}, case.score) for case in batch])
        tables[name] = table
    return tables
