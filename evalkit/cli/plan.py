"""``evalkit plan``: a run's requests, tokens, time and memory, and its gates' needs, before anything is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.options import engine_options, json_option, redact_option, scope_options, store_option, trust_option
from evalkit.cli.past import find_store

if TYPE_CHECKING:
    from rich.console import Console

    from evalkit.configuration import Configuration
    from evalkit.modes.forecast import Forecast
    from evalkit.records import ModelInfo
    from evalkit.runner.cost import Cost, GateNeed
    from evalkit.runner.plan import Plan


@click.command("plan")
@click.argument("suite")
@click.option("--model", metavar="REF", help="Model reference, as for run.  [default: the configured one]")
@scope_options
@redact_option
@click.option("--strict", is_flag=True, help="Treat warnings, such as gates that cannot be proven, as errors.")
@engine_options
@click.option("--mode", metavar="NAME", default="", help="How the suite would be run, as for run.")
@click.option(
    "--mode-option", "mode_options", multiple=True, metavar="KEY=VALUE", help="An option of the mode (repeatable)."
)
@trust_option
@store_option
@json_option
def command(suite: str, model: str | None, **options: Any) -> None:
    """Say what a run would ask and cost, and what its gates need. Asks nothing.

    No weights are loaded or fetched. Requests are counted as the checks make them: equal ones are asked once, and
    those answered by an earlier run not at all.

    \b
    evalkit plan quickstart
    evalkit plan my.yaml --model http://localhost:8000/v1?model=mine --limit 50
    evalkit plan my.yaml --json | jq .requests.asked
    """
    from evalkit.configuration import configure

    given = {key: options[key] for key in ("store", "limit", "engine", "device", "dtype", "batch_size", "trust_code")}
    configuration = configure({**given, "model": model})
    plan, cost, info, warnings, doubts = _planned(configuration, suite, options)
    mode = _forecast(plan, configuration.settings.model, options, cost, info)
    if not mode.asks_the_model:
        cost = _of_nothing(cost)
    needed = _needed(plan)
    if options["as_json"]:
        from dataclasses import asdict

        from evalkit.cli.screen import print_json

        document = _document(plan, cost, _subject(info), [*warnings, *doubts])
        print_json({**document, "mode": asdict(mode), "needs": needed})
    else:
        facts = [*(_facts(cost) if mode.asks_the_model else ()), *_mode_in_words(mode), *_needed_in_words(needed)]
        _print(plan, cost, _subject(info), warnings, facts)


def _planned(
    configuration: Configuration, suite: str, options: dict[str, Any]
) -> tuple[Plan, Cost, ModelInfo, Sequence[str], Sequence[str]]:
    """With the plan's warnings, and apart from them the gates that cannot be proven: the table of gates shows those."""
    from evalkit.errors import SuiteError
    from evalkit.models import open_backend
    from evalkit.protocols import Taught
    from evalkit.runner.context import fit_context
    from evalkit.runner.cost import cost_of
    from evalkit.runner.plan import Scope, make_plan
    from evalkit.runner.provable import unprovable_gates
    from evalkit.suite.find import find_suite
    from evalkit.suite.load import load_suite

    trusted = configuration.settings.trust_code
    loaded = load_suite(find_suite(suite), seed=options["seed"], trust_code=trusted, redact=options["redact"])
    plan = make_plan(loaded, Scope(tuple(options["only"]), configuration.settings.limit))
    doubts = unprovable_gates(plan, stop_early=loaded.stop_early)
    if doubts and options["strict"]:
        raise SuiteError("\n".join(doubts), where=str(loaded.path), hint="--strict takes warnings for errors")
    reference, settings = configuration.model_settings(configuration.settings.model)
    backend = open_backend(reference, settings)
    try:
        if isinstance(backend, Taught):
            for dataset in plan.datasets.values():
                backend.teach(dataset.samples)
        cut: list[str] = []
        if _at_hand(reference, settings.cache_dir):
            plan, cut = fit_context(plan, backend)
        store = find_store(options["store"])
        try:
            cost = cost_of(plan, backend, store, seed=options["seed"])
        finally:
            if store is not None:
                store.close()
        return plan, cost, backend.info, [*plan.warnings(), *cut], doubts
    finally:
        backend.close()


