"""One case of a run: what was asked, hoped for and answered, and what every check made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evalkit.errors import RunNotFound
from evalkit.failures import advice_on, class_of_scores_error
from evalkit.query.words import parse
from evalkit.records import Unscored
from evalkit.report import formatting
from evalkit.report.cases import CaseView, groups, pieces, spans_of
from evalkit.report.hostile import one_line, shorten_end, shown
from evalkit.report.together import together
from evalkit.results import Exchange, Finding, MetricInfo, Result, Run
from evalkit.runner.errored import in_full
from evalkit.runner.findings import MASKING, exchanges_of
from evalkit.store import Store, StoredScore
from evalkit.web.browse.desk import Desk, desk_of
from evalkit.web.browse.exactly import neighbours
from evalkit.web.browse.file import Outdated, TooLong
from evalkit.web.browse.filling import value_of
from evalkit.web.browse.query import FoundCase
from evalkit.web.browse.question import Wanted
from evalkit.web.choosing import address, case_of, case_parameter, parameters, place_of, row_of, wanted_of
from evalkit.web.explorer import said_in
from evalkit.web.marking import Pieces, marked_in
from evalkit.web.pages import render, workbench
from evalkit.web.spoken import MOST, MOST_EXCHANGES, Spoken, shared, spoken, written


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a case errored, what to do, and what there was to see."""

    failure: str
    cause: str
    recommendation: str
    tries: int
    traceback: str
    log: str


@dataclass(frozen=True, slots=True)
class Judgement:
    check: str
    link: str
    now: bool
    """It is the check that the case was looked up in."""
    status: str
    values: tuple[tuple[str, str], ...]
    reasons: tuple[tuple[str, str], ...]
    """Why there is no value, each said once, with the metrics that it holds for."""
    view: CaseView
    trouble: Trouble | None = None


def show(request: Request) -> Response:
    desk = desk_of(workbench(request))
    run = desk.finished_run(request.path_params["run"])
    result, given = desk.result(run), request.query_params
    check, case = given.get("of", ""), case_of(given)
    wanted, row = wanted_of(given), row_of(given.get("row", ""))
    scores = _scores(desk.bench.store, result, check, case)
    said = _exchanges(desk.bench.store, result, scores[check])
    terms = [term for term, _ in parse(wanted.text).terms]
    common, told = shared(_spoken(_finding(check, scores[check], said, result), terms))
    kept = [*parameters(wanted), *place_of(given)]
    before, after = _neighbours(desk, run, wanted, row, kept)
    labels = said[0].labels if said else {}
    return render(
        request,
        "case.html.j2",
        run=run,
        run_id=run.id,
        here="Cases",
        case=one_line(shorten_end(case, 200)),
        check=one_line(check),
        back=address(run.id, "cases", kept),
        before=before,
        after=after,
        shared=common,
        told=told[:MOST_EXCHANGES],
        more=len(told) - MOST_EXCHANGES,
        judgements=_judgements(desk.bench.store, result, scores, check),
        labels=[(one_line(str(name)), written(value)) for name, value in labels.items()],
        position=scores[check].position + 1,
    )


def _scores(store: Store, result: Result, check: str, case: str) -> dict[str, StoredScore]:
    """By check: the one that is asked for, and the others that read the same dataset."""
    asked = next((one for one in result.checks if one.name == check), None)
    found = {}
    if asked is not None:
        for one in result.checks:
            if one.dataset == asked.dataset and (scores := store.get_scores(result.run.id, one.name, [case])):
                found[one.name] = scores[0]
    if check not in found:
        raise RunNotFound(
            f"run {result.run.id} has no case '{one_line(shorten_end(case, 80))}' of check "
            f"'{one_line(shorten_end(check, 80))}'",
            hint="Its cases can be searched by their id.",
        )
    return found


def _exchanges(store: Store, result: Result, score: StoredScore) -> list[Exchange]:
    masked = any(check.kind == MASKING for check in result.checks)
    dataset = next(check.dataset for check in result.checks if check.name == score.check)
    found = exchanges_of(store, result.run.datasets.get(dataset, ""), [score], masked=masked)[score.case]
    return found or _unanswered(store, result.run.datasets.get(dataset, ""), score)


