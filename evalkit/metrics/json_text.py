"""Is a text JSON, as RFC 8259 has it? Whatever its depth, and however long its numbers are.

Python's own reader takes ``NaN`` and ``Infinity``, which are none, and gives up on nesting of about a thousand levels
and on numbers of more than 4,300 digits, though both are JSON. Where a name stands twice in an
object, the last counts.
"""

from __future__ import annotations

import json
import re
from typing import Any

_FENCES = ("```json", "```Json", "```JSON", "```")
_TOKEN = re.compile(
    r"""[ \t\n\r]*+(?:
    (?P<open>[\[{]) | (?P<close>[\]}]) | (?P<mark>[,:])
    | (?P<text>"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+")
    | (?P<plain>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?(?![\w.]) | (?:true|false|null)(?!\w))
    | (?P<end>\Z))""",
    re.VERBOSE,
)


class Unreadable(ValueError):
    """JSON, but nested too deeply, or with a number too long, for Python to hold."""


class NoJson(ValueError):
    """Not JSON at all."""


def unfenced(text: str) -> str:
    """What stands in a fence around the whole text, or the text."""
    bare = text.strip()
    for mark in _FENCES:
        bare = bare.removeprefix(mark)
    return bare.removesuffix("```").strip()


def read(text: str) -> Any:
    """The value that the whole text is, but for a fence around it; ``NoJson`` or ``Unreadable`` where there is none."""
    bare = unfenced(text)
    try:
        return json.loads(bare, parse_constant=_no_constant)
    except json.JSONDecodeError as wrong:
        raise NoJson(str(wrong)) from None
    except NoJson:
        raise
    except (ValueError, RecursionError):
        if not is_valid(bare):
            raise NoJson("not JSON") from None
        raise Unreadable("nested too deeply, or a number too long, to read") from None


def is_json(text: str) -> bool:
    """The whole text, but for a fence around it, is JSON."""
    try:
        read(text)
    except Unreadable:
        return True
    except NoJson:
        return False
    return True


def is_valid(text: str) -> bool:
    """The same without a fence, in time linear in the length, without recursion."""
    opened: list[str] = []
    wanted = "value"
    position = 0
    while (found := _TOKEN.match(text, position)) is not None:
        kind, said = found.lastgroup, found[0].strip(" \t\n\r")
        if kind == "end":
            return wanted == "after" and not opened
        position = found.end()
        if kind == "open" and wanted in {"value", "value or ]"}:
            opened.append(said)
            wanted = "value or ]" if said == "[" else "name or }"
        elif kind == "close" and _closes(said, opened, wanted):
            opened.pop()
            wanted = "after"
        elif kind == "text" and wanted in {"name", "name or }"}:
            wanted = ":"
        elif kind in {"text", "plain"} and wanted in {"value", "value or ]"}:
            wanted = "after"
        elif said == ":" == wanted:
            wanted = "value"
        elif said == "," and wanted == "after" and opened:
            wanted = "value" if opened[-1] == "[" else "name"
        else:
            return False
    return False


def _closes(said: str, opened: list[str], wanted: str) -> bool:
    return (
        bool(opened)
        and opened[-1] + said in {"[]", "{}"}
        and wanted in {"after", f"value or {said}", f"name or {said}"}
    )


def _no_constant(name: str) -> Any:
    raise NoJson(f"{name} is not JSON")
