"""Regular expressions that a suite brings: only those that cannot keep us busy for ever, whatever the text.

A suite from elsewhere can be opened safely. Python's own engine tries every way in which a pattern can match, so a
pattern is taken only where those ways can be counted, and are few.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

LONGEST = 500
MOST_WAYS = 10_000
"""In which a pattern may match from one place."""
LONGEST_REPEAT = 200
_parser: Any = import_module("re._parser")  # what a pattern is made of has no public name
_constants: Any = import_module("re._constants")


def compiled(pattern: str) -> re.Pattern[str]:
    """``ValueError`` says in a sentence why a pattern is not taken."""
    if len(pattern) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} characters")
    try:
        found = re.compile(pattern)
        parsed = _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"it is no regular expression: {error}") from error
    if not parsed.getwidth()[0]:
        raise ValueError("it also matches nothing at all")
    if _ways(parsed) > MOST_WAYS:
        raise ValueError("it can match in too many ways, which takes too long: repeat less within what is repeated")
    return found


def _ways(parsed: Any) -> int:
    ways = 1
    for kind, of in parsed:
        ways *= _ways_of(kind, of)
        if ways > MOST_WAYS:
            break
    return ways


def _ways_of(kind: Any, of: Any) -> int:
    c = _constants
    if kind in {c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT}:
        least, most, inner = of
        if most is c.MAXREPEAT or most > LONGEST_REPEAT:
            raise ValueError(
                f"it repeats without an end: write {{1,40}} for +, {{0,40}} for *, at most {LONGEST_REPEAT}"
            )
        return _repeated(_ways(inner), int(least), int(most))
    if kind is c.BRANCH:
        return sum(map(_ways, of[1]))
    if kind is c.GROUPREF_EXISTS:
        return sum(_ways(one) for one in of[1:] if one is not None)
    if kind in {c.ASSERT, c.ASSERT_NOT, c.SUBPATTERN}:
        return _ways(of[-1])
    return _ways(of) if kind is c.ATOMIC_GROUP else 1


def _repeated(ways: int, least: int, most: int) -> int:
    """Each number of times, and each way every time."""
    total, at_once = 0, 1
    for times in range(most + 1):
        if times >= least:
            total += at_once
        at_once = min(at_once * ways, MOST_WAYS + 1)
        if total > MOST_WAYS:
            break
    return total
