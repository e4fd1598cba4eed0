"""``evalkit data convert``: a dataset in another format."""

from __future__ import annotations

from pathlib import Path

import click

from evalkit.cli.data.options import force_option, many
from evalkit.cli.options import json_option


@click.command("convert")
@click.argument("source")
@click.argument("target")
@click.option("--format", "form", metavar="NAME", default="", help="Reader of SOURCE, if its name does not say it.")
@click.option("--to", metavar="NAME", default="", help="Format of TARGET, if its name does not say it.")
@click.option("--rename", "renamed", multiple=True, metavar="OLD=NEW", help="Give a column another name (repeatable).")
@click.option("--lossy", is_flag=True, help="Exit code 0 also where rows are read back as something else.")
@force_option
@json_option
def command(source: str, target: str, form: str, to: str, renamed: tuple[str, ...], **options: bool) -> int:
    """Write a dataset in another format, and read it back to see that it says the same.

    From every format that is read, hub:ORG/NAME too, to JSONL, JSON, CSV, TSV and Parquet, plain, .gz or .zst. Exit
    code 2 when rows are read back as something else: CSV cannot tell the text 12 from the number.

    \b
    evalkit data convert questions.parquet questions.jsonl
    evalkit data convert train.csv train.jsonl.gz --rename question=prompt
    """
    from evalkit.data.converting import convert
    from evalkit.errors import ConfigurationError

    columns = dict(pair.split("=", 1) for pair in renamed if "=" in pair)
    if len(columns) < len(renamed) or not all(columns.values()):
        raise ConfigurationError("a new name is OLD=NEW", where="--rename", hint="--rename question=prompt")
    found = convert(source, Path(target).expanduser(), format=form, to=to, columns=columns, force=options["force"])
    if options["as_json"]:
        from evalkit.cli.screen import print_json

        print_json({"file": target, "rows": found.rows, "changed": found.changed, "first": found.first})
    else:
        click.echo(f"{target}: {many(found.rows, 'row')}")
        if found.changed:
            from evalkit.report.hostile import one_line

            said = f"{many(found.changed, 'row')} read back as something else: {one_line(found.first)}"
            click.echo(said, err=True)
    return 2 if found.changed and not options["lossy"] else 0
