"""Events of runs as lines of JSON, and a word to an address when a run ended."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import click

from evalkit.errors import ConfigurationError, EvalkitError, ReportError
from evalkit.runner.events import FAILED, FINISHED, INTERRUPTED, Event, Tell, now, told_of

STANDARD_OUTPUT = "-"
ENDS = {FINISHED, INTERRUPTED, FAILED}
PATIENCE = 10.0
"""Seconds that an address has to take a notice."""


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
            tells.append(_poster(address))
        yield _all_of([*tells, lambda event: ended.update({event.name} & ENDS)]) if tells else None
    except EvalkitError as error:
        if not ended:
            _all_of(tells)(Event(FAILED, now(), "", suite, ", ".join(models), told_of(error, error.message)))
        raise
    finally:
        if stream is not None and stream is not sys.stdout:
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
        return Path(target).expanduser().open("w", encoding="utf-8")
    except OSError as error:
        said = f"'{target}' cannot be written to: {error.strerror or error}"
        raise ReportError(said, hint="--events FILE, or - for standard output") from error


def _writer(stream: IO[str]) -> Tell:
    """A line as soon as something happens. Whoever stops reading does not stop the run."""

    def tell(event: Event) -> None:
        with suppress(OSError, ValueError):
            stream.write(json.dumps(event.to_json(), ensure_ascii=True) + "\n")
            stream.flush()

    return tell


def _poster(address: str) -> Tell:
    if not address.startswith(("http://", "https://")):
        raise ConfigurationError("is no address of the web", where="--notify", hint="--notify https://HOST/PATH")

    def tell(event: Event) -> None:
        if event.name in ENDS:
            _post(address, event, warn=lambda said: click.echo(f"warning: --notify: {said}", err=True))

    return tell


def _post(address: str, event: Event, warn: Callable[[str], None]) -> None:
    """A notice that cannot be delivered is said, and is no reason for another exit code. The address may hold a secret:
    it is not repeated."""
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    body = json.dumps(event.to_json()).encode()
    request = Request(address, body, {"Content-Type": "application/json"}, method="POST")  # noqa: S310 - http or https
    try:
        with urlopen(request, timeout=PATIENCE):  # noqa: S310 - http or https
            pass
    except HTTPError as error:
        warn(f"the server answered with {error.code}")
    except (URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        warn(f"the server could not be told ({type(reason).__name__})")
