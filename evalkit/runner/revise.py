"""What people say of a finished run revises its outcome: another revision, and never an edit of what it reported."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from evalkit.errors import StoreError
from evalkit.gates.measurements import Measurements
from evalkit.records import Verdict
from evalkit.results import Result
from evalkit.runner.document import from_document, from_json, to_document
from evalkit.runner.plan import Plan
from evalkit.runner.review import queues, standing
from evalkit.runner.review_draw import draw_queues
from evalkit.runner.review_gates import review_verdicts, with_verdicts
from evalkit.runner.review_standing import Standing
from evalkit.runner.review_summary import summary_of
from evalkit.store import Store

TRIES = 50
"""Of two that revise at once one begins again."""
REVISED = ("outcome", "verdicts", "reviews")
"""Parts of the document that a revision says anew; all others stay as the run stored them."""


def begin_review(store: Store, plan: Plan, tables: Measurements, result: Result, level: float) -> Result:
    """Draw the suite's queues and keep them, before the run is finished; the result with what waits for people."""
    if not plan.suite.reviews:
        return result
    store.put_queues(result.run.id, draw_queues(plan, tables, result.run, level))
    return _revised(result, [standing(store, queue) for queue in queues(store, result.run.id)])


def _revised(result: Result, standings: Sequence[Standing]) -> Result:
    verdicts = [verdict for one in standings for verdict in review_verdicts(one)]
    return replace(
        result,
        outcome=with_verdicts(result.outcome, verdicts, standings),
        reviews=tuple(summary_of(one) for one in standings),
    )


def revise(store: Store, run_id: str) -> int | None:
    """A revision, if people have said what changes a verdict, or anything of a queue that is done: its number.

    While a queue is under way there is none; ``summary`` knows how far it is. A revision looks at all that was said
    when it is made: where another one is made at the same time, this one looks again.
    """
    for _ in range(TRIES):
        newest = store.get_revision(run_id)
        standings = [standing(store, queue) for queue in queues(store, run_id)]
        now = _signatures(standings)
        before: Mapping[str, Any] = newest.document["queues"] if newest else _signatures(map_untouched(standings))
        if now == before:
            return None
        number = newest.number if newest else 0
        found = _revised(from_json(store.get_result(run_id)), standings)
        document = to_document(found)
        said = {**{name: document[name] for name in REVISED}, "queues": now}
        if store.add_revision(run_id, number, found.outcome.word, said):
            return number + 1
    raise StoreError(f"run {run_id} is revised by others all the time", hint="try again: nothing that was said is lost")


def map_untouched(standings: Sequence[Standing]) -> list[Standing]:
    """As they stood before anybody said anything."""
    return [Standing(one.queue, {}) for one in standings]


def _signatures(standings: Sequence[Standing]) -> dict[str, Any]:
    """By queue what a revision rests on."""
    return {one.queue.name: _signature(one, review_verdicts(one)) for one in standings}


def _signature(one: Standing, verdicts: Sequence[Verdict]) -> list[Any]:
    words = [[str(verdict.word), str(verdict.counts_as)] for verdict in verdicts]
    if not one.done or not one.queue.cases:
        return [words, ""]
    said = [
        [case, reviewer, found.label, found.skipped]
        for case, by_reviewer in sorted(one.said.items())
        for reviewer, found in sorted(by_reviewer.items())
        if found.settled
    ]
    return [words, hashlib.sha256(json.dumps(said).encode()).hexdigest()]


def result_of(store: Store, run_id: str, revision: int | None = None) -> Result:
    """A finished run's result: as its newest revision has it, as ``revision`` had it, or with 0 as the run ended.

    Without a number it also says how far a review under way is, which is no revision and changes no verdict.
    """
    text = store.get_result(run_id)
    found = None if revision == 0 else store.get_revision(run_id, revision)
    if found is None:
        result = from_json(text)
    else:
        said = {name: found.document[name] for name in REVISED}
        result = replace(from_document({**json.loads(text), **said}), revision=found.number)
    if revision is not None or not result.reviews:
        return result
    return _revised(result, [standing(store, queue) for queue in queues(store, run_id)])
