"""What commands print: plain columns for people, JSON for scripts, and no text of a model as anything but text."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING, Any, cast

import click

from evalkit.cli.saying import inert, inert_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

WIDTH_WITHOUT_TERMINAL = 120
LEAST_WIDTH = 40


def screen_width() -> int:
    """Of the terminal; a pipe has none, and gets lines that hold a run without folding."""
    if not sys.stdout.isatty() and not os.environ.get("COLUMNS"):
        return WIDTH_WITHOUT_TERMINAL
    return max(shutil.get_terminal_size((80, 24)).columns, LEAST_WIDTH)


def console() -> Console:
    from rich.console import Console

    class Screen(Console):
        def on_broken_pipe(self) -> None:
            """As in every other command: rich would end the program as if somebody else had."""
            raise BrokenPipeError

    file = cast("IO[str]", _Inert(sys.stdout)) if inert("::") != "::" else sys.stdout
    return Screen(file=file, width=screen_width(), highlight=False, soft_wrap=False)


class _Inert:
    """Standard output where a line can be a command. What is written at once are whole lines."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(inert(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def cell(value: object, style: str = "") -> Text:
    """One line of harmless text: never markup, control characters visible."""
    from rich.text import Text

    from evalkit.report.hostile import one_line

    return Text(one_line(str(value)), style=style)


def columns(*headings: str, right: Sequence[str] = (), whole: Sequence[str] = ()) -> Table:
    """A table without lines. ``whole`` columns are never folded or cut."""
    from rich.table import Table

    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    for heading in headings:
        table.add_column(
            cell(heading),
            justify="right" if heading in right else "left",
            no_wrap=heading in whole,
            overflow="fold",
        )
    return table


def facts(pairs: Iterable[tuple[str, object]]) -> Table:
    """Names on the left, what they are on the right; pairs without a value are left out."""
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        if value not in {None, ""}:
            table.add_row(cell(name), cell(value))
    return table


def print_json(data: Any) -> None:
    """A lone surrogate in a model's text has no UTF-8: then everything is escaped."""
    import json

    from evalkit.report.hostile import json_escaped

    text = json_escaped(json.dumps(data, ensure_ascii=False, indent=2, default=str))
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(data, ensure_ascii=True, indent=2, default=str)
    click.echo(inert_json(text))
