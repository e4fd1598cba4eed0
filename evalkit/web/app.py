"""The application: every page module's routes, behind the guard."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evalkit.errors import EvalkitError, RunNotFound, StoreError
from evalkit.web import (
    case_page,
    compare_page,
    dataset_page,
    explorer,
    live,
    review_pages,
    run_page,
    runs,
    trend,
    under_way,
)
from evalkit.web.guard import Guard
from evalkit.web.pages import DRAWING, assets, drawing, render
from evalkit.web.workbench import Workbench

MODULES: tuple[Any, ...] = (
    *(runs, live, under_way, run_page),
    *(explorer, case_page, dataset_page, compare_page, review_pages, trend),
)
"""Each has ``routes``, and may have ``links`` (into the navigation), ``run_links`` (into that of a run), and
``compare_path`` (which takes ``?run=ID&run=ID``)."""


def make_app(workbench: Workbench) -> Guard:
    """The guard is outside of everything, so that also what fails is answered as it says."""
    return Guard(pages(workbench), workbench.access)


def pages(workbench: Workbench) -> Starlette:
    own = [Route("/static/{name}", _asset), Route("/favicon.ico", _asset)]
    app = Starlette(
        routes=[*own, *(route for module in MODULES for route in module.routes)],
        exception_handlers={EvalkitError: _wrong, HTTPException: _not_there, Exception: _defect},
    )
    app.state.workbench = workbench
    app.state.links = [link for module in MODULES for link in getattr(module, "links", ())]
    app.state.run_links = [link for module in MODULES for link in getattr(module, "run_links", ())]
    app.state.compare = next((module.compare_path for module in MODULES if hasattr(module, "compare_path")), "")
    return app


def _asset(request: Request) -> Response:
    name = request.path_params.get("name", "icon.svg")
    asset = drawing() if name == DRAWING else assets().get(name)
    if asset is None:
        raise HTTPException(404)
    return Response(asset.content, media_type=asset.kind)


def _wrong(request: Request, error: Exception) -> Response:
    assert isinstance(error, EvalkitError)
    status = 404 if isinstance(error, RunNotFound) else 503 if isinstance(error, StoreError) else 400
    return render(request, "wrong.html.j2", status=status, title=error.message, where=error.where, hint=error.hint)


def _not_there(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = {404: "There is no such page", 405: "That cannot be done here"}
    title = known.get(error.status_code, error.detail)
    response = render(
        request, "wrong.html.j2", status=error.status_code, title=title, where=request.url.path, hint="", start=True
    )
    response.headers.update(error.headers or {})
    return response


def _defect(request: Request, error: Exception) -> Response:
    """The traceback is printed where the server runs; a page of ours says so."""
    return render(
        request,
        "wrong.html.j2",
        status=500,
        title="This is a defect of evalkit",
        where=type(error).__name__,
        hint="The terminal in which 'evalkit view' runs shows where it happened.",
    )
