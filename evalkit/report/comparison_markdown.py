"""A comparison for a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.report import formatting
from evalkit.report.comparison_notes import notes
from evalkit.report.comparison_words import (
    HEADINGS,
    LEGEND,
    MOST_EXCHANGES,
    WORDS,
    answers,
    cells,
    chance,
    change_in_words,
    how,
    letter,
    pairs,
    sentence,
    shown_cases,
    side_by_side,
    span,
    tally,
    told,
    units,
    verdicts,
    warnings,
)
from evalkit.report.hostile import shorten_end
from evalkit.report.markdown import LIMIT, ROOM_FOR_NOTE, code, fence, html, text
from evalkit.runner.compare import CaseChange, Comparison, MetricChange, Pairing


def to_markdown(comparison: Comparison, *, judge: bool = False) -> str:
    """Fits a comment: as many of the cases as there is room for, whatever the texts say.

    ``judge``: the last line says whether there is a regression, and has its room whatever is left out.
    """
    last = "".join(f"\n**{text(said)}**\n" for said in verdicts(comparison)) if judge else ""
    room = LIMIT - ROOM_FOR_NOTE - len(last)
    whole = ""
    sections = list(_sections(comparison))
    for written, section in enumerate(sections):
        if len(whole) + len(section) > room:
            left = formatting.count(len(sections) - written, "section")
            whole += f"\n_{left} left out to keep this short; `evalkit compare --json` has them all._\n"
            break
        whole += section
    return whole + last


def _sections(comparison: Comparison) -> Iterator[str]:
    several = len(comparison.candidates) > 1
    if several:
        yield _side_by_side(comparison)
    for place, pairing in enumerate(comparison.candidates, start=1):
        yield from _pairing(pairing, f"{letter(place)} against A" if several else "")
    yield f"\n{LEGEND}.\n\n{text(how(comparison))}\n"


# --- several candidates -----------------------------------------------------------------------------------------------


def _side_by_side(comparison: Comparison) -> str:
    run = comparison.baseline
    many = formatting.count(len(comparison.candidates), "candidate")
    lines = [
        f"## {many} against {text(run.model)}\n",
        f"- A, the baseline: {code(run.id)}, {text(told(run, comparison.candidates[0].found_by[0]))}",
    ]
    for place, pairing in enumerate(comparison.candidates, start=1):
        run = pairing.candidate
        lines.append(f"- {letter(place)}: {code(run.id)}, {text(told(run, pairing.found_by[1]))}: {tally(pairing)}")
    heading, rule = "| | A |", "|---|---:|"
    for place in range(1, len(comparison.candidates) + 1):
        heading += f" {letter(place)} | {letter(place)} − A | p |"
        rule += "---:|---|---:|"
    rows, same = side_by_side(comparison)
    lines += ["", heading, rule]
    for row in rows:
        found = " | ".join(_side(metric) for metric in row.candidates)
        lines.append(f"| {code(row.name)} | {row.baseline} | {found} |")
    if same:
        lines += ["", f"Nothing differs in {', '.join(code(name) for name in same)}."]
    return "\n".join(lines) + "\n\n"


def _side(metric: MetricChange | None) -> str:
    if metric is None:
        return f"{formatting.NONE} | | "
    between = span(metric.contrast.interval, metric.unit)
    difference = formatting.difference(metric.contrast.value, metric.unit)
    value = formatting.number(metric.candidate, metric.unit)
    return f"{WORDS[metric.word]} {value} | {difference} ({between}) | {chance(metric.adjusted)}"


# --- one candidate ----------------------------------------------------------------------------------------------------


def _pairing(pairing: Pairing, title: str) -> Iterator[str]:
    yield f"{'###' if title else '##'} {f'{title}: ' if title else ''}{text(sentence(pairing))}\n\n"
    sides = zip(("Baseline", "Candidate"), (pairing.baseline, pairing.candidate), pairing.found_by, strict=True)
    for label, run, found_by in sides:
        yield f"- {label}: {code(run.id)}, {text(told(run, found_by))}\n"
    for warning in warnings(pairing):
        yield f"- **Warning: {text(warning)}**\n"
    for what, before, after in pairing.differences:
        if what != "model":
            yield f"- Differs: {text(what)}: {text(before)} → {text(after)}\n"
    for fault in pairing.missing:
        yield f"- Missing: {text(fault)}\n"
    yield _metrics(pairing)
    remarks = [f"- {text(check.name)}: {text(note)}\n" for check in pairing.checks for note in notes(check)]
    yield "".join([*remarks, "\n"]) if remarks else ""
    for direction, changes in (("Regressed", pairing.regressed), ("Improved", pairing.improved)):
        yield f"**{direction}:** {formatting.count(len(changes), 'case')}\n\n"
        for change in shown_cases(changes):
            yield _case(change, units(pairing).get((change.check, change.metric), ""))


def _metrics(pairing: Pairing) -> str:
    changed = [metric for metric in pairing.metrics if metric.word != "same"]
    lines = [""]
    if changed:
        lines += ["| | " + " | ".join(HEADINGS) + " |", "|---|---|" + "---:|" * (len(HEADINGS) - 1)]
    for metric in changed:
        _, *values = cells(metric)
        lines.append(f"| {WORDS[metric.word]} | {code(metric.name)} | " + " | ".join(values) + " |")
    if same := [code(metric.name) for metric in pairing.metrics if metric.word == "same"]:
        lines += ["", f"Nothing differs in {', '.join(same)}."]
    return "\n".join([*lines, "", ""])


def _case(change: CaseChange, unit: str) -> str:
    name = shorten_end(f"{change.check}: {change.case}", 200)
    parts = [f"<details><summary>{html(name)} ({html(change_in_words(change, unit))})</summary>\n\n"]
    for before, after in pairs(change)[:MOST_EXCHANGES]:
        one = after or before
        if one is None:
            continue
        parts += [f"{html(message.role)}\n\n{fence(message.content)}\n" for message in one.messages]
        parts += [f"expected\n\n{fence(one.references[0])}\n"] if one.references else []
        parts += [f"{label}\n\n{fence(said)}\n" for label, said in answers(change, before, after)]
    return "".join(parts) + "</details>\n\n"
