"""Texts without secrets: what errors say of themselves may quote an address with a password, a header or a variable."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

HIDDEN = "[secret]"
SHORTEST = 6
"""Characters of a variable's value that is taken for a secret: shorter ones are words like any other."""
_SECRET_NAME = re.compile(
    r"key|token|secret|passw|pwd|credential|auth|cookie|private|signature|\bdsn\b|_dsn|conn(?:ection)?_?str",
    re.IGNORECASE,
)
_HARMLESS = re.compile(r"^(?:true|false|none|null|yes|no|\d{1,6}|/[\w./-]*|[\w-]+_(?:KEY|TOKEN))$", re.IGNORECASE)
"""Values of such variables that say nothing: switches, small numbers, paths, names of other variables."""
_IN_ADDRESS = re.compile(
    r"(?P<before>\b[a-zA-Z][\w+.-]*://)[^\s/@'\"]*:[^\s/'\"]*@|(?P<alone>\b[a-z][\w+.-]*://)[^\s/@:'\"]{6,}@"
)
_HEADER = re.compile(
    r"(?P<name>(?:proxy-)?authorization|(?:set-)?cookie|x-api-key|api-key|x-auth-token)(?P<mark>['\"]?\s*[:=]\s*['\"]?)"
    r"(?:(?:bearer|basic|token|digest)\s+)?[^\s'\",;}]+",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(?P<scheme>bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"(?P<name>[\w-]*(?:api[_-]?key|access[_-]?key|secret|token|passw(?:or)?d|pwd)[\w-]*)(?P<mark>['\"]?\s*[:=]\s*['\"]?)"
    r"(?P<value>[^\s'\"&,;)}\]]{6,})",
    re.IGNORECASE,
)
_KEYS = re.compile(
    r"\b(?:sk-[A-Za-z0-9_-]{16,}|hf_[A-Za-z0-9]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}"
    r"|xox[abprs]-[\w-]{10,}|A(?:KIA|SIA)[A-Z0-9]{16}|AIza[\w-]{30,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
)


def secret_values(environment: Mapping[str, str]) -> list[str]:
    """What variables hold whose names say that it is secret, and passwords in addresses; the longest first."""
    found = set()
    for name, value in environment.items():
        if _SECRET_NAME.search(name) and len(value.strip()) >= SHORTEST and not _HARMLESS.match(value.strip()):
            found.add(value.strip())
        for address in re.finditer(r"://[^\s/@:]*:([^\s/@]+)@", value):
            if len(address[1]) >= SHORTEST:
                found.add(address[1])
    return sorted(found, key=len, reverse=True)


def without_secrets(text: str, environment: Mapping[str, str] | None = None) -> str:
    """The same text, with ``[secret]`` for what must not be kept: values of this process's variables that look secret,
    passwords in addresses, authorization headers, and keys by their well-known forms."""
    if not text:
        return text
    for value in secret_values(os.environ if environment is None else environment):
        text = text.replace(value, HIDDEN)
    text = _IN_ADDRESS.sub(lambda m: f"{m['before'] or m['alone']}{HIDDEN}@", text)
    text = _HEADER.sub(lambda m: f"{m['name']}{m['mark']}{HIDDEN}", text)
    text = _BEARER.sub(lambda m: f"{m['scheme']} {HIDDEN}", text)
    text = _KEYS.sub(HIDDEN, text)
    return _ASSIGNED.sub(_unless_code, text)


def _unless_code(found: re.Match[str]) -> str:
    """``token=self.token`` in a line of a traceback is no secret: a value has a digit or stands in quotes."""
    value = found["value"]
    if value == HIDDEN or not (any(c.isdigit() for c in value) or found["mark"][-1:] in {"'", '"'}):
        return found[0]
    return f"{found['name']}{found['mark']}{HIDDEN}"
