"""Make the pictures of the README from the report of a real run.

    python docs/pictures/make.py reports/example

Needs evalkit and a Chromium (``apt-get install chromium``; CHROMIUM names another one). The terminal's picture is what
``evalkit run`` printed, drawn by rich; the others are the page ``report.html`` as a browser shows it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from evalkit.report.terminal import show
from evalkit.results import Result
from evalkit.runner.document import from_json

HERE = Path(__file__).parent
COLUMNS = 108
PAGE = (1200, 1250)
CHARACTER = (12.2, 24.4)
"""Width and height of a character in rich's SVG."""
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
SCHEMES = {"light": 1, "dark": 0}
"""Chromium's numbers for what a page is told that the person prefers."""
STYLE = """
body { margin: 0; background: #fff }
svg { display: block; width: 100% }
svg text { font-family: 'DejaVu Sans Mono', monospace !important }
"""


def chromium() -> str:
    for name in (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name) if name else None
        if found:
            return found
    raise SystemExit("no Chromium: install one, or name it in CHROMIUM")


def photograph(page: Path, picture: Path, size: tuple[int, int], scheme: str) -> None:
    with tempfile.TemporaryDirectory() as profile:
        command = [
            chromium(),
            *FLAGS,
            f"--user-data-dir={profile}",
            f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
            f"--window-size={size[0]},{size[1]}",
            f"--screenshot={picture.resolve()}",
            page.resolve().as_uri(),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)  # noqa: S603 - our own arguments
    print(f"{picture.name}: {picture.stat().st_size // 1000} kB")  # noqa: T201 - a script


def photograph_terminal(result: Result, picture: Path) -> None:
    console = Console(record=True, width=COLUMNS, force_terminal=True, color_system="truecolor", file=StringIO())
    console.print(f"$ {result.reproduce}", style="bold")
    show(
        result, console, report=f"reports/{result.run.created[:10]}-{result.run.suite}-{result.run.id[-6:]}/report.html"
    )
    lines = len(console.export_text(clear=False).splitlines())
    svg = console.export_svg(title="evalkit", theme=MONOKAI)
    # The letters come with the picture's machine, not from a font server.
    svg = "\n".join(line for line in svg.splitlines() if "cdnjs" not in line)
    width, height = round(COLUMNS * CHARACTER[0]) + 34, round(lines * CHARACTER[1]) + 66
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "terminal.html"
        page.write_text(f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>{svg}", encoding="utf-8")
        photograph(page, picture, (width, height), "light")


def main(report: Path) -> None:
    result = from_json((report / "report.json").read_text(encoding="utf-8"))
    photograph_terminal(result, HERE / "terminal.png")
    for scheme in SCHEMES:
        photograph(report / "report.html", HERE / f"report-{scheme}.png", PAGE, scheme)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
