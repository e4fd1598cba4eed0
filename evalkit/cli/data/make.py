"""``evalkit data make``: rows to try things with."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from evalkit.cli.data.options import many


@click.command("make")
@click.argument("kind", type=click.Choice(["chat", "instruction", "preference"]))
@click.option("--n", type=click.IntRange(min=1), default=100, show_default=True, help="How many rows.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The same seed makes the same rows."
)
@click.option("-o", "--output", metavar="FILE", help="JSON lines file to write.  [default: standard output]")
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def command(kind: str, n: int, seed: int, output: str | None, force: bool) -> None:
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
        click.echo(f"{many(n, f'{kind} row')} written to {output}", err=True)


@contextmanager
def _sink(output: str | None, *, force: bool) -> Iterator[IO[str]]:
    """Whoever reads standard output may leave when they have seen enough: that is no error."""
    from evalkit.data.writers import whole_text_file

    if output is not None:
        with whole_text_file(Path(output).expanduser(), force=force) as stream:
            yield stream
        return
    try:
        yield sys.stdout
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still flushed at the end
