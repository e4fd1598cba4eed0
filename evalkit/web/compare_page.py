"""Two runs or more beside each other: what changed in their metrics, and in which cases, word by word."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evalkit.errors import ConfigurationError, StoreError
from evalkit.report import comparison_words as words
from evalkit.report import formatting
from evalkit.report.hostile import one_line, shorten_end, shown
from evalkit.results import Exchange, Run
from evalkit.runner.compare import CaseChange, Comparison, MetricChange, Pairing, compare_runs
from evalkit.store import Store
from evalkit.web.choosing import address, case_parameter
from evalkit.web.marking import Pieces, differences
from evalkit.web.pages import Link, render, workbench
from evalkit.web.workbench import Remembered, Workbench

NAME = "compare"
MOST_RUNS = 6
SHOWN = 40
"""Cases of each direction with their answers; all others are counted."""
MOST = 6000
"""Characters of one answer; the case's own page has the rest."""
PATIENCE = 1.5
"""Seconds in which an answer is waited for; then a page says that it is being made."""
ORDER = ("worse", "better", "moved", "unclear", "same")
"""In which a reader wants to know."""
SHADES = {"better": "pass", "worse": "fail", "moved": "unsure"}
_making = threading.Lock()


@dataclass(slots=True)
class Comparing:
    """Comparisons are dear: each is made once, beside the pages, one after the other."""

    store: Store
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "comparison"))
    _made: Remembered[Future[Comparison]] = field(default_factory=lambda: Remembered(16))

    def of(self, runs: Sequence[Run], *, allow_different: bool) -> Future[Comparison]:
        names = [run.id for run in runs]
        key = repr([[(run.id, run.finished) for run in runs], allow_different])

        def begin() -> Future[Comparison]:
            return self._pool.submit(compare_runs, self.store, *names, show=SHOWN, allow_different=allow_different)

        with _making:
            return self._made.get(key, begin)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _comparing(bench: Workbench) -> Comparing:
    with _making:
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
class AnswerPair:
    prompt: tuple[tuple[str, str], ...]
    before: Pieces
    after: Pieces
    same: bool
    notes: tuple[str, str]


@dataclass(frozen=True, slots=True)
class ChangeView:
    case: str
    check: str
    told: str
    links: tuple[str, str]
    teaser: str
    pairs: tuple[AnswerPair, ...]


