"""What a person sees when a run ends: first the answer, then why, then what to do. Nothing else scrolls by.

Every text goes into a ``rich.text.Text``, never into markup, with control characters made visible before.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from evalkit.report import errors, formatting, since, view
from evalkit.report.hostile import one_line, shorten_end
from evalkit.report.sections import SHADES, advice_of, title_and_sentence
from evalkit.report.trust import notes
from evalkit.report.window import ASCII, UNICODE, characters
from evalkit.results import Result

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.text import Text

MARKS = {"pass": "✓", "fail": "✗", "unsure": "~"}
PLAIN_MARKS = {"pass": "+", "fail": "x", "unsure": "~"}
STYLES = {"pass": "green", "fail": "bold red", "unsure": "yellow"}
DRAWINGS = (21, 17, 13)
"""Widths of the drawing, the widest that leaves room for the rest; names of gates wrap before it is given up."""
FOOT = 8
"""Width of the words in front of the last lines."""
GOES_ON = " \\"
LONGEST_GATE = 60
LEAST_GATE = 26
LEAST_REASON = 26
MOST_CHANGED = 3
PLAIN = str.maketrans(
    {"→": "->", "–": "-", "−": "-", "·": "|", "…": "...", "×": "x", "∞": "inf", "↵": "/", "⟨": "<", "⟩": ">"}
)


def show(result: Result, console: Console, *, report: str = "") -> None:
    """Print the verdict to a console, in what its width, colours and encoding can carry."""
    console.print(
        render(result, console_width=console.width, unicode=carries_unicode(console.encoding), report=report),
        soft_wrap=False,
        highlight=False,
        crop=False,
    )


def carries_unicode(encoding: str) -> bool:
    try:
        "✓├●┊–".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def render(
    result: Result, *, console_width: int = 80, colour: bool = True, unicode: bool = True, report: str = ""
) -> Group:
    """The whole verdict as lines of text, none wider than ``console_width`` but for a word of a command that is: cut or
    folded it could not be copied. Whoever prints it must not crop."""
    from rich.console import Group

    lines = [
        *_head(result, console_width),
        _blank(),
        *_gate_lines(result, console_width, unicode=unicode),
        *_fates(result, console_width),
        *_section_lines(result, console_width, unicode=unicode),
        _blank(),
        *_foot(result, console_width, report),
    ]
    return Group(*(_finish(line, colour=colour, unicode=unicode) for line in lines))


def _blank() -> Text:
    return _text("")


def _text(*parts: str | tuple[str, str], whole: bool = False) -> Text:
    from rich.text import Text

    return Text.assemble(*parts, no_wrap=True, overflow="ignore" if whole else "ellipsis")


def _finish(line: Text, *, colour: bool, unicode: bool) -> Text:
    """Without Unicode, what has no plain counterpart is written as an escape, so that printing cannot fail.

    An escape is longer than what it stands for: such a line is folded rather than cut.
    """
    from rich.text import Text

    if unicode and colour:
        return line
    whole = line.overflow == "ignore"
    finished = Text(no_wrap=unicode or whole, overflow=line.overflow if unicode or whole else "fold")
    for piece, style in _runs(line):
        plain = piece if unicode else piece.translate(PLAIN).encode("ascii", "backslashreplace").decode("ascii")
        finished.append(plain, style if colour else "")
    return finished


def _runs(line: Text) -> Iterator[tuple[str, str]]:
    """Pieces of one style each."""
    at = 0
    for span in sorted(line.spans):
        if span.start > at:
            yield line.plain[at : span.start], ""
        yield line.plain[span.start : span.end], str(span.style)
        at = span.end
    yield line.plain[at:], ""


def _head(result: Result, width: int) -> Iterator[Text]:
    from rich.cells import cell_len

    subject = view.subject(result)
    word = one_line(result.outcome.word + (view.as_far_as(result) if view.doubt(result) else "")).upper()
    style = f"bold {STYLES[view.outcome_shade(result)].removeprefix('bold ')}"
    gap = width - cell_len(subject) - cell_len(word)
    if gap >= 2:
        yield _text((subject, "bold"), " " * gap, (word, style))
    else:
        yield from (_text((line, "bold")) for line in wrap(subject, width))
        yield from (_text((line, style)) for line in wrap(word, width))
    yield from (_text(line) for line in wrap(one_line(result.outcome.reason), width))
    yield from (_text((line, "dim")) for line in wrap(view.effort(result), width))


def _gate_lines(result: Result, width: int, *, unicode: bool) -> Iterator[Text]:
    gates = [gate for gate in view.gates(result) if not gate.automatic or gate.status != "pass"]
    if not gates:
        return
    columns = _Columns.fitting(gates, width)
    yield columns.heading()
    for gate in gates:
        yield from columns.lines(gate, unicode=unicode)


class _Columns:
    """Widths of the gate table. A narrow terminal loses the drawing first; then the interval has a line of its own."""

    def __init__(self, gate: int, value: int, interval: int, *, drawing: int, reason: int, width: int) -> None:
        self.gate, self.value, self.interval = gate, value, interval
        self.drawing, self.reason, self.width = drawing, reason, width

    @classmethod
    def fitting(cls, gates: Sequence[view.GateView], width: int) -> _Columns:
        from rich.cells import cell_len

        name = min(max([4, *(cell_len(g.gate) for g in gates)]), LONGEST_GATE)
        value = max([5, *(cell_len(g.value) for g in gates)])
        interval = max([len("95% interval"), *(cell_len(_interval(g)) for g in gates)])
        fixed = 4 + 2 + value
        left = width - fixed - 2 - interval  # for names and drawing
        drawing = next((d for d in DRAWINGS if left - 2 - d >= name), 0)
        if not drawing and left - 2 - DRAWINGS[-1] >= LEAST_GATE:
            drawing = DRAWINGS[-1]
        if drawing:
            name = min(name, left - 2 - drawing)
        elif left >= min(name, LEAST_GATE):
            name = min(name, left)
        else:
            interval, name = 0, min(name, max(12, width - fixed))
        used = fixed + name + (2 + interval if interval else 0) + (2 + drawing if drawing else 0)
        reason = width - used - 2
        return cls(name, value, interval, drawing=drawing, reason=reason if reason >= LEAST_REASON else 0, width=width)

    def heading(self) -> Text:
        text = "    " + _pad("gate", self.gate) + "  " + _pad("value", self.value, right=True)
        if self.drawing:
            text += "  " + _pad("", self.drawing)
        if self.interval:
            text += "  " + _pad("95% interval", self.interval)
        return _text((text.rstrip(), "dim"))

    def lines(self, gate: view.GateView, *, unicode: bool) -> Iterator[Text]:
        mark = (MARKS if unicode else PLAIN_MARKS)[gate.shade]
        style = STYLES[gate.shade]
        reason = _reason(gate)
        head, _, number = gate.gate.rpartition(" ")
        glued = f"{head}\u00a0{number}"  # an operator stays with its number
        names = [line.replace("\u00a0", " ") for line in wrap(glued, self.gate)]
        parts: list[str | tuple[str, str]] = [("  " + mark + " ", style), _pad(names[0], self.gate), "  "]
        parts.append((_pad(gate.value, self.value, right=True), style))
        if self.drawing:
            drawn = characters(gate.picture, self.drawing, UNICODE if unicode else ASCII) if gate.picture else ""
            parts += ["  ", (_pad(drawn, self.drawing), style)]
        if self.interval:
            parts += ["  ", _pad(_interval(gate), self.interval)]
        beside = wrap(reason, self.reason) if self.reason and reason else []
        if beside:
            parts += ["  ", beside[0]]
        line = _text(*parts)
        line.rstrip()
        yield line
        indent = self.width - self.reason
        for row in range(1, max(len(names), len(beside))):
            left = "    " + (names[row] if row < len(names) else "")
            yield _text((_pad(left, indent) + (beside[row] if row < len(beside) else "")).rstrip())
        if not self.interval and _interval(gate):
            between = f"{gate.confidence} interval {_interval(gate)}"
            yield from (_text(("      " + line, "dim")) for line in wrap(between, self.width - 6))
        if reason and not beside:
            yield from (_text(("      " + line, "dim")) for line in wrap(reason, self.width - 6))


def _interval(gate: view.GateView) -> str:
    return "" if gate.interval == formatting.NONE else gate.interval


def _reason(gate: view.GateView) -> str:
    """A gate that passed by its interval has nothing to explain."""
    if gate.status == "pass":
        return gate.brief if gate.picture and gate.confidence else gate.reason
    if gate.status == "fail":
        return gate.brief
    return f"{gate.status}: {gate.brief}"


def _fates(result: Result, width: int) -> Iterator[Text]:
    if view.asks_no_model(result):
        return
    unscored, errored, reasons = view.fates(result)
    quiet = sum(gate.automatic and gate.status == "pass" for gate in view.gates(result))
    line = f"{formatting.count(quiet, 'automatic gate')} passed; " if quiet else ""
    line += f"cases: {unscored:,} unscored, {formatting.count(errored, 'error')}"
    why = formatting.reasons({shorten_end(reason, 100): times for reason, times in reasons.items()})
    line += f" ({why})" if why else ""
    style = STYLES["unsure"] if errored else "dim"
    yield from (_text(("    " + part, style)) for part in wrap(line, width - 4))
    for group in errors.groups(result):
        yield from _hanging(f"{group.many}: {group.name} ({group.retried}): {group.words}", width, STYLES["unsure"])
        yield from _hanging(f"{group.cause} {group.recommendation}", width, "", more=2)


def _hanging(text: str, width: int, style: str, more: int = 0) -> Iterator[Text]:
    indent = " " * (4 + more)
    yield from (_text((indent + part, style)) for part in wrap(text, width - len(indent)))


def _section_lines(result: Result, width: int, *, unicode: bool) -> Iterator[Text]:
    """A sentence of each, and what follows from it; tables and pictures are for the page."""
    marks = MARKS if unicode else PLAIN_MARKS
    for section in result.sections:
        shade = SHADES.get(section.state, "")
        title, sentence = title_and_sentence(section)
        yield _blank()
        mark = f"  {marks[shade]} " if shade in marks else "    "
        yield _text((mark, STYLES.get(shade, "")), (shorten_end(title, width - 4), "bold"))
        yield from (_text("    " + line) for line in wrap(sentence, width - 4))
        for advice in advice_of(section):
            first, *others = wrap(f"{advice.text} ({advice.because})", width - 6)
            yield _text(("    - ", "dim"), first)
            yield from (_text("      " + line) for line in others)


def _foot(result: Result, width: int, report: str) -> Iterator[Text]:
    rows: list[tuple[str, str, str]] = [("warn", notice, STYLES["unsure"]) for notice in _few(view.notices(result), 5)]
    rows += [(note.label, note.text, "") for note in notes(result, brief=True)]
    rows += [("changed", said, "") for said in _changed(result)]
    if worst := view.worst_slices(result):
        listed = " · ".join(f"{name} {value}" for name, value in worst)
        rows.append(("worst", f"slices {view.WORST_OF}: {listed}", ""))
    if report:
        rows.append(("report", one_line(report), ""))
    for label, text, style in rows:
        lines = [line.replace("\u00a0", " ") for line in wrap(_glued(text), width - FOOT)]
        yield from _labelled(label, lines, style)
    if result.reproduce:
        yield from _labelled("again", command_lines(one_line(result.reproduce), width - FOOT), whole=True)


def _labelled(label: str, lines: Iterable[str], style: str = "", *, whole: bool = False) -> Iterator[Text]:
    for row, line in enumerate(lines):
        yield _text((f"{label if row == 0 else '':<{FOOT}}", "dim"), (line, style), whole=whole)


def command_lines(command: str, width: int) -> list[str]:
    """Lines that a shell takes for the one command, copied as they stand: broken between words alone, and an option
    stays with its value."""
    from rich.cells import cell_len

    try:
        words = [shlex.quote(word) for word in shlex.split(command)]
    except ValueError:  # nothing that a shell was meant to read
        return wrap(command, width)
    for at in range(len(words) - 1, 0, -1):
        if words[at - 1].startswith("--") and not words[at].startswith("-"):
            words[at - 1 : at + 1] = [f"{words[at - 1]} {words[at]}"]
    lines = [""]
    for word in words:
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and cell_len(joined) + len(GOES_ON) > width:
            lines.append(word)
        else:
            lines[-1] = joined
    return [*(line + GOES_ON for line in lines[:-1]), lines[-1]]


def _changed(result: Result) -> Iterator[str]:
    """How many metrics and cases went otherwise than in the baseline, and the metrics that are surely worse."""
    if cases := since.cases_sentence(result):
        yield cases
    if metrics := since.metrics_sentence(result):
        worse = [row for row in since.rows(result) if row.conclusion == "worse"]
        told = [f"{row.name} {row.baseline} → {row.value} ({row.interval})" for row in worse[:MOST_CHANGED]]
        left = len(worse) - len(told)
        told += [f"and {left:,} more"] if left > 0 else []
        yield f"{metrics}: {' · '.join(told)}" if told else metrics


def _glued(text: str) -> str:
    """A p-value stays in one line."""
    return re.sub(r"\bp ([<=]) (?=\d)", "p\u00a0\\1\u00a0", text)


def _few(lines: Sequence[str], most: int) -> list[str]:
    left = len(lines) - most
    return [*lines[:most], *([f"{formatting.count(left, 'more warning')} in the report"] if left > 0 else [])]


def _pad(text: str, width: int, *, right: bool = False) -> str:
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) > width:
        return set_cell_size(text, max(width - 1, 0)) + "…" if width else ""
    padding = " " * (width - cell_len(text))
    return padding + text if right else text + padding


def wrap(text: str, width: int) -> list[str]:
    """Lines no wider than ``width`` cells, broken at spaces where possible, inside a word where not."""
    from rich.cells import cell_len

    width = max(width, 8)
    lines = [""]
    for word in text.split(" "):
        for piece in _pieces(word, width):
            joined = f"{lines[-1]} {piece}" if lines[-1] else piece
            if cell_len(joined) <= width:
                lines[-1] = joined
            else:
                lines.append(piece)
    return lines


def _pieces(word: str, width: int) -> list[str]:
    """A word too long for a line, cut behind a sign that joins its parts where there is one."""
    from rich.cells import cell_len, chop_cells

    pieces: list[str] = []
    while cell_len(word) > width:
        piece = chop_cells(word, width)[0]
        joint = max(piece.rfind(sign) for sign in "._/[,") + 1
        piece = piece[:joint] if joint > len(piece) // 2 else piece
        pieces.append(piece)
        word = word[len(piece) :]
    return [*pieces, word]
