"""``evalkit review``: people read what was answered, one item at a time, and say what they think of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.options import json_option, store_option
from evalkit.cli.past import need_store

if TYPE_CHECKING:
    from evalkit.results import Result, ReviewSummary
    from evalkit.results import Run as RunOfStore
    from evalkit.store import Store

queue_option = click.option("--queue", default="", metavar="NAME", help="Which queue, where the suite has several.")


class OneByDefault(click.Group):
    """``evalkit review RUN`` is short for ``evalkit review start RUN``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in {"-h", "--help"}):
            args = ["start", *args]
        return super().parse_args(ctx, args)


@click.group("review", cls=OneByDefault)
def command() -> None:
    """Review a run's answers by hand, one at a time by keyboard.

    A suite asks for it with a section such as  review: {from: bias, sample: 50, blind: true}. Every label is kept at
    once. When all items are reviewed, the run's outcome is revised.

    \b
    evalkit review last
    evalkit review 20260301-0915 --queue bias --reviewer ann
    """


@command.command("start")
@click.argument("run", default="last", metavar="[RUN]")
@queue_option
@click.option("--reviewer", default="", metavar="NAME", help="Who reviews.  [default: your user name]")
@click.option("--skipped", is_flag=True, help="Show what you skipped once more.")
@click.option("--web", is_flag=True, help="In a browser, where queue and name are chosen: prints a link.")
@store_option
def start(run: str, queue: str, reviewer: str, *, skipped: bool, web: bool, store: str | None) -> None:
    """Review item after item; 'evalkit review RUN' is short for it.

    Keys: 1 to 9 a label, s skip, u undo, n note, q quit. Without a terminal, a line each: a label or its number,
    s, u, n TEXT or q. RUN is an id, a unique prefix, last (the default) or last:SUITE.

    \b
    evalkit review start last
    evalkit review start last --reviewer ben --skipped
    evalkit review last --web
    """
    if web:
        _in_a_browser(run, queue, store)
        return
    from evalkit.cli.reviewing import Session
    from evalkit.runner.review import queue_named, queues, standing, valid_reviewer
    from evalkit.runner.review_summary import is_veiled

    named = valid_reviewer(reviewer or _user())
    with need_store(store) as runs:
        found = finished_run(runs, run)
        chosen = queue_named(runs, found.id, queue)
        before = runs.get_revision(found.id)
        Session(runs, chosen, named, with_skipped=skipped).go()
        now = runs.get_revision(found.id)
        if now is None or (before is not None and before.number == now.number):
            return
        if any(is_veiled(standing(runs, one)) for one in queues(runs, found.id)):
            click.echo(f"revision {now.number} of run {found.id}: told when the blind queues are done")
            return
        _say_outcome(runs, found)


@command.command("status")
@click.argument("run", default="last", metavar="[RUN]")
@click.option(
    "--exit-code", is_flag=True, help="Exit with the code of the outcome as it is now; 4 while people are due."
)
@store_option
@json_option
def status(run: str, exit_code: bool, store: str | None, as_json: bool) -> int:
    """Say how far a run's review is, and what it found.

    \b
    evalkit review status last
    evalkit review status last --exit-code
    """
    from dataclasses import asdict

    from evalkit.cli.screen import print_json
    from evalkit.runner.review import queues, summary
    from evalkit.runner.revise import result_of

    with need_store(store) as runs:
        found = finished_run(runs, run)
        known = queues(runs, found.id)
        summaries = [summary(runs, queue) for queue in known]
        result = result_of(runs, found.id)
    if as_json:
        outcome = {"word": result.outcome.word, "reason": result.outcome.reason, "exit_code": result.outcome.exit_code}
        queues_told = [asdict(one) for one in summaries]
        print_json({"run": found.id, "revision": result.revision, "outcome": outcome, "queues": queues_told})
    elif not summaries:
        click.echo(f"run {found.id} has nothing to review: its suite has no review section")
    else:
        _print_status(result, summaries)
    return result.outcome.exit_code if exit_code else 0


