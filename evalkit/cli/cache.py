"""``evalkit cache``: what stored answers are for, what nobody needs, and which scores are not to be taken over."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.options import json_option, store_option
from evalkit.cli.past import find_store, need_store

if TYPE_CHECKING:
    from evalkit.store import Store

RUNS_SHOWN = 10


@click.group("cache")
def command() -> None:
    """Say what stored answers are for, prune them, have a check scored anew.

    \b
    evalkit cache stats
    evalkit cache prune --older-than 30d --dry-run
    evalkit cache invalidate accuracy --suite smoke
    """


@command.command("stats")
@store_option
@json_option
def stats(store: str | None, as_json: bool) -> None:
    """Count stored answers: who made them, which runs rest on them, what nobody needs, and what lies on the disk.

    \b
    evalkit cache stats
    evalkit cache stats --json | jq .unneeded
    """
    from dataclasses import asdict

    from evalkit.models.cache_folder import cache_folder, kept_files

    found = find_store(store)
    told: dict[str, Any] = {"store": "", "bytes": 0, "answers": [], "runs": [], "unneeded": {"answers": 0, "bytes": 0}}
    told["invalidated"] = []
    if found is not None:
        with found:
            told |= {
                "store": found.location,
                "bytes": found.disk_bytes(),
                "answers": [asdict(group) for group in found.answer_groups()],
                "runs": [asdict(run) for run in found.run_answers()],
                "unneeded": asdict(found.unneeded()),
                "invalidated": [asdict(one) for one in found.invalidations()],
            }
    told["folder"] = str(cache_folder())
    told["files"] = [asdict(kept) for kept in kept_files()]
    if as_json:
        from evalkit.cli.screen import print_json

        print_json(told)
    else:
        _print_stats(told)


@command.command("prune")
@click.option("--older-than", default="", metavar="AGE", help="Only what is older: 12h, 30d, 4w.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and delete nothing.")
@store_option
@json_option
def prune(older_than: str, dry_run: bool, store: str | None, as_json: bool) -> None:
    """Delete answers that no score of any run rests on, and indexes of runs that are gone.

    What a run reported is never touched: its answers stay as long as it does, in the trash too, and so do those of an
    unfinished run, which goes on from them. With --older-than the indexes of other runs databases go as well, if they
    are as old; an index is made again when somebody looks.

    \b
    evalkit cache prune --dry-run
    evalkit cache prune --older-than 30d
    """
    from evalkit.ages import age_of
    from evalkit.web.browse.place import discard, size_of

    before = time.time() - age_of(older_than, "--older-than").total_seconds() if older_than else None
    told: dict[str, Any] = {"dry_run": dry_run, "answers": 0, "answer_bytes": 0, "indexes": 0, "index_bytes": 0}
    told["returned_bytes"] = 0
    found = find_store(store)
    if found is not None:
        with found:
            gone = found.unneeded(before) if dry_run else found.prune_answers(before)
            indexes = _stale_indexes(found, before)
            told |= {"answers": gone.answers, "answer_bytes": gone.bytes}
            told |= {"indexes": len(indexes), "index_bytes": sum(map(size_of, indexes))}
            if not dry_run:
                for index in indexes:
                    discard(index)
                told["returned_bytes"] = told["index_bytes"] + found.give_back_space()
    if as_json:
        from evalkit.cli.screen import print_json

        print_json(told)
    else:
        _print_pruned(told)


@command.command("invalidate")
@click.argument("check")
@click.option("--suite", default="", metavar="NAME", help="Of this suite alone.  [default: of every suite]")
@click.option("--answers", is_flag=True, help="Ask its requests afresh, too.")
@store_option
@json_option
def invalidate(check: str, suite: str, answers: bool, store: str | None, as_json: bool) -> None:
    """Have the next run score CHECK anew.

    For what evalkit cannot see, such as a service that a plugin asks: a check whose options, code, libraries, data or
    answers changed is scored anew by itself. Its stored answers serve on, unless --answers says that the model is to
    be asked again. Nothing is deleted: finished runs stay what they reported.

    \b
    evalkit cache invalidate toxicity
    evalkit cache invalidate accuracy --suite nightly --answers
    """
    from evalkit.errors import SuiteError, did_you_mean
    from evalkit.report.hostile import one_line

    with need_store(store) as runs:
        known = runs.scored_check_names(suite)
        if check not in known:
            of_suite = f" of suite '{suite}'" if suite else ""
            hint = did_you_mean(check, known, "checks that were scored") if known else "'evalkit list' shows the runs"
            raise SuiteError(f"no run{of_suite} scored a check '{check}'", where=runs.location, hint=hint)
        runs.invalidate(check, suite, answers=answers)
    if as_json:
        from evalkit.cli.screen import print_json

        print_json({"check": check, "suite": suite, "answers": answers})
        return
    where = f" of suite {suite}" if suite else ""
    asked = "asks its requests afresh and " if answers else ""
    click.echo(one_line(f"the next run{where} {asked}scores {check} anew; finished runs stay as they are"))


def _stale_indexes(store: Store, before: float | None) -> list[Path]:
    """Of runs that are gone; and of other runs databases where they are old enough, for who made them is not known."""
    from evalkit.web.browse.place import index_folder, others

    own = index_folder(store)
    stale = others(own, [run.id for run in store.list_runs()])
    if before is None:
        return stale
    foreign = (path for path in own.parent.glob("*/*.db") if path.parent != own)
    return [path for path in (*stale, *sorted(foreign)) if path.stat().st_mtime < before]


def _print_pruned(told: dict[str, Any]) -> None:
    from evalkit.report.formatting import count

    would = "would delete" if told["dry_run"] else "deleted"
    answers = f"{count(told['answers'], 'answer')} ({_bytes(told['answer_bytes'])})"
    indexes = f"{count(told['indexes'], 'index', 'indexes')} ({_bytes(told['index_bytes'])})"
    click.echo(f"{would} {answers} and {indexes}")
    if not told["dry_run"]:
        click.echo(f"returned to the disk: {_bytes(told['returned_bytes'])}")


def _print_stats(told: dict[str, Any]) -> None:
    from evalkit.cli.screen import cell, columns, console
    from evalkit.report.formatting import count

    screen = console()
    if not told["store"]:
        screen.print(cell("no runs yet: there are no stored answers"))
    else:
        total = sum(group["answers"] for group in told["answers"])
        screen.print(cell(f"{told['store']}: {_bytes(told['bytes'])}, {count(total, 'answer')}"))
        table = columns("asked by runs of", "backend", "answers", "size", "oldest", "newest", right=("answers", "size"))
        for group in told["answers"]:
            dates = (group[name][:10] for name in ("oldest", "newest"))
            model = group["model"] or "runs that are gone"
            numbers = (f"{group['answers']:,}", _bytes(group["bytes"]))
            table.add_row(*map(cell, (model, group["backend"] or "-", *numbers, *dates)))
        if told["answers"]:
            screen.print(table)
        _print_runs(told["runs"])
        unneeded = told["unneeded"]
        spare = f"{count(unneeded['answers'], 'answer')} ({_bytes(unneeded['bytes'])})"
        none = f"nobody needs {spare}; 'evalkit cache prune' deletes them"
        screen.print(cell(none if unneeded["answers"] else "every answer is needed"))
        for one in told["invalidated"]:
            what = "scores and answers" if one["answers"] else "scores"
            suite = f" of suite {one['suite']}" if one["suite"] else ""
            screen.print(cell(f"invalidated {one['time'][:16].replace('T', ' ')}: {what} of {one['check']}{suite}"))
    _print_files(told)


def _print_runs(runs: list[dict[str, Any]]) -> None:
    from evalkit.cli.screen import cell, columns, console

    counted = ("made", "rests on", "of other runs")
    table = columns("run", "suite", *counted, whole=("run",), right=counted)
    for run in runs[:RUNS_SHOWN]:
        numbers = (f"{run[name]:,}" for name in ("made", "used", "of_others"))
        table.add_row(cell(run["run"], "bold"), cell(run["suite"]), *map(cell, numbers))
    if runs:
        console().print(table)
    if len(runs) > RUNS_SHOWN:
        click.echo(f"the newest {RUNS_SHOWN} of {len(runs):,} runs; --json has all")


def _print_files(told: dict[str, Any]) -> None:
    from evalkit.cli.screen import cell, columns, console

    screen = console()
    screen.print(cell(f"{told['folder']}: {_bytes(sum(kept['bytes'] for kept in told['files']))}"))
    table = columns("folder", "files", "size", "what", right=("files", "size"))
    for kept in told["files"]:
        table.add_row(*map(cell, (kept["name"], f"{kept['files']:,}", _bytes(kept["bytes"]), kept["what"])))
    if told["files"]:
        screen.print(table)


def _bytes(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:,.0f} {unit}" if unit == "bytes" or size >= 10 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} GB"
