"""Where the database is: a path or URL from a person, checked, and a name for it that shows no secret."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from evalkit.errors import StoreError

FORMS = "a path, sqlite:///PATH, sqlite:///:memory: or postgresql+pg8000://USER@HOST/DATABASE"
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass(frozen=True, slots=True)
class Location:
    url: URL
    shown: str
    """For people: without password and without options."""

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def in_memory(self) -> bool:
        return self.is_sqlite and self.url.database in {None, "", ":memory:"}

    @property
    def path(self) -> Path | None:
        return Path(self.url.database) if self.is_sqlite and self.url.database and not self.in_memory else None

    def without_secrets(self, message: str) -> str:
        """A driver's message may repeat what it was given."""
        secrets = [str(self.url.password or "")]
        for value in self.url.query.values():
            secrets.extend([value] if isinstance(value, str) else value)
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            message = message.replace(secret, "***")
        return message


def locate(text: str) -> Location:
    if text == ":memory:":
        text = "sqlite://"
    if not _SCHEME.match(text):
        path = Path(text).expanduser()
        return Location(URL.create("sqlite", database=str(path)), str(path))
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # the parser's own message repeats parts of the URL, a password among them
        raise StoreError("the URL of the runs database cannot be read", hint=f"give {FORMS}") from None
    backend = "postgresql" if url.get_backend_name() == "postgres" else url.get_backend_name()
    if backend not in {"sqlite", "postgresql"}:
        raise StoreError(f"runs databases are SQLite or PostgreSQL, not '{backend}'", hint=f"give {FORMS}")
    if url.drivername in {"postgres", "postgresql"}:
        url = url.set(drivername="postgresql+pg8000")
    if backend == "sqlite":
        shown = url.database or ":memory:"
    else:
        port = f":{url.port}" if url.port else ""
        shown = f"{backend}://{url.host or 'localhost'}{port}/{url.database or ''}"
    return Location(url, shown)
