"""A block of conversations, driven in rounds so that all their requests of a round are asked together."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, cast

from evalkit.protocols import Conversation, Metric
from evalkit.records import Answer, Request, Score, Unscored
from evalkit.runner.plan import Planned

Ask = Callable[[Sequence[Request]], Sequence[tuple[str, Answer]]]
"""Requests to their keys and answers, in the same order."""
LENGTHS = {"rate": 2, "mean": 2, "ratio": 2, "quantile": 1}
"""Of statistics, by a metric's kind; those of a corpus metric are its own."""
MOST_SHOWN = 500
"""Characters of a plugin's complaint."""


@dataclass(slots=True)
class Examined:
    planned: Planned
    score: Score = field(default_factory=Score)
    keys: list[str] = field(default_factory=list)
    """Of the answers that the score rests on, in the order they were asked for."""


@dataclass(slots=True)
class _Open:
    examined: Examined
    conversation: Conversation
    requests: Sequence[Request]


def examine(block: Sequence[Planned], ask: Ask) -> list[Examined]:
    """Scores for every case of the block, in its order. A check that breaks its protocol errs on that case alone."""
    results = [Examined(planned) for planned in block]
    current: list[_Open] = []
    for examined in results:
        begun = begin(examined.planned)
        if isinstance(begun, Score):
            examined.score = begun
        else:
            _advance(_Open(examined, begun, ()), None, current)
    rounds = 0
    while current := [one for one in current if _may_ask(one, rounds)]:
        rounds += 1
        answers = iter(ask([request for one in current for request in one.requests]))
        following: list[_Open] = []
        for one in current:
            received = [next(answers) for _ in one.requests]
            one.examined.keys.extend(key for key, _ in received)
            _advance(one, [answer for _, answer in received], following)
        current = following
    return results


def begin(planned: Planned) -> Conversation | Score:
    """A case's conversation, before its first request; the score of a check that cannot even begin it."""
    try:
        conversation: Any = planned.check.check.examine(planned.case)  # a plugin may return anything
    except Exception as error:  # noqa: BLE001 - a check is a plugin: one case that breaks it must not lose the run
        return _broken(error)
    if not isinstance(conversation, Generator):
        return Score(error=f"plugin: examine returns {type(conversation).__name__}, not a generator")
    return cast("Conversation", conversation)


def next_requests(conversation: Conversation, answers: Sequence[Answer] | None) -> tuple[Request, ...] | Score:
    """Send answers into a conversation (none begins it); it asks again, or ends with its score."""
    try:
        asked = next(conversation) if answers is None else conversation.send(answers)
    except StopIteration as end:
        return end.value if isinstance(end.value, Score) else _unlike("returns", end.value, "a Score")
    except Exception as error:  # noqa: BLE001 - a check is a plugin: one case that breaks it must not lose the run
        return _broken(error)
    try:
        requests = tuple(asked)
    except TypeError:
        return _unlike("yields", asked, "a sequence of requests")
    strange = next((request for request in requests if not isinstance(request, Request)), None)
    return requests if strange is None else _unlike("yields", strange, "a Request")


def _may_ask(one: _Open, rounds: int) -> bool:
    most = one.examined.planned.check.check.max_rounds
    if rounds < most:
        return True
    with suppress(Exception):  # however a plugin takes the end of its conversation, it is over
        one.conversation.close()
    one.examined.score = Score(error=f"plugin: asked more than its {most} rounds")
    return False


def _advance(one: _Open, answers: Sequence[Answer] | None, following: list[_Open]) -> None:
    found = next_requests(one.conversation, answers)
    if isinstance(found, Score):
        one.examined.score = _sound(found, one.examined.planned.check.check.metrics)
    else:
        following.append(_Open(one.examined, one.conversation, found))


def _sound(score: Score, metrics: Sequence[Metric]) -> Score:
    """The score, unless its statistics are none: one NaN would make every number of the run NaN."""
    kinds = {metric.name: metric.kind for metric in metrics}
    for name, result in score.results.items():
        if isinstance(result, Unscored):
            continue
        if name not in kinds:
            return Score(error=f"plugin: scores '{name}', which is no metric of this check", evidence=score.evidence)
        if not isinstance(result, tuple) or len(result) != LENGTHS.get(kinds[name], len(result)):
            fault = f"the statistics of {name} are not those of a {kinds[name]}: {result!r}"[:MOST_SHOWN]
        elif not all(map(isfinite, result)):
            fault = f"{name} is not a finite number"
        else:
            continue
        return Score(error=f"plugin: {fault}", evidence=score.evidence)
    return score


def _broken(error: Exception) -> Score:
    return Score(error=f"plugin: {type(error).__name__}: {error}"[:MOST_SHOWN])


def _unlike(does: str, thing: object, wanted: str) -> Score:
    return Score(error=f"plugin: examine {does} {type(thing).__name__}, not {wanted}")
