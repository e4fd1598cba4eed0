"""What gates ask of a metric, as it can be asked of the value of one case."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from evalkit.gates.expression import Gate
from evalkit.records import Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "==": operator.eq,
}


@dataclass(frozen=True, slots=True)
class Target:
    operator: str
    threshold: float

    def met_by(self, value: float) -> bool:
        return bool(COMPARISONS[self.operator](value, self.threshold))


Targets = Mapping[tuple[str, str], Sequence[Target]]
"""By check and metric."""
NO_TARGETS: Targets = MappingProxyType({})


def met_by(values: NDArray[np.float64], targets: Sequence[Target]) -> NDArray[np.bool_]:
    """Which values meet all of them."""
    met = np.ones(len(values), dtype=np.bool_)
    for one in targets:
        met &= COMPARISONS[one.operator](values, one.threshold)
    return met


def targets_of_gates(gates: Iterable[Gate]) -> Targets:
    """Those that the suite wrote of all cases; a difference to a baseline, or a slice, says nothing of any case."""
    whole = [gate for gate in gates if not (gate.against_baseline or gate.slice or gate.by or gate.automatic)]
    return _by_metric((gate.check, gate.metric, gate.operator, gate.threshold) for gate in whole)


def targets_of_verdicts(verdicts: Iterable[Verdict]) -> Targets:
    """The same, of a run that is stored."""
    return _by_metric(
        (one.estimate.check, one.estimate.metric, one.operator, one.threshold)
        for one in verdicts
        if one.estimate is not None
        and not one.estimate.slice
        and not one.automatic
        and one.threshold is not None
        and "baseline" not in one.gate.rpartition(one.operator)[2]
    )


def _by_metric(asked: Iterable[tuple[str, str, str, float]]) -> Targets:
    found: dict[tuple[str, str], list[Target]] = {}
    for check, metric, comparison, threshold in asked:
        found.setdefault((check, metric), []).append(Target(comparison, threshold))
    return found
