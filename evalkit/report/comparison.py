"""A comparison of two runs for people at a terminal, for a pull request, and for scripts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from evalkit.records import Interval, Status
from evalkit.report import formatting
from evalkit.report.hostile import one_line, shorten, shorten_end
from evalkit.results import Exchange
from evalkit.runner.compare import CaseChange, CheckChange, Comparison, MetricChange

if TYPE_CHECKING:
    from rich.text import Text

SCHEMA_VERSION = 1
LONGEST_TEXT = 300
"""Characters of a prompt or answer at the terminal."""
LONGEST_LIST = 10
MOST_EXCHANGES = 2
"""Of a case of several: enough to see what kind of case it is."""
WORDS = {"better": "✓", "worse": "✗", "unclear": "~", "moved": "↕", "same": "="}
PLAIN_WORDS = {"better": "+", "worse": "x", "unclear": "~", "moved": "!", "same": "="}
STYLES = {"better": "green", "worse": "bold red", "unclear": "yellow", "moved": "cyan", "same": "dim"}
HEADINGS = ("metric", "baseline", "candidate", "difference", "95% interval", "improved", "regressed", "unchanged")


# --- for scripts ------------------------------------------------------------------------------------------------------


def to_document(comparison: Comparison) -> dict[str, Any]:
    """Top level: schema, baseline, candidate, differences, checks, regressed, improved, missing."""
    document = {
        "schema": SCHEMA_VERSION,
        "baseline": _run(comparison.baseline),
        "candidate": _run(comparison.candidate),
        "differences": [
            dict(zip(("what", "baseline", "candidate"), row, strict=True)) for row in comparison.differences
        ],
        "checks": [_check_document(check) for check in comparison.checks],
        "regressed": [_case_document(change) for change in comparison.regressed],
        "improved": [_case_document(change) for change in comparison.improved],
        "missing": list(comparison.missing),
    }
    finite: dict[str, Any] = _finite(document)
    return finite


def _run(run: Any) -> dict[str, Any]:
    names = ("id", "suite", "model", "created", "partial", "suite_fingerprint", "model_fingerprint")
    return {name: getattr(run, name) for name in names} | {"datasets": dict(run.datasets)}


def _check_document(check: CheckChange) -> dict[str, Any]:
    return {
        "check": check.name,
        "pairs": check.pairs,
        "only_baseline": list(check.only_baseline),
        "only_candidate": list(check.only_candidate),
        "errored": dict(zip(("baseline", "candidate"), check.errored, strict=True)),
        "unscored": dict(zip(("baseline", "candidate"), check.unscored, strict=True)),
        "metrics": [_metric_document(metric) for metric in check.metrics],
    }


def _metric_document(metric: MetricChange) -> dict[str, Any]:
    contrast = metric.contrast
    return {
        "metric": metric.metric,
        "unit": metric.unit,
        "better": metric.better,
        "baseline": metric.baseline,
        "candidate": metric.candidate,
        "difference": contrast.value,
        "interval": asdict(contrast.interval) if contrast.interval else None,
        "pairs": contrast.pairs,
        "on_one_side": contrast.missing,
        "improved": metric.improved,
        "regressed": metric.regressed,
        "unchanged": metric.unchanged,
        "conclusion": metric.word,
    }


def _case_document(change: CaseChange) -> dict[str, Any]:
    document = asdict(change)
    if not change.baseline_exchanges and not change.candidate_exchanges:
        del document["baseline_exchanges"], document["candidate_exchanges"]
    return document


def _finite(node: Any) -> Any:
    if isinstance(node, float):
        return node if math.isfinite(node) else None
    if isinstance(node, dict):
        return {key: _finite(value) for key, value in node.items()}
    return [_finite(value) for value in node] if isinstance(node, list | tuple) else node


# --- what all renderings say ------------------------------------------------------------------------------------------


def sentence(comparison: Comparison) -> str:
    """The answer first: ``mock:b against mock:a: 3 metrics better, 5 worse, 4 unclear, 2 the same``."""
    words = [metric.word for metric in comparison.metrics]
    counts = [formatting.count(words.count("better"), "metric") + " better", f"{words.count('worse'):,} worse"]
    if moved := words.count("moved"):
        counts.append(f"{moved:,} moved")
    counts += [f"{words.count('unclear'):,} unclear", f"{words.count('same'):,} the same"]
    return f"{comparison.candidate.model} against {comparison.baseline.model}: {', '.join(counts)}"


def changed(check: CheckChange) -> list[MetricChange]:
    return [metric for metric in check.metrics if metric.word != "same"]


def cells(metric: MetricChange) -> tuple[str, ...]:
    """In the order of ``HEADINGS``."""
    unit, contrast = metric.unit, metric.contrast
    counts = (metric.improved, metric.regressed, metric.unchanged)
    return (
        metric.metric,
        formatting.number(metric.baseline, unit),
        formatting.number(metric.candidate, unit),
        formatting.difference(contrast.value, unit),
        _span(contrast.interval, unit),
        *(formatting.NONE if number is None else f"{number:,}" for number in counts),
    )


def _span(between: Interval | None, unit: str) -> str:
    """Without the unit's name: the columns beside it have none either."""
    if between is None:
        return formatting.NONE
    return f"{formatting.difference(between.low, unit)} to {formatting.difference(between.high, unit)}"


