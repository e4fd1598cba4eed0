"""What a suite's gates notice, for the terminal, as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

from evalkit.records import Word
from evalkit.report import formatting
from evalkit.report.hostile import one_line

if TYPE_CHECKING:
    from rich.text import Text

    from evalkit.runner.sensitivity import Caught, Sensitivity, TriedGate

SHOWN_LINES = 2
"""Of one gate's list in a terminal; Markdown and JSON have all of it."""
GAP = 2
GLUE = "\u00a0"
LEAST_GATE, MOST_GATE = 24, 58
UNPROVEN, WITHOUT_VALUE = "~", formatting.NONE
LEGEND = {
    UNPROVEN: "only the point estimate misses the target, and the evidence leaves it unsure",
    WITHOUT_VALUE: "no value is left that could meet or miss it",
}
UNNOTICED = "nothing catches, because it changes no score"


def verdict(found: Sensitivity) -> str:
    """One sentence, the worst news first."""
    every = len(found.gates)
    of = f"of {formatting.count(every, 'gate')}"
    if found.failing:
        said = (
            f"{len(found.failing)} {of} {'fails' if len(found.failing) == 1 else 'fail'} on the references themselves"
        )
        return f"{said}; nothing can fail {len(found.dead)}" if found.dead else said
    if found.dead:
        return f"nothing can fail {len(found.dead)} {of}"
    if found.untested:
        tested = every - len(found.untested)
        return f"each of the {tested} gates that can be tested can fail; {len(found.untested)} cannot be tested"
    return f"every gate can fail: each of the {every} catches a worse model" if every > 1 else "its only gate can fail"


def setting(found: Sensitivity) -> str:
    strengths = ", ".join(map(percent, found.strengths))
    part = ", a part of the suite" if found.partial else ""
    kinds = formatting.count(len(found.degradations), "kind")
    cases = formatting.count(found.cases, "case")
    return f"{cases}{part}; {kinds} of damage at {strengths}; seed {found.seed}"


def percent(share: float) -> str:
    return f"{share * 100:.4g}%"


def to_document(found: Sensitivity) -> dict[str, Any]:
    return {
        "suite": found.suite,
        "verdict": verdict(found),
        "partial": found.partial,
        "cases": found.cases,
        "seed": found.seed,
        "strengths": list(found.strengths),
        "gates": [{**asdict(gate), "dead": gate.dead} for gate in found.gates],
        "degradations": [asdict(one) for one in found.degradations],
        "failing_on_references": [gate.gate for gate in found.failing],
        "not_tested": [gate.gate for gate in found.untested],
        "dead": [gate.gate for gate in found.dead],
        "uncaught": [one.name for one in found.uncaught],
        "unnoticed": [one.name for one in found.unnoticed],
        "warnings": list(found.warnings),
    }


def _mark(one: Caught) -> str:
    if one.value is None:
        return WITHOUT_VALUE
    return "" if one.word is Word.FAIL else UNPROVEN


def _groups(caught: Iterable[Caught]) -> list[str]:
    """``2% empty, fail``: kinds by the strength at which they are caught, those on thin evidence marked."""
    marks = ("", UNPROVEN, WITHOUT_VALUE)
    ordered = sorted(caught, key=lambda one: (one.strength, marks.index(_mark(one))))
    return [
        f"{percent(strength)}{mark} " + ", ".join(one.degradation for one in several)
        for (strength, mark), several in groupby(ordered, lambda one: (one.strength, _mark(one)))
    ]


def _legend(gates: Iterable[TriedGate]) -> list[str]:
    """What the marks mean that are used."""
    used = {_mark(one) for gate in gates for one in gate.caught if not gate.dead}
    return [f"{mark} {meaning}" for mark, meaning in LEGEND.items() if mark in used]


def _listed(found: Sensitivity) -> list[tuple[str, list[str]]]:
    """Gates and what they catch, in the suite's order; coverage gates that every check has share one row."""
    alive = [gate for gate in found.gates if gate.caught and not gate.dead]
    automatic = [gate for gate in alive if gate.automatic]
    shared = automatic if len(automatic) > 1 else []
    rows = [(gate.gate, _groups(gate.caught)) for gate in alive if gate not in shared]
    if shared:
        first = [gate.caught[0].strength for gate in shared]
        low, high = percent(min(first)), percent(max(first))
        kinds = dict.fromkeys(one.degradation for gate in shared for one in gate.caught)
        between = low if low == high else f"{low} to {high}"
        rows.append((f"coverage of {len(shared)} checks", [f"from {between}: {', '.join(kinds)}"]))
    return rows


