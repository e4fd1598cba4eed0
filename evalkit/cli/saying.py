"""What goes to standard output and standard error, whoever reads them."""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import suppress
from typing import Any

import click

from evalkit.errors import EvalkitError

LONGEST_DEFECT = 300
"""Characters of an unforeseen error's own words."""


def inert(text: str) -> str:
    """GitHub Actions obeys a line of a log that begins with ``::``, and ``##[`` anywhere in it. What we print quotes
    datasets, endpoints and models: a backslash in there is seen, and keeps it from being a command."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return text
    return re.sub(r"^([^\S\n]*:)(?=:)", r"\1\\", text, flags=re.MULTILINE).replace("##[", "##\\[")


def inert_json(text: str) -> str:
    """The same document: no line of it begins with a colon, and a bracket in a text may be written as its escape."""
    return text.replace("##[", "##\\u005b") if os.environ.get("GITHUB_ACTIONS") == "true" else text


def say(text: str) -> None:
    """Print. Where whoever read our output has gone (``| head``) the rest is dropped: the exit code still counts."""
    _say(inert(text))


def _say(text: str) -> None:
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
    _say(inert_json(text))


def drop_output() -> None:
    """Point standard output to nowhere, so that the interpreter's last flush does not fail either."""
    with suppress(OSError, ValueError):  # a replaced standard output may have no descriptor
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def show_defect(error: Exception) -> None:
    """One line: what an unforeseen error says of itself may be as long, and as hostile, as all that a model wrote. Then
    why, and what to do: it is a defect of evalkit only where no other cause is known."""
    from evalkit.failures import ADVICE, FailureClass, explain, without_secrets, words_of
    from evalkit.report.hostile import one_line, shorten_end

    advice = explain(error) or ADVICE[FailureClass.INTERNAL]
    told = one_line(shorten_end(without_secrets(words_of(error)), LONGEST_DEFECT))
    click.echo(inert(f"error: {advice.kind}: {type(error).__name__}: {told}"), err=True)
    if advice.kind is FailureClass.INTERNAL:
        click.echo("       this is a defect of evalkit; 'evalkit --debug ...' shows where", err=True)
    else:
        click.echo(f"       {advice.cause} {advice.recommendation}", err=True)
        click.echo("       'evalkit --debug ...' shows where", err=True)


def show_unwritable(error: OSError) -> None:
    from evalkit.failures import FailureClass, explain

    click.echo(f"error: cannot write the output: {error.strerror or error}", err=True)
    advice = explain(error)
    if advice is not None and advice.kind is FailureClass.CONFIGURATION:
        click.echo(f"       {advice.recommendation}", err=True)


def error_document(error: Exception, code: int) -> dict[str, Any]:
    """For scripts: what, where, of which class, and what to do."""
    from evalkit.failures import ADVICE, FailureClass, explain, without_secrets, words_of

    advice = explain(error) or ADVICE[FailureClass.INTERNAL]
    ours = error if isinstance(error, EvalkitError) else EvalkitError(f"{type(error).__name__}: {words_of(error)}")
    return {
        "error": {
            "class": str(advice.kind),
            "message": without_secrets(ours.message),
            "where": without_secrets(ours.where),
            "hint": without_secrets(ours.hint),
            "cause": advice.cause,
            "recommendation": without_secrets(advice.recommendation),
            "transient": advice.transient,
            "exit_code": int(code),
        }
    }


def show_error(error: EvalkitError) -> None:
    """A sentence and a hint. Messages quote files, endpoints and plugins, which must not command the terminal, and may
    hold a password: what stands in a log of CI is read by many."""
    from evalkit.failures import without_secrets
    from evalkit.report.hostile import visible

    where = f"{error.where}: " if error.where else ""
    lines = visible(without_secrets(f"{where}{error.message}")).split("\n")
    head = "error: " if os.environ.get("NO_COLOR") else click.style("error: ", fg="red", bold=True, reset=True)
    click.echo(inert(head + "\n       ".join(lines)), err=True)
    if error.hint:
        click.echo(inert("       " + visible(without_secrets(error.hint)).replace("\n", "\n       ")), err=True)