def notes(check: CheckChange) -> list[str]:
    """What stands beside the numbers of a check, so that nobody takes them for more than they are."""
    said = []
    for side, cases in (("baseline", check.only_baseline), ("candidate", check.only_candidate)):
        if cases:
            more = f", and {len(cases) - LONGEST_LIST:,} more" if len(cases) > LONGEST_LIST else ""
            said.append(f"in the {side} only: {formatting.count(len(cases), 'case')}: {_few(cases)}{more}")
    for what, sides in (("errored", check.errored), ("unscored", check.unscored)):
        if any(sides):
            worst = "; they count as the worst value where a metric has one" if what == "errored" else ""
            said.append(f"{what}: {sides[0]:,} in the baseline, {sides[1]:,} in the candidate{worst}")
    return said


def _few(names: Sequence[str]) -> str:
    return ", ".join(shorten_end(one_line(name), 40) for name in names[:LONGEST_LIST])


def change_in_words(change: CaseChange, unit: str) -> str:
    if (change.baseline_status is Status.ERRORED) != (change.candidate_status is Status.ERRORED):
        return f"{change.baseline_status} in the baseline, {change.candidate_status} in the candidate"
    before, after = formatting.number(change.baseline, unit), formatting.number(change.candidate, unit)
    return f"{change.metric} {before} → {after}"


def units(comparison: Comparison) -> dict[tuple[str, str], str]:
    return {(metric.check, metric.metric): metric.unit for metric in comparison.metrics}


def shown_cases(changes: Sequence[CaseChange]) -> list[CaseChange]:
    return [change for change in changes if change.baseline_exchanges or change.candidate_exchanges]


def pairs(change: CaseChange) -> list[tuple[Exchange | None, Exchange | None]]:
    """Exchanges side by side; those whose answers differ first."""
    before, after = change.baseline_exchanges, change.candidate_exchanges
    both = [
        (before[i] if i < len(before) else None, after[i] if i < len(after) else None)
        for i in range(max(len(before), len(after)))
    ]
    return sorted(both, key=lambda pair: (pair[0].answer if pair[0] else "") == (pair[1].answer if pair[1] else ""))


def spoken(exchange: Exchange | None) -> str:
    if exchange is None:
        return "(not asked)"
    if exchange.error:
        return f"(error: {exchange.error})"
    return exchange.answer or "(empty)"


# --- at the terminal --------------------------------------------------------------------------------------------------


def render(comparison: Comparison, *, console_width: int = 80, unicode: bool = True) -> list[Text]:
    """Lines of text, none wider than ``console_width``."""
    lines = [*_head(comparison, console_width), *_tables(comparison, console_width, unicode=unicode)]
    for title, changes in (("regressed", comparison.regressed), ("improved", comparison.improved)):
        lines += _cases(title, changes, units(comparison), console_width)
    return lines if unicode else [_ascii(line) for line in lines]


def _ascii(line: Text) -> Text:
    """What is left outside ASCII is written as an escape, so that printing cannot fail."""
    from evalkit.report.terminal import PLAIN

    plain = line.plain.replace("→", "->").translate(PLAIN)
    return _line(plain.encode("ascii", errors="backslashreplace").decode("ascii"))


def _line(*parts: str | tuple[str, str]) -> Text:
    from rich.text import Text

    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")


def _labelled(label: str, text: str, width: int, *, indent: int = 0, style: str = "") -> Iterator[Text]:
    """A label, and beside it the text in as many lines as it needs."""
    from evalkit.report.terminal import wrap

    column = 11
    for row, part in enumerate(wrap(one_line(text), width - indent - column)):
        yield _line(" " * indent, (f"{label if row == 0 else '':<{column}}", "dim"), (part, style))


