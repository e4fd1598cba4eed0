"""A block of conversations, driven in rounds so that all their requests of a round are asked together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from evalkit.protocols import Conversation
from evalkit.records import Answer, Request, Score
from evalkit.runner.plan import Planned

Ask = Callable[[Sequence[Request]], Sequence[tuple[str, Answer]]]
"""Requests to their keys and answers, in the same order."""


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
    """Scores for every case of the block, in its order."""
    results = [Examined(planned) for planned in block]
    current: list[_Open] = []
    for examined in results:
        conversation = examined.planned.check.check.examine(examined.planned.case)
        _advance(_Open(examined, conversation, ()), None, current)
    rounds = 0
    while current:
        rounds += 1
        answers = iter(ask([request for one in current for request in one.requests]))
        following: list[_Open] = []
        for one in current:
            received = [next(answers) for _ in one.requests]
            one.examined.keys.extend(key for key, _ in received)
            if rounds > one.examined.planned.check.check.max_rounds:
                one.conversation.close()
                one.examined.score = Score(error=f"plugin: asked more than its {rounds - 1} rounds")
                continue
            _advance(one, [answer for _, answer in received], following)
        current = following
    return results


def _advance(one: _Open, answers: Sequence[Answer] | None, following: list[_Open]) -> None:
    """Send answers into a conversation; it asks again or ends with its score."""
    try:
        requests = next(one.conversation) if answers is None else one.conversation.send(answers)
    except StopIteration as end:
        one.examined.score = end.value
    except Exception as error:  # noqa: BLE001 - a check is a plugin: one case that breaks it must not lose the run
        one.examined.score = Score(error=f"plugin: {type(error).__name__}: {error}")
    else:
        following.append(_Open(one.examined, one.conversation, requests))
