"""A private event loop in a thread of its own, so that callers need not be asynchronous and connections stay open from
one block of requests to the next.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from evalkit.errors import ModelError

T = TypeVar("T")
CLOSING_SECONDS = 5.0
Last = Callable[[], Coroutine[Any, Any, None]]


class LoopThread:
    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()
        self._ending: asyncio.Task[None] | None = None

    def run(self, coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run it there and wait for its result. An interruption of the waiting cancels it."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result(timeout)
        except BaseException:
            future.cancel()
            raise

    def start(self, coroutine: Coroutine[Any, Any, None], when_done: Callable[[BaseException | None], None]) -> Job:
        """Start it and go on. ``when_done`` is called once, in the loop's thread, with what went wrong, if anything:
        being cancelled is among that, for somebody else than who waits may have closed the loop.
        """

        def done(task: asyncio.Task[None]) -> None:
            when_done(
                ModelError("the connection was closed before all was answered")
                if task.cancelled()
                else task.exception()
            )

        async def create() -> asyncio.Task[None]:
            task = asyncio.create_task(coroutine)
            task.add_done_callback(done)
            return task

        return Job(self._loop, self.run(create()))

    @property
    def alive(self) -> bool:
        return self._thread.is_alive() and not self._loop.is_closed()

    def call(self, function: Callable[..., None], *arguments: Any) -> None:
        """In the loop's thread, soon."""
        self._loop.call_soon_threadsafe(function, *arguments)

    def finish(self, last: Last) -> None:
        """Run something whose result nobody needs; nothing happens where the thread is gone."""
        if not self.alive:
            return
        if threading.current_thread() is self._thread:
            self._ending = self._loop.create_task(last())
            return
        with suppress(TimeoutError):  # what cannot be closed in time ends with the process
            self.run(last(), timeout=CLOSING_SECONDS)

    def close(self, last: Last | None = None) -> None:
        """Cancel what is under way, run ``last``, then stop the thread. May be called twice, by the garbage collector
        in any thread, at the end of the process, and after a fork, where the thread is not alive.
        """
        if not self.alive:
            return
        if threading.current_thread() is self._thread:
            self._loop.stop()
            return
        self.finish(_cancel_all)
        if last is not None:
            self.finish(last)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=CLOSING_SECONDS)
        if not self._thread.is_alive():
            self._loop.close()


async def _cancel_all() -> None:
    """Whoever waits for one of them would wait for ever."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Job:
    def __init__(self, loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
        self._loop = loop
        self._task = task

    def cancel(self) -> None:
        with suppress(RuntimeError):  # a loop that is closed has cancelled everything
            self._loop.call_soon_threadsafe(self._task.cancel)
