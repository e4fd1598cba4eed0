"""What an HTTP answer that is not an answer means: which kind of failure, and whether trying again makes sense.

Nothing here repeats headers or keys, and what a server wrote is shortened and freed of control characters.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from evalkit.failures import is_transient, kind_of_status
from evalkit.models.endpoint.wire import error_text
from evalkit.records import FailureKind

SHOWN = 200
MOVED = "redirects are not followed, so that a key reaches nobody it was not meant for: use the final address"
_NO_MODEL = re.compile(r"model_not_found|model .{0,80}(?:does not exist|not found|not available)", re.IGNORECASE)
_CROWDED = {408, 429, 503, 504}


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    content_type: str
    location: str
    retry_after: str
    data: bytes
    seconds: float = 0.0
    framed: bool = True
    """Whether its end was announced: one that ends with the connection may have been cut off there."""

    @property
    def looks_like_a_page(self) -> bool:
        return "html" in self.content_type.lower() or self.data[:256].lstrip().startswith((b"<!", b"<html", b"<HTML"))


class Trouble(Exception):
    """One try that brought no answer."""

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        *,
        retry: bool = False,
        later: bool = False,
        retry_after: float | None = None,
        unreachable: bool = False,
        for_all: bool = False,
        crowded: bool = False,
        silent: bool = False,
        hint: str = "",
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.retry = retry
        """Trying again at once, after a wait, may help."""
        self.later = later or retry
        """Asking again another day may help."""
        self.retry_after = retry_after
        self.unreachable = unreachable
        """The server was not even spoken to."""
        self.for_all = for_all
        """Every other request would fail in the same way."""
        self.crowded = crowded
        """The server has more to do than it can: it should be sent fewer requests at once."""
        self.silent = silent or unreachable
        """The server said nothing at all."""
        self.hint = hint


def shown(text: str) -> str:
    """What a server wrote, fit for a terminal: no control or direction characters, at most 200 characters."""
    printable = "".join(c if c.isprintable() else " " for c in text[: SHOWN * 4])
    words = " ".join(printable.split())
    return words if len(words) <= SHOWN else words[: SHOWN - 1] + "…"


def parse_retry_after(value: str, now: datetime) -> float | None:
    """Seconds, or an HTTP date; nothing where it is neither. Never below 0."""
    if re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", value.strip()):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # years and offsets may be of any length
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def trouble_of(reply: Reply, *, key_hint: str, url: str) -> Trouble | None:
    """None for a status that promises an answer."""
    status, said = reply.status, _said(reply)
    kind = kind_of_status(status, said + _code(reply))
    if kind is None:
        return None
    if kind is FailureKind.AUTHENTICATION:
        # The body is not shown: servers repeat part of the key in it.
        return Trouble(kind, f"HTTP {status}: access refused", for_all=True, hint=key_hint)
    if status < 400:
        return Trouble(kind, f"HTTP {status}: {_moved(reply)}", for_all=True, hint=MOVED)
    message = f"HTTP {status}: {said}" if said else f"HTTP {status}"
    if is_transient(kind):
        return _passing(reply, kind, message)
    return _refused(status, kind, message, said + _code(reply), url)


def _passing(reply: Reply, kind: FailureKind, message: str) -> Trouble:
    used_up = reply.status == 429 and "insufficient_quota" in _code(reply)
    wait = parse_retry_after(reply.retry_after, datetime.now(UTC)) if reply.retry_after else None
    crowded = reply.status in _CROWDED and not used_up
    return Trouble(kind, message, retry=not used_up, later=True, retry_after=wait, crowded=crowded)


def _refused(status: int, kind: FailureKind, message: str, said: str, url: str) -> Trouble:
    if kind is not FailureKind.TOO_LONG and (status in {404, 405, 410} or _NO_MODEL.search(said)):
        # Without credentials or query: the address was checked when the reference was read.
        hint = "is the model's name right?" if _NO_MODEL.search(said) else address_hint(url)
        return Trouble(FailureKind.CONFIGURATION, message, for_all=True, hint=hint)
    return Trouble(kind, message)


def web_page(url: str) -> Trouble:
    message = "answered a web page, not JSON"
    return Trouble(FailureKind.CONTENT, message, for_all=True, hint=address_hint(url))


def address_hint(url: str) -> str:
    missing = "" if "/v1" in urlsplit(url).path else "; is /v1 missing?"
    return f"asked at {url}{missing}"


def _moved(reply: Reply) -> str:
    try:
        to = urlsplit(reply.location)
        place = f"{to.scheme}://{to.hostname}{to.path}" if to.hostname else to.path
    except ValueError:
        place = ""
    return f"redirects to {shown(place)}" if place else "redirects without saying where"


def _json(reply: Reply) -> Any:
    try:
        return json.loads(reply.data)
    except (ValueError, RecursionError):
        return None


def _said(reply: Reply) -> str:
    if reply.looks_like_a_page:
        return "a web page"
    data = _json(reply)
    if isinstance(data, dict | list) and data:
        return shown(error_text(data))
    return shown(reply.data[: SHOWN * 4].decode("utf-8", "replace"))


def _code(reply: Reply) -> str:
    data = _json(reply)
    error = data.get("error", data) if isinstance(data, dict) else None
    if not isinstance(error, dict):
        return ""
    inner = error.get("innererror")  # Azure says there which of its policies was met
    holders = [error, inner] if isinstance(inner, dict) else [error]
    return " ".join(str(one.get(name) or "")[:SHOWN] for one in holders for name in ("code", "type"))
