"""Asking a model beside the run: by its backend alone, so that no stored answer and no verdict can change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from evalkit.modes.deep_dive.budget import Budget
from evalkit.protocols import Backend, Session
from evalkit.records import DEFAULT_CONDITION, Answer, Condition, Decoding, Generate, Request, Score
from evalkit.runner.conditions import session_under
from evalkit.runner.examine import begin, next_requests
from evalkit.runner.plan import Plan, Planned

MOST_FAILED = 0.2
LOOKED_AT = 200
"""Cases of a check among which its requests are looked for."""


@dataclass(frozen=True, slots=True)
class Timed:
    """What one asking took."""

    requests: int
    seconds: float
    output_tokens: int | None
    """None: the model does not count them."""
    failed: str = ""
    """Why the first failed request did, where so many failed that the time says nothing."""


def requests_of(plan: Plan, most: int, max_tokens: int) -> list[Request]:
    """The first different ones of every check in turn, so that they are mixed as the suite's are; shortened to
    ``max_tokens``. They are asked under another condition than the check's: of determinism its plain request."""
    each = [_of_check(plan, place, max_tokens) for place in range(len(plan.checks))]
    found: dict[object, Request] = {}
    while each and len(found) < most:
        going = []
        for requests in each:
            request = next(requests, None)
            if request is not None:
                going.append(requests)
                found.setdefault((request.ask.messages if isinstance(request.ask, Generate) else request), request)
        each = going
    return list(found.values())[:most]


def _of_check(plan: Plan, place: int, max_tokens: int) -> Iterator[Request]:
    check = plan.checks[place]
    cases = plan.cases[check.name]
    for position in range(min(len(cases), LOOKED_AT)):
        conversation = begin(Planned(check, cases[position], position))
        if isinstance(conversation, Score):
            continue
        asked = next_requests(conversation, None)
        with suppress(Exception):  # however a plugin takes the end of its conversation, it is over
            conversation.close()
        for request in asked if isinstance(asked, tuple) else ():
            if isinstance(request.ask, Generate) and request.role == "subject":
                yield Request(replace(request.ask, decoding=_shortened(request.ask.decoding, max_tokens)))
                break


def _shortened(decoding: Decoding, max_tokens: int) -> Decoding:
    return replace(decoding, max_tokens=min(decoding.max_tokens, max_tokens))


@contextmanager
def opened(backend: Backend, condition: Condition = DEFAULT_CONDITION) -> Iterator[Session]:
    session = session_under(backend, condition)
    try:
        yield session
    finally:
        session.close()


def timed(session: Session, requests: Sequence[Request], budget: Budget) -> Timed | None:
    """None where the time was over before the last answer came."""
    budget.spend(len(requests))
    started = budget.clock()
    answers: list[Answer] = []
    arriving = session.ask(requests)
    for _, answer in arriving:
        answers.append(answer)
        if budget.is_over and len(answers) < len(requests):
            close = getattr(arriving, "close", None)
            if close is not None:
                close()
            return None
    seconds = budget.clock() - started
    failures = [answer.failure for answer in answers if answer.failure]
    counts = [answer.output_tokens for answer in answers if not answer.failure]
    tokens = None if None in counts else sum(count or 0 for count in counts)
    too_many = len(failures) > MOST_FAILED * len(requests)
    why = f"{failures[0].kind.value}: {failures[0].message}" if too_many else ""
    return Timed(len(requests), seconds, tokens, why)
