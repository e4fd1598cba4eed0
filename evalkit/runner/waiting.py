"""Gates that wait for people, as they are known before anything is asked."""

from __future__ import annotations

from evalkit.runner.plan import Plan
from evalkit.stats.power import provable
from evalkit.suite.review import FLAGGED


def fallible_reviews(plan: Plan) -> int:
    """Gates on people's flags, which can fail by chance as others can: they have a part in the suite's false alarms."""
    gates = [gate for spec in plan.suite.reviews if spec.check in plan.cases for gate in spec.gates]
    return sum(gate.metric == FLAGGED and not gate.universal for gate in gates)


def unprovable_reviews(plan: Plan) -> list[str]:
    """A sentence for each gate that so many items could not prove, whatever people say."""
    sentences = []
    for spec in plan.suite.reviews:
        items = min(spec.sample, len(plan.cases.get(spec.check, ())))
        for gate in spec.gates:
            all_asked = gate.about == "dataset" and items < spec.sample
            if gate.metric != FLAGGED or all_asked or not items:
                continue
            found = provable("rate", items, gate.threshold, gate.operator)
            if found is not None and not found.possible:
                needed = f"{found.fewest:,} could" if found.fewest else "no number of them can"
                said = f"cannot be proven by reviewing {items:,} cases, whatever people say; {needed}"
                sentences.append(f"gate '{gate.text}' {said}")
    return sentences
