"""``evalkit list``: the runs there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.options import json_option, store_option
from evalkit.cli.past import find_store

if TYPE_CHECKING:
    from evalkit.results import Run
    from evalkit.store import Store

STYLES = {"good enough": "green", "not good enough": "red"}
NARROW = 70
STATE_STYLES = {"finished": "", "running": "cyan"}


@click.command("list")
@click.option("--suite", metavar="NAME", default="", help="Runs of this suite alone.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most N runs.")
@click.option("--deleted", is_flag=True, help="What is in the trash, the last deleted first.")
@store_option
@json_option
def command(suite: str, limit: int, deleted: bool, store: str | None, as_json: bool) -> None:
    """List runs.

    Newest first. Wherever a command wants a RUN, an id of this list, a unique beginning of one, last, or
    last:SUITE will do.

    \b
    evalkit list
    evalkit list --suite quickstart --limit 5
    evalkit list --json | jq -r '.[] | select(.outcome == "not good enough") | .id'
    """
    runs = find_store(store)
    found: list[Run] = []
    outcomes: dict[str, str] = {}
    if runs is not None:
        with runs:
            found = _in_trash(runs, suite)[:limit] if deleted else runs.list_runs(suite, limit=limit)
            outcomes = {run.id: _outcome(runs, run) for run in found if run.state == "finished"}
    rows = [_row(run, outcomes.get(run.id, "")) for run in found]
    if as_json:
        from evalkit.cli.screen import print_json

        print_json(rows)
    elif rows:
        _print(rows, limit)
    elif deleted:
        click.echo("nothing is in the trash")
    else:
        of_suite = f" of suite '{suite}'" if suite else ""
        click.echo(f"no runs{of_suite} yet; 'evalkit run smoke --model mock:oracle' makes one in two seconds")


def _in_trash(runs: Store, suite: str) -> list[Run]:
    return [one.run for one in runs.list_trash() if not suite or one.run.suite == suite]


def _outcome(runs: Store, run: Run) -> str:
    """As the result says it: a database may hold runs that were finished without noting the word beside them."""
    import json

    noted = runs.outcomes([run.id]).get(run.id)
    return noted or str(json.loads(runs.get_result(run.id))["outcome"]["word"])


def _row(run: Run, outcome: str) -> dict[str, Any]:
    return {
        "id": run.id,
        "created": run.created,
        "suite": run.suite,
        "model": run.model,
        "state": run.state,
        "outcome": outcome,
        "partial": run.partial,
        "finished": run.finished,
    }


def _in_one_line(row: dict[str, Any]) -> str:
    said = row["outcome"] or row["state"]
    return f"{row['id']} {row['suite']} on {row['model']}: {said}{' (partial)' if row['partial'] else ''}"


def _say_that_there_may_be_more(rows: list[dict[str, Any]], limit: int) -> None:
    if len(rows) == limit:
        click.echo(f"the newest {limit}; --limit N shows more")


def _print(rows: list[dict[str, Any]], limit: int) -> None:
    from evalkit.cli.screen import cell, columns, console

    screen = console()
    if screen.width < NARROW:  # columns of three letters say nothing: a line or two for each run instead
        for row in rows:
            screen.print(cell(_in_one_line(row)))
        _say_that_there_may_be_more(rows, limit)
        return
    wide = screen.width >= 100
    dates = ("created",) if wide else ()
    table = columns("id", *dates, "suite", "model", "state", "outcome", whole=("id", "created", "state"))
    for row in rows:
        partial = " (partial)" if row["partial"] else ""
        created = [cell(row["created"][:16].replace("T", " "))] if wide else []
        table.add_row(
            cell(row["id"], "bold"),
            *created,
            cell(row["suite"]),
            cell(row["model"]),
            cell(row["state"], STATE_STYLES.get(row["state"], "yellow")),
            cell((row["outcome"] or "-") + partial, STYLES.get(row["outcome"], "yellow" if row["outcome"] else "dim")),
        )
    screen.print(table)
    _say_that_there_may_be_more(rows, limit)
