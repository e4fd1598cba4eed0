"""What is dear is made beside the pages, once: a page waits a moment for it, and else says that it is being made."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from evalkit.results import Run
from evalkit.web.pages import render
from evalkit.web.workbench import Workbench

NAME = "making"
KEPT = 12
_opening = threading.Lock()


class Making:
    """A few things at once, in threads of their own. The newest few are kept; what failed is tried when it is asked
    for again."""

    def __init__(self, at_once: int = 2, kept: int = KEPT) -> None:
        self._pool = ThreadPoolExecutor(at_once, NAME)
        self._kept = kept
        self._turn = threading.Lock()
        self._made: OrderedDict[str, Future[Any]] = OrderedDict()

    def begun(self, key: str, make: Callable[[], Any]) -> Future[Any]:
        with self._turn:
            found = self._made.get(key)
            if found is None:
                found = self._made[key] = self._pool.submit(make)
            elif found.done() and found.exception() is not None:  # whoever asks now is told; who asks again tries again
                return self._made.pop(key)
            self._made.move_to_end(key)
            self._forget_some()
            return found

    def _forget_some(self) -> None:
        """Never what is being made: whoever opened many pages at once would wait for ever, each page for the next."""
        done = [key for key, one in self._made.items() if one.done()]
        for key in done[: max(0, len(done) - self._kept)]:
            del self._made[key]

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def begun(bench: Workbench, key: str, make: Callable[[], Any]) -> Future[Any]:
    """What ``make`` gives, made by whoever asked for ``key`` first."""
    with _opening:
        found = bench.others.get(NAME)
        if not isinstance(found, Making):
            found = bench.others[NAME] = Making()
    return found.begun(key, make)


def is_there(bench: Workbench, one: Future[Any]) -> bool:
    """After no more than a moment."""
    return bool(wait([one], bench.patience).done)


def being_made(request: Request, run: Run, here: str, sentence: str) -> Response:
    """In place of a page: it asks again by itself, without scripts too. ``here``: the label of its link."""
    return render(request, "being_made.html.j2", run=run, run_id=run.id, here=here, sentence=sentence)
