"""``evalkit search``: answers of all runs, by their words or their meaning."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from evalkit.cli.options import json_option, store_option
from evalkit.cli.past import need_store

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from evalkit.query.search import Found, Hit

LONGEST_TEXT = 300
"""Characters of a prompt or an answer that are shown; JSON has all of them."""


@click.command("search")
@click.argument("text")
@click.option("--where", metavar="CONDITION", default="", help="Such as: suite = 'smoke' and model like 'hf:%'.")
@click.option("--run", metavar="RUN", default="", help="Answers of this run alone.")
@click.option("--check", metavar="NAME", default="", help="Answers that this check judged.")
@click.option("--since", metavar="WHEN", default="", help="Of runs begun since then: 2026-03-01, or 7d for a week.")
@click.option(
    "--in", "within", type=click.Choice(["answer", "prompt"]), default=None, help="Search these alone.  [default: both]"
)
@click.option("--similar", is_flag=True, help="By meaning, with the sentence model of embedding_similarity.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="At most N answers.")
@store_option
@json_option
def command(
    text: str,
    *,
    where: str,
    run: str,
    check: str,
    since: str,
    within: str | None,
    similar: bool,
    limit: int,
    store: str | None,
    as_json: bool,
) -> None:
    """Find answers across runs, by their words or their meaning.

    Every word of TEXT is looked for: words, "a phrase", begin* and -without. The best come first; an answer that
    several runs share is one, told of the newest. --where compares run, suite, model, created, outcome, check, case,
    category and status by =, !=, <, >, like and in, joined by and, or and not.

    \b
    evalkit search "refund policy"
    evalkit search '"as an AI" -sorry' --where "suite = 'smoke' and status = 'scored'" --since 7d
    evalkit search "I cannot help with that" --similar --run last
    """
    from evalkit.query.search import Wanted, search

    wanted = Wanted(where, run, check, since)
    with need_store(store) as runs, _telling(quiet=as_json, what="read" if similar else "indexed") as tell:
        found = search(runs, text, wanted, within=within or "", similar=similar, limit=limit, tell=tell)
    if as_json:
        from dataclasses import asdict

        from evalkit.cli.screen import print_json

        print_json({"total": found.total, "hits": [asdict(hit) for hit in found.hits], "notes": list(found.notes)})
        return
    _print(found, similar=similar)


@contextmanager
def _telling(*, quiet: bool, what: str) -> Iterator[Callable[[int, int], None]]:
    """The first search after a run takes its answers in: said on one line of a terminal, and once elsewhere."""
    live = sys.stderr.isatty() and not quiet
    told: list[int] = []

    def tell(done: int, total: int) -> None:
        if live:
            click.echo(f"\r{done:,} of {total:,} answers {what}", nl=False, err=True)
        elif not told and not quiet and total > done:
            click.echo(f"{total:,} new answers are {what} first", err=True)
        told.append(done)

    try:
        yield tell
    finally:
        if live and told:
            click.echo(err=True)


def _print(found: Found, *, similar: bool) -> None:
    from evalkit.cli.screen import cell, console
    from evalkit.report.formatting import count

    screen = console()
    for number, hit in enumerate(found.hits):
        if number:
            screen.print()
        near = f"  cosine {hit.rank:.2f}" if similar else ""
        others = f"  in {hit.uses:,} places" if hit.uses > 1 else ""
        screen.print(cell(f"{hit.suite} on {hit.model}  {hit.check} {hit.case}{near}", "bold"))
        screen.print(cell(f"  run {hit.run}  {hit.created[:16].replace('T', ' ')}  {hit.status}{others}", "dim"))
        screen.print(_said(hit, found.terms))
    if found.hits:
        screen.print()
    for note in found.notes:
        screen.print(cell(note, "yellow"))
    said = f"{count(found.total, 'answer')} {'compared' if similar else 'found'}"
    left = found.total - len(found.hits)
    more = f"; {len(found.hits)} shown, --limit N shows more" if left > 0 and found.hits else ""
    screen.print(cell(said + more, "dim"))


def _said(hit: Hit, terms: tuple[str, ...]) -> Table:
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in (("prompt", hit.prompt), ("answer", hit.answer or "(empty)")):
        table.add_row(f"  {label}", _marked(text, terms))
    return table


def _marked(text: str, terms: tuple[str, ...]) -> Text:
    """About where the first of the terms stands."""
    from rich.text import Text

    from evalkit.web.marking import around

    line = Text()
    for piece, marked in around(text, terms, LONGEST_TEXT):
        line.append(piece, style="bold yellow" if marked else "")
    return line
