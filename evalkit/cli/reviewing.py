"""A person at the keyboard, or a script on standard input, and one item after the other."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import Any

import click

from evalkit.errors import Interrupted
from evalkit.report.hostile import LONGEST, one_line, shown
from evalkit.results import Exchange
from evalkit.runner import review
from evalkit.runner.review import ReviewItem
from evalkit.runner.review_standing import Queue
from evalkit.runner.revise import revise
from evalkit.store import Store

MOST_EXCHANGES = 8
MOST_REFERENCES = 3
LONGEST_PROMPT = 1500
NARROWEST = 20
LEFT = "interrupted; everything said so far is kept"
QUIT = "q"
COMMANDS = frozenset({"s", "u", "n", QUIT})
HELP = "s skip   u undo   n note   q quit"


class Session:
    """Whatever is said is kept before the next item is shown: leaving at any moment loses nothing."""

    def __init__(self, store: Store, queue: Queue, reviewer: str, *, with_skipped: bool = False) -> None:
        self._store = store
        self._queue = queue
        self._reviewer = reviewer
        self._with_skipped = with_skipped
        self._by_keys = sys.stdin.isatty() and sys.stdout.isatty()
        self._seen: set[int] = set()
        """Of the skipped ones that are shown once more: each comes once."""

    def go(self) -> None:
        revise(self._store, self._queue.run_id)  # what was said last before a kill may not have been taken in
        while (position := self._next()) is not None:
            item = review.item(self._store, self._queue, position, reviewer=self._reviewer)
            self._show(item)
            if not self._answered(item):
                break
        self._say(self._progress())

    def _next(self) -> int | None:
        now = review.standing(self._store, self._queue)
        waiting = review.waiting_for(now, self._reviewer, skipped=self._with_skipped)
        return next((position for position in waiting if position not in self._seen), None)

    def _progress(self) -> str:
        now = review.standing(self._store, self._queue)
        left = len(list(review.waiting_for(now, self._reviewer)))
        said = f"{self._queue.name}: {now.reviewed:,} of {len(self._queue.cases):,} reviewed"
        skipped = f", {now.skipped:,} skipped" if now.skipped else ""
        return f"{said}{skipped}, {f'{left:,}' if left else 'none'} left for {self._reviewer}"

    # --- what is said -------------------------------------------------------------------------------------------------

    def _answered(self, item: ReviewItem) -> bool:
        """Until this item has a label or a skip, or another one is asked for; false: the person leaves."""
        labels = list(self._queue.labels)
        while True:
            if (read := self._read()) is None:
                return False
            said, rest = read
            if not rest and self._is_label(said):
                return self._labelled(item, said)
            if said == QUIT:
                return False
            if said == "u":
                self._undo()
                return True
            if said == "n":
                self._note(item, rest)
                continue
            if said == "s":
                review.skip(self._store, self._queue, item.case, self._reviewer)
                self._seen.add(item.position)
                self._say(f"skipped; {self._progress()}")
                return True
            chosen = _label(said, labels)
            if chosen is None:
                self._say(f"1 to {len(labels)} for a label, or {HELP}")
                continue
            return self._labelled(item, chosen)

    def _is_label(self, said: str) -> bool:
        """A line that is a label means the label, also where a key of that name means something else."""
        return not self._by_keys and said in self._queue.labels

    def _labelled(self, item: ReviewItem, chosen: str) -> bool:
        review.label(self._store, self._queue, item.case, self._reviewer, chosen)
        self._seen.discard(item.position)
        self._say(f"{chosen}; {self._progress()}")
        return True

    def _undo(self) -> None:
        case = review.undo(self._store, self._queue, self._reviewer)
        if case is not None:
            self._seen.discard(self._queue.cases.index(case))
        self._say("there is nothing to undo" if case is None else f"withdrawn; {self._progress()}")

    def _note(self, item: ReviewItem, text: str) -> None:
        if self._by_keys:
            try:
                text = click.prompt("note", default=item.mine.note, show_default=False)
            except click.Abort as error:
                raise Interrupted(LEFT) from error
        if text.strip():
            review.note(self._store, self._queue, item.case, self._reviewer, text.strip())
            self._say("noted")
        elif not self._by_keys:
            self._say("a note stands behind the n: n TEXT")

    def _read(self) -> tuple[str, str] | None:
        """A key, or the first word of a line and the rest of it; none at the end of the input."""
        if self._by_keys:
            click.echo("> ", nl=False)
            try:
                key = click.getchar()
            except (EOFError, KeyboardInterrupt) as error:
                if isinstance(error, KeyboardInterrupt):
                    raise Interrupted(LEFT) from error
                return None
            click.echo(key if key.isprintable() else "")
            return ("" if key in {"\r", "\n"} else key.lower() if key.isascii() else key), ""
        line = sys.stdin.readline()
        if not line:
            return None
        word, _, rest = line.strip().partition(" ")
        return (word, rest) if word in COMMANDS else (line.strip(), "")

    # --- what is shown ------------------------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        click.echo(one_line(text))
        sys.stdout.flush()

    def _show(self, item: ReviewItem) -> None:
        for line in shown_item(item, shutil.get_terminal_size((100, 24)).columns):
            click.echo(line)
        sys.stdout.flush()


def _label(said: str, labels: Sequence[str]) -> str | None:
    if said.isdecimal() and 1 <= int(said) <= len(labels):
        return labels[int(said) - 1]
    return said if said in labels else None


def shown_item(item: ReviewItem, width: int) -> Iterator[str]:
    """Texts of models and datasets are shown, never obeyed."""
    queue, width = item.queue, max(width, NARROWEST)
    head = f"{queue.name}, item {item.position + 1:,} of {len(queue.cases):,}"
    yield ""
    yield _styled(_wrapped(one_line(head if queue.blind else f"{head}  {item.case}"), width, "", "  "), bold=True)
    if item.model:
        yield _styled(_wrapped(one_line(item.model), width, "", "  "), dim=True)
    shared = len({exchange.references for exchange in item.exchanges}) == 1
    for number, exchange in enumerate(item.exchanges[:MOST_EXCHANGES], 1):
        yield from _exchange(exchange, str(number) if len(item.exchanges) > 1 else "", width)
        if not shared:
            yield from _references(exchange, str(number), width)
    if shared:
        yield from _references(item.exchanges[0], "", width)
    if len(item.exchanges) > MOST_EXCHANGES:
        yield f"and {len(item.exchanges) - MOST_EXCHANGES} more answers"
    for name, value in item.score.items():
        yield _styled(_wrapped(one_line(f"{name}: {str(value)[:200]}"), width, "", "  "), dim=True)
    yield ""
    yield fill(one_line(f"{item.position + 1}/{len(queue.cases)}  {queue.question}"), width)
    longest = max(map(len, queue.labels))
    for number, (label, meaning) in enumerate(queue.labels.items(), 1):
        marked = "*" if label == item.mine.label else " "
        told = one_line(f"{marked} {number} {label:<{longest}}  {meaning}").rstrip()
        yield _wrapped(told, width, "", " " * min(longest + 6, width // 2))
    if item.mine.note:
        yield _styled(_wrapped(one_line(f"  your note: {item.mine.note}"), width, "", "  "), dim=True)
    yield _styled(_wrapped(HELP, width, "  ", "  "), dim=True)


def _exchange(exchange: Exchange, number: str, width: int) -> Iterator[str]:
    for message in exchange.messages:
        yield _styled(one_line(f"{number} {message.role}".strip()), fg="cyan")
        yield _indented(shown(message.content, LONGEST_PROMPT), width)
    yield _styled(f"{number} answer".strip(), fg="cyan")
    yield _indented(shown(exchange.answer, LONGEST), width) if exchange.answer else "  (empty)"
    if exchange.error:
        yield _indented(shown(exchange.error, 500), width)


def _references(exchange: Exchange, number: str, width: int) -> Iterator[str]:
    for reference in exchange.references[:MOST_REFERENCES]:
        yield _styled(f"{number} reference".strip(), fg="cyan")
        yield _indented(shown(reference, 500), width)


def _indented(text: str, width: int) -> str:
    return "\n".join(_wrapped(line, width, "  ", "  ") for line in text.split("\n"))


def _wrapped(line: str, width: int, first: str, further: str) -> str:
    """Lines that fit are left as they are, with all their blanks."""
    if len(first) + len(line) <= width:
        return f"{first}{line}"
    return fill(line, width, initial_indent=first, subsequent_indent=further, replace_whitespace=False)


def _styled(text: str, **style: Any) -> str:
    """https://no-color.org"""
    return text if os.environ.get("NO_COLOR") else click.style(text, **style)
