"""Requests become answers: equal ones once, known ones from the store, the rest from the model."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from evalkit.errors import BackendBroken, Interrupted, ModelError
from evalkit.failures import fit_to_keep
from evalkit.metrics.redaction import NOTHING, Redaction
from evalkit.protocols import Backend, Drainable, Loadable, Paced, Session, Waiting
from evalkit.records import DEFAULT_CONDITION, Answer, Condition, FailureKind, Generate, Request
from evalkit.runner.again import asked_again
from evalkit.runner.conditions import session_under
from evalkit.runner.ending import Ending
from evalkit.runner.profile import asked, stage, watch
from evalkit.runner.sound import KEPT as BACKEND_KEPT
from evalkit.runner.sound import sound
from evalkit.store import Identity, Store, request_key

FLUSH_SECONDS = 2.0
"""What was answered is written at least this often, so that a kill loses no more."""
GOES_ON = "the same command goes on from here"
NO_ANSWER = "the backend gave no answer to this request"


@dataclass(slots=True)
class Tally:
    """What asking has cost so far."""

    needed: int = 0
    asked: int = 0
    reused: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    redacted: Counter[str] = field(default_factory=Counter)
    """Of the run's answers, found ones as well: how many of which kind were taken out."""
    redacted_answers: int = 0
    round_asked: int = 0
    """Of the present round's ``round_missing`` requests, how many are answered."""
    round_missing: int = 0

    @property
    def round_share(self) -> float:
        return self.round_asked / self.round_missing if self.round_missing else 0.0


class LimitReached(Interrupted):
    """The suite's own limit on minutes or requests stopped the run; it can be resumed."""


@dataclass(slots=True)
class Limits:
    minutes: float | None = None
    requests: int | None = None
    started: float = field(default_factory=time.monotonic)

    def left(self, asked: int) -> int | None:
        """How many more requests may be asked; none is any number. Raises where it is none at all."""
        self.check_time()
        if self.requests is not None and asked >= self.requests:
            raise LimitReached(f"the suite's limit of {self.requests:,} requests is reached", hint=GOES_ON)
        return None if self.requests is None else self.requests - asked

    def check_time(self) -> None:
        if self.minutes is not None and time.monotonic() - self.started >= 60 * self.minutes:
            raise LimitReached(f"the suite's limit of {self.minutes:g} minutes is reached", hint=GOES_ON)


class Hearing(Protocol):
    """Somebody who hears what is answered."""

    def answered(self, request: Request, answer: Answer) -> None:
        """The answer that counts: once for each of the different requests that are asked together."""

    def answered_again(self, request: Request, answer: Answer) -> None:
        """Another one to a request that has an answer."""


