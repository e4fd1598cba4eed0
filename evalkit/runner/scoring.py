"""Who judges answers, and when: this process between its blocks, or where that pays processes beside it while it asks.

Whether it pays is measured on the first answers: what judging one costs, what carrying it to another process and back
costs, and how many are left. Scores are the same either way, and so is their order.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self

from evalkit.runner.examine import Ask, Examined, Heard, Recall, examine, judge_all_here, recall_nothing

if TYPE_CHECKING:
    from evalkit.runner.plan import Planned
    from evalkit.runner.scoring_pool import Batch, Pool
    from evalkit.suite.load import SuiteCheck

WORTH_SECONDS = 4.0
"""Of judging that is still to come: another process takes about half a second to start."""
FIRST_LOOK = 0.25
"""Seconds of judging after which it is first asked whether that pays; then after twice as many, and so on."""
TIMES_CARRIAGE = 3.0
"""Judging must cost so many times what carrying an answer there and its score back costs."""
BATCH_SECONDS = 0.02
"""Of a batch for another process; the run itself judges some more at once, which is cheaper by the answer."""
HERE_SECONDS = 0.1
FIRST_BATCH = 1
MOST_IN_BATCH = 256
MOST_PROCESSES = 8
MOST_REFUSED = 64
"""Conversations of a check that other processes gave back, after which they get no more of it."""
_SEEN = 64


@dataclass(slots=True)
class _Pending:
    """A block whose answers are all there."""

    examined: list[Examined] = field(default_factory=list)
    here: deque[Heard] = field(default_factory=deque)
    """To be judged by this process."""
    batches: list[Batch] = field(default_factory=list)

    @property
    def settled(self) -> bool:
        return not self.here and all(batch.done for batch in self.batches)


class Scoring:
    """``judgements``: of the whole run, at most. ``workers``: so many processes, from the first answer on; 0 is none.
    Where it is None as many as pay, up to one less than there are processors, for this process judges too."""

    def __init__(
        self,
        checks: Sequence[SuiteCheck],
        judgements: int,
        workers: int | None = None,
        recall: Recall = recall_nothing,
    ) -> None:
        self._recall = recall
        self._checks = [check.check for check in checks]
        self._numbers = {id(check): number for number, check in enumerate(self._checks)}
        self._left = judgements
        self._workers = workers
        self._seconds = 0.0
        self._judged = 0
        self._look_at = FIRST_LOOK
        self._seen: deque[Heard] = deque(maxlen=_SEEN)
        self._pool: Pool | None = None
        self._pending = _Pending()
        self._collected: list[Heard] = []
        self._travels: list[bool] = []
        if workers:
            self._begin(workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool:
            self._pool.close()

    @property
    def process_ids(self) -> tuple[int, ...]:
        """Of those that were started."""
        return self._pool.process_ids if self._pool else ()

    @property
    def judged_elsewhere(self) -> int:
        return self._pool.judged if self._pool else 0

    @property
    def refused(self) -> int:
        """Conversations that came back without a score, for this process to judge."""
        return sum(self._pool.refused.values()) if self._pool else 0

    def warnings(self) -> list[str]:
        ended = self._pool.ended if self._pool else []
        return [f"a scoring process ended {how}: what it had was scored by the run itself" for how in ended]

    def blocks(
        self, blocks: Iterable[tuple[int, Sequence[Planned]]], ask: Ask, *, ahead: bool
    ) -> Iterator[tuple[int, Sequence[Planned], list[Examined]]]:
        """Every block with its scores, in order. ``ahead``: later ones are asked while other processes judge earlier
        ones, which a run that may stop after any block cannot do."""
        waiting: deque[tuple[int, Sequence[Planned], _Pending]] = deque()
        for number, block in blocks:
            waiting.append((number, block, self._heard(block, ask)))
            most = 2 * (len(self.process_ids) + 1) if ahead and self._pool else 0
            while waiting and (len(waiting) > most or waiting[0][2].settled):
                yield self._settled(*waiting.popleft())
        while waiting:
            yield self._settled(*waiting.popleft())

    def _heard(self, block: Sequence[Planned], ask: Ask) -> _Pending:
        """Ask a block. What can be judged elsewhere is on its way as soon as it is answered."""
        pending = self._pending = _Pending()
        pending.examined = examine(block, ask, self._hear, self._recall)
        self._send()
        return pending

    def _hear(self, heard: Heard) -> None:
        if self._pool is None or not self._may_travel(heard):
            self._pending.here.append(heard)
            return
        if heard.conversation is not None:
            with suppress(Exception):  # it is begun anew, there or here; however a plugin takes its end, it is over
                heard.conversation.close()
            heard.conversation = None
        self._collected.append(heard)
        if len(self._collected) >= self._batch_size():
            self._send()

    def _send(self) -> None:
        if self._pool and self._collected:
            from evalkit.runner.scoring_pool import Batch

            batch = Batch(self._collected, [self._number(heard) for heard in self._collected])
            self._collected = []
            self._pending.batches.append(batch)
            self._pool.submit(batch)

    def _number(self, heard: Heard) -> int:
        return self._numbers[id(heard.examined.planned.check.check)]

    def _may_travel(self, heard: Heard) -> bool:
        number = self._number(heard)
        return self._pool is not None and self._travels[number] and self._pool.refused.get(number, 0) < MOST_REFUSED

    def _batch_size(self, worth: float = BATCH_SECONDS) -> int:
        judged, seconds = self._judged, self._seconds
        if self._pool:
            judged, seconds = judged + self._pool.judged, seconds + self._pool.seconds
        if not judged:
            return FIRST_BATCH
        return max(1, min(MOST_IN_BATCH, int(worth * judged / max(seconds, 1e-9))))

    def _settled(
        self, number: int, block: Sequence[Planned], pending: _Pending
    ) -> tuple[int, Sequence[Planned], list[Examined]]:
        self._pending = pending
        while pending.here:
            self._judge([pending.here.popleft() for _ in range(min(len(pending.here), self._batch_size(HERE_SECONDS)))])
            if self._pool is None and self._seconds >= self._look_at:
                self._look_at *= 2
                if self._pays():
                    self._begin(min(usable() - 1, MOST_PROCESSES))
                    rest, pending.here = pending.here, deque()
                    for heard in rest:
                        self._hear(heard)
                    self._send()
        if self._pool:
            self._pool.settle(pending.batches)
        self._left -= len(pending.examined)
        return number, block, pending.examined

    def _judge(self, together: Sequence[Heard]) -> None:
        started = time.thread_time()  # a busy machine must not make judging look dear
        judge_all_here(together)
        self._seconds += time.thread_time() - started
        self._judged += len(together)
        self._seen.extend(together)

    def _judge_batch(self, batch: Batch) -> None:
        self._judge(batch.heard)

    def _pays(self) -> bool:
        each = self._seconds / self._judged
        return (
            self._workers is None
            and can_start()
            and usable() > 1
            and each * (self._left - len(self._pending.examined)) >= WORTH_SECONDS
            and each >= TIMES_CARRIAGE * self._carriage()
        )

    def _carriage(self) -> float:
        """Seconds that the last judgements would have taken to be carried, each, there and back."""
        from evalkit.runner import scoring_worker as worker

        questions = [(0, heard.examined.planned.case, heard.rounds) for heard in self._seen]
        scores = [heard.examined.score for heard in self._seen]
        started = time.thread_time()
        try:
            worker.unpack_questions(worker.pack_questions(questions))
            worker.unpack_scores(worker.pack_scores(scores, 0.0))
        except Exception:  # noqa: BLE001 - labels and evidence may be anything: what cannot travel does not pay
            return float("inf")
        return (time.thread_time() - started) / len(questions)

    def _begin(self, workers: int) -> None:
        from evalkit.runner.scoring_pool import Pool
        from evalkit.runner.scoring_worker import recipe

        recipes = [recipe(check) for check in self._checks]
        self._travels = [made is not None for made in recipes]
        if any(self._travels) and can_start():
            self._pool = Pool(recipes, workers, self._judge_batch)


def can_start() -> bool:
    """There is a Python to start: not in a program that was frozen into one file."""
    return bool(sys.executable) and not getattr(sys, "frozen", False)


def usable() -> int:
    from evalkit.runner.scoring_pool import usable as processors

    return processors()
