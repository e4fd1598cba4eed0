"""What a run was asked: the rows of its datasets as they are kept with it, their figures, and what is odd in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evalkit.data.lengths import Distribution
from evalkit.report import formatting
from evalkit.report.hostile import one_line, shorten_end
from evalkit.results import Result
from evalkit.store import Store
from evalkit.web.browse.desk import desk_of
from evalkit.web.browse.rows import MOST_ROWS, Oddity, Rows, count_rows, look_at_rows, rows_named
from evalkit.web.choosing import LABEL, address, case_parameter
from evalkit.web.making import begun, being_made, is_there
from evalkit.web.pages import Link, render, workbench
from evalkit.web.runs import number

SHOWN_LABELS = 12
SHOWN_VALUES = 15
SHOWN_ROWS = 3
PAGE = 50
TEASER = 200
LANGUAGES = {
    code: name
    for code, _, name in (
        pair.partition(" ")
        for pair in (
            *("ar Arabic", "de German", "en English", "es Spanish", "fr French", "he Hebrew", "hi Hindi"),
            *("it Italian", "ja Japanese", "ko Korean", "nl Dutch", "pl Polish", "pt Portuguese", "ru Russian"),
            *("sv Swedish", "tr Turkish", "uk Ukrainian", "zh Chinese"),
        )
    )
}


@dataclass(frozen=True, slots=True)
class RowView:
    name: str
    text: str
    link: str
    """Where its case is shown."""


@dataclass(frozen=True, slots=True)
class OddityView:
    told: str
    many: int
    advice: str
    rows: tuple[RowView, ...]
    """The first of them."""
    link: str
    """Where all of them are, if there are more; from there, back to all that is odd."""


@dataclass(frozen=True, slots=True)
class LabelView:
    name: str
    rows: int
    values: tuple[tuple[str, int, str], ...]
    """Each with how many rows have it, and where their cases are."""
    more: int


def show(request: Request) -> Response:
    desk = desk_of(workbench(request))
    run = desk.finished_run(request.path_params["run"])
    result = desk.result(run)
    datasets = list(dict.fromkeys(check.dataset for check in result.checks if check.dataset in run.datasets))
    asked = request.query_params.get("dataset", "")
    dataset = asked if asked in datasets else next(iter(datasets), "")
    fingerprint = run.datasets.get(dataset, "")
    store = desk.bench.store
    looked = begun(
        desk.bench, f"data {fingerprint}", lambda: (count_rows(store, fingerprint), look_at_rows(store, fingerprint))
    )
    if not is_there(desk.bench, looked):
        return being_made(request, run, "Data", "The rows of this run are being looked at.")
    many, rows = looked.result()
    common: dict[str, Any] = {
        "run": run,
        "run_id": run.id,
        "here": "Data",
        "dataset": one_line(dataset),
        "fingerprint": one_line(fingerprint),
        "many": many,
        "partial": f"{MOST_ROWS:,}" if many > rows.rows else "",
    }
    place = Place(store, result, dataset, fingerprint)
    chosen = next((odd for at, odd in enumerate(rows.oddities) if request.query_params.get("odd") == str(at)), None)
    if chosen is not None:
        return render(request, "dataset_rows.html.j2", **common, **_all_of(place, rows.oddities, chosen, request))
    checks = [check for check in result.checks if check.dataset == dataset]
    return render(
        request,
        "dataset.html.j2",
        **common,
        datasets=[(one_line(name), address(run.id, "data", [("dataset", name)]), name == dataset) for name in datasets],
        looked_at=rows.rows,
        lengths=_lengths(rows),
        languages=_shares(rows),
        of_run=_of_run(result, dataset),
        oddities=_oddities(place, rows.oddities),
        labels=_labels(result, dataset, rows),
        readers=[(one_line(check.name), address(run.id, "cases", [("check", check.name)])) for check in checks],
    )


def _lengths(rows: Rows) -> list[tuple[str, tuple[str, ...]]]:
    """Name, and rows that have it, least, mean, median, 95%, most."""
    told = []
    for name, lengths in rows.lengths.items():
        found = Distribution.of(lengths)
        if found is not None:
            figures = (found.min, found.mean, found.median, found.p95, found.max)
            told.append((name, (f"{found.count:,}", *(f"{figure:,.1f}".removesuffix(".0") for figure in figures))))
    return told


def _shares(rows: Rows) -> list[tuple[str, int, str]]:
    return [(LANGUAGES.get(code, code), times, "") for code, times in rows.languages.most_common(SHOWN_VALUES)]


def _of_run(result: Result, dataset: str) -> list[tuple[str, str]]:
    """What the run itself found in the rows, and where it can be looked at."""
    told = []
    for check in result.checks:
        if check.dataset != dataset:
            continue
        if check.skipped_rows:
            many = formatting.count(check.skipped_rows, "row")
            told.append((one_line(f"{many} left out of check {check.name} as faulty"), ""))
        if check.counts.errored:
            where = address(result.run.id, "cases", [("check", check.name), ("status", "errored")])
            many = formatting.count(check.counts.errored, "measurement")
            told.append((one_line(f"{many} of check {check.name} errored"), where))
    return told


# --- what is odd ------------------------------------------------------------------------------------------------------


class Place(NamedTuple):
    store: Store
    result: Result
    dataset: str
    fingerprint: str

    def where(self, *said: tuple[str, str]) -> str:
        return address(self.result.run.id, "data", [("dataset", self.dataset), *said])


def _oddities(place: Place, oddities: Sequence[Oddity]) -> list[OddityView]:
    found = []
    for at, odd in enumerate(oddities):
        more = place.where(("odd", str(at))) if len(odd.rows) > SHOWN_ROWS else ""
        found.append(_oddity(place, odd, odd.rows[:SHOWN_ROWS], more))
    return found


def _all_of(place: Place, oddities: Sequence[Oddity], odd: Oddity, request: Request) -> dict[str, Any]:
    """A page of the rows that are odd in one way."""
    at = str(oddities.index(odd))
    pages = max(1, math.ceil(len(odd.rows) / PAGE))
    page = min(max(1, number(request.query_params.get("page", ""))), pages)
    begin = (page - 1) * PAGE
    return {
        "odd": _oddity(place, odd, odd.rows[begin : begin + PAGE], place.where()),
        "page": page,
        "pages": pages,
        "earlier": place.where(("odd", at), ("page", str(page - 1))) if page > 1 else "",
        "later": place.where(("odd", at), ("page", str(page + 1))) if page < pages else "",
    }


def _oddity(place: Place, odd: Oddity, shown: Sequence[str], link: str) -> OddityView:
    return OddityView(f"Rows {one_line(odd.told)}", len(odd.rows), odd.advice, _rows(place, shown), link)


def _rows(place: Place, names: Sequence[str]) -> tuple[RowView, ...]:
    check = next((check.name for check in place.result.checks if check.dataset == place.dataset), "")
    texts = rows_named(place.store, place.fingerprint, names)
    return tuple(
        RowView(
            one_line(shorten_end(name, 60)),
            one_line(shorten_end(texts[name].messages[-1].content, TEASER)) if name in texts else "",
            address(place.result.run.id, "case", [("of", check), case_parameter(name)]),
        )
        for name in names
    )


def _labels(result: Result, dataset: str, rows: Rows) -> Sequence[LabelView]:
    check = next((check.name for check in result.checks if check.dataset == dataset), "")
    return [
        LabelView(
            name=one_line(name),
            rows=sum(values.values()),
            values=tuple(
                (value, times, address(result.run.id, "cases", [("check", check), (LABEL + name, value)]))
                for value, times in values.most_common(SHOWN_VALUES)
            ),
            more=max(0, len(values) - SHOWN_VALUES),
        )
        for name, values in list(rows.labels.items())[:SHOWN_LABELS]
    ]


run_links = [Link("Data", "/runs/{run}/data")]
routes = [Route("/runs/{run}/data", show)]
