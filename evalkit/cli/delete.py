"""``evalkit delete``: forget a run."""

from __future__ import annotations

import sys

import click

from evalkit.cli.options import store_option
from evalkit.cli.past import need_store


@click.command("delete")
@click.argument("run")
@click.option("--yes", is_flag=True, help="Do not ask. Needed where there is no terminal to ask on.")
@click.option("--force", is_flag=True, help="Delete it even if it is a baseline; its names go too.")
@store_option
def command(run: str, yes: bool, force: bool, store: str | None) -> None:
    """Delete a run.

    Its scores and result go, and the answers and dataset rows that no other run rests on. Report files stay.
    RUN is an id, a unique prefix, last, or last:SUITE.

    \b
    evalkit delete last:smoke
    evalkit delete 20260301-0915 --yes
    """
    from evalkit.errors import ConfigurationError
    from evalkit.report.hostile import one_line

    with need_store(store) as runs:
        found = runs.get_run(run)
        what = one_line(f"run {found.id} ({found.suite} on {found.model}, {found.state}, {found.created})")
        if not yes:
            if not sys.stdin.isatty():
                raise ConfigurationError(f"{what} is not deleted without being asked", hint="add --yes to delete it")
            if not click.confirm(f"Delete {what}?"):
                click.echo("kept")
                return
        runs.delete_run(found.id, force=force)
    click.echo(f"deleted {what}")
