"""``evalkit selftest``: each check of a suite alone, tried on made rows and mock models. No model is evaluated."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.options import json_option, trust_option, trusts_code

if TYPE_CHECKING:
    from evalkit.modes.isolation.selftest import Selftest, Told
    from evalkit.modes.isolation.trial import Trial
    from evalkit.suite.load import Suite

EVERY = 25
"""Trials between two lines where nobody looks on."""


@click.command("selftest")
@click.argument("suite")
@click.option("--only", multiple=True, metavar="CHECK", help="This check alone (repeatable).")
@click.option("--scenario", "names", multiple=True, metavar="NAME", help="This scenario alone (repeatable).")
@click.option(
    "--scenarios",
    "folders",
    multiple=True,
    metavar="PATH",
    help="A file or folder of further scenarios; one of a known name takes its place (repeatable).",
)
@click.option("--jobs", type=click.IntRange(min=1, max=64), help="Scenarios at a time.  [default: cores]")
@click.option(
    "--seconds", type=click.FloatRange(min=0, min_open=True), help="Of each scenario, instead of its own limit."
)
@click.option("--memory", type=click.FloatRange(min=0, min_open=True), metavar="MB", help="The same, in megabytes.")
@click.option("--report", metavar="DIR", help="Also write a report: the page, Markdown, JSON, JUnit.")
@click.option("--junit", metavar="FILE", help="Also write a JUnit file: a test case for every scenario of a check.")
@trust_option
@click.option("-q", "--quiet", is_flag=True, help="Print the outcome in one line.")
@json_option
def command(suite: str, **options: Any) -> int:
    """Try each check of a suite alone, on made rows and mock models. No model is evaluated.

    Each scenario of each check is run in a process of its own, within limits: ordinary rows, edges (none, one, extreme
    lengths, Unicode of every plane, all alike, answers that nothing can be read out of), errors (missing columns, wrong
    types, a model that fails) and many rows. Exit code 1 when a check does not hold.

    \b
    evalkit selftest quickstart
    evalkit selftest my.yaml --only my_check --scenario lengths
    evalkit selftest my.yaml --scenarios my-scenarios/ --jobs 4 --junit selftest.xml
    """
    from evalkit.cli.saying import say
    from evalkit.report import selftest as shown

    if options["report"]:
        from evalkit.report import ensure_writable

        ensure_writable(Path(options["report"]))
    loaded, found = _tried(suite, options)
    if options["report"]:
        from evalkit.modes.isolation.mode import result_of
        from evalkit.report import write_all

        write_all(replace(result_of(loaded, found), reproduce=_again(suite, options)), Path(options["report"]))
    if options["junit"]:
        from evalkit.report.files import write_text

        write_text(Path(options["junit"]), shown.junit(found))
    if options["as_json"]:
        from evalkit.cli.screen import print_json

        print_json(shown.document(found))
    elif options["quiet"]:
        say(shown.sentence(found))
    else:
        from evalkit.cli.screen import console

        screen = console()
        for block in shown.terminal(found, screen.width):
            screen.print(block)
    return 0 if found.passed else 1


def _tried(name: str, options: dict[str, Any]) -> tuple[Suite, Selftest]:
    from evalkit.data.transforming import require_trust
    from evalkit.errors import SuiteError, did_you_mean
    from evalkit.modes.choosing import ISOLATION
    from evalkit.modes.isolation.jobs import usual_jobs
    from evalkit.modes.isolation.scenarios import scenarios_of
    from evalkit.modes.isolation.selftest import selftest
    from evalkit.modes.mode import find_mode, options_of
    from evalkit.suite.find import find_suite, shown_path
    from evalkit.suite.load import load_suite

    suite = load_suite(find_suite(name), trust_code=trusts_code(options))
    known = [check.name for check in suite.checks]
    for check in options["only"]:
        if check not in known:
            raise SuiteError(
                f"there is no check '{check}'", where=shown_path(suite.path), hint=did_you_mean(check, known, "checks")
            )
    checks = [check for check in suite.checks if not options["only"] or check.name in options["only"]]
    for check in checks:
        made_by = suite.datasets[check.dataset].transform
        if made_by is not None:
            require_trust(made_by)  # found here, not by each scenario
    said = {"only": list(options["names"]), "seconds": options["seconds"], "memory_mb": options["memory"]}
    said = {key: value for key, value in {**said, "jobs": options["jobs"]}.items() if value}
    wanted = options_of(ISOLATION, find_mode(ISOLATION), suite, said)
    scenarios = scenarios_of(wanted, *map(Path, options["folders"]))
    with _telling(quiet=options["quiet"] or options["as_json"]) as told:
        return suite, selftest(suite, checks, scenarios, jobs=wanted.jobs or usual_jobs(), told=told)


def _again(suite: str, options: dict[str, Any]) -> str:
    """The command that does it again."""
    words = ["evalkit", "selftest", suite]
    for flag, key in (("--only", "only"), ("--scenario", "names"), ("--scenarios", "folders")):
        for value in options[key]:
            words += [flag, value]
    for key in ("jobs", "seconds", "memory"):
        if options[key]:
            words += [f"--{key}", f"{options[key]:g}"]
    return shlex.join([*words, *(["--trust-code"] if options["trust_code"] else [])])


@contextmanager
def _telling(*, quiet: bool) -> Iterator[Told]:
    """How far it is: a line that is written over, or a line now and then where nobody looks on."""
    live = sys.stderr.isatty()
    width = shutil.get_terminal_size().columns

    def tell(trial: Trial, done: int, of: int) -> None:
        line = one_line(f"{done:,} of {of:,}: {trial.check}, {trial.scenario}: {trial.word}")
        if live:
            click.echo(f"\r\x1b[K{line[: width - 1]}", err=True, nl=False)
        elif done % EVERY == 0 or done == of:
            click.echo(line, err=True)

    from evalkit.report.hostile import one_line

    try:
        yield (lambda *_: None) if quiet else tell
    finally:
        if live and not quiet:
            click.echo("\r\x1b[K", err=True, nl=False)
