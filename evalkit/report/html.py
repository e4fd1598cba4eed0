"""``report.html``: one file that opens anywhere, asks no network for anything, and runs no script but its own."""

from __future__ import annotations

from pathlib import Path

from evalkit.report.files import write_text
from evalkit.results import Result

NAME = "report.html"


def write(result: Result, folder: Path) -> Path:
    return write_text(folder / NAME, render(result))


def render(result: Result) -> str:
    from evalkit.report.page import page

    return page(result)
