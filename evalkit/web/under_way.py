"""The page of a run that is not finished: where it stands, check by check and gate by gate, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evalkit.report import formatting, so_far
from evalkit.report.hostile import one_line
from evalkit.results import Run
from evalkit.store.looking import judged_by_check, listed_by_id
from evalkit.store.trash import DELETED
from evalkit.web.live import Events, stream
from evalkit.web.pages import render, workbench
from evalkit.web.standing import MARKS, Fields, moment, read, said, share, standing, time_left
from evalkit.web.workbench import Workbench

SENTENCES = {
    "running": "{model} is being judged by {suite}.",
    "planned": "{model} is about to be judged by {suite}.",
    "interrupted": "The run of {suite} on {model} was interrupted.",
    "failed": "The run of {suite} on {model} failed.",
}


def show(request: Request, run: Run) -> Response:
    bench = workbench(request)
    told = _told(bench, run.id)
    checks = _checks(bench, run.id, told)
    events = bench.store.events(run.id)
    names = {"suite": one_line(run.suite), "model": one_line(run.model)}
    return render(
        request,
        "run.html.j2",
        run=run,
        run_id=run.id,
        here="Report",
        sentence=SENTENCES.get(run.state, "{suite} on {model}").format(**names),
        fields=fields(bench, run.id, told),
        checks=[one_line(name) for name, _, _ in checks],
        gates=[one_line(gate) for gate in told.get("gates", ())],
        because=next((one.cause for one in reversed(events) if DELETED not in {one.before, one.after}), ""),
        events=[(moment(one.time), one.after, one.cause) for one in reversed(events)],
        lost=_lost(bench, run, events[-1].after if events else ""),
        counts=bench.store.counts(run.id),
    )


def _lost(bench: Workbench, run: Run, after: str) -> str:
    """When a run was last heard of whose process ended without a word."""
    if run.state != "interrupted" or after == run.state:
        return ""
    return moment(datetime.fromtimestamp(listed_by_id(bench.store, run.id).heartbeat, UTC).isoformat())


def fields(bench: Workbench, run_id: str, told: Mapping[str, Any]) -> Fields:
    found = standing(bench, listed_by_id(bench.store, run_id), told).fields()
    live = bool(found["live"])
    found |= {"stage": _stage(told, live=live), "left": time_left(told) if told and live else ""}
    found |= {"asked": "", "reused": "", "tokens": 0, "seconds": 0.0, "speed": "", "traffic": "", "decided": ""}
    if told:
        found |= {
            "asked": f"{told['asked']:,}",
            "reused": f"{told['reused']:,} known from before" if told["reused"] else f"of {told['needed']:,} needed",
            "tokens": told["output_tokens"],
            "seconds": told["seconds"],
            "speed": _speed(told),
            "traffic": one_line(told["traffic"]),
            "decided": f"{len(told['decided'])} of {formatting.count(len(told['gates']), 'gate')} decided",
        }
    for row, (name, done, planned) in enumerate(_checks(bench, run_id, told)):
        stopped = name in told.get("stopped", ())
        found[f"check.{row}.share"] = 1.0 if stopped else share(done, planned)
        counted = f"{done:,} of {planned:,}" if planned else f"{done:,}"
        found[f"check.{row}.said"] = f"{counted}, decided" if stopped else counted
    words = {gate: (word, cases) for gate, word, cases in told.get("decided", ())}
    stands = {gate: _so_far(*stand) for gate, *stand in told.get("so_far", ())}
    for row, gate in enumerate(told.get("gates", ())):
        word, cases = words.get(gate, ("", 0))
        shade = word if word in MARKS else "plain"
        found[f"gate.{row}.shade"] = shade
        found[f"gate.{row}.mark"] = MARKS[shade]
        found[f"gate.{row}.word"] = word or "open"
        found[f"gate.{row}.said"] = f"after {formatting.count(cases, 'case')}" if word else stands.get(gate, "")
    return found


def _so_far(value: float, unit: str, cases: int, holds: bool, difference: bool) -> str:
    stand = one_line(so_far.standing(value, unit, difference=difference))
    return f"{so_far.verb(holds=holds)}: {stand} after {formatting.count(cases, 'case')}"


def _told(bench: Workbench, run_id: str) -> dict[str, Any]:
    return read(bench.store.get_progress([run_id]).get(run_id, ""))


def _checks(bench: Workbench, run_id: str, told: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    """Name, judged cases, planned ones: as the run told, or else what is stored."""
    if told:
        return [(name, done, planned) for name, done, planned in told["checks"]]
    return [(name, done, 0) for name, done in sorted(judged_by_check(bench.store, run_id).items())]


def _stage(told: Mapping[str, Any], *, live: bool) -> str:
    if not live:
        return ""
    stage = one_line(told["stage"]) if told else ""
    return "" if stage == said(told) else stage


def _speed(told: Mapping[str, Any]) -> str:
    speed = told.get("speed")
    return f"{speed:,.0f}" if type(speed) in {int, float} else ""


def changes(request: Request) -> Response:
    bench = workbench(request)
    run_id = bench.store.get_run(request.path_params["run"]).id

    def look() -> Events:
        return [("run", "run", fields(bench, run_id, _told(bench, run_id)))]

    return stream(bench, look)


routes = [Route("/runs/{run}/events", changes)]
