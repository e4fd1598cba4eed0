"""``report.md``: fits a pull-request comment, and can do nothing there but be read.

The verdict is its first line. Its last is a mark that nobody sees, by which a later report of the same suite and model
finds the comment that it takes the place of: texts of models stand above it, so that none of them can pass for it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from evalkit.diagnoses import Distribution
from evalkit.records import Estimate, Word
from evalkit.report import errors, formatting, trust, view
from evalkit.report import markdown_changes as since
from evalkit.report.files import write_text
from evalkit.report.hostile import shorten_end
from evalkit.report.markdown_text import LONGEST_CELL, code, fence, html, text
from evalkit.report.sections import SHADES, TableView, advice_of, flow_tables, table_view, title_and_sentence
from evalkit.report.since import regressed_cases
from evalkit.report.together import NAMES, together
from evalkit.results import CheckSummary, Exchange, Finding, Result

NAME = "report.md"
LIMIT = 60_000
"""Characters. Code hosts refuse comments of more than 65,536."""
ROOM_FOR_NOTE = 200
LONGEST_SENTENCE = 300
LONGEST_REASON = 500
LONGEST_MARK = 60
"""Of a name in the mark."""
MOST_SLICES = 40
MOST_TABLE_ROWS = 20
MOST_WARNINGS = 20
MOST_REGRESSED = 25
MOST_CASES = 3
"""Of a check with a gate that did not pass; of another check, one."""
MARKS = {"pass": "✅", "fail": "❌", "unsure": "❔"}
HEIGHTS = "▁▂▃▄▅▆▇█"
GATES = "| | gate | value | interval | reason |\n|---|---|---:|---|---|\n"
MEASURED = "| measured | value | interval | counts |\n|---|---:|---|---|\n"


@dataclass(frozen=True, slots=True)
class Section:
    """Parts that are kept or left out as they are, in their order."""

    parts: tuple[str, ...]
    one: str
    """What a part is called where some are left out: ``gate``."""
    upto: float
    """The share of the comment that may be used when this section ends: what sections before it do not need, it has."""
    head: str = ""
    tail: str = "\n"
    beyond: int = 0
    """How many there are that nobody could show here."""

    def fitted(self, room: int) -> tuple[str, int]:
        """As many parts as there is room for, and how many are left out."""
        whole, kept = self.head, 0
        for part in self.parts:
            if len(whole) + len(part) + len(self.tail) + ROOM_FOR_NOTE > room:
                break
            whole += part
            kept += 1
        if not kept:
            return "", len(self.parts)
        left = len(self.parts) - kept
        unseen = left + self.beyond
        more = f"{formatting.count(unseen, f'more {self.one}')} in report.html.\n\n" if unseen else ""
        return whole + self.tail + more, left


def write(result: Result, folder: Path) -> Path:
    return write_text(folder / NAME, render(result))


def marker(suite: str, model: str) -> str:
    """``<!-- evalkit: SUITE MODEL -->``: what a comment on this model by this suite ends in. No name ends it early, and
    no two pairs of names share one."""
    return f"<!-- evalkit: {_marked(suite)} {_marked(model)} -->"


def _marked(name: str) -> str:
    """In characters that a comment in HTML may hold. Of a long name the beginning, and a hash of all of it."""
    raw = name.encode("utf-8", errors="surrogatepass")
    written = re.sub(r"(?<=-)-", "%2D", quote(raw, safe=":/"))
    if len(written) <= LONGEST_MARK:
        return written
    return f"{written[:LONGEST_MARK]}%{hashlib.sha256(raw).hexdigest()[:16]}"


def render(result: Result, limit: int = LIMIT) -> str:
    """Sections in order of importance, each with as much as fits; never more than ``limit`` characters."""
    end = f"{marker(result.run.suite, result.run.model)}\n"
    room = limit - ROOM_FOR_NOTE - len(end)
    whole, left = "", 0
    for section in _sections(result):
        written, missing = section.fitted(int(room * section.upto) - len(whole))
        whole += written
        left += missing
    note = f"_{formatting.count(left, 'part')} left out to keep this short; report.html has them all._\n\n"
    return whole + (note if left else "") + end


def _sections(result: Result) -> Iterator[Section]:
    """The shares of the room add up so that a thousand gates leave some to what became worse, and that to the cases."""
    yield Section(tuple(_head(result)), "line", 1.0, tail="")
    gates = [gate for gate in view.gates(result) if not gate.automatic or gate.status != "pass"]
    if gates:
        yield Section(tuple(map(_gate, gates)), "gate", 0.35, head=GATES)
    yield Section(tuple(_tally(result, len(result.outcome.verdicts) - len(gates))), "line", 0.4, tail="")
    yield Section(tuple(_modes(result)), "section", 0.55, tail="")
    yield from _changes(result)
    yield Section(tuple(_notes(result)), "note", 0.8, tail="")
    yield Section((_run(result),), "line", 0.85, tail="")
    yield Section(tuple(_check(result, check) for check in result.checks), "check", 0.93, tail="")
    yield Section(tuple(_findings(result)), "case", 1.0, tail="")


def _head(result: Result) -> Iterator[str]:
    mark = MARKS[view.outcome_shade(result)]
    yield f"## {mark} {text(shorten_end(view.sentence(result), LONGEST_SENTENCE))}\n\n"
    reason = shorten_end(result.outcome.reason, LONGEST_REASON)
    yield f"{text(reason[:1].upper() + reason[1:])}. {text(view.effort(result))}.\n\n"


def _gate(gate: view.GateView) -> str:
    status = "" if gate.status in {"pass", "fail"} else f"**{gate.status}**: "
    reason = status + text(shorten_end(gate.reason, LONGEST_REASON))
    return f"| {MARKS[gate.shade]} | {code(gate.gate)} | {gate.value} | {gate.interval} | {reason} |\n"


def _tally(result: Result, hidden: int) -> Iterator[str]:
    if hidden:
        yield f"{formatting.count(hidden, 'automatic coverage gate')} passed.\n\n"
    unscored, errored, reasons = view.fates(result)
    shown = {shorten_end(reason, LONGEST_CELL): times for reason, times in reasons.items()}
    why = f" ({text(formatting.reasons(shown))})" if reasons else ""
    yield f"{unscored:,} unscored, {errored:,} errored{why}.\n\n"
    for said, advice in errors.lines(result):
        yield f"- {text(shorten_end(said, LONGEST_REASON))}. {text(advice)}\n"
    if result.errors:
        yield "\n"


def _modes(result: Result) -> Iterator[str]:
    """What the mode found, with its tables folded."""
    for section in result.sections:
        title, sentence = title_and_sentence(section)
        shade = SHADES.get(section.state, "")
        advice = "".join(
            f"* {text(one.text)} ({text(one.because)}){f' {code(one.command)}' if one.command else ''}\n"
            for one in advice_of(section)
        )
        tables = "".join(
            map(_table, [*flow_tables(section), *(table_view(one, MOST_TABLE_ROWS) for one in section.tables)])
        )
        mark = f"{MARKS[shade]} " if shade in MARKS else ""
        folded = f"<details><summary>{html(title)}: figures</summary>\n\n{tables}</details>\n\n" if tables else ""
        yield f"### {mark}{text(title)}\n\n{text(sentence)}\n\n{advice}{chr(10) if advice else ''}{folded}"


def _table(table: TableView) -> str:
    heads = "| " + " | ".join(map(text, table.heads)) + " |\n"
    rule = "|" + "".join("---:|" if number else "---|" for number in table.numbers) + "\n"
    rows = "".join("| " + " | ".join(map(text, row)) + " |\n" for row in table.rows)
    more = f"{table.left_out}.\n\n" if table.left_out else ""
    return f"**{text(table.title)}**\n\n{heads}{rule}{rows}\n{more}"


def _changes(result: Result) -> Iterator[Section]:
    rows, unclear, same = since.metric_rows(result)
    if not (rows or unclear or same):
        return
    told = since.told(result)
    head = f"### Against {since.baseline_name(result)}\n\n" + (f"{told}\n\n" if told else "")
    if rows:
        yield Section(tuple(rows), "metric", 0.45, head=head + since.TABLE)
        head = ""
    if unclear:
        yield Section(tuple(unclear), "metric", 0.5, head=head + since.fold(len(unclear)), tail="\n</details>\n\n")
        head = ""
    if rows or unclear:
        yield Section((f"{since.legend()}\n\n",), "line", 0.52, tail="")
    if same:
        yield Section((f"{head}Nothing changed in {', '.join(same[:MOST_SLICES])}.\n\n",), "line", 0.54, tail="")
    found = since.regressed(result)
    units = since.units(result)
    parts = tuple(since.folded(one, units.get((one.check, one.metric), "")) for one in found[:MOST_REGRESSED])
    if parts:
        many = max(regressed_cases(result), len(found))
        title = f"**Regressed:** {formatting.count(many, 'case')}\n\n"
        yield Section(parts, "regressed case", 0.7, head=title, tail="", beyond=many - len(parts))


def _notes(result: Result) -> Iterator[str]:
    if worst := view.worst_slices(result):
        yield (
            f"**Worst slices** ({view.WORST_OF}): "
            + " · ".join(f"{code(name)} {value}" for name, value in worst)
            + "\n\n"
        )
    if said := trust.notes(result):
        sentences = "".join(
            f"- **{trust.LABELS[note.label]}:** {text(shorten_end(note.text, LONGEST_REASON))}\n" for note in said
        )
        yield f"**How sure these numbers are**\n\n{sentences}\n"
    if notices := view.notices(result):
        listed = "".join(f"- {text(shorten_end(notice, LONGEST_REASON))}\n" for notice in notices[:MOST_WARNINGS])
        left = len(notices) - MOST_WARNINGS
        yield f"**Warnings**\n\n{listed}" + (f"- {left:,} more in report.html\n" if left > 0 else "") + "\n"


def _run(result: Result) -> str:
    run = result.run
    again = f"Again:\n\n{fence(result.reproduce)}\n" if result.reproduce else ""
    prints = {"suite": run.suite_fingerprint, "model": run.model_fingerprint, **run.datasets}
    listed = "".join(f"- {text(name)}: {code(value)}\n" for name, value in prints.items() if value)
    return f"{again}<details><summary>Run {html(run.id)} and fingerprints</summary>\n\n{listed}\n</details>\n\n"


def _check(result: Result, check: CheckSummary) -> str:
    estimates = view.of_check(result.estimates, check.name)
    whole = [estimate for estimate in estimates if not estimate.slice]
    leading = view.leading_metric(result, check.name)
    sliced = [estimate for estimate in estimates if estimate.slice]
    slices = [estimate for estimate in sliced if estimate.metric == leading][:MOST_SLICES]
    rows = "".join(map(_measured, [*whole, *slices]))
    left = len(sliced) - len(slices)
    more = f"\n{formatting.count(left, 'more slice')} in report.html.\n" if left else ""
    spread = "".join(_spread(one) for one in result.distributions if one.check == check.name and _varies(one))
    head = f"<details><summary>{html(check.name)} ({html(check.kind)} on {html(check.dataset)})</summary>\n\n"
    return f"{head}{MEASURED}{rows}{more}\n{spread}\n</details>\n\n"


def _measured(estimate: Estimate) -> str:
    value = formatting.measure(estimate.value, estimate.unit)
    between = formatting.interval(estimate.interval, estimate.unit)
    return f"| {code(estimate.name)} | {value} | {between} | {formatting.counts(estimate.counts)} |\n"


def _varies(of: Distribution) -> bool:
    return sum(1 for many in of.counts if many) > 1


def _spread(of: Distribution) -> str:
    """How a metric's values lie, in a line."""
    told = [f"- {code(of.metric)} by case: {code(sparkline(of.counts))}"]
    if {"p25", "p50", "p75"} <= of.quantiles.keys():
        low, high = (formatting.number(of.quantiles[key], of.unit) for key in ("p25", "p75"))
        middle = formatting.measure(of.quantiles["p50"], of.unit)
        told.append(text(f"half of {formatting.count(of.cases, 'case')} from {low} to {high}, the median {middle}"))
    return ", ".join(told) + "\n"


