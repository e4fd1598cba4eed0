"""Cases worth reading, made fit to be shown: shortened, made visible, with the evidence marked in the answer."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evalkit.records import Status
from evalkit.report import view
from evalkit.report.hostile import LONGEST, one_line, shorten, shorten_end, shown
from evalkit.report.together import NAMES, together
from evalkit.results import Exchange, Finding, MetricInfo, Result

SHADES = {Status.SCORED: "plain", Status.UNSCORED: "unsure", Status.ERRORED: "fail"}
MOST_EXCHANGES = 12
MOST_REFERENCES = 8
WORST, SAMPLED = "worst", "sampled"
POSITIONS = ("span", "spans", "hidden", "asked", NAMES)
"""Evidence that is marked in the answer, was masked there, or stands beside or above it, instead of being listed."""


@dataclass(frozen=True, slots=True)
class Said:
    role: str
    text: str


@dataclass(frozen=True, slots=True)
class ExchangeView:
    heading: str
    prompt: tuple[Said, ...]
    references: tuple[str, ...]
    more_references: int
    answer: tuple[tuple[str, str], ...]
    """Pieces of text and how each is marked (``mark``: evidence, ``del``, ``ins``); none of an empty answer."""
    finish: str
    error: str


@dataclass(frozen=True, slots=True)
class EvidenceTable:
    """Evidence that has a row for each group, or whatever else it lists."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class CaseView:
    case: str
    metric: str
    value: str
    status: str
    shade: str
    note: str
    teaser: str
    labels: str
    shared: ExchangeView | None
    """Prompt and references, where several exchanges have the same: they are shown once."""
    exchanges: tuple[ExchangeView, ...]
    more_exchanges: int
    evidence: tuple[tuple[str, str], ...]
    tables: tuple[EvidenceTable, ...]
    check: str = ""
    kind: str = WORST
    number: float | None = None
    """The value as it can be sorted."""


@dataclass(frozen=True, slots=True)
class Group:
    check: str
    anchor: str
    cases: tuple[CaseView, ...]


def groups(result: Result) -> list[Group]:
    """By check, in the order of the suite."""
    infos = view.metric_infos(result)
    found: list[Group] = []
    names = dict.fromkeys([*(check.name for check in result.checks), *(finding.check for finding in result.findings)])
    for at, name in enumerate(names, 1):
        cases = tuple(case_view(finding, infos) for finding in result.findings if finding.check == name)
        if cases:
            found.append(Group(one_line(name), f"cases-{at}", cases))
    return found


def case_view(
    finding: Finding, infos: dict[tuple[str, str], MetricInfo], kind: str = WORST, most: int = LONGEST
) -> CaseView:
    """``most`` characters of each text are shown."""
    spans = spans_of(finding.evidence)
    first = finding.exchanges[0] if finding.exchanges else None
    told = together(finding)
    views = tuple(
        exchange_view(one.exchange, one.heading, span=spans.get(one.position), most=most)
        for one in told[:MOST_EXCHANGES]
    )
    shared, views = share(views)
    rest = {key: value for key, value in finding.evidence.items() if key not in POSITIONS}
    tables = {key: value for key, value in rest.items() if _is_table(value)}
    return CaseView(
        case=one_line(shorten_end(finding.case, 200)),
        metric=one_line(finding.metric),
        value=view.finding_value(finding, infos),
        status=str(finding.status),
        shade=SHADES.get(finding.status, "plain"),
        note=one_line(shorten_end(finding.note, 500)),
        teaser=teaser_of(first),
        labels=labels_of(first) if first else "",
        shared=shared,
        exchanges=views,
        more_exchanges=len(told) - len(views),
        evidence=tuple((one_line(str(key)), _written(value)) for key, value in rest.items() if key not in tables),
        tables=tuple(_evidence_table(str(key), value) for key, value in tables.items()),
        check=one_line(finding.check),
        kind=kind,
        number=finding.value if finding.value is not None and math.isfinite(finding.value) else None,
    )


def teaser_of(exchange: Exchange | None) -> str:
    """The end of what was asked, in one line."""
    if exchange is None or not exchange.messages:
        return ""
    return one_line(shorten_end(exchange.messages[-1].content, 160))


