"""Which gates share the suite's false alarms, and what that leaves to each of them."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.gates.expression import Gate
from evalkit.gates.measurements import COVERAGE
from evalkit.gates.weighing import ALPHA
from evalkit.runner.plan import Plan
from evalkit.runner.provable import witnesses
from evalkit.runner.waiting import fallible_reviews


@dataclass(frozen=True, slots=True)
class Family:
    uncertain: int
    """Gates that can fail by chance."""
    members: int
    """The same; with early stopping every gate that bets, once for each of its slices."""
    stop_early: bool

    def level(self, own: float, slices: int) -> float:
        """How surprising a lone failing gate must be: enough for its own interval, and among all (Holm). Gates that are
        watched while cases come in share evenly, whatever the others do (Bonferroni).
        """
        if self.stop_early:
            return ALPHA / max(self.members, 1)
        return min(own, ALPHA / (max(self.members, 1) * slices))


def family_of(plan: Plan, *, stop_early: bool) -> Family:
    checks = {check.name for check in plan.checks}
    gates = [gate for gate in plan.suite.gates if gate.check in checks]
    waiting = fallible_reviews(plan)
    uncertain = waiting + sum(is_uncertain(plan, gate) for gate in gates)
    streams = waiting + sum(max(1, witnesses(plan, gate).slices) for gate in gates if not gate.universal)
    return Family(uncertain, streams if stop_early else uncertain, stop_early)


def is_uncertain(plan: Plan, gate: Gate) -> bool:
    about_cases = gate.about == "dataset" and plan.scope.limit is None
    return not (gate.metric == COVERAGE or gate.universal or about_cases)
