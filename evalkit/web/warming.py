"""What the first visit of a page would pay for all others is made while the server waits for it."""

from __future__ import annotations

import threading


def begin_warming() -> threading.Thread:
    """Beside the server; nobody waits for it."""
    thread = threading.Thread(target=warm, name="warming", daemon=True)
    thread.start()
    return thread


def warm() -> None:
    """Modules that pages import where they use them, the reader of results, and the templates."""
    from evalkit.report import page
    from evalkit.runner import document, revise  # noqa: F401 - imported, and in that is its use
    from evalkit.web import pages

    document.make_reader()
    for environment in (pages.templates(), page.templates()):
        for name in environment.list_templates(extensions=["j2"]):
            environment.get_template(name)
