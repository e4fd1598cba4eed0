"""Make the pictures of README and documentation from a real run: its report, and the runs database that has it.

    python docs/pictures/make.py reports/example .evalkit/runs.db

Needs evalkit with what its tests need (``pip install -e '.[test,report,web]'``) and a Chromium (``apt-get install
chromium``; CHROMIUM names another one). The terminal's picture is what ``evalkit run`` printed, drawn by rich; the
others are the page ``report.html`` as a browser shows it without a network (its first screen by day and by night, the
card of a check, and three places of it on a phone) and pages of ``evalkit view`` by day and by night: its cases, an
item of its review, and what changed since the run before. Without a database those are left as they are.
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.terminal_theme import MONOKAI

from evalkit.report.terminal import show
from evalkit.results import Result
from evalkit.runner.document import from_json

HERE = Path(__file__).parent
COLUMNS = 108
PAGE = (1200, 1250)
CARD = (1150, 900)
PHONE = (390, 844)
CHARACTER = (12.2, 24.4)
"""Width and height of a character in rich's SVG."""
SCALE = 0.9
"""Of its picture."""
WORKBENCH = (1040, 690)
SEARCH = "country"
REVIEWER = "evalkit"
"""Whose labels ``reports/example/reviews.jsonl`` has."""
DRAWN_BY = 1500
"""Milliseconds in which a picture that has come into view is drawn."""
TERMINAL = """<style>
body { margin: 0; background: #fff }
svg { display: block; width: 100% }
svg text { font-family: 'DejaVu Sans Mono', monospace !important }
</style>"""
SHEET = """<style>
body { margin: 0; padding: 24px; display: flex; gap: 24px; width: max-content; background: #e9edf0 }
img { border-radius: 20px; box-shadow: 0 2px 14px #0003 }
</style>"""


def chromium() -> str:
    for name in (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name) if name else None
        if found:
            return found
    raise SystemExit("no Chromium: install one, or name it in CHROMIUM")


@contextmanager
def opened(browser: Browser, size: tuple[int, int], scheme: str = "light", *, offline: bool = True) -> Iterator[Page]:
    options = {"viewport": {"width": size[0], "height": size[1]}, "color_scheme": scheme, "offline": offline}
    context = browser.new_context(**options)
    try:
        yield context.new_page()
    finally:
        context.close()


def keep(name: str, picture: bytes) -> None:
    (HERE / name).write_bytes(picture)
    print(f"{name}: {len(picture) // 1000} kB")  # noqa: T201 - a script


def look_at(page: Page, place: str) -> None:
    """What is drawn when it comes into view moves what stands below it: so twice."""
    for _ in range(2):
        page.evaluate("id => document.getElementById(id).scrollIntoView({block: 'start', behavior: 'instant'})", place)
        page.wait_for_timeout(DRAWN_BY)


def terminal(browser: Browser, result: Result) -> bytes:
    console = Console(record=True, width=COLUMNS, force_terminal=True, color_system="truecolor", file=StringIO())
    console.print(f"$ {result.reproduce}", style="bold")
    show(
        result, console, report=f"reports/{result.run.created[:10]}-{result.run.suite}-{result.run.id[-6:]}/report.html"
    )
    lines = len(console.export_text(clear=False).splitlines())
    svg = console.export_svg(title="evalkit", theme=MONOKAI)
    # The letters come with the picture's machine, not from a font server.
    svg = "\n".join(line for line in svg.splitlines() if "cdnjs" not in line)
    size = round(SCALE * (COLUMNS * CHARACTER[0] + 34)), round(SCALE * (lines * CHARACTER[1] + 66))
    with opened(browser, size) as page:
        page.set_content(f"<!doctype html><meta charset=utf-8>{TERMINAL}{svg}")
        return page.screenshot()


def first_screen(browser: Browser, report: Path, scheme: str) -> bytes:
    with opened(browser, PAGE, scheme) as page:
        page.goto(report.as_uri())
        page.wait_for_timeout(DRAWN_BY)
        return page.screenshot()


def card(browser: Browser, report: Path, place: str) -> bytes:
    with opened(browser, CARD) as page:
        page.goto(report.as_uri())
        look_at(page, place)
        return page.locator(f"#{place}").screenshot()


def on_a_phone(browser: Browser, report: Path, places: Sequence[str]) -> bytes:
    """Several places of the page, side by side."""
    seen = []
    with opened(browser, PHONE) as page:
        page.goto(report.as_uri())
        for place in places:
            look_at(page, place)
            seen.append(base64.b64encode(page.screenshot()).decode())
    images = "".join(f'<img src="data:image/png;base64,{one}">' for one in seen)
    with opened(browser, PHONE) as page:
        page.set_content(f"<!doctype html>{SHEET}{images}")
        return page.locator("body").screenshot()


def telling_check(result: Result) -> str:
    """The card of the check whose picture says most."""
    kinds = [check.kind for check in result.checks]
    return f"check-{kinds.index('safety') + 1 if 'safety' in kinds else 1}"


# --- the workbench ----------------------------------------------------------------------------------------------------


@contextmanager
def served(database: Path) -> Iterator[str]:
    """The link that ``evalkit view`` prints."""
    command = [sys.executable, "-u", "-m", "evalkit", "view", "--store", str(database), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - a script
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.send_signal(signal.SIGINT)


def workbench(browser: Browser, link: str, result: Result, scheme: str) -> Iterator[tuple[str, bytes]]:
    base, run = link.partition("/?")[0], quote(result.run.id)
    with opened(browser, WORKBENCH, scheme, offline=False) as page:
        page.goto(link)

        def look(path: str, place: str = "top") -> bytes:
            page.goto(f"{base}/{path}")
            for made_beside in ("#being-made", "#filling"):
                page.wait_for_selector(made_beside, state="hidden")
            page.wait_for_load_state()
            page.evaluate("document.querySelector('footer').remove(); document.body.id = 'top'")  # it names a folder
            page.evaluate("document.querySelector('details.change')?.setAttribute('open', '')")
            look_at(page, place)
            return page.screenshot()

        look(f"runs/{run}/cases")  # the index is made
        yield "cases", look(f"runs/{run}/cases?q={SEARCH}&check=accuracy&sort=-token_f1")
        if result.reviews:
            look(f"runs/{run}/review?name=")
            page.fill("#name", REVIEWER)
            page.press("#name", "Enter")
            page.wait_for_load_state()
            yield "review", look(f"runs/{run}/review/item?queue={quote(result.reviews[0].queue)}&at=1")
        yield "compare", look(f"compare?run={quote(str(result.run.options['baseline']))}&run={run}", "cases")


def main(folder: Path, database: Path | None) -> None:
    result = from_json((folder / "report.json").read_text(encoding="utf-8"))
    report, check = (folder / "report.html").resolve(), telling_check(result)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium())
        keep("terminal.png", terminal(browser, result))
        for scheme in ("light", "dark"):
            keep(f"report-{scheme}.png", first_screen(browser, report, scheme))
        keep("report-check.png", card(browser, report, check))
        keep("report-phone.png", on_a_phone(browser, report, ("answer", check, "cases")))
        if database is not None:
            with served(database) as link:
                for scheme in ("light", "dark"):
                    for name, picture in workbench(browser, link, result, scheme):
                        keep(f"workbench-{name}-{scheme}.png", picture)
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) not in {2, 3}:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
