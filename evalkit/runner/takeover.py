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
    _offered: dict[tuple[str, str], tuple[str, StoredScore]] = field(default_factory=dict)
    """Of the block, by check and case."""

    @classmethod
    def begin(cls, store: Store, plan: Plan, run_id: str) -> Takeover:
        """Notes how this run judges, and looks for runs that judged so before."""
        identities = score_identities(plan)
        store.note_scored_checks(run_id, identities)
        found = store.donors(plan.suite.name, identities)
        known = {
            name: _Donor(name, store.contested_keys(name)) for name in {run for runs in found.values() for run in runs}
        }
        return cls(store, {check: [known[name] for name in runs] for check, runs in found.items()})

    def look_for(self, block: Iterable[Planned]) -> None:
        """Read what there is of a block's cases; what was read of the last block goes."""
        self._offered.clear()
        wanted: dict[str, list[str]] = {}
        for planned in block:
            if planned.check.name in self.donors:
                wanted.setdefault(planned.check.name, []).append(planned.case.id)
        for check, cases in wanted.items():
            for donor in self.donors[check]:
                missing = [case for case in cases if (check, case) not in self._offered]
                for stored in self.store.get_scores(donor.run, check, missing) if missing else ():
                    if not stored.score.error and donor.contested.isdisjoint(stored.keys):
                        self._offered[check, stored.case] = donor.run, stored

    def known(self, examined: Examined) -> Score | None:
        """The score, where it was made of the same case and exactly these answers."""
        check = examined.planned.check.name
        run, stored = self._offered.get((check, examined.planned.case.id), ("", None))
        if stored is None or not examined.keys or tuple(examined.keys) != stored.keys:
            return None
        by_run = self.taken.setdefault(check, {})
        by_run[run] = by_run.get(run, 0) + 1
        return stored.score

    def count(self, check: str) -> int:
        return sum(self.taken.get(check, {}).values())

    @property
    def runs(self) -> tuple[str, ...]:
        """From which scores were taken."""
        return tuple(sorted({run for by_run in self.taken.values() for run in by_run}))
