"""A run's own cases, with what was asked and answered: some at a time, and of each check no more than so many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from evalkit.records import Answer, Score
from evalkit.runner.attending import Concluded
from evalkit.runner.tables import batched

TOGETHER = 200


@dataclass(frozen=True, slots=True)
class ReadCase:
    check: str
    case: str
    cluster: str
    labels: Mapping[str, Any]
    prompt: str
    """What a person said first, in all its messages but the system's."""
    answers: Mapping[str, Answer]
    """Those that are known, by key; a failed one is none."""
    score: Score


def read_cases(concluded: Concluded, most: int) -> Iterator[ReadCase]:
    """In the order of the plan, which is by chance: the first ones of many are a fair sample."""
    store, run_id = concluded.store, concluded.run.id
    for check in concluded.plan.checks:
        for some in batched(islice(concluded.plan.cases[check.name], most), TOGETHER):
            stored = {one.case: one for one in store.get_scores(run_id, check.name, [case.id for case in some])}
            keys = {key for one in stored.values() for key in one.keys}
            answers = store.get_answers(sorted(keys), {}, run_id=run_id)
            for case in some:
                if (judged := stored.get(case.id)) is not None:
                    yield ReadCase(
                        check=check.name,
                        case=case.id,
                        cluster=case.cluster,
                        labels=case.labels,
                        prompt="\n".join(m.content for m in case.sample.messages if m.role != "system"),
                        answers={key: answers[key] for key in judged.keys if key in answers},
                        score=judged.score,
                    )
