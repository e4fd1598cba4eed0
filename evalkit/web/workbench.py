"""What the pages share: the runs database, opened to be looked at, and who may ask."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from evalkit.store import Store

LEAST_TOKEN = 16
"""Characters of a token that somebody chose."""
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Access:
    """Who is let in, and under which names of this server."""

    token: str
    hosts: frozenset[str] = frozenset({"127.0.0.1", "localhost", "::1"})
    """Without a port: another one may be forwarded to ours."""
    cookie: str = "evalkit-view"


class Remembered(Generic[V]):
    """The newest few of what is dear to make. Two who ask at once make it twice, and nobody waits."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[str, V] = OrderedDict()
        self._turn = threading.Lock()

    def get(self, key: str, make: Callable[[], V]) -> V:
        with self._turn:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._turn:
            self._kept[key] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made


@dataclass(slots=True)
class Workbench:
    """Threads share it. ``store`` refuses to write; ``review_store`` opens the same database for reviews."""

    store: Store
    url: str
    access: Access
    counts: Remembered[int] = field(default_factory=lambda: Remembered(10_000))
    outcomes: Remembered[str] = field(default_factory=lambda: Remembered(10_000))
    closing: threading.Event = field(default_factory=threading.Event)
    """Set when the server is about to end: streams end, too."""
    patience: float = 0.1
    """Seconds that a page waits for what is made beside it, before it says so."""
    others: dict[str, object] = field(default_factory=dict)
    """What pages keep here between requests, by their own name."""

    def close(self) -> None:
        self.closing.set()
        for kept in self.others.values():
            if callable(close := getattr(kept, "close", None)):
                close()
        self.store.close()


def open_workbench(url: str, access: Access) -> Workbench:
    from evalkit.store.looking import open_for_looking

    return Workbench(open_for_looking(url), url, access)


def token_of(environ: Mapping[str, str]) -> str:
    """The variable's, or a new one. Never an option: every user of a machine can read its processes' options."""
    import secrets

    from evalkit.errors import ConfigurationError

    given = environ.get("EVALKIT_VIEW_TOKEN", "")
    if not given:
        return secrets.token_urlsafe()
    if len(given) < LEAST_TOKEN or not given.isascii() or not given.replace("-", "").replace("_", "").isalnum():
        raise ConfigurationError(
            f"a token has at least {LEAST_TOKEN} letters, digits, '-' and '_'",
            where="EVALKIT_VIEW_TOKEN",
            hint="leave it out, and each start makes a new one",
        )
    return given
