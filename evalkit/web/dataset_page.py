"""What a run was asked: the rows of its datasets as they are kept with it, their figures, and what is odd in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evalkit.data.profile import Distribution
from evalkit.report import formatting
from evalkit.report.hostile import one_line, shorten_end
from evalkit.results import Result
from evalkit.web.browse.desk import desk_of
from evalkit.web.browse.rows import MOST_ROWS, Oddity, Rows, count_rows, look_at_rows
from evalkit.web.choosing import LABEL, address, case_parameter
from evalkit.web.making import begun, being_made, is_there
from evalkit.web.pages import Link, render, workbench

SHOWN_LABELS = 12
SHOWN_VALUES = 15


@dataclass(frozen=True, slots=True)
class OddityView:
    told: str
    examples: tuple[tuple[str, str], ...]
    """Id of a row, and where its case is shown."""


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
    checks = [check for check in result.checks if check.dataset == dataset]
    return render(
        request,
        "dataset.html.j2",
        run=run,
        run_id=run.id,
        here="Data",
        dataset=one_line(dataset),
        fingerprint=one_line(fingerprint),
        datasets=[(one_line(name), address(run.id, "data", [("dataset", name)]), name == dataset) for name in datasets],
        many=many,
        looked_at=rows.rows,
        partial=f"{MOST_ROWS:,}" if many > rows.rows else "",
        lengths=_lengths(rows),
        oddities=[*_of_run(result, dataset), *(_oddity(result, dataset, odd) for odd in rows.oddities)],
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


def _of_run(result: Result, dataset: str) -> list[OddityView]:
    """What the run itself found in the rows."""
    told = []
    for check in result.checks:
        if check.dataset != dataset:
            continue
        if check.skipped_rows:
            many = formatting.count(check.skipped_rows, "row")
            told.append(OddityView(one_line(f"{many} left out of check {check.name} as faulty"), ()))
        if check.counts.errored:
            where = address(result.run.id, "cases", [("check", check.name), ("status", "errored")])
            many = formatting.count(check.counts.errored, "measurement")
            told.append(OddityView(one_line(f"{many} of check {check.name} errored"), (("look at the cases", where),)))
    return told


def _oddity(result: Result, dataset: str, odd: Oddity) -> OddityView:
    check = next((check.name for check in result.checks if check.dataset == dataset), "")
    examples = tuple(
        (one_line(shorten_end(row, 60)), address(result.run.id, "case", [("of", check), case_parameter(row)]))
        for row in odd.examples
    )
    return OddityView(f"{formatting.count(odd.rows, 'row')} {odd.told}", examples)


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
