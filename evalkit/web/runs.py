"""The list of runs: newest first, filtered by what the address says, a page at a time."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evalkit.store.looking import Wanted, count_runs, list_page, names
from evalkit.web.pages import Link, render, workbench
from evalkit.web.standing import standings

SIZE = 50
STATES = ("finished", "running", "interrupted", "failed", "planned")


def index(request: Request) -> Response:
    bench = workbench(request)
    given = request.query_params
    wanted = Wanted(**{key: given.get(key, "") for key in ("suite", "model", "state", "outcome")})
    before, after = number(given.get("before", "")), number(given.get("after", ""))
    found = list_page(bench.store, wanted, before=before, after=after, size=SIZE + 1)
    more = len(found) > SIZE
    if more:
        found = found[1:] if after else found[:SIZE]
    newer = bool(after and more) or bool(before)
    older = more if not after else bool(after)
    return render(
        request,
        "runs.html.j2",
        rows=standings(bench, found),
        total=count_runs(bench.store, wanted),
        filtered=any(asdict(wanted).values()),
        choices=_choices(wanted, names(bench.store)),
        newer=_address(wanted, after=found[0].number) if newer and found else "",
        older=_address(wanted, before=found[-1].number) if older and found else "",
        compare=request.app.state.compare,
        newest=not before and not after,
    )


def _choices(wanted: Wanted, known: Any) -> list[tuple[str, str, list[str], str]]:
    """Name of the parameter, what people read, values to choose from, the chosen one."""
    return [
        ("suite", "Suite", known["suite"], wanted.suite),
        ("model", "Model", known["model"], wanted.model),
        ("outcome", "Verdict", known["outcome"], wanted.outcome),
        ("state", "State", list(STATES), wanted.state),
    ]


def number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _address(wanted: Wanted, **where: int) -> str:
    return "/?" + urlencode({key: value for key, value in {**asdict(wanted), **where}.items() if value})


routes = [Route("/", index)]
links = [Link("Runs", "/")]
