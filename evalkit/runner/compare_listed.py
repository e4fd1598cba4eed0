"""The cases that went otherwise, in the order in which they are told. Each is made when somebody looks at it: of a
million there may be as many, and a page shows some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalkit.compact import MadeOnDemand
from evalkit.gates.measurements import COVERAGE, CheckTable
from evalkit.records import Status
from evalkit.results import Exchange
from evalkit.runner.compare_pairs import DIRECTIONS
from evalkit.runner.compare_turned import ONE_SIDED, Turned

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class CaseChange:
    """A case that went otherwise in one run than in the other."""

    check: str
    case: str
    direction: str
    """``improved`` or ``regressed`` where it is right in one run alone: a yes or no, a gate's target, a score or none.
    ``higher`` or ``lower`` where a value moved without such a turn."""
    metric: str
    """What tells: the check's first gated metric that turned so; ``coverage`` where only one side has a score."""
    baseline: float | None
    candidate: float | None
    baseline_status: Status = Status.SCORED
    candidate_status: Status = Status.SCORED
    baseline_exchanges: tuple[Exchange, ...] = ()
    """What was asked and answered; filled for the first cases of each direction only."""
    candidate_exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class TurnedCases:
    """Of one check, with their names: what is needed to tell of each, and no statistics."""

    check: str
    cases: Sequence[str]
    """By place in our table, as ``after``."""
    before: Sequence[Status]
    """By place in theirs."""
    after: Sequence[Status]
    turned: Turned

    @classmethod
    def of(cls, theirs: CheckTable, ours: CheckTable, found: Turned) -> TurnedCases:
        return cls(ours.name, ours.cases, theirs.statuses, ours.statuses, found)

    def change(self, row: int) -> CaseChange:
        found = self.turned
        place, other, telling = int(found.ours[row]), int(found.theirs[row]), int(found.telling[row])
        one_sided = telling == ONE_SIDED
        return CaseChange(
            check=self.check,
            case=self.cases[place],
            direction=DIRECTIONS[found.directions[row]],
            metric=COVERAGE if one_sided else found.metrics[telling].name,
            baseline=None if one_sided else float(found.was[row]),
            candidate=None if one_sided else float(found.now[row]),
            baseline_status=self.before[other],
            candidate_status=self.after[place],
        )


class CaseChanges(MadeOnDemand[CaseChange]):
    """Cases of some checks, by check and row."""

    __slots__ = ("_check_at", "_checks", "_rows", "first")

    def __init__(
        self,
        checks: Sequence[TurnedCases] = (),
        check_at: NDArray[np.int16] | None = None,
        rows: NDArray[np.int32] | None = None,
        first: Sequence[CaseChange] = (),
    ) -> None:
        """``first``: the first ones, made already, with what was said in them."""
        self._checks = checks
        self._check_at = np.zeros(0, dtype=np.int16) if check_at is None else check_at
        self._rows = np.zeros(0, dtype=np.int32) if rows is None else rows
        self.first = tuple(first)

    def __len__(self) -> int:
        return max(len(self._rows), len(self.first))

    def item(self, place: int) -> CaseChange:
        if place < len(self.first):
            return self.first[place]
        return self._checks[int(self._check_at[place])].change(int(self._rows[place]))

    def __add__(self, others: CaseChanges) -> CaseChanges:
        """Two lists of the same checks, one after the other."""
        check_at = np.concatenate([self._check_at, others._check_at])
        return CaseChanges(self._checks or others._checks, check_at, np.concatenate([self._rows, others._rows]))

    def with_first(self, told: Sequence[CaseChange]) -> CaseChanges:
        return CaseChanges(self._checks, self._check_at, self._rows, told)

    def checks(self) -> list[str]:
        """Those that have a case in it."""
        return [self._checks[number].check for number in np.unique(self._check_at).tolist()]

    def of_check(self, name: str) -> CaseChanges:
        return self._only(np.isin(self._check_at, [n for n, one in enumerate(self._checks) if one.check == name]))

    def at(self, places: Mapping[str, NDArray[np.integer]]) -> CaseChanges:
        """Those that stand at these places of our tables, by check."""
        kept = np.zeros(len(self._rows), dtype=np.bool_)
        for number, one in enumerate(self._checks):
            wanted = np.zeros(len(one.cases), dtype=np.bool_)
            found = places.get(one.check)
            if found is not None:
                wanted[found[found < len(wanted)]] = True
                mine = self._check_at == number
                kept[mine] = wanted[one.turned.ours[self._rows[mine]]]
        return self._only(kept)

    def _only(self, kept: NDArray[np.bool_]) -> CaseChanges:
        return CaseChanges(self._checks, self._check_at[kept], self._rows[kept])


def listed(checks: Sequence[TurnedCases], *directions: str) -> CaseChanges:
    """Checks take turns, so that one that changed everywhere does not hide the others."""
    rows = [one.turned.rows(*directions).astype(np.int32) for one in checks]
    check_at = [np.full(len(mine), number, dtype=np.int16) for number, mine in enumerate(rows)]
    turns = [np.arange(len(mine), dtype=np.int32) for mine in rows]
    if not rows:
        return CaseChanges()
    order = np.lexsort((np.concatenate(check_at), np.concatenate(turns)))
    return CaseChanges(checks, np.concatenate(check_at)[order], np.concatenate(rows)[order])
