"""Requests under way together: handed to the pipeline, read after each of its steps, and let go when they are done."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from evalkit.models.hf.tokens import Tokens
from evalkit.models.hf.work import Work
from evalkit.models.openvino.engine import BATCHED_TOKENS, Engine, Sampling
from evalkit.models.openvino.library import said


@dataclass(frozen=True, slots=True)
class Ready:
    """A request as tokens, with the position of its request."""

    position: int
    prompt: tuple[int, ...]
    max_tokens: int
    stop: tuple[str, ...] = ()
    wants: frozenset[str] = frozenset()
    sampling: Sampling | None = None
    thinking: bool = False
    known: int = 0
    """Tokens of the prompt that the pipeline has read before."""
    goes_on_from: Tokens | None = None
    """An earlier prompt from which others go on, too: only one of them may be under way."""


@dataclass(slots=True)
class Written:
    """An answer in the making, and then made."""

    ready: Ready
    handle: Any = None
    began: float = 0.0
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    finish: str = ""
    """``stop`` or ``length``; ``no room`` or ``refused`` where nothing could be written."""
    refusal: str = ""
    seconds: float = 0.0
    engine_seconds: float = 0.0
    """Its part of the steps' time: of every step, one share for each request that was under way."""
    beside: int = 1
    """The most requests that were under way at once with it, itself included."""

    @property
    def begun(self) -> bool:
        """Whether its prompt has been read."""
        return bool(self.tokens or self.finish)


class Together:
    """Up to ``width`` requests under way at once; the next one joins as one ends.

    A step that fails ends it: those under way are ``broken``, those not yet taken up stay in the queue.
    """

    def __init__(self, engine: Engine, width: int, work: Work, draining: Callable[[], bool] = lambda: False) -> None:
        """``draining``: whether those that wait are to be left alone."""
        self.broken: list[Ready] = []
        self.crowded: list[Ready] = []
        """Let go for want of memory, with others under way: the pipeline lets go of all, whichever was too large."""
        self._engine, self._width, self._work, self._draining = engine, width, work, draining
        self._active: list[Written] = []
        self._held: dict[Tokens, deque[Ready]] = {}
        """Those that wait for one under way, by what they go on from."""
        self._unread = 0
        """Tokens of prompts that were taken up, but for the last of each, which its first step reads."""
        self._away = 0.0
        """Seconds that whoever asks took over answers."""

    def write(self, queue: deque[Ready]) -> Iterator[Written]:
        try:
            while queue or self._active:
                yield from self._handed_over(self._take_up(queue))
                if not self._active:
                    continue
                try:
                    done = self._step(queue)
                except Exception:  # noqa: BLE001 - C++ raises many kinds, MemoryError too: whose it was shows one by one
                    self.broken = [written.ready for written in self._active]
                    self._active = []
                    for held in self._held.values():
                        queue.extend(held)
                    return
                yield from self._handed_over(done)
        finally:
            self._abandon()

    def _handed_over(self, done: Sequence[Written]) -> Iterator[Written]:
        left = time.perf_counter()
        yield from done
        self._away += time.perf_counter() - left

    def _now(self) -> float:
        return time.perf_counter() - self._away

    def _take_up(self, queue: deque[Ready]) -> list[Written]:
        """As many as there is room for. Returns those that the library refuses."""
        refused = []
        if self._draining():
            queue.clear()
        while queue and len(self._active) < self._width:
            ready = queue.popleft()
            if ready.goes_on_from in self._held:
                self._held[ready.goes_on_from].append(ready)
                continue
            written = Written(ready, began=self._now())
            try:
                written.handle = self._engine.add(
                    ready.prompt,
                    max_tokens=ready.max_tokens,
                    logprobs="logprobs" in ready.wants,
                    sampling=ready.sampling,
                )
            except Exception as error:  # noqa: BLE001 - C++ raises many kinds: this request's, whatever it is
                written.finish, written.refusal = "refused", said(error)
                refused.append(written)
                continue
            self._active.append(written)
            if ready.goes_on_from is not None:
                self._held[ready.goes_on_from] = deque()
            self._unread += len(ready.prompt) - ready.known - 1
        return refused

    def _step(self, queue: deque[Ready]) -> list[Written]:
        """One step of the pipeline. Returns what is done by it."""
        began = self._now()
        self._engine.pipeline.step()
        seconds = self._now() - began
        count = len(self._active)
        wrote = 0
        for written in self._active:
            written.engine_seconds += seconds / count
            written.beside = max(written.beside, count)
            wrote += _collect(self._engine, written)
            written.seconds = began + seconds - written.began
        self._account(seconds, wrote)
        return self._leave(queue)

    def _leave(self, queue: deque[Ready]) -> list[Written]:
        """Those that are done; who waited for one of them is next."""
        done = [written for written in self._active if written.finish]
        crowded = len(self._active) > 1
        self._active = [written for written in self._active if not written.finish]
        for written in done:
            if written.ready.goes_on_from is not None:
                queue.extendleft(reversed(self._held.pop(written.ready.goes_on_from)))
        if crowded:
            self.crowded += [written.ready for written in done if written.finish == "no room"]
            done = [written for written in done if written.finish != "no room"]
        return done

    def _account(self, seconds: float, wrote: int) -> None:
        """Prompts are read beside answers that are written: a step's time is divided by the tokens of both."""
        work = self._work
        all_begun = all(written.begun for written in self._active)
        read = self._unread if all_begun else max(0, min(self._unread, BATCHED_TOKENS - wrote))
        self._unread -= read
        part = read / (read + wrote) if read else 0.0
        work.prefill_seconds += seconds * part
        work.decode_seconds += seconds * (1 - part)
        work.prefills += read > 0
        work.steps += wrote > 0
        work.row_steps += wrote
        work.most_rows = max(work.most_rows, wrote)

    def _abandon(self) -> None:
        """Cancel what nobody waits for any more. The pipeline lets go of it, and of what a stop string ended last, in
        its next step: else it complains on standard error, when it ends, of what it still holds."""
        for written in self._active:
            written.handle.cancel()
        with suppress(Exception):  # a pipeline that cannot even let go is found broken by whoever asks it next
            if self._engine.pipeline.has_non_finished_requests():
                self._engine.pipeline.step()


