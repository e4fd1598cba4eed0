"""How the metrics of one suite went from run to run, with their intervals and what its gates ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from evalkit.report.case_list import in_page
from evalkit.report.charts import Chart
from evalkit.report.hostile import one_line, shorten_end
from evalkit.store import Store
from evalkit.store.looking import Listed, Wanted, list_page, names
from evalkit.web.making import begun, is_there
from evalkit.web.pages import Link, drawing_scripts, render, workbench
from evalkit.web.runs import number
from evalkit.web.trend_chart import SHAPES, Place, chart, link, newest_gate, places
from evalkit.web.trend_points import Measured, measured

MOST_RUNS = 40
MOST_MODELS = 12
MOST_TRENDS = 60
ALL = "all"
"""Every metric, also those that no gate asks for."""


@dataclass(frozen=True, slots=True)
class MetricTrend:
    name: str
    gate: str
    chart: Chart
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    """Newest first, as the list of runs: where the run is, and its cells."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the address asks for, and the runs that it means."""

    suite: str
    model: str
    check: str
    before: int
    runs: tuple[Listed, ...]
    """Newest first."""
    older: int
    """Number of the run that the page before this one goes on from; 0 where there is none."""

    def address(self, **where: str) -> str:
        said = {"suite": self.suite, "model": self.model, "check": self.check, **where}
        return "/trends?" + urlencode({name: value for name, value in said.items() if value}, errors="surrogatepass")


def show(request: Request) -> Response:
    bench = workbench(request)
    chosen = _chosen(bench.store, request.query_params)
    # a result is large, and forty of them take longer to read than a page may take
    made = [f"{run.id} {run.finished} {run.outcome}" for run in chosen.runs]
    read = begun(bench, f"trend {made}", lambda: [measured(bench, run) for run in reversed(chosen.runs)])
    if not is_there(bench, read):
        told = "The results of these runs are being read."
        return render(request, "being_made.html.j2", run=None, run_id="", here="Trends", sentence=told)
    return _page(request, chosen, read.result())


def _page(request: Request, chosen: Chosen, found: Sequence[Measured]) -> Response:
    from markupsafe import Markup

    models = list(dict.fromkeys(one.run.model for one in found))
    wanted = _names(found, chosen.check)
    trends = _trends(wanted[:MOST_TRENDS], found, models)
    return render(
        request,
        "trend.html.j2",
        suite=chosen.suite,
        trends=trends,
        left_out=max(0, len(wanted) - MOST_TRENDS),
        specs=Markup(in_page({one.chart.id: one.chart.spec for one in trends})),  # noqa: S704 - cannot end its script
        scripts=drawing_scripts(),
        runs=len(found),
        legend=[(sign, one_line(shorten_end(name, 60))) for sign, name in zip(cycle(SHAPES.values()), models)][
            :MOST_MODELS
        ],
        parted=any(row[-1] for one in trends for _, row in one.rows),
        older=chosen.address(before=str(chosen.older)) if chosen.older else "",
        newest=chosen.address() if chosen.before else "",
        everything=chosen.address(check=ALL),
        choices=_choices(chosen, found, models, names(workbench(request).store)["suite"]),
    )


Choice = tuple[str, str, list[tuple[str, str]], str]
"""Name of the parameter, what people read, values with their words, the chosen one."""


def _choices(chosen: Chosen, found: Sequence[Measured], models: Sequence[str], suites: Sequence[str]) -> list[Choice]:
    checks = dict.fromkeys(name.split(".")[0] for one in found for name in one.points)
    metrics = [("", "those with a gate"), *((name, f"of {name}") for name in checks), (ALL, "all")]
    return [
        ("suite", "Suite", [(name, name) for name in suites], chosen.suite),
        ("model", "Model", [(name, name) for name in models], chosen.model),
        ("check", "Metrics", metrics, chosen.check),
    ]


def of_run(request: Request) -> Response:
    """The trends of a run's suite."""
    run = workbench(request).store.get_run(request.path_params["run"])
    return RedirectResponse(Chosen(run.suite, "", "", 0, (), 0).address(), status_code=303)


def _chosen(store: Store, given: Mapping[str, str]) -> Chosen:
    """Of whole runs: those that were limited say less than the others beside them. Where there are no whole ones, they
    are all there is."""
    suite, model, before = given.get("suite", ""), given.get("model", ""), number(given.get("before", ""))
    if not suite:
        newest = list_page(store, Wanted(state="finished"), size=1)
        suite = newest[0].suite if newest else ""
    wanted = Wanted(suite=suite, model=model, state="finished")
    found = list_page(store, wanted, before=before, size=MOST_RUNS + 1) if suite else []
    shown = found[:MOST_RUNS]
    older = shown[-1].number if len(found) > MOST_RUNS else 0
    whole = [run for run in shown if not run.partial]
    return Chosen(suite, model, given.get("check", ""), before, tuple(whole or shown), older)


def _names(found: Sequence[Measured], check: str) -> list[str]:
    """Metrics with a gate in some run come first; without any, those of whole checks."""
    gated: dict[str, bool] = {}
    for one in reversed(found):
        for name, point in one.points.items():
            gated[name] = gated.get(name, False) or bool(point.gate)
    whole = [name for name in gated if "[" not in name]
    if not check:
        return [name for name, has_gate in gated.items() if has_gate] or whole[:12]
    chosen = whole if check == ALL else [name for name in whole if name.split(".")[0] == check]
    return sorted(chosen, key=lambda name: not gated[name])


def _trends(wanted: Sequence[str], found: Sequence[Measured], models: Sequence[str]) -> list[MetricTrend]:
    told = ((name, places(found, name)) for name in wanted)
    seen = ((name, there) for name, there in told if any(one.point.value is not None for one in there))
    return [_trend(at, name, there, models) for at, (name, there) in enumerate(seen)]


def _trend(at: int, name: str, there: Sequence[Place], models: Sequence[str]) -> MetricTrend:
    gate = newest_gate(there)
    drawn = chart(at, name, there, models)
    links = [link(one) for one in reversed(there)]
    return MetricTrend(
        name=one_line(name),
        gate=one_line(gate.gate) if gate else "",
        chart=drawn,
        rows=tuple(zip(links, drawn.rows, strict=True)),
    )


links = [Link("Trends", "/trends")]
run_links = [Link("Trend", "/runs/{run}/trend")]
routes = [Route("/trends", show), Route("/runs/{run}/trend", of_run)]
