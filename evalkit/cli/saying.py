"""What goes to standard output and standard error, whoever reads them."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import Any

import click

from evalkit.errors import EvalkitError

LONGEST_DEFECT = 300
"""Characters of an unforeseen error's own words."""


def say(text: str) -> None:
    """Print. Where whoever read our output has gone (``| head``) the rest is dropped: the exit code still counts."""
    try:
        click.echo(text, nl=not text.endswith("\n"), color=True)
        sys.stdout.flush()
    except BrokenPipeError:
        drop_output()


def say_json(document: Any) -> None:
    """Readable JSON, and ASCII escapes where standard output cannot hold its characters."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(document, ensure_ascii=True, indent=2)
    say(text)


def drop_output() -> None:
    """Point standard output to nowhere, so that the interpreter's last flush does not fail either."""
    with suppress(OSError, ValueError):  # a replaced standard output may have no descriptor
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def show_defect(error: Exception) -> None:
    """One line: what an unforeseen error says of itself may be as long, and as hostile, as all that a model wrote."""
    from evalkit.report.hostile import one_line, shorten_end

    told = one_line(shorten_end(str(error), LONGEST_DEFECT))
    click.echo(f"error: internal: {type(error).__name__}: {told}", err=True)
    click.echo("       this is a defect of evalkit; 'evalkit --debug ...' shows where", err=True)


def show_error(error: EvalkitError) -> None:
    """A sentence and a hint. Messages quote files and endpoints, which must not command the terminal."""
    from evalkit.report.hostile import visible

    where = f"{error.where}: " if error.where else ""
    lines = visible(f"{where}{error.message}").split("\n")
    click.echo(click.style("error: ", fg="red", bold=True, reset=True) + "\n       ".join(lines), err=True)
    if error.hint:
        click.echo("       " + visible(error.hint).replace("\n", "\n       "), err=True)
