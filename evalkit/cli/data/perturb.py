"""``evalkit data perturb``: rows made worse on purpose, with a log."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.data.options import force_option, many
from evalkit.cli.options import json_option

if TYPE_CHECKING:
    from evalkit.data.faults import Change


@click.command("perturb")
@click.argument("file")
@click.option(
    "--with",
    "kinds",
    multiple=True,
    required=True,
    metavar="KIND",
    help="What becomes of rows (repeatable): typos, misspellings, synonyms, casing, whitespace, punctuation, "
    "homoglyphs and other rewordings; faults: missing, duplicate_ids, invalid, inconsistent.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0, max=1, min_open=True),
    default=0.1,
    show_default=True,
    help="Share of the rows that each kind changes, where it fits them.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The same seed, the same changes."
)
@click.option("--column", "columns", multiple=True, metavar="NAME", help="Change this column alone (repeatable).")
@click.option("--format", "form", metavar="NAME", default="", help="Reader of FILE, if its name does not say it.")
@click.option("-o", "--output", metavar="FILE", required=True, help="File to write; its name tells the format.")
@click.option("--log", metavar="FILE", help="Every change as JSON lines.  [default: OUTPUT.log.jsonl]")
@force_option
@json_option
def command(file: str, kinds: tuple[str, ...], form: str, output: str, log: str | None, **options: Any) -> None:
    """Make a dataset worse on purpose, and write down every change.

    Rewordings are those of a suite's perturb: they change what is asked. Faults are what goes wrong with files: values
    that are missing or of another type, ids of two rows, the same value written in two ways.

    \b
    evalkit data perturb questions.jsonl --with typos --with casing --rate 0.2 -o noisy.jsonl
    evalkit data perturb rows.csv --with missing --with duplicate_ids -o broken.csv
    """
    from evalkit.data.faults import Spoiling, spoilt_file
    from evalkit.data.writers import whole_text_file, write_rows

    source, target = str(Path(file).expanduser()), Path(output).expanduser()
    how = Spoiling(kinds, options["rate"], options["seed"], options["columns"])

    def spoilt() -> Iterator[tuple[dict[str, Any], list[Change]]]:
        return spoilt_file(source, how, into=target, format=form)

    counts: Counter[str] = Counter()
    changed: set[int] = set()
    logged = Path(log).expanduser() if log else target.with_name(f"{target.name}.log.jsonl")
    _refuse_one_file(Path(source), target, logged)
    with whole_text_file(logged, force=options["force"]) as stream:
        rows = write_rows(target, lambda: (row for row, _ in spoilt()), force=options["force"])
        for _, changes in spoilt():
            for one in changes:
                stream.write(json.dumps(asdict(one), ensure_ascii=False, default=str) + "\n")
                counts[one.how] += 1
                changed.add(one.row)
    if options["as_json"]:
        from evalkit.cli.screen import print_json

        told = {kind: counts[kind] for kind in kinds}
        print_json({"file": output, "rows": rows, "changed": len(changed), "changes": told, "log": str(logged)})
        return
    click.echo(f"{output}: {many(rows, 'row')}, {len(changed):,} changed ({logged})")
    for kind in kinds:
        none = "" if counts[kind] else ": it fits none of the rows that were drawn"
        click.echo(f"  {kind}: {many(counts[kind], 'change')}{none}")


def _refuse_one_file(source: Path, target: Path, log: Path) -> None:
    """The rows are read again for the log; and what they were would be gone."""
    from evalkit.errors import ConfigurationError

    if len({one.resolve() for one in (source, target, log)}) < 3:
        hint = "give -o, --output and --log names of their own"
        raise ConfigurationError("the file, what is made of it and the log must be three files", hint=hint)
