"""Events of runs as lines of JSON, for programs that look on."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import click

from evalkit.errors import EvalkitError, ReportError
from evalkit.runner.events import ENDS, FAILED, Event, Tell, now, told_of

STANDARD_OUTPUT = "-"


@contextmanager
def telling_events(target: str, address: str, suite: str, models: Sequence[str]) -> Iterator[Tell | None]:
    """To a file or standard output, and what ends a run to an address as well; none where nobody wants to know.
    An error that ends the command before a run could tell of it is told as one."""
    tells: list[Tell] = []
    ended: set[str] = set()
    stream = _opened(target) if target else None
    try:
        if stream is not None:
            tells.append(_writer(stream))
        if address:
            from evalkit.cli.notices import poster

            tells.append(poster(address))
        yield _all_of([*tells, lambda event: ended.update({event.name} & ENDS)]) if tells else None
    except EvalkitError as error:
        if not ended:
            _all_of(tells)(Event(FAILED, now(), "", suite, ", ".join(models), told_of(error, error.message)))
        raise
    finally:
        if stream is not None and stream is not sys.stdout:
            with suppress(OSError):  # that it cannot be written was said
                stream.close()


def _all_of(tells: Sequence[Tell]) -> Tell:
    def tell(event: Event) -> None:
        for one in tells:
            one(event)

    return tell


def _opened(target: str) -> IO[str]:
    if target == STANDARD_OUTPUT:
        return sys.stdout
    try:
        return Path(target).expanduser().open("a", encoding="utf-8")  # an interrupted run goes on in the same file
    except OSError as error:
        said = f"'{target}' cannot be written to: {error.strerror or error}"
        raise ReportError(said, hint="--events FILE, or - for standard output") from error


def _writer(stream: IO[str]) -> Tell:
    """A line as soon as something happens. Whoever stops reading does not stop the run, and neither does a full disk,
    which is said once."""
    lost = False

    def tell(event: Event) -> None:
        nonlocal lost
        try:
            stream.write(json.dumps(event.to_json(), ensure_ascii=True) + "\n")
            stream.flush()
        except BrokenPipeError:
            pass
        except (OSError, ValueError) as error:
            if not lost:
                lost = True
                reason = getattr(error, "strerror", None) or error
                click.echo(f"warning: --events: some of them could not be written: {reason}", err=True)

    return tell
