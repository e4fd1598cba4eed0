"""What may be asked: one statement that reads. The connection refuses the rest as well; this says so in words."""

from __future__ import annotations

import re

from evalkit.errors import ConfigurationError

LONGEST = 100_000
READING = frozenset({"SELECT", "WITH", "VALUES", "EXPLAIN"})
_PASSED_OVER = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?(?:\*/|$))+", re.DOTALL)
_PART = re.compile(
    r"""'(?:[^']|'')*(?:'|$) | "(?:[^"]|"")*(?:"|$) | \$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|$)
    | --[^\n]*(?:\n|$) | /\*.*?(?:\*/|$) | ; """,
    re.DOTALL | re.VERBOSE,
)
HINT = "evalkit sql 'SELECT ...'; evalkit sql --tables lists what there is"


def one_question(statement: str) -> str:
    """The statement without what ends it."""
    if not (bare := _PASSED_OVER.sub("", statement[:LONGEST], count=1) if _begins(statement) else statement).strip():
        raise ConfigurationError("there is no statement", where="SQL", hint=HINT)
    if len(statement) > LONGEST:
        raise ConfigurationError(f"is longer than {LONGEST:,} characters", where="SQL", hint=HINT)
    if "\0" in statement:
        raise ConfigurationError("a statement cannot hold NUL", where="SQL", hint=HINT)
    try:
        statement.encode("utf-8")
    except UnicodeEncodeError:
        raise ConfigurationError("a statement is text in UTF-8", where="SQL", hint=HINT) from None
    first = _first(bare)
    if first.upper() not in READING:
        raise ConfigurationError(
            f"'{first[:40]}' is not a question: runs are only read here", where="SQL", hint="ask with SELECT or WITH"
        )
    return _without_end(statement)


def first_word(statement: str) -> str:
    """In capitals; what is no SQL yet, as it is passed over, does not count."""
    return _first(_PASSED_OVER.sub("", statement, count=1) if _begins(statement) else statement).upper()


def _first(bare: str) -> str:
    return (re.match(r"\(*\s*(\w+)", bare) or re.match(r"\s*(\S+)", bare) or [bare, bare])[1]


def _begins(statement: str) -> bool:
    return _PASSED_OVER.match(statement) is not None


def _without_end(statement: str) -> str:
    for part in _PART.finditer(statement):
        if part.group() != ";":
            continue
        rest = statement[part.end() :]
        if _PASSED_OVER.sub("", rest).strip("; \t\n\r"):
            raise ConfigurationError("these are several statements", where="SQL", hint="ask one at a time")
        return statement[: part.start()]
    return statement
