r"""The answer inside an answer: a number, the letter of a choice, what is boxed, the last line, a pattern, JSON.

Every reader gives the text that it found or nothing, and never guesses between two. Nothing here takes longer than a
few passes over the text, whatever the text is; only a pattern of one's own is as slow as it was written, so that it is
shown the last 20,000 characters and no more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from evalkit.metrics.letters import choice
from evalkit.metrics.numeric import last_number

VERSION = 2
MOST_FOR_A_PATTERN = 20_000
_MOST_DOCUMENTS = 64
_BOX = re.compile(r"\\f?box(?:ed)?\s{0,3}\{")
_BARE_BOX = re.compile(r"\\boxed\s{1,3}([^\s$\\{}]{1,60})")
_TEXT_COMMAND = re.compile(r"\\(?:text(?:bf|rm|it)?|math(?:rm|bf|it))\s?\{([^{}]{0,200})\}")


def number(text: str) -> str | None:
    """The number that the metric ``numeric`` reads, written plainly: ``$1,234.50`` is ``1234.5``."""
    found = last_number(text)
    return None if found is None else written(found)


def written(value: Fraction) -> str:
    """Whole numbers and finite decimals exactly, others as a fraction; very long ones shortened to be read."""
    if value.denominator == 1:
        return str(value) if abs(value) < 10**300 else f"{str(value)[:40]}..."
    rest, places = value.denominator, 0
    for prime in (2, 5):
        while rest % prime == 0 and places < 600:
            rest //= prime
            places += 1
    if rest != 1 or places > 60:
        return str(value)
    shift = next(power for power in range(1, 61) if (value * 10**power).denominator == 1)
    digits = str(abs(value.numerator) * 10**shift // value.denominator).rjust(shift + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-shift]}.{digits[-shift:]}"


def boxed(text: str) -> str | None:
    r"""What stands in the last ``\boxed{...}``, braces inside it balanced, without ``\text{}`` and ``$``.

    A box that never closes (an answer that was cut off) is none.
    """
    found = None
    for found in _BOX.finditer(text):  # noqa: B007 - the last one is wanted
        pass
    if found is None:
        bare = _BARE_BOX.findall(text)
        return bare[-1] if bare else None
    depth = 1
    for mark in re.finditer(r"\\[{}\\]|[{}]", text[found.end() :]):
        depth += {"{": 1, "}": -1}.get(mark[0], 0)
        if not depth:
            inside = text[found.end() : found.end() + mark.start()]
            return " ".join(_TEXT_COMMAND.sub(r"\1", inside).split()).strip("$").strip() or None
    return None


_LEAD = re.compile(
    r"(?:#{1,6}\s|[>*_`#\s-]){0,8}(?:(?:so|thus|therefore|hence),?\s)?(?:the\s)?(?:final\s)?"
    r"(?:(?:answer|result)(?:\s?[*_]{0,2}[:：=]|\sis:?)[*_]{0,2}|A:)\s*",
    re.IGNORECASE,
)


_BULLET = re.compile(r"^[-•–—]\s+")


def final_line(text: str) -> str | None:
    """The last line with something on it, without "Answer:", "The answer is", ``####`` and marks of emphasis."""
    stripped = text.rstrip()
    if stripped.endswith("```"):  # the end of a fence
        stripped = stripped.rstrip("`").rstrip()
    if not stripped:
        return None
    line = stripped[max(stripped.rfind("\n"), stripped.rfind("\r"), stripped.rfind("\u2028")) + 1 :].strip()
    lead = _LEAD.match(line)
    line = line[lead.end() :] if lead else line
    return _BULLET.sub("", line.strip(" \t#*_`>")).strip() or None


def by_pattern(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    """The last match: its first group where it has one, else all of it."""

    def read(text: str) -> str | None:
        found = None
        for found in pattern.finditer(text[-MOST_FOR_A_PATTERN:]):  # noqa: B007 - the last one is wanted
            pass
        if found is None:
            return None
        return ((found[1] if pattern.groups else found[0]) or "").strip() or None

    return read


_STEP = re.compile(r"\[(\d{1,6})\]|(?:^|\.)([^.\[\]]+)")


def by_json_path(path: str) -> Callable[[str], str | None]:
    """The value at ``answer.items[0]`` in the last JSON document of the text that has one; ``$.`` may come first.

    Text is taken as it is, all else as JSON; null is nothing. Prose and code fences around the document do not matter.
    """
    plain = path.removeprefix("$").removeprefix(".")
    steps = [int(at) if at else name for at, name in _STEP.findall(plain)]
    if _STEP.sub("", plain) or not steps:
        raise ValueError(f"'{path}' is no path into JSON: write it like answer.items[0]")

    def read(text: str) -> str | None:
        found = None
        for document in _documents(text):
            value = _walk(document, steps)
            found = value if value is not None else found
        if found is None:
            return None
        return found.strip() or None if isinstance(found, str) else json.dumps(found, ensure_ascii=False)

    return read


def _documents(text: str) -> list[Any]:
    found, at, tried = [], 0, 0
    decoder = json.JSONDecoder()
    while tried < _MOST_DOCUMENTS:
        starts = [place for place in (text.find("{", at), text.find("[", at)) if place >= 0]
        if not starts:
            break
        at, tried = min(starts), tried + 1
        try:
            document, at = decoder.raw_decode(text, at)
            found.append(document)
        except (ValueError, RecursionError):
            at += 1
    return found


def _walk(value: Any, steps: list[int | str]) -> Any:
    for step in steps:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return None
            value = value[step]
        else:
            if not isinstance(value, Mapping):
                return None
            value = value.get(step)
    return value


@dataclass(frozen=True, slots=True)
class Extractor:
    """A rule by which the answer is taken out of an answer; ``signature`` names all that decides what it finds."""

    rule: str
    read: Callable[[str], str | None] = field(compare=False)
    signature: str = ""

    def __call__(self, text: str, letters: str = "", texts: Sequence[str] = ()) -> str | None:
        """``letters`` and ``texts``: those that a row's own choices have, where the rule looks for one."""
        return choice(text, letters, texts) if self.rule == "choice" and letters else self.read(text)


RULES: Mapping[str, Callable[[str], str | None]] = {
    "number": number,
    "choice": choice,
    "boxed": boxed,
    "final_line": final_line,
}


def extractor(rule: str | Mapping[str, str]) -> Extractor:
    """``number``, ``choice``, ``boxed``, ``final_line``, ``{"regex": PATTERN}`` or ``{"json": PATH}``.

    Raises ``ValueError`` for an unknown rule, a pattern that does not compile, and a path that is none.
    """
    if isinstance(rule, str):
        if rule not in RULES:
            known = ", ".join(RULES)
            raise ValueError(f"no rule '{rule}' to extract by; there are: {known}, {{regex: ...}}, {{json: ...}}")
        return Extractor(rule, RULES[rule], f"extract:{rule}.{VERSION}")
    if len(rule) != 1 or next(iter(rule)) not in {"regex", "json"}:
        raise ValueError("extract is one of number, choice, boxed, final_line, {regex: ...}, {json: ...}")
    ((name, value),) = rule.items()
    if name == "json":
        return Extractor("json", by_json_path(value), f"extract:json({value}).{VERSION}")
    try:
        pattern = re.compile(value, re.MULTILINE)
    except (re.error, RecursionError) as error:
        raise ValueError(f"the pattern {value!r} does not compile: {error}") from None
    return Extractor("regex", by_pattern(pattern), f"extract:regex({value}).{VERSION}")
