"""``evalkit sensitivity``: how bad must a model be until a gate notices?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.options import json_option, trust_option, trusts_code

if TYPE_CHECKING:
    from evalkit.runner.sensitivity import Sensitivity, Trial


@click.command("sensitivity")
@click.argument("suite")
@click.option("--only", multiple=True, metavar="CHECK", help="Try the gates of this check alone (repeatable).")
@click.option("--limit", type=click.IntRange(min=1), help="At most N cases of every check.")
@click.option("--kinds", metavar="A,B", help="Kinds of damage to try.  [default: all]")
@click.option("--strengths", metavar="X,Y", help="Shares to spoil.  [default: 0.02,0.05,0.1,0.2,0.35,0.5,0.75,1]")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Which answers are spoilt.")
@click.option("--require-all", is_flag=True, help="Exit 1 when nothing can fail a gate.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["terminal", "markdown"]),
    default="terminal",
    show_default=True,
    help="How to print it.",
)
@trust_option
@json_option
def command(suite: str, *, form: str, as_json: bool, require_all: bool, **options: Any) -> int:
    """Spoil known answers, and say what a suite's gates notice.

    The suite is run on its own references, then on references that are spoilt: words dropped, answers emptied,
    prompts refused, one group treated worse, and so on, in a rising share of the answers. For every gate the table
    names the smallest share of each kind at which it no longer passes.

    Exit code 1 when the references themselves fail a gate; with --require-all also when nothing can fail one.

    \b
    evalkit sensitivity smoke
    evalkit sensitivity my.yaml --require-all
    evalkit sensitivity my.yaml --kinds refuse,empty --strengths 0.01,0.02,0.05
    """
    from evalkit.errors import ConfigurationError, ExitCode

    if as_json and form != "terminal":
        raise ConfigurationError(f"--json and --format {form} exclude each other", hint="give one of them")
    found = _tried(suite, options)
    _print(found, form=form, as_json=as_json)
    return int(ExitCode.NOT_GOOD_ENOUGH if found.failing or (require_all and found.dead) else ExitCode.OK)


def _tried(suite: str, options: dict[str, Any]) -> Sensitivity:
    from evalkit.runner.plan import Scope, make_plan
    from evalkit.runner.sensitivity import try_suite
    from evalkit.suite.find import find_suite
    from evalkit.suite.load import load_suite

    trial = _trial(options)
    loaded = load_suite(find_suite(suite), trust_code=trusts_code(options))
    plan = make_plan(loaded, Scope(tuple(options["only"]), options["limit"]))
    with _showing_progress(plan.suite.name) as show:
        return try_suite(plan, trial, show)


def _trial(options: dict[str, Any]) -> Trial:
    from evalkit.errors import ConfigurationError
    from evalkit.runner.sensitivity import Trial

    given: dict[str, Any] = {"seed": options["seed"]}
    if options["kinds"] is not None:
        given["degradations"] = tuple(filter(None, map(str.strip, options["kinds"].split(","))))
    if options["strengths"] is not None:
        try:
            given["strengths"] = tuple(float(part) for part in options["strengths"].split(",") if part.strip())
        except ValueError:
            raise ConfigurationError(
                f"--strengths takes numbers with commas between, not '{options['strengths']}'",
                hint="for example: 0.05,0.2,1",
            ) from None
    return Trial(**given)


def _print(found: Sensitivity, *, form: str, as_json: bool) -> None:
    from evalkit.report import sensitivity as rendering

    if as_json:
        from evalkit.cli.screen import print_json

        print_json(rendering.to_document(found))
    elif form == "markdown":
        click.echo(rendering.to_markdown(found), nl=False)
    else:
        from evalkit.cli.screen import console
        from evalkit.report.terminal import carries_unicode

        screen = console()
        for line in rendering.render(found, console_width=screen.width, unicode=carries_unicode(screen.encoding)):
            screen.print(line)


@contextmanager
def _showing_progress(suite: str) -> Iterator[Callable[[str, float], None]]:
    """One line that moves, where a person watches."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console

    from evalkit.report.hostile import one_line

    with Console(stderr=True).status(f"{one_line(suite)}: on its references", spinner="dots") as status:
        yield lambda kind, strength: status.update(f"{one_line(suite)}: {kind} at {strength:.0%}")
