"""``bias-review.html``: every counterfactual family side by side, for a person to read, tick and print.

What was answered is hostile text: it is shown, escaped, and never run. The page has no script and asks no network.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from heapq import nlargest
from html import escape
from pathlib import Path
from typing import Any, BinaryIO

from evalkit.diagnoses import GroupGap
from evalkit.report import formatting
from evalkit.report.files import BIAS_LOG, write_text
from evalkit.report.gap_table import HEADS, NUMBERS, gap_row
from evalkit.report.hostile import LONGEST, one_line, shorten_end, shown, visible
from evalkit.results import Result

NAME = "bias-review.html"
LOG = BIAS_LOG
MOST_FAMILIES = 500
MOST_GAPS = 200
FINDINGS = ("no difference that matters", "a difference, and a right one", "unfair to a group")
BEFORE = 400
"""Characters before the first difference, where it stands too late to be shown with the beginning."""
MEASURED = ("sentiment", "competence", "warmth", "grade")

STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#17191c, #e9ebee); --paper: light-dark(#fff, #14181b);
  --soft: light-dark(#565c64, #a6adb6); --line: light-dark(#c9cdd2, #3a424b);
  --mark: light-dark(#ffe9a8, #54450f); --lack: light-dark(#b1221b, #ff938a); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 90rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.soft, small, caption { color: var(--soft); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
th, td { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tbody th { min-width: 10rem; } summary { cursor: pointer; color: var(--soft); }
thead th, td { overflow-wrap: normal; } thead th { font-size: .85em; color: var(--soft); font-weight: 400; }
.n { text-align: right; white-space: nowrap; } .fail { color: var(--lack); }
.family { border-top: 2px solid var(--line); margin-top: 2rem; }
.family > h2 { margin: 1rem 0 .5rem; }
.groups { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(16rem, 100%), 1fr)); gap: 1rem; }
.group { border: 1px solid var(--line); border-radius: 6px; padding: .75rem; min-width: 0; }
.text { white-space: pre-wrap; margin: .4rem 0; max-height: 26rem; overflow: auto; unicode-bidi: isolate; }
.prompt { color: var(--soft); font-size: .9em; }
mark { background: var(--mark); color: inherit; border-radius: 2px; text-decoration: underline; }
del { color: var(--lack); }
fieldset { border: 0; padding: 0; margin: .75rem 0 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
textarea { display: block; width: 100%; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--line); border-radius: 6px; }
@media screen and (max-width: 48rem) {
  body { padding: 1rem; }
  table, tbody, tr, td, tbody th { display: block; } thead { display: none; }
  tr { border-bottom: 1px solid var(--line); padding: .5rem 0; } td, tbody th { border: 0; padding: 0; }
  .n { text-align: left; } td:empty { display: none; }
  td[data-name]::before { content: attr(data-name) " "; color: var(--soft); font-size: .85em; }
}
@media print {
  :root { color-scheme: light; } body { padding: 0; font-size: 9.5pt; }
  .text { max-height: none; overflow: visible; } h2, .group > strong { break-after: avoid; }
  tr, fieldset, textarea { break-inside: avoid; }
  .groups { grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); }
  mark { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""


def write(result: Result, folder: Path) -> Path:
    """From the log that lies in the folder already. Of more than ``MOST_FAMILIES`` the page has those whose answers are
    furthest apart, and says how many it leaves."""
    with (folder / LOG).open("rb") as log:
        return write_text(folder / NAME, "\n".join(_page(result, log)) + "\n")


def _page(result: Result, log: BinaryIO) -> Iterator[str]:
    title = f"Bias review: {result.suite_title or result.run.suite} on {result.run.model}"
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield f"<title>{_safe(title)}</title><style>{STYLE}</style></head><body><main>"
    yield f"<h1>{_safe(title)}</h1>"
    yield (
        f'<p class="soft">Run {_safe(result.run.id)}. The same request about different people, side by side. '
        "<mark>Marked words</mark> are not in the answer that most groups got; <del>struck ones</del> stand in "
        "that one and not in this. Numbers are screens: what counts is what a person finds in reading. "
        f"The same for machines: {LOG}, and group_gaps in report.json.</p>"
    )
    yield from _gaps(result.group_gaps)
    families, places = _furthest_first(log)
    if families:
        left = f" of {families:,}; the others are in {LOG}" if families > len(places) else ""
        yield f'<h2>Families, the furthest apart first</h2><p class="soft">{len(places):,} shown{left}</p>'
    for number, place in enumerate(places):
        log.seek(place)
        yield from _family(_entry(log.readline()), number)
    yield "</main></body></html>"


def _furthest_first(log: BinaryIO) -> tuple[int, list[int]]:
    """How many families there are, and where in the file those stand that are shown; a log may be of any length."""
    places: list[int] = []

    def ranked() -> Iterator[tuple[tuple[float, ...], int]]:
        place = log.tell()
        while line := log.readline():
            if line.strip():
                places.append(place)
                yield _apart(_entry(line)), -place
            place = log.tell()

    kept = nlargest(MOST_FAMILIES, ranked())
    return len(places), [-place for _, place in kept]


def _apart(entry: Mapping[str, Any]) -> tuple[float, ...]:
    """Refusals of some before other words for some before other lengths; what was not measured comes last."""
    judged = _judged(entry)
    if entry.get("error") or not judged:
        return (0.0,)
    refused = {one.get("refusal") in {"full", "partial"} for one in judged}
    same = [one["same"] for one in judged if isinstance(one.get("same"), int | float)]
    words = [one["words"] for one in judged if isinstance(one.get("words"), int)]
    spread = (max(words) - min(words)) / max(words) if words and max(words) else 0.0
    return 1.0, len(refused), 1 - sum(same) / len(same) if same else 0.0, spread


def _entry(line: bytes) -> Mapping[str, Any]:
    entry = json.loads(line.decode("utf-8", "replace"))
    return entry if isinstance(entry, dict) else {}


def _judged(entry: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return (entry.get("judgement") or {}).get("groups") or []


def _gaps(gaps: Sequence[GroupGap]) -> Iterator[str]:
    """What was tested first; what could not be is folded under its reasons, and is not printed."""
    tested = [gap for gap in gaps if gap.p_value is not None]
    untested = [gap for gap in gaps if gap.p_value is None]
    if gaps:
        yield "<h2>Gaps between groups, worst first</h2>"
    if tested:
        yield from _gap_rows(tested)
    if untested:
        reasons = "; ".join(dict.fromkeys(_safe(one_line(gap.method)) for gap in untested))
        yield f"<details><summary>{formatting.count(len(untested), 'difference')}, {reasons}</summary>"
        yield from _gap_rows(untested)
        yield "</details>"


def _gap_rows(gaps: Sequence[GroupGap]) -> Iterator[str]:
    yield "<table><thead><tr>"
    yield "".join(f'<th scope="col"{_numeric(head)}>{head}</th>' for head in HEADS) + "</tr></thead><tbody>"
    for gap in gaps[:MOST_GAPS]:
        row = gap_row(gap)
        yield f'<tr class="{row.shade}"><th scope="row">{_safe(row.group)}</th>'
        yield f'<td data-name="against">{_safe(row.against)}</td><td data-name="measure">{_safe(row.measure)}</td>'
        named = zip(NUMBERS, row.cells, strict=True)
        yield "".join(f'<td class="n" data-name="{name}">{_safe(cell)}</td>' for name, cell in named)
        yield f"<td>{_safe(row.verdict) if gap.p_value is not None else ''}</td></tr>"
    yield "</tbody></table>"
    if len(gaps) > MOST_GAPS:
        yield f'<p class="soft">{len(gaps) - MOST_GAPS:,} more in report.json.</p>'


def _numeric(head: str) -> str:
    return ' class="n"' if head in NUMBERS else ""


def _family(entry: Mapping[str, Any], number: int) -> Iterator[str]:
    judged = _judged(entry)
    exchanges = entry.get("exchanges") or []
    place = (entry.get("judgement") or {}).get("reference", 0)
    most = str(exchanges[place].get("answer", "")) if place < len(exchanges) else ""
    named = f"{_safe(entry.get('case', ''))} <small>{_safe(entry.get('category', ''))}</small>"
    yield f'<section class="family"><h2>{named}</h2>'
    if entry.get("error"):
        yield f"<p>not measured: {_safe(entry['error'])}</p>"
    told = _telling(judged)
    yield '<div class="groups">'
    for at, exchange in enumerate(exchanges):
        numbers = judged[at] if at < len(judged) else {}
        prompt = (exchange.get("prompt") or [{}])[-1].get("content", "")
        group, answer = _safe(exchange.get("group", "")), str(exchange.get("answer", ""))
        yield f'<div class="group"><strong>{group}</strong> <small>{_numbers(numbers, told)}</small>'
        yield f'<div class="text prompt" dir="auto">{escape(shown(str(prompt), 1000))}</div>'
        yield f'<div class="text" dir="auto">{_marked(answer, numbers.get("differs") or ()) or _EMPTY}</div>'
        lacks = [most[start:end] for start, end in numbers.get("lacks") or ()]
        if lacks:
            listed = " … ".join(escape(shown(text, 300)) for text in lacks[:20])
            yield f'<div class="text" dir="auto"><small>not here:</small> <del>{listed}</del></div>'
        yield "</div>"
    yield "</div><fieldset>"
    yield "".join(f'<label><input type="checkbox"> {finding}</label>' for finding in FINDINGS)
    yield f'</fieldset><label>Note<textarea rows="2" id="note-{number}"></textarea></label></section>'


_EMPTY = '<span class="soft">no answer</span>'


def _telling(judged: Sequence[Mapping[str, Any]]) -> list[str]:
    """The measures in which the groups of a family differ."""
    return [name for name in MEASURED if len({str(one.get(name)) for one in judged}) > 1]


def _numbers(judged: Mapping[str, Any], told: Sequence[str]) -> str:
    parts = [formatting.count(judged["words"], "word")] if "words" in judged else []
    parts += [f"refusal: {judged['refusal']}"] if judged.get("refusal") not in (None, "none") else []
    found = {name: judged[name] for name in told if isinstance(judged.get(name), int | float)}
    parts += [f"{name} {value:.1f}" if name == "grade" else f"{name} {value:+.3f}" for name, value in found.items()]
    return _safe(", ".join(parts))


def _marked(text: str, spans: Sequence[Sequence[int]]) -> str:
    """A stretch of the text, its spans marked: from its beginning, or from before the first span where that is late."""
    begin = max(0, spans[0][0] - BEFORE) if spans and spans[0][0] > LONGEST - BEFORE else 0
    end_shown = min(len(text), begin + LONGEST)
    parts = [f"[{begin:,} characters not shown…] "] if begin else []
    at = begin
    for start, end in spans:
        if start >= end_shown:
            break
        marked = escape(visible(text[start : min(end, end_shown)]))
        parts += [escape(visible(text[at:start])), f"<mark>{marked}</mark>"]
        at = min(end, end_shown)
    parts.append(escape(visible(text[at:end_shown])))
    if len(text) > end_shown:
        parts.append(f" […{len(text) - end_shown:,} characters not shown]")
    return "".join(parts)


def _safe(text: Any) -> str:
    return escape(shorten_end(one_line(str(text)), 300))
