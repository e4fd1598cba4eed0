"""A word to an address when a run ended. Whatever becomes of it, the run's exit code stays what it is."""

from __future__ import annotations

import json
import time
from http.client import HTTPException
from threading import Thread
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import click

from evalkit.errors import ConfigurationError
from evalkit.runner.events import ENDS, Event, Tell

LONGEST = 20.0
"""Seconds that all tries together may take."""
PATIENCE = 8.0
"""Seconds without a word from the server, in one try."""
WAITS = (1.0, 3.0)
"""Seconds before each further try."""
BUSY = {408, 429, 500, 502, 503, 504}


def poster(address: str) -> Tell:
    """The address may hold a secret: nothing that is said repeats it."""
    _require_address(address)

    def tell(event: Event) -> None:
        if event.name in ENDS and (failed := _posted(address, json.dumps(event.to_json()).encode())):
            click.echo(f"warning: --notify: {failed}", err=True)

    return tell


def _require_address(address: str) -> None:
    hint = "--notify https://HOST/PATH, with what is no plain letter or digit written as %20"
    try:
        parts = urlsplit(address)
        whole = bool(parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0)
    except ValueError:
        whole = False
    if not whole or not address.isascii() or not address.isprintable() or " " in address:
        raise ConfigurationError("is no address of the web", where="--notify", hint=hint)
    if parts.username or parts.password:
        what = "has a user or a password before its host, which is not sent"
        raise ConfigurationError(what, where="--notify", hint="put the token into the path or the query")


def _posted(address: str, body: bytes) -> str:
    """What went wrong, or nothing. In a thread, for a server could keep a connection busy for ever."""
    failed = [f"the server took longer than {LONGEST:.0f} seconds"]

    def post() -> None:
        failed.append(_tried(address, body, time.monotonic() + LONGEST))

    thread = Thread(target=post, daemon=True)
    thread.start()
    try:
        thread.join(LONGEST)
    except KeyboardInterrupt:  # the run has ended: what is left is to write its report
        return "interrupted by hand"
    return failed[-1]


def _tried(address: str, body: bytes, ends: float) -> str:
    for wait in (*WAITS, None):
        failed, again = _try(address, body)
        if not (failed and again) or wait is None or time.monotonic() + wait > ends:
            break
        time.sleep(wait)
    return failed


def _try(address: str, body: bytes) -> tuple[str, bool]:
    """What went wrong, and whether another try may help."""
    request = Request(address, body, {"Content-Type": "application/json"}, method="POST")  # noqa: S310 - http or https
    try:
        with build_opener(_NoRedirects).open(request, timeout=PATIENCE):
            return "", False
    except HTTPError as error:
        elsewhere = ", which leads elsewhere: it was not followed" if 300 <= error.code < 400 else ""
        return f"the server answered with {error.code}{elsewhere}", error.code in BUSY
    except (URLError, OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        told = type(reason if isinstance(reason, Exception) else error).__name__
        return f"the server could not be told ({told})", not isinstance(error, HTTPException | ValueError)


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would send the notice, or a GET without it, to a place that nobody named."""

    def redirect_request(self, *_: Any) -> None:
        return None
