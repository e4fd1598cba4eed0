"""The page of one run: the report of a finished one, where it stands of any other."""

from __future__ import annotations

import html
import re
from concurrent.futures import Future

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from evalkit.errors import EvalkitError
from evalkit.report.hostile import one_line
from evalkit.results import Run
from evalkit.store.looking import newest_word
from evalkit.web import under_way
from evalkit.web.making import begun, being_made, is_there
from evalkit.web.pages import Link, render_part, workbench
from evalkit.web.runs import number
from evalkit.web.workbench import Workbench

MOST_REVISIONS = 12
POLICY_TAG = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')


def show(request: Request) -> Response:
    bench = workbench(request)
    asked = request.path_params["run"]
    run = bench.store.get_run(asked)
    if run.id != asked:  # a prefix, ``last`` or ``last:SUITE``
        return RedirectResponse(str(request.url_for("run", run=run.id).path), status_code=307)
    if run.state != "finished":
        return under_way.show(request, run)
    revision = _revision(request)
    report = _report(bench, run, revision)
    if not is_there(bench, report):
        return being_made(request, run, "Report", "The report of this run is being made.")
    return _within(request, report.result(), run, revision)


def report_file(request: Request) -> Response:
    """The file as ``evalkit report`` writes it: it opens anywhere."""
    bench = workbench(request)
    run = bench.store.get_run(request.path_params["run"], finished=True)
    headers = {"content-disposition": f'attachment; filename="report-{_file_name(run.id)}.html"'}
    report = _report(bench, run, _revision(request)).result()
    return Response(report, media_type="text/html; charset=utf-8", headers=headers)


def _revision(request: Request) -> int | None:
    """The newest outcome, unless the address asks for an earlier one: 0 is the run as it ended."""
    given = request.query_params.get("revision", "")
    return number(given) if given else None


def _report(bench: Workbench, run: Run, revision: int | None) -> Future[str]:
    from evalkit.report.page import page
    from evalkit.runner.revise import result_of

    key = f"report {run.id} {revision} {newest_word(bench.store, run.id)}"
    return begun(bench, key, lambda: page(result_of(bench.store, run.id, revision)))


def _within(request: Request, report: str, run: Run, revision: int | None) -> Response:
    """The report's own document with a bar above it. Its own policy goes into the answer's head, where the bar's style
    is allowed beside what the report knows by hash."""
    found = POLICY_TAG.search(report)
    if found is None:
        raise EvalkitError("the report has no policy of its own", where=run.id)
    policy = html.unescape(found[1]) + "; frame-ancestors 'none'; img-src 'self' data:"
    for kind in ("style-src ", "script-src "):
        policy = policy.replace(kind, f"{kind}'self' ", 1)
    state = request.app.state
    newest, _ = newest_word(workbench(request).store, run.id)
    revisions = [(told, told == (newest if revision is None else revision)) for told in range(newest, -1, -1)]
    bar = render_part(
        *("bar.html.j2", "bar", state.links, state.run_links, run.id, "Report"),
        file=True,
        revisions=revisions[:MOST_REVISIONS] if newest else [],
    )
    head, body, rest = POLICY_TAG.sub("", report, count=1).partition("<body>")
    head = head.replace("</head>", render_part("bar.html.j2", "style") + "</head>", 1)
    return HTMLResponse(head + body + bar + rest, headers={"content-security-policy": policy})


def _file_name(identifier: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", one_line(identifier))[:80]


run_links = [Link("Report", "/runs/{run}")]
routes = [
    Route("/runs/{run}", show, name="run"),
    Route("/runs/{run}/report.html", report_file),
]
