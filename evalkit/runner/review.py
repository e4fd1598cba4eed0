"""Reviewing: what a person is shown, and what becomes of what they say. Whatever is said is kept at once.

The command line and the web page use these functions and no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from evalkit.errors import ReviewError, did_you_mean
from evalkit.results import Exchange, ReviewSummary
from evalkit.runner.findings import exchanges_of
from evalkit.runner.review_standing import Queue, Said, Standing, queue_of, said_of
from evalkit.runner.review_summary import summary_of, veiled
from evalkit.store import NewReview, Store, StoredReview

LONGEST_NAME = 60
LONGEST_NOTE = 4000
UNANSWERED = "no answer"
"""In place of an error, which may name the model."""


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One case as a reviewer sees it. Of a blind queue without what would tell who answered, or what the check found:
    no model, no score, no labels of the dataset, no names of rows."""

    queue: Queue
    position: int
    """From 0."""
    case: str
    """Names the item when it is labelled; not to be shown where the queue is blind."""
    exchanges: tuple[Exchange, ...]
    mine: Said
    """What this reviewer said of it before."""
    model: str = ""
    score: Mapping[str, Any] = field(default_factory=dict)
    """Metrics of the case and what they rest on."""


def queues(store: Store, run_id: str) -> list[Queue]:
    """In the order of the suite; none of a run without a ``review`` section, or from before there were any."""
    return [queue_of(stored, store.review_items(stored.id)) for stored in store.review_queues(run_id)]


def queue_named(store: Store, run_id: str, name: str = "") -> Queue:
    """By name; without one, the first that has items outstanding, else the first."""
    found = queues(store, run_id)
    if not found:
        raise ReviewError(
            f"run {run_id} has nothing to review",
            hint="a suite asks for it with a section such as: review: {from: accuracy, sample: 50}",
        )
    if name:
        chosen = next((queue for queue in found if queue.name == name), None)
        if chosen is None:
            hint = did_you_mean(name, [queue.name for queue in found], "its queues")
            raise ReviewError(f"run {run_id} has no review queue '{name}'", hint=hint)
        return chosen
    return next((queue for queue in found if not standing(store, queue).done), found[0])


def standing(store: Store, queue: Queue) -> Standing:
    return Standing.of(queue, store.reviews(queue.id))


def summary(store: Store, queue: Queue) -> ReviewSummary:
    """What people said so far; of a blind queue under way only how far it is."""
    now = standing(store, queue)
    return veiled(summary_of(now), now)


def item(store: Store, queue: Queue, position: int, *, reviewer: str = "") -> ReviewItem:
    if not 0 <= position < len(queue.cases):
        raise ReviewError(f"queue '{queue.name}' has {len(queue.cases)} items, and no item {position + 1}")
    case = queue.cases[position]
    stored = store.get_scores(queue.run_id, queue.check, [case])
    drawn = queue.drawn
    exchanges = exchanges_of(store, drawn["dataset"], stored, masked=drawn["masked"]).get(case, [])
    mine = said_of(store.reviews(queue.id)).get(case, {}).get(reviewer, Said())
    if queue.blind:
        blinded = tuple(replace(one, sample="", labels={}, error=one.error and UNANSWERED) for one in exchanges)
        return ReviewItem(queue, position, case, blinded, mine)
    score = stored[0].score if stored else None
    found = {**_values(score.results), **score.evidence} if score else {}
    return ReviewItem(queue, position, case, tuple(exchanges), mine, store.get_run(queue.run_id).model, found)


def _values(results: Mapping[str, Any]) -> dict[str, Any]:
    """Of shares and means by case, which is what people can read."""
    return {
        name: vector[0] / vector[1]
        for name, vector in results.items()
        if isinstance(vector, tuple) and len(vector) == 2 and vector[1]
    }


def next_for(store: Store, queue: Queue, reviewer: str, *, skipped: bool = False) -> int | None:
    """The first item that waits for this reviewer; ``skipped``: or that they skipped and nobody labelled."""
    return next(waiting_for(standing(store, queue), reviewer, skipped=skipped), None)


