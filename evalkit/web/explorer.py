"""The cases of a run: searched, filtered, sorted, a page at a time, however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from evalkit.query.words import parse
from evalkit.report import formatting
from evalkit.report.hostile import one_line, shorten_end
from evalkit.results import Exchange, Result, Run
from evalkit.runner.findings import MASKING, exchanges_of
from evalkit.store import Store
from evalkit.web.browse.background import Progress
from evalkit.web.browse.desk import Desk, desk_of
from evalkit.web.browse.exactly import has_no_word, page_with_signs
from evalkit.web.browse.file import STATUSES, IndexedCheck, Outdated, TooLong, checks_of
from evalkit.web.browse.label_choices import LabelChoice, label_choices
from evalkit.web.browse.query import COUNTED, FoundCase, Page, page
from evalkit.web.browse.question import Wanted
from evalkit.web.choosing import LABEL, LAST, address, case_parameter, parameters, place_of, row_of, wanted_of
from evalkit.web.marking import Pieces, around
from evalkit.web.pages import Link, render, workbench

MOST_METRICS = 6
"""Columns of the table; a case's own page has all."""
MOST_VALUES = 60
TEASER = 220
FIRST_WAIT = 0.1
"""Seconds in which a small run is indexed while its page is asked for the first time."""
TOO_LONG = "This search takes too long: another word or filter narrows it down."
NOTHING = Page((), 0, False, None, None)


