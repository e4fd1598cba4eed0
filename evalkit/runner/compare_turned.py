"""Which cases one run did better than the other: some numbers a case, whatever was said in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalkit.gates.measurements import COVERAGE, CheckTable
from evalkit.protocols import Metric
from evalkit.records import Status
from evalkit.runner.compare_pairs import (
    BY_CASE,
    DIRECTIONS,
    OF_SPEED,
    STAYED,
    Counts,
    Places,
    common_places,
    counted,
    directions,
)
from evalkit.runner.targets import NO_TARGETS, Targets
from evalkit.runner.values_by_case import values_by_case

if TYPE_CHECKING:
    from numpy.typing import NDArray

ONE_SIDED = -1


def telling_metrics(table: CheckTable, gated: Set[tuple[str, str]]) -> list[Metric]:
    """Metrics that decide whether a case became better or worse: those with a gate; without gates, those with bounds.

    Only those: an answer of more words is not a better one unless the suite says so."""
    by_case = metrics_by_case(table)
    return [m for m in by_case if (table.name, m.name) in gated] or [m for m in by_case if m.bounds is not None]


def metrics_by_case(table: CheckTable) -> list[Metric]:
    return [m for m in table.metrics if m.kind in BY_CASE and m.unit not in OF_SPEED]


@dataclass(frozen=True, slots=True)
class Turned:
    """Cases of a check that two runs have in common and that went otherwise in ours: what regressed, what improved,
    what moved without either; of each the largest change first, before all cases of which only one side has a score.
    A row each; of the others no more than their number is kept."""

    theirs: NDArray[np.int32]
    """Where they stand in the other table, and in ours."""
    ours: NDArray[np.int32]
    telling: NDArray[np.int16]
    """Which metric tells; ``ONE_SIDED`` of cases that only one side scored."""
    was: NDArray[np.float64]
    now: NDArray[np.float64]
    directions: NDArray[np.int8]
    """Places in ``DIRECTIONS``."""
    metrics: tuple[Metric, ...]
    """Those that could be compared."""
    counts: Mapping[str, Counts]
    """By metric, whether or not it tells."""
    pairs: int

    def __len__(self) -> int:
        return len(self.ours)

    def rows(self, *wanted: str) -> NDArray[np.intp]:
        """Those that went one of these ways."""
        return np.flatnonzero(np.isin(self.directions, [DIRECTIONS.index(one) for one in wanted]))

    def many(self, *wanted: str) -> int:
        return len(self.rows(*wanted))


def turned(
    theirs: CheckTable,
    ours: CheckTable,
    telling: Sequence[Metric],
    targets: Targets = NO_TARGETS,
    *,
    also: Sequence[Metric] = (),
    common: Places | None = None,
) -> Turned:
    """Of the ``telling`` metrics the first that regressed tells of a case, else the first that improved, else the
    first that moved; the cases of ``also`` ones are counted only."""
    there, here = common or common_places(theirs, ours)
    failed = [table.statuses.which(Status.ERRORED)[places] for table, places in ((theirs, there), (ours, here))]
    best = np.where(failed[0] == failed[1], STAYED, np.where(failed[1], 0, 1)).astype(np.int8)
    first = np.where(failed[0] == failed[1], len(telling), ONE_SIDED).astype(np.int16)
    size = np.where(first == ONE_SIDED, np.inf, 0.0)
    was, now = np.full(len(here), np.nan), np.full(len(here), np.nan)
    both = ~failed[0] & ~failed[1]
    counts = {COVERAGE: counted(best)}
    compared: list[Metric] = []
    for place, metric in enumerate((*telling, *also)):
        values = _both_values(theirs, ours, metric)
        if values is None:
            continue
        before, after = values[0][there], values[1][here]
        way = directions(metric, before, after, targets.get((ours.name, metric.name), ()))
        went = np.where(both, way, STAYED).astype(np.int8)
        counts[metric.name] = counted(went[both & ~np.isnan(after - before)])
        if place >= len(telling):
            continue
        new = both & (_rank(went) < _rank(best))
        best[new], first[new], size[new] = went[new], len(compared), np.abs(after - before)[new]
        was[new], now[new] = before[new], after[new]
        compared.append(metric)
    rows = np.flatnonzero(best != STAYED)
    rows = rows[np.lexsort((-size[rows], _rank(best[rows])))]
    return Turned(
        theirs=there[rows].astype(np.int32),
        ours=here[rows].astype(np.int32),
        telling=first[rows],
        was=was[rows],
        now=now[rows],
        directions=best[rows],
        metrics=tuple(compared),
        counts=counts,
        pairs=len(here),
    )


def _rank(went: NDArray[np.int8]) -> NDArray[np.int8]:
    """Values that moved are as good a reason to list a case whichever way they went."""
    return np.where(went == DIRECTIONS.index("higher"), DIRECTIONS.index("lower"), went).astype(np.int8)


def _both_values(
    theirs: CheckTable, ours: CheckTable, metric: Metric
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """None where the two sides' statistics say different things."""
    if metric.name not in theirs.columns or not _have_one_shape(theirs, ours, metric.name):
        return None
    before = values_by_case(theirs, metric.name, read_by=metric)
    after = values_by_case(ours, metric.name)
    return None if before is None or after is None else (before, after)


def _have_one_shape(theirs: CheckTable, ours: CheckTable, name: str) -> bool:
    sides = [table.vectors(name, range(len(table.cases)))[0] for table in (theirs, ours)]
    return not sides[0] or not sides[1] or len(sides[0][0]) == len(sides[1][0])
