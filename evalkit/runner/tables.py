"""Stored scores of a finished run as the same tables that a running one fills."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from evalkit import plugins
from evalkit.compact import Texts
from evalkit.errors import StoreError
from evalkit.gates.columns import Alike
from evalkit.gates.measurements import CheckTable, Judged, Measurements
from evalkit.metrics.kinds import Quantity
from evalkit.protocols import Metric
from evalkit.records import Vector
from evalkit.results import CheckSummary, MetricInfo, Result
from evalkit.runner.plan import Plan
from evalkit.store import Store

T = TypeVar("T")


def describe(metric: Metric) -> MetricInfo:
    return MetricInfo(
        name=metric.name,
        kind=metric.kind,
        better=metric.better,
        unit=metric.unit,
        bounds=metric.bounds,
        signature=metric.signature,
        worst=metric.worst,
        quantile=getattr(metric, "quantile", None),
    )


@dataclass(frozen=True, slots=True)
class Recorded:
    """A corpus metric of a stored run: it says of itself what it said then, so that another version is not taken for
    the same, and reads its statistics with the formula of today."""

    info: MetricInfo
    today: Metric

    @property
    def name(self) -> str:
        return self.info.name

    @property
    def kind(self) -> str:
        return self.info.kind

    @property
    def better(self) -> str:
        return self.info.better

    @property
    def unit(self) -> str:
        return self.info.unit

    @property
    def bounds(self) -> tuple[float, float] | None:
        return self.info.bounds

    @property
    def signature(self) -> str:
        return self.info.signature

    @property
    def worst(self) -> Vector | None:
        return self.info.worst

    def value(self, total: Vector) -> float | None:
        return self.today.value(total)


def restore(info: MetricInfo, known: Mapping[str, Metric]) -> Metric:
    """A metric that can read the statistics: the suite's own, a quantity, or for a corpus metric its plugin."""
    ours = known.get(info.name)
    if ours is not None and ours.signature == info.signature:
        return ours
    if info.kind == "corpus":
        from evalkit.metrics import agreement, classification, evaluate_imported

        known_by_signature = (
            agreement.recorded(info.name, info.signature)
            or classification.recorded(info.name, info.signature)
            or evaluate_imported.recorded(info.name, info.signature)
        )
        return Recorded(info, known_by_signature or plugins.load("evalkit.metrics", info.name))
    at = 0.5 if info.quantile is None else info.quantile
    return Quantity(info.name, info.kind, info.better, info.unit, info.bounds, info.signature, info.worst, at)


def empty_tables(plan: Plan) -> Measurements:
    """Empty ones, for a run to fill. Checks on the same rows mostly have the same cases: their ids are kept once."""
    tables: Measurements = {}
    first: dict[str, CheckTable] = {}
    sliced_by = plan.sliced_by()
    for check in plan.checks:
        others = first.get(check.dataset)
        cases = Alike(others.cases) if others else Texts()
        table = CheckTable(check.name, check.check.kind, check.check.metrics, sliced_by, cases)
        tables[check.name] = table
        first.setdefault(check.dataset, table)
    return tables


def load_tables(
    store: Store,
    result: Result,
    known: Mapping[str, Mapping[str, Metric]] | None = None,
    *,
    sliced_by: Iterable[str] | None = None,
) -> Measurements:
    """``known``: metrics by check and name, where a suite is at hand. ``sliced_by``: the labels that anybody will ask
    for, of none all; where nobody will ask for any, no row is read."""
    wanted = None if sliced_by is None else tuple(sliced_by)
    tables: Measurements = {}
    for check in result.checks:
        metrics = [restore(info, (known or {}).get(check.name, {})) for info in check.metrics]
        table = CheckTable(check.name, check.kind, metrics, wanted)
        fingerprint = result.run.datasets.get(check.dataset)
        if fingerprint is None:
            raise StoreError(f"run {result.run.id} does not say which data check '{check.name}' read")
        unlabelled = wanted == ()
        for batch in _without_rows(store, result, check) if unlabelled else _judged(store, result, check, fingerprint):
            table.add_all(batch)
        tables[check.name] = table
    return tables


def _judged(store: Store, result: Result, check: CheckSummary, fingerprint: str) -> Iterator[list[Judged]]:
    """With the labels of each case's first row."""
    for batch in batched(store.iter_scores(result.run.id, check.name)):
        samples = store.get_samples(fingerprint, sorted({stored.samples[0] for stored in batch}))
        yield [(one.case, one.cluster, samples[one.samples[0]].labels, one.score) for one in batch]


def _without_rows(store: Store, result: Result, check: CheckSummary) -> Iterator[list[Judged]]:
    for batch in batched(store.iter_measured(result.run.id, check.name)):
        yield [(case, cluster, {}, score) for case, cluster, score in batch]


def batched(scores: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """Scores by the handful: their samples and answers are looked up together, and not all at once."""
    remaining = iter(scores)
    while batch := list(islice(remaining, size)):
        yield batch
