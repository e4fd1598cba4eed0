"""Write many answers with one batch that is never empty: a row that is done leaves, the next prompt takes its place.

Beginnings that prompts share are computed once. Nothing about a row depends on the rows beside it but the last bits of
floating-point sums.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from evalkit.errors import ModelError
from evalkit.models.hf.answers import Ready, failure_of, to_answer
from evalkit.models.hf.decode import Job, Written, append, choose, numbers, penalised, request_seed
from evalkit.models.hf.kept import KeptBeginnings
from evalkit.models.hf.loading import Engine, is_out_of_memory, memory_mb
from evalkit.models.hf.penalties import Penalties, penalties
from evalkit.models.hf.places import Places, free_memory
from evalkit.models.hf.shared import Tokens, beginnings
from evalkit.models.hf.slots import Slots, prefill
from evalkit.models.hf.work import Work
from evalkit.records import Answer, Timing

PASS_TOKENS = {"cpu": 512}
"""Prompt tokens of one pass: more of them are no faster on a processor, whose caches they leave."""
OTHER_PASS_TOKENS = 8192
FULL_PASS = 256
"""Prompt tokens from which on a pass is worth it, however few places are free."""
ALIKE = 0.75
"""How long the shortest row of a pass is, at least, against the longest."""


@dataclass(slots=True, eq=False)
class _Row:
    """An answer in the making."""

    item: Ready
    job: Job
    draw: random.Random
    own: Penalties | None
    began: float
    memory: float | None
    next: int
    """The token that the model reads next: at first the prompt's last one."""
    written: Written = field(default_factory=Written)


