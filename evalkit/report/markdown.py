"""``report.md``: fits a pull-request comment, and can do nothing there but be read.

Texts of models and datasets stand in fenced blocks whose fence is longer than any run of backticks inside, where no
Markdown dialect looks for links, images, mentions, HTML or issue numbers. The few that stand in a sentence or a table
are escaped, and the characters that make a mention or a reference are separated from the word behind them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

from evalkit.records import Word
from evalkit.report import formatting, trust, view
from evalkit.report.files import write_text
from evalkit.report.hostile import one_line, shorten_end, shown
from evalkit.report.together import NAMES, together
from evalkit.results import CheckSummary, Exchange, Finding, Result

NAME = "report.md"
LIMIT = 60_000
"""Characters. Code hosts refuse comments of more than 65,536."""
ROOM_FOR_NOTE = 200
LONGEST_TEXT = 1500
LONGEST_CELL = 200
MOST_SLICES = 40
MOST_CASES = 3
"""Of a check with a gate that did not pass; of another check, one."""
MARKS = {"pass": "✅", "fail": "❌", "unsure": "❔"}
ESCAPES = str.maketrans(
    {
        **{character: f"\\{character}" for character in "\\`*_{}[]#+!~$^="},
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "|": "&#124;",
        '"': "&quot;",
    }
)
APART = "\u2060"
"""Word joiner: takes no room and keeps ``@`` and the name behind it from becoming a mention."""


def write(result: Result, folder: Path) -> Path:
    return write_text(folder / NAME, render(result))


def render(result: Result, limit: int = LIMIT) -> str:
    """Sections in order of importance, as many as fit; never more than ``limit`` characters."""
    whole = ""
    sections = list(_sections(result))
    for written, section in enumerate(sections):
        room = limit - ROOM_FOR_NOTE - len(whole)
        if len(section) > room:
            left = len(sections) - written
            note = f"\n_{formatting.count(left, 'section')} left out to keep this short; report.html has them all._\n"
            return whole + note
        whole += section
    return whole


def _sections(result: Result) -> Iterator[str]:
    mark = MARKS[view.outcome_shade(result)]
    yield f"## {mark} {text(view.sentence(result))}\n\n"
    yield f"{text(result.outcome.reason)}. {text(view.effort(result))}.\n\n"
    gates = view.gates(result)
    shown_gates = [gate for gate in gates if not gate.automatic or gate.status != "pass"]
    yield from _gate_table(shown_gates)
    if hidden := len(gates) - len(shown_gates):
        yield f"{formatting.count(hidden, 'automatic coverage gate')} passed.\n\n"
    unscored, errored, reasons = view.fates(result)
    why = f" ({text(formatting.reasons(reasons))})" if reasons else ""
    yield f"{unscored:,} unscored, {errored:,} errored{why}.\n\n"
    if worst := view.worst_slices(result):
        yield "**Worst slices:** " + " · ".join(f"{code(name)} {value}" for name, value in worst) + "\n\n"
    if said := trust.notes(result):
        sentences = "".join(f"- **{trust.LABELS[note.label]}:** {text(shorten_end(note.text, 500))}\n" for note in said)
        yield f"**How sure these numbers are**\n\n{sentences}\n"
    if notices := view.notices(result):
        listed = [f"- {text(shorten_end(notice, 500))}\n" for notice in notices[:20]]
        left = [f"- {len(notices) - 20:,} more in report.html\n"] if len(notices) > 20 else []
        yield "**Warnings**\n\n" + "".join(listed + left) + "\n"
    yield _run(result)
    for check in result.checks:
        yield from _check(result, check)
    yield from _findings(result)


def _gate_table(gates: list[view.GateView]) -> Iterator[str]:
    if not gates:
        return
    yield "| | gate | value | interval | reason |\n|---|---|---:|---|---|\n"
    for gate in gates:
        status = "" if gate.status in {"pass", "fail"} else f"**{gate.status}**: "
        mark = MARKS[gate.shade]
        reason = status + text(shorten_end(gate.reason, 500))
        yield f"| {mark} | {code(gate.gate)} | {gate.value} | {gate.interval} | {reason} |\n"
    yield "\n"


def _run(result: Result) -> str:
    run = result.run
    again = f"Again:\n\n{fence(result.reproduce)}\n" if result.reproduce else ""
    prints = {"suite": run.suite_fingerprint, "model": run.model_fingerprint, **run.datasets}
    listed = "".join(f"- {text(name)}: {code(value)}\n" for name, value in prints.items() if value)
    return f"{again}<details><summary>Run {html(run.id)} and fingerprints</summary>\n\n{listed}\n</details>\n\n"


def _check(result: Result, check: CheckSummary) -> Iterator[str]:
    estimates = view.of_check(result.estimates, check.name)
    whole = [estimate for estimate in estimates if not estimate.slice]
    leading = view.leading_metric(result, check.name)
    sliced = [estimate for estimate in estimates if estimate.slice]
    slices = [estimate for estimate in sliced if estimate.metric == leading][:MOST_SLICES]
    rows = "".join(
        f"| {code(estimate.name)} | {formatting.measure(estimate.value, estimate.unit)} "
        f"| {formatting.interval(estimate.interval, estimate.unit)} | {formatting.counts(estimate.counts)} |\n"
        for estimate in [*whole, *slices]
    )
    left = len(sliced) - len(slices)
    more = f"\n{formatting.count(left, 'more slice')} in report.html.\n" if left else ""
    head = f"<details><summary>{html(check.name)} ({html(check.kind)} on {html(check.dataset)})</summary>\n\n"
    yield f"{head}| measured | value | interval | counts |\n|---|---:|---|---|\n{rows}{more}\n</details>\n\n"


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
        parts.append(f"{text(shorten_end(finding.note, 500))}\n\n")
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


def text(raw: str) -> str:
    """A text in a sentence or cell: letters only, nothing that Markdown, HTML or a code host would act on."""
    return re.sub(r"^(\d*)([-.)])", r"\1\\\2", _apart(raw).translate(ESCAPES))  # no list begins here


def html(raw: str) -> str:
    """A text inside ``summary``: there Markdown is not read, but code hosts still look for mentions."""
    return escape(_apart(raw))


def _apart(raw: str) -> str:
    """Signs that make a mention, a reference or an address are separated from the word behind them."""
    return re.sub(r"([@#!$%&~^])(?=\w)|(:)(?=//)|\b((?i:www|GH))(?=[.-])", rf"\g<0>{APART}", one_line(raw).strip())


def code(raw: str) -> str:
    """A name in backticks, one backtick more than it holds; ``|`` would end a table's cell even there."""
    line = shorten_end(one_line(raw), LONGEST_CELL).replace("|", "¦")
    if not line.strip():
        return formatting.NONE
    ticks = "`" * (longest_run(line, "`") + 1)
    padding = " " if line[0] in "` " or line[-1] in "` " else ""
    return f"{ticks}{padding}{line}{padding}{ticks}"


def fence(raw: str) -> str:
    """A block that its content cannot leave."""
    body = shown(raw, LONGEST_TEXT)
    ticks = "`" * max(3, longest_run(body, "`") + 1)
    return f"{ticks}text\n{body}\n{ticks}\n"


def longest_run(body: str, character: str) -> int:
    return max((len(run) for run in re.findall(rf"{re.escape(character)}+", body)), default=0)
