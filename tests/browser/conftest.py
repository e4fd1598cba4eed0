"""A real browser: the system's Chromium, driven by Playwright. Without one, these tests are skipped with a message."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
SERIOUS = frozenset({"serious", "critical"})
PATIENCE = 60_000.0
"""Milliseconds: on a busy machine a page takes long, and is right all the same."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process drives the browser: two of them would fight over the cores."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed behind each module: while it is open, no other test of the process could run an event loop."""
    sync_api = pytest.importorskip("playwright.sync_api")
    named = os.environ.get("EVALKIT_TEST_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM)), None)
    if not named:
        pytest.skip("no Chromium: install Debian's chromium, or set EVALKIT_TEST_CHROMIUM to one")
    sync_api.expect.set_options(timeout=PATIENCE)
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=named, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """A page in a context of its own (``offline``, ``color_scheme``, ``viewport``, ... as Playwright has them).

    Whatever the page says on the console as an error, throws, or refuses by its policy is in ``page.complaints``; each
    address that it asked for in ``page.asked_for``.
    """
    contexts: list[BrowserContext] = []

    def open_one(**options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page: Any = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.complaints, page.asked_for = [], []
        page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: page.asked_for.append(request.url))
        page.on("dialog", lambda dialog: (page.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        opened: Page = page
        return opened

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def serious_violations() -> Callable[[Page], list[str]]:
    """What axe-core calls serious or critical, a line for each element."""
    from axe_playwright_python.sync_playwright import Axe

    def violations(page: Page) -> list[str]:
        found = Axe().run(page).response["violations"]
        return [
            f"{violation['id']}: {node['target']} {node.get('failureSummary', '')}"
            for violation in found
            if violation["impact"] in SERIOUS
            for node in violation["nodes"]
        ]

    return violations