@command.command("export")
@click.argument("run", default="last", metavar="[RUN]")
@click.option("-o", "--output", metavar="FILE", help="File to write.  [default: standard output]")
@queue_option
@store_option
def export(run: str, output: str | None, queue: str, store: str | None) -> None:
    """Write what people said as JSON Lines: one line a case and reviewer.

    \b
    evalkit review export last -o reviews.jsonl
    """
    import json

    from evalkit.errors import ReviewError
    from evalkit.runner.review import queue_named
    from evalkit.runner.review_files import exported

    with need_store(store) as runs:
        found = finished_run(runs, run)
        queue_named(runs, found.id, queue)  # refuses a name that is none
        lines = [json.dumps(line) for line in exported(runs, found.id, queue)]
    text = "".join(f"{line}\n" for line in lines)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ReviewError(f"cannot be written: {error.strerror}", where=output, hint="another file: -o FILE") from error
    click.echo(f"wrote {output}: {len(lines):,} reviews")


@command.command("import")
@click.argument("run")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Where a reviewer said otherwise before, the file counts.")
@store_option
def import_file(run: str, file: Path, replace: bool, store: str | None) -> None:
    """Take in reviews from a file that 'export' wrote, whole or not at all. What is there already adds nothing.

    \b
    evalkit review import last reviews.jsonl
    """
    from evalkit.runner.review_files import import_reviews

    with need_store(store) as runs:
        found = finished_run(runs, run)
        before = runs.get_revision(found.id)
        added, known = import_reviews(runs, found.id, file, replace=replace)
        click.echo(f"{added:,} reviews added, {known:,} were there already")
        now = runs.get_revision(found.id)
        if now is not None and (before is None or before.number < now.number):
            _say_outcome(runs, found)


def _in_a_browser(run: str, queue: str, store: str | None) -> None:
    """Who reviews is asked there: several people may. While a queue is blind the link opens the review alone."""
    from evalkit.cli.view import serve_at
    from evalkit.runner.review import queue_named, queues, standing
    from evalkit.runner.review_summary import is_veiled
    from evalkit.runner.revise import revise
    from evalkit.web.serve import Address, check_installed

    check_installed()
    with need_store(store) as runs:
        found = finished_run(runs, run)
        queue_named(runs, found.id, queue)  # refuses a run without a queue, and a name that is none
        revise(runs, found.id)  # what was said last before a kill may not have been taken in
        veiled = any(is_veiled(standing(runs, one)) for one in queues(runs, found.id))
    if veiled:
        click.echo("The queue is blind: this link opens the review alone. 'evalkit view' shows everything.", err=True)
    serve_at(f"/runs/{found.id}/review", store, Address(), review_of=found.id if veiled else "")


def finished_run(runs: Store, name: str) -> RunOfStore:
    from evalkit.errors import ReviewError

    found = runs.get_run(name, finished=True)
    if found.state != "finished":
        raise ReviewError(
            f"run {found.id} is {found.state}; what is reviewed is a finished run",
            hint="the command that began it goes on with it; 'evalkit list' shows the runs",
        )
    return found


def _user() -> str:
    """Of the machine; a container may not know one."""
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):
        return "reviewer"


def _say_outcome(runs: Store, run: RunOfStore) -> None:
    from evalkit.report.hostile import one_line
    from evalkit.runner.revise import result_of

    result = result_of(runs, run.id)
    said = f"revision {result.revision} of run {run.id}: {result.outcome.word} ({result.outcome.reason})"
    click.echo(one_line(said))
    sys.stdout.flush()


def _print_status(result: Result, summaries: list[ReviewSummary]) -> None:
    from evalkit.cli.screen import cell, console, facts
    from evalkit.report.reviews import told

    screen = console()
    number = f", revision {result.revision}" if result.revision else ""
    screen.print(cell(f"run {result.run.id}{number}: {result.outcome.word} ({result.outcome.reason})", "bold"))
    for one in summaries:
        screen.print()
        screen.print(cell(f"{one.queue}  {one.question}", "bold"))
        pairs: list[tuple[str, Any]] = [*told(one)]
        screen.print(facts(pairs))
