"""Which checks need no more cases: the evidence of every gate, block by block, and who is still asked."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from evalkit.gates.columns import label_text
from evalkit.gates.expression import Gate
from evalkit.gates.measurements import COVERAGE, CheckTable, Measurements
from evalkit.gates.stopping import Extent, Watch, watch
from evalkit.gates.weighing import ALPHA
from evalkit.protocols import Metric
from evalkit.records import Vector, Word
from evalkit.runner.baseline import Baseline
from evalkit.runner.eachrow import CasesOfRows, ClusterSizes
from evalkit.runner.family import is_uncertain
from evalkit.runner.plan import Plan, Planned
from evalkit.runner.waiting import fallible_reviews
from evalkit.store import EvidenceRow

Slice = tuple[tuple[str, str], ...]
SAME = 1e-6
"""Evidence that differs by less is the same evidence."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A gate that needs no more cases."""

    gate: str
    word: Word
    cases: int
    """Of its check, that had been asked by then."""


@dataclass(slots=True)
class Stopping:
    """``watches`` by gate; empty where the run asks everything anyway."""

    plan: Plan
    watches: Mapping[str, Watch] = field(default_factory=dict)
    may_stop: bool = False
    level: float = ALPHA
    """Of false alarms, what is left to the gates that are decided at the end."""
    review_level: float = ALPHA
    """Of them, what each gate has that waits for people's flags."""
    stopped: set[str] = field(default_factory=set)
    before: Mapping[tuple[int, str], EvidenceRow] = field(default_factory=dict)
    """The evidence of the run that this one continues."""
    contradictions: list[str] = field(default_factory=list)
    """Gates whose evidence is not what it was in the run that this one continues."""

    def active(self, block: Sequence[Planned]) -> list[Planned]:
        return [planned for planned in block if planned.check.name not in self.stopped]

    def update(self, tables: Measurements, number: int, block: Sequence[Planned]) -> list[EvidenceRow]:
        """Take in a block; what it says of every gate, to be stored with its scores."""
        rows = []
        for name in dict.fromkeys(planned.check.name for planned in block):
            watches = self._of(name)
            for one in watches:
                one.update(tables[name])
                if (row := _row(number, one)) is not None:
                    rows.append(row)
            if self.may_stop and _all_decided(watches):
                self.stopped.add(name)
        self.contradictions += [row.gate for row in rows if not _agrees(row, self.before.get((row.block, row.gate)))]
        return rows

    def decided(self) -> tuple[Decided, ...]:
        """The suite's gates whose word will not change any more, in the order in which it fell; of a run that may not
        stop there are none, since all its cases have a say."""
        own = (one for one in self.watches.values() if self.may_stop and not one.gate.automatic)
        found = [Decided(one.gate.text, word, one.decided_after) for one in own if (word := one.word) is not None]
        return tuple(sorted(found, key=lambda one: one.cases))

    def _of(self, check: str) -> list[Watch]:
        return [one for one in self.watches.values() if one.gate.check == check]

    def cut_short(self, tables: Measurements) -> list[str]:
        """Checks that stopped before all their cases."""
        return [name for name in tables if len(tables[name].cases) < len(self.plan.cases[name])]

    def why(self, check: str, table: CheckTable) -> str:
        """For the report: why a check stopped, or why it ran to the end."""
        if not self.may_stop:
            return ""
        used, available = len(table.cases), len(self.plan.cases[check])
        watches = self._of(check)
        if used < available:
            return f"stopped after {used:,} of {available:,} cases: each of its gates was decided"
        own = [one for one in watches if not one.gate.automatic]
        if not own:
            return "ran to the end: it has no gate to decide"
        blocking = next((one for one in own if one.why_not and one.word is None), None)
        if blocking is not None:
            return f"ran to the end: '{blocking.gate.text}' {blocking.why_not}"
        late = next((one for one in watches if one.word is None), None)
        return f"ran to the end: '{late.gate.text}' was not decided" if late else "was decided by its last cases"


def _all_decided(watches: Sequence[Watch]) -> bool:
    own = [one for one in watches if not one.gate.automatic]
    return bool(own) and all(one.word is not None for one in watches)


def _row(number: int, one: Watch) -> EvidenceRow | None:
    stream = one.telling
    if stream is None or not stream.curve:
        return None
    last = stream.curve[-1]
    document = {"cases": last.cases, "for_pass": last.for_pass, "for_fail": last.for_fail, "word": one.word}
    return EvidenceRow(number, one.gate.text, json.dumps(document, sort_keys=True))


