"""What the store hands out beside the nouns of evalkit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from evalkit.records import Answer, Case, Score


class ScoreRow(NamedTuple):
    """A judged case on its way into the store."""

    check: str
    case: Case
    position: int
    """In the dataset's order of cases: scores come back sorted by it."""
    keys: Sequence[str]
    """Of the answers that were judged, as ``request_key`` made them."""
    score: Score
    signature: str = ""
    """Of all that shapes the judgement: the check's options and its metrics' signatures."""


class EvidenceRow(NamedTuple):
    """What a block of cases says about a gate, on its way into the store and out of it."""

    block: int
    gate: str
    document: str
    """JSON, of whoever tests the gate."""


@dataclass(frozen=True, slots=True)
class StoredBaseline:
    """A name for what later runs are compared with."""

    name: str
    suite: str
    run_id: str
    set_at: str
    document: str = ""
    """Empty for a run of this store; of an imported baseline, its file."""

    @property
    def imported(self) -> bool:
        return bool(self.document)


@dataclass(frozen=True, slots=True)
class StoredScore:
    check: str
    case: str
    cluster: str
    samples: tuple[str, ...]
    """Ids of the case's samples, in the case's order."""
    position: int
    keys: tuple[str, ...]
    score: Score
    signature: str = ""


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
class FailedRequest:
    """A request that has no answer, as it was sent."""

    request: Mapping[str, Any]
    """Role, messages (or context and continuation), decoding, and what differs from the usual condition."""
    answer: Answer
    """With its failure."""


@dataclass(frozen=True, slots=True)
class RunCounts:
    """What a run left in the store."""

    answers: int
    """Made by this run, not found from an earlier one."""
    attempts: int
    """Requests that failed, each time counted."""
    incidents: int
    scores: int


class NewQueue(NamedTuple):
    """Cases that people are to review, on their way into the store."""

    name: str
    check: str
    document: Mapping[str, Any]
    """What is asked, and how the cases were drawn."""
    cases: Sequence[str]
    """In the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class StoredQueue:
    id: int
    run_id: str
    name: str
    check: str
    document: Mapping[str, Any]


class NewReview(NamedTuple):
    """What a person says of a case, on its way into the store."""

    case: str
    reviewer: str
    document: Mapping[str, Any]
    time: str = ""
    """Now, unless it was said elsewhere."""


@dataclass(frozen=True, slots=True)
class StoredReview:
    number: int
    """In the order of the whole database: later is larger."""
    case: str
    reviewer: str
    time: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoredRevision:
    """What a finished run's outcome came to be."""

    run_id: str
    number: int
    made: str
    outcome: str
    document: Mapping[str, Any]
