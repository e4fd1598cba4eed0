"""Does an answer hold what was said before? Words, numbers and patterns that it must have, and that it must not.

    >>> from evalkit.metrics import retention
    >>> retention.missing("Your dog Bruno weighs 3,500 g.", ["Bruno", "3500", ["gram", "g"]])
    ()

An expectation is a text (whole words, case, white space and a plural's s aside; a number in any writing), a list of
texts of which one is enough, or ``{"regex": "..."}`` (case aside).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any

from evalkit.metrics import keywords

SIGNATURE = "expected:whole words+plurals+numbers+regex.2"
_NUMBER = re.compile(r"(?<![\w.])[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\w]|\.\d)")
_parser = import_module("re._parser")  # the only way to see a pattern's parts; no stubs know it
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT"})
_READ = 20_000
"""Characters of an answer that patterns are tried on: they come with the data, and may be slow."""


def listed(expected: Any) -> tuple[Any, ...]:
    """Expectations as rows write them: nothing, one, or a list of them. Blank ones are none."""
    if expected is None or (isinstance(expected, str) and not expected.strip()):
        return ()
    items = expected if isinstance(expected, list | tuple) else (expected,)
    return tuple(item for item in items if item is not None and item not in ("", [], {}))


def missing(answer: str, expected: Any) -> tuple[str, ...]:
    """What the answer lacks, as it would be shown; every item of ``expected`` has to be there."""
    return tuple(shown(item) for item in listed(expected) if not holds(answer, item))


def present(answer: str, unwanted: Any) -> tuple[str, ...]:
    """What the answer holds of what it must not."""
    return tuple(shown(item) for item in listed(unwanted) if holds(answer, item))


def holds(answer: str, item: Any) -> bool:
    """Whether the answer holds one expectation. A pattern that cannot be read is a ValueError."""
    if isinstance(item, Mapping):
        return _pattern(str(item.get("regex", ""))).search(answer[:_READ]) is not None
    if isinstance(item, list | tuple):
        return any(holds(answer, one) for one in item)
    wanted = str(item).strip()
    plain = answer if "_" in wanted else answer.replace("_", " ")  # _emphasis_
    if any(keywords.present(plain, [form]) for form in _forms(wanted)):
        return True
    number = _value(wanted)
    return number is not None and any(_value(found) == number for found in _numbers(answer))


def problem(expected: Any) -> str:
    """What is wrong with an expectation; empty where nothing is."""
    for item in listed(expected):
        if isinstance(item, list | tuple):
            if found := problem(item):
                return found
        elif isinstance(item, Mapping):
            if set(item) != {"regex"} or not isinstance(item["regex"], str) or not item["regex"]:
                return f"{shown(item)} is no expectation: a text, a list of texts, or {{'regex': '...'}}"
            try:
                _pattern(item["regex"])
            except ValueError as error:
                return str(error)
    return ""


def shown(item: Any) -> str:
    """``Bruno``, ``one of gram, g``, ``/a+b/``."""
    if isinstance(item, Mapping):
        return f"/{item.get('regex', '')}/"
    if isinstance(item, list | tuple):
        return "one of " + ", ".join(shown(one) for one in item)
    return str(item).strip()


def _forms(wanted: str) -> tuple[str, ...]:
    """Of one word, the plural with s as well, or the singular."""
    if len(wanted) < 4 or not wanted.isalpha() or not wanted.isascii():
        return (wanted,)
    return (wanted, wanted[:-1]) if wanted.endswith("s") else (wanted, f"{wanted}s", f"{wanted}es")


@lru_cache(maxsize=256)
def _pattern(regex: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(regex, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"/{regex[:60]}/ is no pattern: {error}") from None
    if _doubles(_parser.parse(regex)):
        raise ValueError(f"/{regex[:60]}/ repeats what repeats, and may never end: write it without the outer + or *")
    return pattern


def _doubles(parsed: Any) -> bool:
    """Whether a group repeats without end that is itself no more than such a repetition: ``(a+)+``, ``(a*|b)*``.

    Its time can double with every character. Others that are slow are cut short by ``_READ``.
    """
    for name, given in parsed:
        for body in _bodies(given):
            if str(name) in _REPEATS and given[1] is _parser.MAXREPEAT and _only_repeats(body):
                return True
            if _doubles(body):
                return True
    return False


def _bodies(given: Any) -> Iterator[Any]:
    """The patterns inside a part of a pattern, however it holds them."""
    if isinstance(given, _parser.SubPattern):
        yield given
    elif isinstance(given, tuple | list):
        for one in given:
            yield from _bodies(one)


def _only_repeats(body: Any) -> bool:
    """Whether some way through it is one endless repetition, and all else on the way may be empty."""
    if len(body) == 1 and str(body[0][0]) in {"SUBPATTERN", "BRANCH"}:
        return any(_only_repeats(inner) for inner in _bodies(body[0][1]))
    endless = [at for at, (name, given) in enumerate(body) if str(name) in _REPEATS and given[1] is _parser.MAXREPEAT]
    return any(
        all(other == at or body[other : other + 1].getwidth()[0] == 0 for other in range(len(body))) for at in endless
    )


def _numbers(answer: str) -> Iterator[str]:
    return (match[0] for match in _NUMBER.finditer(answer))


def _value(written: str) -> float | None:
    if _NUMBER.fullmatch(written) is None or len(written) > 300:
        return None
    return float(written.replace(",", ""))
