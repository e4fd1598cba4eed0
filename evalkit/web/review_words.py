"""What the review's pages show of queues and items: plain values, and nothing that a blind queue hides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup, escape

from evalkit.report import view
from evalkit.report.hostile import one_line, shorten_end, shown
from evalkit.report.reviews import told
from evalkit.report.view import GateView
from evalkit.results import Result
from evalkit.runner.review import ReviewItem, waiting_for
from evalkit.runner.review_draw import gate_of
from evalkit.runner.review_standing import Said, Standing
from evalkit.runner.review_summary import summary_of, veiled
from evalkit.web.differing import marked
from evalkit.web.marking import text_of
from evalkit.web.spoken import MOST_EXCHANGES, Shared, Spoken, shared, spoken, written

MOST_FOUND = 40
MOST_PLACES = 400


@dataclass(frozen=True, slots=True)
class QueueView:
    name: str
    check: str
    question: str
    items: int
    reviewed: int
    skipped: int
    blind: bool
    wanted: int
    done: bool
    left: int
    """For the person who looks; all that is outstanding for somebody who has no name yet."""
    began: bool
    """This person has said something of it."""
    left_out: int
    """What this person skipped and nobody labelled: it can be looked at once more."""
    facts: tuple[tuple[str, str], ...]


def queue_view(now: Standing, reviewer: str, *, hidden: bool = False) -> QueueView:
    """``hidden``: a blind queue of the run is under way, so that no queue tells what check and reviewers said."""
    queue, summary = now.queue, veiled(summary_of(now), now, others=hidden)
    mine = [said.get(reviewer, Said()) for said in now.said.values()]
    waiting = set(waiting_for(now, reviewer))
    return QueueView(
        name=queue.name,
        check=one_line(queue.check),
        question=shown(queue.question, 1000),
        items=summary.items,
        reviewed=summary.reviewed,
        skipped=summary.skipped,
        blind=queue.blind,
        wanted=queue.reviewers,
        done=now.done,
        left=len(waiting) if reviewer else summary.outstanding,
        began=any(said.settled for said in mine),
        left_out=len(set(waiting_for(now, reviewer, skipped=True)) - waiting) if reviewer else 0,
        facts=tuple((name, one_line(value)) for name, value in told(summary) if value),
    )


def gates_of(result: Result, standings: Iterable[Standing]) -> list[GateView]:
    """The gates that wait for these queues, as the result has decided them."""
    wanted = {gate_of(document).text for now in standings for document in now.queue.drawn["gates"]}
    infos = view.metric_infos(result)
    return [view.gate_view(verdict, infos) for verdict in result.outcome.verdicts if verdict.gate in wanted]


# --- one item ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    key: int
    label: str
    means: str
    mine: bool


@dataclass(frozen=True, slots=True)
class Place:
    """An item in the list of all."""

    number: int
    state: str
    """Of the person who looks: ``labelled``, ``skipped``, ``waiting``, or ``settled`` by others."""


@dataclass(frozen=True, slots=True)
class ItemView:
    number: int
    choices: tuple[Choice, ...]
    skipped: bool
    note: Markup
    """As it was written: it is read back from the page."""
    told: tuple[Spoken, ...]
    shared: Shared
    more: int
    labels: tuple[tuple[str, str], ...]
    found: tuple[tuple[str, str], ...]
    """What the check found; nothing of a blind queue."""
    places: tuple[Place, ...]
    """None of a queue that is too long to be listed."""


def item_view(item: ReviewItem, now: Standing, reviewer: str) -> ItemView:
    common, told = shared(list(_spoken(item)))
    labels = dict(item.exchanges[0].labels) if item.exchanges else {}
    return ItemView(
        number=item.position + 1,
        choices=tuple(
            Choice(key, label, shown(means, 400), item.mine.label == label)
            for key, (label, means) in enumerate(item.queue.labels.items(), 1)
        ),
        skipped=item.mine.skipped,
        note=escape(item.mine.note),
        told=_told_apart(told),
        shared=common,
        more=len(item.exchanges) - len(told),
        labels=tuple((one_line(str(name)), written(value)) for name, value in labels.items()),
        found=tuple(_found(item.score)),
        places=tuple(_places(now, reviewer)),
    )


def _spoken(item: ReviewItem) -> Iterable[Spoken]:
    several = len(item.exchanges) > 1
    for number, one in enumerate(item.exchanges[:MOST_EXCHANGES], 1):
        group = one_line(shorten_end(str(one.labels.get("group", "")), 80))
        yield spoken(one, " · ".join(filter(None, [f"Answer {number}", group])) if several else "")


def _told_apart(told: tuple[Spoken, ...]) -> tuple[Spoken, ...]:
    """In prompts that differ by a few words, those are marked."""
    turns = {tuple(role for role, _ in one.prompt) for one in told}
    if len(told) < 2 or len(turns) != 1:
        return told
    by_turn = [marked([text_of(one.prompt[turn][1]) for one in told]) for turn in range(len(told[0].prompt))]
    return tuple(
        replace(one, prompt=tuple((role, texts[at]) for (role, _), texts in zip(one.prompt, by_turn, strict=True)))
        for at, one in enumerate(told)
    )


def _found(score: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in list(score.items())[:MOST_FOUND]:
        yield one_line(shorten_end(str(name), 80)), f"{value:.4g}" if isinstance(value, float) else written(value)


def _places(now: Standing, reviewer: str) -> Iterable[Place]:
    if len(now.queue.cases) > MOST_PLACES:
        return
    for number, case in enumerate(now.queue.cases, 1):
        mine = now.said.get(case, {}).get(reviewer, Said())
        if mine.settled:
            state = "labelled" if mine.label else "skipped"
        else:
            state = "settled" if now.settled(case) else "waiting"
        yield Place(number, state)
