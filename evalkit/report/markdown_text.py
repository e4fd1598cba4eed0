"""Texts of models and datasets in Markdown: they are read and do nothing.

They stand in fenced blocks whose fence is longer than any run of backticks inside, where no Markdown dialect looks for
links, images, mentions, HTML or issue numbers. The few that stand in a sentence or a table are escaped, and the
characters that make a mention or a reference are separated from the word behind them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from html import escape

from evalkit.report import formatting
from evalkit.report.hostile import one_line, shorten_end, shown

LONGEST_TEXT = 1500
LONGEST_CELL = 200
AROUND = 2
"""Lines that are the same on both sides, above and below one that is not."""
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


def text(raw: str) -> str:
    """A text in a sentence or cell: letters only, nothing that Markdown, HTML or a code host would act on."""
    written = _apart(raw).translate(ESCAPES).replace("::", ":\\:")
    return re.sub(r"^(\d*)([-.)])", r"\1\\\2", written)  # no list begins here


def html(raw: str) -> str:
    """A text inside ``summary``: there Markdown is not read, but code hosts still look for mentions."""
    return escape(_apart(raw)).replace("::", ":&#58;").replace("##[", "#&#35;[")


def _apart(raw: str) -> str:
    """Signs that make a mention, a reference, an address or, where a line begins, a command of GitLab's, are separated
    from the word behind them."""
    acting = r"([@#!$%&~^])(?=\w)|(:)(?=//)|\b((?i:www|GH))(?=[.-])|^/(?=\w)"
    return re.sub(acting, rf"\g<0>{APART}", one_line(raw).strip())


def code(raw: str) -> str:
    """A name in backticks, one backtick more than it holds; ``|`` would end a table's cell even there."""
    line = shorten_end(one_line(raw), LONGEST_CELL).replace("|", "¦").replace("##[", "##\\[")
    if not line.strip():
        return formatting.NONE
    ticks = "`" * (longest_run(line, "`") + 1)
    padding = " " if line[0] in "` " or line[-1] in "` " else ""
    return f"{ticks}{padding}{line}{padding}{ticks}"


def fence(raw: str) -> str:
    """A block that its content cannot leave."""
    return _fenced(shown(raw, LONGEST_TEXT), "text")


def difference(before: str, after: str) -> str:
    """What was said, and what is said now, line by line in a block that its content cannot leave: every line of a
    text has a sign in front of it."""
    return _fenced("\n".join(_difference(shown(before, LONGEST_TEXT), shown(after, LONGEST_TEXT))), "diff")


def _difference(before: str, after: str) -> Iterator[str]:
    was, now = before.split("\n"), after.split("\n")
    hunks = difflib.SequenceMatcher(None, was, now, autojunk=False).get_grouped_opcodes(AROUND)
    for number, hunk in enumerate(hunks):
        if number:
            yield "@@"
        for tag, begin, end, here, there in hunk:
            if tag == "equal":
                yield from (f" {line}" for line in was[begin:end])
            else:
                yield from (f"-{line}" for line in was[begin:end])
                yield from (f"+{line}" for line in now[here:there])


def _fenced(body: str, language: str) -> str:
    """Whoever prints a report into the log of GitHub Actions gives no command by it: a backslash stands in ``::`` where
    a line begins, and in ``##[`` anywhere. A sign that nobody sees would not do: .NET compares without them."""
    body = re.sub(r"^([^\S\n]*:)(?=:)|##(?=\[)", r"\g<0>\\", body, flags=re.MULTILINE)
    ticks = "`" * max(3, longest_run(body, "`") + 1)
    return f"{ticks}{language}\n{body}\n{ticks}\n"


def longest_run(body: str, character: str) -> int:
    return max((len(run) for run in re.findall(rf"{re.escape(character)}+", body)), default=0)
