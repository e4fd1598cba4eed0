"""Forensic determinism of a backend that is at hand: no suite, no store, and every answer kept beside its score."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from evalkit.checks.forensic import Forensic, ForensicOptions
from evalkit.protocols import Backend, Session
from evalkit.records import Answer, Case, Condition, Decoding, Message, Request, Sample, Score
from evalkit.runner.conditions import session_under
from evalkit.runner.examine import examine
from evalkit.runner.plan import Planned
from evalkit.suite.load import SuiteCheck

Prompt = str | Sequence[Message]


@dataclass(frozen=True, slots=True)
class Investigated:
    """What was found of one prompt."""

    prompt: Prompt
    score: Score
    asked: tuple[tuple[Request, Answer], ...]
    """In the order in which it was asked; the reference is the first that did not fail."""


def investigate(
    backend: Backend,
    prompts: Iterable[Prompt],
    options: ForensicOptions | None = None,
    decoding: Decoding | None = None,
) -> list[Investigated]:
    """The forensic check on all prompts at once, in their order; a prompt is a user's message, or a conversation.

    The backend stays open. A condition that it does not list in ``info.conditions``, or refuses with a failure of the
    kind UNSUPPORTED, is unscored. ``ModelError`` is raised where the model as a whole does not answer.
    """
    check = Forensic("forensic", decoding or Decoding(), options or ForensicOptions())
    given = list(prompts)
    cases = [_case(number, prompt) for number, prompt in enumerate(given)]
    block = [Planned(SuiteCheck(check, "", check.decoding, "", (), "", ""), case, n) for n, case in enumerate(cases)]
    answers: dict[str, tuple[Request, Answer]] = {}
    with ExitStack() as closing:
        sessions: dict[Condition, Session] = {}

        def ask(requests: Sequence[Request]) -> list[tuple[str, Answer]]:
            found = _ask(backend, sessions, requests, closing)
            keys = [str(len(answers) + number) for number in range(len(requests))]
            answers.update(zip(keys, zip(requests, found, strict=True), strict=True))
            return list(zip(keys, found, strict=True))

        examined = examine(block, ask)
    return [
        Investigated(prompt, one.score, tuple(answers[key] for key in one.keys))
        for prompt, one in zip(given, examined, strict=True)
    ]


def _case(number: int, prompt: Prompt) -> Case:
    messages = (Message("user", prompt),) if isinstance(prompt, str) else tuple(prompt)
    return Case(str(number), (Sample(str(number), messages),))


def _ask(
    backend: Backend, sessions: dict[Condition, Session], requests: Sequence[Request], closing: ExitStack
) -> list[Answer]:
    """Equal conditions are asked in one round of one session, as in a run."""
    groups: dict[Condition, list[int]] = {}
    for number, request in enumerate(requests):
        groups.setdefault(request.condition, []).append(number)
    found: dict[int, Answer] = {}
    for condition, numbers in groups.items():
        if condition not in sessions:
            sessions[condition] = session_under(backend, condition)
            closing.callback(sessions[condition].close)
        found |= {numbers[at]: answer for at, answer in sessions[condition].ask([requests[n] for n in numbers])}
    return [found[number] for number in range(len(requests))]