# --- terminal ---------------------------------------------------------------------------------------------------------


def render(found: Sensitivity, *, console_width: int = 80, unicode: bool = True) -> Iterator[Text]:
    """Lines, none wider than ``console_width``: the verdict, what gates catch, and what escapes them."""
    for line in _lines(found, console_width, unicode=unicode):
        yield line if unicode else _plain(line)


def _plain(line: Text) -> Text:
    from rich.text import Text

    from evalkit.report.terminal import PLAIN

    style = line.spans[0].style if len(line.spans) == 1 else ""
    return Text(line.plain.translate(PLAIN).encode("ascii", "backslashreplace").decode("ascii"), style)


def _lines(found: Sensitivity, width: int, *, unicode: bool) -> Iterator[Text]:
    bad = found.failing or found.dead
    yield from _wrapped(f"{found.suite}: {verdict(found)}", width, "bold red" if bad else "bold")
    yield from _wrapped(setting(found), width, "dim")
    yield from _troubles(found, width, unicode=unicode)
    rows = _listed(found)
    if rows:
        yield _line("")
        yield from _table(rows, width, unicode=unicode)
    yield _line("")
    yield from _escaped(found, width)
    legend = _legend(found.gates)
    if legend:
        yield _line("")
    for meaning in legend:
        yield from _wrapped(meaning, width, "dim")
    for warning in found.warnings:
        yield from _labelled("warn", warning, width)


def _troubles(found: Sensitivity, width: int, *, unicode: bool) -> Iterator[Text]:
    """What is said first: gates of which nothing else can be said."""
    mark = "✗" if unicode else "x"
    for title, gates, sign in (
        ("fail on the references themselves:", found.failing, mark),
        ("cannot be tested:", found.untested, "-"),
    ):
        if gates:
            yield _line("")
            yield _line((title, "bold"))
        for gate in gates:
            yield from _wrapped(f"{sign} {gate.gate}", width, "", indent=2)
            yield from _wrapped(f"{_measured(gate)}{gate.reason}", width, "dim", indent=4)


def _measured(gate: TriedGate) -> str:
    return "" if gate.value is None else f"{formatting.number(gate.value)} on the references: "


