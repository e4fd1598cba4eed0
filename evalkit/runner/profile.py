"""Where a run's time goes: stages that nest, and what models did meanwhile. Costs nothing where nobody asked for it.

A stage is entered by name, ``with stage("store"):``, wherever the work is done; who wants to know opens a ``Recorder``
around it. Time is booked when one stage gives way to another, so that a stage's own time and its parts are the whole.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from threading import get_ident
from typing import TYPE_CHECKING, TypeVar

from evalkit.profiles import Profile, Stage

if TYPE_CHECKING:
    from evalkit.protocols import Backend
    from evalkit.records import Answer
    from evalkit.runner.profile_models import Watched

OTHER = "other"
T = TypeVar("T")
NOTHING: AbstractContextManager[None] = nullcontext()
_open: ContextVar[Recorder | None] = ContextVar("recorder", default=None)


class Span:
    """A stage within those around it. It may be entered again and again, and is its own context manager."""

    __slots__ = ("cpu", "parent", "parts", "recorder", "rest", "times", "wall")

    def __init__(self, recorder: Recorder, parent: Span | None, rest: str) -> None:
        self.recorder = recorder
        self.parent = parent
        self.rest = rest
        """What its own time is called, once it has parts."""
        self.parts: dict[str, Span] = {}
        self.times = 0
        self.wall = self.cpu = 0.0
        """Its own, without its parts."""

    def __enter__(self) -> None:
        self.times += 1
        self.recorder.give_way(self)

    def __exit__(self, *_: object) -> None:
        if self.parent is not None:
            self.recorder.give_way(self.parent)


class Recorder:
    """The stages of one run, as one thread goes through them; other threads are not in its book."""

    def __init__(self, before: str = "", since: tuple[float, float] = (0.0, 0.0)) -> None:
        """``before`` names what went on ``since`` a moment that was read from wall clock and CPU clock."""
        self._root = Span(self, None, OTHER)
        self.current = self._root
        self.thread = get_ident()
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        self._children_cpu = _cpu_of_children()
        self.models: dict[str, Watched] = {}
        if before:
            earlier = self._root.parts[before] = Span(self, self._root, OTHER)
            earlier.times = 1
            earlier.wall, earlier.cpu = self._wall - since[0], self._cpu - since[1]

    def span(self, name: str, rest: str) -> Span:
        """Within the present one."""
        parts = self.current.parts
        if name not in parts:
            parts[name] = Span(self, self.current, rest)
        return parts[name]

    def give_way(self, to: Span) -> None:
        """Book the time until now on the present stage, and go on in another."""
        current = self.current
        wall, cpu = time.perf_counter(), time.process_time()
        current.wall += wall - self._wall
        current.cpu += cpu - self._cpu
        self._wall, self._cpu, self.current = wall, cpu, to

    def watch(self, role: str, backend: Backend) -> Watched:
        """Counts what a model answers from now on."""
        from evalkit.runner.profile_models import Watched

        if role not in self.models:
            self.models[role] = Watched(role, backend)
        return self.models[role]

    def profile(self) -> Profile:
        """Until now. What is under way counts for as long as it took so far."""
        from evalkit.runner.profile_models import beside, divided

        self.give_way(self.current)
        top = divided(_stage("run", self._root), self.models.values())
        return Profile(
            seconds=top.seconds,
            cpu_seconds=top.cpu_seconds,
            stages=top.stages,
            models=tuple(model.work(top.stages) for model in self.models.values()),
            beside=beside(top.stages, self.models.values(), _cpu_of_children() - self._children_cpu),
        )


def _stage(name: str, span: Span) -> Stage:
    """With its own time as the last of its parts."""
    parts = [_stage(part, inner) for part, inner in span.parts.items()]
    if parts:
        parts.append(Stage(span.rest, span.wall, span.cpu, span.times))
    return Stage(
        name,
        seconds=span.wall + sum(part.seconds for part in parts[:-1]),
        cpu_seconds=span.cpu + sum(part.cpu_seconds or 0.0 for part in parts[:-1]),
        times=span.times,
        stages=tuple(parts),
    )


def _cpu_of_children() -> float:
    """Of processes that have ended and were waited for."""
    spent = os.times()
    return spent.children_user + spent.children_system


@contextmanager
def recording(before: str = "", since: tuple[float, float] = (0.0, 0.0)) -> Iterator[Recorder]:
    """Stages inside are recorded, in this thread. Recorders do not nest: the innermost has everything."""
    recorder = Recorder(before, since)
    token = _open.set(recorder)
    try:
        yield recorder
    finally:
        _open.reset(token)


def recorder() -> Recorder | None:
    return _open.get()


def stage(name: str, rest: str = OTHER) -> AbstractContextManager[None]:
    """The time inside is booked on this stage; ``rest`` names what none of its parts took."""
    open_one = _open.get()
    return NOTHING if open_one is None or open_one.thread != get_ident() else open_one.span(name, rest)


def timed(name: str, things: Iterable[T], rest: str = OTHER) -> Iterable[T]:
    """The same things; the time it takes to make each is booked on a stage."""
    open_one = _open.get()
    return things if open_one is None else _timed(open_one, name, things, rest)


def _timed(
    open_one: Recorder, name: str, things: Iterable[T], rest: str = OTHER, seen: Callable[[T], None] | None = None
) -> Iterator[T]:
    """There may be a million things: the stage is looked up once for as long as whoever asks is in the same one."""
    around = span = Span(open_one, None, rest)  # nowhere yet
    iterator = iter(things)
    give_way, thread = open_one.give_way, open_one.thread
    while True:
        here = get_ident() == thread
        if here:
            if open_one.current is not around:
                around = open_one.current
                span = open_one.span(name, rest)
            span.times += 1
            give_way(span)
        try:
            thing = next(iterator)
        except StopIteration:
            return
        finally:
            if here:
                give_way(around)
        if seen is not None:
            seen(thing)
        yield thing


def asked(role: str, backend: Backend, answers: Iterator[tuple[int, Answer]]) -> Iterator[tuple[int, Answer]]:
    """The same answers; waiting for each is booked on asking, and what they cost is counted."""
    open_one = _open.get()
    if open_one is None:
        return answers
    watched = open_one.watch(role, backend)
    return _timed(open_one, watched.stage, answers, OTHER, watched.count)


@contextmanager
def uncounted() -> Iterator[None]:
    """What models do inside is in no account of theirs: they are asked, and not for the run."""
    open_one = _open.get()
    with ExitStack() as stack:
        for watched in open_one.models.values() if open_one else ():
            stack.enter_context(watched.left_out())
        yield


def watch(role: str, backend: Backend) -> None:
    """What a model does from its weights' loading on, where somebody wants to know."""
    if open_one := _open.get():
        open_one.watch(role, backend)
