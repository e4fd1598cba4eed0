"""Templates into responses. Whatever a template writes is escaped, and what would act or hide shows itself."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from evalkit.report import bundle, hostile, templating
from evalkit.web import review_door

if TYPE_CHECKING:
    from jinja2 import Environment

    from evalkit.web.workbench import Workbench

SHARED = frozenset({"report.css", "pictures.js"})
"""Of the report."""
DRAWING = "vega.js"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Link:
    """A place in the navigation. Of a run, ``{run}`` in its path is the run's id."""

    label: str
    path: str


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes
    kind: str
    version: str


@cache
def templates() -> Environment:
    environment = templating.environment("evalkit.web")
    environment.filters.update(line=hostile.one_line, shown=hostile.shown, exact=_exact)
    environment.globals.update(static=static)
    return environment


def _exact(text: str) -> Any:
    """For the value of a field, which a form sends back: the page has the text itself, and what would act or hide by
    its number. What no page can hold shows itself."""
    from markupsafe import Markup, escape

    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        return text
    written = escape(text)
    if hostile.visible(written) == written:
        return written
    return Markup("".join(map(_numbered, written)))  # noqa: S704 - it was escaped


def _numbered(character: str) -> str:
    """Numbers from 128 to 159 mean other characters to a browser."""
    seen = hostile.visible(character) == character or "\x80" <= character <= "\x9f"
    return character if seen else f"&#x{ord(character):X};"


@cache
def assets() -> dict[str, Asset]:
    """Styles and scripts by name: all that lies in ``static``, and what the pages share with the report."""
    found = {}
    for package, folder in (("evalkit.report", "templates"), ("evalkit.web", "static")):
        for file in resources.files(package).joinpath(folder).iterdir():
            ending = file.name[file.name.rfind(".") :]
            if ending in TYPES and (package == "evalkit.web" or file.name in SHARED):
                content = file.read_bytes()
                found[file.name] = Asset(content, TYPES[ending], hashlib.sha256(content).hexdigest()[:12])
    return found


@cache
def drawing() -> Asset | None:
    """What draws Vega-Lite. Made of the package that brings it, once, which takes seconds: no page waits for it."""
    content = (bundle.scripts() or "").encode()
    return Asset(content, TYPES[".js"], "") if content else None


def drawing_scripts() -> list[str]:
    """Addresses of what a page with pictures loads; none where the extra is missing. Where the scripts cannot be had,
    the sentences and tables of the pictures stay."""
    try:
        return [f"/static/{DRAWING}?v={version(bundle.PACKAGE)}", static("pictures.js")]
    except PackageNotFoundError:
        return []


def static(name: str) -> str:
    """The address of a style or script, for templates."""
    return f"/static/{name}?v={assets()[name].version}"


def workbench(request: Request) -> Workbench:
    bench: Workbench = request.app.state.workbench
    return bench


def render(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """A page from ``templates``. Beside ``values`` it knows ``home``, ``links`` (of the navigation), ``path`` and
    ``store``; who may see one review alone, no others."""
    alone = review_door.review_of(request)
    common = {
        "home": review_door.address(alone) if alone else "/",
        "links": [] if alone else request.app.state.links,
        "run_links": [] if alone else request.app.state.run_links,
        "path": request.url.path,
        "store": "" if alone else workbench(request).store.location,
    }
    return HTMLResponse(templates().get_template(template).render({**common, **values}), status_code=status)


def render_part(template: str, macro: str, *arguments: Any, **named: Any) -> str:
    """A macro of a template alone: what a script puts in place of what was there."""
    return str(getattr(templates().get_template(template).module, macro)(*arguments, **named))


def event(name: str, data: object, number: int | None = None) -> bytes:
    """A server-sent event; JSON has no line breaks of its own."""
    identity = "" if number is None else f"id: {number}\n"
    return f"{identity}event: {name}\ndata: {json.dumps(data)}\n\n".encode()
