"""Server-sent events: what becomes of runs while somebody looks. The store is asked once a second, and only then."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable

import anyio
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from evalkit.errors import EvalkitError
from evalkit.store.looking import Wanted, list_page, listed
from evalkit.web.pages import event, workbench
from evalkit.web.runs import SIZE, number
from evalkit.web.standing import standings
from evalkit.web.workbench import Workbench

SECONDS = 1.0
QUIET_SECONDS = 15
"""After so many without news something is sent all the same: what stands between may close a silent connection."""
Events = list[tuple[str, str, object]]
"""What it is about, the event's name, and its data: sent only when it is not what was sent last."""


def stream(bench: Workbench, look: Callable[[], Events]) -> Response:
    """``look`` runs in a thread, each second, until the browser goes away or the server ends."""

    async def events() -> AsyncIterator[bytes]:
        sent: dict[str, object] = {}
        quiet = 0
        yield b"retry: 2000\n\n"
        while not bench.closing.is_set():
            news = b""
            try:
                found = await to_thread.run_sync(look)
            except EvalkitError:  # the run was deleted, or the database is gone: the page says so when it asks again
                return
            for about, name, data in found:
                if sent.get(about) != data:
                    sent[about] = data
                    news += event(name, data)
            quiet = 0 if news else quiet + 1
            if news:
                yield news
            elif quiet % QUIET_SECONDS == 0:
                yield b": nothing new\n\n"
            await anyio.sleep(SECONDS)

    return StreamingResponse(events(), media_type="text/event-stream")


def changes(request: Request) -> Response:
    """Of the runs that a list shows as open, and whether there are newer ones than its newest."""
    bench = workbench(request)
    given = request.query_params
    shown = [found for text in given.get("open", "").split(",")[:SIZE] if (found := number(text))]
    newest = number(given["newest"]) if given.get("newest") else None

    def look() -> Events:
        return [*_standings(bench, shown), *_newer(bench, newest)]

    return stream(bench, look)


def _standings(bench: Workbench, numbers: Iterable[int]) -> Events:
    found = standings(bench, listed(bench.store, numbers))
    return [(str(one.number), "run", one.fields()) for one in found]


def _newer(bench: Workbench, newest: int | None) -> Events:
    found = [] if newest is None else list_page(bench.store, Wanted(), after=newest, size=SIZE + 1)
    return [("newer", "newer", len(found))] if found else []


routes = [Route("/events", changes)]
