"""Keep what a model thinks apart from what it answers. Pure text, shared by local models and endpoints."""

from __future__ import annotations

import re

TAGS = ("think", "thinking", "thought", "reasoning", "THINK")

_NAMES = "|".join(TAGS)
_OPEN = re.compile(rf"<({_NAMES})>|\[(THINK)\]")
_CLOSE = re.compile(rf"</({_NAMES})>|\[/(THINK)\]")


def split_reasoning(text: str, *, opened: bool = False) -> tuple[str, str]:
    """``(answer, reasoning)`` of what a model wrote.

    * A block counts where it starts the text, starts a line, or follows another block: an answer that merely mentions
      ``<think>`` inside a sentence stays whole.
    * A block that is never closed (the model ran into its limit while thinking) is reasoning to the end; the answer
      is then what came before, often empty.
    * ``opened`` says that the prompt itself ended inside a block, as some chat templates do; the text then begins as
      reasoning. A closing tag before any opening one, at the
      edge of a line, means the same.
    * Text without any block is returned unchanged, white space included.
    """
    answer: list[str] = []
    reasoning: list[str] = []
    position = 0
    first_close, first_open = _CLOSE.search(text), _OPEN.search(text)
    orphan = first_close is not None and (first_open is None or first_close.start() < first_open.start())
    if opened or (orphan and first_close is not None and _at_line_edge(text, first_close)):
        position = _take_block(text, 0, reasoning)
    while (block := _next_block(text, position, at_start=not "".join(answer).strip())) is not None:
        answer.append(text[position : block.start()])
        position = _take_block(text, block.end(), reasoning)
    if not reasoning and position == 0:
        return text, ""
    answer.append(text[position:])
    return "".join(answer).strip(), "\n\n".join(part for part in reasoning if part)


def _at_line_edge(text: str, tag: re.Match[str]) -> bool:
    before = text[: tag.start()].rpartition("\n")[2]
    after = text[tag.end() :].partition("\n")[0]
    return not before.strip() or not after.strip()


def _take_block(text: str, start: int, reasoning: list[str]) -> int:
    """Keep a block's inside; the position after its end."""
    close = _CLOSE.search(text, start)
    inside = text[start : close.start()] if close else text[start:]
    reasoning.append(inside.strip())
    return close.end() if close else len(text)


def _next_block(text: str, position: int, *, at_start: bool) -> re.Match[str] | None:
    for match in _OPEN.finditer(text, position):
        before = text[position : match.start()]
        line = before.rpartition("\n")[2]
        starts_line = "\n" in before and not line.strip()
        if starts_line or (not before.strip() and (at_start or position > 0)):
            return match
    return None


def opens_reasoning(prompt: str) -> bool:
    """Whether a rendered prompt ends inside a block, so that the model continues thinking."""
    matches = list(_OPEN.finditer(prompt[-40:].rstrip()))
    return bool(matches) and matches[-1].end() == len(prompt[-40:].rstrip())
