"""Builds the HTML page: plain values from the result into templates that escape everything."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from evalkit.report import formatting, gap_table, hostile, trust, view
from evalkit.report.cards import cards
from evalkit.report.cases import groups
from evalkit.report.curve import HEIGHT
from evalkit.report.hostile import one_line, shorten_end
from evalkit.report.svg import WIDTH, Drawing, drawing
from evalkit.results import Result

if TYPE_CHECKING:
    from jinja2 import Environment

MARKS = {"pass": "✓", "fail": "✗", "unsure": "~"}


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from evalkit.report.compiled import CompiledTemplates

    environment = Environment(
        loader=PackageLoader("evalkit.report"),
        autoescape=True,
        finalize=_seen,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=CompiledTemplates(),
    )
    environment.globals.update(marks=MARKS, picture_width=WIDTH, curve_height=HEIGHT)
    environment.globals.update(gap_heads=gap_table.HEADS, gap_numbers=gap_table.NUMBERS)
    return environment


def _seen(value: Any) -> Any:
    """Whatever a template writes goes through here, so that no text can be forgotten."""
    return hostile.visible(value) if type(value) is str else value


@cache
def _asset(name: str) -> str:
    """Our own style and script: the only text that enters the page unescaped."""
    return resources.files("evalkit.report").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() + "'"


def policy() -> str:
    """The page may use its own style and script, known by their hashes, and nothing else from anywhere."""
    style, script = _hash(_asset("report.css")), _hash(_asset("report.js"))
    return f"default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'"


def page(result: Result) -> str:
    from markupsafe import Markup

    gates = view.gates(result)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            policy=policy(),
            css=Markup(_asset("report.css")),  # noqa: S704 - our own file
            js=Markup(_asset("report.js")),  # noqa: S704 - our own file
            result=result,
            shade=view.outcome_shade(result),
            title=one_line(view.title(result)),
            sentence=view.sentence(result),
            reason=one_line(result.outcome.reason),
            effort=view.effort(result),
            tiles=_tiles(result, gates),
            gates=[(gate, gate_drawing(gate)) for gate in gates if _shown(gate)],
            thin=any(gate.picture and gate.picture.decided for gate in gates),
            curves=any(gate.curve for gate in gates),
            quiet=[(gate, gate_drawing(gate)) for gate in gates if not _shown(gate)],
            worst=view.worst_slices(result, 6, 3),
            trust=_trust(result),
            notices=[shorten_end(notice, 1000) for notice in view.notices(result)],
            cards=cards(result, gates),
            groups=groups(result),
            facts=_facts(result),
            profile=_profile(result),
            reproduce=one_line(result.reproduce),
            version=one_line(str(result.run.environment.get("evalkit", ""))),
            created=one_line(result.run.created),
            run_id=one_line(result.run.id),
        )
    )


def _profile(result: Result) -> object:
    if result.profile is None:
        return None
    from evalkit.report import profile

    return profile.view(result)


def _trust(result: Result) -> list[tuple[str, list[str]]]:
    """Sentences under the heading that they share."""
    grouped: dict[str, list[str]] = {}
    for note in trust.notes(result):
        grouped.setdefault(trust.LABELS[note.label], []).append(note.text)
    return list(grouped.items())


def _shown(gate: view.GateView) -> bool:
    return not gate.automatic or gate.status != "pass"


def gate_drawing(gate: view.GateView) -> Drawing | None:
    between = f", {gate.confidence} interval {gate.interval}" if gate.confidence else ""
    label = f"{gate.value}{between}; target {gate.target}: {gate.status}"
    return drawing(gate.picture, label=label, shade=gate.shade, target_text=gate.target_number)


def _tiles(result: Result, gates: list[view.GateView]) -> list[tuple[str, str, str]]:
    """Name, figure, and what belongs beside it."""
    unscored, errored, _ = view.fates(result)
    usage = result.usage
    passed = sum(gate.counts_as == "pass" for gate in gates)
    tokens = f"{usage.prompt_tokens:,} read, {usage.output_tokens:,} written"
    reused = f"of {usage.needed:,} needed" + (f", {usage.reused:,} known before" if usage.reused else "")
    return [
        ("gates passed", f"{passed:,} of {len(gates):,}", f"{sum(gate.word == 'unsure' for gate in gates):,} unsure"),
        ("cases", f"{usage.cases:,}", f"{unscored:,} unscored, {errored:,} errored"),
        ("questions asked", f"{usage.asked:,}", reused),
        ("time", formatting.duration(usage.seconds), f"tokens: {tokens}"),
    ]


def _facts(result: Result) -> list[tuple[str, list[tuple[str, str]]]]:
    """Who was measured, on what, where: everything that identifies the run."""
    run, model = result.run, result.model
    about_model: dict[str, Any] = {"reference": run.model, "fingerprint": run.model_fingerprint}
    if model is not None:
        about_model |= {"backend": model.backend, "revision": model.revision, "context": model.context_length}
        about_model |= {"identity": "verified by hash" if model.verifiable else "cannot be verified", **model.details}
    about_run = {"id": run.id, "state": run.state, "created": run.created, "finished": run.finished}
    about_run |= {"suite": run.suite, "suite fingerprint": run.suite_fingerprint, "continues": run.continues}
    about_run |= {f"option {name}": value for name, value in run.options.items() if value or name == "seed"}
    sections: dict[str, dict[str, Any]] = {
        "Model": about_model,
        "Run": about_run,
        "Datasets": dict(run.datasets),
        "Environment": dict(run.environment),
    }
    return [(name, _written(facts)) for name, facts in sections.items() if facts]


def _written(facts: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (one_line(str(name)), one_line(shorten_end(_figure(value), 300)))
        for name, value in facts.items()
        if value is not None and value not in ("", [], {}, ())
    ]


def _figure(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {inner}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) and abs(value) > 9999 else str(value)
