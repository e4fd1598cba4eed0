"""Scores, kept as columns of statistics: from here every estimate, slice and contrast is a sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field, replace
from typing import Any

from evalkit.compact import Texts
from evalkit.errors import PluginError
from evalkit.gates.columns import Alike, Clusters, Labels, Rows, Statuses
from evalkit.gates.weighing import anytime
from evalkit.protocols import Metric
from evalkit.records import Counts, Estimate, Score, Status, Unscored, Vector
from evalkit.stats.estimate import estimate

COVERAGE = "coverage"
COVERED: Vector = (1.0, 1.0)
UNCOVERED: Vector = (0.0, 1.0)
NOT_MEASURED = Unscored("not measured")
Judged = tuple[str, str, Mapping[str, Any], Score]
"""A case's id, its cluster, its labels and its score."""


MOST_REASONS = 20
"""Errors that name what they choked on are all different; a report needs no thousand of them."""


@dataclass(frozen=True, slots=True)
class CoverageMetric:
    """Scored of planned cases. Every check has it."""

    name: str = COVERAGE
    kind: str = "rate"
    better: str = "higher"
    unit: str = "share"
    bounds: tuple[float, float] | None = (0.0, 1.0)
    signature: str = "coverage|scored/planned"
    worst: Vector | None = (0.0, 1.0)

    def value(self, total: Vector) -> float | None:
        return total[0] / total[1] if total[1] else None


@dataclass(slots=True)
class Column:
    """One metric of one check, a row a case. A row is a vector, or the reason why there is none."""

    metric: Metric
    rows: Rows = field(default_factory=Rows)
    errors: set[int] = field(default_factory=set)
    """Positions of errored cases: they hold the metric's worst vector, or a reason where there is no worst."""


MOST_CONFUSIONS = 2500
"""Of fifty labels every pair; evidence of free text would be no table."""


