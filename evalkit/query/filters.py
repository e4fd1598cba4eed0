"""``suite = 'smoke' and model like 'hf:%'``: a condition on what is known of an answer, never run as code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.errors import ConfigurationError, did_you_mean
from evalkit.records import Status

LONGEST = 2_000
DEEPEST = 20
COLUMNS: Mapping[str, str] = {
    "run": "runs.id",
    "suite": "runs.suite",
    "model": "runs.model",
    "created": "runs.created",
    "outcome": "runs.outcome",
    "check": "uses.check_name",
    "case": "uses.case_id",
    "category": "uses.category",
    "status": "uses.status",
}
"""By the name that people give it."""
KNOWN: Mapping[str, tuple[str, ...]] = {"status": tuple(map(str, Status))}
"""Names that have no other values than these."""
OPERATORS = {"=": "=", "==": "=", "!=": "<>", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
HINT = "--where \"suite = 'smoke' and model like 'mock:%'\""
_WORD = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|(?P<sign>==|=|!=|<>|<=|>=|<|>|\(|\)|,)"
    r"|(?P<word>[^\s'\"=!<>(),]+))"
)


@dataclass(frozen=True, slots=True)
class Condition:
    """In SQL, with what stands for its question marks."""

    sql: str = ""
    values: tuple[str, ...] = ()


def condition(text: str, where: str = "--where") -> Condition:
    """``and``, ``or``, ``not``, brackets, ``=``, ``!=``, ``<``, ``like``, ``in (...)``; what is none is refused."""
    if not text.strip():
        return Condition()
    if len(text) > LONGEST:
        raise _wrong(f"is longer than {LONGEST:,} characters", where)
    reader = _Reader(_words(text, where), where)
    sql = reader.either()
    reader.require_end()
    return Condition(sql, tuple(reader.values))


def _wrong(what: str, where: str, hint: str = HINT) -> ConfigurationError:
    return ConfigurationError(what, where=where, hint=hint)


def _words(text: str, where: str) -> list[tuple[str, str]]:
    """Each with its kind: ``text``, ``sign`` or ``word``."""
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _WORD.match(text, at)
        if match is None:
            raise _wrong(f"cannot be read from here: {text[at : at + 20].strip()}", where)
        kind = str(match.lastgroup)
        found.append((kind, match[kind]))
        at = match.end()
    return found


class _Reader:
    def __init__(self, words: list[tuple[str, str]], where: str) -> None:
        self.values: list[str] = []
        self._words = words
        self._where = where
        self._at = 0
        self._depth = 0

    def either(self) -> str:
        return self._joined("or", self._both)

    def require_end(self) -> None:
        if self._at < len(self._words):
            raise self._expected("and, or")

    def _both(self) -> str:
        return self._joined("and", self._one)

    def _joined(self, word: str, part: Any) -> str:
        parts = [part()]
        while self._takes(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else "(" + f" {word.upper()} ".join(parts) + ")"

    def _one(self) -> str:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _wrong(f"has more than {DEEPEST} brackets in each other", self._where)
        try:
            if self._takes("not"):
                return f"NOT {self._one()}"
            if self._takes("("):
                inside = self.either()
                if not self._takes(")"):
                    raise self._expected(")")
                return f"({inside})"
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> str:
        kind, name = self._next("a name, such as suite")
        column = COLUMNS.get(name.lower()) if kind == "word" else None
        if column is None:
            hint = did_you_mean(name, COLUMNS, "names")
            raise _wrong(f"there is no '{name}' to compare", self._where, hint)
        negated = "NOT " if self._takes("not") else ""
        if self._takes("like"):
            return f"{column} {negated}LIKE {self._value()}"
        if self._takes("in"):
            return f"{column} {negated}IN ({', '.join(self._list(name.lower()))})"
        _, sign = self._next("=, !=, <, >, like or in")
        if negated or sign not in OPERATORS:
            self._at -= 1
            raise self._expected("=, !=, <, >, like or in")
        return f"{column} {OPERATORS[sign]} {self._value(name.lower())}"

    def _list(self, name: str) -> list[str]:
        if not self._takes("("):
            raise self._expected("(")
        found = [self._value(name)]
        while self._takes(","):
            found.append(self._value(name))
        if not self._takes(")"):
            raise self._expected(")")
        return found

    def _value(self, of: str = "") -> str:
        kind, said = self._next("a value, such as 'smoke'")
        if kind == "sign":
            self._at -= 1
            raise self._expected("a value, such as 'smoke'")
        quote = said[0]
        value = said[1:-1].replace(quote * 2, quote) if kind == "text" else said
        if value not in KNOWN.get(of, (value,)):
            raise _wrong(f"there is no {of} '{value}'", self._where, did_you_mean(value, KNOWN[of], "known"))
        self.values.append(value)
        return "?"

    def _takes(self, word: str) -> bool:
        there = self._at < len(self._words) and self._words[self._at][0] != "text"
        if there and self._words[self._at][1].lower() == word:
            self._at += 1
            return True
        return False

    def _next(self, wanted: str) -> tuple[str, str]:
        if self._at >= len(self._words):
            raise self._expected(wanted)
        self._at += 1
        return self._words[self._at - 1]

    def _expected(self, wanted: str) -> ConfigurationError:
        found = f"'{self._words[self._at][1]}'" if self._at < len(self._words) else "the end"
        return _wrong(f"{found} stands where {wanted} is expected", self._where)
