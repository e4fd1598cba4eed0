"""Checks examined on mocks, from memory wherever a mock says what was said before.

A degraded mock differs from the references in a share of its answers only, and examining an answer costs a thousand
times what asking a mock for it does. So all requests are asked, and a case is examined again only if an answer is new.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evalkit.gates.measurements import CheckTable
from evalkit.models import ModelSettings, open_backend
from evalkit.protocols import Backend, Session, Taught
from evalkit.records import Answer, Condition, Request, Score
from evalkit.runner.examine import examine
from evalkit.runner.plan import Plan, Planned
from evalkit.suite.load import SuiteCheck

Requests = tuple[Request, ...]
Answers = tuple[Answer, ...]


class AsksSomebodyElse(Exception):
    """A check asks another role than the model under test."""

    def __init__(self, role: str) -> None:
        super().__init__(role)
        self.role = role


class Mutant:
    """A mock that knows the references of the plan's datasets."""

    def __init__(self, reference: str, plan: Plan) -> None:
        self._backend: Backend = open_backend(reference, ModelSettings())
        if isinstance(self._backend, Taught):
            for dataset in plan.datasets.values():
                self._backend.teach(dataset.samples)
        self._sessions: dict[Condition, Session] = {}

    def ask(self, request: Request) -> Answer:
        if request.role != "subject":
            raise AsksSomebodyElse(request.role)
        if request.condition not in self._sessions:
            self._sessions[request.condition] = self._backend.session(request.condition)
        ((_, answer),) = self._sessions[request.condition].ask([request])
        return answer


@dataclass(slots=True)
class _Path:
    """What a case's conversation asked, and its score by what was answered. Checks are pure: the same, the same."""

    requests: Requests
    scores: dict[Answers, Score]


class Examiner:
    """One check on one mutant after the other."""

    def __init__(self, plan: Plan, check: SuiteCheck) -> None:
        self._check = check
        self._planned = [Planned(check, case, place) for place, case in enumerate(plan.cases[check.name])]
        self._paths: list[list[_Path]] = [[] for _ in self._planned]

    def measure(self, mutant: Mutant) -> list[Score]:
        """A score a case; the very same object where the answers are those of a mutant before."""
        return [self._score(planned, paths, mutant) for planned, paths in zip(self._planned, self._paths, strict=True)]

    def table(self, scores: Sequence[Score]) -> CheckTable:
        table = CheckTable(self._check.name, self._check.check.kind, self._check.check.metrics)
        for planned, score in zip(self._planned, scores, strict=True):
            table.add(planned.case.id, planned.case.cluster, planned.case.labels, score)
        return table

    def forget(self) -> None:
        """All but what the first mutant said: answers of one kind of damage are rarely those of another."""
        for paths in self._paths:
            if paths:
                first = paths[0]
                answers, score = next(iter(first.scores.items()))
                paths[:] = [_Path(first.requests, {answers: score})]

    def _score(self, planned: Planned, paths: list[_Path], mutant: Mutant) -> Score:
        for path in paths:
            known = path.scores.get(tuple(map(mutant.ask, path.requests)))
            if known is not None:
                return known
        requests, answers, score = _examine(planned, mutant.ask)
        for path in paths:
            if path.requests == requests:
                path.scores[answers] = score
                break
        else:
            paths.append(_Path(requests, {answers: score}))
        return score


def _examine(planned: Planned, answer_to: Callable[[Request], Answer]) -> tuple[Requests, Answers, Score]:
    asked: list[Request] = []
    given: list[Answer] = []

    def ask(requests: Sequence[Request]) -> list[tuple[str, Answer]]:
        answers = [answer_to(request) for request in requests]
        asked.extend(requests)
        given.extend(answers)
        return [("", answer) for answer in answers]

    (examined,) = examine([planned], ask)
    return tuple(asked), tuple(given), examined.score
