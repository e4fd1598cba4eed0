"""``evalkit data stats``: what dataset files hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.data.named import readings
from evalkit.cli.data.options import contract_option, many
from evalkit.cli.options import json_option, trust_option, trusts_code

if TYPE_CHECKING:
    from evalkit.data.profile import ColumnStats, Look, Stats
    from evalkit.data.sources import Source

NUMBERS = ("missing", "words: median", "p95", "max")
SHARE = click.FloatRange(min=0.3, max=1)


@click.command("stats")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@contract_option
@click.option("--against", metavar="FILE", help="Also say which rows another dataset has, such as one trained on.")
@click.option("--column", metavar="NAME", default="", help="Compare this column's texts.  [default: what is asked]")
@click.option(
    "--near", type=SHARE, default=0.7, show_default=True, help="Share of pairs of words that near-duplicates have."
)
@click.option(
    "--run-words",
    type=click.IntRange(min=2, max=100),
    default=13,
    show_default=True,
    help="Words in a row that count as shared with the other dataset.",
)
@click.option("--model", metavar="REF", default="", help="Also count tokens of what is asked, as this model does.")
@click.option("--html", metavar="FILE", default="", help="Write a page with pictures.")
@trust_option
@json_option
def command(files: tuple[str, ...], contract: str, **options: Any) -> None:
    """Count rows, lengths, words, missing values, label balance; find languages and rows that repeat others.

    FILE is a dataset's file, hub:ORG/NAME, SUITE.yaml:DATASET, or SUITE.yaml for all its datasets.

    \b
    evalkit data stats questions.jsonl
    evalkit data stats questions.jsonl --against train.jsonl.gz --html stats.html
    evalkit data stats suite.yaml:qa --json
    """
    from evalkit.cli.screen import console, print_json
    from evalkit.data.profile import statistics_of

    trusted = trusts_code(options)
    look = _look(options, trust_code=trusted)
    found = [
        statistics_of(one.scan, look, one.asked)
        for file in files
        for one in readings(file, contract, trust_code=trusted)
    ]
    if options["html"]:
        _write_page(options["html"], found)
    if options["as_json"]:
        documents = [one.to_json() for one in found]
        print_json(documents[0] if len(documents) == 1 else documents)
        return
    screen = console()
    for position, one in enumerate(found):
        if position:
            screen.print()
        _print_stats(one, screen)


def _look(options: dict[str, Any], *, trust_code: bool) -> Look:
    from evalkit.data.profile import Look
    from evalkit.metrics.language import detect

    return Look(
        near=options["near"],
        run=options["run_words"],
        column=options["column"],
        against=_other(options["against"], trust_code=trust_code),
        tell_language=lambda text: detect(text).code,
        count_tokens=_counter(options["model"]),
        tokens_of=options["model"],
    )


def _other(text: str | None, *, trust_code: bool) -> Source | None:
    if not text:
        return None
    from evalkit.errors import ConfigurationError

    found = readings(text, "evalkit", trust_code=trust_code)
    if len(found) > 1:
        raise ConfigurationError("names several datasets", where="--against", hint="SUITE.yaml:DATASET")
    return found[0].scan.source


def _counter(model: str) -> Callable[[str], int] | None:
    if not model:
        return None
    from evalkit.configuration import configure
    from evalkit.errors import ModelError
    from evalkit.models import open_backend
    from evalkit.protocols import CountsTokens
    from evalkit.records import Message

    backend = open_backend(*configure({}).model_settings(model))
    if not isinstance(backend, CountsTokens):
        hint = "name one whose tokenizer runs here: hf:ORG/NAME, ./folder"
        raise ModelError("this model does not say how it counts tokens", where=model, hint=hint)
    count = backend.count_tokens
    return lambda text: count([Message("user", text)])


def _write_page(name: str, found: list[Stats]) -> None:
    from pathlib import Path

    from evalkit.report.data_stats import page
    from evalkit.report.files import write_text

    write_text(Path(name).expanduser(), page(found))


def _print_stats(stats: Stats, screen: Any) -> None:
    from evalkit.cli.screen import cell, columns
    from evalkit.report.data_stats import findings

    screen.print(cell(stats.file, "bold"))
    bad = f", {many(stats.bad_rows, 'bad row')}" if stats.bad_rows else ""
    different = f"{many(stats.unique_inputs, 'unique input')}, {many(stats.unique_outputs, 'unique output')}"
    screen.print(cell(f"{many(stats.rows, 'row')}{bad}, {different}"))
    if stats.repeats and stats.repeats.exact and not stats.looked_at:
        screen.print(cell(f"{many(stats.repeats.exact, 'row')} repeat an input", "yellow"))
    screen.print()
    table = columns("column", "missing", "words: median", "p95", "max", "values", right=NUMBERS)
    for column in stats.columns:
        words = column.words
        lengths = [f"{words.median:g}", str(words.p95), str(words.max)] if words else ["", "", ""]
        missing = f"{column.missing:,}" if column.missing else "-"
        table.add_row(cell(column.name, "bold"), cell(missing), *map(cell, lengths), cell(_balance(column)))
    screen.print(table)
    for name, said in findings(stats):
        screen.print()
        screen.print(cell(name, "bold"))
        for line in said:
            screen.print(cell(f"  {line}"))


def _balance(column: ColumnStats, most: int = 6) -> str:
    if not column.values:
        return ""
    named = [f"{_short(value)} {count:,}" for value, count in list(column.values.items())[:most]]
    more = len(column.values) - len(named)
    return ", ".join(named) + (f", and {more} more" if more > 0 else "")


def _short(value: str) -> str:
    return value if len(value) <= 24 else value[:23] + "…"
