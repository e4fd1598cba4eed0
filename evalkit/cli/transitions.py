"""``evalkit events``: what became of runs, when and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from evalkit.cli.options import json_option, store_option
from evalkit.cli.past import need_store

if TYPE_CHECKING:
    from evalkit.store import Store


@click.command("events")
@click.argument("run", default="", metavar="[RUN]")
@click.option("--since", metavar="WHEN", default="", help="Since then: 2026-03-01, or 7d for a week.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most N events.")
@store_option
@json_option
def command(run: str, since: str, limit: int, store: str | None, as_json: bool) -> None:
    """Say what became of runs, when and why: every change of a state.

    The newest stands last; reviews that revise an outcome and runs that were deleted are among them. RUN is an id, a
    unique prefix, last, or last:SUITE; without it all runs. What happens while a run is made is told by evalkit run
    --events FILE.

    \b
    evalkit events
    evalkit events last
    evalkit events --since 7d --json | jq -r '.[] | select(.after == "failed") | .run'
    """
    from evalkit.ages import since as moment_since
    from evalkit.store.looking import transitions

    with need_store(store) as runs:
        wanted = _also_deleted(runs, run) if run else ""
        found = transitions(runs, wanted, moment_since(since, "--since") if since else "", limit)[::-1]
    if as_json:
        from evalkit.cli.screen import print_json

        print_json(
            [
                {"run": name, "time": event.time, "before": event.before, "after": event.after, "cause": event.cause}
                for name, event in found
            ]
        )
        return
    if not found:
        click.echo("nothing happened")
        return
    from evalkit.cli.screen import cell, columns, console

    table = columns("time", "run", "change", "cause", whole=("time", "run", "change"))
    for name, event in found:
        change = f"{event.before} → {event.after}" if event.before not in {"", event.after} else event.after
        table.add_row(cell(event.time[:19].replace("T", " ")), cell(name), cell(change), cell(event.cause))
    console().print(table)
    if len(found) == limit:
        click.echo(f"the newest {limit}; --limit N shows more")


def _also_deleted(runs: Store, name: str) -> str:
    """Its id, whether it is there or in the trash."""
    from evalkit.errors import RunNotFound

    try:
        return runs.get_run(name).id
    except RunNotFound as missing:
        try:
            return runs.find_in_trash(name).run.id
        except RunNotFound:
            raise missing from None
