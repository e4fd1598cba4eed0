"""Two runs or more beside each other: what changed in their metrics, and in which cases, word by word."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evalkit.errors import ConfigurationError, NotComparable
from evalkit.report import comparison_notes, formatting
from evalkit.report import comparison_words as words
from evalkit.report.contrast_words import LEGEND, WORDS
from evalkit.report.hostile import one_line, shorten_end
from evalkit.results import Run
from evalkit.runner.compare import Comparison, MetricChange, Pairing, compare_runs
from evalkit.store import Store
from evalkit.web.browse.desk import desk_of
from evalkit.web.compare_cases import FILLING, asked_of, cases_view
from evalkit.web.making import Making
from evalkit.web.pages import Link, render, workbench
from evalkit.web.workbench import Workbench

NAME = "compare"
MOST_RUNS = 6
MOST_KEPT = 4
"""Comparisons: of each are kept its numbers and which cases went otherwise."""
PATIENCE = 0.15
"""Seconds in which an answer is waited for; then a page says that it is being made."""
ORDER = ("worse", "better", "moved", "unclear", "same")
"""In which a reader wants to know."""
SHADES = {"better": "pass", "worse": "fail", "moved": "unsure"}
_opening = threading.Lock()


@dataclass(slots=True)
class Comparing:
    """Comparisons are dear: each is made once, beside the pages, one after the other."""

    store: Store
    _making: Making = field(default_factory=lambda: Making(1, MOST_KEPT))

    def of(self, runs: Sequence[Run], *, allow_different: bool) -> Future[Compared]:
        names = [run.id for run in runs]
        key = repr([[(run.id, run.finished) for run in runs], allow_different])

        def make() -> Compared:
            found = compare_runs(self.store, *names, show=0, allow_different=allow_different)
            pairings = [_pairing(found, place) for place in range(len(found.candidates))]
            return Compared(found, pairings, _beside(found) if len(found.candidates) > 1 else [])

        return self._making.begun(key, make)

    def close(self) -> None:
        self._making.close()


def _comparing(bench: Workbench) -> Comparing:
    with _opening:
        found = bench.others.get(NAME)
        if not isinstance(found, Comparing):
            found = bench.others[NAME] = Comparing(bench.store)
        return found


@dataclass(frozen=True, slots=True)
class MetricRow:
    word: str
    mark: str
    shade: str
    check: str
    cells: tuple[str, ...]
    """In the order of the headings."""
    decisive: bool


@dataclass(frozen=True, slots=True)
class BesideRow:
    name: str
    baseline: str
    decides: bool
    cells: tuple[tuple[str, str, str, str], ...]
    """Of each candidate mark, shade, value and difference."""


@dataclass(frozen=True, slots=True)
class PairingView:
    letter: str
    candidate: Run
    sentence: str
    verdict: str
    worse: bool
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    apart: tuple[str, ...]
    """What only one of the two has, and what else stands beside the numbers."""
    metrics: tuple[MetricRow, ...]
    """Those that decide; where none does, all that differ."""
    others: tuple[MetricRow, ...]
    same: tuple[str, ...]
    counts: tuple[int, int, int]
    """Cases that regressed, that were fixed, and that moved without either."""


@dataclass(frozen=True, slots=True)
class Compared:
    """With what the page says of it, whichever of its cases are asked for."""

    comparison: Comparison
    pairings: list[PairingView]
    beside: list[BesideRow]


def show(request: Request) -> Response:
    bench = workbench(request)
    given = request.query_params
    if len(_named(given)) < 2:
        return _choose(request, bench)
    runs = _runs(bench.store, given)
    allow = given.get("different", "") == "1"
    common: dict[str, Any] = {
        "runs": runs,
        "order": [
            (run, _address([run, *(other for other in runs if other is not run)], different=allow)) for run in runs
        ],
    }
    try:
        made = _comparing(bench).of(runs, allow_different=allow).result(timeout=PATIENCE)
    except NotYet:
        return render(request, "compare.html.j2", **common, found=None, refused=None, pairings=[])
    except NotComparable as error:
        allowed = "" if allow else _address(runs, different=True)
        refused = (error.message, "" if allowed else error.hint, allowed)
        return render(request, "compare.html.j2", **common, found=None, refused=refused, pairings=[])
    found = made.comparison
    letters = [words.letter(place + 1) for place in range(len(found.candidates))]
    asked = asked_of(given, letters)
    cases = cases_view(desk_of(bench), found.candidates[letters.index(asked.of)], asked)

    def where(**changed: Any) -> str:
        return _address(runs, different=allow, more=cases.asked._replace(**changed).parameters()) + "#cases"

    several = len(letters) > 1
    return render(
        request,
        "compare.html.j2",
        **common,
        found=found,
        refused=None,
        pairings=made.pairings,
        beside=made.beside,
        cases=cases,
        candidates=[(one, where(of=one, check="", page=1), one == asked.of) for one in letters] if several else [],
        ways=[(name, told, many, where(show=name, page=1)) for name, told, many in cases.counts],
        earlier=where(page=cases.asked.page - 1) if cases.asked.page > 1 else "",
        later=where(page=cases.asked.page + 1) if cases.asked.page < cases.pages else "",
        again=where(),
        filling=FILLING,
        every=where(show="changed", check="", text="", page=1),
        kept=_said(runs, different=allow),
        headings=words.HEADINGS,
        legend=LEGEND,
        how=words.how(found),
    )


def _choose(request: Request, bench: Workbench) -> Response:
    runs = [run for run in bench.store.list_runs(limit=300) if run.state == "finished"]
    return render(request, "compare_choose.html.j2", choices=runs, chosen=request.query_params.get("run", ""))


def _named(given: QueryParams) -> list[str]:
    return list(dict.fromkeys(filter(None, [given.get("baseline", ""), *given.getlist("run")])))


def _runs(store: Store, given: QueryParams) -> list[Run]:
    """The baseline first: the one that is named so, else the oldest."""
    named = _named(given)
    if len(named) > MOST_RUNS:
        raise ConfigurationError(
            f"{len(named)} runs are too many to read beside each other", hint=f"{MOST_RUNS} at most"
        )
    runs = [store.get_run(name, finished=True) for name in named]
    if given.get("baseline", ""):
        return [runs[0], *sorted(runs[1:], key=lambda run: run.created)]
    return sorted(runs, key=lambda run: run.created)


def _address(runs: Sequence[Run], *, different: bool, more: Sequence[tuple[str, str]] = ()) -> str:
    return "/compare?" + urlencode([*_said(runs, different=different), *more], errors="surrogatepass")


def _said(runs: Sequence[Run], *, different: bool) -> list[tuple[str, str]]:
    said = [("baseline", runs[0].id), *(("run", run.id) for run in runs[1:])]
    return said + ([("different", "1")] if different else [])


def _beside(found: Comparison) -> list[BesideRow]:
    return [
        BesideRow(
            name=row.name,
            baseline=row.baseline,
            decides=any(metric.decisive for metric in row.candidates if metric),
            cells=tuple(_beside_cell(metric) for metric in row.candidates),
        )
        for row in words.side_by_side(found)[0]
    ]


def _beside_cell(metric: MetricChange | None) -> tuple[str, str, str, str]:
    if metric is None:
        return "", "plain", formatting.NONE, ""
    shade = SHADES.get(metric.word, "plain")
    cells = words.cells(metric)
    difference = "" if metric.word == "same" or metric.contrast.value is None else cells[3]
    word = "" if metric.contrast.value is None else f"{WORDS[metric.word]} {metric.word}"
    return word, shade, cells[2], difference


# --- one candidate ----------------------------------------------------------------------------------------------------


def _pairing(found: Comparison, place: int) -> PairingView:
    pairing = found.candidates[place]
    rows = [_metric(metric) for metric in pairing.metrics if metric.word != "same"]
    rows.sort(key=lambda row: ORDER.index(row.word))
    decisive = tuple(row for row in rows if row.decisive)
    verdict = words.verdicts(Comparison(found.baseline, (pairing,)))[0]
    notes = [
        f"{name}: {before or 'none'} in the baseline, {after or 'none'} here"
        for name, before, after in pairing.differences
    ]
    return PairingView(
        letter=words.letter(place + 1),
        candidate=pairing.candidate,
        sentence=one_line(words.sentence(pairing)),
        verdict=verdict[:1].upper() + verdict[1:],
        worse=bool(pairing.worse),
        warnings=tuple(one_line(warning) for warning in words.warnings(pairing)),
        apart=tuple(one_line(shorten_end(note, 400)) for note in _told(pairing)),
        notes=tuple(one_line(shorten_end(note, 400)) for note in notes),
        metrics=decisive or tuple(rows),
        others=tuple(row for row in rows if not row.decisive) if decisive else (),
        same=tuple(one_line(metric.name) for metric in pairing.metrics if metric.word == "same"),
        counts=(len(pairing.regressed), len(pairing.improved), len(pairing.moved)),
    )


def _told(pairing: Pairing) -> list[str]:
    remarks = (f"{check.name}: {note}" for check in pairing.checks for note in comparison_notes.remarks(check))
    return [*_missing(pairing), *pairing.missing, *remarks]


def _missing(pairing: Pairing) -> list[str]:
    """Cases that only one side has are never silently dropped."""
    return [
        f"{check.name}: {formatting.count(check.pairs, 'case')} in both runs; "
        f"{len(check.only_baseline):,} only in the baseline and {len(check.only_candidate):,} only here are left out"
        for check in pairing.checks
        if check.only_baseline or check.only_candidate
    ]


def _metric(metric: MetricChange) -> MetricRow:
    return MetricRow(
        word=metric.word,
        mark=WORDS[metric.word],
        shade=SHADES.get(metric.word, "plain"),
        check=one_line(metric.check),
        cells=words.cells(metric),
        decisive=metric.decisive,
    )


compare_path = "/compare"
links = [Link("Compare", "/compare")]
routes = [Route("/compare", show)]
