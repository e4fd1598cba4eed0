"""Checking one value against the type that a contract gives its column. Each checker returns the value and a fault."""

from __future__ import annotations

import datetime as dt
import decimal
import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from evalkit.data.jsonwalk import DECODER, kind
from evalkit.data.readers import python_literal
from evalkit.records import Message

Checked = tuple[Any, str]
ROLES = ("system", "user", "assistant")
HOLDS_NUL = "holds a NUL character, which neither databases nor terminals take"
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d+)?([eE][+-]?\d{1,2})?")
_WORDS: Mapping[str, bool] = {"true": True, "false": False}


def from_cell(cell: str) -> Any:
    """What a CSV cell says as a label: ``true``, ``12``, ``0.5`` and JSON lists and objects become those; the rest is
    text, with it numbers written as no JSON number is (``007``). An empty cell is no value."""
    text = cell.strip()
    if not text:
        return None
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _NUMBER.fullmatch(text):
        return json.loads(text)
    return _json_cell(text) if text[0] in "[{" else cell


def _json_cell(cell: str) -> Any:
    """A cell that JSON itself would refuse, or that holds what no JSON row may hold, is the text that it is."""
    try:
        read = DECODER.decode(cell)
        if unreal_number(read) or not _encodable(read):
            return cell
    except (ValueError, RecursionError):
        return cell
    return read


def _encodable(value: Any) -> bool:
    """No half of a surrogate pair in it, which no file can be written with."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def unreal_number(value: Any) -> bool:
    """NaN or infinity, also inside lists and objects."""
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, list):
        return any(map(unreal_number, value))
    if isinstance(value, dict):
        return any(map(unreal_number, value.values()))
    return False


def text(value: Any, typed: bool) -> Checked:
    if not isinstance(value, str):
        return None, f"is {kind(value)} where text is wanted"
    return (value, "") if "\0" not in value else (None, HOLDS_NUL)


def texts(value: Any, typed: bool) -> Checked:
    """One text or a list of them; numbers are taken as they are written."""
    if not typed and isinstance(value, str) and value.lstrip().startswith("["):
        parsed = _json_cell(value)
        if parsed is value and "\\ud" in value.lower():
            return None, "holds half of a surrogate pair, which is not a character"
        if parsed is value and python_literal(value, list):
            return None, "is a Python list, not a JSON one: write it with json.dumps (double quotes)"
        value = parsed
    items = value if isinstance(value, list) else [value]
    found: list[str] = []
    for item in items:
        if isinstance(item, bool) or not isinstance(item, str | int | float):
            return None, f"is {kind(item)} where text or a list of texts is wanted"
        written = str(item)
        if not written.strip():
            return None, "is empty" if items is not value else "holds an empty text"
        if "\0" in written:
            return None, HOLDS_NUL
        found.append(written)
    return tuple(found), ""


def identifier(value: Any, typed: bool) -> Checked:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None, f"is {kind(value)} where text or a whole number is wanted"
    return str(value), ""


def messages(value: Any, typed: bool) -> Checked:
    """A conversation that ends with what the user says."""
    if not typed and isinstance(value, str):
        value = _json_cell(value)
    if not isinstance(value, list) or not value:
        return None, f"is {'an empty list' if value == [] else kind(value)} where a list of messages is wanted"
    for place, item in enumerate(value, 1):
        if fault := _message_fault(item):
            return None, f"{fault} in message {place}"
    turns = tuple(Message(item["role"], item["content"]) for item in value)
    if turns[-1].role != "user":
        return None, f"ends with a message of the {turns[-1].role}, not of the user"
    return turns, ""


def _message_fault(item: Any) -> str:
    if not isinstance(item, Mapping) or not {"role", "content"} <= set(item):
        return "has no role and content"
    role, content = item["role"], item["content"]
    if role not in ROLES:
        return f"has the role {role!r} (roles are {', '.join(ROLES)})"
    if not isinstance(content, str):
        return f"has {kind(content)} as content where text is wanted"
    return "" if content.strip() else "has no content"


def _scalar(wanted: str, accepts: Callable[[Any], bool]) -> Callable[[Any, bool], Checked]:
    def check(value: Any, typed: bool) -> Checked:
        read = from_cell(value) if not typed and isinstance(value, str) else value
        return (read, "") if accepts(read) else (None, f"is {kind(read)} where {wanted} is wanted")

    return check


TYPES: Mapping[str, Callable[[Any, bool], Checked]] = {
    "text": text,
    "texts": texts,
    "integer": _scalar("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "number": _scalar("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    "boolean": _scalar("true or false", lambda value: isinstance(value, bool)),
    "list": _scalar("a list", lambda value: isinstance(value, list)),
    "object": _scalar("an object", lambda value: isinstance(value, dict)),
    "any": _scalar("a value", lambda value: True),
    "id": identifier,
    "messages": messages,
}


def plain(value: Any) -> Any:
    """As JSON would have it: times as ISO text, decimals as text, bytes by their hash."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"sha256:{hashlib.sha256(value).hexdigest()}"
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return str(value) if isinstance(value, decimal.Decimal | dt.timedelta) else repr(value)