def waiting_for(now: Standing, reviewer: str, *, skipped: bool = False) -> Iterator[int]:
    for position, case in enumerate(now.queue.cases):
        mine = now.said.get(case, {}).get(reviewer, Said())
        if (not mine.settled and not now.settled(case)) or (skipped and mine.skipped and not now.labels(case)):
            yield position


# --- saying -----------------------------------------------------------------------------------------------------------


def label(store: Store, queue: Queue, case: str, reviewer: str, label: str, note: str | None = None) -> None:  # noqa: PLR0917
    """Keep a label, in place of what this reviewer said of the case before. ``note``: none leaves theirs as it is."""
    if label not in queue.labels:
        raise ReviewError(f"queue '{queue.name}' has no label '{label}'", hint=did_you_mean(label, queue.labels))
    _say(store, queue, case, reviewer, {"label": label}, note)


def skip(store: Store, queue: Queue, case: str, reviewer: str, note: str | None = None) -> None:
    """This reviewer cannot say. Skips are counted, and intervals allow for either answer."""
    _say(store, queue, case, reviewer, {"skip": True}, note)


def note(store: Store, queue: Queue, case: str, reviewer: str, text: str) -> None:
    """Keep a note by itself, so that none is lost before the label."""
    _say(store, queue, case, reviewer, {}, text)


def undo(store: Store, queue: Queue, reviewer: str) -> str | None:
    """Withdraw this reviewer's last label or skip; what they said before it counts again. The case, or none where
    there is nothing to withdraw."""
    found: list[str] = []
    named = valid_reviewer(reviewer)

    def last(rows: Sequence[StoredReview]) -> Iterable[NewReview]:
        withdrawn = {row.document["undo"] for row in rows if "undo" in row.document}
        for row in reversed(rows):
            says = "label" in row.document or "skip" in row.document
            if row.reviewer == named and says and row.number not in withdrawn:
                found.append(row.case)
                return [NewReview(row.case, named, {"undo": row.number})]
        return []

    store.add_reviews(queue.id, last)
    _revise(store, queue)
    return found[0] if found else None


def _say(store: Store, queue: Queue, case: str, reviewer: str, what: Mapping[str, Any], note: str | None) -> None:  # noqa: PLR0917
    if case not in queue.cases:
        raise ReviewError(f"queue '{queue.name}' has no case '{case}'", hint="evalkit review export RUN lists them")
    named = valid_reviewer(reviewer)
    new = NewReview(case, named, {**what, **({} if note is None else {"note": valid_note(note)})})

    def unless_said(rows: Sequence[StoredReview]) -> Iterable[NewReview]:
        return [new] if adds(said_of(rows).get(case, {}).get(named, Said()), new.document) else []

    store.add_reviews(queue.id, unless_said)
    _revise(store, queue)


def adds(before: Said, document: Mapping[str, Any]) -> bool:
    """Saying the same again, as a page that is sent twice does, adds nothing."""
    if document.get("label", "") not in {"", before.label} or (document.get("skip") and not before.skipped):
        return True
    return bool(document.get("note", before.note) != before.note)


def _revise(store: Store, queue: Queue) -> None:
    from evalkit.runner.revise import revise

    revise(store, queue.run_id)


def valid_reviewer(name: str) -> str:
    """The name, or ``ReviewError``: it stands in reports, files and terminals."""
    found = name.strip()
    if not found or len(found) > LONGEST_NAME or not found.isprintable():
        raise ReviewError(
            "a reviewer's name is empty, too long, or not printable",
            hint=f"at most {LONGEST_NAME} letters: --reviewer NAME",
        )
    return found


def valid_note(text: str) -> str:
    """The note in characters that any file and database takes, or ``ReviewError``."""
    if len(text) > LONGEST_NOTE:
        raise ReviewError(f"a note has at most {LONGEST_NOTE:,} characters, not {len(text):,}", hint="shorten it")
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")