class Stream:
    """The rows of one session's ``ask``."""

    def __init__(self, engine: Engine, kept: KeptBeginnings, places: Places, work: Work) -> None:
        self._engine, self._kept, self._places, self._work = engine, kept, places, work
        self._waiting: deque[Ready] = deque()
        self._shared: dict[Tokens, int] = {}
        self._rows: list[_Row] = []
        self._entering: list[Ready] = []
        """Taken from those who wait, and not yet among the rows."""
        self._slots = Slots(engine)
        self._away = 0.0
        self._lap = 0.0
        """Up to when the engine's time has been shared among rows."""

    def answers(self, items: Sequence[Ready], recent: Sequence[Tokens] = ()) -> Iterator[tuple[int, Answer]]:
        """Each answer when it is done. ``recent`` prompts were asked before: what they share may be asked again."""
        self._shared = beginnings([*(_job(item).prompt for item in items), *recent])
        self._waiting.extend(self._sorted(items))
        self._lap = self._now()
        while self._rows or self._waiting:
            try:
                done = self._go_on()
            except ModelError:
                raise
            except Exception as error:  # noqa: BLE001 - a model's code may raise anything: halve down to the one request
                done = self._begin_again(error)
            left = time.perf_counter()
            yield from done
            self._away += time.perf_counter() - left

    def _sorted(self, items: Sequence[Ready]) -> list[Ready]:
        """Those with one beginning together. What may need the most room comes first, so that a lack of it shows early
        and the last rows are short ones."""
        groups: dict[Tokens, list[Ready]] = {}
        for item in items:
            prompt = _job(item).prompt
            groups.setdefault(prompt[: self._shared[prompt]], []).append(item)
        for group in groups.values():
            group.sort(key=lambda item: (-_most(item), item.position))
        ordered = sorted(groups.values(), key=lambda group: (-_most(group[0]), group[0].position))
        return [item for group in ordered for item in group]

    def _now(self) -> float:
        """Seconds of the engine: what those who take the answers do meanwhile is not its time."""
        return time.perf_counter() - self._away

    def _charge(self, rows: Sequence[_Row]) -> float:
        """Share the time since the last call among rows, and return it."""
        now = self._now()
        spent, self._lap = now - self._lap, now
        for row in rows:
            row.written.engine_seconds += spent / len(rows)
        return spent

    def _go_on(self) -> list[tuple[int, Answer]]:
        import torch

        with torch.inference_mode():
            new = self._next_ones()
            if new:
                self._take_up(new)
            return self._step()

    def _next_ones(self) -> list[Ready]:
        """Who comes in now. Few prompts are dear to compute one by one: they wait for each other, if not for long."""
        waiting = self._waiting
        if not waiting:
            return []
        need = max(max((row.item.length + row.job.max_tokens for row in self._rows), default=0), _most(waiting[0]))
        token = self._slots.bytes_a_token
        places = self._places.fitting(token * need if token else None)
        free = min(places - len(self._rows), len(waiting))
        if free <= 0 and self._rows:
            return []
        free = max(free, 1)
        tokens = sum(self._own_length(waiting[place]) for place in range(free))
        ripe = not self._rows or free == len(waiting) or free >= places // 8 or tokens >= FULL_PASS
        return [waiting.popleft() for _ in range(free)] if ripe else []

    def _own_length(self, item: Ready) -> int:
        """Tokens to compute before the first step."""
        prompt = _job(item).prompt
        return len(prompt) - 1 - self._shared[prompt]

    def _take_up(self, new: Sequence[Ready]) -> None:
        began, memory = self._lap, memory_mb()
        groups: dict[Tokens, list[Ready]] = {}
        for item in new:
            prompt = _job(item).prompt
            groups.setdefault(prompt[: self._shared[prompt]], []).append(item)
        self._entering = list(new)
        for beginning, group in groups.items():
            for batch in self._passes(group):
                rows = [self._row(item, began, memory) for item in batch]
                self._compute(beginning, batch)
                self._rows += rows
                inside = {item.position for item in batch}
                self._entering = [item for item in self._entering if item.position not in inside]
                self._work.prefill_seconds += self._charge(rows)

    def _row(self, item: Ready, began: float, memory: float | None) -> _Row:
        job = _job(item)
        draw = random.Random(request_seed(job.seed, job.attempt, job.prompt))
        own = penalties(self._engine, len(job.prompt), job.max_tokens)
        return _Row(item, job, draw, own, began, memory, job.prompt[-1])

    def _passes(self, group: Sequence[Ready]) -> Iterator[list[Ready]]:
        """Rows of about the same length, as many as make a good pass."""
        most = PASS_TOKENS.get(self._engine.device, OTHER_PASS_TOKENS)
        batch: list[Ready] = []
        for item in sorted(group, key=self._own_length, reverse=True):
            longest = self._own_length(batch[0]) if batch else 0
            if batch and ((len(batch) + 1) * longest > most or self._own_length(item) < ALIKE * longest - 4):
                yield batch
                batch = []
            batch.append(item)
        if batch:
            yield batch

    def _compute(self, beginning: Tokens, batch: Sequence[Ready]) -> None:
        """Keys and values of all tokens of the prompts but their last ones; equal prompts are computed once."""
        work, engine = self._work, self._engine
        past = self._kept.take(engine, beginning)
        prompts = [_job(item).prompt for item in batch]
        rests = [prompt[len(beginning) : -1] for prompt in prompts]
        unlike = {rest: number for number, rest in enumerate(dict.fromkeys(rests))}
        width = len(rests[0])
        own = prefill(engine, past, list(unlike)) if width else None
        self._slots.add(past, own, [unlike[rest] for rest in rests], [len(prompt) - 1 for prompt in prompts])
        computed = sum(map(len, unlike))
        work.prompt_tokens += sum(map(len, prompts))
        work.computed_tokens += computed + len(batch)  # the last token of each is computed by its first step
        work.shared_tokens += sum(len(prompt) - 1 for prompt in prompts) - computed
        work.padded_tokens += width * len(unlike) - computed
        work.prefills += own is not None

    def _step(self) -> list[tuple[int, Answer]]:
        rows, engine, work = self._rows, self._engine, self._work
        began = time.perf_counter()
        logits = self._slots.step([row.next for row in rows])
        logits = penalised(logits, [(row.own, row.job, row.written) for row in rows])
        chosen = choose(logits, [row.job for row in rows], [row.draw for row in rows])
        wanted = [place for place, row in enumerate(rows) if row.item.wants]
        told: dict[int, tuple[float, float]] = {}
        if wanted:
            some = logits if len(wanted) == len(rows) else logits[wanted]
            told = dict(zip(wanted, numbers(some, [chosen[place] for place in wanted]), strict=True))
        for place, row in enumerate(rows):
            row.next = chosen[place]
            append(engine, row.job, row.written, chosen[place], told.get(place))
        work.steps += 1
        work.row_steps += len(rows)
        work.most_rows = max(work.most_rows, len(rows))
        if self._waiting:
            self._places.timed(len(rows), time.perf_counter() - began)
        work.decode_seconds += self._charge(rows)
        return self._leave()

    def _leave(self) -> list[tuple[int, Answer]]:
        """The rows that are done, as answers; the others close up."""
        done = [place for place, row in enumerate(self._rows) if row.written.finish]
        if not done:
            return []
        memory, beside = memory_mb(), len(self._rows)
        spoilt = [place for place in done if self._rows[place].written.finish == "nan"]
        leaving = [self._rows[place] for place in done]
        self._rows = [self._rows[place] for place in self._slots.drop(done, spoilt)]
        answers = []
        for row in leaving:
            growth = None if memory is None or row.memory is None else memory - row.memory
            timing = Timing(self._lap - row.began, beside, growth, row.written.engine_seconds)
            answers.append((row.item.position, to_answer(self._engine, row.item, row.written, timing)))
            self._work.output_tokens += len(row.written.tokens)
            self._work.prompts += 1
        return answers

    def _begin_again(self, error: Exception) -> list[tuple[int, Answer]]:
        """After a failure: what was being written goes back to the front, to be written in a smaller batch; one request
        that fails alone has failed."""
        out_of_memory = is_out_of_memory(error)
        broken = [*(row.item for row in self._rows), *self._entering]
        self._rows, self._entering = [], []
        self._slots = Slots(self._engine)
        if out_of_memory:
            self._kept.forget()
            free_memory(self._engine.device)
        if len(broken) == 1:
            if not out_of_memory:
                self._places.restore()
            return [(broken[0].position, failure_of(error, out_of_memory))]
        self._places.halve(len(broken))
        self._waiting.extendleft(reversed(broken))
        self._work.restarts += 1
        return []


def _job(item: Ready) -> Job:
    if item.job is None:
        raise TypeError("a likelihood is not written")
    return item.job


def _most(item: Ready) -> int:
    """The most tokens that a row may come to hold."""
    return item.length + _job(item).max_tokens