def _agrees(row: EvidenceRow, earlier: EvidenceRow | None) -> bool:
    if earlier is None:
        return True
    now, then = json.loads(row.document), json.loads(earlier.document)
    same = all(math.isclose(now[key], then[key], abs_tol=SAME) for key in ("cases", "for_pass", "for_fail"))
    return same and now["word"] == then["word"]


def prepare(
    plan: Plan, baseline: Baseline, *, may_stop: bool, earlier: Iterable[EvidenceRow] | None = None
) -> Stopping:
    """``earlier``: the evidence of a run that this one continues; then every gate is watched again from its start."""
    waiting = fallible_reviews(plan)
    if not may_stop and earlier is None:
        uncertain = sum(is_uncertain(plan, gate) for gate in plan.suite.gates if gate.check in plan.cases)
        shared = ALPHA / max(1, uncertain + waiting)
        return Stopping(plan, level=ALPHA - waiting * shared if uncertain else ALPHA, review_level=shared)
    gates = [gate for gate in plan.suite.gates if gate.check in plan.cases and _may_be_decided(plan, gate, baseline)]
    extents = _extents(plan, gates)
    fallible = waiting + sum(max(1, len(extents[gate.text])) for gate in gates if not gate.universal)
    watches = {}
    for gate in gates:
        metric = _metric(plan, gate)
        before = _by_case(baseline, gate) if gate.against_baseline else None
        whole = plan.scope.limit is None
        watches[gate.text] = watch(gate, metric, extents[gate.text], ALPHA / max(fallible, 1), before, whole=whole)
    at_the_end = sum(1 for one in watches.values() if one.why_not and not one.gate.universal)
    return Stopping(
        plan,
        watches,
        may_stop,
        level=ALPHA * at_the_end / fallible if at_the_end else ALPHA,
        review_level=ALPHA / max(fallible, 1),
        before={(row.block, row.gate): row for row in earlier or ()},
    )


def _may_be_decided(plan: Plan, gate: Gate, baseline: Baseline) -> bool:
    """No number of cases decides a gate whose baseline is missing or measured otherwise: it keeps no check running."""
    if not gate.against_baseline:
        return True
    table = (baseline.tables or {}).get(gate.check)
    column = table.columns.get(gate.metric) if table else None
    return column is not None and column.metric.signature == _metric(plan, gate).signature


def _metric(plan: Plan, gate: Gate) -> Metric:
    table = CheckTable(gate.check, "", next(check for check in plan.checks if check.name == gate.check).check.metrics)
    return table.columns[gate.metric].metric


def _by_case(baseline: Baseline, gate: Gate) -> Mapping[str, Vector]:
    table = (baseline.tables or {})[gate.check]
    vectors, kept = table.vectors(gate.metric, range(len(table.cases)))
    return {table.cases[i]: vector for vector, i in zip(vectors, kept, strict=True)}


def _extents(plan: Plan, gates: Sequence[Gate]) -> dict[str, dict[Slice, Extent]]:
    """For every gate and slice, what will come in."""
    found: dict[str, dict[Slice, ClusterSizes]] = {gate.text: {} for gate in gates}
    for gate in gates:
        cases, slices = plan.cases[gate.check], found[gate.text]
        for case in cases:
            wanted = _slice_of(gate, case.labels)
            if wanted is not None:
                if wanted not in slices:
                    slices[wanted] = ClusterSizes(together=isinstance(cases, CasesOfRows))
                slices[wanted].add(case.cluster or case.id)
    return {
        text: {wanted: Extent((sizes := of.sizes()).total(), max(sizes)) for wanted, of in sorted(slices.items())}
        for text, slices in found.items()
    }


def _slice_of(gate: Gate, labels: Mapping[str, object]) -> Slice | None:
    """The slice of a gate that a case belongs to; none where the gate does not speak of it."""
    if any(label_text(labels, label) != value for label, value in gate.slice.items()):
        return None
    wanted = dict(gate.slice)
    if gate.by:
        value = label_text(labels, gate.by)
        if value is None:
            return None
        wanted[gate.by] = value
    return tuple(wanted.items())


def settled_watches(stopping: Stopping, tables: Measurements) -> Mapping[str, Watch]:
    """The watches whose word counts. Where all cases were asked after all, the facts outweigh evidence about them."""
    if stopping.may_stop:
        return stopping.watches
    cut = set(stopping.cut_short(tables))
    about_cases = {
        text for text, one in stopping.watches.items() if one.gate.about == "dataset" or one.gate.metric == COVERAGE
    }
    return {text: one for text, one in stopping.watches.items() if text not in about_cases or one.gate.check in cut}
