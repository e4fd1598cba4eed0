"""A comparison for a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from evalkit.report import comparison_words as words
from evalkit.report import formatting
from evalkit.report.comparison_notes import notes
from evalkit.report.contrast_words import LEGEND, WORDS, chance, span
from evalkit.report.hostile import shorten_end
from evalkit.report.markdown import LIMIT, ROOM_FOR_NOTE, marker
from evalkit.report.markdown_text import code, fence, html, text
from evalkit.runner.compare import CaseChange, Comparison, MetricChange, Pairing


def to_markdown(comparison: Comparison, *, judge: bool = False) -> str:
    """Fits a comment: as many of the cases as there is room for, whatever the texts say. Of several candidates the
    details are folded up, and share the room.

    ``judge``: the last sentence says whether there is a regression. It, and what the marks mean, are never left out.
    The last line is a mark as a report's, of the suite and the models that are compared.
    """
    last = f"\n{LEGEND}.\n\n{text(words.how(comparison))}\n"
    if judge:
        last += "".join(f"\n**{text(said)}**\n" for said in words.verdicts(comparison))
    runs = (comparison.baseline, *(pairing.candidate for pairing in comparison.candidates))
    last += f"\n{marker(f'compare {runs[0].suite}', ' '.join(run.model for run in runs))}\n"
    room = LIMIT - ROOM_FOR_NOTE - len(last)
    if len(comparison.candidates) == 1:
        (pairing,) = comparison.candidates
        title = f"## {text(words.sentence(pairing))}\n\n"
        return _fitted((title, *_pairing(pairing)), room) + last
    front = _fitted([_candidates(comparison), _side_by_side(comparison)], room)
    each = (room - len(front)) // len(comparison.candidates)
    folded = (_folded(pairing, place, each) for place, pairing in enumerate(comparison.candidates, start=1))
    return front + _fitted(folded, room - len(front)) + last


def _fitted(sections: Iterable[str], room: int) -> str:
    """The first sections, as many as there is room for, and how many are left out."""
    whole, left = "", 0
    for section in sections:
        left += bool(left or len(whole) + len(section) > room)
        whole += "" if left else section
    if not left:
        return whole
    parts_left = formatting.count(left, "section")
    return f"{whole}\n_{parts_left} left out to keep this short; `evalkit compare --json` has them all._\n\n"


# --- several candidates -----------------------------------------------------------------------------------------------


def _folded(pairing: Pairing, place: int, room: int) -> str:
    title = html(f"{words.letter(place)} against A: {words.sentence(pairing)}")
    head, end = f"<details><summary>{title}</summary>\n\n", "</details>\n\n"
    return head + _fitted(_pairing(pairing), room - len(head) - len(end) - ROOM_FOR_NOTE) + end


def _candidates(comparison: Comparison) -> str:
    run = comparison.baseline
    many = formatting.count(len(comparison.candidates), "candidate")
    lines = [
        f"## {many} against {text(run.model)}\n",
        f"- A, the baseline: {code(run.id)}, {text(words.told(run, comparison.candidates[0].found_by[0]))}",
    ]
    for place, pairing in enumerate(comparison.candidates, start=1):
        run = pairing.candidate
        said = text(words.told(run, pairing.found_by[1]))
        lines.append(f"- {words.letter(place)}: {code(run.id)}, {said}: {words.tally(pairing)}")
        lines += [f"  - **Warning: {text(warning)}**" for warning in words.warnings(pairing)]
    return "\n".join(lines) + "\n\n"


def _side_by_side(comparison: Comparison) -> str:
    heading, rule = "| | A |", "|---|---:|"
    for place in range(1, len(comparison.candidates) + 1):
        heading += f" {words.letter(place)} | {words.letter(place)} − A | adjusted p |"
        rule += "---:|---|---:|"
    rows, same = words.side_by_side(comparison)
    lines = [heading, rule] if rows else []
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


def _pairing(pairing: Pairing) -> Iterator[str]:
    sides = zip(("Baseline", "Candidate"), (pairing.baseline, pairing.candidate), pairing.found_by, strict=True)
    for label, run, found_by in sides:
        yield f"- {label}: {code(run.id)}, {text(words.told(run, found_by))}\n"
    for warning in words.warnings(pairing):
        yield f"- **Warning: {text(warning)}**\n"
    for what, before, after in pairing.differences:
        if what != "model":
            yield f"- Differs: {text(what)}: {text(before)} → {text(after)}\n"
    for fault in pairing.missing:
        yield f"- Missing: {text(fault)}\n"
    yield _metrics(pairing)
    remarks = [f"- {text(check.name)}: {text(note)}\n" for check in pairing.checks for note in notes(check)]
    yield "".join([*remarks, "\n"]) if remarks else ""
    for direction, changes in words.cases(pairing):
        yield f"**{direction.capitalize()}:** {formatting.count(len(changes), 'case')}\n\n"
        for change in words.shown_cases(changes):
            yield _case(change, words.units(pairing).get((change.check, change.metric), ""))


def _metrics(pairing: Pairing) -> str:
    changed = [metric for metric in pairing.metrics if metric.word != "same"]
    lines = [""]
    if changed:
        lines += ["| | " + " | ".join(words.HEADINGS) + " |", "|---|---|" + "---:|" * (len(words.HEADINGS) - 1)]
    for metric in changed:
        _, *values = words.cells(metric)
        lines.append(f"| {WORDS[metric.word]} | {code(metric.name)} | " + " | ".join(values) + " |")
    if same := [code(metric.name) for metric in pairing.metrics if metric.word == "same"]:
        lines += ["", f"Nothing differs in {', '.join(same)}."]
    return "\n".join([*lines, "", ""])


def _case(change: CaseChange, unit: str) -> str:
    name = shorten_end(f"{change.check}: {change.case}", 200)
    parts = [f"<details><summary>{html(name)} ({html(words.change_in_words(change, unit))})</summary>\n\n"]
    for before, after in words.pairs(change)[: words.MOST_EXCHANGES]:
        one = after or before
        if one is None:
            continue
        parts += [f"{html(message.role)}\n\n{fence(message.content)}\n" for message in one.messages]
        parts += [f"expected\n\n{fence(one.references[0])}\n"] if one.references else []
        parts += [f"{label}\n\n{fence(said)}\n" for label, said in words.answers(change, before, after)]
    return "".join(parts) + "</details>\n\n"
