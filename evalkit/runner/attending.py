"""Who attends a run: sees what passes each boundary, may refuse it, and tells of it in sections of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.records import Answer, Outcome, Request
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
    against: str = ""
    """The run that this one is compared with."""


class Attendant:
    """Does nothing: what attends a run derives from it. An ``EvalkitError`` ends the run."""

    def planned(self, plan: Plan, backends: Mapping[str, Backend]) -> None:
        """Before the run begins and anything is asked."""

    def answered(self, request: Request, answer: Answer) -> None:
        """The answer that counts: once for each of the different requests that are asked together."""

    def answered_again(self, request: Request, answer: Answer) -> None:
        """A backend gave another one to a request that has an answer."""

    def examined(self, block: Sequence[Examined]) -> None:
        """A block's cases with their scores, in the order of the plan, before they are stored."""

    def decided(self, outcome: Outcome) -> Outcome:
        """The outcome of the run's gates, or one that knows of something else, too."""
        return outcome

    def checked(self, concluded: Concluded) -> None:
        """All is decided, and nobody has told anything yet."""

    def concluded(self, concluded: Concluded) -> Sequence[Section]:
        """Once all have checked, before the result is stored."""
        return ()

    def closed(self) -> None:
        """However the run ended."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """Those of a run's attendants who hear every answer."""

    attendants: Sequence[Attendant]

    @classmethod
    def among(cls, attendants: Sequence[Attendant]) -> Listeners | None:
        """None where nobody listens: a million answers need not be told to nobody."""
        ours = [one for one in attendants if _overrides(one, "answered") or _overrides(one, "answered_again")]
        return cls(ours) if ours else None

    def answered(self, request: Request, answer: Answer) -> None:
        for attendant in self.attendants:
            attendant.answered(request, answer)

    def answered_again(self, request: Request, answer: Answer) -> None:
        for attendant in self.attendants:
            attendant.answered_again(request, answer)


def _overrides(attendant: Attendant, method: str) -> bool:
    return getattr(type(attendant), method) is not getattr(Attendant, method)
