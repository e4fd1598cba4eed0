"""Who attends a run: sees what passes each boundary, may refuse it, and tells of it in sections of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.results import Result, Run
from evalkit.sections import Section

if TYPE_CHECKING:
    from evalkit.gates.measurements import Measurements
    from evalkit.protocols import Backend
    from evalkit.runner.examine import Examined
    from evalkit.runner.plan import Plan
    from evalkit.store import Store


@dataclass(frozen=True, slots=True)
class Concluded:
    """All there is of a run whose gates are decided, while its models are still open."""

    plan: Plan
    backends: Mapping[str, Backend]
    """By role."""
    store: Store
    run: Run
    tables: Measurements
    result: Result
    """As it would be stored, without sections."""


class Attendant:
    """Does nothing: what attends a run derives from it. An ``EvalkitError`` ends the run."""

    def planned(self, plan: Plan, backends: Mapping[str, Backend]) -> None:
        """Before the run begins and anything is asked."""

    def examined(self, block: Sequence[Examined]) -> None:
        """A block's cases with their scores, in the order of the plan, before they are stored."""

    def concluded(self, concluded: Concluded) -> Sequence[Section]:
        """Once, before the result is stored."""
        return ()

    def closed(self) -> None:
        """However the run ended."""
