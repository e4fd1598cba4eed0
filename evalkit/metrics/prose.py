"""What of a text is prose, and what is code, a table, a list or a heading: in Markdown, in HTML, and in plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from evalkit.metrics.markup import PREFORMATTED, as_markdown

SIGNATURE = "prose:evalkit.2"
_FENCE = re.compile(r"[^\S\n]{0,8}(```+|~~~+)")
_ITEM = re.compile(
    r"[^\S\n]*+(?:[-*+•‣–]|\(?\d{1,3}[.)]|[A-Za-z][)])[^\S\n]++(?P<rest>\S.*)"
    r"|[^\S\n]*+(?P<named>\*\*[^*\n]{1,80}(?::\*\*|\*\*:).*)"
)
_TABLE = re.compile(r"[^\S\n]*+\|.*|[^|\n]*+\|[^|\n]*+\|.*|[^\S\n]*+[^\t\n]++\t.*")
_SEPARATORS = ",;"
_FEWEST_CELLS = 3
_MOST_WORDS_OF_A_CELL = 4
_CELLS = "cells"
_VALUE = re.compile(r"\s*[-+$€£]?\d[\d.]*\s*[%€$]?\s*")
_RULE = re.compile(r"[-=*_|:+\s]{3,}")
_UNDERLINE = re.compile(r"[^\S\n]{0,3}(?:={3,}|-{3,})[^\S\n]*")
_HEADING = re.compile(r"[^\S\n]{0,3}(?:#{1,6}\s|\*\*[^*\n]{1,120}(?<![.!?:,;])\*\*[^\S\n]*$)")
_CODE = re.compile(
    r"""[^\S\n]*+(?:
    (?:def|class)\s+\w+\s*[(:{].* | (?:import|from)\s+[\w.]+(?:\s+import\s.*|\s*;?) | \#include\b.* | @\w+(?:\(.*)?
    | (?:const|let|var|int|float|double|char|bool|void|auto|public|private|static)\s+[\w<>\[\]*&\s]{1,60}[=(;].*
    | (?:if|for|while|elif|else|switch|try|except|catch)\b.{0,200}[{:] | return\b.{0,200};? | [\w.]{1,60}\(.{0,200}\);?
    | [\w.\[\]]{1,60}\s*[-+*/]?=\s*\S.* | </?[A-Za-z][^<>]{0,200}>.* | (?!.{0,300}[A-Za-z]{4})[^=\n]{1,100}=.{1,100}
    | (?:SELECT|INSERT|UPDATE|DELETE|CREATE|FROM|WHERE|HAVING|VALUES|(?:ORDER|GROUP)\ BY)\s.*
    | (?:(?:INNER|LEFT|RIGHT)\ )?JOIN\s.*
    | (?:sudo|apt|apt-get|pip3?|npm|npx|yarn|git|cd|mkdir|chmod|curl|wget|docker|python3|brew|conda)\s+\S.*(?<!\.)
    | (?:python|node|source|export|echo|make|cat)\s+[-\w./$"'=]+(?<!\.)
    | "[^"\n]{1,80}"\s*:\s*\S.* | [a-z_][\w-]{0,40}:(?:\s+\S{1,60})?(?<![.!?])
    | .{0,300}[;{}] | [(\[{] | [)\]}]+[;,]? | (?://|/\*|>>>|\$)\s.*
    )\s*""",
    re.VERBOSE,
)
_MATHS = re.compile(r"\$\$(?:(?!```)[^$]){0,2000}\$\$|\\\[[^\[\]]{0,2000}\\\]|\\\([^()]{0,500}\\\)")
_LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\]\([^()\s]{0,500}\)")
_ADDRESS = re.compile(r"https?://\S++")
_EMPHASIS = re.compile(r"\*\*|__|`")
_END = re.compile(r"[.!?][\"')\]]*\s*$")
_LONGEST_LINE = 2000
_FORMS = (
    (_HEADING.match, "heading"),
    (_RULE.fullmatch, "rule"),
    (_TABLE.fullmatch, "table"),
    (_ITEM.fullmatch, "item"),
    (_CODE.fullmatch, "code"),
)


@dataclass(frozen=True, slots=True)
class Parts:
    prose: str
    code: int
    """Lines in fences, and stretches of two lines or more that read like a program or a formula."""
    tables: int
    """Lines of tables."""
    items: int
    """Items of lists that are no sentences."""
    headings: int

    @property
    def mostly(self) -> str:
        """What most lines are that are not prose; empty where there are none."""
        counts = (("code", self.code), ("a table", self.tables), ("a list", self.items), ("headings", self.headings))
        name, count = max(counts, key=lambda each: each[1])
        return name if count else ""


def parts(text: str) -> Parts:
    """The prose of a text, and how many lines of each other kind there are.

    An item that ends as a sentence does is prose, without its mark; one that does not is a phrase, and left out: a row
    of phrases would read as one endless sentence. Links and emphasis lose their marks. A lone line that looks like
    code is prose. Plain prose comes back as it was.
    """
    counts = {"code": 0, "table": 0, "item": 0, "heading": 0}
    kept: list[str] = []
    for line, kind in _kinds(text):
        if kind in counts:
            counts[kind] += 1
            kept.append("")
        elif kind == "sentence":
            item = _ITEM.fullmatch(line)
            assert item is not None
            kept.append(item["rest"] or item["named"])
        elif kind == "prose":
            kept.append(line)
    prose = _EMPHASIS.sub("", _ADDRESS.sub("", _LINK.sub(r"\1", "\n".join(kept))))
    return Parts(prose, counts["code"], counts["table"], counts["item"], counts["heading"])


def _kinds(text: str) -> Iterator[tuple[str, str]]:
    """Lines with what each is: ``prose``, ``sentence`` (an item that is one), ``rule``, or what ``Parts`` counts."""
    lines = list(_unfenced(text))
    alone = [None if fenced else _kind(line) for line, fenced in lines]
    for place, (line, kind) in enumerate(zip((line for line, _ in lines), alone, strict=True)):
        if kind is None:
            yield line, "code" if line.strip() else "rule"
        elif kind == "code":
            near = alone[place - 1 : place] + alone[place + 1 : place + 2]
            yield line, kind if kind in near else "prose"
        elif kind.startswith(_CELLS):
            near = alone[place - 1 : place] + alone[place + 1 : place + 2]
            yield line, "table" if any(_same_table(kind, other) for other in near) else "prose"
        elif kind == "item" and _is_broken_off(line, lines[place - 1][0] if place else ""):
            yield line, "prose"
        elif kind == "item":
            yield line, "sentence" if _END.search(line) else kind
        elif kind == "prose" and line.strip() and place + 1 < len(lines) and _underlined(lines, place):
            yield line, "heading"
        else:
            yield line, kind


def _underlined(lines: list[tuple[str, bool]], place: int) -> bool:
    """A line of ``===`` follows, and nothing but an empty line stands before it."""
    first = place == 0 or not lines[place - 1][0].strip()
    return first and _UNDERLINE.fullmatch(lines[place + 1][0]) is not None


def _unfenced(text: str) -> Iterator[tuple[str, bool]]:
    """Lines, and whether each stands in a fence; the fences themselves are left out, and HTML reads as Markdown."""
    fence = ""
    for written in _MATHS.sub(" ", text.replace("\r\n", "\n")).split("\n"):
        for line in as_markdown(written).split("\n") if fence in {"", PREFORMATTED} else [written]:
            mark = _FENCE.match(line)
            if mark and (not fence or mark[1].startswith(fence)):
                fence = "" if fence else mark[1]
            else:
                yield line, bool(fence)


def _kind(line: str) -> str:
    if not line.strip() or len(line) > _LONGEST_LINE:
        return "prose"
    return next((kind for matches, kind in _FORMS if matches(line)), "") or _cells(line) or "prose"


def _cells(line: str) -> str:
    """``cells 3 ,``: it could be a row of a table of three values, of a few words each. With a ``!`` it surely looks
    so: a value is a number, or no space stands between. Empty for what ends as a sentence does."""
    if _END.search(line):
        return ""
    for separator in _SEPARATORS:
        cells = line.split(separator)
        if len(cells) >= _FEWEST_CELLS and all(0 < len(cell.split()) <= _MOST_WORDS_OF_A_CELL for cell in cells):
            sure = f"{separator} " not in line or any(_VALUE.fullmatch(cell) for cell in cells)
            return f"{_CELLS} {len(cells)} {separator}{'!' if sure else ''}"
    return ""


def _same_table(kind: str, other: str | None) -> bool:
    return other is not None and kind.rstrip("!") == other.rstrip("!") and "!" in kind + other


def _is_broken_off(line: str, before: str) -> bool:
    """A dash goes on with the line before it, rather than begin an item."""
    return line.lstrip().startswith("–") and before.strip() != "" and not before.rstrip().endswith((":", ".", "!", "?"))
