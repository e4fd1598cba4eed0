"""``evalkit data``: look at dataset files before a suite does, and make rows to try things with."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import click

from evalkit.cli.options import json_option

if TYPE_CHECKING:
    from evalkit.data.profile import ColumnStats, Stats

SHOWN = 20
NUMBERS = ("missing", "words: median", "p95", "max")
CONTRACTS = ("evalkit", "chat", "instruction", "preference")
contract_option = click.option(
    "--contract",
    type=click.Choice(CONTRACTS),
    default="evalkit",
    show_default=True,
    help="Which columns a row has: evalkit: prompt and references; chat: input, output; "
    "instruction: instruction, input, output; preference: prompt, chosen, rejected.",
)


@click.group("data")
def command() -> None:
    """Validate, describe and make datasets.

    \b
    evalkit data validate questions.jsonl
    evalkit data stats train.csv.gz --contract instruction
    evalkit data make chat --n 1000 --seed 7 -o chat.jsonl
    """


@command.command("validate")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@contract_option
@json_option
def validate(files: tuple[str, ...], contract: str, as_json: bool) -> int:
    """Find every bad row, with line and field.

    JSONL, JSON, CSV, TSV, Parquet and Arrow folders, also .gz and .zst. The first 20 problems of each file are
    shown and all are counted. Exit code 2 when there is one.

    \b
    evalkit data validate evals/*.jsonl
    evalkit data validate pairs.parquet --contract preference --json
    """
    reports = [_validated(file, contract) for file in files]
    bad = any(not report["valid"] for report in reports)
    if as_json:
        from evalkit.cli.screen import print_json

        print_json(reports)
    else:
        for report in reports:
            _print_validation(report, contract)
    return 2 if bad else 0


def _validated(file: str, contract: str) -> dict[str, Any]:
    """A file that cannot be read at all is one problem of its own, so that the other files are looked at too."""
    from evalkit.data import problems
    from evalkit.errors import DatasetError

    shown: list[dict[str, Any]] = []
    count = 0
    failure = ""
    found = None
    try:
        found = problems(file, contract)
        for problem in found:
            count += 1
            if len(shown) < SHOWN:
                shown.append({"line": problem.line, "field": problem.field, "message": problem.message})
    except DatasetError as error:
        failure = f"{error.message}; {error.hint}" if error.hint else error.message
    return {
        "file": file,
        "valid": not count and not failure,
        "rows": found.rows if found else 0,
        "bad_rows": found.bad_rows if found else 0,
        "problems": count,
        "first": shown,
        "error": failure,
    }


def _print_validation(report: dict[str, Any], contract: str) -> None:
    from evalkit.report.hostile import one_line, shorten_end

    file = one_line(report["file"])
    for problem in report["first"]:
        field = f"'{problem['field']}' " if problem["field"] else ""
        click.echo(f"{file}:{problem['line']}: " + shorten_end(one_line(f"{field}{problem['message']}"), 300))
    if report["error"]:
        click.echo(f"{file}: {one_line(report['error'])}")
        return
    if report["valid"]:
        click.echo(f"{file}: {_many(report['rows'], 'row')}, all valid {contract} rows")
        return
    more = report["problems"] - len(report["first"])
    rest = f" (the first {SHOWN} are shown)" if more > 0 else ""
    total = _many(report["problems"], "problem")
    click.echo(f"{file}: {total} in {report['bad_rows']:,} of {_many(report['rows'], 'row')}{rest}")


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


@command.command("stats")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@contract_option
@json_option
def stats(files: tuple[str, ...], contract: str, as_json: bool) -> None:
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
    bad = f", {_many(stats.bad_rows, 'bad row')}" if stats.bad_rows else ""
    rows, inputs, outputs = _many(stats.rows, "row"), stats.unique_inputs, stats.unique_outputs
    screen.print(cell(f"{rows}{bad}, {inputs:,} unique inputs, {outputs:,} unique outputs"))
    repeated = stats.rows - stats.bad_rows - inputs
    if repeated > 0:
        screen.print(cell(f"{_many(repeated, 'row')} repeat an input", "yellow"))
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


@command.command("make")
@click.argument("kind", type=click.Choice(["chat", "instruction", "preference"]))
@click.option("--n", type=click.IntRange(min=1), default=100, show_default=True, help="How many rows.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The same seed makes the same rows."
)
@click.option("-o", "--output", metavar="FILE", help="JSON lines file to write.  [default: standard output]")
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def make(kind: str, n: int, seed: int, output: str | None, force: bool) -> None:
    """Write varied rows without exact duplicates, to try a pipeline with.

    \b
    evalkit data make chat --n 5 --seed 1
    evalkit data make preference --n 10000 -o pairs.jsonl
    """
    import json

    from evalkit import plugins

    rows = plugins.load("evalkit.generators", kind)(n, seed)
    with _sink(output, force=force) as sink:
        for row in rows:
            sink.write(json.dumps(row, ensure_ascii=False) + "\n")
        sink.flush()
    if output:
        click.echo(f"{_many(n, f'{kind} row')} written to {output}", err=True)


def _compressed(file: Path, suffix: str) -> IO[str]:
    """As its final name says: ``.gz`` and ``.zst`` are what readers take such a name for."""
    if suffix == ".gz":
        import gzip

        return cast("IO[str]", gzip.open(file, "wt", encoding="utf-8", newline="\n"))
    if suffix == ".zst":
        import zstandard

        return cast("IO[str]", zstandard.open(file, "wt", encoding="utf-8", newline="\n"))
    return file.open("w", encoding="utf-8", newline="\n")


@contextmanager
def _sink(output: str | None, *, force: bool) -> Iterator[IO[str]]:
    """A file appears when it is complete, or not at all. Whoever reads standard output may leave when they have seen
    enough: that is no error."""
    from evalkit.errors import DatasetError

    if output is None:
        try:
            yield sys.stdout
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still flushed at the end
        return
    target = Path(output).expanduser()
    if target.exists() and not force:
        raise DatasetError("is already there", where=output, hint="name another file, or add --force to overwrite it")
    temporary = target.with_name(f".{target.name}.part")
    try:
        with _compressed(temporary, target.suffix) as stream:
            yield stream
        temporary.replace(target)
    except OSError as error:
        raise DatasetError(f"cannot be written: {error.strerror}", where=output, hint="choose another file") from error
    finally:
        temporary.unlink(missing_ok=True)
