"""Which cases people are to read: drawn when a run ends, of the cases that were scored.

Every scored case is as likely as any other. Its place is a hash of the queue's seed and name, the dataset and the case,
which knows nothing of answers and scores. The order in which cases are asked would not do: where a check stops early,
it stops because of what its first cases said, so the first cases of that order are a picked part of those that were
asked. The hash names neither run nor model: two models that were asked the same cases are reviewed on the same ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from heapq import nsmallest
from typing import Any

from evalkit.gates.expression import Gate
from evalkit.gates.measurements import CheckTable, Measurements
from evalkit.protocols import Metric
from evalkit.records import Status
from evalkit.results import Run
from evalkit.runner.findings import MASKING
from evalkit.runner.plan import Plan
from evalkit.store import NewQueue
from evalkit.suite.review import BY_KIND, OTHERWISE, ReviewSpec, is_share


def draw_queues(plan: Plan, tables: Measurements, run: Run, level: float) -> list[NewQueue]:
    """``level``: how surprising a failing gate on flags must be, among all gates of the suite."""
    masked = any(check.check.kind == MASKING for check in plan.checks)
    found = []
    for spec in plan.suite.reviews:
        check = next((check for check in plan.checks if check.name == spec.check), None)
        if check is None:  # left out by --only
            continue
        table, dataset = tables[spec.check], run.datasets[check.dataset]
        drawn = {
            "dataset": dataset,
            "masked": masked,
            "sample": spec.sample,
            "seed": spec.seed,
            "stopped": len(table.cases) < len(plan.cases[spec.check]),
            "gates": [gate_document(gate) for gate in spec.gates],
            "unsure": plan.suite.unsure,
            "level": level,
        }
        found.append(_drawn(spec, table, dataset, drawn))
    return found


def gate_document(gate: Gate) -> dict[str, Any]:
    return {**asdict(gate), "slice": {}}


def gate_of(document: dict[str, Any]) -> Gate:
    return Gate(**document)


def _drawn(spec: ReviewSpec, table: CheckTable, dataset: str, drawn: dict[str, Any]) -> NewQueue:
    metrics, eligible = _eligible(spec, table)
    names = [table.cases[at] for at in eligible]
    chosen = nsmallest(spec.sample, zip(names, eligible, strict=True), key=lambda one: place(spec, dataset, one[0]))
    places = [at for _, at in chosen]
    clusters = table.clusters_at(places)
    document = {
        "question": spec.question,
        "labels": list(spec.labels.items()),
        "flag": list(spec.flag),
        "blind": spec.blind,
        "reviewers": spec.reviewers,
        "drawn": {
            **drawn,
            "eligible": len(eligible),
            "automatic": _automatic(table, metrics, eligible, places) if metrics else None,
            "clusters": clusters,
        },
    }
    return NewQueue(spec.name, spec.check, document, [name for name, _ in chosen])


def place(spec: ReviewSpec, dataset: str, case: str) -> tuple[bytes, str]:
    seed = f"review\0{spec.seed}\0{spec.name}\0{dataset}\0{case}"
    return hashlib.sha256(seed.encode("utf-8", "surrogatepass")).digest(), case


def _eligible(spec: ReviewSpec, table: CheckTable) -> tuple[Sequence[Metric], Sequence[int]]:
    """The shares that flags refine, and the places of the cases that are drawn from: those that the metric scored which
    the suite names, else all that were scored. Shares that some of them lack refine nothing."""
    scored = [at for at in range(len(table.cases)) if table.statuses[at] is Status.SCORED]
    if spec.metric:
        return [table.columns[spec.metric].metric], list(_against(table, table.columns[spec.metric].metric, scored))
    shares = [metric for metric in table.metrics if is_share(metric)]
    names = BY_KIND.get(table.kind, OTHERWISE).metrics or tuple(metric.name for metric in shares[:1])
    metrics = [metric for metric in shares if metric.name in names]
    known = {at for metric in metrics for at in _against(table, metric, scored)}
    return metrics if len(known) == len(scored) else [], scored


def _automatic(
    table: CheckTable, metrics: Sequence[Metric], eligible: Sequence[int], places: Sequence[int]
) -> dict[str, Any]:
    """What the check itself says of all cases and of those that were drawn, 1 speaking against the model. Of a case
    with several of the shares, the one that says most against it counts."""
    against: dict[int, float] = {}
    for metric in metrics:
        for at, value in _against(table, metric, eligible).items():
            against[at] = max(value, against.get(at, 0.0))
    mean = sum(against.values()) / len(against) if against else 0.0
    spread = sum((value - mean) ** 2 for value in against.values()) / len(against) if against else 0.0
    return {
        "metric": " and ".join(metric.name for metric in metrics),
        "cases": len(against),
        "mean": mean,
        "variance": spread,
        "judged": [against[at] for at in places],
        "clustered": _clustered(table, against, places),
    }


def _clustered(table: CheckTable, against: Mapping[int, float], places: Sequence[int]) -> dict[str, Any] | None:
    """What an interval needs to know of cases that are no witnesses of their own; none where all are."""
    from evalkit.stats.prediction_powered import Clustered

    rows = {at: row for row, at in enumerate(against)}
    clusters = table.clusters_at(list(against))
    if clusters is None:
        return None
    return asdict(Clustered.of(list(against.values()), clusters, [rows[at] for at in places]))


def _against(table: CheckTable, metric: Metric, places: Sequence[int]) -> dict[int, float]:
    """By place, of the cases that the metric scored."""
    vectors, kept = table.vectors(metric.name, places)
    found = {}
    for vector, at in zip(vectors, kept, strict=True):
        if len(vector) == 2 and vector[1]:
            share = min(1.0, max(0.0, vector[0] / vector[1]))
            found[at] = 1.0 - share if metric.better == "higher" else share
    return found
