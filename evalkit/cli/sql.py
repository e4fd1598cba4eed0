"""``evalkit sql``: a question to the runs database."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from evalkit.cli.options import json_option, store_option
from evalkit.cli.past import need_store

if TYPE_CHECKING:
    from evalkit.query.sql import Answered

LONGEST_CELL = 300
"""Characters of a text in a table; JSON and CSV have all of it."""
READABLE, GAP = 20, 2
"""Characters that a column of longer texts needs, and those between two columns."""
ACTING = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Beginnings of a text that a spreadsheet takes for a formula."""


@click.command("sql")
@click.argument("statement", required=False, metavar="[SELECT]")
@click.option("--tables", is_flag=True, help="List the tables and their columns.")
@click.option(
    "--limit", type=click.IntRange(min=0), default=1000, show_default=True, help="At most N rows; 0 for all of them."
)
@click.option("--timeout", type=float, default=60.0, show_default=True, help="Give up after as many seconds.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV; texts that a spreadsheet would run get a ' in front.")
@store_option
@json_option
def command(
    statement: str | None, *, tables: bool, limit: int, timeout: float, as_csv: bool, store: str | None, as_json: bool
) -> None:
    """Ask the runs database in SQL: runs, answers, scores. Read only.

    Nothing is written, whatever the statement says. The tables are runs, checks, estimates, gates, cases, scores,
    answers, failures, events, evidence and baselines, in the SQL of SQLite or of PostgreSQL. - reads the statement from
    standard input.

    \b
    evalkit sql --tables
    evalkit sql "SELECT suite, model, outcome FROM runs ORDER BY created DESC"
    evalkit sql "SELECT case_id, answer FROM answers WHERE answer LIKE '%sorry%'" --csv > sorry.csv
    """
    from evalkit.errors import ConfigurationError

    if as_csv and as_json:
        raise ConfigurationError("--csv and --json exclude each other", hint="give one of them")
    if tables:
        _print_tables(as_json=as_json)
        return
    if statement is None:
        raise ConfigurationError("there is no statement", where="SQL", hint="evalkit sql 'SELECT ...', or --tables")
    from evalkit.query.sql import ask

    said = sys.stdin.read() if statement == "-" else statement
    with need_store(store) as runs:
        found = ask(runs, said, limit=limit or None, seconds=timeout)
    if as_json:
        from evalkit.cli.screen import print_json

        print_json(found.as_maps())
    elif as_csv:
        _print_csv(found)
    else:
        _print(found)
    if found.more:
        click.echo(f"there are more than {limit:,} rows; --limit N shows more, --limit 0 all of them", err=True)


def _print_tables(*, as_json: bool) -> None:
    from evalkit.query.views import VIEWS

    if as_json:
        from evalkit.cli.screen import print_json

        print_json([{"name": view.name, "row": view.what, "columns": dict(view.columns)} for view in VIEWS])
        return
    from evalkit.cli.screen import cell, console, facts

    screen = console()
    for view in VIEWS:
        screen.print(cell(f"{view.name}: {view.what}", "bold"))
        screen.print(facts((f"  {name}", what) for name, what in view.columns))


def _print(found: Answered) -> None:
    from evalkit.cli.screen import cell, columns, console, facts
    from evalkit.report.hostile import shorten

    if not found.rows:
        click.echo("no rows")
        return
    screen = console()
    rows = [[shorten(_told(value), LONGEST_CELL) for value in row] for row in found.rows]
    if _least_width(found.columns, rows) > screen.width:  # columns of three letters say nothing
        for number, row in enumerate(rows, start=1):
            screen.print(cell(f"row {number}", "bold"))
            screen.print(facts((f"  {name}", said or "-") for name, said in zip(found.columns, row, strict=True)))
        return
    numeric = [
        name
        for place, name in enumerate(found.columns)
        if all(isinstance(row[place], int | float | None) for row in found.rows)
    ]
    table = columns(*found.columns, right=numeric)
    for row in rows:
        table.add_row(*map(cell, row))
    screen.print(table)


def _least_width(names: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Of a table that can be read: a column as wide as what is in it, or as a few words."""
    longest = [max(map(len, (name, *said))) for name, *said in zip(names, *rows, strict=True)]
    return sum(min(width, READABLE) + GAP for width in longest)


def _told(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _print_csv(found: Answered) -> None:
    import csv
    import io

    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(map(_harmless, found.columns))
    rows.writerows([_harmless(value) for value in row] for row in found.rows)
    click.echo(text.getvalue(), nl=False)


def _harmless(value: object) -> object:
    from evalkit.report.hostile import visible

    if not isinstance(value, str):
        return value
    return visible(f"'{value}" if value.startswith(ACTING) else value)
