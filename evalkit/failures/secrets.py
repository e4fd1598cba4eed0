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
# Every repetition is bounded and none begins a pattern: a hostile text is cleaned in time that grows with its length.
_IN_ADDRESS = re.compile(
    r"(?P<scheme>\b[a-zA-Z][\w+.-]{0,30}://)(?:[^\s/@'\":]{0,200}:[^\s/'\"]{0,200}|[^\s/@:'\"]{6,200})@"
)
_HEADER = re.compile(
    r"(?P<name>authorization|cookie|x-api-key|api-key|x-auth-token)(?P<mark>['\"]?\s{0,9}[:=]\s{0,9}['\"]?)"
    r"(?:(?:bearer|basic|token|digest)\s{1,9})?[^\s'\",;}]{1,4000}",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(?P<scheme>bearer|basic)\s{1,9}[A-Za-z0-9._~+/=-]{8,4000}", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"(?P<name>(?:api[_-]?key|access[_-]?key|secret|token|passw(?:or)?d|pwd)[\w-]{0,40})"
    r"(?P<mark>['\"]?\s{0,9}[:=]\s{0,9}['\"]?)(?P<value>[^\s'\"&,;)}\]]{6,4000})",
    re.IGNORECASE,
)
_KEYS = re.compile(
    r"\b(?:sk-[A-Za-z0-9_-]{16,200}|hf_[A-Za-z0-9]{16,200}|gh[pousr]_[A-Za-z0-9]{20,200}|github_pat_\w{20,200}"
    r"|glpat-[\w-]{16,200}|xox[abprs]-[\w-]{10,200}|A(?:KIA|SIA)[A-Z0-9]{16}|AIza[\w-]{30,200}"
    r"|eyJ[\w-]{8,1000}\.[\w-]{8,2000}\.[\w-]{0,1000})"
)
LONGEST = 40_000
"""Characters of a text that are looked through: of a longer one, its beginning and its end."""
MARGIN = 5_000
"""At the cut: half a secret would not be known for one, and is left out with what is around it."""


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
    if len(text) > LONGEST:
        head, tail = text[: LONGEST // 2], text[-(LONGEST // 2) :]
        kept = without_secrets(head, environment)[:-MARGIN], without_secrets(tail, environment)[MARGIN:]
        return f"{kept[0]} [...] {kept[1]}"
    for value in secret_values(os.environ if environment is None else environment):
        text = text.replace(value, HIDDEN)
    text = _IN_ADDRESS.sub(lambda m: f"{m['scheme']}{HIDDEN}@", text)
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
