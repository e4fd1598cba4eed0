"""How the metrics of one suite went from run to run, with their intervals and what its gates ask for."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from evalkit.records import Interval
from evalkit.report import formatting
from evalkit.report.hostile import one_line, shorten_end
from evalkit.store import Store
from evalkit.store.looking import Listed, Wanted, list_page, names
from evalkit.web.pages import Link, render, workbench
from evalkit.web.plotting import Mark, Plot, plot, shape
from evalkit.web.standing import moment
from evalkit.web.workbench import Remembered, Workbench

NAME = "trend"
MOST_RUNS = 40
MOST_MODELS = 12
ALL = "all"
"""Every metric, also those that no gate asks for."""


@dataclass(frozen=True, slots=True)
class Point:
    """A metric in one run."""

    name: str
    unit: str
    value: float | None
    interval: Interval | None
    gate: str = ""
    word: str = ""
    """What the gate's evidence says."""
    threshold: float | None = None
    operator: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    run: Listed
    started: str
    value: str
    interval: str
    word: str
    threshold: str


@dataclass(frozen=True, slots=True)
class MetricTrend:
    name: str
    gate: str
    plot: Plot
    rows: tuple[Row, ...]
    """Newest first, as the list of runs."""


def show(request: Request) -> Response:
    bench = workbench(request)
    given = request.query_params
    suites = names(bench.store)["suite"]
    suite = given.get("suite", "") or next((run.suite for run in _newest(bench.store, "", "", 0)), "")
    model, before = given.get("model", ""), _number(given.get("before", ""))
    runs = _newest(bench.store, suite, model, before) if suite else []
    more = len(runs) > MOST_RUNS
    runs = runs[:MOST_RUNS]
    measured = [(run, _points(bench, run)) for run in reversed(runs)]
    check = given.get("check", "")
    known = list(dict.fromkeys(name.split(".")[0] for _, points in measured for name in points))
    models = list(dict.fromkeys(run.model for run, _ in measured))
    trends = [_trend(name, measured, models) for name in _names(measured, check)]
    said = [("suite", suite), ("model", model), ("check", check)]
    return render(
        request,
        "trend.html.j2",
        suite=suite,
        trends=[trend for trend in trends if trend is not None],
        runs=len(runs),
        legend=[(shape(8, 8, at), one_line(shorten_end(model, 60))) for at, model in enumerate(models[:MOST_MODELS])],
        older=_address([*said, ("before", str(runs[-1].number))]) if more else "",
        newest=_address(said) if before else "",
        everything=_address([("suite", suite), ("model", model), ("check", ALL)]),
        choices=[
            ("suite", "Suite", [(name, name) for name in suites], suite),
            ("model", "Model", [(name, name) for name in dict.fromkeys(run.model for run in runs)], model),
            (
                "check",
                "Metrics",
                [("", "those with a gate"), *((name, f"of {name}") for name in known), (ALL, "all")],
                check,
            ),
        ],
    )


def of_run(request: Request) -> Response:
    """The trends of a run's suite."""
    run = workbench(request).store.get_run(request.path_params["run"])
    return RedirectResponse(_address([("suite", run.suite)]), status_code=303)


def _newest(store: Store, suite: str, model: str, before: int) -> list[Listed]:
    """Of whole runs: those that were limited say less than the others beside them."""
    found = list_page(store, Wanted(suite=suite, model=model, state="finished"), before=before, size=MOST_RUNS + 1)
    return [run for run in found if not run.partial] or found


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _address(said: Iterable[tuple[str, str]]) -> str:
    return "/trends?" + urlencode([(name, value) for name, value in said if value], errors="surrogatepass")


# --- what the runs measured -------------------------------------------------------------------------------------------


def _points(bench: Workbench, run: Listed) -> Mapping[str, Point]:
    """By the metric's name. A result is read once; a review may have given the run another outcome since."""
    kept = bench.others.setdefault(NAME, Remembered[Mapping[str, Point]](2000))
    assert isinstance(kept, Remembered)
    key = f"{run.id} {run.finished} {run.outcome}"
    found: Mapping[str, Point] = kept.get(key, lambda: _read(json.loads(bench.store.get_result(run.id))))
    return found


