"""What the service that runs a job is told of a run, where it says of itself which one it is."""

from __future__ import annotations

import os
from pathlib import Path

import click

from evalkit.results import Result

MOST_BYTES = 1024 * 1024
"""Of a step's summary. GitHub drops the whole of a longer one."""
FEWEST_CHARACTERS = 1000


def tell_service(result: Result) -> None:
    """In GitHub Actions: annotations at the gates that did not pass, and the report as the step's summary. Commands go
    to standard error, which GitHub reads as well, so that standard output stays a result."""
    from evalkit.cli.progress import in_ci

    if os.environ.get("GITHUB_ACTIONS") == "true":
        from evalkit.report.github import commands
        from evalkit.report.places import repository_root

        for line in commands(result, repository_root()):
            click.echo(line, err=True)
    if (file := os.environ.get("GITHUB_STEP_SUMMARY")) and in_ci():
        try:
            written = append_summary(result, Path(file))
        except OSError as error:
            click.echo(f"warning: the step's summary cannot be written: {error.strerror or error}", err=True)
        else:
            if not written:
                click.echo("warning: the step's summary is full, and this report is not in it", err=True)


def append_summary(result: Result, file: Path, most: int = MOST_BYTES) -> bool:
    """As much of the comment as there is room for; false where there is none. Several runs of one step share it."""
    from evalkit.report import markdown

    room = most - (file.stat().st_size if file.exists() else 0)
    limit = markdown.LIMIT
    while limit >= FEWEST_CHARACTERS:
        text = (markdown.render(result, limit) + "\n").encode("utf-8", errors="backslashreplace")
        if len(text) <= room:
            with file.open("ab") as stream:
                stream.write(text)
            return True
        limit //= 2
    return False