def _head(comparison: Comparison, width: int) -> Iterator[Text]:
    from evalkit.report.terminal import wrap

    yield from (_line((part, "bold")) for part in wrap(one_line(sentence(comparison)), width))
    for label, run in (("baseline", comparison.baseline), ("candidate", comparison.candidate)):
        partial = ", partial" if run.partial else ""
        yield from _labelled(label, f"{run.id}  {run.suite} on {run.model}{partial}", width)
    for what, before, after in comparison.differences:
        if what != "model":
            yield from _labelled("differs", f"{what}: {before} → {after}", width, style="yellow")
    for fault in comparison.missing:
        yield from _labelled("missing", fault, width, style="yellow")


def _tables(comparison: Comparison, width: int, *, unicode: bool) -> Iterator[Text]:
    rows = {metric: cells(metric) for check in comparison.checks for metric in changed(check)}
    sizes = [max(len(row[i]) for row in (HEADINGS, *rows.values())) for i in range(len(HEADINGS))]
    sizes[0] = min(sizes[0], 32)
    wide = width >= sum(sizes) + 2 * len(sizes) + 4
    marks = WORDS if unicode else PLAIN_WORDS
    for check in comparison.checks:
        yield _line("")
        yield _line((one_line(check.name), "bold"), (f"  {formatting.count(check.pairs, 'case')} in both runs", "dim"))
        if wide and changed(check):
            yield _line(("    " + _row(HEADINGS, sizes), "dim"))
        for metric in changed(check):
            style = STYLES[metric.word]
            mark = (f"  {marks[metric.word]} ", style)
            if wide:
                yield _line(mark, _row(rows[metric], sizes))
            else:
                yield from _narrow(rows[metric], mark, width)
        if same := [metric.metric for metric in check.metrics if metric.word == "same"]:
            yield from _indented(f"{marks['same']} nothing differs in {', '.join(same)}", width)
        for note in notes(check):
            yield from _indented(f"  {note}", width)


def _indented(text: str, width: int) -> Iterator[Text]:
    """A mark of two characters, then text that stays beside it."""
    from evalkit.report.terminal import wrap

    for row, part in enumerate(wrap(text[2:], width - 4)):
        yield _line((f"  {text[:2] if row == 0 else '  '}{part}", "dim"))


def _row(row: Sequence[str], sizes: Sequence[int]) -> str:
    name = shorten_end(row[0], sizes[0]).ljust(sizes[0])
    return "  ".join([name, *(cell.rjust(size) for cell, size in zip(row[1:], sizes[1:], strict=True))])


def _narrow(row: Sequence[str], mark: tuple[str, str], width: int) -> Iterator[Text]:
    name, before, after, difference, between, *counts = row
    values = f"{before} → {after}  {difference}  ({between})"
    counted = (
        "" if counts[0] == formatting.NONE else f"{counts[0]} improved, {counts[1]} regressed, {counts[2]} unchanged"
    )
    gap = width - 4 - len(name) - len(values)
    if gap >= 2:
        yield _line(mark, name, " " * gap, values)
    else:
        yield _line(mark, name)
        yield _line("      ", values)
    if counted:
        yield _line((f"{counted:>{width}}", "dim"))


def _cases(title: str, changes: Sequence[CaseChange], of: dict[tuple[str, str], str], width: int) -> Iterator[Text]:
    shown = shown_cases(changes)
    yield _line("")
    rest = f", {len(shown):,} shown" if len(shown) < len(changes) else ""
    yield _line((f"{title}  ", "bold"), formatting.count(len(changes), "case") + rest)
    for change in shown:
        unit = of.get((change.check, change.metric), "")
        style = "red" if title == "regressed" else "green"
        yield _line("  ", (one_line(f"{change.check} {change.case}"), style), f"  {change_in_words(change, unit)}")
        both = pairs(change)
        for before, after in both[:MOST_EXCHANGES]:
            yield from _exchange(before, after, width)
        if len(both) > MOST_EXCHANGES:
            yield from _labelled(
                "", f"and {formatting.count(len(both) - MOST_EXCHANGES, 'exchange')} more", width, indent=4
            )


def _exchange(before: Exchange | None, after: Exchange | None, width: int) -> Iterator[Text]:
    one = after or before
    if one is None:
        return
    said = [("asked", one.messages[-1].content if one.messages else "")]
    said += [("expected", one.references[0])] if one.references else []
    if before and after and spoken(before) == spoken(after):
        said.append(("both", spoken(before)))
    else:
        said += [("baseline", spoken(before)), ("candidate", spoken(after))]
    for label, text in said:
        yield from _labelled(label, shorten(text, LONGEST_TEXT), width, indent=4)


# --- for a pull request -----------------------------------------------------------------------------------------------


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
