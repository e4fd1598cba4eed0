"""Gates tested while their cases come in: when each side is decided, and what the evidence was after every block.

A *watch* follows one gate, a *stream* in it one slice. Dataset gates bet without replacement and end in plain
arithmetic; population gates bet with replacement and may end unsure. What has no bounds by case (corpus metrics,
ratios, quantiles) cannot be watched and is decided at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from evalkit.gates.expression import Gate
from evalkit.gates.measurements import COVERAGE, CheckTable
from evalkit.gates.weighing import ALPHA, UPWARD, Scale, Units, scale_of, units_of
from evalkit.protocols import Metric
from evalkit.records import Evidence, Vector, Word
from evalkit.stats.sequential import FiniteGate, PopulationGate

AT_THE_END = "is decided at the end: only what has bounds by case can stop"


@dataclass(frozen=True, slots=True)
class Extent:
    """What the plan holds for a gate, or for one slice of it."""

    clusters: int
    largest: int
    """Cases in the largest cluster."""


@dataclass(slots=True)
class Stream:
    """One gate in one slice. Decided once, it stays so."""

    wanted: Mapping[str, str]
    test: FiniteGate | PopulationGate
    curve: list[Evidence] = field(default_factory=list)

    @property
    def word(self) -> Word | None:
        found = self.test.verdict
        return Word(found) if found in {"pass", "fail"} else None


@dataclass(slots=True)
class Watch:
    gate: Gate
    metric: Metric
    scale: Scale | None
    streams: list[Stream]
    before: Mapping[str, Vector] | None = None
    """The baseline's statistics by case, of a baseline gate."""
    contradicted: bool = False
    """Of a universal gate: a counterexample was found."""
    unfit: bool = False
    """The statistics were not such as the metric's kind promises; then nothing can be said before the end."""
    decided_after: int = 0
    """Cases of the check that had been asked when this gate was decided."""
    _seen: int = 0

    @property
    def why_not(self) -> str:
        """Why this gate keeps its check running, in words that follow its text; empty where it need not."""
        if self.gate.universal:
            return "holds only if no case contradicts it"
        return AT_THE_END if self.scale is None or self.unfit else ""

    @property
    def word(self) -> Word | None:
        """None while it is not decided."""
        if self.gate.universal:
            return Word.FAIL if self.contradicted else None
        if self.unfit or not self.streams:
            return None
        words = [stream.word for stream in self.streams]
        if Word.FAIL in words:
            return Word.FAIL
        return Word.PASS if all(word is Word.PASS for word in words) else None

    @property
    def telling(self) -> Stream | None:
        """The slice that decides: the first that failed, else the one furthest from passing."""
        failed = [stream for stream in self.streams if stream.word is Word.FAIL]
        return failed[0] if failed else min(self.streams, key=lambda one: one.test.evidence[0], default=None)

    def update(self, table: CheckTable) -> None:
        """Take in the cases that the table has gained since the last time."""
        before = self.word
        self._take(table)
        if before is None and self.word is not None:
            self.decided_after = len(table.cases)

    def _take(self, table: CheckTable) -> None:
        new = range(self._seen, len(table.cases))
        self._seen = len(table.cases)
        if self.unfit or not new:
            return
        if self.gate.universal:
            self._look_for_counterexample(table, new)
            return
        for stream in self.streams:
            inside = [i for i in new if all(table.labels.text(i, k) == v for k, v in stream.wanted.items())]
            units = self._units(table, inside)
            if units is None:
                self.unfit = True
                return
            if len(units.sums) and stream.word is None:
                stream.test.update(units.sums, units.sizes)
            if inside:
                stream.curve.append(Evidence(len(table.cases), *stream.test.evidence))

    def _look_for_counterexample(self, table: CheckTable, new: Sequence[int]) -> None:
        inside = [i for i in new if all(table.labels.text(i, k) == v for k, v in self.gate.slice.items())]
        vectors, _ = table.vectors(self.gate.metric, inside)
        values = [table.value_of(self.gate.metric, vector) for vector in vectors]
        self.contradicted |= any(value not in {None, self.gate.threshold} for value in values)

    def _units(self, table: CheckTable, inside: Sequence[int]) -> Units | None:
        """Every cluster of the block is a unit, also where nothing in it has a value: then it is of size 0."""
        assert self.scale is not None
        rows = table.columns[self.gate.metric].rows
        vectors: list[Vector] = []
        for i in inside:
            row = rows[i]
            if isinstance(row, str):
                vectors.append((0.0, 0.0))
            elif self.before is None:
                vectors.append(row)
            else:
                theirs = self.before.get(table.cases[i])
                both = theirs is not None and row[1] == theirs[1] == 1.0
                vectors.append((row[0] - theirs[0], 1.0) if both and theirs is not None else (0.0, 0.0))
        if not vectors:
            return Units(np.zeros(0), np.zeros(0))
        return units_of(self.scale, vectors, [table.clusters[i] or table.cases[i] for i in inside])


def watch(
    gate: Gate,
    metric: Metric,
    extents: Mapping[tuple[tuple[str, str], ...], Extent],
    alpha_fail: float,
    before: Mapping[str, Vector] | None = None,
    *,
    whole: bool = True,
) -> Watch:
    """``extents``: for every slice that the gate speaks of, by its labels; ``before``: the baseline, by case.

    Unless the plan is ``whole``, its cases are a part of the dataset, which then is tested like a population.
    """
    scale = scale_of(metric)
    if scale is not None and gate.against_baseline:
        scale = None if before is None else Scale(-scale.width, scale.width)
    streams = []
    if scale is not None and not gate.universal:
        finite = gate.metric == COVERAGE or (gate.about == "dataset" and whole)
        kind = FiniteGate if finite else PopulationGate
        streams = [Stream(dict(wanted), _test(kind, gate, scale, one, alpha_fail)) for wanted, one in extents.items()]
    return Watch(gate, metric, scale, streams, before)


def _test(
    kind: type[FiniteGate | PopulationGate], gate: Gate, scale: Scale, extent: Extent, alpha_fail: float
) -> FiniteGate | PopulationGate:
    return kind(
        scale.share(gate.threshold),
        extent.clusters,
        ALPHA,
        "higher" if gate.operator in UPWARD else "lower",
        strict=gate.operator in {">", "<"},
        alpha_fail=alpha_fail,
        largest=extent.largest,
    )
