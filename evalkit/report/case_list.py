"""All cases that a page shows, in one list: what changed, the worst of each check, and a random part beside them.

The first of them stand in the page, so that it is complete without a script; the others are data that the page's script
turns into elements when somebody wants to see them. How many bytes that may be is decided here and not by the texts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from evalkit.records import Verdict, Word
from evalkit.report import formatting, view
from evalkit.report.cases import (
    MOST_EXCHANGES,
    SAMPLED,
    WORST,
    CaseView,
    ExchangeView,
    case_view,
    exchange_view,
    labels_of,
    share,
    teaser_of,
)
from evalkit.report.hostile import LONGEST, one_line, shorten_end
from evalkit.report.word_diff import word_diff
from evalkit.results import Change, Finding, MetricInfo, Result

FIRST = 50
"""Cases that stand in the page."""
MOST_BYTES = 4_500_000
"""Of all cases together, as they are written."""
SHORT = 500
"""Characters of a text where whole texts would be too many bytes."""
MOST_WHOLE = 40_000
"""Bytes of a case with whole texts; of a larger one they are shortened."""
MOVED = ("lower", "higher")
KINDS = ("regressed", "fixed", WORST, *MOVED, SAMPLED)
LATER = (*MOVED, SAMPLED)
"""Neither good nor bad by themselves: none of them is among the first."""

Maker = tuple[str, str, Finding | Change]


@dataclass(frozen=True, slots=True)
class CaseList:
    first: tuple[CaseView, ...]
    rest: str
    """JSON that can stand inside a page."""
    shown: int
    distinct: int
    """Cases of checks among them: one may be listed as changed and among the worst."""
    left_out: int
    """For which there was no room."""
    shortened: int
    checks: tuple[str, ...]
    kinds: tuple[str, ...]
    statuses: tuple[str, ...]


def case_list(result: Result, first: int = FIRST, most_bytes: int = MOST_BYTES) -> CaseList:
    infos = view.metric_infos(result)
    ordered = _ordered(result, first)
    views: list[CaseView] = []
    written: list[str] = []
    room, left_out, shortened = most_bytes, 0, 0
    # once half of the room is taken, what is left is shared out: many short cases tell more than a few whole ones
    for _, kind, made_of in ordered:
        case = _view(made_of, kind, infos, LONGEST)
        text = _json(case)
        if _size(text) > MOST_WHOLE or room < most_bytes / 2:
            cut = _view(made_of, kind, infos, SHORT)
            short = _json(cut)
            shortened += short != text
            case, text = cut, short
        size = _size(text)
        if size > room:
            left_out += 1
            continue
        room -= size
        views.append(case)
        written.append(text)
    return CaseList(
        first=tuple(views[:first]),
        rest="[" + ",\n".join(written[first:]) + "]",
        shown=len(views),
        distinct=len({(one.check, one.case) for one in views}),
        left_out=left_out,
        shortened=shortened,
        checks=tuple(dict.fromkeys(sorted((one.check for one in views), key=_places(result).__getitem__))),
        kinds=tuple(kind for kind in KINDS if any(one.kind == kind for one in views)),
        statuses=tuple(dict.fromkeys(one.status for one in views)),
    )


def _places(result: Result) -> dict[str, int]:
    names = [check.name for check in result.checks]
    names += [one.check for one in (*result.findings, *result.sampled)] + [one.check for one in result.changes]
    return {one_line(name): at for at, name in reversed(list(enumerate(names)))}


def _ordered(result: Result, first: int) -> list[Maker]:
    """What regressed, then the worst of each check, of those first that have a gate that did not pass; as many of each
    as leave every check its place among the first.
    """
    lists: dict[str, dict[str, list[Finding | Change]]] = {kind: {} for kind in KINDS}
    for change in result.changes:
        if change.kind in KINDS:
            lists[change.kind].setdefault(change.check, []).append(change)
    for kind, findings in ((WORST, result.findings), (SAMPLED, result.sampled)):
        for finding in findings:
            lists[kind].setdefault(finding.check, []).append(finding)
    doubted = [
        check.name for check in result.checks if (gates := view.gates_of(result, check.name)) and _doubts(gates[0])
    ]
    of_checks = [
        (kind, check, made)
        for kind, by_check in lists.items()
        for check, made in sorted(by_check.items(), key=lambda item: kind == WORST and item[0] not in doubted)
    ]
    several = max(1, len([1 for kind, *_ in of_checks if kind not in LATER]))
    block = max(2, math.ceil(first / several))
    head = [(check, kind, one) for kind, check, made in of_checks if kind not in LATER for one in made[:block]]
    tail = [(check, kind, one) for kind, check, made in of_checks for one in (made if kind in LATER else made[block:])]
    return [*head, *tail]


def _doubts(verdict: Verdict) -> bool:
    return verdict.word is not Word.PASS


def _view(made_of: Finding | Change, kind: str, infos: dict[tuple[str, str], MetricInfo], most: int) -> CaseView:
    if isinstance(made_of, Finding):
        return case_view(made_of, infos, kind, most)
    return _changed(made_of, infos, most)


def _changed(change: Change, infos: dict[tuple[str, str], MetricInfo], most: int) -> CaseView:
    """Both sides beside each other, each word that only one of them has marked there."""
    info = infos.get((change.check, change.metric))
    unit = info.unit if info else ""
    exchanges: list[ExchangeView] = []
    pairs = list(zip(change.before, change.after, strict=False))
    for before, after in pairs[: MOST_EXCHANGES // 2]:
        was, now = word_diff(before.answer, after.answer, most)
        named = str(after.labels.get("group", "")) if len(pairs) > 1 else ""
        beside = f", {one_line(shorten_end(named, 60))}" if named else ""
        exchanges.append(exchange_view(before, f"baseline{beside}", answer=was, most=most))
        exchanges.append(exchange_view(after, f"this run{beside}", answer=now, most=most))
    shared, views = share(tuple(exchanges))
    first = change.after[0] if change.after else change.before[0] if change.before else None
    was_value, now_value = formatting.measure(change.was, unit), formatting.measure(change.now, unit)
    return CaseView(
        case=one_line(shorten_end(change.case, 200)),
        metric=one_line(change.metric),
        value=f"{was_value} → {now_value}",
        status="scored",
        shade="plain",
        note="",
        teaser=teaser_of(first),
        labels=labels_of(first) if first else "",
        shared=shared,
        exchanges=views,
        more_exchanges=2 * max(0, len(pairs) - MOST_EXCHANGES // 2),
        evidence=(),
        tables=(),
        check=one_line(change.check),
        kind=change.kind if change.kind in KINDS else "fixed",
        number=change.now if change.now is not None and math.isfinite(change.now) else None,
    )


# --- as data ----------------------------------------------------------------------------------------------------------


def in_page(document: Any) -> str:
    """JSON that no parser of HTML can take for an end of its script."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _json(case: CaseView) -> str:
    return in_page(dict(_plain(case)))


def _plain(case: CaseView) -> Iterator[tuple[str, Any]]:
    """Without what is empty: most cases have no tables, notes or second exchange."""
    for name in ("check", "kind", "case", "metric", "value", "status", "shade", "number", "note", "teaser", "labels"):
        if getattr(case, name) not in ("", None):
            yield name, getattr(case, name)
    if case.shared:
        yield "shared", _exchange(case.shared)
    yield "exchanges", [_exchange(one) for one in case.exchanges]
    if case.more_exchanges:
        yield "more", case.more_exchanges
    if case.evidence:
        yield "evidence", case.evidence
    if case.tables:
        yield "tables", [{"name": one.name, "columns": one.columns, "rows": one.rows} for one in case.tables]


def _exchange(one: ExchangeView) -> dict[str, Any]:
    found: dict[str, Any] = {
        "heading": one.heading,
        "prompt": [[said.role, said.text] for said in one.prompt],
        "references": one.references,
        "more": one.more_references,
        "answer": one.answer,
        "error": one.error,
    }
    kept = {name: value for name, value in found.items() if value}
    return kept | ({"finish": one.finish} if one.finish == "length" else {})


def _size(text: str) -> int:
    return len(text.encode("utf-8", "backslashreplace"))
