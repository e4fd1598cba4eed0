"""The boundary between answers and tables: every case with its score, in the order of the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from evalkit.gates.columns import label_text
from evalkit.gates.measurements import CheckTable, Measurements
from evalkit.modes.pipeline import rules
from evalkit.modes.pipeline.ledger import Ledger
from evalkit.modes.pipeline.of_data import MOST_CATEGORIES
from evalkit.modes.pipeline.texts import shown
from evalkit.protocols import Metric
from evalkit.records import Score, Status, Unscored
from evalkit.runner.examine import Examined
from evalkit.runner.plan import Plan

NO_SCORE = "plugin:"
"""How the error of a case begins whose check gave what is no score."""
MOST_LOST = 0.05
FEWEST = 10
SLACK = 1e-9


class ScoreBoundary:
    """Cases as they are examined."""

    def __init__(self, ledger: Ledger, labels: Sequence[str]) -> None:
        self._ledger = ledger
        self._labels = labels
        self._bounded: dict[str, list[tuple[Metric, float, float]]] = {}
        self._next: Counter[str] = Counter()
        """By check, the place of the case that comes next."""
        self._values: Counter[tuple[str, str]] = Counter()
        """By check and label, how many values it has."""
        self.categories: dict[tuple[str, str, str], Counter[str]] = {}
        """By check, label and value, how many cases ended how."""

    def examined(self, block: Sequence[Examined]) -> None:
        for one in block:
            planned, score = one.planned, one.score
            name = planned.check.name
            if planned.position != self._next[name]:
                self._misplaced(name, planned.case.id, planned.position)
            self._next[name] = planned.position + 1
            if score.results:
                self._look_at_values(name, planned.check.check.metrics, planned.case.id, score)
            for label in self._labels:
                value = label_text(planned.case.labels, label)
                if value is not None:
                    self._count((name, label, value), score.status)

    def values_of(self, check: str, label: str) -> int:
        """How many there are; where they are more than a category has, no fewer than that."""
        return self._values[check, label]

    def _misplaced(self, check: str, case: str, place: int) -> None:
        wanted = self._next[check]
        if place > wanted:
            what = f"check '{check}': {place - wanted:,} cases before '{shown(case)}' were lost"
            self._ledger.note(rules.CASES_END_ONCE, what, place - wanted)
        else:
            self._ledger.note(rules.CASES_END_ONCE, f"check '{check}': case '{shown(case)}' ended twice")

    def _count(self, key: tuple[str, str, str], status: Status) -> None:
        counts = self.categories.get(key)
        if counts is None:
            self._values[key[:2]] += 1
            if self._values[key[:2]] > MOST_CATEGORIES:
                return
            counts = self.categories[key] = Counter()
        counts[status.value] += 1

    def _look_at_values(self, check: str, metrics: Sequence[Metric], case: str, score: Score) -> None:
        bounded = self._bounded.get(check)
        if bounded is None:
            bounded = self._bounded[check] = [
                (metric, *metric.bounds) for metric in metrics if metric.bounds and metric.kind in ("rate", "mean")
            ]
        for metric, low, high in bounded:
            vector = score.results.get(metric.name)
            if vector is None or isinstance(vector, Unscored) or not vector[1]:
                continue
            value = vector[0] / vector[1]
            if not low - SLACK <= value <= high + SLACK:
                what = f"{check}.{metric.name} of case '{shown(case)}' is {value:g}, outside {low:g} to {high:g}"
                self._ledger.note(rules.SCORES_ARE_WITHIN, what)


def check_tables(plan: Plan, tables: Measurements, stopped: Mapping[str, bool], ledger: Ledger) -> None:
    """Counts alone, which cost nothing."""
    for check in plan.checks:
        table = tables.get(check.name)
        wanted = len(plan.cases[check.name])
        if table is None:
            ledger.note(rules.CASES_END_ONCE, f"check '{check.name}' has no table", wanted)
            continue
        counts = table.counts
        ended = counts.scored + counts.unscored + counts.errored
        if ended != counts.planned or counts.planned > wanted:
            what = f"check '{check.name}': {ended:,} cases ended of {wanted:,} planned"
            ledger.note(rules.CASES_END_ONCE, what, abs(wanted - ended) or 1)
        elif counts.planned < wanted and not stopped.get(check.name):
            what = f"check '{check.name}': {wanted - counts.planned:,} of {wanted:,} planned cases never ended"
            ledger.note(rules.CASES_END_ONCE, what, wanted - counts.planned)
        _look_at_errors(table, ledger)
        lost = counts.unscored + counts.errored
        if counts.planned >= FEWEST and lost / counts.planned > MOST_LOST:
            reason = table.reasons.most_common(1)[0][0] if table.reasons else "no reason"
            share = f"{lost:,} of {counts.planned:,} cases ({lost / counts.planned:.1%}, more than {MOST_LOST:.0%})"
            what = f"{check.name}: {share} have no score, most of them: {shown(reason)}"
            ledger.note(rules.FEW_UNSCORED, what, lost)


def _look_at_errors(table: CheckTable, ledger: Ledger) -> None:
    for error, times in table.reasons.items():
        if error.startswith(NO_SCORE):
            cases = "one case" if times == 1 else f"{times:,} cases"
            what = f"{cases} of check '{table.name}': {shown(error[len(NO_SCORE) :].strip())}"
            ledger.note(rules.SCORES_ARE_SOUND, what, times)
