"""How often any two attempts at a prompt, or any two conditions, gave the same answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, islice
from typing import Any

from evalkit.diagnoses import Agreement
from evalkit.results import Run
from evalkit.runner.tables import batched
from evalkit.store import Store, StoredScore
from evalkit.suite.load import SuiteCheck

MOST_CASES = 1000
"""Cases come in a random order: the first ones stand for all, and no more answers are read again."""
MOST_NAMES = 16
"""Of a matrix that can still be read; further attempts are like the first ones."""
AT_ONCE = 100
DRAWN = "seed"
"""A condition that is no other way to the same answer: it draws one, and is compared with another draw."""


def agreements(store: Store, run: Run, checks: Sequence[SuiteCheck]) -> tuple[Agreement, ...]:
    """Of determinism and forensic checks, from the stored answers of their first cases."""
    found: list[Agreement] = []
    for check in checks:
        if check.check.kind in NAMES:
            matrix = _Matrix()
            scores = islice(store.iter_scores(run.id, check.name), MOST_CASES)
            for batch in batched(scores, AT_ONCE):
                wanted = [list(_wanted(score, check.check)) for score in batch]
                answers = store.get_answers(dict.fromkeys(key for of_case in wanted for _, key in of_case))
                for of_case in wanted:
                    matrix.add({name: answers[key].text for name, key in of_case if key in answers})
            found += matrix.agreement(check.name)
    return tuple(found)


def _wanted(score: StoredScore, check: Any) -> Iterator[tuple[str, str]]:
    """The name of an answer, and where it is."""
    names = NAMES[check.kind](score, check)
    return ((name, key) for name, key in zip(names, score.keys, strict=False) if name)


def _attempts(score: StoredScore, _: Any) -> Iterator[str]:
    return (f"attempt {number}" if number <= MOST_NAMES else "" for number in range(1, len(score.keys) + 1))


def _conditions(score: StoredScore, check: Any) -> Iterator[str]:
    """By the evidence, which names all answers in the order in which they were asked for. Of a name that is there
    twice the last counts: the first was refused."""
    from evalkit.checks.forensic import REFERENCE  # runs without such a check do not load it

    wanted = {REFERENCE, *getattr(check.options, "conditions", ())} - {DRAWN}
    names = score.score.evidence.get("answers")
    return (name if isinstance(name, str) and name in wanted else "" for name in names or ())


NAMES: Mapping[str, Callable[[StoredScore, Any], Iterator[str]]] = {"determinism": _attempts, "forensic": _conditions}
"""By kind of check, what its answers to a case are called; nothing of those that are left out."""


@dataclass(slots=True)
class _Matrix:
    names: dict[str, None] = field(default_factory=dict)
    both: dict[tuple[str, str], int] = field(default_factory=dict)
    """Cases that two of the names answered, in the order in which these were first met."""
    same: dict[tuple[str, str], int] = field(default_factory=dict)
    cases: int = 0

    def add(self, texts: Mapping[str, str]) -> None:
        self.names.update(dict.fromkeys(texts))
        self.cases += len(texts) > 1
        for (one, said), (other, answered) in combinations(texts.items(), 2):
            pair = (one, other) if (one, other) in self.both or (other, one) not in self.both else (other, one)
            self.both[pair] = self.both.get(pair, 0) + 1
            self.same[pair] = self.same.get(pair, 0) + (said == answered)

    def agreement(self, check: str) -> Iterator[Agreement]:
        """None where nothing was answered twice."""
        names = tuple(islice(self.names, MOST_NAMES))
        if self.cases and len(names) > 1:
            yield Agreement(check, names, tuple(tuple(self._share(a, b) for b in names) for a in names), self.cases)

    def _share(self, one: str, other: str) -> float | None:
        if one == other:
            return 1.0
        pair = (one, other) if (one, other) in self.both else (other, one)
        return self.same[pair] / self.both[pair] if pair in self.both else None
