"""How a run ends before its end: Ctrl-C and ``kill`` let the answers under way be finished and saved; a second one
stops at once. What was answered is kept either way, and the same command goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from typing import Any

from evalkit.errors import Interrupted

SAID = "finishing the answers under way, then saving; press Ctrl-C again to stop now"
KEPT = "interrupted; everything answered so far is kept"


def say_on_standard_error() -> None:
    """Without a stream's buffer or lock: a signal may come in the middle of anything."""
    os.write(2, f"{SAID}\n".encode())


class Ending:
    """Whether somebody wants the run to end, which it does as soon as it can."""

    def __init__(self, say: Callable[[], None] = say_on_standard_error) -> None:
        self.asked = False
        self.cut_short = False
        """There was more to ask."""
        self._say = say
        self._at_once = False

    @property
    def can_wait(self) -> bool:
        """A second wish, or one while weights are loaded and nothing is under way, is met at once."""
        return not (self.asked or self._at_once)

    def ask(self) -> None:
        self.asked = True
        self._say()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Nothing is under way that would be lost."""
        self._at_once = True
        try:
            yield
        finally:
            self._at_once = False

    def stop_if_asked(self) -> None:
        if self.asked:
            raise Interrupted(KEPT)


@contextmanager
def in_order(ending: Ending) -> Iterator[None]:
    """Signals are wishes to end meanwhile. Handlers of other programs stay in place, and those of before come back."""
    before = _replaceable() if current_thread() is main_thread() else {}
    if any(getattr(handler, "heard_one", False) for handler in before.values()):
        raise KeyboardInterrupt  # it was raised before, where a library took it for an error of its own

    def heard(number: int, frame: Any) -> None:
        if ending.can_wait:
            ending.ask()
            return
        _restore(before)
        earlier = before[number]
        if callable(earlier):
            earlier(number, frame)
        raise KeyboardInterrupt

    for number in before:
        signal.signal(number, heard)
    try:
        yield
    finally:
        _restore({number: one for number, one in before.items() if signal.getsignal(number) is heard})


def _replaceable() -> dict[int, Any]:
    """Handlers that are Python's or evalkit's own, by signal. One that is ignored stays ignored."""
    found = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        now = signal.getsignal(number)
        usual = now is signal.default_int_handler or now is signal.SIG_DFL
        if usual or str(getattr(now, "__module__", "")).startswith("evalkit."):
            found[int(number)] = now
    return found


def _restore(handlers: dict[int, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)
