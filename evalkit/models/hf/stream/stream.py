"""Write many answers with one batch that is never empty: a row that is done leaves, the next prompt takes its place.

Beginnings that prompts share are computed once. Nothing about a row depends on the rows beside it but the last bits of
floating-point sums.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from evalkit.errors import ModelError
from evalkit.failures import is_out_of_memory
from evalkit.models.hf.answers import Ready, failure_of, to_answer
from evalkit.models.hf.loading.engine import Engine
from evalkit.models.hf.memory import free_memory, memory_mb
from evalkit.models.hf.stream.joint import WORTH as BASE
from evalkit.models.hf.stream.kept import KeptBeginnings
from evalkit.models.hf.stream.places import Places
from evalkit.models.hf.stream.shared import beginnings
from evalkit.models.hf.stream.slots import Slots, behind, prefill
from evalkit.models.hf.stream.threads import NARROW, one_thread
from evalkit.models.hf.stream.trials import takes_whole_masks
from evalkit.models.hf.tokens import Tokens, common
from evalkit.models.hf.work import Work
from evalkit.models.hf.writing.decode import Job, Written, append, choose, numbers, penalised, request_seed
from evalkit.models.hf.writing.penalties import Penalties, penalties
from evalkit.records import Answer, Timing

PASS_TOKENS = {"cpu": 512}
"""Prompt tokens of one pass: more of them are no faster on a processor, whose caches they leave."""
OTHER_PASS_TOKENS = 8192
WIDE = 576
"""Numbers of a token for which these hold. Of a model half as wide, a pass takes twice as many tokens."""
SCORES = 2**26
"""Scores of one pass against a beginning that is held once: they are all there at the same time, 256 MB of them."""
FULL_PASS = 256
"""Prompt tokens from which on a pass is worth it, however few places are free."""
ROUND = 8
"""Prompts from which on a beginning may have a round of its own: its last rows are written beside fewer and fewer."""
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
    charged: float
    """What a row of all steps had been charged when this one came in."""
    written: Written = field(default_factory=Written)


class Stream:
    """The rows of one session's ``ask``."""

    def __init__(
        self, engine: Engine, kept: KeptBeginnings, places: Places, work: Work, threads: int | None = None
    ) -> None:
        """``threads`` that somebody set are kept."""
        self._engine, self._kept, self._places, self._work = engine, kept, places, work
        self._waiting: deque[Ready] = deque()
        self._shared: dict[Tokens, int] = {}
        self._rows: list[_Row] = []
        self._entering: list[Ready] = []
        """Taken from those who wait, and not yet among the rows."""
        self._base: Tokens = ()
        """What all rows of the present round begin with, held once."""
        self._slots: Slots | None = None
        self._away = 0.0
        self._lap = 0.0
        """Up to when the engine's time has been shared among rows."""
        wide = getattr(engine.model.config.get_text_config(decoder=True), "hidden_size", None) or WIDE
        self._narrow = max(1, WIDE // wide)
        """How many times the model is narrower than those for which tokens of a pass were found."""
        self._alone = threads is None and engine.device == "cpu" and wide <= NARROW
        # how long a step took must not depend on what else a processor does; of another device, it only waits
        self._clock = time.thread_time if engine.device == "cpu" else time.perf_counter
        self._charged = 0.0
        """Of all steps, the share of a row that has been there all along."""

    def answers(
        self,
        items: Sequence[Ready],
        recent: Sequence[Tokens] = (),
        draining: Callable[[], bool] = lambda: False,
    ) -> Iterator[tuple[int, Answer]]:
        """Each answer when it is done. ``recent`` prompts were asked before: what they share may be asked again.
        ``draining``: whether those that wait are to be left alone."""
        self._shared = beginnings([*(_job(item).prompt for item in items), *recent])
        self._lap = self._now()
        for base, members in self._rounds(items):
            self._base, self._slots = base, None
            self._waiting.extend(self._sorted(members))
            yield from self._round(draining)

    def _round(self, draining: Callable[[], bool]) -> Iterator[tuple[int, Answer]]:
        while self._rows or self._waiting:
            if draining():
                self._waiting.clear()
                if not self._rows:
                    return
            try:
                done = self._go_on()
            except ModelError:
                raise
            except Exception as error:  # noqa: BLE001 - a model's code may raise anything: halve down to the one request
                done = self._begin_again(error)
            left = time.perf_counter()
            yield from done
            self._away += time.perf_counter() - left

    def _rounds(self, items: Sequence[Ready]) -> Iterator[tuple[Tokens, list[Ready]]]:
        """Who is written together, and the beginning that is held once for all of them: one that is much longer than
        what all share, and that many share, has a round of its own."""
        groups: dict[Tokens, list[Ready]] = {}
        for item in items:
            groups.setdefault(self._beginning(item), []).append(item)
        known = list(groups)
        root = known[0][: min(common(known[0], other) for other in known)]
        longest = max(known, key=len)
        if len(longest) < BASE or not self._kept.held_once(self._engine, longest):
            yield (), list(items)
            return
        rest: list[Ready] = []
        for beginning, members in groups.items():
            if len(beginning) - len(root) >= BASE and len(members) >= ROUND:
                yield beginning, members
            else:
                rest += members
        if rest:
            yield (root if len(root) >= BASE else ()), rest

    def _beginning(self, item: Ready) -> Tokens:
        prompt = _job(item).prompt
        return prompt[: self._shared[prompt]]

    def _sorted(self, items: Sequence[Ready]) -> list[Ready]:
        """Those with one beginning together. What may need the most room comes first, so that a lack of it shows early
        and the last rows are short ones."""
        groups: dict[Tokens, list[Ready]] = {}
        for item in items:
            groups.setdefault(self._beginning(item), []).append(item)
        for group in groups.values():
            group.sort(key=lambda item: (-_most(item), item.position))
        ordered = sorted(groups.values(), key=lambda group: (-_most(group[0]), group[0].position))
        return [item for group in ordered for item in group]

    def _now(self) -> float:
        """Seconds of the engine: what those who take the answers do meanwhile is not its time."""
        return time.perf_counter() - self._away

    def _spent(self) -> float:
        """Seconds since the last call."""
        now = self._now()
        spent, self._lap = now - self._lap, now
        return spent

    def _go_on(self) -> list[tuple[int, Answer]]:
        import torch

        with torch.inference_mode(), one_thread(self._alone):
            if self._slots is None:
                base = self._kept.take(self._engine, self._base)
                self._slots = Slots(self._engine, base, whole_masks=takes_whole_masks(self._engine))
            new = self._next_ones(self._slots)
            if new:
                self._take_up(self._slots, new)
            return self._step(self._slots)

    def _next_ones(self, slots: Slots) -> list[Ready]:
        """Who comes in now. Few prompts are dear to compute one by one: they wait for each other, if not for long."""
        waiting, rows = self._waiting, len(self._rows)
        if not waiting:
            return []
        need = max((row.item.length + row.job.max_tokens for row in self._rows), default=0)
        token = slots.bytes_a_token
        places = free = 0
        for item in waiting:
            need = max(need, _most(item))
            places = self._places.fitting(token * (need - slots.before) if token else None)
            if rows + free >= places:
                break
            free += 1
        if not free and rows:
            return []
        free = max(free, 1)
        tokens = sum(self._own_length(waiting[place]) for place in range(free))
        ripe = not rows or free == len(waiting) or free >= places // 8 or tokens >= FULL_PASS * self._narrow
        return [waiting.popleft() for _ in range(free)] if ripe else []

    def _own_length(self, item: Ready) -> int:
        """Tokens to compute before the first step."""
        prompt = _job(item).prompt
        return len(prompt) - 1 - self._shared[prompt]

    def _take_up(self, slots: Slots, new: Sequence[Ready]) -> None:
        began, memory = self._lap, memory_mb()
        groups: dict[Tokens, list[Ready]] = {}
        for item in new:
            groups.setdefault(self._beginning(item), []).append(item)
        self._entering = list(new)
        slots.reserve(len(self._rows) + len(new), max(len(_job(item).prompt) for item in new) - slots.before)
        for beginning, group in groups.items():
            for batch in self._passes(slots, group):
                rows = [self._row(item, began, memory) for item in batch]
                self._compute(slots, beginning, batch)
                self._rows += rows
                inside = {item.position for item in batch}
                self._entering = [item for item in self._entering if item.position not in inside]
                spent = self._spent()
                self._work.prefill_seconds += spent
                for row in rows:
                    row.written.engine_seconds = spent / len(rows)

    def _row(self, item: Ready, began: float, memory: float | None) -> _Row:
        job = _job(item)
        draw = random.Random(request_seed(job.seed, job.attempt, job.prompt) if job.temperature > 0 else 0)
        own = penalties(self._engine, job.prompt, job.max_tokens)
        return _Row(item, job, draw, own, began, memory, job.prompt[-1], self._charged)

    def _passes(self, slots: Slots, group: Sequence[Ready]) -> Iterator[list[Ready]]:
        """Rows of about the same length, as many as make a good pass."""
        most = PASS_TOKENS.get(self._engine.device, OTHER_PASS_TOKENS) * self._narrow
        most = min(most, OTHER_PASS_TOKENS)
        if slots.base:
            heads = self._engine.model.config.get_text_config(decoder=True).num_attention_heads
            most = min(most, SCORES // (heads * slots.before))
        batch: list[Ready] = []
        for item in sorted(group, key=self._own_length, reverse=True):
            longest = self._own_length(batch[0]) if batch else 0
            if batch and ((len(batch) + 1) * longest > most or self._own_length(item) < ALIKE * longest - 4):
                yield batch
                batch = []
            batch.append(item)
        if batch:
            yield batch

    def _compute(self, slots: Slots, beginning: Tokens, batch: Sequence[Ready]) -> None:
        """Keys and values of all tokens of the prompts but their last ones; equal prompts are computed once."""
        work, engine = self._work, self._engine
        past = behind(self._kept.take(engine, beginning), slots.before) if len(beginning) > slots.before else None
        prompts = [_job(item).prompt for item in batch]
        rests = [prompt[len(beginning) : -1] for prompt in prompts]
        unlike = {rest: number for number, rest in enumerate(dict.fromkeys(rests))}
        width = len(rests[0])
        own = prefill(engine, past, list(unlike), slots.base) if width else None
        lengths = [len(prompt) - 1 - slots.before for prompt in prompts]
        slots.add(past, own, [unlike[rest] for rest in rests], lengths)
        computed = sum(map(len, unlike))
        work.prompt_tokens += sum(map(len, prompts))
        work.computed_tokens += computed + len(batch)  # the last token of each is computed by its first step
        work.shared_tokens += sum(len(prompt) - 1 for prompt in prompts) - computed
        work.padded_tokens += width * len(unlike) - computed
        work.prefills += own is not None

    def _step(self, slots: Slots) -> list[tuple[int, Answer]]:
        rows, engine, work = self._rows, self._engine, self._work
        began = self._clock()
        logits = slots.step([row.next for row in rows])
        if any(row.own for row in rows):
            logits = penalised(logits, [(row.own, row.job, row.written) for row in rows])
        chosen = choose(logits, [row.job for row in rows], [row.draw for row in rows])
        for row, token, told in zip(rows, chosen, self._told(logits, chosen), strict=True):
            row.next = token
            append(engine, row.job, row.written, token, told)
        work.steps += 1
        work.row_steps += len(rows)
        work.most_rows = max(work.most_rows, len(rows))
        if self._waiting:
            self._places.timed(len(rows), self._clock() - began)
        spent = self._spent()
        work.decode_seconds += spent
        self._charged += spent / len(rows)
        return self._leave(slots)

    def _told(self, logits: Any, chosen: Sequence[int]) -> list[tuple[float, float] | None]:
        """By row, what is told of its token where somebody wants that."""
        wanted = [place for place, row in enumerate(self._rows) if row.item.wants]
        told: list[tuple[float, float] | None] = [None] * len(chosen)
        if wanted:
            some = logits if len(wanted) == len(chosen) else logits[wanted]
            for place, of_row in zip(wanted, numbers(some, [chosen[place] for place in wanted]), strict=True):
                told[place] = of_row
        return told

    def _leave(self, slots: Slots) -> list[tuple[int, Answer]]:
        """The rows that are done, as answers; the others close up."""
        done = [place for place, row in enumerate(self._rows) if row.written.finish]
        if not done:
            return []
        memory, beside = memory_mb(), len(self._rows)
        answers = []
        for row in (self._rows[place] for place in done):
            growth = None if memory is None or row.memory is None else memory - row.memory
            row.written.engine_seconds += self._charged - row.charged
            timing = Timing(self._lap - row.began, beside, growth, row.written.engine_seconds)
            answers.append((row.item.position, to_answer(self._engine, row.item, row.written, timing)))
            self._work.output_tokens += len(row.written.tokens)
            self._work.prompts += 1
        spoilt = [place for place in done if self._rows[place].written.finish == "nan"]
        self._rows = [self._rows[place] for place in slots.drop(done, spoilt)]
        return answers

    def _begin_again(self, error: Exception) -> list[tuple[int, Answer]]:
        """After a failure: what was being written goes back to the front, to be written in a smaller batch; one request
        that fails alone has failed."""
        out_of_memory = is_out_of_memory(error)
        broken = [*(row.item for row in self._rows), *self._entering]
        self._rows, self._entering = [], []
        self._slots = None
        if out_of_memory:
            self._kept.forget()
            free_memory(self._engine.device)
        if not broken and self._base:  # it could not be computed: then each row has its own
            self._base = ()
            return []
        if not broken:
            broken.append(self._waiting.popleft())
        if len(broken) == 1:
            self._places.restore(out_of_memory)
            return [(broken[0].position, failure_of(error, out_of_memory))]
        self._places.halve(len(broken), out_of_memory)
        if out_of_memory:
            self._work.lacked_memory(len(broken), self._places.now)
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
