"""Requests to one OpenVINO model: all under way together, each answer handed over when it is done."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from evalkit.models.hf.prompts import TemplateError, encode
from evalkit.models.openvino.engine import Engine, Sampling
from evalkit.models.openvino.library import said
from evalkit.models.openvino.options import MOST_AT_ONCE
from evalkit.models.reasoning import split_reasoning
from evalkit.records import Answer, Condition, FailureKind, Generate, Likelihood, Request, Timing

SETTABLE = frozenset({"batch_size", "order"})
ORDERS = (None, "again", "reversed")


@dataclass(frozen=True, slots=True)
class Ready:
    """A request as tokens, with the position of its request."""

    position: int
    prompt: tuple[int, ...]
    max_tokens: int
    stop: tuple[str, ...]
    wants: frozenset[str]
    sampling: Sampling | None
    thinking: bool


@dataclass(slots=True)
class Running:
    ready: Ready
    handle: Any
    began: float
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    finish: str = ""
    engine_seconds: float = 0.0
    beside: int = 1
    """The most requests that were under way at once with it, itself included."""


@dataclass(frozen=True, slots=True)
class Refusing:
    """The session of a condition that this backend cannot set: every request is told so."""

    what: str

    def ask(self, requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        for position in range(len(requests)):
            yield position, Answer.failed(FailureKind.UNSUPPORTED, f"OpenVINO models cannot set {self.what}")

    def close(self) -> None:
        """Nothing is held."""


def unsupported(condition: Condition) -> str:
    """The first field of a condition that cannot be set here, as ``name=value``."""
    for name in ("padding", "threads", "kv_cache", "attention", "dtype", "process", "concurrency"):
        value = getattr(condition, name)
        if value is not None:
            return f"{name}={value}"
    if (condition.batch_size or 1) > MOST_AT_ONCE:
        return f"batch_size={condition.batch_size}"
    return "" if condition.order in ORDERS else f"order={condition.order}"


class OpenVinoSession:
    """``engine`` gives the model in memory; ``renew`` throws it away, for after a failed step it cannot be trusted."""

    def __init__(
        self, engine: Callable[[], Engine], renew: Callable[[], None], condition: Condition, width: int
    ) -> None:
        self._engine = engine
        self._renew = renew
        self._width = condition.batch_size or width
        self._reversed = condition.order == "reversed"

    def ask(self, requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        """All together; closing the iterator early cancels what is under way.

        GenAI keeps a generator of random numbers for every request, so sampled ones have company too.
        """
        if not requests:
            return
        engine = self._engine()
        waiting: list[Ready] = []
        for position, request in enumerate(requests):
            prepared = prepare(engine, position, request)
            if isinstance(prepared, Answer):
                yield position, prepared
            else:
                waiting.append(prepared)
        del engine  # a broken one must be free to go before another is loaded
        if self._reversed:
            waiting.reverse()
        yield from self._run(waiting)

    def _run(self, waiting: Iterable[Ready]) -> Iterator[tuple[int, Answer]]:
        queue = deque(waiting)
        while queue:
            broken: list[Ready] = []
            yield from _together(self._engine(), queue, self._width, broken)
            if not broken:
                return
            self._renew()
            for ready in broken:  # each alone: the one that breaks the engine fails, its neighbours do not
                again: list[Ready] = []
                yield from _together(self._engine(), deque([ready]), 1, again)
                if again:
                    self._renew()
                    yield ready.position, Answer.failed(FailureKind.INTERNAL, "the engine failed on this request")

    def close(self) -> None:
        """The model belongs to the backend."""


def _together(engine: Engine, queue: deque[Ready], width: int, broken: list[Ready]) -> Iterator[tuple[int, Answer]]:
    """Up to ``width`` requests under way at once; the next one joins as one ends.

    A step that fails ends it: those under way are ``broken``, those not yet taken up stay in the queue.
    """
    active: list[Running] = []
    try:
        while queue or active:
            while queue and len(active) < width:
                ready = queue.popleft()
                try:
                    active.append(_start(engine, ready))
                except Exception as error:  # noqa: BLE001 - C++ raises many kinds: this request's, whatever it is
                    yield ready.position, Answer.failed(FailureKind.INTERNAL, f"OpenVINO refused it: {said(error)}")
            if not active:
                return
            began = time.perf_counter()
            try:
                engine.pipeline.step()
            except Exception:  # noqa: BLE001 - C++ raises many kinds, MemoryError too: whose it was shows one by one
                broken.extend(running.ready for running in active)
                active.clear()
                return
            now = time.perf_counter()
            for running in active:
                running.engine_seconds += (now - began) / len(active)
                running.beside = max(running.beside, len(active))
                _collect(engine, running)
            done = [running for running in active if running.finish]
            active = [running for running in active if not running.finish]
            for running in done:
                yield running.ready.position, to_answer(engine, running, now - running.began)
    finally:
        _abandon(engine, active)


def _start(engine: Engine, ready: Ready) -> Running:
    began = time.perf_counter()
    handle = engine.add(
        ready.prompt, max_tokens=ready.max_tokens, logprobs="logprobs" in ready.wants, sampling=ready.sampling
    )
    return Running(ready, handle, began)


def _collect(engine: Engine, running: Running) -> None:
    """Take what the last step wrote for a request, and see whether it is done."""
    while running.handle.can_read():
        for written in running.handle.read().values():
            for token, logprob in zip(written.generated_ids, written.generated_log_probs, strict=True):
                _append(engine, running, int(token), float(logprob))
    if running.finish:
        return
    status = running.handle.get_status().name
    if status == "IGNORED":
        running.finish = "no room"
    elif status != "RUNNING":
        running.finish = "stop" if status == "FINISHED" and len(running.tokens) < running.ready.max_tokens else "length"


def _append(engine: Engine, running: Running, token: int, logprob: float) -> None:
    if running.finish:
        return
    if token in engine.end_tokens:
        running.finish = "stop"
        return
    running.tokens.append(token)
    running.logprobs.append(logprob)
    ready = running.ready
    if ready.stop and _stopped(engine, running.tokens, ready.stop):
        running.finish = "stop"
        running.handle.stop()
    elif len(running.tokens) >= ready.max_tokens:
        running.finish = "length"


def _stopped(engine: Engine, tokens: Sequence[int], stop: Sequence[str]) -> bool:
    """Whether a stop string is in the newest text. A character may take several tokens, hence the generous tail."""
    tail = 4 * max(len(text) for text in stop) + 8
    text = engine.tokenizer.decode(tokens[-tail:])
    return any(mark in text for mark in stop)


def _abandon(engine: Engine, active: Sequence[Running]) -> None:
    """Cancel what nobody waits for any more; the pipeline lets go of it in its next step."""
    for running in active:
        running.handle.cancel()
    with suppress(RuntimeError):  # a pipeline that cannot even let go is found broken by whoever asks it next
        if active and engine.pipeline.has_non_finished_requests():
            engine.pipeline.step()


def prepare(engine: Engine, position: int, request: Request) -> Ready | Answer:
    """Tokens to run, or the failure of a request that cannot be run."""
    ask = request.ask
    if isinstance(ask, Likelihood):
        return Answer.failed(FailureKind.UNSUPPORTED, "the OpenVINO engine cannot tell likelihoods")
    try:
        prompt = encode(engine.tokenizer, ask.messages)
    except TemplateError as error:
        return Answer.failed(FailureKind.CONFIGURATION, str(error))
    length = len(prompt.tokens)
    if not length:
        return Answer.failed(FailureKind.CONFIGURATION, "the prompt is empty")
    room = ask.decoding.max_tokens
    if engine.context_length is not None:
        room = min(room, engine.context_length - length)
    if room < 1:
        return Answer.failed(
            FailureKind.TOO_LONG, f"{length} tokens do not fit the model's context of {engine.context_length}"
        )
    stop = tuple(mark for mark in ask.decoding.stop if mark)
    sampling = _sampling(ask, request.attempt, prompt.tokens)
    return Ready(position, prompt.tokens, room, stop, request.wants, sampling, prompt.thinking)


def _sampling(ask: Generate, attempt: int, prompt: Sequence[int]) -> Sampling | None:
    """A seed for every request, attempt and prompt: rows that all drew the same numbers would not be independent."""
    decoding = ask.decoding
    if decoding.greedy:
        return None
    identity = f"{decoding.seed}/{attempt}/{','.join(map(str, prompt))}"
    seed = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:4], "big")
    return Sampling(decoding.temperature, decoding.top_p, seed)


def to_answer(engine: Engine, running: Running, seconds: float) -> Answer:
    ready = running.ready
    timing = Timing(seconds, running.beside, engine_seconds=running.engine_seconds)
    if running.finish == "no room":
        return Answer.failed(FailureKind.OUT_OF_MEMORY, "one request alone does not fit into memory", timing=timing)
    text = engine.tokenizer.decode(running.tokens)
    places = [text.find(mark) for mark in ready.stop if mark in text]
    text, reasoning = split_reasoning(text[: min(places)] if places else text, opened=ready.thinking)
    return Answer(
        text=text,
        finish="stop" if places else running.finish,
        prompt_tokens=len(ready.prompt),
        output_tokens=len(running.tokens),
        timing=timing,
        reasoning=reasoning,
        logprobs=tuple(running.logprobs) if "logprobs" in ready.wants else None,
        tokens=tuple(engine.tokenizer.convert_ids_to_tokens(running.tokens)) if "tokens" in ready.wants else None,
    )
