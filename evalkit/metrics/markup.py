"""HTML in a text, written as Markdown would: so that lists, tables, headings and code are told in either."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TAG = re.compile(
    r"</?(?P<name>table|thead|tbody|tr|td|th|ul|ol|li|dl|dt|dd|p|div|br|hr|h[1-6]|blockquote|section|article|html|body"
    r"|span|b|i|em|strong|u|s|small|sub|sup|a|code|pre|img)(?=[\s/>])[^<>]{0,300}>",
    re.IGNORECASE,
)
PREFORMATTED = "~~~~~~"
"""The fence that stands for ``<pre>``."""
_BLOCKS: Mapping[str, str] = {
    **dict.fromkeys(("table", "p", "div", "blockquote", "section", "article", "ul", "ol", "dl", "hr"), "\n\n"),
    **dict.fromkeys((f"h{level}" for level in range(1, 7)), "\n# "),
    **dict.fromkeys(("li", "dt", "dd"), "\n- "),
    **dict.fromkeys(("td", "th"), "| "),
    "tr": "\n| ",
    "br": "\n",
    "pre": f"\n{PREFORMATTED}\n",
}
_CLOSED: Mapping[str, str] = {
    **dict.fromkeys(("li", "dt", "dd", "tr"), "\n"),
    **dict.fromkeys(("p", "div", "table", "ul", "ol", *(f"h{level}" for level in range(1, 7))), "\n\n"),
    "td": " ",
    "th": " ",
    "pre": f"\n{PREFORMATTED}\n",
}


def as_markdown(text: str) -> str:
    """The text with HTML's blocks as lines that Markdown would read alike, and without its other tags."""
    return _TAG.sub(_written, text) if "<" in text and ">" in text else text


def _written(tag: re.Match[str]) -> str:
    return (_CLOSED if tag[0].startswith("</") else _BLOCKS).get(tag["name"].lower(), "")
