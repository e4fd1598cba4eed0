"""Requests to one OpenVINO model: all under way together, each answer handed over when it is done."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

from evalkit.models.hf.prompts import TemplateError, encode
from evalkit.models.hf.tokens import Tokens
from evalkit.models.hf.work import Work
from evalkit.models.openvino.beginnings import known_before
from evalkit.models.openvino.engine import Engine, Sampling
from evalkit.models.openvino.options import MOST_AT_ONCE
from evalkit.models.openvino.together import Ready, Together, Written
from evalkit.models.openvino.tokenizer import ChatTokenizer
from evalkit.models.reasoning import split_reasoning
from evalkit.records import Answer, Condition, FailureKind, Generate, Likelihood, Request, Timing

SETTABLE = frozenset({"batch_size", "order"})
ORDERS = (None, "again", "reversed")


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
        self, engine: Callable[[], Engine], renew: Callable[[], None], condition: Condition, width: int, work: Work
    ) -> None:
        self._engine = engine
        self._renew = renew
        self._width = condition.batch_size or width
        self._reversed = condition.order == "reversed"
        self._work = work
        self._known: frozenset[Tokens] = frozenset()
        """Beginnings that were read for the last requests, and may still be there for the next."""
        self._draining = False

    def drain(self) -> None:
        self._draining = True

    def ask(self, requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        """All together; closing the iterator early cancels what is under way.

        GenAI keeps a generator of random numbers for every request, so sampled ones have company too.
        """
        if not requests:
            return
        engine = self._engine()
        waiting: list[Ready] = []
        for position, request in enumerate(requests):
            began = time.perf_counter()
            prepared = prepare(engine, position, request)
            self._work.tokenise_seconds += time.perf_counter() - began
            if isinstance(prepared, Answer):
                yield position, prepared
            else:
                waiting.append(prepared)
        tokenizer = engine.tokenizer
        del engine  # a broken one must be free to go before another is loaded
        if self._reversed:
            waiting.reverse()
        with closing(self._written(self._after_beginnings(waiting))) as answers:
            for written in answers:
                self._work.output_tokens += len(written.tokens)
                yield written.ready.position, to_answer(tokenizer, written)

    def _after_beginnings(self, waiting: Sequence[Ready]) -> list[Ready]:
        """What many of them begin with is read first."""
        work = self._work
        lengths = known_before([ready.prompt for ready in waiting]) if self._width > 1 else {}
        shared = frozenset(prompt[:length] for prompt, length in lengths.items() if length)
        new = [Ready(position, tokens, max_tokens=1) for position, tokens in enumerate(sorted(shared - self._known))]
        for _ in self._written(new):
            pass
        self._known = shared
        asked, prompts = self._engine().asked, [ready.prompt for ready in waiting]
        asked.take_note(prompts)
        before = asked.went_on_from(prompts) if self._width > 1 else {}
        ready_now = [
            replace(ready, known=lengths.get(ready.prompt, 0), goes_on_from=before.get(ready.prompt))
            for ready in waiting
        ]
        work.prompts += len(ready_now)
        work.prompt_tokens += sum(len(ready.prompt) for ready in ready_now)
        work.shared_tokens += sum(ready.known for ready in ready_now) - sum(len(ready.prompt) for ready in new)
        work.computed_tokens += sum(len(ready.prompt) - ready.known for ready in [*new, *ready_now])
        return ready_now

    def _written(self, waiting: Iterable[Ready]) -> Generator[Written]:
        queue = deque(waiting)
        while queue:
            together = Together(self._engine(), self._width, self._work, lambda: self._draining)
            yield from together.write(queue)
            if together.crowded:
                self._work.lacked_memory(self._width, 1)
            broken, crowded = together.broken, together.crowded
            del together
            if broken:
                self._begin_anew()
            yield from self._one_by_one([*crowded, *broken])

    def _one_by_one(self, waiting: Sequence[Ready]) -> Iterator[Written]:
        """The one that breaks the engine, or is too large for it, fails; its neighbours do not."""
        for ready in waiting:
            alone = Together(self._engine(), 1, self._work)
            yield from alone.write(deque([ready]))
            broken = bool(alone.broken)
            del alone
            if broken:
                self._begin_anew()
                yield Written(ready, finish="broken")

    def _begin_anew(self) -> None:
        self._renew()
        self._known = frozenset()
        self._work.restarts += 1

    def close(self) -> None:
        """The model belongs to the backend."""


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


def to_answer(tokenizer: ChatTokenizer, written: Written) -> Answer:
    ready = written.ready
    timing = Timing(written.seconds, written.beside, engine_seconds=written.engine_seconds)
    if written.finish == "refused":
        return Answer.failed(FailureKind.INTERNAL, f"OpenVINO refused it: {written.refusal}")
    if written.finish == "broken":
        return Answer.failed(FailureKind.INTERNAL, "the engine failed on this request")
    if written.finish == "no room":
        message = "one request alone does not fit into memory"
        return Answer.failed(FailureKind.OUT_OF_MEMORY, message, retryable=True, timing=timing)
    text = tokenizer.decode(written.tokens)
    places = [text.find(mark) for mark in ready.stop if mark in text]
    text, reasoning = split_reasoning(text[: min(places)] if places else text, opened=ready.thinking)
    return Answer(
        text=text,
        finish="stop" if places else written.finish,
        prompt_tokens=len(ready.prompt),
        output_tokens=len(written.tokens),
        timing=timing,
        reasoning=reasoning,
        logprobs=tuple(written.logprobs) if "logprobs" in ready.wants else None,
        tokens=tuple(tokenizer.convert_ids_to_tokens(written.tokens)) if "tokens" in ready.wants else None,
    )
