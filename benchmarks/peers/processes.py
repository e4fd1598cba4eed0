"""One process from start to exit, and what it cost, its children included."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

OUTPUT = "output.txt"
_ADDRESS = re.compile(r"[A-Za-z0-9+.-]{1,20}://\S+")
_HOST = re.compile(r"host=[^\s,)]+|(?<=resolve )'[^']*'")
_REASON_CHARACTERS = 600


class Failed(Exception):
    """A contestant did not do its work. The message is the reason, fit for a results file."""


@dataclass(frozen=True, slots=True)
class Usage:
    """`peak_megabytes` is the largest single process's: the kernel does not add up processes that live together."""

    cpu_seconds: float
    wall_seconds: float
    peak_megabytes: float


def presentable(text: str, *private: Path) -> str:
    """The last words of a process without addresses and paths of this machine, which do not belong into results."""
    for path in (*private, Path.home()):
        text = text.replace(str(path), "~")
    text = _HOST.sub("<address>", _ADDRESS.sub("<address>", text))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(lines[-4:])[-_REASON_CHARACTERS:] or "it printed nothing"


def run_measured(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    limit_seconds: float,
    limit_bytes: int | None = None,
) -> Usage:
    """Runs to the end or raises Failed. What it prints goes to a file: a pipe that nobody reads would stop it. Beyond
    `limit_bytes` of address space it is given no memory, where the system can say so.

    A process inherits the peak memory of the one that starts it, so the caller must stay small: standard library only.
    """
    output = folder / OUTPUT
    with output.open("wb") as file:
        began = time.perf_counter()
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise Failed(f"cannot be started: {error.strerror}") from error
        if limit_bytes is not None and hasattr(resource, "prlimit"):
            resource.prlimit(process.pid, resource.RLIMIT_AS, (limit_bytes, limit_bytes))
        with _stopped_after(process.pid, limit_seconds) as stopped:
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if stopped.is_set():
        raise Failed(f"was stopped after {limit_seconds:g} seconds")
    if process.returncode != 0:
        said = output.read_text(encoding="utf-8", errors="replace")
        raise Failed(f"ended with exit code {process.returncode}: {presentable(said, folder)}")
    return Usage(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


@contextmanager
def _stopped_after(group: int, seconds: float) -> Iterator[threading.Event]:
    """Ends the process and all that it started once the time is over, or when the caller is interrupted."""
    stopped = threading.Event()

    def stop() -> None:
        stopped.set()
        _end_group(group)

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield stopped
    except BaseException:
        _end_group(group)
        raise
    finally:
        timer.cancel()


def _end_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return  # it ended by itself
