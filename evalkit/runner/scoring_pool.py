"""Processes that score beside this one, and what happens when one of them ends.

A thread here serves each process there: it hands over batches and takes back scores. What no process has begun is taken
by the run itself whenever it would otherwise wait. A process holds nothing that is not also here, so that its end loses
nothing: its batches are scored by the run.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalkit.records import Score
from evalkit.runner.examine import Heard
from evalkit.runner.scoring_worker import pack_questions, read, unpack_scores, write

AHEAD = 2
"""Batches that a process has at once: one under way, and one so that it never waits for the next."""
PATIENCE = 2.0
"""Seconds in which a process that was told to end may do so by itself."""
STUCK = 120.0
"""Seconds without any score after which processes that still owe some are ended: the run would wait for ever."""
_BEGIN = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from evalkit.runner.scoring_worker import main
main()
"""


@dataclass(slots=True, eq=False)
class Batch:
    """Conversations that are judged together, and are judged when ``done``."""

    heard: list[Heard]
    numbers: list[int]
    """Of their checks."""
    done: bool = False


class Pool:
    """``recipes`` by the checks' numbers; ``judge`` is what the run does itself, with a batch that nobody took."""

    def __init__(self, recipes: Sequence[bytes | None], workers: int, judge: Callable[[Batch], None]) -> None:
        self._judge = judge
        self._changed = threading.Condition()
        self._waiting: deque[Batch] = deque()
        self._returned: deque[Batch] = deque()
        """What a process could not judge, or left behind."""
        self._closed = False
        self.judged = 0
        """Conversations whose scores came from a process."""
        self.seconds = 0.0
        """That judging took there."""
        self.refused: dict[int, int] = {}
        """By check, conversations that a process gave back."""
        self.ended: list[str] = []
        """How processes ended that were not told to, in words."""
        self._there: dict[int, deque[Batch]] = {}
        """By process, what it was given and has not judged."""
        self._stuck: set[int] = set()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._threads: list[threading.Thread] = []
        first = pickle.dumps([recipe or b"" for recipe in recipes])
        try:
            for _ in range(workers):
                with suppress(OSError):  # no room for another process: the rest, or the run, does its work
                    self._start(first)
        except BaseException:
            self.close()
            raise

    @property
    def size(self) -> int:
        return len(self._processes)

    @property
    def process_ids(self) -> tuple[int, ...]:
        return tuple(process.pid for process in self._processes)

    def _start(self, first: bytes) -> None:
        apart: dict[str, Any] = {"process_group": 0}  # Ctrl-C is for the run, which then ends its processes
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        process = subprocess.Popen(  # noqa: S603 - this Python, and no shell
            [sys.executable, "-c", _BEGIN, json.dumps([entry for entry in sys.path if isinstance(entry, str)])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            **apart,
        )
        self._processes.append(process)
        self._there[process.pid] = deque()
        thread = threading.Thread(target=self._serve, args=(process, first), name="evalkit scoring", daemon=True)
        self._threads.append(thread)
        thread.start()

    def submit(self, batch: Batch) -> None:
        with self._changed:
            self._waiting.append(batch)
            self._changed.notify_all()

    def settle(self, batches: Sequence[Batch]) -> None:
        """Until these are judged. Whoever waits here judges what nobody has begun, these first."""
        while not all(batch.done for batch in batches):
            with self._changed:
                mine = self._mine()
                if mine is None:
                    if not all(batch.done for batch in batches) and not self._changed.wait(STUCK):
                        self._end_stuck()
                    continue
            self._judge(mine)
            mine.done = True

    def _end_stuck(self) -> None:
        for process in self._processes:
            if self._there[process.pid]:
                self._stuck.add(process.pid)
                process.kill()

    def _mine(self) -> Batch | None:
        if self._returned:
            return self._returned.popleft()
        return self._waiting.popleft() if self._waiting else None

    def _serve(self, process: subprocess.Popen[bytes], first: bytes) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        there = self._there[process.pid]
        try:
            write(process.stdin, first)
            while True:
                while len(there) < AHEAD and (batch := self._next(wait=not there)) is not None:
                    questions = self._packed(batch)
                    if questions is not None:
                        there.append(batch)
                        write(process.stdin, questions)
                if self._closed:
                    return
                if there:
                    left = self._take_scores(there[0], read(process.stdout))
                    self._take_back(there.popleft(), left)
        except Exception:  # noqa: BLE001 - a pipe that ended, or whatever it was: the run must not wait for this thread
            if not self._closed:
                self._forget(process)

    def _next(self, *, wait: bool) -> Batch | None:
        with self._changed:
            while wait and not self._waiting and not self._closed:
                self._changed.wait()
            return self._waiting.popleft() if self._waiting and not self._closed else None

    def _packed(self, batch: Batch) -> bytes | None:
        """None: it cannot travel, and is judged here."""
        try:
            return pack_questions(
                [
                    (number, one.examined.planned.case, one.rounds)
                    for number, one in zip(batch.numbers, batch.heard, strict=True)
                ]
            )
        except Exception:  # noqa: BLE001 - labels may be anything that a reader made of a file
            self._give_back(batch, range(len(batch.heard)))
            return None

    def _take_scores(self, batch: Batch, said: bytes) -> list[int]:
        """Places of those that have none."""
        scores: list[Score | None] = []
        seconds = 0.0
        with suppress(Exception):  # evidence of a class that only the other process has
            scores, seconds = unpack_scores(said)
        scores += [None] * (len(batch.heard) - len(scores))
        for one, score in zip(batch.heard, scores, strict=True):
            if score is not None:
                one.examined.score = score
        with self._changed:
            self.judged += sum(score is not None for score in scores)
            self.seconds += seconds
        return [place for place, score in enumerate(scores) if score is None]

    def _take_back(self, batch: Batch, left: Sequence[int]) -> None:
        if left:
            self._give_back(batch, left)
            return
        with self._changed:
            batch.done = True
            self._changed.notify_all()

    def _give_back(self, batch: Batch, places: Sequence[int]) -> None:
        with self._changed:
            for place in places:
                number = batch.numbers[place]
                self.refused[number] = self.refused.get(number, 0) + 1
            batch.heard = [batch.heard[place] for place in places]
            batch.numbers = [batch.numbers[place] for place in places]
            self._returned.append(batch)
            self._changed.notify_all()

    def _forget(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        code = process.wait()
        with self._changed:
            is_stuck = process.pid in self._stuck
            self.ended.append(f"after {STUCK:g} seconds without a score" if is_stuck else how_it_ended(code))
            self._returned.extend(self._there[process.pid])
            self._there[process.pid].clear()
            self._changed.notify_all()

    def close(self) -> None:
        """No process is left behind, whatever ends the run."""
        with self._changed:
            self._closed = True
            waited_for = bool(self._waiting or self._returned or any(self._there.values()))
            self._changed.notify_all()
        for process in self._processes:
            if waited_for:
                process.kill()
            assert process.stdin is not None
            with suppress(OSError):
                process.stdin.close()
        for process in self._processes:
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            assert process.stdout is not None
        for thread in self._threads:
            thread.join(PATIENCE)
        for process in self._processes:
            assert process.stdout is not None
            with suppress(OSError):
                process.stdout.close()


def how_it_ended(code: int) -> str:
    """For people: what an exit code of another process says."""
    if code < 0:
        with suppress(ValueError):
            return f"by {signal.Signals(-code).name}"
    return f"with exit code {code}"


def usable() -> int:
    """Processors that this process may use: fewer than the machine has, in a container or under ``taskset``."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # no Linux
        count = os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        count = min(count, max(1, int(quota) // int(period)))
    return count
