"""``evalkit power``: what a suite's gates would notice, before anything is spent on asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.options import json_option, store_option, trust_option, trusts_code
from evalkit.cli.past import find_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from evalkit.runner.power_result import GatePower, SuitePower

SHARE = click.FloatRange(min=0, max=1, min_open=True, max_open=True)
LEGEND = (
    "catches: the smallest true drop that fails the gate 4 times in 5; at: the true value which that is; "
    "for the drop: cases that would catch the drop in brackets as often"
)
HEADINGS = ("gate", "decided", "cases", "catches", "at", "for the drop", "rests on")


@click.command("power")
@click.argument("suite")
@click.option(
    "--drop",
    type=SHARE,
    default=0.05,
    show_default=True,
    help="Drop that should be caught, as a share of the metric's range (of the target, where it has none).",
)
@click.option("--run", metavar="RUN", help="Run that tells how values spread.  [default: the suite's newest]")
@click.option(
    "--agreement",
    type=click.FloatRange(min=0, max=1, max_open=True),
    default=0.8,
    show_default=True,
    help="Of a run with its baseline, where no two runs tell: share of cases, or correlation.",
)
@click.option("--stop-early/--no-stop-early", default=None, help="As for run.  [default: what the suite says]")
@click.option("--only", multiple=True, metavar="CHECK", help="This check alone (repeatable).")
@click.option("--limit", type=click.IntRange(min=1), help="At most N cases of every check, as for run.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["terminal", "markdown", "json"]),
    default="terminal",
    show_default=True,
    help="For people, for a pull request, or for scripts.",
)
@trust_option
@json_option
@store_option
def command(suite: str, **options: Any) -> None:
    """Say which drops a suite's gates would catch, and on how many cases. Asks nothing.

    For every gate: the smallest true drop below its target (below the baseline, for a baseline gate) that fails it with
    probability 0.8 on so many cases, and how many cases would catch the drop that --drop names. Shares of independent
    cases are exact; other figures say what they rest on. Which verdict a gate gets is decided as in a run, also that a
    suite of many gates does not fail by chance.

    \b
    evalkit power my.yaml
    evalkit power my.yaml --drop 0.02 --run last
    evalkit power my.yaml --format markdown >> suite.md
    """
    _verify(options)
    found = _found(suite, options)
    form = "json" if options["as_json"] else options["form"]
    if form == "json":
        from dataclasses import asdict

        from evalkit.cli.screen import print_json

        print_json(asdict(found))
    elif form == "markdown":
        click.echo(_markdown(found), nl=False)
    else:
        _print(found)


def _verify(options: dict[str, Any]) -> None:
    from math import isnan

    from evalkit.errors import ConfigurationError

    for name in ("drop", "agreement"):
        if isnan(options[name]):  # which no range of click's leaves out
            raise ConfigurationError(f"--{name} is a share, not a NaN", hint="for example: 0.05")
    if options["as_json"] and options["form"] == "markdown":
        raise ConfigurationError("--json and --format markdown exclude each other", hint="give one of them")


def _found(suite: str, options: dict[str, Any]) -> SuitePower:
    from evalkit.errors import RunNotFound
    from evalkit.runner.earlier import find_earlier
    from evalkit.runner.plan import Scope, make_plan
    from evalkit.runner.power import Assumed, power_of
    from evalkit.suite.find import find_suite
    from evalkit.suite.load import load_suite

    loaded = load_suite(find_suite(suite), trust_code=trusts_code(options))
    plan = make_plan(loaded, Scope(tuple(options["only"]), options["limit"]))
    store = find_store(options["store"])
    if store is None and options["run"]:
        raise RunNotFound("there is no run yet", hint="leave --run out, or name where the runs are kept: --store URL")
    try:
        earlier = find_earlier(store, plan, options["run"] or "")
    finally:
        if store is not None:
            store.close()
    return power_of(plan, earlier, Assumed(options["drop"], options["agreement"]), options["stop_early"])


def _row(gate: GatePower) -> tuple[str, ...]:
    needs = "-" if gate.needs is None else f"{gate.needs:,}"
    return (
        gate.gate,
        gate.decided,
        f"{gate.cases:,}" + (" clusters" if gate.unit == "clusters" else ""),
        "-" if gate.catches is None else f"{gate.catches:.3g}",
        "-" if gate.at is None else f"{gate.at:.3g}",
        needs if gate.drop is None else f"{needs} ({gate.drop:.3g})",
        "; ".join(part for part in (gate.rests_on, _proof(gate), gate.note) if part),
    )


def _proof(gate: GatePower) -> str:
    if gate.possible is not False:
        return ""
    return f"cannot pass: takes {gate.proves:,}" if gate.proves else "cannot pass, whatever the number"


def _shared(found: SuitePower) -> str:
    told = f"run {' and '.join(found.runs)}" if found.runs else "no run of this suite is at hand"
    said = [f"spread: {told}"]
    if found.uncertain > 1:
        how = "evenly (Bonferroni)" if found.stop_early else "(Holm)"
        said.append(f"{found.uncertain} gates that can fail by chance share the suite's 5% {how}")
    if found.stop_early:
        said.append("stops early, which takes a larger drop or more cases")
    return "; ".join(said)


def _print(found: SuitePower) -> None:
    from evalkit.cli.screen import cell, console

    screen = console()
    screen.print(cell(found.suite, "bold"))
    screen.print(cell(_shared(found), "dim"))
    screen.print()
    if found.gates:
        _print_gates(found, screen)
        screen.print()
        screen.print(cell(LEGEND, "dim"))
    for line in found.advice or ("the suite has no gates of its own",):
        screen.print(cell(line))


def _print_gates(found: SuitePower, screen: Console) -> None:
    """A gate's name and what its figures rest on have lines of their own: names must not be cut into pieces."""
    from evalkit.cli.screen import cell
    from evalkit.report.terminal import wrap

    rows = [_row(gate) for gate in found.gates]
    sizes = [max(len(row[at]) for row in (HEADINGS, *rows)) for at in range(1, 6)]

    def figures(row: Sequence[str]) -> str:
        first, *rest = zip(row[1:6], sizes, strict=True)
        return "  ".join(["  " + first[0].ljust(first[1]), *(text.rjust(size) for text, size in rest)])

    screen.print(cell(figures(HEADINGS), "dim"))
    for gate, row in zip(found.gates, rows, strict=True):
        for line in wrap(row[0], screen.width):
            screen.print(cell(line, "bold red" if gate.possible is False else "bold"))
        screen.print(cell(figures(row)))
        for line in wrap(row[-1], screen.width - 4) if row[-1] else ():
            screen.print(cell(f"    {line}", "red" if gate.possible is False else "dim"))


def _markdown(found: SuitePower) -> str:
    from evalkit.report.markdown_text import text

    lines = [f"**{text(found.suite)}**: {text(_shared(found))}", ""]
    if found.gates:
        lines += ["| " + " | ".join(HEADINGS) + " |", "| --- | --- | ---: | ---: | ---: | ---: | --- |"]
        lines += ["| " + " | ".join(map(text, _row(gate))) + " |" for gate in found.gates]
        lines.append("")
    lines += [f"* {text(line)}" for line in found.advice or ("the suite has no gates of its own",)]
    return "\n".join(lines) + "\n"
