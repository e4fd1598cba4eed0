"""A comparison for a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.report import formatting
from evalkit.report.comparison_words import (
    HEADINGS,
    MOST_EXCHANGES,
    WORDS,
    cells,
    change_in_words,
    changed,
    notes,
    pairs,
    sentence,
    shown_cases,
    spoken,
    units,
)
from evalkit.report.hostile import shorten_end
from evalkit.runner.compare import CaseChange, Comparison


def to_markdown(comparison: Comparison) -> str:
    """Fits a comment: as many of the cases as there is room for, whatever the texts say."""
    from evalkit.report.markdown import LIMIT, ROOM_FOR_NOTE

    whole = ""
    sections = list(_sections(comparison))
    for written, section in enumerate(sections):
        if len(whole) + len(section) > LIMIT - ROOM_FOR_NOTE:
            left = formatting.count(len(sections) - written, "section")
            return f"{whole}\n_{left} left out to keep this short; `evalkit compare --json` has them all._\n"
        whole += section
    return whole


def _sections(comparison: Comparison) -> Iterator[str]:
    from evalkit.report.markdown import code, text

    yield f"## {text(sentence(comparison))}\n\n"
    for label, run in (("Baseline", comparison.baseline), ("Candidate", comparison.candidate)):
        partial = ", partial" if run.partial else ""
        yield f"- {label}: {code(run.id)}, {text(run.suite)} on {text(run.model)}{partial}\n"
    for what, before, after in comparison.differences:
        if what != "model":
            yield f"- Differs: {text(what)}: {text(before)} → {text(after)}\n"
    for fault in comparison.missing:
        yield f"- Missing: {text(fault)}\n"
    yield "\n| | " + " | ".join(HEADINGS) + " |\n|---|---|" + "---:|" * (len(HEADINGS) - 1) + "\n"
    for check in comparison.checks:
        for metric in changed(check):
            _, *values = cells(metric)
            name = code(f"{check.name}.{metric.metric}")
            yield f"| {WORDS[metric.word]} | {name} | " + " | ".join(values) + " |\n"
    same = [code(f"{metric.check}.{metric.metric}") for metric in comparison.metrics if metric.word == "same"]
    yield f"\nNothing differs in {', '.join(same)}.\n" if same else ""
    yield "\n✓ better, ✗ worse, ↕ moved (neither direction is better by itself), ~ too close to tell\n\n"
    for check in comparison.checks:
        for note in notes(check):
            yield f"- {text(check.name)}: {text(note)}\n"
    for title, changes in (("Regressed", comparison.regressed), ("Improved", comparison.improved)):
        yield f"\n**{title}:** {formatting.count(len(changes), 'case')}\n\n"
        for change in shown_cases(changes):
            yield _case_section(change, units(comparison).get((change.check, change.metric), ""))


def _case_section(change: CaseChange, unit: str) -> str:
    from evalkit.report.markdown import fence, html

    name = shorten_end(f"{change.check}: {change.case}", 200)
    parts = [f"<details><summary>{html(name)} ({html(change_in_words(change, unit))})</summary>\n\n"]
    for before, after in pairs(change)[:MOST_EXCHANGES]:
        one = after or before
        if one is None:
            continue
        parts += [f"{html(message.role)}\n\n{fence(message.content)}\n" for message in one.messages]
        parts += [f"expected\n\n{fence(one.references[0])}\n"] if one.references else []
        parts.append(f"baseline\n\n{fence(spoken(before))}\ncandidate\n\n{fence(spoken(after))}\n")
    return "".join(parts) + "</details>\n\n"
