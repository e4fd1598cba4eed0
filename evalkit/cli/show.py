"""``evalkit show``: everything the runs database knows of one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.options import json_option, revision_option, store_option
from evalkit.cli.past import need_store

if TYPE_CHECKING:
    from rich.console import Console

    from evalkit.records import Estimate
    from evalkit.results import Exchange, Finding, Result, Run
    from evalkit.store import RunCounts, RunEvent, Store

LONGEST_TEXT = 600
MOST_EXCHANGES = 4


@click.command("show")
@click.argument("run", default="last", metavar="[RUN]")
@click.option("--check", metavar="NAME", help="Estimates and cases of this check alone, its slices included.")
@click.option("--cases", type=click.IntRange(min=0), default=2, show_default=True, help="Worst cases of each check.")
@click.option("--errors", is_flag=True, help="Errors by class, with request, answer, traceback and log of their cases.")
@click.option("--case", metavar="ID", help="All that is known of one case, in every check.")
@revision_option
@store_option
@json_option
def command(
    run: str,
    *,
    check: str | None,
    cases: int,
    errors: bool,
    case: str | None,
    revision: int | None,
    store: str | None,
    as_json: bool,
) -> None:
    """Show one run: fingerprints, counts, estimates, worst cases.

    RUN is an id, a unique prefix, last (the default) or last:SUITE. A run that is not finished shows its state and
    what is stored of it so far.

    \b
    evalkit show last
    evalkit show 20260301-0915 --check safety --cases 6
    evalkit show last --errors --cases 5
    evalkit show last --case q17
    evalkit show last --json | jq '.result.estimates[] | {check, metric, value}'
    """
    with need_store(store) as runs:
        found = runs.get_run(run)
        events, counts = runs.events(found.id), runs.counts(found.id)
        result = _result(runs, found, check, revision)
        if errors or case is not None:
            from evalkit.cli.show_errors import show_case, show_errors

            if case is not None:
                show_case(runs, found, result, case, as_json=as_json)
            else:
                show_errors(runs, found, result, None if as_json else cases, as_json=as_json)
            return
    if as_json:
        from evalkit.cli.screen import print_json

        print_json(_document(found, events, counts, result))
        return
    from evalkit.cli.screen import console

    screen = console()
    _print_run(found, events, counts, result, screen)
    if result is not None:
        _print_estimates(result, screen, slices=check is not None)
        _print_findings(result, screen, cases)


def _result(runs: Store, run: Run, check: str | None, revision: int | None) -> Result | None:
    """Narrowed to one check where that was asked for; none of a run without a result."""
    from dataclasses import replace

    from evalkit.errors import RunNotFound, did_you_mean
    from evalkit.runner.errored import of_check
    from evalkit.runner.revise import result_of

    if run.state != "finished":
        return None
    result = result_of(runs, run.id, revision)
    if check is None:
        return result
    names = [one.name for one in result.checks]
    if check not in names:
        raise RunNotFound(f"run {run.id} has no check '{check}'", hint=did_you_mean(check, names, "its checks"))
    return replace(
        result,
        checks=tuple(one for one in result.checks if one.name == check),
        estimates=tuple(one for one in result.estimates if one.check == check),
        findings=tuple(one for one in result.findings if one.check == check),
        errors=tuple(of_check(one, check) for one in result.errors if check in one.checks),
    )


def _document(run: Run, events: list[RunEvent], counts: RunCounts, result: Result | None) -> dict[str, Any]:
    from dataclasses import asdict

    from evalkit.runner.document import to_document

    return {
        "run": asdict(run),
        "events": [asdict(event) for event in events],
        "stored": asdict(counts),
        "result": to_document(result) if result is not None else None,
    }


def _print_run(run: Run, events: list[RunEvent], counts: RunCounts, result: Result | None, screen: Console) -> None:
    from evalkit.cli.screen import cell, facts
    from evalkit.report.reviews import review_sentences

    screen.print(cell(f"{run.suite} on {run.model}", "bold"))
    packages = run.environment.get("packages") or {}
    screen.print(
        facts(
            [
                ("run", run.id + (" (partial)" if run.partial else "")),
                ("state", run.state),
                ("outcome", f"{result.outcome.word}: {result.outcome.reason}" if result else ""),
                *(("review", said) for said in (review_sentences(result) if result else ())),
                ("created", run.created),
                ("finished", run.finished),
                ("options", _options(run)),
                ("suite", run.suite_fingerprint),
                ("model", run.model_fingerprint),
                *((f"data {name}", fingerprint) for name, fingerprint in run.datasets.items()),
                ("made by", _flat({k: v for k, v in run.environment.items() if k != "packages"})),
                ("with", _flat(packages)),
                ("stored", _flat({"scores": counts.scores, "answers": counts.answers, "failed": counts.attempts})),
                ("two texts", f"{counts.incidents:,} requests" if counts.incidents else ""),
                *(("events" if not row else " ", _event(event)) for row, event in enumerate(events)),
                ("again", result.reproduce if result else ""),
            ]
        )
    )


def _options(run: Run) -> str:
    return _flat({name: value for name, value in run.options.items() if value not in (None, "", [], 0)})


def _flat(values: Any) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _event(event: RunEvent) -> str:
    cause = f": {event.cause}" if event.cause else ""
    return f"{event.time[:19].replace('T', ' ')} {event.before + ' → ' if event.before else ''}{event.after}{cause}"


def _print_estimates(result: Result, screen: Console, *, slices: bool) -> None:
    from evalkit.cli.screen import cell, columns
    from evalkit.report import formatting

    wide = screen.width >= 100
    counted = ("planned", "scored", "does not apply", "unscored", "errored") if wide else ("scored", "of")
    table = columns("estimate", "value", "95% interval", *counted, right=("value", *counted))
    shown, left = _chosen(result, slices=slices)
    group = ""
    for estimate in shown:
        if estimate.check != group:
            group = estimate.check
            table.add_row(cell(group, "bold"))
        counts = estimate.counts
        numbers = [counts.planned, counts.scored, counts.inapplicable]
        numbers += [counts.unscored - counts.inapplicable, counts.errored]
        if not wide:
            numbers = [counts.scored, counts.planned]
        table.add_row(
            cell("  " + estimate.name.removeprefix(f"{group}.")),
            cell(formatting.measure(estimate.value, estimate.unit)),
            cell(_span(estimate)),
            *(cell(f"{number:,}") for number in numbers),
        )
    screen.print()
    screen.print(table)
    if left:
        screen.print(cell(f"{formatting.count(left, 'slice')} not shown; --check NAME shows those of a check", "dim"))
    for check in result.checks:
        if check.counts.reasons:
            why = formatting.reasons(check.counts.reasons)
            screen.print(cell(f"{check.name}: {check.counts.unscored} unscored, {check.counts.errored} errored: {why}"))


def _span(estimate: Estimate) -> str:
    """Without the unit, which stands beside the value."""
    from evalkit.report.formatting import NONE, number

    between = estimate.interval
    if between is None:
        return NONE
    return f"{number(between.low, estimate.unit)} to {number(between.high, estimate.unit)}"


def _chosen(result: Result, *, slices: bool) -> tuple[list[Estimate], int]:
    whole = [estimate for estimate in result.estimates if not estimate.slice]
    sliced = [estimate for estimate in result.estimates if estimate.slice]
    return ([*whole, *sliced], 0) if slices else (whole, len(sliced))


def _print_findings(result: Result, screen: Console, cases: int) -> None:
    from evalkit.cli.screen import cell
    from evalkit.report import view

    infos = view.metric_infos(result)
    for check in result.checks:
        findings = [finding for finding in result.findings if finding.check == check.name][:cases]
        for finding in findings:
            screen.print()
            told = finding.note or f"{finding.metric} {view.finding_value(finding, infos)}"
            screen.print(cell(f"{finding.check} {finding.case}  {told}", "yellow"))
            for line in _said(finding, screen.width):
                screen.print(line, markup=False, highlight=False)


def _said(finding: Finding, width: int) -> Iterator[str]:
    from evalkit.report.together import NAMES, together

    told = together(finding)
    before: Exchange | None = None
    for one in told[:MOST_EXCHANGES]:
        yield from _exchange(one.exchange, before, one.heading if NAMES in finding.evidence else "", width)
        before = one.exchange
    left = len(told) - MOST_EXCHANGES
    if left > 0:
        yield f"  and {left} more"
    differences = finding.evidence.get("differences")
    if isinstance(differences, list | tuple):
        rows = [row for row in differences[:MOST_EXCHANGES] if isinstance(row, Mapping)]
        yield from _labelled(
            [("differs", ": ".join(filter(None, map(str, [*row.values()][:3])))) for row in rows], width
        )


def _exchange(exchange: Exchange, before: Exchange | None, named: str, width: int) -> Iterator[str]:
    """What was said; the prompt not again where it is that of the exchange before."""
    said: list[tuple[str, str]] = []
    if before is None or (before.messages, before.references) != (exchange.messages, exchange.references):
        said += [(message.role, message.content) for message in exchange.messages]
        said += [("expected", reference) for reference in exchange.references[:1]]
    said += [("under", named)] if named else []
    said.append(("error", exchange.error) if exchange.error else ("answer", exchange.answer or "(empty)"))
    yield from _labelled(said, width)


def _labelled(said: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    """Model text with its control characters visible, shortened, beside its label."""
    from evalkit.report.hostile import one_line, shorten
    from evalkit.report.terminal import wrap

    for label, text in said:
        for row, part in enumerate(wrap(one_line(shorten(text, LONGEST_TEXT)), width - 12)):
            yield f"  {label if not row else '':<10}{part}"
