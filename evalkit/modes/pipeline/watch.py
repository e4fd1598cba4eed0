"""Who watches the boundaries of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from evalkit.modes.pipeline.ledger import BROKEN, Ledger
from evalkit.modes.pipeline.of_answers import AnswerBoundary, AnswerProfile
from evalkit.modes.pipeline.of_data import (
    DataProfile,
    check_cases,
    check_columns,
    check_counts,
    check_plan,
    look_at_rows,
    profile_of,
)
from evalkit.modes.pipeline.of_decisions import check_estimates, check_verdicts
from evalkit.modes.pipeline.of_scores import ScoreBoundary, check_tables
from evalkit.protocols import Backend
from evalkit.records import Answer, Request
from evalkit.runner.attending import Attendant, Concluded
from evalkit.runner.examine import Examined
from evalkit.runner.plan import Plan
from evalkit.runner.profile import stage
from evalkit.sections import Section, SectionTable

if TYPE_CHECKING:
    from evalkit.suite.load import Suite


class Counted(Attendant):
    """What can be seen in counts alone, which takes no time. It says nothing where all is as it should be."""

    thorough = False

    def __init__(self, suite: Suite, *, strict: bool) -> None:
        self.ledger = Ledger(strict=strict, where=str(suite.path), thorough=self.thorough)
        self.data: dict[str, DataProfile] = {}
        self.unused: dict[str, int] = {}
        """By dataset, rows that no check makes a case of, where that was looked at."""

    def planned(self, plan: Plan, backends: Mapping[str, Backend]) -> None:
        for name, dataset in plan.datasets.items():
            spec = plan.suite.datasets[name]
            profile = self.data[name] = profile_of(dataset, spec)
            check_counts(dataset, spec, profile, self.ledger)
        check_plan(plan, self.ledger)
        self.ledger.require()

    def answers_heard(self) -> list[AnswerProfile] | None:
        """By role; none where nobody listened."""
        return None

    def profiles(self, concluded: Concluded) -> Sequence[SectionTable]:
        """Of what passed, where it was looked at."""
        return ()

    def checked(self, concluded: Concluded) -> None:
        plan, tables, ledger = concluded.plan, concluded.tables, self.ledger
        stopped = {name: table.stopped_early for name, table in tables.items()}
        check_tables(plan, tables, stopped, ledger)
        ledger.require()
        check_estimates(concluded, ledger)
        ledger.require()
        check_verdicts(plan, tables, concluded.result.outcome, ledger)
        ledger.require()

    def concluded(self, concluded: Concluded) -> Sequence[Section]:
        if self.ledger.state() != BROKEN:
            return ()
        from evalkit.modes.pipeline.told import section

        return (section(concluded, self),)


class Watched(Counted):
    """Every row, answer and score is looked at as it passes; none is kept."""

    thorough = True

    def __init__(self, suite: Suite, *, strict: bool) -> None:
        super().__init__(suite, strict=strict)
        self.labels: Sequence[str] = suite.slices
        self.datasets: dict[str, str] = {}
        """By check."""
        self.answers = AnswerBoundary(self.ledger)
        self.scores = ScoreBoundary(self.ledger, self.labels)

    def planned(self, plan: Plan, backends: Mapping[str, Backend]) -> None:
        with stage("look at the boundaries"):
            for name, dataset in plan.datasets.items():
                spec = plan.suite.datasets[name]
                profile = self.data[name] = profile_of(dataset, spec)
                check_counts(dataset, spec, profile, self.ledger)
                look_at_rows(dataset, profile, self.labels, self.ledger)
            check_columns(plan, self.data, self.ledger)
            check_plan(plan, self.ledger)
            self.datasets = {check.name: check.dataset for check in plan.checks}
            self.unused = check_cases(plan, self.ledger)
        self.ledger.require()

    def answered(self, request: Request, answer: Answer) -> None:
        self.answers.answered(request, answer)

    def answered_again(self, request: Request, answer: Answer) -> None:
        self.answers.answered_again(request, answer)

    def answers_heard(self) -> list[AnswerProfile] | None:
        return list(self.answers.profiles.values())

    def profiles(self, concluded: Concluded) -> Sequence[SectionTable]:
        from evalkit.modes.pipeline.told import profiles

        return list(profiles(concluded, self))

    def examined(self, block: Sequence[Examined]) -> None:
        with stage("look at the boundaries"):
            self.scores.examined(block)
        self.ledger.require()

    def checked(self, concluded: Concluded) -> None:
        with stage("look at the boundaries"):
            self.answers.ended(concluded.result.usage.incidents)
            super().checked(concluded)

    def concluded(self, concluded: Concluded) -> Sequence[Section]:
        from evalkit.modes.pipeline.told import section

        return (section(concluded, self),)
