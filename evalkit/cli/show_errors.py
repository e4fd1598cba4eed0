"""``evalkit show RUN --errors`` and ``--case ID``: what went wrong, with all that was kept of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from evalkit.cli.screen import cell, console, facts, print_json
from evalkit.errors import FailureClass, RunNotFound
from evalkit.failures import Advice, advice_on, class_of_kind, class_of_scores_error
from evalkit.report import errors as grouped
from evalkit.report import formatting
from evalkit.report.hostile import visible
from evalkit.runner.errored import all_errored, in_full

if TYPE_CHECKING:
    from rich.console import Console

    from evalkit.records import Failure
    from evalkit.results import ErroredCase, Result, Run
    from evalkit.store import Store, StoredScore

NOT_FINISHED = "the run is not finished: these are its failed requests, which the same command asks again"


def show_errors(store: Store, run: Run, result: Result | None, most: int | None, *, as_json: bool) -> None:
    """``most``: cases of each class that are shown; none is all."""
    screen = console()
    if result is None:
        _show_attempts(store, run, screen, as_json=as_json)
        return
    by_class: dict[FailureClass, list[ErroredCase]] = {}
    for one in all_errored(store, result):
        of_class = by_class.setdefault(class_of_scores_error(one.error), [])
        if most is None or len(of_class) < most:
            of_class.append(one)
    if as_json:
        print_json({"run": run.id, "environment": run.environment, "errors": list(_documents(result, by_class))})
        return
    screen.print(cell(grouped.headline(result) or "no measurement errored", "bold"))
    for view in grouped.groups(result):
        screen.print()
        screen.print(cell(f"{view.name}: {view.many}, {view.retried}", "yellow"))
        rows = [("why", view.cause), ("do", view.recommendation), ("where", view.where), ("said", view.words)]
        screen.print(facts(rows))
        for one in by_class.get(FailureClass(view.name), ()):
            screen.print()
            screen.print(cell(f"  {one.check} {one.case}", "bold"))
            _show(one, screen)


def _documents(result: Result, by_class: dict[FailureClass, list[ErroredCase]]) -> Iterator[dict[str, Any]]:
    for group in result.errors:
        told = {name: value for name, value in asdict(group).items() if name != "examples"}
        yield {**told, "cases": [asdict(one) for one in by_class.get(group.failure, ())]}


def _show_attempts(store: Store, run: Run, screen: Console, *, as_json: bool) -> None:
    failures = [answer.failure for _, answer in store.attempts(run.id) if answer.failure]
    counts = Counter(class_of_kind(failure.kind) for failure in failures)
    if as_json:
        told = [
            {"failure": str(kind), "attempts": times, **_advice(_advice_on(kind, failures))}
            for kind, times in counts.most_common()
        ]
        print_json({"run": run.id, "environment": run.environment, "state": run.state, "attempts": told})
        return
    screen.print(cell(f"run {run.id} is {run.state}", "bold"))
    screen.print(cell(NOT_FINISHED if counts else "no request failed"))
    for kind, times in counts.most_common():
        screen.print()
        screen.print(cell(f"{kind}: {formatting.count(times, 'failed attempt')}", "yellow"))
        said = Counter(failure.message for failure in failures if class_of_kind(failure.kind) is kind)
        advice = _advice_on(kind, failures)
        rows = [("why", advice.cause), ("do", advice.recommendation), ("said", formatting.reasons(said))]
        screen.print(facts(rows))


def _advice_on(kind: FailureClass, failures: list[Failure]) -> Advice:
    return advice_on(kind, (f"{one.kind}: {one.message}" for one in failures if class_of_kind(one.kind) is kind))


def _advice(advice: Advice) -> dict[str, Any]:
    return {"cause": advice.cause, "recommendation": advice.recommendation, "retried": advice.transient}


def show_case(store: Store, run: Run, result: Result | None, case: str, *, as_json: bool) -> None:
    if result is None:
        raise RunNotFound(f"run {run.id} is {run.state}: it has no cases to show yet", hint="finish it first")
    found = [(one, score) for one in result.checks for score in store.get_scores(run.id, one.name, [case])]
    if not found:
        raise RunNotFound(
            f"run {run.id} has no case '{case}'", hint=f"evalkit view {run.id} finds cases by their words"
        )
    told = [(score, in_full(store, result, check, score)) for check, score in found]
    if as_json:
        print_json({"run": run.id, "case": case, "checks": [_case_document(*one) for one in told]})
        return
    screen = console()
    for number, (score, one) in enumerate(told):
        if number:
            screen.print()
        _show_score(score, screen)
        _show(one, screen)


def _case_document(score: StoredScore, told: ErroredCase) -> dict[str, Any]:
    return {
        "status": str(score.score.status),
        "results": {name: _result(value) for name, value in score.score.results.items()},
        "evidence": dict(score.score.evidence),
        **asdict(told),
    }


def _result(value: Any) -> Any:
    return getattr(value, "reason", value)


def _show_score(score: StoredScore, screen: Console) -> None:
    screen.print(cell(f"{score.check} {score.case}: {score.score.status}", "bold"))
    rows = [(name, str(_result(value))) for name, value in score.score.results.items()]
    rows += [(name, json.dumps(value, ensure_ascii=False, default=str)) for name, value in score.score.evidence.items()]
    screen.print(facts(rows))


def _show(one: ErroredCase, screen: Console) -> None:
    rows = [("error", one.error)] if one.error else []
    rows += [("tries", f"{one.tries}")] if one.tries > 1 else []
    for exchange in one.exchanges:
        rows += [(message.role, message.content) for message in exchange.messages]
        rows += [("answer", exchange.answer)] if exchange.answer else []
    rows += [("request", json.dumps(dict(one.request), ensure_ascii=False))] if one.request else []
    screen.print(facts([(f"  {name}", value) for name, value in rows]))
    for name, text in (("traceback", one.traceback), ("log", one.log)):
        if text:
            screen.print(cell(f"  {name}", "dim"))
            for line in visible(text).split("\n"):
                screen.print(cell(f"    {line}"))
