"""Against another run, case by case where both were asked the same, and else as two groups of different cases; and the
same metric on the suite's other datasets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from evalkit.errors import EvalkitError
from evalkit.gates.measurements import COVERAGE, CheckTable
from evalkit.modes.deep_dive.slices import may_stop
from evalkit.protocols import Metric
from evalkit.records import Interval
from evalkit.results import Result
from evalkit.runner.attending import Concluded
from evalkit.runner.compare_changes import ALPHA
from evalkit.runner.compare_metrics import metric_changes
from evalkit.runner.compare_pairs import OF_SPEED, common_places
from evalkit.runner.compare_sides import Side, find_side
from evalkit.stats.multiplicity import holm_adjusted
from evalkit.stats.unpaired import Group, unpaired

MOST_PAIRS_OF_DATASETS = 20
PAIRED, UNPAIRED = "paired", "UNPAIRED"
STOPPED = (
    "a run that may stop early chooses the moment by its answers: neither intervals nor p-values mean anything here, "
    "and no difference is called clear"
)


@dataclass(frozen=True, slots=True)
class Difference:
    """``here - there`` of one metric."""

    name: str
    how: str
    """``paired``: the same cases on both sides. ``UNPAIRED``: different ones, and the difference is of both: of what
    was answered and of what was asked."""
    here: float | None
    there: float | None
    difference: float | None
    interval: Interval | None
    p_value: float | None
    cases: tuple[int, int]
    method: str
    unit: str = ""
    better: str = "higher"
    judged: bool = True
    adjusted: float | None = None
    """After Holm, over all of this comparison that are judged."""

    @property
    def word(self) -> str:
        if self.difference is None or self.adjusted is None or self.adjusted > ALPHA or not self.difference:
            return "unclear"
        if not self.judged:
            return "moved"
        return "better" if (self.difference > 0) == (self.better == "higher") else "worse"


@dataclass(frozen=True, slots=True)
class Against:
    """A run, and what was compared with it."""

    name: str
    differences: tuple[Difference, ...] = ()
    left_out: tuple[str, ...] = ()
    why_not: str = ""


def against_run(concluded: Concluded, name: str) -> Against:
    """Never a reason to lose the run: what cannot be compared is told."""
    try:
        side = find_side(concluded.store, name)
    except EvalkitError as error:
        return Against(name, why_not=error.message)
    ours = Side(concluded.result, concluded.tables, concluded.store)
    found: list[Difference] = []
    left_out: list[str] = []
    theirs = {check.name: check for check in side.result.checks}
    gated = side.gated | ours.gated
    for check in concluded.result.checks:
        other = theirs.get(check.name)
        if other is None or other.kind != check.kind:
            left_out.append(f"{check.name}: that run has no such check")
            continue
        here, there = concluded.tables[check.name], side.tables[check.name]
        same = _dataset(concluded.result, check.dataset) == _dataset(side.result, other.dataset)
        left_out += [
            f"{check.name}.{metric.name}: computed in another way there"
            for metric in here.metrics
            if metric.name in there.columns and not _alike(metric, there)
        ]
        if same and len(common_places(there, here)[0]):
            found += _paired(here, there, gated)
        else:
            found += _unpaired(check.name, here, there, gated)
    if not found and not left_out:
        left_out.append("there is no check in common")
    if may_stop(concluded.run) or may_stop(side.result.run):
        return _unsure(side.result.run.id, found, left_out)
    return Against(side.result.run.id, tuple(_adjusted(found)), tuple(left_out))


def against_baseline(result: Result) -> Against:
    """What the run itself has of the baseline that it was given."""
    found = tuple(
        Difference(
            *(one.name, PAIRED, one.value, one.baseline, one.difference, one.interval, one.p_value),
            *((one.pairs, one.pairs), one.test, one.unit, one.better, one.judged, one.p_adjusted),
        )
        for one in result.contrasts
        if one.unit not in OF_SPEED and one.metric != COVERAGE
    )
    name = str(result.run.options.get("baseline", ""))
    return _unsure(name, found, ()) if may_stop(result.run) else Against(name, found)


def _unsure(name: str, found: Sequence[Difference], left_out: Sequence[str]) -> Against:
    without = (replace(one, interval=None, p_value=None, adjusted=None) for one in found)
    return Against(name, tuple(without), (*left_out, STOPPED))


def between_datasets(concluded: Concluded) -> tuple[Difference, ...]:
    """Checks of one kind on different data, whose metrics are computed in one way."""
    found: list[Difference] = []
    if may_stop(concluded.run):
        return ()
    tables = concluded.tables
    checks = [one for one in concluded.result.checks if one.counts.scored]
    alike = [
        (left, right)
        for left, right in combinations(checks, 2)
        if left.kind == right.kind and left.dataset != right.dataset
    ]
    for left, right in alike[:MOST_PAIRS_OF_DATASETS]:
        here, there = tables[left.name], tables[right.name]
        found += _unpaired(f"{left.name} - {right.name}", here, there, set())
    return tuple(_adjusted(found))


def _dataset(result: Result, name: str) -> str:
    return result.run.datasets.get(name, name)


def _alike(metric: Metric, there: CheckTable) -> bool:
    other = there.columns.get(metric.name)
    return other is not None and other.metric.signature == metric.signature


def _paired(here: CheckTable, there: CheckTable, gated: set[tuple[str, str]]) -> Iterator[Difference]:
    changes = metric_changes({here.name: there}, {here.name: here}, gated, alike=_alike)
    for one in changes:
        if one.unit in OF_SPEED or one.metric == COVERAGE:
            continue
        contrast = one.contrast
        yield Difference(
            *(one.name, PAIRED, one.candidate, one.baseline, contrast.value, contrast.interval, contrast.p_value),
            *((contrast.pairs, contrast.pairs), one.test, one.unit, one.better, one.judged),
        )


def _unpaired(name: str, here: CheckTable, there: CheckTable, gated: set[tuple[str, str]]) -> Iterator[Difference]:
    for metric in here.metrics:
        if metric.unit in OF_SPEED or metric.kind == "quantile" or not _alike(metric, there):
            continue
        try:
            found = unpaired(metric, _group(here, metric.name), _group(there, metric.name))
        except ValueError:  # statistics of a plugin that are no numbers, or not of one length
            continue
        if found.difference is None:
            continue
        judged = metric.bounds is not None or (here.name, metric.name) in gated
        yield Difference(
            name=f"{name}.{metric.name}" if name == here.name else f"{name}: {metric.name}",
            how=UNPAIRED,
            here=found.here,
            there=found.there,
            difference=found.difference,
            interval=found.interval,
            p_value=found.p_value,
            cases=found.cases,
            method=found.method,
            unit=metric.unit,
            better=metric.better,
            judged=judged,
        )


def _group(table: CheckTable, metric: str) -> Group:
    vectors, kept = table.vectors(metric, range(len(table.cases)))
    return Group(vectors, table.clusters_at(kept))


def _adjusted(found: Sequence[Difference]) -> Iterator[Difference]:
    """Those that are judged, and those that are not, each among themselves."""
    adjusted: Mapping[int, float] = {}
    for judged in (True, False):
        places = [at for at, one in enumerate(found) if one.judged is judged and one.p_value is not None]
        p_values = holm_adjusted([found[at].p_value or 0.0 for at in places])
        adjusted = {**adjusted, **dict(zip(places, p_values, strict=True))}
    return (replace(one, adjusted=adjusted.get(at)) for at, one in enumerate(found))