def sparkline(counts: Iterable[int]) -> str:
    """Heights against the highest; what is empty is a dot, so that a single case still shows."""
    counts = list(counts)
    highest = max(counts, default=0)
    step = len(HEIGHTS) - 1
    return "".join(HEIGHTS[round(step * count / highest)] if count else "·" for count in counts)


def _findings(result: Result) -> Iterator[str]:
    """A few of each check, those of gates that did not pass first."""
    infos = view.metric_infos(result)
    failed = {v.estimate.check for v in result.outcome.verdicts if v.estimate and v.counts_as is not Word.PASS}
    for check in sorted(
        dict.fromkeys(finding.check for finding in result.findings), key=lambda name: name not in failed
    ):
        findings = [finding for finding in result.findings if finding.check == check]
        kept = findings[: MOST_CASES if check in failed else 1]
        for finding in kept:
            yield _finding(finding, view.finding_value(finding, infos))
        if left := len(findings) - len(kept):
            yield f"{formatting.count(left, 'more case')} of {code(check)} in report.html.\n\n"


def _finding(finding: Finding, value: str) -> str:
    name = html(shorten_end(f"{finding.check}: {finding.case}", LONGEST_CELL))
    parts = [f"<details><summary>{name} ({html(finding.metric)} {value})</summary>\n\n"]
    if finding.note:
        parts.append(f"{text(shorten_end(finding.note, LONGEST_REASON))}\n\n")
    before: Exchange | None = None
    for told in together(finding)[:4]:
        exchange = told.exchange
        if before is None or (before.messages, before.references) != (exchange.messages, exchange.references):
            parts += [f"{text(message.role)}\n\n{fence(message.content)}\n" for message in exchange.messages]
            parts += [f"reference\n\n{fence(reference)}\n" for reference in exchange.references[:3]]
        before = exchange
        named = f" ({text(told.heading)})" if NAMES in finding.evidence else ""
        parts.append(f"answer{named}\n\n{fence(exchange.answer)}\n")
        if exchange.error:
            parts.append(f"error\n\n{fence(exchange.error)}\n")
    return "".join(parts) + "</details>\n\n"
