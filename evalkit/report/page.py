"""Builds the HTML page: plain values from the result into templates that escape everything."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from evalkit.report import bundle, errors, first_screen, formatting, gap_table, since, templating, trust, view
from evalkit.report.cards import cards
from evalkit.report.case_list import case_list, in_page
from evalkit.report.charts import (
    Chart,
    change_chart,
    difference_charts,
    gate_charts,
    gates_without_a_value,
    model_latency_charts,
    timeline_charts,
)
from evalkit.report.hostile import one_line, shorten_end
from evalkit.report.sections import ran, section_views
from evalkit.report.steps import steps
from evalkit.report.svg import WIDTH
from evalkit.results import Result

if TYPE_CHECKING:
    from jinja2 import Environment

MARKS = {"pass": "✓", "fail": "✗", "unsure": "~"}
KINDS = {kind: kind for kind in ("regressed", "fixed", "worst", "lower", "higher")} | {"sampled": "random"}
MOST_UNDRAWN = 20
CHANGE_HEADS = (
    *("metric", "baseline", "this run", "difference", "95% interval", "adjusted p", "conclusion"),
    *("fixed", "regressed", "higher", "lower", "the same"),
)
SCRIPTS = ("report.js", "cases.js", "pictures.js")


@cache
def templates() -> Environment:
    environment = templating.environment("evalkit.report")
    environment.globals.update(marks=MARKS, kinds=KINDS, picture_width=WIDTH)
    environment.globals.update(change_heads=CHANGE_HEADS, turns=since.TURNS, p_and_interval=since.P_AND_INTERVAL)
    environment.globals.update(gap_heads=gap_table.HEADS, gap_numbers=gap_table.NUMBERS)
    return environment


@cache
def _asset(name: str) -> str:
    """Our own style and script: the only text that enters the page unescaped."""
    return resources.files("evalkit.report").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() + "'"


@cache
def _script() -> str:
    """Our own, in one."""
    return "\n".join(_asset(name) for name in SCRIPTS)


def policy(drawing: str = "") -> str:
    """The page may use its own style and scripts, known by their hashes, and nothing else from anywhere."""
    scripts = " ".join(_hash(script) for script in (drawing, _script()) if script)
    style = _hash(_asset("report.css"))
    return f"default-src 'none'; style-src {style}; script-src {scripts}; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True, slots=True)
class Changes:
    counted: bool
    sentence: str
    listed: int
    rows: tuple[since.Row, ...]
    differences: tuple[Chart, ...]
    turned: Chart | None
    """How many cases were fixed and regressed."""

    @property
    def charts(self) -> tuple[Chart, ...]:
        return (*self.differences, self.turned) if self.turned else self.differences


def page(result: Result) -> str:
    from markupsafe import Markup

    gates = view.gates(result)
    cases = case_list(result)
    checks = cards(result, gates)
    at_a_glance, over_time, changes = gate_charts(result), _over_time(result), _changes(result)
    charts = [*at_a_glance, *over_time, *changes.charts]
    charts += [chart for card in checks for chart in card.charts.all]
    sections = section_views(result)
    charts += [chart for section in sections for chart in section.charts]
    drawing = (bundle.scripts() if charts else "") or ""
    return (
        templates()
        .get_template("report.html.j2")
        .render(
            policy=policy(drawing),
            css=Markup(_asset("report.css")),  # noqa: S704 - our own file
            js=Markup(_script()),  # noqa: S704 - our own files
            drawn=Markup(drawing),  # noqa: S704 - looked through when it was kept
            chart_data=Markup(in_page({one.id: one.spec for one in charts})),  # noqa: S704 - cannot end its script
            case_data=Markup(cases.rest),  # noqa: S704 - cannot end its script
            has_charts=bool(charts),
            gate_charts=at_a_glance if drawing else [],
            on_baseline=bool(result.contrasts) or any(verdict.contrast for verdict in result.outcome.verdicts),
            undrawn=gates_without_a_value(result)[:MOST_UNDRAWN],
            changes=changes,
            over_time=over_time,
            cases=cases,
            all_cases=result.usage.cases,
            shade=view.outcome_shade(result),
            title=one_line(shorten_end(view.title(result), 120)),
            sentence=view.sentence(result),
            reason=one_line(result.outcome.reason),
            effort=view.effort(result),
            tiles=_tiles(result, gates),
            lines=first_screen.lines(result),
            gates=[gate for gate in gates if gate.status != "pass"],
            met=[gate for gate in gates if gate.status == "pass" and not gate.automatic],
            evidence={gate: chart for card in checks for gate, chart in card.charts.evidence.items()},
            quiet=[gate for gate in gates if gate.status == "pass" and gate.automatic],
            steps=steps(result),
            error_groups=errors.groups(result),
            errors_headline=errors.headline(result),
            worst=view.worst_slices(result, 6, 3),
            worst_of=view.WORST_OF,
            trust=_trust(result),
            notices=[shorten_end(notice, 1000) for notice in view.notices(result)],
            cards=checks,
            anchors={check.name: card.anchor for check, card in zip(result.checks, checks, strict=True)},
            sections=sections,
            ran=ran(result),
            facts=_facts(result),
            profile=_profile(result),
            reproduce=one_line(result.reproduce),
            version=one_line(str(result.run.environment.get("evalkit", ""))),
            created=one_line(result.run.created),
            run_id=one_line(result.run.id),
        )
    )


def _over_time(result: Result) -> list[Chart]:
    return [*timeline_charts(result), *model_latency_charts(result)]


def _changes(result: Result) -> Changes:
    told = [said for said in (since.metrics_sentence(result), since.cases_sentence(result)) if said]
    sentence = "; ".join(told)
    return Changes(
        counted=bool(result.contrasts or result.change_counts or result.changes),
        sentence=f"{sentence[:1].upper()}{sentence[1:]}.",
        listed=len(result.changes),
        rows=tuple(since.rows(result)),
        differences=tuple(difference_charts(result)),
        turned=change_chart(result),
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


def _tiles(result: Result, gates: list[view.GateView]) -> list[tuple[str, str, str]]:
    """Name, figure, and what belongs beside it."""
    unscored, errored, _ = view.fates(result)
    usage = result.usage
    declared = [gate for gate in gates if not gate.automatic]
    quiet = [gate for gate in gates if gate.automatic]
    passed, covered = (sum(gate.counts_as == "pass" for gate in some) for some in (declared, quiet))
    unsure = sum(gate.word == "unsure" for gate in declared)
    beside = f"{unsure:,} unsure" + (f"; automatic: {covered:,} of {len(quiet):,}" if quiet else "")
    tokens = f"{usage.prompt_tokens:,} read, {usage.output_tokens:,} written"
    reused = f"of {usage.needed:,} needed" + (f", {usage.reused:,} known before" if usage.reused else "")
    return [
        ("gates passed", f"{passed:,} of {len(declared):,}", beside),
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
    about_run |= {"mode": ran(result), "suite": run.suite, "suite fingerprint": run.suite_fingerprint}
    about_run |= {"continues": run.continues, "scores": view.taken_over(result)}
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
