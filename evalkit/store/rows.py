"""What the store hands out beside the nouns of evalkit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from evalkit.records import Score


class ScoreRow(NamedTuple):
    """A judged case on its way into the store. A plain tuple in this order will do."""

    case: str
    cluster: str
    position: int
    """In the dataset's order of cases: scores come back sorted by it."""
    signature: str
    """Of all that shapes the judgement: the check's options and its metrics' signatures."""
    keys: Sequence[str]
    """Of the answers that were judged."""
    score: Score


@dataclass(frozen=True, slots=True)
class StoredScore:
    check: str
    case: str
    cluster: str
    position: int
    signature: str
    keys: tuple[str, ...]
    score: Score


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One change of a run's state."""

    time: str
    before: str
    after: str
    cause: str


@dataclass(frozen=True, slots=True)
class Incident:
    """A second, different text for a request that already had an answer."""

    key: str
    first: str
    second: str
    time: str


@dataclass(frozen=True, slots=True)
class RunCounts:
    """What a run left in the store."""

    answers: int
    """Made by this run, not found from an earlier one."""
    attempts: int
    """Requests that failed, each time counted."""
    incidents: int
    scores: int
