"""Walking a JSON document element by element, so that every row knows its line."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

from evalkit.data.rows import quoted
from evalkit.errors import DatasetError

_SPACE = re.compile(r"[ \t\n\r]*")


class RepeatedKey(ValueError):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Plain JSON lets the last of two equal keys win, which hides a mistake."""
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [key for key, _ in pairs]
        raise RepeatedKey(next(key for key in names if names.count(key) > 1))
    return result


DECODER = json.JSONDecoder(object_pairs_hook=_unique)


def kind(value: Any) -> str:
    """What JSON calls it, with its article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    names = {dict: "an object", list: "a list", str: "text", int: "a number", float: "a number"}
    return next((name for type_, name in names.items() if isinstance(value, type_)), f"a {type(value).__name__}")


def list_items(text: str, where: str) -> Iterator[tuple[Any, int]]:
    """The elements, with their lines, of the list that the document is or holds under its only list key."""
    position = _skip(text, 0)
    if position == len(text):
        return
    try:
        if text[position] == "[":
            begin = position
        elif text[position] == "{":
            begin = _only_list(text, position, where)
        else:
            value, _ = DECODER.raw_decode(text, position)
            raise DatasetError(f"is {kind(value)}, not a list of rows", where=where)
        yield from _elements(text, begin, where, whole=begin == position)
    except RepeatedKey as error:
        raise DatasetError(f"has the key '{error.key}' twice in one object", where=where) from error
    except json.JSONDecodeError as error:
        raise DatasetError(f"is not JSON: {error.msg}", where=f"{where}:{error.lineno}") from error
    except RecursionError as error:
        raise DatasetError("is nested too deep to be read", where=where) from error


def _skip(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _expect(text: str, position: int, marks: str) -> str:
    if position >= len(text) or text[position] not in marks:
        raise json.JSONDecodeError(f"expected one of {' '.join(marks)}", text, min(position, len(text)))
    return text[position]


def _elements(text: str, begin: int, where: str, *, whole: bool) -> Iterator[tuple[Any, int]]:
    line, counted = 1, 0
    position = _skip(text, begin + 1)
    while text[position : position + 1] != "]":
        value, end = DECODER.raw_decode(text, position)
        line += text.count("\n", counted, position)
        counted = position
        yield value, line
        position = _skip(text, end)
        if _expect(text, position, ",]") == ",":
            position = _skip(text, position + 1)
            if text[position : position + 1] == "]":
                raise json.JSONDecodeError("a comma before the closing bracket", text, position)
    if whole and _skip(text, position + 1) != len(text):
        raise json.JSONDecodeError("something follows the list", text, position + 1)


def _only_list(text: str, begin: int, where: str) -> int:
    """Where the one list of a top-level object begins."""
    lists: dict[str, int] = {}
    position = _skip(text, begin + 1)
    while _expect(text, position, '"}') == '"':
        key, position = DECODER.raw_decode(text, position)
        position = _skip(text, position)
        _expect(text, position, ":")
        position = _skip(text, position + 1)
        if text[position : position + 1] == "[":
            lists[key] = position
        _, position = DECODER.raw_decode(text, position)
        position = _skip(text, position)
        if _expect(text, position, ",}") == ",":
            position = _skip(text, position + 1)
            _expect(text, position, '"')
    if _skip(text, position + 1) != len(text):
        raise DatasetError(
            "holds several JSON documents, one after the other",
            where=where,
            hint="if it is JSON Lines, set format: jsonl",
        )
    if len(lists) != 1:
        some = ", ".join(itertools.islice(map(quoted, lists), 6)) + (", ..." if len(lists) > 6 else "")
        found = f"{len(lists)} lists ({some})" if lists else "no list"
        raise DatasetError(
            f"is an object with {found}; which rows are meant?", where=where, hint="keep one list of rows"
        )
    return next(iter(lists.values()))
