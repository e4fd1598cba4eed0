"""The form of a text, counted: bullets, highlights, placeholders, titles. Each in time linear in its length.

The definitions of what IFEval counts are those of its authors; where they used NLTK's tokenizer, rules stand in for it
here and say so.
"""

from __future__ import annotations

import re

_WORDS = re.compile(r"\w+")
_BULLET = re.compile(r"^[^\S\n]*+(?:\*[^*].*|-.*)$", re.MULTILINE)
_NUMBERED = re.compile(r"^[^\S\n]*+\d{1,4}[.)](?=\s)", re.MULTILINE)
_HIGHLIGHT = re.compile(r"\*[^\n*]*+\*")
_DOUBLE_HIGHLIGHT = re.compile(r"\*\*[^\n*]*+\*\*")

_TOKEN_BREAK = re.compile(
    r"\s+|\.{2,}|--+|[;@#$%&?!*\[\](){}<>\"“”„‘’«»`‒–—―]|:(?!\d)|,(?!\d)|(?<![^\W_])'(?=\w)|(?<=\w)'(?=\s|$)"
)
_CONTRACTION = re.compile(r"(?:n't|'(?:s|m|d|ll|re|ve))(?=$|[^\w])", re.IGNORECASE)


def plain_words(text: str) -> int:
    """Runs of letters, digits and underscores, as IFEval counts words: ``don't`` is two."""
    return sum(1 for _ in _WORDS.finditer(text))


def bullets(text: str) -> int:
    """Lines that begin with ``*`` (not ``**``) or with ``-``."""
    return sum(1 for _ in _BULLET.finditer(text))


def numbered(text: str) -> int:
    """Lines that begin with a number and ``.`` or ``)``."""
    return sum(1 for _ in _NUMBERED.finditer(text))


def highlights(text: str) -> int:
    """Stretches of a line between stars that are not empty. As IFEval has it, ``**bold**`` counts once."""
    single = sum(1 for found in _HIGHLIGHT.finditer(text) if found[0].strip("*").strip())
    return single + sum(1 for found in _DOUBLE_HIGHLIGHT.finditer(text) if found[0][2:-2].strip())


def placeholders(text: str) -> int:
    """Stretches of a line in square brackets."""
    count = 0
    for line in text.split("\n"):
        start = line.find("[")
        while start >= 0 and (end := line.find("]", start + 1)) >= 0:
            count += 1
            start = line.find("[", end + 1)
    return count


def has_title(text: str) -> bool:
    """A line holds something in double angular brackets."""
    for line in text.split("\n"):
        start, end = line.find("<<"), line.rfind(">>")
        if 0 <= start < end - 2 and line[start : end + 2].lstrip("<").rstrip(">").strip():
            return True
    return False


def paragraphs(text: str) -> int:
    """Stretches between empty lines."""
    return sum(1 for part in re.split(r"\n[^\S\n]*+\n", text) if part.strip())


def divided_paragraphs(text: str) -> int | None:
    """Stretches between the dividers ``***``; none where one of them, other than the first or last, is empty."""
    parts = text.split("***")
    count = len(parts)
    for place, part in enumerate(parts):
        if not part.strip():
            if place not in {0, len(parts) - 1}:
                return None
            count -= 1
    return count


def sections(text: str, marker: str) -> int:
    """Places where the marker stands before a number: ``Section 1``. Capitals count."""
    return sum(1 for _ in re.finditer(re.escape(marker) + r"\s?\d+", text)) if marker else 0


def occurrences(text: str, part: str) -> int:
    """How often a part stands in the text, inside words too, whatever the case."""
    return text.lower().count(part.lower()) if part else 0


def capital_words(text: str) -> int:
    """Tokens without a small letter, of those that have capitals: ``I``, ``NASA``, ``WELL-KNOWN``.

    Stands in for NLTK's word tokenizer: brackets, dashes and other marks part tokens, hyphens do not;
    ``DON'T`` is two.
    """
    count = 0
    for token in _TOKEN_BREAK.split(text):
        if not token or token.islower():
            continue
        contracted = _CONTRACTION.search(token)
        if contracted is None:
            count += token.isupper()
        else:
            count += token[: contracted.start()].isupper() + contracted[0].isupper()
    return count
