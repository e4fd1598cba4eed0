"""``evalkit data stats``: what dataset files hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.data.options import contract_option, many
from evalkit.cli.options import json_option

if TYPE_CHECKING:
    from evalkit.data.profile import ColumnStats, Stats

NUMBERS = ("missing", "words: median", "p95", "max")


@click.command("stats")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@contract_option
@json_option
def command(files: tuple[str, ...], contract: str, as_json: bool) -> None:
    """Count rows, unique inputs and outputs, lengths, missing values, label balance.

    \b
    evalkit data stats questions.jsonl
    evalkit data stats a.csv b.parquet --json
    """
    from evalkit.cli.screen import console, print_json
    from evalkit.data import statistics

    found = [statistics(file, contract) for file in files]
    if as_json:
        documents = [one.to_json() for one in found]
        print_json(documents[0] if len(documents) == 1 else documents)
        return
    screen = console()
    for position, one in enumerate(found):
        if position:
            screen.print()
        _print_stats(one, screen)


def _print_stats(stats: Stats, screen: Any) -> None:
    from evalkit.cli.screen import cell, columns

    screen.print(cell(stats.file, "bold"))
    bad = f", {many(stats.bad_rows, 'bad row')}" if stats.bad_rows else ""
    rows, inputs, outputs = many(stats.rows, "row"), stats.unique_inputs, stats.unique_outputs
    screen.print(cell(f"{rows}{bad}, {inputs:,} unique inputs, {outputs:,} unique outputs"))
    repeated = stats.rows - stats.bad_rows - inputs
    if repeated > 0:
        screen.print(cell(f"{many(repeated, 'row')} repeat an input", "yellow"))
    screen.print()
    table = columns("column", "missing", "words: median", "p95", "max", "values", right=NUMBERS)
    for column in stats.columns:
        words = column.words
        lengths = [f"{words.median:g}", str(words.p95), str(words.max)] if words else ["", "", ""]
        missing = f"{column.missing:,}" if column.missing else "-"
        table.add_row(cell(column.name, "bold"), cell(missing), *map(cell, lengths), cell(_balance(column)))
    screen.print(table)


def _balance(column: ColumnStats, most: int = 6) -> str:
    if not column.values:
        return ""
    named = [f"{_short(value)} {count:,}" for value, count in list(column.values.items())[:most]]
    more = len(column.values) - len(named)
    return ", ".join(named) + (f", and {more} more" if more > 0 else "")


def _short(value: str) -> str:
    return value if len(value) <= 24 else value[:23] + "…"
