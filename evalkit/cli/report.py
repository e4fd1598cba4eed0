"""``evalkit report``: a finished run rendered again from what the runs database keeps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.options import revision_option, store_option
from evalkit.cli.past import need_store

if TYPE_CHECKING:
    from evalkit.results import Result
    from evalkit.store import Store

MOST_NAMED = 5
FORMATS = ("html", "json", "junit", "markdown", "terminal", "gitlab", "openmetrics")


@click.command("report")
@click.argument("run", default="last", metavar="[RUN]")
@click.option(
    "--format",
    "formats",
    type=click.Choice(FORMATS),
    multiple=True,
    help="What to make (repeatable).  [default: terminal, or with -o every file]",
)
@click.option("-o", "--output", metavar="DIR", help="Folder for the files, with the logs of every case.")
@click.option("--labels", metavar="FILE", help="People's labels of refusals (JSON Lines), to correct refusal rates by.")
@revision_option
@store_option
def command(  # noqa: PLR0917 - its options
    run: str,
    formats: tuple[str, ...],
    output: str | None,
    labels: str | None,
    revision: int | None,
    store: str | None,
) -> None:
    """Show a run's verdicts again, or write its report files.

    RUN is an id, a unique prefix, last (the default) or last:SUITE. Nothing is asked and nothing computed again:
    the result is the one that was stored. Without -o, one format goes to standard output.

    With --labels, refusal rates are also estimated from people's labels of some of the answers, drawn at random: one
    {"check": "safety", "case": "a1", "refused": true} a line. No gate looks at them, and nothing is stored.

    \b
    evalkit report last:quickstart
    evalkit report last -o reports/again
    evalkit report last --format markdown > comment.md
    evalkit report last --labels labels.jsonl
    """
    from evalkit.runner.revise import result_of

    with need_store(store) as runs:
        result = result_of(runs, runs.get_run(run, finished=True).id, revision)
        if labels is not None:
            result = _corrected(runs, result, Path(labels))
        if output is None:
            _print(result, formats or ("terminal",))
            return
        from evalkit.report import write_all
        from evalkit.runner.logs import case_logs

        files = [name for name in formats if name != "terminal"] or (None if not formats else [])
        paths = write_all(result, Path(output), case_logs(runs, result), files)
    if "terminal" in formats:
        _show(result, output)
    for path in paths:
        click.echo(path)


def _corrected(runs: Store, result: Result, file: Path) -> Result:
    """The same result, its refusal rates corrected by labels."""
    from dataclasses import replace

    from evalkit.report.hostile import one_line
    from evalkit.runner.corrections import corrections, read_labels, uncounted
    from evalkit.runner.tables import load_tables
    from evalkit.stats.prediction_powered import FEWEST_LABELS

    labels = read_labels(file)
    tables = load_tables(runs, result)
    found = corrections(tables, labels)
    if without := uncounted(tables, labels):
        named = ", ".join(label.case for label in without[:MOST_NAMED])
        rest = f" and {len(without) - MOST_NAMED:,} more" if len(without) > MOST_NAMED else ""
        said = f"labels of answers that are in no rate (errored, or not judged) correct nothing: {named}{rest}"
        click.echo(one_line(f"warning: {said}"), err=True)
    if not any(one.method.startswith("prediction-powered") for one in found):
        click.echo(f"warning: no rate has the {FEWEST_LABELS} labels that it takes to correct it", err=True)
    return replace(result, corrections=found)


def _print(result: Result, formats: tuple[str, ...]) -> None:
    """One document to standard output; two would be one broken file."""
    from evalkit.errors import ReportError

    if len(formats) > 1:
        raise ReportError(f"{len(formats)} formats need a folder: {', '.join(formats)}", hint="add -o DIR")
    if formats[0] == "terminal":
        _show(result, None)
    else:
        click.echo(_rendered(result, formats[0]), nl=False)


def _rendered(result: Result, name: str) -> str:
    """Through the same door as the files, so that both have the same bytes."""
    from tempfile import TemporaryDirectory

    from evalkit import plugins

    with TemporaryDirectory() as folder:
        path = Path(plugins.load("evalkit.reporters", name)(result, Path(folder)))
        return path.read_text(encoding="utf-8")


def _show(result: Result, output: str | None) -> None:
    from evalkit.cli.screen import console
    from evalkit.report.terminal import show

    show(result, console(), report=output or "")
