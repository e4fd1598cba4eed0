"""What there was to see when something went wrong: where it was raised, and the last lines of the log."""

from __future__ import annotations

import logging
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from evalkit.failures.secrets import without_secrets
from evalkit.records import Failure, Trace

LINES = 20
"""Of the log, that are remembered."""
LONGEST_LINE = 300
MOST_FRAMES = 12
"""Of a traceback, from where it was raised."""
MOST_TRACEBACK = 4000
"""Characters."""
MOST_TRACES = 200
"""That one run keeps: a thousand errors of one cause have no more to say."""
LONGEST_MESSAGE = 2000


class LogTail(logging.Handler):
    """Remembers the last lines that any library logs; nobody reads less because of it."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[str] = deque(maxlen=LINES)
        self.traces = 0
        """That were made while it listened."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            said = record.getMessage()
        except Exception:  # noqa: BLE001 - a library's own faulty format is no error of the run
            said = str(record.msg)
        self._lines.append(f"{record.levelname} {record.name}: {' '.join(said.split())}"[:LONGEST_LINE])
        last = logging.lastResort
        if logging.root.handlers == [self] and last is not None and record.levelno >= last.level:
            last.handle(record)  # as if nobody listened

    @property
    def text(self) -> str:
        return "\n".join(self._lines)


_tails: list[LogTail] = []
"""Those that listen, the latest last: logging itself is one for the whole process."""


@contextmanager
def log_tail() -> Iterator[LogTail]:
    """While a run is made, what is logged is remembered for its artefacts."""
    tail = LogTail()
    logging.root.addHandler(tail)
    _tails.append(tail)
    try:
        yield tail
    finally:
        _tails.remove(tail)
        logging.root.removeHandler(tail)


def trace_of(error: BaseException | None = None) -> Trace | None:
    """Of an error that is being handled; without one, the log alone. No values of variables, and no secrets. None where
    there is nothing to see, or a run has kept enough."""
    if _tails and _tails[-1].traces >= MOST_TRACES:
        return None
    raised = _traceback(error) if error is not None and error.__traceback__ is not None else ""
    said = without_secrets(_tails[-1].text) if _tails else ""
    if not (raised or said):
        return None
    if _tails:
        _tails[-1].traces += 1
    return Trace(raised, said)


def fit_to_keep(failure: Failure) -> Failure:
    """A failed request's failure without secrets, of a bounded length, and with what the log says."""
    message = without_secrets(failure.message)[:LONGEST_MESSAGE]
    return replace(failure, message=message, trace=failure.trace or trace_of())


def _traceback(error: BaseException) -> str:
    told = traceback.TracebackException.from_exception(error, limit=-MOST_FRAMES, compact=True)
    text = without_secrets("".join(told.format(chain=True)).strip())
    if len(text) <= MOST_TRACEBACK:
        return text
    half = MOST_TRACEBACK // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half:,} more characters ...]\n{text[-half:]}"