class Asker:
    """Asks for one run. Sessions are opened when first needed: a run that finds all its answers loads no model."""

    def __init__(
        self,
        store: Store,
        run_id: str,
        backends: Mapping[str, Backend],
        identities: Mapping[str, Identity],
        *,
        limits: Limits | None = None,
        redaction: Redaction = NOTHING,
        on_answer: Callable[[Tally], None] = lambda _: None,
        on_loading: Callable[[Tally, str], None] = lambda *_: None,
        on_waiting: Callable[[Tally], None] = lambda _: None,
        ending: Ending | None = None,
        hearing: Hearing | None = None,
    ) -> None:
        self.tally = Tally()
        self._store = store
        self._run_id = run_id
        self._backends = backends
        self._identities = identities
        self._limits = limits or Limits()
        self._redaction = redaction
        self._redacted_keys: set[str] = set()
        self._on_answer = on_answer
        self._ending = ending or Ending()
        self._on_loading = on_loading
        """Told a model's name before its weights are loaded, and no name after."""
        self._on_waiting = on_waiting
        self._hearing = hearing
        self._sessions: dict[tuple[str, Condition], Session] = {}
        self._beat_at = self._saved_at = time.monotonic()

    def __call__(self, requests: Sequence[Request]) -> list[tuple[str, Answer]]:
        found = {place: (key, answer) for place, key, answer in self.arriving(requests)}
        return [found[place] for place in range(len(requests))]

    def arriving(self, requests: Sequence[Request]) -> Iterator[tuple[int, str, Answer]]:
        """Each request's place, its key and its answer, as soon as there is one: first what the store knows."""
        with stage("make keys"):
            keys = self._keys(requests)
        unique: dict[str, Request] = {}
        places: dict[str, list[int]] = {}
        for place, (key, request) in enumerate(zip(keys, requests, strict=True)):
            known = unique.get(key)
            unique[key] = _with_wants(known, request) if known else request
            places.setdefault(key, []).append(place)
        self.tally.needed += len(requests)
        with stage("store"):
            known_answers = self._store.get_answers(list(unique), _wants(unique), run_id=self._run_id)
        self.tally.reused += len(known_answers)
        missing = [key for key in unique if key not in known_answers]
        self.tally.round_asked, self.tally.round_missing = 0, len(missing)
        for key, answer in known_answers.items():
            self._count_redacted(key, answer)
            of_run = _of_this_run(answer, unique[key])
            if self._hearing:
                self._hearing.answered(unique[key], of_run)
            for place in places[key]:
                yield place, key, of_run
        for (role, condition), group in _grouped(missing, unique).items():
            for key, answer in self._ask(role, condition, {key: unique[key] for key in group}):
                if self._hearing:
                    self._hearing.answered(unique[key], answer)
                for place in places[key]:
                    yield place, key, answer
        self.tally.round_missing = 0

    def _keys(self, requests: Sequence[Request]) -> list[str]:
        """Checks that ask the same of a row share the request itself: its key is made once."""
        keys: dict[int, str] = {}
        for request in requests:
            if id(request) not in keys:
                keys[id(request)] = request_key(request, self._identity(request.role))
        return [keys[id(request)] for request in requests]

    def _identity(self, role: str) -> Identity:
        if role not in self._identities:
            raise ModelError(
                f"a check asks a {role}, and the suite names none", hint=f"add to the suite: {role}: MODEL"
            )
        return self._identities[role]

    def _ask(self, role: str, condition: Condition, wanted: Mapping[str, Request]) -> Iterator[tuple[str, Answer]]:
        """Each key with the answer that counts, as soon as that is sure: a failure may still give way to an answer."""
        self._ending.stop_if_asked()
        left = self._limits.left(self.tally.asked)
        keys, requests = list(wanted)[:left], list(wanted.values())[:left]
        session = self._session(role, condition)
        replicate = self._identity(role).replicate
        answers: dict[str, Answer] = {}
        unsaved: list[tuple[str, Request, Answer]] = []
        if isinstance(session, Waiting):
            session.meanwhile = partial(self._meanwhile, session, unsaved)
        try:
            answering = self._answering(role, session, [drawn_anew(request, replicate) for request in requests])
            for position, whole in asked(role, self._backends[role], answering):
                answer = self._redaction.answer(whole)  # nothing beyond this line has seen what was taken out
                answer = answer if answer.failure is None else replace(answer, failure=fit_to_keep(answer.failure))
                if not 0 <= position < len(keys):
                    what = f"the backend of the {role} answered request {position} of {len(keys)}"
                    raise BackendBroken(what, hint=BACKEND_KEPT)
                key = keys[position]
                unsaved.append((key, requests[position], answer))
                if self._hearing and key in answers and not answers[key].failure:
                    self._hearing.answered_again(requests[position], answer)
                final = self._take(key, answer, answers)
                self._save_if_due(unsaved)
                self._limits.check_time()
                if final:
                    yield key, answer
                if self._ending.asked:
                    self._drain(session)
            if len(answers) < len(keys):
                self._ending.stop_if_asked()
            for key, request in zip(keys, requests, strict=True):
                if key not in answers:
                    silent = Answer.failed(FailureKind.INTERNAL, NO_ANSWER)
                    unsaved.append((key, request, silent))
                    self._take(key, silent, answers)
        finally:  # also what was answered before an interruption is kept
            self._save(unsaved)
        yield from ((key, answer) for key, answer in answers.items() if answer.failure)
        if len(keys) < len(wanted):
            self._limits.left(self.tally.asked)

    def _meanwhile(self, session: Session, unsaved: list[tuple[str, Request, Answer]]) -> None:
        """No answer comes: also a server that is silent, or refuses everything, does not keep a run from ending."""
        self._save_if_due(unsaved)
        self._on_waiting(self.tally)
        if self._ending.asked:
            self._drain(session)

    def _answering(self, role: str, session: Session, requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        backend = self._backends[role]

        def ask(some: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
            return sound(role, backend, session.ask(some))

        if isinstance(backend, Paced):
            return ask(requests)  # it tries again by itself
        return asked_again(ask, requests, lambda: not self._ending.asked)

    def _drain(self, session: Session) -> None:
        """Begin nothing more; a session that cannot do so has nothing under way that would be lost."""
        if not isinstance(session, Drainable):
            self._ending.stop_if_asked()
        else:
            session.drain()

    def _take(self, key: str, answer: Answer, answers: dict[str, Answer]) -> bool:
        """Whether it is the answer that counts: the first one, as in the store, which notes a second; only a failure
        gives way."""
        known = answers.get(key)
        if known is None:
            self._count(answer)
        counts = known is None or (known.failure is not None and not answer.failure)
        if counts:
            answers[key] = answer
            self._count_redacted(key, answer)
        self._on_answer(self.tally)
        return counts and not answer.failure

    def _save_if_due(self, unsaved: list[tuple[str, Request, Answer]]) -> None:
        if time.monotonic() - self._saved_at >= FLUSH_SECONDS:
            self._save(unsaved)

    def _save(self, unsaved: list[tuple[str, Request, Answer]]) -> None:
        if unsaved:
            with stage("store"):
                self._store.put_answers(self._run_id, unsaved)
            unsaved.clear()
        self._saved_at = time.monotonic()
        if time.monotonic() - self._beat_at >= FLUSH_SECONDS:  # raises where another process took the run over
            self._store.heartbeat(self._run_id)
            self._beat_at = self._saved_at = time.monotonic()

    def _count(self, answer: Answer) -> None:
        self.tally.asked += 1
        self.tally.round_asked += 1
        self.tally.failed += answer.failure is not None
        self.tally.prompt_tokens += answer.prompt_tokens or 0
        self.tally.output_tokens += answer.output_tokens or 0

    def _count_redacted(self, key: str, answer: Answer) -> None:
        """Each answer once, however many checks ask for it."""
        if answer.redacted and key not in self._redacted_keys:
            self._redacted_keys.add(key)
            self.tally.redacted_answers += 1
            self.tally.redacted.update(answer.redacted)

    def _session(self, role: str, condition: Condition) -> Session:
        key = (role, condition)
        if key not in self._sessions:
            backend = self._backends[role]
            if condition == DEFAULT_CONDITION:
                watch(role, backend)
                self._load(backend)
            self._sessions[key] = session_under(backend, condition)
        return self._sessions[key]

    def _load(self, backend: Backend) -> None:
        """Before the first question, so that whoever waits is told for what. Another condition loads as it needs."""
        if isinstance(backend, Loadable) and not backend.loaded:
            self._on_loading(self.tally, backend.info.reference)
            with stage("load the model"), self._ending.at_once():
                backend.load()
            self._on_loading(self.tally, "")

    def close(self) -> None:
        with ExitStack() as closing:  # all of them, though one fails
            for session in self._sessions.values():
                closing.callback(session.close)
            self._sessions.clear()


def drawn_anew(request: Request, replicate: int) -> Request:
    """What the model is really asked in a replicate: a sampled request draws by another seed.

    Without it a model that keeps its promises would write the same texts again, and the replicate would be a copy. The
    request's key knows the replicate and is made of the request as the check wrote it.
    """
    ask = request.ask
    if not replicate or not isinstance(ask, Generate) or ask.decoding.greedy:
        return request
    digest = hashlib.sha256(f"{ask.decoding.seed}/replicate {replicate}".encode()).digest()
    seed = int.from_bytes(digest[:4], "big") >> 1  # endpoints take no more than 31 bits
    return replace(request, ask=replace(ask, decoding=replace(ask.decoding, seed=seed)))


def _with_wants(known: Request, other: Request) -> Request:
    if other.wants <= known.wants:
        return known
    return replace(known, wants=known.wants | other.wants)


def _wants(unique: Mapping[str, Request]) -> dict[str, frozenset[str]]:
    return {key: request.wants for key, request in unique.items() if request.wants}


def _grouped(keys: Sequence[str], unique: Mapping[str, Request]) -> dict[tuple[str, Condition], list[str]]:
    groups: dict[tuple[str, Condition], list[str]] = {}
    for key in keys:
        request = unique[key]
        groups.setdefault((request.role, request.condition), []).append(key)
    return groups


def _of_this_run(answer: Answer, request: Request) -> Answer:
    """A fresh request's key names the run: what answers it was made in this run, or in the one that it continues."""
    return replace(answer, reused=False) if request.fresh and answer.reused else answer
