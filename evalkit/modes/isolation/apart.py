"""A process of its own for what may crash, hang or leave something behind: made by forking, held to limits, and
ended with all that it started."""

from __future__ import annotations

import faulthandler
import os
import re
import selectors
import signal
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

LAST_LOOK = 0.5
"""Seconds in which a process that is late says where it is."""
LONGEST_TRACE = 20_000
SET_DEATH_SIGNAL, ADOPT_ORPHANS = 1, 36
"""Of Linux's prctl."""
_FRAME = re.compile(r'File "([^"\n]+)", line (\d+) in (\S+)')


class Unheard(Exception):
    """Nobody waits for what is done here any more."""


@dataclass(frozen=True, slots=True)
class Left:
    """What a process left behind."""

    said: bytes
    """Its answer; nothing where it did not come that far."""
    status: int | None
    """As ``waitpid`` tells it; None: it was late, and was ended."""
    trace: str = ""
    """Where it was when it crashed, or was ended."""

    @property
    def place(self) -> str:
        """The innermost line that is not of Python itself; empty where that is not known."""
        own = sysconfig.get_path("stdlib")
        frames = [found.groups() for found in _FRAME.finditer(self.trace)]
        theirs = [frame for frame in frames if not frame[0].startswith(own) or "site-packages" in frame[0]]
        return "".join(f"{Path(file).name}, line {line}, in {name}" for file, line, name in theirs[:1])


class Apart:
    """Processes of which one at a time is tried. ``heard`` ends when nobody waits for an answer any more; ``private``:
    open files that are nobody's business in there."""

    def __init__(self, heard: int, private: Sequence[int]) -> None:
        self._heard = heard
        self._woken, self._wakes = os.pipe()
        self._private = (heard, *private, self._woken, self._wakes)
        os.set_blocking(self._wakes, False)
        signal.set_wakeup_fd(self._wakes, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever waits for answers is asked to stop, and closes ``heard``
        _prctl(ADOPT_ORPHANS, 1)

    def run(self, work: Callable[[], Iterator[bytes]], seconds: float, folder: Path) -> Left:
        """``work`` says its answer, and may better it until it ends. It finds itself in a folder that is removed."""
        with _removed_afterwards(folder) as own:
            child = os.fork()
            if not child:
                self._be_the_child(work, own)
            try:
                status = self._waited_for(child, own, time.monotonic() + seconds)
            finally:
                _end_all(child)
            return Left(_read(own / "answer"), status, _read(own / "where").decode("utf-8", "replace"))

    def _be_the_child(self, work: Callable[[], Iterator[bytes]], own: Path) -> NoReturn:
        try:
            _prctl(SET_DEATH_SIGNAL, signal.SIGKILL)
            os.setpgid(0, 0)  # what it starts ends with it
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for number in self._private:
                os.close(number)
            where = (own / "where").open("w", encoding="utf-8")
            faulthandler.enable(where, all_threads=False)
            faulthandler.register(signal.SIGUSR1, where, all_threads=False)
            place = own / "work"
            place.mkdir()
            os.chdir(place)
            os.environ["TMPDIR"] = tempfile.tempdir = str(place)
            answer = os.open(own / "answer", os.O_WRONLY | os.O_CREAT, 0o600)
            for said in work():
                os.ftruncate(answer, 0)
                os.pwrite(answer, said, 0)
        finally:
            os._exit(0)

    def _waited_for(self, child: int, own: Path, deadline: float) -> int | None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._woken, selectors.EVENT_READ)
            selector.register(self._heard, selectors.EVENT_READ)
            while True:
                ended, status = os.waitpid(child, os.WNOHANG)
                if ended:
                    return status
                left = deadline - time.monotonic()
                if left <= 0:
                    _look_where(child, own / "where")
                    return None
                for key, _ in selector.select(left):
                    if key.fd == self._heard:
                        raise Unheard
                    os.read(self._woken, 4096)


@contextmanager
def _removed_afterwards(folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="trial-", dir=folder, ignore_cleanup_errors=True) as own:
        yield Path(own)


def _look_where(child: int, where: Path) -> None:
    """It is asked where it is; a process that is stopped, or takes that signal itself, does not say so."""
    until = time.monotonic() + LAST_LOOK
    with suppress(OSError):
        os.kill(child, signal.SIGUSR1)
        while not where.stat().st_size and time.monotonic() < until:
            time.sleep(0.01)


def _end_all(child: int) -> None:
    """It, its group, and on Linux whatever of it went into a group of its own."""
    for end in (os.killpg, os.kill):
        with suppress(ProcessLookupError, PermissionError):
            end(child, signal.SIGKILL)
    with suppress(ChildProcessError):
        while True:
            for orphan in _children():
                with suppress(ProcessLookupError):
                    os.kill(orphan, signal.SIGKILL)
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.001)


def _children() -> list[int]:
    try:
        own = Path(f"/proc/self/task/{threading.get_native_id()}/children")
        return [int(word) for word in own.read_text(encoding="ascii").split()]
    except OSError:
        return []


def _read(file: Path) -> bytes:
    with suppress(OSError), file.open("rb") as opened:
        return opened.read(1_000_000)
    return b""


def _prctl(what: int, value: int) -> None:
    """Linux alone has it; elsewhere what leaves its group is not found."""
    import ctypes

    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(what, value, 0, 0, 0)
