"""How gates stand while their cases come in: a value to look at, by which nothing is decided and nothing stops."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from evalkit.gates.contrast import NotComparable, paired_vectors
from evalkit.gates.expression import Gate
from evalkit.gates.measurements import CheckTable, Measurements
from evalkit.protocols import Metric
from evalkit.records import Status
from evalkit.runner.stopping import Decided
from evalkit.stats.bootstrap import quantile_of, total_of
from evalkit.stats.resampling import Matrix, as_matrix

SECONDS = 1.0
"""Between two looks at the least."""
SHARE = 50
"""A look that takes long is taken less often: its time at most one in so many seconds."""


@dataclass(frozen=True, slots=True)
class SoFar:
    """A gate that is not decided, on the cases that have come in."""

    gate: str
    value: float
    """Of a gate on a baseline, the difference to it; of one by a label, that of the slice that stands worst."""
    unit: str
    cases: int
    holds: bool
    difference: bool = False


@dataclass(slots=True)
class Looking:
    """At the gates of a run, now and then."""

    gates: Sequence[Gate]
    tables: Measurements
    baseline: Measurements | None = None
    decided: tuple[Decided, ...] = ()
    so_far: tuple[SoFar, ...] = ()
    due: float = 0.0

    def look(self, decided: tuple[Decided, ...]) -> None:
        """Where these gates are decided, and the others are not."""
        self.decided, known = decided, {one.gate for one in decided}
        began = time.monotonic()
        if began >= self.due:
            others = [gate for gate in self.gates if gate.text not in known]
            self.so_far = stand_so_far(others, self.tables, self.baseline)
            took = time.monotonic() - began
            self.due = began + took + max(SECONDS, SHARE * took)
        self.so_far = tuple(one for one in self.so_far if one.gate not in known)


def stand_so_far(gates: Sequence[Gate], tables: Measurements, baseline: Measurements | None) -> tuple[SoFar, ...]:
    """Those of them that have a value yet."""
    found = []
    for gate in gates:
        table = tables.get(gate.check)
        if table is None or not table.statuses.count(Status.SCORED):
            continue
        with suppress(Exception):  # a metric is a plugin; what is wrong with it is told when the gate is decided
            stand = _stand(gate, table, (baseline or {}).get(gate.check))
            found += [stand] if stand else []
        table.forget_slices()
    return tuple(found)


def _stand(gate: Gate, table: CheckTable, theirs: CheckTable | None) -> SoFar | None:
    slices = [{**gate.slice, gate.by: value} for value in table.slice_values(gate.by)] if gate.by else [gate.slice]
    stands = [stand for wanted in slices if (stand := _of_slice(gate, table, theirs, wanted)) is not None]
    return min(stands, key=lambda one: _room(gate, one.value), default=None)


def _room(gate: Gate, value: float) -> float:
    """How far on the good side of the target; for ``==``, how near."""
    if gate.universal:
        return -abs(value - gate.threshold)
    return value - gate.threshold if gate.operator.startswith(">") else gate.threshold - value


def _of_slice(gate: Gate, table: CheckTable, theirs: CheckTable | None, wanted: Mapping[str, str]) -> SoFar | None:
    metric = table.columns[gate.metric].metric
    if gate.against_baseline:
        try:
            pairs = paired_vectors(table, theirs, gate.metric, wanted)
        except NotComparable:
            return None
        ours, other, cases = _value(metric, pairs.ours), _value(metric, pairs.theirs), len(pairs.cases)
        value = None if ours is None or other is None else ours - other
    else:
        vectors, _ = table.vectors(gate.metric, table.positions(wanted))
        value, cases = _value(metric, as_matrix(vectors, metric.name)), len(vectors)
    if value is None:
        return None
    return SoFar(gate.text, value, metric.unit, cases, gate.holds(value), gate.against_baseline)


def _value(metric: Metric, statistics: Matrix) -> float | None:
    if not len(statistics):
        return None
    if metric.kind == "quantile":
        return quantile_of(statistics[:, 0], float(getattr(metric, "quantile", 0.5)))
    return metric.value(total_of(statistics))