@dataclass(frozen=True, slots=True)
class RowView:
    link: str
    check: str
    case: str
    status: str
    prompt: Pieces
    answer: Pieces
    several: int
    values: tuple[str, ...]
    first: str
    """The metric of the first value."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    link: str
    """Sorts by it."""
    order: str
    """``ascending``, ``descending`` or nothing, as screen readers are told."""


@dataclass(frozen=True, slots=True)
class Found:
    page: Page
    checks: tuple[IndexedCheck, ...]
    labels: tuple[LabelChoice, ...]
    problem: str = ""


def show(request: Request) -> Response:
    desk = desk_of(workbench(request))
    asked = request.path_params["run"]
    run = desk.finished_run(asked)
    if run.id != asked:
        return RedirectResponse(address(run.id, "cases", request.query_params.multi_items()), status_code=307)
    result = desk.result(run)
    wanted = wanted_of(request.query_params)
    found = look(desk, run, result, wanted, request.query_params)
    progress = desk.indexer.progress(run, result)
    check = next((one for one in found.checks if one.name == wanted.check), None)
    return render(
        request,
        "explorer.html.j2",
        run=run,
        run_id=run.id,
        here="Cases",
        wanted=wanted,
        check=check,
        rows=_rows(desk.bench.store, result, [*parameters(wanted), *place_of(request.query_params)], check, found.page),
        columns=_columns(run, wanted, check, result),
        count=f"{COUNTED:,}+" if found.page.more_than_counted else f"{found.page.count:,}",
        one=found.page.count == 1,
        together=0 if wanted.check else sum(1 for one in found.checks if one.listed),
        notes=[*found.page.notes, *filter(None, [found.problem])],
        earlier=_turned(run, wanted, "before", found.page.before),
        later=_turned(run, wanted, "after", found.page.after),
        first=address(run.id, "cases", parameters(wanted)) if found.page.before is not None else "",
        last=_turned(run, wanted, "before", LAST if found.page.after is not None else None),
        progress=progress,
        progress_link=address(run.id, "cases/progress", ()),
        choices=_choices(wanted, found, check),
        range_metrics=[metric.name for metric in check.metrics] if check else [],
        span=wanted.ranges[0] if wanted.ranges else None,
        fresh=address(run.id, "cases", ()),
        chosen=bool(parameters(replace(wanted, sort=""))),
        kept=[("sort", value) for name, value in parameters(wanted) if name == "sort"],
    )


def look(desk: Desk, run: Run, result: Result, wanted: Wanted, where: Mapping[str, str]) -> Found:
    """What the index knows so far. One that is damaged is made anew, and knows nothing for a moment."""
    indexer = desk.indexer
    is_new = not indexer.file_of(run).path.is_file()
    file = indexer.want(run)
    if is_new:
        indexer.wait(FIRST_WAIT)
    after, before = row_of(where.get("after", "")), row_of(where.get("before", ""))
    last = where.get("before", "") == LAST
    try:
        with file.reading() as connection:
            checks = tuple(checks_of(connection))
            chosen = next((one for one in checks if one.name == wanted.check), None)
            labels = tuple(label_choices(connection, chosen, MOST_VALUES))
            try:
                if has_no_word(wanted.text):
                    read = partial(said_in, desk.bench.store, result)
                    found = page_with_signs(
                        connection, wanted, read, after=after, before=before, last=last, checks=checks
                    )
                else:
                    found = page(connection, wanted, after=after, before=before, last=last, checks=checks)
            except TooLong:
                return Found(NOTHING, checks, labels, TOO_LONG)
    except TooLong:
        return Found(NOTHING, (), (), "The index did not answer in time: load the page again.")
    except Outdated:
        indexer.again(run)
        return Found(NOTHING, (), ())
    return Found(found, checks, labels)


def progress(request: Request) -> Response:
    """For the script that shows how far the index is."""
    desk = desk_of(workbench(request))
    run = desk.finished_run(request.path_params["run"])
    desk.indexer.want(run)
    return JSONResponse(_told(desk.indexer.progress(run, desk.result(run))))


def _told(stands: Progress) -> dict[str, object]:
    return {
        "done": stands.searchable,
        "share": stands.indexed / stands.cases if stands.cases else 0.0,
        "said": f"{stands.indexed:,} of {stands.cases:,} cases can be searched",
        "problem": one_line(stands.problem),
    }


# --- rows -------------------------------------------------------------------------------------------------------------


def _rows(
    store: Store, result: Result, kept: Sequence[tuple[str, str]], check: IndexedCheck | None, shown: Page
) -> list[RowView]:
    texts = said_in(store, result, shown.cases)
    terms = [term for term, _ in parse(dict(kept).get("q", "")).terms]
    units = {(info.name, metric.name): metric.unit for info in result.checks for metric in info.metrics}
    first = {info.name: [metric.name for metric in info.metrics] for info in result.checks}
    rows = []
    for case in shown.cases:
        exchanges = texts.get((case.check, case.case), [])
        names = first.get(case.check, [])
        values = [
            formatting.number(value, units.get((case.check, name), ""))
            for name, value in zip(names, case.values, strict=False)
        ]
        told = exchanges[0] if exchanges else None
        where = [*kept, ("of", case.check), case_parameter(case.case), ("row", str(case.row))]
        rows.append(
            RowView(
                link=address(result.run.id, "case", where),
                check=one_line(case.check),
                case=one_line(shorten_end(case.case, 80)),
                status=str(case.status),
                prompt=around(_asked(told), terms, TEASER),
                answer=around(_best(exchanges, terms), terms, TEASER),
                several=len({one.answer for one in exchanges}),
                values=tuple(values if check else values[:1]),
                first=one_line(names[0]) if names else "",
            )
        )
    return rows


def said_in(store: Store, result: Result, cases: Iterable[FoundCase]) -> dict[tuple[str, str], list[Exchange]]:
    """By check and case, masked as everything that the run shows is."""
    masked = any(check.kind == MASKING for check in result.checks)
    datasets = {check.name: result.run.datasets.get(check.dataset, "") for check in result.checks}
    by_check: dict[str, list[str]] = {}
    for case in cases:
        by_check.setdefault(case.check, []).append(case.case)
    found = {}
    for check, names in by_check.items():
        scores = store.get_scores(result.run.id, check, names)
        by_case = exchanges_of(store, datasets.get(check, ""), scores, masked=masked)
        found.update({(check, name): exchanges for name, exchanges in by_case.items()})
    return found


def _asked(exchange: Exchange | None) -> str:
    return exchange.messages[-1].content if exchange and exchange.messages else ""


def _best(exchanges: Sequence[Exchange], terms: Sequence[str]) -> str:
    """Of several answers the first with a word that was searched for."""
    answers = [exchange.answer or exchange.error for exchange in exchanges]
    folded = [term.casefold().strip() for term in terms]
    for answer in answers:
        if any(term in answer.casefold() for term in folded):
            return answer
    return answers[0] if answers else ""


# --- choosing ---------------------------------------------------------------------------------------------------------


def _columns(run: Run, wanted: Wanted, check: IndexedCheck | None, result: Result) -> list[Column]:
    if check is None:
        return []
    columns = []
    for metric in check.metrics:
        chosen = metric.name == wanted.sort
        # what is bad comes first: that is what people look for
        descending = not wanted.descending if chosen else metric.better == "lower"
        other = replace(wanted, sort=metric.name, descending=descending)
        order = "" if not chosen else "descending" if wanted.descending else "ascending"
        columns.append(Column(one_line(metric.name), address(run.id, "cases", parameters(other)), order))
    return columns


def _turned(run: Run, wanted: Wanted, way: str, row: int | str | None) -> str:
    return "" if row is None else address(run.id, "cases", [*parameters(wanted), (way, str(row))])


def _choices(
    wanted: Wanted, found: Found, check: IndexedCheck | None
) -> list[tuple[str, str, list[tuple[str, str]], str]]:
    """Name of the parameter, what people read, values with what people read of them, the chosen one."""
    choices = [
        ("check", "Check", [(one.name, f"{one.name} ({one.listed:,})") for one in found.checks], wanted.check),
        ("status", "Status", [(str(status), str(status)) for status in STATUSES], wanted.status),
    ]
    picked = dict(wanted.labels)
    for label in found.labels:
        values = [(value, f"{shorten_end(value, 40)} ({cases:,})") for value, cases in label.values]
        choices.append((LABEL + label.name, label.name.replace("_", " "), values, picked.get(label.name, "")))
    return choices


run_links = [Link("Cases", "/runs/{run}/cases")]
routes = [
    Route("/runs/{run}/cases", show),
    Route("/runs/{run}/cases/progress", progress),
]
