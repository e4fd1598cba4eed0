"""Lengths of time as people write them: ``90s``, ``12h``, ``30d``, ``2w``; and since when."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from evalkit.errors import ConfigurationError

PATTERN = r"^\d{1,6}(\.\d{1,3})?[smhdw]$"
"""For schemas; a blank before the unit, and capital letters, are read, too."""
SAID = "a number and s, m, h, d or w: 90s, 12h, 30d, 2w"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s?([smhdw])")


def age_of(text: str, where: str) -> timedelta:
    """``where`` names the option or key that said it."""
    found = _AGE.fullmatch(text.strip().lower())
    if found is None:
        raise ConfigurationError(f"'{text[:40]}' is no length of time", where=where, hint=SAID)
    return timedelta(**{_UNITS[found[2]]: float(found[1])})


def before_now(age: timedelta) -> datetime:
    """The beginning of time, where it is longer ago."""
    try:
        return datetime.now(UTC) - age
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def since(text: str, where: str) -> str:
    """A date, or a time to look back, as moments are stored."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        try:
            when = before_now(age_of(text, where))
        except ConfigurationError as error:
            what = f"'{text[:40]}' is neither a date nor a time to look back"
            raise ConfigurationError(what, where=where, hint=f"{where} 2026-03-01, or {where} 7d") from error
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return when.astimezone(UTC).isoformat(timespec="seconds")
