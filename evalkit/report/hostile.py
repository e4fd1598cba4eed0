"""Texts of models and datasets are hostile wherever they are shown: they hide, reorder, overwrite and run on for ever.

Escaping for a format (HTML, XML, Markdown) is that format's own business. Here is what all formats need: what cannot
be seen is made visible, and what is too long is shortened with a note of how much is missing.
"""

from __future__ import annotations

import json

LONGEST = 4000
"""Characters of one text that a report shows; the log in the report folder has all of them."""


def _visible_names() -> dict[int, str]:
    """Characters that act instead of being seen, and what is shown in their place."""
    names = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"}
    names[0x7F] = "␡"
    acting = [
        *range(0x80, 0xA0),  # C1 controls: some terminals obey them
        0xAD,  # soft hyphen
        0x34F,
        0x61C,
        *range(0x115F, 0x1161),
        *range(0x17B4, 0x17B6),
        *range(0x180B, 0x180F),
        *range(0x200B, 0x2010),  # zero width, marks of direction
        *range(0x2028, 0x202F),  # line and paragraph separators, embeddings, overrides
        *range(0x2060, 0x2070),  # joiners, isolates
        *range(0x13430, 0x13440),
        *range(0x1BCA0, 0x1BCA4),
        0x3164,
        *range(0xD800, 0xE000),  # lone surrogates: no encoding can write them
        0xFEFF,
        0xFFA0,
        *range(0xFFF0, 0xFFFC),
        0xFFFE,
        0xFFFF,
        *range(0x1D173, 0x1D17B),
        *range(0xE0000, 0xE01F0),  # tags and variation selectors that smuggle text
    ]
    names.update({code: f"⟨U+{code:04X}⟩" for code in acting})
    return names


_VISIBLE = _visible_names()
_IN_JSON = {code: "\\u007f" if code == 0x7F else json.dumps(chr(code))[1:-1] for code in _VISIBLE if code > 0x20}


def visible(text: str) -> str:
    """Every character that would act or hide becomes one that shows itself; lines and tabs stay."""
    return text.replace("\r\n", "\n").translate(_VISIBLE)


def json_escaped(text: str) -> str:
    """The same JSON, with what would act or hide written as its escape: files are shown with ``cat``."""
    return text.translate(_IN_JSON)


def one_line(text: str) -> str:
    """For cells and headings."""
    return visible(text).replace("\n", "↵").replace("\t", " ")


def shorten(text: str, most: int = LONGEST) -> str:
    """The beginning and the end of a text that is too long, and between them how much is not shown."""
    if len(text) <= most:
        return text
    head = most * 3 // 4
    tail = most - head
    return f"{text[:head]} […{len(text) - most:,} characters not shown…] {text[len(text) - tail :]}"


def shorten_end(text: str, most: int) -> str:
    """The beginning only, for one line."""
    return text if len(text) <= most else text[: most - 1] + "…"


def shown(text: str, most: int = LONGEST) -> str:
    """Shortened first, so that a text of a megabyte costs no more than what is shown of it."""
    return visible(shorten(text, most))