def _subject(info: ModelInfo) -> str:
    details = [str(info.details[key]) for key in ("dtype", "device") if info.details.get(key)]
    return info.reference + (f" ({', '.join(details)})" if details else "")


def _at_hand(reference: str, cache_dir: str | None) -> bool:
    """Whether its tokenizer can be asked without fetching anything."""
    from evalkit.cli.models import cached
    from evalkit.models.catalog import CATALOG_TARGET, find
    from evalkit.models.fetch import cache_root
    from evalkit.models.registry import ENGINES, resolve

    resolved = resolve(reference)
    if resolved.scheme not in ENGINES.values():
        return True
    entry = find(resolved.target.removeprefix(CATALOG_TARGET))
    if entry is not None:
        return cached(entry, cache_root(cache_dir))
    return Path(resolved.target).expanduser().exists()


def _document(plan: Plan, cost: Cost, subject: str, warnings: Sequence[str]) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "suite": plan.suite.name,
        "model": subject,
        "partial": plan.scope.partial,
        "resumes": cost.resumes,
        "checks": [asdict(check) for check in cost.checks],
        "requests": {"wanted": cost.wanted, "distinct": cost.distinct, "stored": cost.stored, "asked": cost.asked},
        "judge": asdict(cost.judge) if cost.judge else None,
        "tokens": {
            "prompt": cost.prompt_tokens,
            "prompt_is_estimate": not cost.counted,
            "output_at_most": cost.most_output_tokens,
        },
        "time": {
            "seconds": cost.seconds,
            "seconds_at_most": cost.most_seconds,
            "tokens_per_second": cost.speed.tokens_per_second if cost.speed else None,
            "from_run": cost.speed.run if cost.speed else None,
        },
        "memory": {"weights_mb": cost.weights_mb},
        "gates": [asdict(gate) for gate in cost.gates],
        "warnings": list(warnings),
    }


def _forecast(plan: Plan, model: str, options: dict[str, Any], cost: Cost, info: ModelInfo) -> Forecast:
    """How the suite would be run, why, and what that adds to it."""
    from evalkit.errors import ConfigurationError
    from evalkit.models.registry import resolve
    from evalkit.modes.forecast import forecast

    named, given = options["mode"], options["mode_options"]
    if given and not named:
        raise ConfigurationError("options are of a mode, and none is named", where="--mode-option", hint="--mode NAME")
    is_mock = resolve(model).scheme == "mock"
    return forecast(plan, named, given, is_mock=is_mock, asked=cost.asked, conditions=info.conditions)


def _of_nothing(cost: Cost) -> Cost:
    """Of a mode that asks the model nothing."""
    cost = replace(cost, wanted=0, distinct=0, stored=0, prompt_tokens=0, most_output_tokens=0)
    return replace(cost, checks=(), gates=(), judge=None, speed=None, resumes="", weights_mb=None)


def _needed(plan: Plan) -> list[dict[str, Any]]:
    """The suites that a run would run first, in their order; they are not counted here."""
    if not plan.suite.needs:
        return []
    from evalkit.modes.pipeline.needed.order import steps_before

    steps = steps_before(plan.suite)
    names = {step.path: step.suite.name for step in steps}
    return [
        {"suite": step.suite.name, "needs": [names[need.path] for need in step.needs], "max_age_seconds": step.max_age}
        for step in steps
    ]