@dataclass(slots=True)
class CheckTable:
    """All scores of one check, in the order of cases."""

    name: str
    kind: str
    metrics: Sequence[Metric]
    sliced_by: InitVar[Iterable[str] | None] = None
    """The labels that gates and slices will ask for; of none, all are kept."""
    cases: Texts | Alike = field(default_factory=Texts)
    clusters: Clusters = field(init=False)
    labels: Labels = field(init=False)
    statuses: Statuses = field(default_factory=Statuses)
    columns: dict[str, Column] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    """Of errored cases, what their scores say; they are among the reasons, too."""
    errored_attempts: float = 0.0
    """Of cases that other attempts could judge, as so many whole cases."""
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Label wanted and label given, where the evidence of cases says both."""
    stopped_early: bool = False
    """What was seen decided when to stop: then only intervals that allow for it are right."""
    _slices: dict[tuple[int, tuple[tuple[str, str], ...]], Sequence[int]] = field(default_factory=dict, repr=False)

    def __post_init__(self, sliced_by: Iterable[str] | None) -> None:
        self.clusters = Clusters(self.cases)
        self.labels = Labels(sliced_by)
        for metric in (*self.metrics, CoverageMetric()):
            self.columns[metric.name] = Column(metric)

    def add(self, case: str, cluster: str, labels: Mapping[str, Any], score: Score) -> None:
        self.add_all([(case, cluster, labels, score)])

    def add_all(self, judged: Sequence[Judged]) -> None:
        """Cases in their order; a block of them at once takes a fraction of the time."""
        before = len(self.cases)
        scores = [score for _, _, _, score in judged]
        statuses = [score.status for score in scores]
        for (case, cluster, labels, score), status in zip(judged, statuses, strict=True):
            self.cases.append(case)
            self.clusters.append(cluster, case)
            self.labels.append(labels)
            self.statuses.append(status)
            self._note(score, status)
        errored = [place for place, status in enumerate(statuses) if status is Status.ERRORED]
        for name, column in self.columns.items():
            if name == COVERAGE:
                column.rows.extend([COVERED if status is Status.SCORED else UNCOVERED for status in statuses])
                continue
            results = [score.results.get(name, NOT_MEASURED) for score in scores]
            rows = [result.reason if isinstance(result, Unscored) else result for result in results]
            for place in errored:
                counted = scores[place].results.get(name, column.metric.worst)
                rows[place] = counted if isinstance(counted, tuple) else scores[place].error
            column.errors.update(before + place for place in errored)
            column.rows.extend(rows)

    def _note(self, score: Score, status: Status) -> None:
        """What is counted and not kept by case."""
        self.errored_attempts += score.errored_attempts
        pair = (score.evidence.get("wanted"), score.evidence.get("given"))
        if isinstance(pair[0], str) and isinstance(pair[1], str) and len(self.confusion) < MOST_CONFUSIONS:
            self.confusion[pair[0], pair[1]] += 1
        if status is Status.ERRORED:
            self.reasons[score.error] += 1
            self.errors[score.error] += 1
        elif status is Status.UNSCORED:
            self.reasons[_reason(score)] += 1

    @property
    def counts(self) -> Counts:
        """By case: what happened to each."""
        return Counts(
            planned=len(self.cases),
            scored=self.statuses.count(Status.SCORED),
            unscored=self.statuses.count(Status.UNSCORED),
            errored=self.statuses.count(Status.ERRORED),
            reasons=_most_frequent(self.reasons),
        )

    def positions(self, wanted: Mapping[str, str]) -> Sequence[int]:
        """Which cases are in a slice."""
        key = (len(self.cases), tuple(sorted(wanted.items())))
        if key not in self._slices:  # every metric is sliced the same way
            self._slices[key] = self.labels.places(key[1])
        return self._slices[key]

    def forget_slices(self) -> None:
        """Where they are is found again when it is asked: kept for every table, it would be as much as its scores."""
        self._slices.clear()

    def slice_values(self, label: str) -> list[str]:
        return self.labels.values(label)

    def vectors(self, metric: str, positions: Sequence[int]) -> tuple[Sequence[Vector], Sequence[int]]:
        """The statistics that count, errored cases at their worst, and the positions they come from."""
        return self.columns[metric].rows.counted(positions)

    def clusters_at(self, positions: Sequence[int]) -> list[str] | None:
        """None where every case is a cluster of its own: then there is nothing to tell apart by name."""
        return None if self.clusters.independent else [self.clusters[i] for i in positions]

    def value_of(self, metric: str, vector: Vector) -> float | None:
        """Of one case."""
        try:
            return self.columns[metric].metric.value(vector)
        except Exception as error:  # a metric is a plugin
            raise self._not_computed(metric, error) from error

    def _not_computed(self, metric: str, error: Exception) -> PluginError:
        return PluginError(
            f"{self.name}.{metric} cannot be computed: {error or type(error).__name__}",
            hint="all answers are kept: with the metric mended, the same command goes on from here",
        )

    def metric_counts(self, metric: str, positions: Sequence[int]) -> Counts:
        column = self.columns[metric]
        errored = sum(i in column.errors for i in positions) if column.errors else 0
        without = [i for i in column.rows.without(positions) if i not in column.errors]
        return Counts(
            planned=len(positions),
            scored=len(positions) - errored - len(without),
            unscored=len(without),
            errored=errored,
            reasons=_most_frequent(column.rows.reasons(positions)),
            inapplicable=sum(self.statuses[i] is Status.SCORED for i in without),
        )

    def estimate(self, metric: str, wanted: Mapping[str, str] | None = None) -> Estimate:
        positions = self.positions(wanted or {})
        vectors, kept = self.vectors(metric, positions)
        clusters = self.clusters_at(kept)
        counts = self.metric_counts(metric, positions)
        if counts.scored == 0:  # errors at their worst are no measurement: what was never scored has no value
            vectors, clusters = [], []
        try:
            of = self.columns[metric].metric
            found = estimate(self.name, of, vectors, clusters, counts, dict(wanted or {}))
            return (
                replace(found, interval=anytime(of, vectors, clusters, found.interval)) if self.stopped_early else found
            )
        except Exception as error:  # a metric is a plugin; NaN, infinity and ragged statistics are refused in estimate
            raise self._not_computed(metric, error) from error


def _most_frequent(reasons: Counter[str]) -> dict[str, int]:
    shown = dict(reasons.most_common(MOST_REASONS))
    rest = len(reasons) - len(shown)
    return {**shown, f"{rest} other reasons": reasons.total() - sum(shown.values())} if rest else shown


def _reason(score: Score) -> str:
    reasons = [result.reason for result in score.results.values() if isinstance(result, Unscored)]
    return reasons[0] if reasons else NOT_MEASURED.reason


Measurements = dict[str, CheckTable]
"""By check name."""