def _unanswered(store: Store, fingerprint: str, score: StoredScore) -> list[Exchange]:
    """A case without an answer was asked something all the same."""
    samples = store.get_samples(fingerprint, score.samples)
    return [
        Exchange(name, sample.messages, "", sample.references, sample.labels, "error", score.score.error or "no answer")
        for name, sample in samples.items()
    ]


# --- what was said ----------------------------------------------------------------------------------------------------


def _finding(check: str, score: StoredScore, exchanges: Sequence[Exchange], result: Result) -> Finding:
    metrics = next((one.metrics for one in result.checks if one.name == check), ())
    metric = metrics[0] if metrics else None
    value = value_of(metric, score) if metric else None
    return Finding(
        check=check,
        case=score.case,
        metric=metric.name if metric else "",
        value=value,
        exchanges=tuple(exchanges),
        evidence=score.score.evidence,
        status=score.score.status,
        note=score.score.error,
    )


def _spoken(finding: Finding, terms: Sequence[str]) -> list[Spoken]:
    """The check's own evidence is marked in an answer; where it has none, what was searched for, as in all texts."""
    spans = spans_of(finding.evidence)

    def mark(text: str) -> Pieces:
        return marked_in(text, terms, MOST)

    return [
        spoken(
            *(one.exchange, one.heading, mark),
            answer=pieces(one.exchange.answer, span, MOST) if (span := spans.get(one.position)) else None,
        )
        for one in together(finding)
    ]


# --- what was made of it ----------------------------------------------------------------------------------------------


def _judgements(store: Store, result: Result, scores: Mapping[str, StoredScore], check: str) -> list[Judgement]:
    """The check that was asked for first."""
    found = []
    for name in sorted(scores, key=lambda name: name != check):
        score = scores[name]
        finding = _finding(name, score, _exchanges(store, result, score), result)
        view = groups(replace(result, findings=(finding,)))[0].cases[0]
        found.append(
            Judgement(
                check=one_line(name),
                link=address(result.run.id, "case", [("of", name), case_parameter(score.case)]),
                now=name == check,
                status=str(score.score.status),
                values=tuple(_values(result, score)),
                reasons=tuple(_reasons(result, score)),
                view=view,
                trouble=_trouble(store, result, score) if score.score.error else None,
            )
        )
    return found


def _trouble(store: Store, result: Result, score: StoredScore) -> Trouble:
    check = next(check for check in result.checks if check.name == score.check)
    told = in_full(store, result, check, score)
    failure = class_of_scores_error(told.error)
    advice = advice_on(failure, [told.error])
    said = (str(failure), advice.cause, advice.recommendation)
    return Trouble(*said, told.tries, shown(told.traceback), shown(told.log))


def _values(result: Result, score: StoredScore) -> list[tuple[str, str]]:
    return [
        (one_line(info.name), formatting.measure(value_of(info, score), info.unit))
        for info in _infos(result, score)
        if not isinstance(score.score.results.get(info.name), Unscored)
    ]


def _reasons(result: Result, score: StoredScore) -> list[tuple[str, str]]:
    metrics: dict[str, list[str]] = {}
    for info in _infos(result, score):
        measured = score.score.results.get(info.name)
        if isinstance(measured, Unscored):
            metrics.setdefault(one_line(measured.reason), []).append(one_line(info.name))
    return [(reason, ", ".join(names)) for reason, names in metrics.items()]


def _infos(result: Result, score: StoredScore) -> Sequence[MetricInfo]:
    return next(check.metrics for check in result.checks if check.name == score.check)


def _neighbours(
    desk: Desk, run: Run, wanted: Wanted, row: int | None, kept: Sequence[tuple[str, str]]
) -> tuple[str, str]:
    """Addresses of the cases before and after, in the order and choice of the list that this one came from."""
    if row is None:
        return "", ""
    try:
        with desk.indexer.want(run).reading() as connection:
            before, after = neighbours(connection, wanted, partial(said_in, desk.bench.store, desk.result(run)), row)
    except (Outdated, TooLong):  # the case itself is shown all the same
        return "", ""
    return _link(run, kept, before), _link(run, kept, after)


def _link(run: Run, kept: Sequence[tuple[str, str]], one: FoundCase | None) -> str:
    if one is None:
        return ""
    return address(run.id, "case", [*kept, ("of", one.check), case_parameter(one.case), ("row", str(one.row))])


routes = [Route("/runs/{run}/case", show)]