def _print(plan: Plan, cost: Cost, subject: str, warnings: Sequence[str], told: Sequence[tuple[str, str]]) -> None:
    from evalkit.cli.screen import cell, columns, console, facts

    screen = console()
    partial = ", a part of it" if plan.scope.partial else ""
    screen.print(cell(f"{plan.suite.name}{partial} on {subject}", "bold"))
    screen.print()
    table = columns("check", "kind", "dataset", "cases", "requests", "", right=("cases", "requests"))
    for check in cost.checks:
        rounds = "round" if check.later_rounds == 1 else "rounds"
        later = f"and up to {check.later_rounds} more {rounds}" if check.later_rounds else ""
        counts = [cell(f"{check.cases:,}"), cell(f"{check.requests:,}")]
        table.add_row(cell(check.name, "bold"), cell(check.kind), cell(check.dataset), *counts, cell(later, "dim"))
    if cost.checks:
        screen.print(table)
        screen.print()
    screen.print(facts(told))
    if cost.gates:
        screen.print()
        _print_gates(cost.gates, screen)
    if warnings:
        screen.print()
        screen.print(facts([("warn" if not row else " ", text) for row, text in enumerate(warnings)]))


def _mode_in_words(mode: Forecast) -> Iterator[tuple[str, str]]:
    from evalkit.report.formatting import duration

    nothing = "" if mode.asks_the_model else "; the model is asked nothing"
    first = f"; tried first: {', '.join(mode.tried_first)}" if mode.tried_first else ""
    held = mode.held_before
    before = f"; not tried again: {held:,} check{'' if held == 1 else 's'} that held before" if held else ""
    yield "mode", f"{mode.name}: {mode.reason}{nothing}{first}{before}"
    if mode.requests_beside:
        further = f"at most {mode.requests_beside:,} further requests in {duration(mode.seconds_beside)}"
        yield "beside", f"{further}, to measure speed, scaling and memory"


def _needed_in_words(needed: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    from evalkit.report.formatting import duration

    named = []
    for one in needed:
        after = f", after {' and '.join(one['needs'])}" if one["needs"] else ""
        age = one["max_age_seconds"]
        named.append(f"{one['suite']}{after}" + (f", unless it passed in the last {duration(age)}" if age else ""))
    if named:
        yield "first", "the suites that it needs: " + "; ".join(named)


def _facts(cost: Cost) -> list[tuple[str, str]]:
    from evalkit.report.formatting import duration

    known = f", {cost.stored:,} of them answered before" if cost.stored else ""
    how = "counted" if cost.counted else "estimated as characters / 4"
    requests = f"{cost.asked:,} to ask: {cost.wanted:,} wanted, {cost.distinct:,} distinct{known}"
    time = "unknown: no earlier run of this model tells its speed"
    if not cost.asked:
        time = "seconds: nothing is left to ask"
    elif cost.speed is not None and cost.seconds is not None and cost.most_seconds is not None:
        most = max(cost.seconds, cost.most_seconds)
        pace = f"{cost.speed.tokens_per_second:,.0f} tokens/s in run {cost.speed.run}"
        time = f"about {duration(cost.seconds)}, at most {duration(most)} ({pace})"
    memory = "none in this process" if cost.weights_mb is None else f"about {cost.weights_mb:,.0f} MB for the weights"
    found = [("requests", requests)]
    if cost.judge is not None:
        again = f"at most {cost.judge.most:,}, if each verdict must be asked for twice; known ones are not asked again"
        found.append(("judge", f"{cost.judge.requests:,} requests to {cost.judge.model}; {again}"))
    found += [
        ("tokens", f"{cost.prompt_tokens:,} in ({how}), at most {cost.most_output_tokens:,} out"),
        ("time", time),
        ("memory", memory),
    ]
    return [*found, ("goes on", f"with the interrupted run {cost.resumes}")] if cost.resumes else found


def _print_gates(gates: Sequence[GateNeed], screen: Console) -> None:
    from evalkit.cli.screen import cell, columns

    table = columns("gate", "cases", "needs", "", right=("cases", "needs"))
    for gate in gates:
        needs = "-" if gate.needs is None else f"{gate.needs:,}"
        style = "bold red" if gate.possible is False else ""
        note = gate.note or ("" if gate.possible else "too few to prove it")
        table.add_row(cell(gate.gate), cell(f"{gate.cases:,}", style), cell(needs, style), cell(note, style or "dim"))
    screen.print(table)
