"""A local model under one condition: sorts, batches, asks, and gives each answer back with its position."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from evalkit.errors import ModelError
from evalkit.failures import is_out_of_memory
from evalkit.models.hf.answers import Ready, failure_of, prepare, to_answer
from evalkit.models.hf.conditions.company import ALONE, DEFAULT_COMPANY, TOGETHER, company
from evalkit.models.hf.conditions.layouts import Unsettable, known_padding, layout
from evalkit.models.hf.conditions.restart import FRESH
from evalkit.models.hf.likelihoods.common_answers import answer_of, answer_together
from evalkit.models.hf.likelihoods.likelihood import Rows, score
from evalkit.models.hf.likelihoods.rows import LooksAhead, rows_of
from evalkit.models.hf.likelihoods.shared_context import SharedContexts
from evalkit.models.hf.loading.engine import Engine, quiet
from evalkit.models.hf.memory import free_bytes, free_memory, memory_mb
from evalkit.models.hf.stream.kept import KeptBeginnings
from evalkit.models.hf.stream.places import SHARE, Places
from evalkit.models.hf.stream.slots import can_stream
from evalkit.models.hf.stream.stream import Stream
from evalkit.models.hf.stream.trials import exchangeable
from evalkit.models.hf.tokens import Tokens
from evalkit.models.hf.work import Work
from evalkit.models.hf.writing.decode import Job, Written, write
from evalkit.models.hf.writing.own_way import write_own_way, writes_plainly
from evalkit.models.hf.writing.padding import harmless
from evalkit.records import DEFAULT_CONDITION, Answer, Condition, FailureKind, Request, Timing

DEFAULT_BATCH = 16
KEPT_BYTES = 2 * 2**30
"""At most, of beginnings that prompts share, or a tenth of the memory that is free."""
RECENT = 2
"""Prompts of a round that are remembered: what the next round shares with them may come a third time."""
SETTABLE = frozenset({"attention", "batch_size", "dtype", "kv_cache", "order", "padding", "process", "threads"})


def unsupported(condition: Condition) -> str:
    """The first field of a condition that cannot be set here, as ``name=value``."""
    known = {
        "order": condition.order in ALONE | TOGETHER,
        "padding": known_padding(condition.padding or ""),
        "process": condition.process == FRESH,
        "concurrency": False,
    }
    for name, settable in known.items():
        value = getattr(condition, name)
        if value is not None and not settable:
            return f"{name}={value}"
    return ""


class HfSession:
    def __init__(
        self,
        engine: Callable[[], Engine],
        condition: Condition,
        batch_size: int | None,
        close: Callable[[], None],
        work: Work | None = None,
        *,
        threads: int | None = None,
    ) -> None:
        self._engine = engine
        self._work = work if work is not None else Work()
        self._free = condition == DEFAULT_CONDITION
        """Whether the loop is left to choose: a condition that sets something gets the loop that does just that."""
        self._can_stream: bool | None = None
        self._places = Places(batch_size, None)
        self._kept: KeptBeginnings | None = None
        self._recent: list[Tokens] = []
        self._order = condition.order
        self._together = condition.order in TOGETHER
        self._rows = max(2, condition.batch_size or DEFAULT_COMPANY)
        self._batch_size = 1 if self._together else condition.batch_size or batch_size or DEFAULT_BATCH
        self._begin = layout(condition.padding)
        self._use_cache = condition.kv_cache is not False
        self._threads = condition.threads
        self._attention = condition.attention
        self._on_close = close
        self._most = batch_size
        self._set_threads = threads
        self._lays_out = (condition.batch_size, condition.order, condition.padding) != (None, None, None)
        """Whether the condition says who stands beside whom: then so it is, whatever padding does to the model."""
        self._pads: bool | None = None
        layouts = (condition.batch_size, condition.order, condition.padding, condition.attention, condition.threads)
        self._shares = batch_size != 1 and condition.kv_cache is None and layouts == (None,) * len(layouts)
        """A condition says how rows are laid out, and means those of likelihoods, too."""
        self._contexts: SharedContexts | None = None
        self._rows_beside: Rows | None = None
        """How texts of likelihoods stand beside each other; tried where they are not read as trees."""
        self._writes_plainly: bool | None = None
        self._draining = False

    def drain(self) -> None:
        self._draining = True

    def ask(self, requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        """What may need the most room first, so that too large a batch shows at once. Texts come one by one as they are
        done, likelihoods and what is asked under a condition batch by batch."""
        if not requests:
            return
        engine = self._engine()
        ready: list[Ready] = []
        began = time.perf_counter()
        for position, request in enumerate(requests):
            prepared = prepare(engine, position, request)
            if isinstance(prepared, Answer):
                yield position, prepared
            else:
                ready.append(prepared)
        self._work.tokenise_seconds += time.perf_counter() - began
        for kind in (True, False):
            waiting = [item for item in ready if item.is_likelihood is kind]
            waiting.sort(key=lambda item: (-item.length, item.position), reverse=self._order == "reversed")
            if kind and self._shares and waiting:
                waiting = yield from answer_together(self._shared(engine), waiting, lambda: self._draining)
            if not kind and waiting and self._streams(engine):
                yield from self._stream(engine, waiting)
            else:
                yield from self._in_batches(engine, waiting)

    def _streams(self, engine: Engine) -> bool:
        if self._can_stream is None:
            self._can_stream = self._free and can_stream(engine) and exchangeable(engine) and self._plainly(engine)
        return self._can_stream

    def _plainly(self, engine: Engine) -> bool:
        if self._writes_plainly is None:
            self._writes_plainly = writes_plainly(engine)
        return self._writes_plainly

    def _stream(self, engine: Engine, waiting: Sequence[Ready]) -> Iterator[tuple[int, Answer]]:
        if self._kept is None:
            free = free_bytes(engine.device)
            self._places = Places(self._most, None if free is None else int(SHARE * free))
            self._kept = KeptBeginnings(KEPT_BYTES if free is None else min(KEPT_BYTES, free // 10), self._work)
        recent, self._recent = self._recent, [item.job.prompt for item in waiting[-RECENT:] if item.job is not None]
        stream = Stream(engine, self._kept, self._places, self._work, self._set_threads)
        yield from stream.answers(waiting, recent, lambda: self._draining)

    def _shared(self, engine: Engine) -> SharedContexts:
        if self._contexts is None or self._contexts.engine is not engine:
            self._contexts = SharedContexts(engine, self._work, self._most)
        return self._contexts

    def _in_batches(self, engine: Engine, waiting: list[Ready]) -> Iterator[tuple[int, Answer]]:
        size = self._batch_size
        apart = not self._may_pad(engine, waiting)
        if apart:
            waiting = sorted(waiting, key=lambda item: item.shape, reverse=True)
        while waiting and not self._draining:
            batch = waiting[:size]
            if apart:
                batch = [item for item in batch if item.shape == batch[0].shape]
            try:
                answers = self._under_condition(engine, batch)
            except ModelError:
                raise
            except Unsettable as refused:
                answers = [Answer.failed(FailureKind.UNSUPPORTED, f"local models cannot set {refused}") for _ in batch]
            except LooksAhead as refused:
                batch = waiting  # all are likelihoods, and need not be tried again
                answers = [Answer.failed(FailureKind.UNSUPPORTED, str(refused)) for _ in batch]
            except Exception as error:  # noqa: BLE001 - a model's code may raise anything: halve down to the one request
                out_of_memory = is_out_of_memory(error)
                if out_of_memory:
                    free_memory(engine.device)
                if len(batch) > 1:
                    size = max(1, len(batch) // 2)
                    if out_of_memory:
                        self._work.lacked_memory(len(batch), size)
                    continue
                answers = [failure_of(error, out_of_memory)]
                size = self._batch_size  # it was this request, and not how many there were
            waiting = waiting[len(batch) :]
            yield from ((item.position, answer) for item, answer in zip(batch, answers, strict=True))

    def _may_pad(self, engine: Engine, waiting: Sequence[Ready]) -> bool:
        """Whether rows of different length may stand side by side; tried where there are any."""
        if self._lays_out or self._batch_size == 1 or len({item.shape for item in waiting}) < 2:
            return True
        if self._pads is None:
            self._pads = harmless(engine)
        return self._pads

    def _under_condition(self, engine: Engine, batch: Sequence[Ready]) -> list[Answer]:
        import torch

        threads = torch.get_num_threads()
        attention = getattr(engine.model.config, "_attn_implementation", None)
        if self._threads is not None and engine.device != "cpu":
            raise Unsettable(f"threads={self._threads}: the model runs on {engine.device}")
        if self._attention is not None and self._attention == attention:
            raise Unsettable(f"attention={attention}: the model has no other one in use, so nothing would change")
        try:
            if self._threads is not None:
                torch.set_num_threads(self._threads)
            if self._attention is not None:
                _set_attention(engine, self._attention)
            return self._run(engine, batch)
        finally:
            if self._threads is not None:
                torch.set_num_threads(threads)
            if self._attention is not None and attention is not None:
                engine.model.set_attn_implementation(attention)

    def _run(self, engine: Engine, batch: Sequence[Ready]) -> list[Answer]:
        if batch[0].is_likelihood and self._rows_beside is None:
            self._rows_beside = rows_of(engine)
        before = memory_mb()
        began = time.perf_counter()
        if batch[0].is_likelihood and self._rows_beside is not None:
            pairs = [item.pair for item in batch if item.pair is not None]
            scored = score(engine, pairs, work=self._work, rows=self._rows_beside)
            spent = time.perf_counter() - began
            timing = Timing(spent, len(batch), _growth(before))
            return [answer_of(item, *numbers, timing) for item, numbers in zip(batch, scored, strict=True)]
        written, rows = self._write(engine, batch)
        growth = _growth(before)
        return [
            to_answer(engine, item, result, Timing(result.seconds, rows, growth, result.engine_seconds))
            for item, result in zip(batch, written, strict=True)
        ]

    def _write(self, engine: Engine, batch: Sequence[Ready]) -> tuple[list[Written], int]:
        """What was written for each request of the batch, and how many rows were written at once."""
        jobs = [item.job for item in batch if item.job is not None]
        details = any(item.wants for item in batch)
        plainly = self._plainly(engine)
        if not plainly and self._lays_out and (self._together or self._batch_size > 1):
            raise Unsettable("who stands beside a request: this model writes in a way of its own, one answer at a time")
        put = write if plainly else write_own_way
        rows: Sequence[Job] = jobs
        place = 0
        if self._together or self._order == "after":
            around = company(engine, jobs[0], self._order, self._rows)
            for job in around.before:
                put(engine, [job], use_cache=self._use_cache)
            rows, place = (around.rows if self._together else jobs), around.place
        written = put(engine, rows, use_cache=self._use_cache, details=details, begin=self._begin, work=self._work)
        self._work.output_tokens += sum(len(one.tokens) for one in written)
        self._work.plain_prompts += len(jobs)
        return ([written[place]] if self._together else written), len(rows) if plainly else 1

    def close(self) -> None:
        self._contexts = None
        if self._kept is not None:
            self._kept.forget()
        self._on_close()


def _growth(before: float | None) -> float | None:
    after = memory_mb()
    return None if before is None or after is None else after - before


def _set_attention(engine: Engine, name: str) -> None:
    try:
        with quiet():
            engine.model.set_attn_implementation(name)
    except (ValueError, ImportError) as error:
        raise Unsettable(f"attention={name} for this model") from error