@dataclass(frozen=True, slots=True)
class PairingView:
    letter: str
    candidate: Run
    sentence: str
    verdict: str
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    metrics: tuple[MetricRow, ...]
    same: tuple[str, ...]
    changes: tuple[tuple[str, int, tuple[ChangeView, ...]], ...]
    """Heading, how many there are, and those that are shown."""


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
        found = _comparing(bench).of(runs, allow_different=allow).result(timeout=PATIENCE)
    except NotYet:
        return render(request, "compare.html.j2", **common, found=None, refused=None, pairings=[])
    except StoreError as error:
        allowed = "" if allow else _address(runs, different=True)
        refused = (error.message, "" if allowed else error.hint, allowed)
        return render(request, "compare.html.j2", **common, found=None, refused=refused, pairings=[])
    return render(
        request,
        "compare.html.j2",
        **common,
        found=found,
        refused=None,
        pairings=[_pairing(found, place) for place in range(len(found.candidates))],
        beside=_beside(found) if len(found.candidates) > 1 else [],
        headings=words.HEADINGS,
        legend=words.LEGEND,
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


def _address(runs: Sequence[Run], *, different: bool) -> str:
    said = [("baseline", runs[0].id), *(("run", run.id) for run in runs[1:])]
    said += [("different", "1")] if different else []
    return "/compare?" + urlencode(said, errors="surrogatepass")


def _beside(found: Comparison) -> list[tuple[str, str, list[tuple[str, str, str, str]]]]:
    """Of several candidates: a metric, the baseline's value, and of each one mark, shade, value and difference."""
    rows, _ = words.side_by_side(found)
    return [(row.name, row.baseline, [_beside_cell(metric) for metric in row.candidates]) for row in rows]


def _beside_cell(metric: MetricChange | None) -> tuple[str, str, str, str]:
    if metric is None:
        return "", "plain", formatting.NONE, ""
    shade = SHADES.get(metric.word, "plain")
    cells = words.cells(metric)
    difference = "" if metric.word == "same" or metric.contrast.value is None else cells[3]
    word = "" if metric.contrast.value is None else f"{words.WORDS[metric.word]} {metric.word}"
    return word, shade, cells[2], difference


# --- one candidate ----------------------------------------------------------------------------------------------------


def _pairing(found: Comparison, place: int) -> PairingView:
    pairing = found.candidates[place]
    rows = [_metric(metric) for metric in pairing.metrics if metric.word != "same"]
    units = words.units(pairing)
    notes = [
        f"{name}: {before or 'none'} in the baseline, {after or 'none'} here"
        for name, before, after in pairing.differences
    ]
    sides = (("regressed", pairing.regressed), ("fixed", pairing.improved))
    return PairingView(
        letter=words.letter(place + 1),
        candidate=pairing.candidate,
        sentence=one_line(words.sentence(pairing)),
        verdict=words.verdicts(Comparison(found.baseline, (pairing,)))[0],
        warnings=tuple(one_line(warning) for warning in words.warnings(pairing)),
        notes=tuple(one_line(shorten_end(note, 400)) for note in (*notes, *pairing.missing, *_missing(pairing))),
        metrics=tuple(sorted(rows, key=lambda row: (not row.decisive, ORDER.index(row.word)))),
        same=tuple(one_line(metric.name) for metric in pairing.metrics if metric.word == "same"),
        changes=tuple(
            (heading, len(changes), tuple(_change(pairing, change, units) for change in words.shown_cases(changes)))
            for heading, changes in sides
        ),
    )


def _missing(pairing: Pairing) -> list[str]:
    """Cases that only one side has are never silently dropped."""
    return [
        f"{check.name}: {len(check.only_baseline):,} cases there alone, {len(check.only_candidate):,} here alone"
        for check in pairing.checks
        if check.only_baseline or check.only_candidate
    ]


def _metric(metric: MetricChange) -> MetricRow:
    return MetricRow(
        word=metric.word,
        mark=words.WORDS[metric.word],
        shade=SHADES.get(metric.word, "plain"),
        check=one_line(metric.check),
        cells=words.cells(metric),
        decisive=metric.decisive,
    )


# --- one case ---------------------------------------------------------------------------------------------------------


def _change(pairing: Pairing, change: CaseChange, units: dict[tuple[str, str], str]) -> ChangeView:
    where = [("of", change.check), case_parameter(change.case)]
    pairs = words.pairs(change)[: words.MOST_EXCHANGES]
    first = pairs[0][0] or pairs[0][1]
    return ChangeView(
        case=one_line(shorten_end(change.case, 100)),
        check=one_line(change.check),
        told=words.change_in_words(change, units.get((change.check, change.metric), "")),
        links=(
            address(pairing.baseline.id, "case", where) if change.baseline_exchanges else "",
            address(pairing.candidate.id, "case", where),
        ),
        teaser=one_line(shorten_end(first.messages[-1].content, 160)) if first and first.messages else "",
        pairs=tuple(_pair(before, after) for before, after in pairs),
    )


def _pair(before: Exchange | None, after: Exchange | None) -> AnswerPair:
    asked = after or before
    was, now = differences(before.answer if before else "", after.answer if after else "", MOST)
    return AnswerPair(
        prompt=tuple((one_line(m.role), shown(m.content, MOST)) for m in asked.messages) if asked else (),
        before=was,
        after=now,
        same=bool(before and after and before.answer == after.answer),
        notes=(_note(before), _note(after)),
    )


def _note(exchange: Exchange | None) -> str:
    if exchange is None:
        return "not asked, or its answers are elsewhere"
    if exchange.error:
        return shown(exchange.error, 500)
    return "" if exchange.answer else "empty"


compare_path = "/compare"
links = [Link("Compare", "/compare")]
routes = [Route("/compare", show)]
