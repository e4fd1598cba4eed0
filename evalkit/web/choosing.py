"""Which cases a page shows, as its address says it: every choice can be linked, kept and gone back to."""

from __future__ import annotations

import math
from collections.abc import Iterable
from urllib.parse import quote, urlencode

from starlette.datastructures import QueryParams

from evalkit.store.documents import shown_name, stored_name
from evalkit.web.browse.question import WITHIN, Range, Wanted

LABEL = "label."
"""Begins the parameter of a label: ``label.category=fraud``."""
LONGEST = 1000
LAST = "last"
"""In place of a row: ``before=last`` goes back from the end."""


def wanted_of(given: QueryParams) -> Wanted:
    """Whatever the address says: what means nothing is left out."""
    sort = given.get("sort", "")
    low, high = number_of(given.get("low", "")), number_of(given.get("high", ""))
    metric = given.get("metric", "")
    within = given.get("in", "")
    return Wanted(
        check=given.get("check", ""),
        status=given.get("status", ""),
        text=given.get("q", "")[:LONGEST],
        within=within if within in WITHIN else "",
        labels=tuple(
            (key[len(LABEL) :], value) for key, value in given.multi_items() if key.startswith(LABEL) and value
        ),
        ranges=(Range(metric, low, high),) if metric and (low is not None or high is not None) else (),
        sort=sort.removeprefix("-"),
        descending=sort.startswith("-"),
    )


def case_parameter(case: str) -> tuple[str, str]:
    """An id may hold what no address can (NUL, lone surrogates): it is then written as the store writes it."""
    return "case", stored_name(case)


def case_of(given: QueryParams) -> str:
    said = given.get("case", "")
    try:
        return shown_name(said)
    except ValueError:  # somebody wrote it by hand
        return said


def number_of(text: str) -> float | None:
    """As people write it, with a comma too; what is no finite number is none."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def row_of(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def place_of(given: QueryParams) -> list[tuple[str, str]]:
    """Where in the list a page begins or ends."""
    said = [(way, given.get(way, "")) for way in ("after", "before")]
    return [(way, row) for way, row in said if row == LAST or row_of(row) is not None]


def parameters(wanted: Wanted) -> list[tuple[str, str]]:
    """The other way round; only what is chosen."""
    said = [("check", wanted.check), ("q", wanted.text), ("in", wanted.within), ("status", wanted.status)]
    said += [(LABEL + name, value) for name, value in wanted.labels]
    for one in wanted.ranges[:1]:
        said += [("metric", one.metric), ("low", _written(one.low)), ("high", _written(one.high))]
    said.append(("sort", f"{'-' if wanted.descending else ''}{wanted.sort}" if wanted.sort else ""))
    return [(name, value) for name, value in said if value]


def _written(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"


def address(run: str, page: str, said: Iterable[tuple[str, str]]) -> str:
    """``errors``: a name of a case may hold what no address can; it is then not found, and nothing breaks."""
    query = urlencode(list(said), errors="surrogatepass")
    return f"/runs/{quote(run, safe='', errors='surrogatepass')}/{page}" + (f"?{query}" if query else "")
