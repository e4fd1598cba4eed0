"""``evalkit data make``: rows to try things with."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from evalkit.cli.data.options import many


@click.command("make")
@click.argument("kind", metavar="KIND")
@click.option("--n", type=click.IntRange(min=1), default=100, show_default=True, help="How many rows.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The same seed makes the same rows."
)
@click.option("-o", "--output", metavar="FILE", help="JSON lines file to write.  [default: standard output]")
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def command(kind: str, n: int, seed: int, output: str | None, force: bool) -> None:
    """Write varied rows without exact duplicates, to try a pipeline with.

    KIND is chat, instruction, preference, qa, safety, bias, or what a plugin brings. Rows of bias come in families,
    which stay whole: there may be a few more than N.

    \b
    evalkit data make chat --n 5 --seed 1
    evalkit data make safety --n 1000 -o safety.jsonl
    """
    from evalkit import plugins

    generator = plugins.load("evalkit.generators", kind, where="KIND")
    written = 0
    with _sink(output, force=force) as sink:
        for line in _lines(kind, lambda: generator(n, seed)):
            sink.write(line)
            written += 1
        sink.flush()
    if output:
        click.echo(f"{many(written, f'{kind} row')} written to {output}", err=True)


def _lines(kind: str, make: Callable[[], Iterable[Any]]) -> Iterator[str]:
    """A generator may be a plugin, and do anything."""
    import json

    from evalkit.errors import EvalkitError, PluginError

    made = 0
    try:
        for row in make():
            yield json.dumps(dict(row), ensure_ascii=False, allow_nan=False) + "\n"
            made += 1
    except EvalkitError:
        raise
    except Exception as error:
        what = f"generator '{kind}' fails after {many(made, 'row')}: {type(error).__name__}: {error}"
        raise PluginError(what, where="KIND", hint="update or uninstall the package that brings it") from error


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
