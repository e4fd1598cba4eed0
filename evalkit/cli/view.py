"""``evalkit view``: the runs database in a browser."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from evalkit.cli.options import store_option
from evalkit.cli.past import need_store

if TYPE_CHECKING:
    from evalkit.web.serve import Address


@click.command("view")
@click.argument("run", required=False, metavar="[RUN]")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="0 takes any free one.  [default: 8765, or any where that is taken]"
)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Address to listen on.")
@click.option(
    "--allow-host",
    "names",
    multiple=True,
    metavar="NAME",
    help="Name under which other machines reach this one (repeatable), with --host 0.0.0.0.",
)
@click.option("--open", "open_browser", is_flag=True, help="Open the link in this machine's browser, too.")
@store_option
def command(
    run: str | None, *, port: int | None, host: str, names: tuple[str, ...], open_browser: bool, store: str | None
) -> None:
    """Look at runs in a browser: the list, live progress, reports.

    Prints a link that holds a token, and serves until Ctrl-C. Only who has the link is let in, and only from this
    machine unless --host says otherwise. Nothing of a run is ever changed; reviews are added to it. RUN opens at that
    run's page: an id, a unique prefix, last or last:SUITE.

    EVALKIT_VIEW_TOKEN sets the token, where it has to stay the same. Needs: pip install 'evalkit-lm[web]'

    \b
    evalkit view
    evalkit view last:quickstart --open
    evalkit view --host 0.0.0.0 --allow-host eval.example.org
    """
    from evalkit.web.serve import Address, check_installed

    check_installed()
    address = Address(host, port, names)
    with need_store(store) as runs:  # as every command opens it: an older database is migrated here, not by a look
        path = f"/runs/{runs.get_run(run).id}" if run else "/"
    if not address.here_only:
        click.echo(
            "warning: other machines can connect, and without encryption: whoever reads the traffic reads the token",
            err=True,
        )
    serve_at(path, store, address, open_browser=open_browser)


def serve_at(
    path: str, store: str | None, address: Address, *, open_browser: bool = False, review_of: str = ""
) -> None:
    """Print the link to a page, and serve until Ctrl-C. ``review_of``: the link opens the review of that run alone."""
    from evalkit.cli import collect_often
    from evalkit.configuration import configure
    from evalkit.web.review_door import token_for
    from evalkit.web.serve import serve
    from evalkit.web.workbench import token_of

    token = token_of(os.environ)
    with ExitStack() as at_the_end:

        def say(link: str) -> None:
            click.echo(f"{link}\nCtrl-C ends it.")
            if open_browser:
                _open(link, at_the_end)

        try:
            collect_often()
            shown = token_for(review_of, token) if review_of else token
            serve(configure({"store": store}).settings.store, address, token, f"{quote(path)}?token={shown}", say)
        except KeyboardInterrupt:  # the way in which a server ends
            click.echo("ended", err=True)


def _open(link: str, at_the_end: ExitStack) -> None:
    """By way of a file that is ours alone: a browser's command line is for every user of the machine to read."""
    import webbrowser
    from html import escape
    from pathlib import Path
    from tempfile import TemporaryDirectory

    folder = at_the_end.enter_context(TemporaryDirectory(prefix="evalkit-view-", ignore_cleanup_errors=True))
    page = Path(folder) / "open.html"
    page.write_text(f'<!doctype html><meta http-equiv="refresh" content="0;url={escape(link)}">', encoding="utf-8")
    webbrowser.open(page.as_uri())
