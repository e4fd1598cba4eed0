"""``evalkit data split``: a dataset in parts that share nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.data.options import force_option, many
from evalkit.cli.options import json_option

if TYPE_CHECKING:
    from evalkit.data.splitting import Part


@click.command("split")
@click.argument("file")
@click.option(
    "--part",
    "parts",
    multiple=True,
    metavar="NAME=SHARE",
    default=("dev=0.2", "test=0.8"),
    show_default=True,
    help="A part and its share of the rows (repeatable); shares add up to 1.",
)
@click.option("--by", metavar="COLUMN", default="", help="Each value of this column keeps its share in every part.")
@click.option(
    "--together",
    metavar="COLUMN",
    default="",
    help="Rows with one value of this column stay together.  [default: cluster, pair or document_id]",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another seed, other parts.")
@click.option("--format", "form", metavar="NAME", default="", help="Reader of FILE, if its name does not say it.")
@click.option("-o", "--output", metavar="DIR", default=".", help="Where the parts are written.  [default: here]")
@force_option
@json_option
def command(file: str, parts: tuple[str, ...], form: str, output: str, **options: object) -> None:
    """Cut a dataset into parts that share nothing.

    Rows that belong together, and rows that ask the same, are in one part. Parts are named FILE-PART, in the format
    of FILE where that can be written, else as JSON lines.

    \b
    evalkit data split questions.jsonl
    evalkit data split questions.csv --part train=0.8 --part dev=0.1 --part test=0.1 --by category -o parts/
    """
    from evalkit.data.splitting import Rules, split

    folder = Path(output).expanduser()
    wanted = [_part(text, file, folder) for text in parts]
    folder.mkdir(parents=True, exist_ok=True)
    rules = Rules(str(options["by"]), str(options["together"]), int(str(options["seed"])))
    made = split(str(Path(file).expanduser()), wanted, rules, format=form, force=bool(options["force"]))
    if options["as_json"]:
        from evalkit.cli.screen import print_json

        print_json([{"part": one.name, "share": one.share, "rows": one.rows, "file": str(one.file)} for one in made])
        return
    rows = sum(one.rows for one in made)
    for one in made:
        click.echo(f"{one.file}: {many(one.rows, 'row')}, {one.rows / rows:.1%} ({one.share:.0%} wanted)")


def _part(text: str, file: str, folder: Path) -> Part:
    from evalkit.data.splitting import Part
    from evalkit.data.writers import WRITABLE, writable_format
    from evalkit.errors import ConfigurationError, DatasetError

    name, _, share = text.partition("=")
    try:
        wanted = float(share)
    except ValueError:
        wanted = 0.0
    if not name.isidentifier() or not 0.0 < wanted <= 1.0:
        raise ConfigurationError(f"'{text}' is no part", where="--part", hint="NAME=SHARE, such as test=0.8")
    source = Path(file)
    stem, ending = source.name.split(".", 1) if "." in source.name else (source.name, "jsonl")
    try:
        known = writable_format(source) in WRITABLE
    except DatasetError:
        known = False
    return Part(name, wanted, folder / f"{stem}-{name}.{ending if known else 'jsonl'}")
