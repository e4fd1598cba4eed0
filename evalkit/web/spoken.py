"""What was asked, hoped for and answered, as pages show it: of a case, and of an item that people review."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evalkit.report.hostile import one_line, shorten_end, shown
from evalkit.results import Exchange
from evalkit.web.marking import Pieces

MOST = 100_000
"""Characters of one text: a person judges what they read, so that they are to read all of it."""
MOST_REFERENCES = 50
MOST_EXCHANGES = 40


@dataclass(frozen=True, slots=True)
class Spoken:
    heading: str
    prompt: tuple[tuple[str, Pieces], ...]
    """Who says what."""
    references: tuple[Pieces, ...]
    more_references: int
    answer: Pieces
    finish: str
    error: str


@dataclass(frozen=True, slots=True)
class Shared:
    prompt: tuple[tuple[str, Pieces], ...] = ()
    references: tuple[Pieces, ...] = ()
    more_references: int = 0


def plain(text: str) -> Pieces:
    return ((shown(text, MOST), False),) if text else ()


def spoken(one: Exchange, heading: str, mark: Callable[[str], Pieces] = plain, answer: Pieces | None = None) -> Spoken:
    """``mark`` makes pieces of each text; ``answer`` is what it does not make."""
    return Spoken(
        heading=heading,
        prompt=tuple((one_line(said.role), mark(said.content)) for said in one.messages),
        references=tuple(mark(reference) for reference in one.references[:MOST_REFERENCES]),
        more_references=max(0, len(one.references) - MOST_REFERENCES),
        answer=mark(one.answer) if answer is None else answer,
        finish=one_line(one.finish),
        error=shown(one.error, 1000),
    )


def shared(told: Sequence[Spoken]) -> tuple[Shared, tuple[Spoken, ...]]:
    """What all answers have in common is shown once, and taken out of each."""
    common, told = Shared(), tuple(told)
    if len({one.prompt for one in told}) == 1:
        common = replace(common, prompt=told[0].prompt)
        told = tuple(replace(one, prompt=()) for one in told)
    if len({(one.references, one.more_references) for one in told}) == 1:
        common = replace(common, references=told[0].references, more_references=told[0].more_references)
        told = tuple(replace(one, references=(), more_references=0) for one in told)
    return common, told


def written(value: Any) -> str:
    """A label, without the brackets and quotes of a programmer."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    items = value if isinstance(value, list | tuple) else [value]
    return one_line(shorten_end(", ".join(map(str, items)), 300)) or "none"
