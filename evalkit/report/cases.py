"""Cases worth reading, made fit to be shown: shortened, made visible, with the evidence marked in the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.records import Exchange, Finding, MetricInfo, Result, Status
from evalkit.report import view
from evalkit.report.hostile import LONGEST, one_line, shorten, shorten_end, shown

SHADES = {Status.SCORED: "plain", Status.UNSCORED: "unsure", Status.ERRORED: "fail"}
MOST_EXCHANGES = 12
MOST_REFERENCES = 8
POSITIONS = ("span", "spans")
"""Evidence that is marked in the answer instead of being listed."""


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
    answer: tuple[tuple[str, bool], ...]
    """Pieces of text and whether each is the evidence; none of an empty answer."""
    finish: str
    error: str


@dataclass(frozen=True, slots=True)
class CaseView:
    case: str
    metric: str
    value: str
    status: str
    shade: str
    note: str
    teaser: str
    exchanges: tuple[ExchangeView, ...]
    more_exchanges: int
    evidence: tuple[tuple[str, str], ...]


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
        cases = tuple(_case(finding, infos) for finding in result.findings if finding.check == name)
        if cases:
            found.append(Group(one_line(name), f"cases-{at}", cases))
    return found


def _case(finding: Finding, infos: dict[tuple[str, str], MetricInfo]) -> CaseView:
    spans = spans_of(finding.evidence)
    exchanges = finding.exchanges[:MOST_EXCHANGES]
    views = tuple(_exchange(e, spans.get(at), alone=len(exchanges) == 1) for at, e in enumerate(exchanges))
    evidence = {key: value for key, value in finding.evidence.items() if key not in POSITIONS}
    last = finding.exchanges[0].messages[-1].content if finding.exchanges and finding.exchanges[0].messages else ""
    return CaseView(
        case=one_line(shorten_end(finding.case, 200)),
        metric=one_line(finding.metric),
        value=view.finding_value(finding, infos),
        status=str(finding.status),
        shade=SHADES.get(finding.status, "plain"),
        note=one_line(shorten_end(finding.note, 500)),
        teaser=one_line(shorten_end(last, 160)),
        exchanges=views,
        more_exchanges=len(finding.exchanges) - len(views),
        evidence=tuple((one_line(str(key)), _written(value)) for key, value in evidence.items()),
    )


def _written(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return one_line(shorten(text, 400))


def _exchange(exchange: Exchange, span: tuple[int, int] | None, *, alone: bool) -> ExchangeView:
    group = exchange.labels.get("group") or exchange.labels.get("pair") or exchange.sample
    return ExchangeView(
        heading="" if alone else one_line(shorten_end(str(group), 80)),
        prompt=tuple(Said(one_line(message.role), shown(message.content)) for message in exchange.messages),
        references=tuple(shown(reference, 1000) for reference in exchange.references[:MOST_REFERENCES]),
        more_references=max(0, len(exchange.references) - MOST_REFERENCES),
        answer=pieces(exchange.answer, span),
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
