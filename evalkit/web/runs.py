"""The list of runs: newest first, filtered by what the address says, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evalkit.store import Store
from evalkit.store.looking import SORTS, Listed, Wanted, count_runs, list_page, names, sorted_page
from evalkit.web.pages import Link, render, workbench
from evalkit.web.standing import standings

SIZE = 50
SIGNS = (("", ""), ("-", ", from the end"))
STATES = ("finished", "running", "interrupted", "failed", "planned")


NEWEST = "-started"
ORDERS = (
    *(("", "newest first"), ("started", "oldest first")),
    *((sign + name, f"by {name}{said}") for name in SORTS if name != "started" for sign, said in SIGNS),
)


def index(request: Request) -> Response:
    bench = workbench(request)
    given = request.query_params
    wanted = Wanted(**{key: given.get(key, "") for key in ("suite", "model", "state", "outcome")})
    sort = given.get("sort", "") if given.get("sort", "").removeprefix("-") in SORTS else NEWEST
    turned = _newest_first(bench.store, wanted, given) if sort == NEWEST else _sorted(bench.store, wanted, sort, given)
    return render(
        request,
        "runs.html.j2",
        rows=standings(bench, turned.found),
        total=count_runs(bench.store, wanted),
        filtered=any(asdict(wanted).values()),
        choices=_choices(wanted, names(bench.store)),
        newer=turned.before,
        older=turned.after,
        by_day=sort.removeprefix("-") == "started",
        sort="" if sort == NEWEST else sort,
        orders=ORDERS,
        headings={name: _heading(wanted, name, sort) for name in SORTS},
        compare=request.app.state.compare,
        newest=_newest(bench.store),
        hides=_hides(wanted, given, sort),
    )


def _newest(store: Store) -> int:
    found = list_page(store, Wanted(), size=1)
    return found[0].number if found else 0


def _hides(wanted: Wanted, given: Mapping[str, str], sort: str) -> str:
    """Why a run that begins now is not among these; nothing where it is."""
    if any(asdict(wanted).values()):
        return "may not be among the chosen"
    return "" if sort == NEWEST and not given.get("before") and not given.get("after") else "not on this page"


class Turned(NamedTuple):
    """A page of the list, and the addresses of those beside it."""

    found: list[Listed]
    before: str
    after: str


def _newest_first(store: Store, wanted: Wanted, given: Mapping[str, str]) -> Turned:
    """By the number of the run at its edge: a page stays what it was while runs are added."""
    before, after = number(given.get("before", "")), number(given.get("after", ""))
    found = list_page(store, wanted, before=before, after=after, size=SIZE + 1)
    more = len(found) > SIZE
    if more:
        found = found[1:] if after else found[:SIZE]
    newer = bool(after and more) or bool(before)
    older = more if not after else bool(after)
    return Turned(
        found,
        _address(wanted, after=found[0].number) if newer and found else "",
        _address(wanted, before=found[-1].number) if older and found else "",
    )


def _sorted(store: Store, wanted: Wanted, sort: str, given: Mapping[str, str]) -> Turned:
    page = max(1, number(given.get("page", "")))
    by, descending = sort.removeprefix("-"), sort.startswith("-")
    found = sorted_page(store, wanted, by, descending=descending, skip=(page - 1) * SIZE, size=SIZE + 1)
    return Turned(
        found[:SIZE],
        _address(wanted, sort=sort, page=page - 1) if page > 1 else "",
        _address(wanted, sort=sort, page=page + 1) if len(found) > SIZE else "",
    )


def _heading(wanted: Wanted, name: str, sort: str) -> tuple[str, str]:
    """Where a click on it leads, and how the list is sorted by it now."""
    now = {name: "ascending", f"-{name}": "descending"}.get(sort, "")
    first, other = (f"-{name}", name) if name == "started" else (name, f"-{name}")
    turned = other if sort == first else first
    return _address(wanted, sort="" if turned == NEWEST else turned), now


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


def _address(wanted: Wanted, **where: int | str) -> str:
    return "/?" + urlencode({key: value for key, value in {**asdict(wanted), **where}.items() if value})


routes = [Route("/", index)]
links = [Link("Runs", "/")]
