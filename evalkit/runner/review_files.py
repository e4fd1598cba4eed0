"""Reviews as JSON Lines: to keep, to hand on, and to bring back. A line is what one reviewer says of a case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from evalkit.data.readers import read_jsonl
from evalkit.errors import EvalkitError, ReviewError, did_you_mean
from evalkit.runner.review import adds, queues, standing, valid_note, valid_reviewer
from evalkit.runner.review_standing import Queue, Said, said_of
from evalkit.runner.revise import revise
from evalkit.store import NewReview, Store, StoredReview

FORM = '{"queue": "bias", "case": "f1", "reviewer": "ann", "label": "fine"}, or "skipped": true in place of the label'
KEYS = frozenset({"queue", "check", "case", "reviewer", "label", "skipped", "note", "time"})
MOST_NAMED = 5


def exported(store: Store, run_id: str, queue: str = "") -> Iterator[dict[str, Any]]:
    """What stands of what was said: withdrawn labels are left out. Queue by queue, item by item, reviewer by name."""
    for one in queues(store, run_id):
        if queue and one.name != queue:
            continue
        said = standing(store, one).said
        for case in one.cases:
            for reviewer, found in sorted(said.get(case, {}).items()):
                line: dict[str, Any] = {"queue": one.name, "check": one.check, "case": case, "reviewer": reviewer}
                if found.settled:
                    line |= {"skipped": True} if found.skipped else {"label": found.label}
                if found.note:
                    line["note"] = found.note
                if found.settled or found.note:
                    yield {**line, "time": found.time}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file, checked by itself."""

    where: str
    queue: Queue
    case: str
    reviewer: str
    document: Mapping[str, Any]
    time: str

    def contradicts(self, before: Said) -> bool:
        if not before.settled or not (self.document.keys() & {"label", "skip"}):
            return False
        return (before.label, before.skipped) != (self.document.get("label", ""), bool(self.document.get("skip")))


def import_reviews(store: Store, run_id: str, path: Path, *, replace: bool = False) -> tuple[int, int]:
    """How many lines added something, and how many were there already. The file is taken whole or not at all.

    Of a reviewer who says otherwise here than in the run, or than in another line, ``ReviewError`` names the lines;
    ``replace`` takes the file's word over the run's.
    """
    lines = _checked(_read(path, queues(store, run_id), run_id))
    if not lines:
        raise ReviewError("the file of reviews is empty", where=str(path), hint=f"a line is {FORM}")
    by_queue: dict[int, list[Line]] = {}
    for line in lines:
        by_queue.setdefault(line.queue.id, []).append(line)
    for queue, mine in by_queue.items():
        if not replace:
            _require_no_conflict(mine, store.reviews(queue))
    added = sum(store.add_reviews(queue, partial(_new, mine, replace=replace)) for queue, mine in by_queue.items())
    revise(store, run_id)
    return added, len(lines) - added


def _read(path: Path, known: Sequence[Queue], run_id: str) -> Iterator[Line]:
    by_name = {queue.name: queue for queue in known}
    if not by_name:
        raise ReviewError(f"run {run_id} has nothing to review", hint="its suite has no review section")
    for row in read_jsonl(path):
        where = f"{path}:{row.line}"
        if row.fault:
            raise ReviewError(f"line {row.line} {row.fault}", where=where, hint=f"a line is {FORM}")
        yield _line(row.values, where, by_name)


def _line(values: Mapping[str, Any], where: str, known: Mapping[str, Queue]) -> Line:
    if unknown := sorted(values.keys() - KEYS):
        hint = did_you_mean(unknown[0], sorted(KEYS), "keys")
        raise ReviewError(f"a review has no '{unknown[0]}'", where=where, hint=hint)
    texts = {name: values.get(name, "") for name in KEYS - {"skipped"}}
    wrong = next((name for name, value in sorted(texts.items()) if not isinstance(value, str)), None)
    if wrong is not None:
        raise ReviewError(f"'{wrong}' is text", where=where, hint=f"a line is {FORM}")
    name = texts["queue"] or (next(iter(known)) if len(known) == 1 else "")
    if name not in known:
        raise ReviewError(
            f"the run has no review queue '{name}'", where=where, hint=did_you_mean(name, known, "its queues")
        )
    queue = known[name]
    if texts["case"] not in queue.cases:
        hint = "only the cases that were drawn are reviewed; 'evalkit review status RUN' says of which run"
        raise ReviewError(f"queue '{name}' has no case '{texts['case']}'", where=where, hint=hint)
    skipped = values.get("skipped", False)
    if not isinstance(skipped, bool) or (skipped and texts["label"]):
        raise ReviewError("a case is labelled or skipped, and not both", where=where, hint=f"a line is {FORM}")
    if texts["label"] and texts["label"] not in queue.labels:
        hint = did_you_mean(texts["label"], queue.labels, "its labels")
        raise ReviewError(f"queue '{name}' has no label '{texts['label']}'", where=where, hint=hint)
    if not (texts["label"] or skipped or texts["note"]):
        raise ReviewError("the line says nothing of its case", where=where, hint=f"a line is {FORM}")
    document: dict[str, Any] = {"label": texts["label"]} if texts["label"] else {"skip": True} if skipped else {}
    try:
        reviewer = valid_reviewer(texts["reviewer"])
        if texts["note"]:
            document["note"] = valid_note(texts["note"])
    except EvalkitError as error:
        raise ReviewError(error.message, where=where, hint=f"a line is {FORM}") from error
    return Line(where, queue, texts["case"], reviewer, document, texts["time"][:40])


def _checked(lines: Iterable[Line]) -> list[Line]:
    """Nobody says two things of one case."""
    found: dict[tuple[int, str, str], Line] = {}
    for line in lines:
        before = found.setdefault((line.queue.id, line.case, line.reviewer), line)
        if before.document != line.document:
            raise ReviewError(
                f"'{line.reviewer}' says two things of case '{line.case}'",
                where=line.where,
                hint=f"the first time: {before.where}",
            )
    return list(found.values())


def _require_no_conflict(lines: Sequence[Line], rows: Sequence[StoredReview]) -> None:
    said = said_of(rows)
    against = [line for line in lines if line.contradicts(said.get(line.case, {}).get(line.reviewer, Said()))]
    if not against:
        return
    named = "; ".join(
        f"{line.where}: '{line.reviewer}' says {_told(line.document)} of case '{line.case}', and said "
        f"{_told(_document(said[line.case][line.reviewer]))}"
        for line in against[:MOST_NAMED]
    )
    rest = f"; and {len(against) - MOST_NAMED:,} more" if len(against) > MOST_NAMED else ""
    raise ReviewError(
        f"{len(against):,} of {len(lines):,} lines contradict the run: {named}{rest}",
        hint="nothing was imported; --replace takes the file's word",
    )


def _document(said: Said) -> dict[str, Any]:
    return {"skip": True} if said.skipped else {"label": said.label}


def _told(document: Mapping[str, Any]) -> str:
    return "skipped" if document.get("skip") else f"'{document['label']}'"


def _new(lines: Sequence[Line], rows: Sequence[StoredReview], *, replace: bool) -> list[NewReview]:
    """Looked at again where nobody can write in between."""
    if not replace:
        _require_no_conflict(lines, rows)
    said = said_of(rows)
    return [
        NewReview(line.case, line.reviewer, line.document, line.time)
        for line in lines
        if adds(said.get(line.case, {}).get(line.reviewer, Said()), line.document)
    ]
