"""Reviewing in a browser: the queues of a run, one item at a time, and what the run's outcome became of it.

A word is one small form that is sent, kept, and answered with the way to the next item. The script of the page sends
the same form; nothing on the page changes before the server said that it is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from evalkit.errors import ReviewError
from evalkit.report import view
from evalkit.report.hostile import one_line
from evalkit.results import Run
from evalkit.runner import review
from evalkit.runner.review_standing import Queue, Said, Standing
from evalkit.runner.review_summary import is_veiled, summary_of
from evalkit.web import review_door
from evalkit.web.pages import Link, render, workbench
from evalkit.web.review_pictures import pictures
from evalkit.web.review_store import review_store
from evalkit.web.review_words import gates_of, item_view, queue_view
from evalkit.web.runs import number
from evalkit.web.standing import MARKS
from evalkit.web.workbench import Workbench

COOKIE = "evalkit-reviewer"
COOKIE_SECONDS = 365 * 24 * 3600
FORM = "application/x-www-form-urlencoded"


# --- the queues of a run ----------------------------------------------------------------------------------------------


def overview(request: Request) -> Response:
    bench = workbench(request)
    run = _run(bench, request.path_params["run"])
    if run.id != request.path_params["run"]:  # a prefix, ``last`` or ``last:SUITE``
        return RedirectResponse(_address(run, request.url.query), status_code=307)
    reviewer = _reviewer(request)
    standings = [review.standing(bench.store, queue) for queue in review.queues(bench.store, run.id)]
    hidden = any(map(is_veiled, standings))
    return render(
        request,
        "review.html.j2",
        **_ways_out(request, hidden=hidden),
        run_id=run.id,
        here="Review",
        suite=one_line(run.suite),
        model="" if hidden else one_line(run.model),
        reviewer=reviewer,
        changing=not reviewer or "name" in request.query_params,
        queue=request.query_params.get("queue", ""),
        queues=[queue_view(now, reviewer, hidden=hidden) for now in standings],
        hidden=hidden,
        longest=review.LONGEST_NAME,
        door="" if review_door.review_of(request) else review_door.link(request, run.id, bench.access.token),
        **_outcome(bench, run, [] if hidden else standings),
    )


def _ways_out(request: Request, *, hidden: bool) -> dict[str, Any]:
    """Of a blind queue under way no page leads to the report and the cases of the run."""
    return {"run_links": run_links} if hidden or review_door.review_of(request) else {}


def _outcome(bench: Workbench, run: Run, standings: list[Standing]) -> dict[str, Any]:
    """As the newest revision has it; of queues that are under way and blind there is none to show."""
    from evalkit.runner.revise import result_of

    if not standings:
        return {"word": "", "gates": []}
    result = result_of(bench.store, run.id)
    return {
        "word": one_line(result.outcome.word),
        "reason": one_line(result.outcome.reason),
        "sentence": view.sentence(result),
        "shade": (shade := view.outcome_shade(result)),
        "mark": MARKS[shade],
        "marks": MARKS,
        "revision": result.revision,
        "gates": gates_of(result, standings),
    }


# --- one item ---------------------------------------------------------------------------------------------------------


def show(request: Request) -> Response:
    """The item that the address names, or the next that waits for this person, or that there is none."""
    bench = workbench(request)
    run = _run(bench, request.path_params["run"])
    given, reviewer = request.query_params, _reviewer(request)
    queue = review.queue_named(bench.store, run.id, given.get("queue", ""))
    if not reviewer:
        return RedirectResponse(_address(run, queue=queue.name), status_code=303)
    now = review.standing(bench.store, queue)
    at = number(given.get("at", ""))
    again = "again" in given
    position = at - 1 if at else _next(now, reviewer, again=again)
    others = [review.standing(bench.store, one) for one in review.queues(bench.store, run.id) if one.id != queue.id]
    hidden = queue.blind and any(map(is_veiled, [now, *others]))
    told = queue_view(now, reviewer, hidden=hidden)
    common: dict[str, Any] = {
        **_ways_out(request, hidden=hidden),
        "run_id": run.id,
        "here": "Review",
        "suite": one_line(run.suite),
        "reviewer": reviewer,
        "queue": told,
    }
    if position is None:
        return render(request, "review_done.html.j2", **common, **_end(bench, run, now, others, reviewer))
    item = review.item(bench.store, queue, position, reviewer=reviewer)
    here = {"queue": queue.name, **({"again": "1"} if again else {})}
    return render(
        request,
        "review_item.html.j2",
        **common,
        item=item_view(item, now, reviewer),
        again=again,
        model="" if queue.blind else one_line(item.model),
        case="" if queue.blind else item.case,
        all_of_case="" if queue.blind or review_door.review_of(request) else _case_address(run, queue, item.case),
        before=_item_address(run, **here, at=position) if position else "",
        after=_item_address(run, **here, at=position + 2) if position + 1 < len(queue.cases) else "",
        longest=review.LONGEST_NOTE,
    )


def _end(bench: Workbench, run: Run, now: Standing, others: list[Standing], reviewer: str) -> dict[str, Any]:
    """What the outcome became, unless that would tell too much: this queue, or another one, is blind and under way."""
    hidden = now.queue.blind and any(map(is_veiled, [now, *others]))
    waiting = (one.queue.name for one in others if next(review.waiting_for(one, reviewer), None) is not None)
    return {
        "others": bool(others),
        "following": next(waiting, ""),
        "pictures": pictures(now, summary_of(now)) if now.done and not hidden else None,
        **_outcome(bench, run, [] if hidden else [now]),
    }


def _next(now: Standing, reviewer: str, *, after: int = -1, again: bool = False) -> int | None:
    """Onwards first, so that what somebody passed over does not come at once; then from the beginning. What was skipped
    is shown once more only onwards, or it would never end."""
    waiting = list(review.waiting_for(now, reviewer, skipped=again))
    onwards = next((position for position in waiting if position > after), None)
    return onwards if onwards is not None or again else next(iter(waiting), None)


# --- what is said -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Word:
    """What the form of an item brings."""

    position: int
    key: int
    """Of the label, from 1, or 0: a page shows texts in a way that cannot be read back."""
    action: str
    note: str | None
    """None where the form did not change it: it may have been written elsewhere since."""
    again: bool

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Word:
        note, was = (None if text is None else _as_lines(text) for text in (given.get("note"), given.get("was")))
        return cls(
            position=number(given.get("at", "")) - 1,
            key=number(given.get("label", "")),
            action=given.get("do", ""),
            note=None if note == was else note,
            again="again" in given,
        )


def _as_lines(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


async def say(request: Request) -> Response:
    given = await _form(request)
    return await run_in_threadpool(_say, request, given)


def _say(request: Request, given: Mapping[str, str]) -> Response:
    bench, word = workbench(request), Word.of(given)
    run = _run(bench, request.path_params["run"])
    queue, reviewer = _queue(bench, run, given.get("queue", "")), _reviewer(request)
    if not reviewer:
        raise ReviewError("nobody is named who says this", hint="Open the review once more and say who you are.")
    if not 0 <= word.position < len(queue.cases):
        raise ReviewError(f"queue '{queue.name}' has no such item", hint="Open the review once more.")
    store, case = review_store(bench), queue.cases[word.position]
    before = review.standing(store, queue).said.get(case, {}).get(reviewer, Said())
    note = word.note if word.note != before.note else None
    labels = list(queue.labels)
    if 0 < word.key <= len(labels):
        review.label(store, queue, case, reviewer, labels[word.key - 1], note)
    elif word.action == "skip":
        review.skip(store, queue, case, reviewer, note)
    elif word.action in {"note", "undo"}:
        if note is not None:
            review.note(store, queue, case, reviewer, note)
        return _back(run, queue, word, review.undo(store, queue, reviewer) if word.action == "undo" else None)
    else:
        raise ReviewError("that says nothing of the item", hint="Choose a label, or skip it.")
    position = _next(review.standing(store, queue), reviewer, after=word.position, again=word.again)
    return _to(run, queue, None if position is None else position + 1, again=word.again)


def _back(run: Run, queue: Queue, word: Word, withdrawn: str | None) -> Response:
    position = word.position if withdrawn is None else queue.cases.index(withdrawn)
    return _to(run, queue, position + 1, again=word.again)


def _to(run: Run, queue: Queue, at: int | None, *, again: bool) -> Response:
    """To an item; without one to what is said when there is none left."""
    more = {"again": "1"} if again and at is not None else {}
    where = {"at": at} if at is not None else {}
    return RedirectResponse(_item_address(run, queue=queue.name, **more, **where), status_code=303)


async def name(request: Request) -> Response:
    given = await _form(request)
    return await run_in_threadpool(_name, request, given)


def _name(request: Request, given: Mapping[str, str]) -> Response:
    """Who reviews is kept in a cookie of this browser: it is asked once."""
    run = _run(workbench(request), request.path_params["run"])
    named = _valid_name(given.get("name", ""))
    queue = given.get("queue", "")
    response = RedirectResponse(_item_address(run, queue=queue) if queue else _address(run), status_code=303)
    value = quote(named, safe="")
    response.set_cookie(COOKIE, value, max_age=COOKIE_SECONDS, httponly=True, samesite="strict", path="/")
    return response


def _valid_name(given: str) -> str:
    try:
        return review.valid_reviewer(given)
    except ReviewError as error:
        hint = f"Up to {review.LONGEST_NAME} letters, as others are to read it in the report."
        raise ReviewError(error.message, hint=hint) from error


# --- what is asked for ------------------------------------------------------------------------------------------------


def _run(bench: Workbench, asked: str) -> Run:
    run = bench.store.get_run(asked, finished=True)
    if run.state != "finished":
        raise ReviewError(
            f"run {run.id} is {run.state}: what is reviewed is a finished run",
            hint="Its own page shows how far it is.",
        )
    return run


def _queue(bench: Workbench, run: Run, name: str) -> Queue:
    """A word belongs to the queue that its form names, never to another one."""
    if not name:
        raise ReviewError("no queue is named", hint="Open the review once more.")
    return review.queue_named(bench.store, run.id, name)


def _reviewer(request: Request) -> str:
    """Nothing where nobody said a name yet, or the cookie is not one of ours."""
    try:
        return review.valid_reviewer(unquote(request.cookies.get(COOKIE, ""), errors="replace"))
    except ReviewError:
        return ""


async def _form(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise ReviewError("what is said here comes from a form", hint=f"send it as {FORM}")
    body = await request.body()
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, errors="replace"))


def _address(run: Run, query: str = "", **parameters: object) -> str:
    query = query or urlencode(parameters)
    return review_door.address(run.id) + (f"?{query}" if query else "")


def _item_address(run: Run, **parameters: object) -> str:
    return f"{review_door.address(run.id)}/item?{urlencode(parameters)}"


def _case_address(run: Run, queue: Queue, case: str) -> str:
    from evalkit.web.choosing import address, case_parameter

    return address(run.id, "case", [("of", queue.check), case_parameter(case)])


run_links = [Link("Review", "/runs/{run}/review")]
routes = [
    Route("/runs/{run}/review", overview),
    Route("/runs/{run}/review/item", show),
    Route("/runs/{run}/review/say", say, methods=["POST"]),
    Route("/runs/{run}/review/name", name, methods=["POST"]),
]
