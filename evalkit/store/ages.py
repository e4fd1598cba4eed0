"""How long ago: ``30d``, ``12h``, ``2w``."""

from __future__ import annotations

import re
from datetime import timedelta

from evalkit.errors import ConfigurationError

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE = re.compile(r"(\d{1,6})\s?([mhdw])")


def age_of(text: str, where: str) -> timedelta:
    """``where`` names the option or key that said it."""
    found = _AGE.fullmatch(text.strip().lower())
    if found is None:
        hint = "a number and m, h, d or w: 30d, 12h, 2w"
        raise ConfigurationError(f"'{text[:40]}' is no length of time", where=where, hint=hint)
    return timedelta(**{UNITS[found[2]]: int(found[1])})