def _read(document: Mapping[str, Any]) -> dict[str, Point]:
    """Only the figures: a result holds texts as well, which nobody looks at here."""
    points = {}
    for estimate in document.get("estimates", ()):
        point = _point(estimate)
        points[point.name] = point
    for verdict in document.get("verdicts", ()):
        estimate = verdict.get("estimate")
        if not estimate or verdict.get("automatic"):
            continue
        point = _point(estimate)
        against_baseline = verdict.get("contrast") is not None
        points[point.name] = Point(
            point.name,
            point.unit,
            point.value,
            point.interval,
            gate=verdict.get("gate", ""),
            word=str(verdict.get("word", "")),
            threshold=None if against_baseline else verdict.get("threshold"),
            operator=verdict.get("operator", ""),
        )
    return points


def _point(estimate: Mapping[str, Any]) -> Point:
    slices = estimate.get("slice") or {}
    inner = ",".join(f"{label}={value}" for label, value in slices.items())
    name = f"{estimate['check']}.{estimate['metric']}" + (f"[{inner}]" if inner else "")
    between = estimate.get("interval")
    interval = _interval(between) if between else None
    return Point(name, estimate.get("unit", ""), estimate.get("value"), interval)


def _interval(between: Mapping[str, Any]) -> Interval:
    """JSON has no infinity: an end that is none is open."""
    low, high = between["low"], between["high"]
    return Interval(
        -math.inf if low is None else low,
        math.inf if high is None else high,
        between["confidence"],
        between["method"],
    )


def _names(measured: Sequence[tuple[Listed, Mapping[str, Point]]], check: str) -> list[str]:
    """Metrics with a gate in some run come first; without any, those of whole checks."""
    found: dict[str, bool] = {}
    for _, points in reversed(measured):
        for name, point in points.items():
            found[name] = found.get(name, False) or bool(point.gate)
    gated = [name for name, has_gate in found.items() if has_gate]
    whole = [name for name in found if "[" not in name]
    if not check:
        return gated or whole[:12]
    chosen = whole if check == ALL else [name for name in whole if name.split(".")[0] == check]
    return sorted(chosen, key=lambda name: name not in gated)


# --- one metric -------------------------------------------------------------------------------------------------------


def _trend(
    name: str, measured: Sequence[tuple[Listed, Mapping[str, Point]]], models: Sequence[str]
) -> MetricTrend | None:
    told = [(run, points[name]) for run, points in measured if name in points]
    if not any(point.value is not None for _, point in told):
        return None
    newest = next((point for _, point in reversed(told) if point.gate), told[-1][1])
    unit = "share" if newest.unit == "score100" and newest.threshold is not None else newest.unit
    marks = [
        Mark(
            value=point.value,
            low=point.interval.low if point.interval else None,
            high=point.interval.high if point.interval else None,
            shade={"pass": "pass", "fail": "fail", "unsure": "unsure"}.get(point.word, "plain"),
            series=models.index(run.model),
            label=_told(run, point, unit),
            link="/runs/" + urlencode({"": run.id}, errors="surrogatepass")[1:].replace("+", "%20"),
            when=_when(run, told[0][0], told[-1][0]),
        )
        for run, point in told
    ]
    return MetricTrend(
        name=one_line(name),
        gate=one_line(newest.gate),
        plot=plot(marks, newest.threshold, unit),
        rows=tuple(_row(run, point, unit) for run, point in reversed(told)),
    )


def _told(run: Listed, point: Point, unit: str) -> str:
    between = f", {formatting.interval(point.interval, unit)}" if point.interval else ""
    word = f", {point.word}" if point.word else ""
    value = formatting.measure(point.value, unit)
    return one_line(f"{run.model}, {moment(run.created)}: {value}{between}{word}")


def _row(run: Listed, point: Point, unit: str) -> Row:
    target = formatting.number(point.threshold, unit)
    return Row(
        run=run,
        started=moment(run.created),
        value=formatting.number(point.value, unit, apart_from=point.threshold),
        interval=formatting.interval(point.interval, unit),
        word=point.word,
        threshold=f"{point.operator} {target}" if point.threshold is not None else "",
    )


def _when(run: Listed, first: Listed, last: Listed) -> str:
    """The day, and the hour where all began on one day."""
    written = moment(run.created)
    day, _, hour = written.partition(", ")
    return written if first.created[:10] == last.created[:10] and hour else day


links = [Link("Trends", "/trends")]
run_links = [Link("Trend", "/runs/{run}/trend")]
routes = [Route("/trends", show), Route("/runs/{run}/trend", of_run)]
