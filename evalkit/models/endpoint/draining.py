"""Beginning nothing more: what waits for its turn, a retry or a silent server is given up; what is sent is answered."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio


class GivenUp(Exception):
    """Somebody wants no more answers than those under way."""


class Draining:
    """Around whatever waits while nothing is with the server: ``with draining: await ...``. Lives in one event loop."""

    def __init__(self, *, asked: bool = False) -> None:
        self.asked = asked
        self._waiting: set[asyncio.Task[object]] = set()

    def ask(self) -> None:
        if not self.asked:
            self.asked = True
            for task in self._waiting:
                task.cancel()

    def __enter__(self) -> None:
        if self.asked:
            raise GivenUp
        task = _this_task()
        self._waiting.add(task)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        task = _this_task()
        self._waiting.discard(task)
        import asyncio

        # somebody else may have cancelled it as well: then it is cancelled
        if self.asked and isinstance(error, asyncio.CancelledError) and not task.uncancel():
            raise GivenUp from None


def _this_task() -> asyncio.Task[object]:
    import asyncio  # by whoever opens an endpoint and asks nothing it is not needed

    task = asyncio.current_task()
    assert task is not None
    return task
