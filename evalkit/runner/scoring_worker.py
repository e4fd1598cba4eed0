"""A process that scores: conversations whose answers are known come in, their scores go out.

It is started by ``scoring_pool`` and speaks with it over its standard input and output: a length and a pickle each way.
What crosses are records that this process's parent made; nothing is read from a file, and nobody else can write to it.
It ends when its input does, which is also what the death of its parent looks like.
"""

from __future__ import annotations

import os
import pickle
import struct
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import IO, Any, TypeVar

from evalkit.checks.base import BaseCheck
from evalkit.checks.repeats import Repeated
from evalkit.protocols import Check
from evalkit.records import Answer, Case, Decoding, Score
from evalkit.runner.examine import scores_of

_LENGTH = struct.Struct("<Q")
_PROTOCOL = pickle.HIGHEST_PROTOCOL
T = TypeVar("T")
Question = tuple[int, Case, Sequence[tuple[Answer, ...]]]
"""The number of a check, a case of it, and all answers to it."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a check is made again: as the suite made it."""

    kind: type[BaseCheck]
    name: str
    decoding: Decoding
    options: Any
    attempts: int = 1

    def made(self) -> Check:
        check: Any = self.kind(self.name, self.decoding, self.options)
        return check if self.attempts == 1 else Repeated(check, self.attempts)


def recipe(check: object) -> bytes | None:
    """None for a check that only this process has: of a class of its own make, or with a model behind it."""
    inner, attempts = (check.inner, check.attempts) if isinstance(check, Repeated) else (check, 1)
    if not isinstance(inner, BaseCheck) or not inner.judges_anywhere:
        return None
    try:
        return pickle.dumps(Recipe(type(inner), inner.name, inner.decoding, inner.options, attempts), _PROTOCOL)
    except Exception:  # noqa: BLE001 - a plugin's options may be anything, and what cannot travel stays here
        return None


def pack_questions(questions: Sequence[Question]) -> bytes:
    """Samples and answers that several checks share travel once."""
    bare = [(check, _bare_case(case), rounds) for check, case, rounds in questions]
    return pickle.dumps(bare, _PROTOCOL)


def unpack_questions(said: bytes) -> list[Question]:
    return [(check, _with(Case, case), rounds) for check, case, rounds in pickle.loads(said)]  # noqa: S301 - see above


def pack_scores(scores: Sequence[Score | None], seconds: float) -> bytes:
    return pickle.dumps(([_bare_score(score) for score in scores], seconds), _PROTOCOL)


def unpack_scores(said: bytes) -> tuple[list[Score | None], float]:
    """None: not to be judged there. And how long judging took."""
    scores, seconds = pickle.loads(said)  # noqa: S301 - of a process that we started, over a pipe
    return [score if score is None else _with(Score, score) for score in scores], seconds


def _bare_case(case: Case) -> Any:
    """A tuple, which is several times faster to pickle than a dataclass."""
    return (case.id, case.samples, case.cluster) if type(case) is Case else case


def _bare_score(score: Score | None) -> Any:
    if type(score) is not Score:
        return score
    return (score.results, score.evidence, score.error, score.errored_attempts)


def _with(kind: type[T], said: Any) -> T:
    made: T = kind(*said) if type(said) is tuple else said
    return made


def write(stream: IO[bytes], said: bytes) -> None:
    stream.write(_LENGTH.pack(len(said)))
    stream.write(said)
    stream.flush()


def read(stream: IO[bytes]) -> bytes:
    return _exactly(stream, _LENGTH.unpack(_exactly(stream, _LENGTH.size))[0])


def _exactly(stream: IO[bytes], size: int) -> bytes:
    said = stream.read(size)
    if len(said) < size:
        raise EOFError("the other process ended")
    return said


def answer(said: bytes, checks: Sequence[Check | None]) -> bytes:
    """Scores in the order of the questions. What goes wrong here is left to the parent: None."""
    started = time.thread_time()
    try:
        questions = unpack_questions(said)
    except Exception:  # noqa: BLE001 - labels may be of a class that this process does not have
        return pack_scores((), 0.0)
    scores = _scores(checks, questions)
    seconds = time.thread_time() - started
    try:
        return pack_scores(scores, seconds)
    except Exception:  # noqa: BLE001 - nor can all evidence travel
        return pack_scores((), seconds)


def _scores(checks: Sequence[Check | None], questions: Sequence[Question]) -> list[Score | None]:
    """None also where a check breaks: then it breaks where it always did, and says so there."""
    scores: list[Score | None] = [None] * len(questions)
    by_check: dict[int, list[int]] = {}
    for place, (number, _, _) in enumerate(questions):
        by_check.setdefault(number, []).append(place)
    for number, places in by_check.items():
        check = checks[number]
        if check is not None:
            for place, score in zip(places, scores_of(check, [questions[p][1:] for p in places]), strict=True):
                scores[place] = None if score.trace or score.error.startswith("plugin: ") else score
    return scores


def _made(said: bytes) -> Check | None:
    try:
        made: Recipe = pickle.loads(said)  # noqa: S301 - our parent wrote it
        return made.made()
    except Exception:  # noqa: BLE001 - a plugin that this process cannot import
        return None


def _listen(stream: IO[bytes], inbox: SimpleQueue[bytes]) -> None:
    """So that the parent never waits for a batch to end before it can hand over the next."""
    try:
        while True:
            inbox.put(read(stream))
    except (EOFError, OSError):
        os._exit(0)  # nobody waits for the score under way


def main() -> None:
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a plugin prints is no score
    inbox: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, inbox), daemon=True).start()
    checks = [_made(said) for said in pickle.loads(inbox.get())]  # noqa: S301 - our parent wrote it
    while True:
        write(channel, answer(inbox.get(), checks))
