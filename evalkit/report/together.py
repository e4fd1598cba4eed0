"""The exchanges of a case as they are told: with a heading each, and equal answers that have names only once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.report.hostile import one_line, shorten_end
from evalkit.results import Exchange, Finding

NAMES = "answers"
"""Evidence that names what each answer was asked for: ``["reference", "padding", ...]``."""
LONGEST_HEADING = 160


@dataclass(frozen=True, slots=True)
class Told:
    position: int
    """Of the exchange in its case."""
    heading: str
    exchange: Exchange


def together(finding: Finding) -> list[Told]:
    """In order. Only answers to one prompt that evidence names are put together: their names are then the heading."""
    exchanges = finding.exchanges
    names = _names(finding.evidence.get(NAMES), len(exchanges))
    if not names:
        return [Told(at, _heading(one, at, exchanges), one) for at, one in enumerate(exchanges)]
    first: dict[tuple[Any, ...], int] = {}
    headings: dict[int, list[str]] = {}
    for at, one in enumerate(exchanges):
        same = first.setdefault((one.messages, one.answer, one.finish, one.error), at)
        headings.setdefault(same, []).append(names[at])
    return [
        Told(at, one_line(shorten_end(", ".join(dict.fromkeys(named)), LONGEST_HEADING)), exchanges[at])
        for at, named in headings.items()
    ]


def _names(given: Any, several: int) -> list[str]:
    """Evidence comes from checks that anybody may write: names that do not fit the answers name none."""
    fits = isinstance(given, list | tuple) and len(given) == several and all(isinstance(name, str) for name in given)
    return list(given) if fits else []


def _heading(exchange: Exchange, at: int, exchanges: Sequence[Exchange]) -> str:
    """What tells one exchange from the others: its group, or which attempt or turn it was of the same sample."""
    if len(exchanges) == 1:
        return ""
    group = exchange.labels.get("group", "")
    if group or len({one.sample for one in exchanges}) == len(exchanges):
        name = str(group or exchange.sample)
    else:
        same = all(one.messages == exchanges[0].messages for one in exchanges)
        name = f"{'attempt' if same else 'turn'} {at + 1}"
    return one_line(shorten_end(name, 80))
