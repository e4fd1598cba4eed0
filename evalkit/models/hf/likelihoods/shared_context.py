"""Likelihoods whose requests begin alike: what they share is read once.

Requests are sorted by their tokens, so that those of one context, and contexts of one header, stand together. As many
as fit are read as one tree in one pass, without padding. What outlives a pass, such as a few-shot header that all
questions begin with, is kept as keys and values (the stem), and passes begin behind it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalkit.models.hf.likelihoods.likelihood import Pair, read_out
from evalkit.models.hf.likelihoods.packing import Packed, forward, pack, packable_depth
from evalkit.models.hf.likelihoods.stem import Stem
from evalkit.models.hf.loading.engine import Engine
from evalkit.models.hf.tokens import common
from evalkit.models.hf.work import Work

WORTH = 16
"""Fewer tokens than these are read again rather than kept: a pass of its own costs more."""


LONG = 2048
"""More tokens than these are never read as a tree: its mask takes memory by the square of its length."""


@dataclass(frozen=True, slots=True)
class Room:
    """What one pass may hold. Tokens of one row all meet in attention, so long rows cost more for each token."""

    tokens: int
    rows: int
    logits: int

    @classmethod
    def on(cls, device: str) -> Room:
        return cls(512, 1, 2**25) if device == "cpu" else cls(1024, 16, 2**27)

    def halved(self) -> Room | None:
        """None where there is nothing left to halve."""
        if self.rows > 1:
            return Room(self.tokens, self.rows // 2, self.logits // 2)
        return Room(self.tokens // 2, 1, self.logits // 2) if self.tokens > 64 else None


@dataclass(frozen=True, slots=True)
class Scored:
    """``place`` is the pair's among those asked; ``seconds`` are its pass's, which ``together`` pairs shared."""

    place: int
    logprobs: list[float]
    margins: list[float] | None
    seconds: float
    together: int


@dataclass(frozen=True, slots=True)
class _Job:
    place: int
    read: tuple[int, ...]
    """All but the last token, which nothing is predicted from."""
    first: int
    """Where in it the first token of the continuation is predicted."""
    targets: tuple[int, ...]


class SharedContexts:
    """Scores pairs of one engine. Holds keys and values between calls, for blocks of a suite begin alike, too."""

    def __init__(
        self, engine: Engine, work: Work | None = None, most: int | None = None, room: Room | None = None
    ) -> None:
        self.engine = engine
        self._work = work if work is not None else Work()
        self._most = most
        """So many pairs in a pass at most, where somebody said so."""
        self.room = room or Room.on(engine.device.partition(":")[0])
        self._stem = Stem(engine)
        self._before: tuple[int, ...] = ()
        """What was read last in the call before: what this call shares with it, the next may share, too."""
        self._depth: int | None = None

    def can(self, pair: Pair) -> bool:
        """Whether this model reads trees rightly, and texts as long as this."""
        if self._depth is None:
            self._depth = packable_depth(self.engine)
        return len(pair.context) + len(pair.continuation) <= self._depth and len(pair.continuation) <= LONG

    def score(self, pairs: Sequence[Pair], margins: bool) -> Iterator[Scored]:
        """In the order of their tokens, pass by pass. What a pass raises leaves the pairs after it unscored."""
        jobs = [
            _Job(place, (*pair.context, *pair.continuation[:-1]), len(pair.context) - 1, pair.continuation)
            for place, pair in enumerate(pairs)
        ]
        jobs.sort(key=lambda job: (job.read, job.place))
        at = 0
        while at < len(jobs):
            began, held = time.perf_counter(), self._stem.read
            rows, depth = self._take(jobs, at)
            count = sum(map(len, rows))
            further = self._further(jobs, at, at + count)
            if further - depth >= WORTH:
                self._stem.become(jobs[at].read[:further])
                rows, depth = self._take(jobs, at)
                count = sum(map(len, rows))
            self._stem.become(jobs[at].read[:depth])
            packed = [pack([(job.read[depth:], job.first - depth, job.targets) for job in row]) for row in rows]
            numbers = self._pass(packed, depth, margins)
            seconds, kept = time.perf_counter() - began, self._stem.read - held
            lengths = [len(job.read) for row in rows for job in row]
            widths = [len(row.tokens) for row in packed]
            self._work.read(lengths, kept + sum(widths), kept + len(widths) * max(widths), seconds)
            for job, (logprobs, leads) in zip((job for row in rows for job in row), numbers, strict=True):
                yield Scored(job.place, logprobs, leads, seconds, count)
            at += count
        self._before = jobs[-1].read if jobs else self._before

    def forget(self) -> None:
        """Give back the memory of what is kept."""
        self._stem.become(())

    def _usable(self, job: _Job) -> int:
        """So much of the stem is this job's own beginning; the stem's last token must not be one to predict from."""
        return min(common(job.read, self._stem.tokens), job.first)

    def _take(self, jobs: Sequence[_Job], at: int) -> tuple[list[list[_Job]], int]:
        """Rows of jobs for one pass, from position ``at`` on, and how much of the stem all of them begin with."""
        room = self.room
        depth = self._usable(jobs[at])
        rows = [[jobs[at]]]
        nodes, predicting, widest = len(jobs[at].read) - depth, len(jobs[at].targets), len(jobs[at].targets)
        lines = max(1, room.logits // self.engine.model.config.get_text_config().vocab_size)
        for number in range(at + 1, len(jobs)):
            job = jobs[number]
            usable = self._usable(job)
            if number - at == self._most or depth - usable >= WORTH:
                break
            depth = min(depth, usable)
            new = len(job.read) - max(depth, common(job.read, jobs[number - 1].read))
            opens = nodes + new > room.tokens
            oversize = max(nodes, len(job.read) - depth) > room.tokens  # other rows would be padded to its length
            nodes, predicting = (
                (len(job.read) - depth, len(job.targets)) if opens else (nodes + new, predicting + len(job.targets))
            )
            widest = max(widest, min(nodes, predicting))
            if (opens and (oversize or len(rows) == room.rows)) or widest * (len(rows) + opens) > lines:
                break
            if opens:
                rows.append([])
            rows[-1].append(job)
        return rows, depth

    def _further(self, jobs: Sequence[_Job], at: int, end: int) -> int:
        """How long the stem should be: what all of this pass and the one after it, or the last call's, begin with; all
        that this pass begins with, where that is long."""
        shared = min(common(jobs[at].read, jobs[end - 1].read), *(job.first for job in jobs[at:end]), jobs[at].first)
        if shared > LONG:
            return shared
        after = jobs[end].read if end < len(jobs) else ()
        return min(shared, max(common(jobs[at].read, after), common(jobs[at].read, self._before)))

    def _pass(
        self, packed: Sequence[Packed], depth: int, margins: bool
    ) -> list[tuple[list[float], list[float] | None]]:
        import torch

        with torch.inference_mode():
            logits = forward(self.engine, packed, depth, self._stem.reading() if depth else None)
            return read_out(
                logits,
                [(row, lines, targets) for row, one in enumerate(packed) for lines, targets in one.asked],
                margins,
            )