def _collect(engine: Engine, written: Written) -> bool:
    """Take what the last step wrote for a request, and see whether it is done. Whether there was anything."""
    wrote = False
    while written.handle.can_read():
        for part in written.handle.read().values():
            for token, logprob in zip(part.generated_ids, part.generated_log_probs, strict=True):
                wrote = True
                _append(engine, written, int(token), float(logprob))
    if not written.finish:
        status = written.handle.get_status().name
        if status == "IGNORED":
            written.finish = "no room"
        elif status != "RUNNING":
            ended = status == "FINISHED" and len(written.tokens) < written.ready.max_tokens
            written.finish = "stop" if ended else "length"
    return wrote


def _append(engine: Engine, written: Written, token: int, logprob: float) -> None:
    if written.finish:
        return
    if token in engine.end_tokens:
        written.finish = "stop"
        return
    written.tokens.append(token)
    written.logprobs.append(logprob)
    if written.ready.stop and _stopped(engine, written.tokens, written.ready.stop):
        written.finish = "stop"
        written.handle.stop()
    elif len(written.tokens) >= written.ready.max_tokens:
        written.finish = "length"


def _stopped(engine: Engine, tokens: Sequence[int], stop: Sequence[str]) -> bool:
    """Whether a stop string is in the newest text. A character may take several tokens, hence the generous tail."""
    tail = 4 * max(len(text) for text in stop) + 8
    text = engine.tokenizer.decode(tokens[-tail:])
    return any(mark in text for mark in stop)
