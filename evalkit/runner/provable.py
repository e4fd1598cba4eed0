"""Gates that this many cases could never prove, said before anything is asked."""

from __future__ import annotations

from collections import Counter

from evalkit.gates.expression import Gate
from evalkit.gates.measurements import COVERAGE, label_text
from evalkit.runner.plan import Plan
from evalkit.stats.power import Provable, provable


def provability(plan: Plan, gate: Gate) -> tuple[int, Provable | None]:
    """How many cases the gate has at most (in its smallest slice), and whether the best possible result proves it."""
    check = next(check for check in plan.checks if check.name == gate.check)
    texts = ({k: label_text(case.labels, k) for k in (*gate.slice, gate.by)} for case in plan.cases[check.name])
    inside = [found for found in texts if all(found[k] == v for k, v in gate.slice.items())]
    count = len(inside)
    if gate.by:
        sizes = Counter(text for found in inside if (text := found[gate.by]) is not None)
        count = min(sizes.values(), default=0)
    metric = next((metric for metric in check.check.metrics if metric.name == gate.metric), None)
    if metric is None or gate.against_baseline or gate.universal or gate.about == "dataset":
        return count, None
    return count, provable(metric.kind, count, gate.threshold, gate.operator)


def unprovable_gates(plan: Plan) -> list[str]:
    """A sentence for each."""
    sentences = []
    if all(gate.automatic for gate in plan.suite.gates):
        sentences.append("the suite has no gates of its own: it passes when half of every check's cases are scored")
    for gate in plan.suite.gates:
        if gate.metric == COVERAGE or gate.check not in {check.name for check in plan.checks}:
            continue
        count, verdict = provability(plan, gate)
        if verdict is None or verdict.possible:
            continue
        needed = f"{verdict.fewest:,} cases could" if verdict.fewest else "no number of cases can"
        sentences.append(f"gate '{gate.text}' cannot be proven with {count:,} cases, whatever they say; {needed}")
    return sentences
