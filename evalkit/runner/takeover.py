"""Scores that an earlier run made of the same answers, by a check that judges just so: taken over, not made again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from evalkit.records import Score
from evalkit.runner.examine import Examined
from evalkit.runner.score_identity import score_identities
from evalkit.store import Store, StoredScore

if TYPE_CHECKING:
    from evalkit.runner.plan import Plan, Planned


@dataclass(slots=True)
class _Donor:
    run: str
    contested: frozenset[str]
    """Keys of requests that failed in that run, or had two answers."""


@dataclass(slots=True)
class Takeover:
    """Holds what earlier runs scored of the block under way."""

    store: Store
    donors: Mapping[str, Sequence[_Donor]] = field(default_factory=dict)
    """By check."""
    taken: dict[str, dict[str, int]] = field(default_factory=dict)
    """By check and donor, how many."""
    _wanted: dict[str, list[str]] = field(default_factory=dict)
    """The cases of the block, by check."""
    _read: dict[tuple[str, str], dict[str, StoredScore]] = field(default_factory=dict)
    """By check and donor, its scores of the block's cases."""

    @classmethod
    def begin(cls, store: Store, plan: Plan, run_id: str) -> Takeover:
        """Notes how this run judges, and looks for runs that judged so before."""
        identities = score_identities(plan)
        store.note_scored_checks(run_id, identities)
        found = store.donors(plan.suite.name, identities, run_id)
        known = {
            name: _Donor(name, store.contested_keys(name)) for name in {run for runs in found.values() for run in runs}
        }
        return cls(store, {check: [known[name] for name in runs] for check, runs in found.items()})

    def look_for(self, block: Iterable[Planned]) -> None:
        """A block's cases are the next ones; what was read of the last block goes."""
        self._read.clear()
        self._wanted.clear()
        for planned in block:
            if planned.check.name in self.donors:
                self._wanted.setdefault(planned.check.name, []).append(planned.case.id)

    def known(self, examined: Examined) -> Score | None:
        """The score, where it was made of the same case and exactly these answers."""
        check, case = examined.planned.check.name, examined.planned.case.id
        for donor in self.donors.get(check, ()) if examined.keys else ():
            stored = self._scores(check, donor).get(case)
            if stored is not None and tuple(examined.keys) == stored.keys:
                by_run = self.taken.setdefault(check, {})
                by_run[donor.run] = by_run.get(donor.run, 0) + 1
                return stored.score
        return None

    def _scores(self, check: str, donor: _Donor) -> Mapping[str, StoredScore]:
        """Read all together, at the first case that no donor before it has of the same answers."""
        if (found := self._read.get((check, donor.run))) is None:
            given = self.store.get_scores(donor.run, check, self._wanted.get(check, ()))
            found = {
                stored.case: stored
                for stored in given
                if not stored.score.error and donor.contested.isdisjoint(stored.keys)
            }
            self._read[check, donor.run] = found
        return found

    def count(self, check: str) -> int:
        return sum(self.taken.get(check, {}).values())

    @property
    def runs(self) -> tuple[str, ...]:
        """From which scores were taken."""
        return tuple(sorted({run for by_run in self.taken.values() for run in by_run}))
