"""Where the review of a queue stands: who said what, and what is still to be done.

Reviews are rows that are only added. What a reviewer says of a case is the last row that was not withdrawn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from typing import Any

from evalkit.store import StoredQueue, StoredReview

DISAGREED = "disagreed"
"""What counts as the label of an item whose reviewers are evenly divided."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Cases of one check that people are to read, and what they are asked."""

    id: int
    run_id: str
    name: str
    check: str
    question: str
    labels: Mapping[str, str]
    """Each with what it means, which may be nothing."""
    flag: frozenset[str]
    """Labels that speak against the model."""
    blind: bool
    reviewers: int
    """How many are to label each item."""
    cases: tuple[str, ...]
    """In the order in which they are shown."""
    drawn: Mapping[str, Any] = field(default_factory=dict)
    """How: what the run noted when it ended."""


def queue_of(stored: StoredQueue, cases: Iterable[str]) -> Queue:
    document = stored.document
    return Queue(
        id=stored.id,
        run_id=stored.run_id,
        name=stored.name,
        check=stored.check,
        question=document["question"],
        labels=dict(document["labels"]),
        flag=frozenset(document["flag"]),
        blind=document["blind"],
        reviewers=document["reviewers"],
        cases=tuple(cases),
        drawn=document["drawn"],
    )


@dataclass(frozen=True, slots=True)
class Said:
    """What one reviewer says of one case."""

    label: str = ""
    skipped: bool = False
    note: str = ""
    time: str = ""
    number: int = 0
    """Of the row that says so."""

    @property
    def settled(self) -> bool:
        return bool(self.label) or self.skipped


def said_of(reviews: Iterable[StoredReview]) -> dict[str, dict[str, Said]]:
    """By case and reviewer. A note that came with a label stays when the label is withdrawn: it is written anew, or
    not at all."""
    rows = list(reviews)
    withdrawn = {row.document["undo"] for row in rows if "undo" in row.document}
    found: dict[str, dict[str, Said]] = {}
    for row in rows:
        if "undo" in row.document or (row.number in withdrawn and "note" not in row.document):
            continue
        of_case = found.setdefault(row.case, {})
        before = of_case.get(row.reviewer, Said())
        note = row.document.get("note", before.note)
        says = row.document if row.number not in withdrawn else {}
        if says.get("label"):
            now = Said(says["label"], False, note, row.time, row.number)
        elif says.get("skip"):
            now = Said("", True, note, row.time, row.number)
        else:
            now = replace(before, note=note, time=row.time)
        of_case[row.reviewer] = now
    return found


@dataclass(frozen=True)
class Standing:
    """Where a queue stands. Values of items are 1 where people flag it, 0 where they do not, and a half where they are
    evenly divided; none of an item that nobody labelled, or that is not settled yet."""

    queue: Queue
    said: Mapping[str, Mapping[str, Said]]

    @classmethod
    def of(cls, queue: Queue, reviews: Iterable[StoredReview]) -> Standing:
        return cls(queue, said_of(reviews))

    def labels(self, case: str) -> list[str]:
        return [said.label for said in self.said.get(case, {}).values() if said.label in self.queue.labels]

    def settled(self, case: str) -> bool:
        """As many reviewers as are wanted have labelled or skipped it."""
        return sum(said.settled for said in self.said.get(case, {}).values()) >= self.queue.reviewers

    @cached_property
    def reviewed(self) -> int:
        return sum(len(self.labels(case)) >= self.queue.reviewers for case in self.queue.cases)

    @cached_property
    def outstanding(self) -> list[str]:
        return [case for case in self.queue.cases if not self.settled(case)]

    @property
    def done(self) -> bool:
        return not self.outstanding

    @cached_property
    def skipped(self) -> int:
        return sum(self.settled(case) and not self.labels(case) for case in self.queue.cases)

    @cached_property
    def values(self) -> list[float | None]:
        return [self._value(case) for case in self.queue.cases]

    def _value(self, case: str) -> float | None:
        labels = self.labels(case)
        if not labels or not self.settled(case):
            return None
        against = 2 * sum(label in self.queue.flag for label in labels) - len(labels)
        return 0.5 if against == 0 else float(against > 0)

    @cached_property
    def begun(self) -> int:
        """Items from the first to the first that is outstanding: a random part of the cases in whatever order people
        take them, as all items are."""
        return next((at for at, case in enumerate(self.queue.cases) if not self.settled(case)), len(self.queue.cases))

    @property
    def rated(self) -> list[float]:
        return [value for value in self.values if value is not None]

    @property
    def share(self) -> float | None:
        """Flagged, of the items that have a label; the evenly divided count half."""
        rated = self.rated
        return sum(rated) / len(rated) if rated else None

    def if_unknown(self, counted: float) -> tuple[list[float], list[int]]:
        """Values of the settled items, what people could not say counted as ``counted``, and the items' places."""
        chosen = [at for at, case in enumerate(self.queue.cases) if self.settled(case)]
        return [counted if self.values[at] in {None, 0.5} else float(self.values[at] or 0.0) for at in chosen], chosen

    @cached_property
    def counted(self) -> dict[str, int]:
        """Items by the label that most of their reviewers gave, in the order of the queue's labels."""
        found: Counter[str] = Counter()
        for case in self.queue.cases:
            if (labels := self.labels(case)) and self.settled(case):
                (first, times), *others = Counter(labels).most_common(2)
                found[DISAGREED if others and others[0][1] == times else first] += 1
        return {name: found[name] for name in (*self.queue.labels, DISAGREED) if found[name]}

    @cached_property
    def reviewers(self) -> tuple[str, ...]:
        """Who labelled or skipped something, the most diligent first."""
        did: Counter[str] = Counter()
        for by_reviewer in self.said.values():
            did.update(name for name, said in by_reviewer.items() if said.settled)
        return tuple(sorted(did, key=lambda name: (-did[name], name)))

    @cached_property
    def pair(self) -> tuple[str, str] | None:
        """The two reviewers who both labelled most items; none where no item has two labels."""
        found = [(len(self._both(*pair)), pair) for pair in combinations(self.reviewers, 2)]
        most = max((many for many, _ in found), default=0)
        return next((pair for many, pair in found if many == most), None) if most else None

    def shared(self) -> tuple[list[str], list[str]]:
        """What the two of ``pair`` said of the items that both labelled."""
        both = self._both(*self.pair) if self.pair else []
        return [one for one, _ in both], [other for _, other in both]

    def _both(self, one: str, other: str) -> list[tuple[str, str]]:
        of_cases = (self.said.get(case, {}) for case in self.queue.cases)
        said = ((of_case.get(one, Said()).label, of_case.get(other, Said()).label) for of_case in of_cases)
        return [labels for labels in said if all(labels)]
