"""How the metrics of one suite went from run to run, with their intervals and what its gates ask for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from evalkit.report.case_list import in_page
from evalkit.report.charts import Chart
from evalkit.report.hostile import one_line, shorten_end
from evalkit.store import Store
from evalkit.store.looking import Listed, Wanted, list_page, names
from evalkit.web.pages import Link, drawing_scripts, render, workbench
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


def show(request: Request) -> Response:
    from markupsafe import Markup

    bench = workbench(request)
    given = request.query_params
    suites = names(bench.store)["suite"]
    suite = given.get("suite", "") or next((run.suite for run in _newest(bench.store, "", "", 0)), "")
    model, before = given.get("model", ""), _number(given.get("before", ""))
    runs = _newest(bench.store, suite, model, before) if suite else []
    more = len(runs) > MOST_RUNS
    runs = runs[:MOST_RUNS]
    found = [measured(bench, run) for run in reversed(runs)]
    check = given.get("check", "")
    known = list(dict.fromkeys(name.split(".")[0] for one in found for name in one.points))
    models = list(dict.fromkeys(one.run.model for one in found))
    wanted = _names(found, check)
    trends = _trends(wanted[:MOST_TRENDS], found, models)
    said = [("suite", suite), ("model", model), ("check", check)]
    signs = list(SHAPES.values())
    return render(
        request,
        "trend.html.j2",
        suite=suite,
        trends=trends,
        left_out=max(0, len(wanted) - MOST_TRENDS),
        specs=Markup(in_page({one.chart.id: one.chart.spec for one in trends})),  # noqa: S704 - cannot end its script
        scripts=drawing_scripts(),
        runs=len(runs),
        legend=[(signs[at % len(signs)], one_line(shorten_end(name, 60))) for at, name in enumerate(models)][
            :MOST_MODELS
        ],
        parted=any(row[-1] for one in trends for _, row in one.rows),
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