def share(views: tuple[ExchangeView, ...]) -> tuple[ExchangeView | None, tuple[ExchangeView, ...]]:
    """Prompts, and references, that all exchanges have in common are taken out of each."""
    if len(views) < 2:
        return None, views
    first = views[0]
    same_prompt = all(one.prompt == first.prompt for one in views)
    same_references = all(one.references == first.references for one in views)
    shared = replace(first, heading="", answer=(), error="")
    if not same_prompt:
        shared = replace(shared, prompt=())
    if not same_references:
        shared = replace(shared, references=(), more_references=0)
    if same_prompt:
        views = tuple(replace(one, prompt=()) for one in views)
    if same_references:
        views = tuple(replace(one, references=(), more_references=0) for one in views)
    return shared, views


def labels_of(exchange: Exchange) -> str:
    """``category fraud, difficulty easy``: the short ones, for finding a case again."""
    short = [
        f"{name} {value}"
        for name, value in exchange.labels.items()
        if name not in {"group", "pair"} and isinstance(value, str | int | float) and len(str(value)) <= 60
    ]
    return one_line(", ".join(short[:8]))


def _is_table(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) > 0 and all(isinstance(row, Mapping) for row in value)


def _evidence_table(name: str, rows: Sequence[Mapping[str, Any]]) -> EvidenceTable:
    columns = list(dict.fromkeys(key for row in rows[:MOST_EXCHANGES] for key in row))[:12]
    return EvidenceTable(
        one_line(name),
        tuple(one_line(str(column)) for column in columns),
        tuple(tuple(_written(row.get(column, "")) for column in columns) for row in rows[:MOST_EXCHANGES]),
    )


def _written(value: Any) -> str:
    """Lists and tables of words without the brackets and quotes of a programmer."""
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        text = ", ".join(value) or "none"
    elif value is None or value == "":
        text = "none"
    elif isinstance(value, Mapping) and all(isinstance(item, str | int | float) for item in value.values()):
        text = ", ".join(f"{key} {item if isinstance(item, str) else json.dumps(item)}" for key, item in value.items())
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return one_line(shorten(text, 400))


def exchange_view(
    exchange: Exchange,
    heading: str,
    *,
    span: tuple[int, int] | None = None,
    answer: tuple[tuple[str, str], ...] | None = None,
    most: int = LONGEST,
) -> ExchangeView:
    """``answer`` where its pieces are known already."""
    if answer is None:
        answer = tuple((text, "mark" if marked else "") for text, marked in pieces(exchange.answer, span, most))
    return ExchangeView(
        heading=heading,
        prompt=tuple(Said(one_line(message.role), shown(message.content, most)) for message in exchange.messages),
        references=tuple(shown(reference, min(1000, most)) for reference in exchange.references[:MOST_REFERENCES]),
        more_references=max(0, len(exchange.references) - MOST_REFERENCES),
        answer=answer,
        finish=one_line(exchange.finish),
        error=shown(exchange.error, 1000),
    )


def spans_of(evidence: Mapping[str, Any]) -> dict[int, tuple[int, int]]:
    """``span: [start, end]`` is in the first answer; ``spans: [[start, end], null, ...]`` has one for each answer.

    Evidence comes from checks that anybody may write: what is not a pair of numbers marks nothing.
    """
    several = evidence.get("spans")
    listed = several if isinstance(several, list | tuple) else [evidence.get("span")]
    found = {}
    for at, span in enumerate(listed):
        match span:
            case [int(start), int(end)] if 0 <= start < end:
                found[at] = (start, end)
    return found


def pieces(answer: str, span: tuple[int, int] | None, most: int = LONGEST) -> tuple[tuple[str, bool], ...]:
    """The answer cut at the evidence, positions counted in the answer as it was given, each piece shortened alone."""
    if not answer:
        return ()
    if span is None or span[0] >= len(answer):
        return ((shown(answer, most), False),)
    start, end = span
    cut = ((answer[:start], False), (answer[start:end], True), (answer[end:], False))
    return tuple((shown(text, most // 2), marked) for text, marked in cut if text)
