"""Gates that wait for people, as they are known before anything is asked."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.gates.expression import Gate
from evalkit.runner.plan import Plan
from evalkit.stats.power import Provable, provable
from evalkit.suite.review import FLAGGED, REFINED


def fallible_reviews(plan: Plan) -> int:
    """Gates on people's flags, which can fail by chance as others can: they have a part in the suite's false alarms."""
    gates = [gate for spec in plan.suite.reviews if spec.check in plan.cases for gate in spec.gates]
    return sum(gate.metric in {FLAGGED, REFINED} and not gate.universal for gate in gates)


@dataclass(frozen=True, slots=True)
class Awaited:
    """A gate that waits for people."""

    gate: Gate
    items: int
    """That they will have at most."""
    best: Provable | None
    """Whether so many could prove it; none of a gate that is no estimate."""


def awaited(plan: Plan) -> list[Awaited]:
    found = []
    for spec in plan.suite.reviews:
        items = min(spec.sample, len(plan.cases.get(spec.check, ())))
        for gate in spec.gates if spec.check in plan.cases else ():
            all_asked = gate.about == "dataset" and items < spec.sample
            estimated = gate.metric == FLAGGED and not all_asked and items > 0
            best = provable("rate", items, gate.threshold, gate.operator) if estimated else None
            found.append(Awaited(gate, items, best))
    return found


def unprovable_reviews(plan: Plan) -> list[str]:
    """A sentence for each gate that so many items could not prove, whatever people say."""
    sentences = []
    for one in awaited(plan):
        if one.best is not None and not one.best.possible:
            needed = f"{one.best.fewest:,} could" if one.best.fewest else "no number of them can"
            items = f"{one.items:,} case" + ("" if one.items == 1 else "s")
            said = f"cannot be proven by reviewing {items}, whatever people say; {needed}"
            sentences.append(f"gate '{one.gate.text}' {said}")
    return sentences
