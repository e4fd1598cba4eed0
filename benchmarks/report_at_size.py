"""What the HTML report of a large run costs: to make, to keep, and to open in a browser without a network.

python benchmarks/report_at_size.py [--samples 100000] [--words 25] [--opens 5] [--chromium PATH]

Makes a real run of five checks on a mock model, then writes its page in a process of its own (`evalkit report --format
html`; with `-o` the log of all cases of the safety check is written, too): CPU seconds of that process, from start to
exit, and the size of the file. Then Chromium opens it from disk, each time in
a fresh context: milliseconds from the start of the navigation to the load event, to the first picture, and until all
pictures that are not folded are drawn. Needs playwright and a Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.framework_overhead import FIVE_CHECKS, compiled_in, run_command, write_suite
from benchmarks.peers.processes import Usage, run_measured

LIMIT_SECONDS = 7_200.0
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WATCH = """
addEventListener("DOMContentLoaded", () => {
  const look = () => {
    if (!window.firstPicture && document.querySelector(".drawn svg")) window.firstPicture = performance.now();
    if (document.documentElement.dataset.drawn) { window.allPictures = performance.now(); seen.disconnect(); }
  };
  const seen = new MutationObserver(look);
  seen.observe(document.documentElement, { subtree: true, childList: true, attributes: true });
});
"""
TIMES = "[performance.getEntriesByType('navigation')[0].loadEventEnd, window.firstPicture, window.allPictures]"


@dataclass(frozen=True, slots=True)
class Opened:
    """Milliseconds from the start of the navigation."""

    load: float
    first: float
    all: float


def made(folder: Path, samples: int, words: int) -> tuple[Usage, Usage, Usage, Path]:
    """The run, the page alone, the page with logs, and where it is."""
    environment = compiled_in(folder)
    suite = write_suite(folder, samples, FIVE_CHECKS, words)
    run = run_measured(run_command(suite), folder, environment, LIMIT_SECONDS)
    command = (sys.executable, "-m", "evalkit", "report", "last", "--format", "html", "--store", "runs.db")
    run_measured(command, folder, environment, LIMIT_SECONDS)  # compiles what is compiled once
    page = run_measured(command, folder, environment, LIMIT_SECONDS)
    with_logs = run_measured((*command, "-o", "page"), folder, environment, LIMIT_SECONDS)
    return run, page, with_logs, folder / "page" / "report.html"


def opened(path: Path, times: int, chromium: str) -> Iterator[Opened]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(times):
            context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
            page = context.new_page()
            page.add_init_script(WATCH)
            page.goto(path.as_uri())
            page.wait_for_selector("html[data-drawn]", state="attached")
            yield Opened(*page.evaluate(TIMES))
            context.close()
        browser.close()


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--words", type=int, default=25, help="of an answer")
    parser.add_argument("--opens", type=int, default=5)
    parser.add_argument("--chromium", default=next(filter(None, map(shutil.which, BROWSERS)), None))
    given = parser.parse_args(words)
    if given.chromium is None:
        parser.error("no Chromium: install one, or name it with --chromium")
    with tempfile.TemporaryDirectory() as temporary:
        run, page, with_logs, path = made(Path(temporary), given.samples, given.words)
        size = path.stat().st_size / 1e6
        print(f"{given.samples:,} samples, five checks: the run took {run.cpu_seconds:.0f} CPU s")
        print(f"the page: {page.cpu_seconds:.2f} CPU s, {page.peak_megabytes:.0f} MB of memory, {size:.2f} MB on disk")
        print(f"the page and the log of all cases of a check: {with_logs.cpu_seconds:.2f} CPU s")
        times = list(opened(path, given.opens, given.chromium))
    for name, told in (("load event", "load"), ("first picture", "first"), ("all pictures", "all")):
        spent = [getattr(one, told) for one in times]
        print(f"{name:14} median {median(spent):6.0f} ms  most {max(spent):6.0f} ms")


if __name__ == "__main__":
    main()