def _table(rows: Sequence[tuple[str, list[str]]], width: int, *, unicode: bool) -> Iterator[Text]:
    from evalkit.report.terminal import wrap

    longest = max(len(one_line(name)) for name, _ in rows)
    column = min(longest, MOST_GATE, max(LEAST_GATE, width // 2 - GAP))
    yield _line((f"{'gate':<{column}}{'':{GAP}}caught from", "dim"))
    dot = " · " if unicode else " | "
    for name, groups in rows:
        names = [part.replace(GLUE, " ") for part in wrap(_glued(one_line(name)), column)]
        caught = _cut(groups, width - column - GAP, max(SHOWN_LINES, len(names)), dot)
        for row in range(max(len(names), len(caught))):
            left, right = (part[row] if row < len(part) else "" for part in (names, caught))
            yield _line((f"{left:<{column}}{'':{GAP}}", "bold" if not row else ""), right)


def _glued(gate: str) -> str:
    """An operator stays with its number."""
    head, _, number = gate.rpartition(" ")
    return f"{head}{GLUE}{number}" if head else gate


def _cut(groups: Sequence[str], width: int, lines: int, dot: str) -> list[str]:
    """As many kinds as those lines hold, weakest first, and how many more there are."""
    from evalkit.report.terminal import wrap

    words = dot.join(groups)
    if len(wrap(words, width)) <= lines:
        return wrap(words, width)
    kinds = [
        (group.partition(" ")[0] if not place else "", kind)
        for group in groups
        for place, kind in enumerate(group.partition(" ")[2].split(", "))
    ]
    for kept in range(len(kinds) - 1, 0, -1):
        text = ""
        for strength, kind in kinds[:kept]:
            joint = dot if strength else ", "
            text += (joint if text else "") + (f"{strength} " if strength else "") + kind
        found = wrap(f"{text} +{len(kinds) - kept}", width)
        if len(found) <= lines:
            return found
    return wrap(words, width)[:lines]


def _escaped(found: Sensitivity, width: int) -> Iterator[Text]:
    top = percent(max(found.strengths))
    if found.uncaught:
        yield from _wrapped(f"nothing catches, even at {top}:", width, "bold")
        column = max(len(one.name) for one in found.uncaught) + GAP
        for one in found.uncaught:
            yield from _beside(one.name, f"{top} {one.what}", column, width)
    if found.unnoticed:
        yield from _labelled(UNNOTICED, ", ".join(one.name for one in found.unnoticed), width)
    if not found.uncaught and not found.unnoticed:
        yield _line(("nothing catches: ", "bold"), "no kind of damage that was tried")
    if found.dead:
        yield _line(("nothing can fail:", "bold red"))
        for gate in found.dead:
            yield from _wrapped(gate.gate, width, "red", indent=2)
            where = f"; {gate.origin}" if gate.origin else ""
            value = formatting.number(gate.value)
            yield from _wrapped(f"{value} on the references, and holds under all damage{where}", width, "dim", indent=4)
    else:
        yield _line(("nothing can fail: ", "bold"), "no gate of this suite")


def _labelled(label: str, text: str, width: int) -> Iterator[Text]:
    from evalkit.report.terminal import wrap

    for row, part in enumerate(wrap(f"{label}: {one_line(text)}", width - 2)):
        if row:
            yield _line(f"  {part}")
        else:
            head, rest = part[: len(label) + 1], part[len(label) + 1 :]
            yield _line((head, "bold"), rest)


def _beside(name: str, text: str, column: int, width: int) -> Iterator[Text]:
    from evalkit.report.terminal import wrap

    for row, part in enumerate(wrap(text, width - column - 2)):
        yield _line(f"  {name if not row else '':<{column}}", (part, "dim"))


def _wrapped(text: str, width: int, style: str, indent: int = 0) -> Iterator[Text]:
    from evalkit.report.terminal import wrap

    for part in wrap(one_line(text), width - indent):
        yield _line(" " * indent, (part, style))


def _line(*parts: str | tuple[str, str]) -> Text:
    from rich.text import Text

    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")


# --- Markdown ---------------------------------------------------------------------------------------------------------


def to_markdown(found: Sensitivity) -> str:
    return "\n".join(_markdown(found)) + "\n"


def _markdown(found: Sensitivity) -> Iterator[str]:
    from evalkit.report.markdown_text import code, text

    yield f"### {text(found.suite)}: {verdict(found)}\n"
    yield f"{setting(found)}.\n"
    for title, gates in (("Fail on the references", found.failing), ("Cannot be tested", found.untested)):
        if gates:
            yield f"**{title}:**\n"
            yield from (f"* {code(gate.gate)}: {_measured(gate)}{text(gate.reason)}" for gate in gates)
            yield ""
    tested = [gate for gate in found.gates if gate.caught and not gate.dead]
    if tested:
        yield "| gate | on the references | caught from |\n| --- | ---: | --- |"
        for gate in tested:
            yield f"| {code(gate.gate)} | {formatting.number(gate.value)} | {' · '.join(_groups(gate.caught))} |"
        yield ""
    if found.uncaught:
        yield f"**Nothing catches, even at {percent(max(found.strengths))}:**\n"
        yield from (f"* `{one.name}`: {one.what}" for one in found.uncaught)
        yield ""
    if found.unnoticed:
        yield f"**{UNNOTICED.capitalize()}:** " + ", ".join(f"`{one.name}`" for one in found.unnoticed) + ".\n"
    if found.dead:
        yield "**Nothing can fail:**\n"
        yield from (f"* {code(gate.gate)}: {formatting.number(gate.value)} on the references" for gate in found.dead)
        yield ""
    yield from (f"{meaning}.\n" for meaning in _legend(found.gates))
    yield from (f"> {text(warning)}" for warning in found.warnings)
