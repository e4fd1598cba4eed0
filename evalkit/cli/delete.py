"""``evalkit delete``, ``restore`` and ``purge``: runs go to the trash, come back, or go for good."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from evalkit.cli.options import store_option
from evalkit.cli.past import need_store

if TYPE_CHECKING:
    from datetime import timedelta

    from evalkit.results import Run
    from evalkit.store import Store

MOST_NAMED = 20
"""Of runs that a question or a dry run lists."""
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would go, and keep it.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask. Needed where there is no terminal to ask on.")


@click.command("delete")
@click.argument("names", nargs=-1, metavar="[RUN]...")
@click.option("--keep", metavar="TIME", help="All runs that finished longer ago (30d, 12h, 2w) and nobody holds on to.")
@click.option("--now", is_flag=True, help="For good: without the trash, and with the space given back.")
@dry_run_option
@yes_option
@click.option("--force", is_flag=True, help="Delete it even if it is a baseline; its names go too.")
@store_option
def command(
    names: Sequence[str], *, keep: str | None, now: bool, dry_run: bool, yes: bool, force: bool, store: str | None
) -> None:
    """Delete runs.

    They go to the trash: evalkit restore brings one back, evalkit purge empties it. Report files stay. RUN is an id, a
    unique prefix, last, or last:SUITE. --keep spares baselines and runs that people have reviewed.

    \b
    evalkit delete last:smoke
    evalkit delete 20260301-0915 --yes
    evalkit delete --keep 30d --dry-run
    """
    from evalkit.errors import ConfigurationError

    if bool(names) == (keep is not None):
        raise ConfigurationError("name runs, or say with --keep which", hint="evalkit delete RUN, or --keep 30d")
    age = _age(keep)
    with need_store(store) as runs:
        found = runs.old_runs(age) if age is not None else _named(runs, names)
        what = "for good" if now else "to the trash"
        if not _agreed(found, f"Delete {_counted(found)} ({what})?", dry_run=dry_run, yes=yes):
            return
        for run in found:
            runs.trash_run(run.id, force=force, cause=_why(keep))
            click.echo(f"deleted {_told(run)}")
        if now:
            _purge(runs, [run.id for run in found])
        elif found:
            click.echo(f"'evalkit restore {found[0].id}' brings it back, 'evalkit purge' empties the trash")


def retire(store: str, age: timedelta, keep: str) -> None:
    """After a run: older ones that nobody holds on to go to the trash, which is said on standard error."""
    from evalkit.report.formatting import count
    from evalkit.store import open_store

    with open_store(store) as runs:
        found = runs.old_runs(age)
        for run in found:
            runs.trash_run(run.id, cause=_why(keep))
    if found:
        click.echo(f"{count(len(found), 'run')} that finished more than {keep} ago went to the trash", err=True)


def _why(keep: str | None) -> str:
    return f"finished more than {keep} ago" if keep else "by hand"


@click.command("restore")
@click.argument("run")
@store_option
def restore(run: str, store: str | None) -> None:
    """Take a run out of the trash.

    It comes back as it was, but for names of baselines that it had. RUN is its id or a unique beginning of it;
    evalkit list --deleted shows what is in the trash.

    \b
    evalkit restore 20260301-0915
    """
    with need_store(store) as runs:
        click.echo(f"restored {_told(runs.restore_run(run))}")


@click.command("purge")
@click.argument("names", nargs=-1, metavar="[RUN]...")
@click.option("--keep", metavar="TIME", help="Only what was deleted longer ago: 30d, 12h, 2w.")
@dry_run_option
@yes_option
@store_option
def purge(names: Sequence[str], *, keep: str | None, dry_run: bool, yes: bool, store: str | None) -> None:
    """Empty the trash for good, and give the space back.

    With the runs go the answers and dataset rows that nobody else needs, and their search indexes. RUN limits it to
    some of the runs in the trash. Report files stay.

    \b
    evalkit purge --dry-run
    evalkit purge --keep 30d --yes
    """
    from evalkit.ages import before_now

    age = _age(keep)
    with need_store(store) as runs:
        deleted = [runs.find_in_trash(name) for name in names] if names else runs.list_trash()
        if age is not None:
            before = before_now(age).isoformat(timespec="milliseconds")
            deleted = [one for one in deleted if one.deleted < before]
        found = list({one.run.id: one.run for one in deleted}.values())
        may_wait = not (found or names or dry_run)  # answers that the last purge had to leave
        if not may_wait and not _agreed(found, f"Delete {_counted(found)} for good?", dry_run=dry_run, yes=yes):
            return
        _purge(runs, [run.id for run in found])


def _purge(runs: Store, names: Sequence[str]) -> None:
    from evalkit.query.index import discard, index_path
    from evalkit.report.formatting import count
    from evalkit.web.browse.place import forget_indexes

    before = runs.disk_bytes()
    purged = runs.purge(names)
    forget_indexes(runs, purged.runs)
    if purged.runs:
        discard(index_path(runs))  # it cannot forget words: the next search makes it anew
    wiped = runs.give_purged_space_back()
    space = f"{max(0, before - runs.disk_bytes()) / 1e6:,.1f} MB"
    gone = f"{count(len(purged.runs), 'run')} and {count(purged.answers, 'answer')}"
    click.echo(f"purged {gone}; {space} given back")
    if purged.kept:
        stay = (
            "stays: scores of other runs rest on it" if purged.kept == 1 else "stay: scores of other runs rest on them"
        )
        click.echo(f"{count(purged.kept, 'answer')} of purged runs {stay}")
    if not wiped:
        click.echo(
            "others keep the database busy: what was deleted still stands in its file; 'evalkit purge' wipes it later",
            err=True,
        )
    if purged.waiting:
        click.echo("a run is being made: answers that nobody else needs stay until the next purge", err=True)


def _age(keep: str | None) -> timedelta | None:
    from evalkit.ages import age_of

    return None if keep is None else age_of(keep, "--keep")


def _named(runs: Store, names: Sequence[str]) -> list[Run]:
    """All of them are found before the first one goes; each once."""
    return list({run.id: run for run in map(runs.get_run, names)}.values())


def _agreed(found: Sequence[Run], question: str, *, dry_run: bool, yes: bool) -> bool:
    from evalkit.errors import ConfigurationError

    if not found:
        click.echo("nothing to delete")
        return False
    if dry_run:
        _list(found)
        click.echo(f"{_counted(found)} would go; nothing was deleted")
        return False
    if yes:
        return True
    if not sys.stdin.isatty():
        raise ConfigurationError(f"{_counted(found)} not deleted without being asked", hint="add --yes to delete")
    if len(found) > 1:
        _list(found)
    if not click.confirm(question):
        click.echo("kept")
        return False
    return True


def _list(found: Sequence[Run]) -> None:
    for run in found[:MOST_NAMED]:
        click.echo(_told(run))
    if len(found) > MOST_NAMED:
        click.echo(f"and {len(found) - MOST_NAMED:,} more")


def _counted(found: Sequence[Run]) -> str:
    return _told(found[0]) if len(found) == 1 else f"{len(found):,} runs"


def _told(run: Run) -> str:
    from evalkit.report.hostile import one_line

    return one_line(f"run {run.id} ({run.suite} on {run.model}, {run.state}, {run.created})")
