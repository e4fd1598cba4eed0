"""Live progress: a few lines that move in a terminal, a plain line every ten seconds anywhere else."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from evalkit.cli.saying import inert
from evalkit.report import formatting, so_far
from evalkit.report.hostile import one_line
from evalkit.runner.ending import SAID, say_on_standard_error
from evalkit.runner.so_far import SoFar
from evalkit.runner.stopping import Decided
from evalkit.runner.under_way import ASKING, DECIDING, LOADING, Progress

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.text import Text

SECONDS_BETWEEN_LINES = 10.0
LEAST_WAIT = 0.5
"""Seconds, between two looks at whether a plain line is due."""
REFRESHES = 4
"""Of the moving lines, a second: the model needs the processor more."""
MOST_GATES = 8
GETTING_READY = "getting ready"
OF_CASES = frozenset({ASKING, DECIDING})
"""Stages in which cases are counted."""
BAR = range(10, 41)
"""Cells of the bar; where the narrowest leaves no room for the facts, they get lines of their own."""
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
PLAIN_SPINNER = "|/-\\"


class Showing(NamedTuple):
    progress: Callable[[Progress], None]
    ending: Callable[[], None] = say_on_standard_error
    """That the run ends in order; called by a handler of signals."""


@contextmanager
def showing_progress(*, quiet: bool) -> Iterator[Showing]:
    """On standard error, so that standard output stays a result."""
    if quiet:
        yield Showing(lambda _: None)
    elif _can_move():
        with _moving_lines() as board:
            yield Showing(board.show, board.end)
    else:
        with _plain_lines() as show:
            yield Showing(show)


def _can_move() -> bool:
    """CI services keep what was written, whatever stands there in for a terminal."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not in_ci()


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}


def _counts_cases(progress: Progress) -> bool:
    """A mode counts its own things in what it does beside the run."""
    return progress.stage in OF_CASES or progress.stage.startswith(LOADING)


def _facts(progress: Progress, *, short: bool = False) -> list[str]:
    facts = [
        f"{int(progress.done):,}/{progress.cases:,}" + ("" if short or not _counts_cases(progress) else " cases"),
        f"{progress.speed:,.0f} tokens/s" if progress.speed is not None else "",
        progress.traffic,
        so_far.time_left(progress.left, at_most=bool(progress.decided)),
        f"{len(progress.decided)} of {formatting.count(progress.gates, 'gate')} decided" if progress.decided else "",
    ]
    return [one_line(fact) for fact in facts if fact]


def _standing(progress: Progress) -> str:
    """Of the gates that are not decided, in a few words."""
    holding = sum(one.holds for one in progress.so_far)
    others = "other " if progress.decided else ""
    return f"{holding} of {len(progress.so_far)} {others}gates hold so far" if progress.so_far else ""


# --- in a terminal ----------------------------------------------------------------------------------------------------


@contextmanager
def _moving_lines() -> Iterator[Board]:
    from rich.console import Console
    from rich.live import Live

    board = Board()
    with Live(board, console=Console(stderr=True), transient=True, refresh_per_second=REFRESHES):
        yield board


class Board:
    """What moves. Showing only takes note: the lines are made when the terminal is drawn again."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._ends = False

    def show(self, progress: Progress) -> None:
        self._progress = progress

    def end(self) -> None:
        self._ends = True

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        from evalkit.report.terminal import carries_unicode

        unicode = carries_unicode(options.encoding)
        frames = SPINNER if unicode else PLAIN_SPINNER
        frame = frames[int(time.monotonic() * REFRESHES) % len(frames)]
        yield from board_lines(
            self._progress,
            width=options.max_width,
            height=console.size.height,
            frame=frame,
            unicode=unicode,
        )
        if self._ends:
            from rich.text import Text

            yield Text(SAID[:1].upper() + SAID[1:] + ".", "yellow")


def board_lines(progress: Progress | None, *, width: int, height: int, frame: str, unicode: bool) -> Iterator[Text]:
    """What runs, how far it is, and the gates that are decided; no line wider than ``width``."""
    from rich.text import Text

    if progress is None:
        yield Text.assemble((frame, "cyan"), " ", GETTING_READY)
        return
    yield Text.assemble((frame, "cyan"), " ", _title(progress, width - 2, unicode=unicode))
    lines = list(_how_far(progress, width, unicode=unicode))
    yield from lines
    most = min(MOST_GATES, height - 3 - len(lines))
    yield from _gate_lines(progress, most, width, unicode=unicode)


def _title(progress: Progress, width: int, *, unicode: bool) -> str:
    """The model's name goes first where there is no room for both, then the end of the suite's."""
    from rich.cells import cell_len

    suite, stage = one_line(progress.suite), one_line(progress.stage)
    stage = _cut(stage, width - 12, unicode=unicode)
    whole = f"{suite} on {one_line(progress.model)}: {stage}"
    if cell_len(whole) <= width and progress.model not in stage:
        return whole
    return f"{_cut(suite, width - cell_len(stage) - 2, unicode=unicode)}: {stage}"


def _how_far(progress: Progress, width: int, *, unicode: bool) -> Iterator[Text]:
    from rich.cells import cell_len
    from rich.text import Text

    from evalkit.report.terminal import wrap

    share = progress.done / progress.cases if progress.cases else 0.0
    facts = "  ".join(_facts(progress))
    room = width - cell_len(facts) - 4
    if room >= BAR[0]:
        yield Text.assemble("  ", _bar(share, min(room, BAR[-1]), unicode=unicode), "  ", facts)
        return
    cases, *others = _facts(progress, short=True)
    room = width - cell_len(cases) - 4
    yield Text.assemble("  ", _bar(share, min(max(room, 1), BAR[-1]), unicode=unicode), "  ", cases)
    if others:
        yield from (Text("  " + line) for line in wrap(", ".join(others), width - 2))


def _bar(share: float, width: int, *, unicode: bool) -> Text:
    """Its two parts differ in form as well as in colour."""
    from rich.text import Text

    full, empty = ("━", "─") if unicode else ("#", ".")
    done = int(min(max(share, 0.0), 1.0) * width)
    return Text.assemble((full * done, "cyan"), (empty * (width - done), "dim"))


def _gate_lines(progress: Progress, most: int, width: int, *, unicode: bool) -> Iterator[Text]:
    """Those that are decided, then how the others stand, the ones that miss first. Where there is no room for all:
    the last decided, the first of the others, and how many there are besides."""
    from rich.text import Text

    decided, others = progress.decided, sorted(progress.so_far, key=lambda one: one.holds)
    if most < 1 or not (decided or others):
        return
    room = most if len(decided) + len(others) <= most else most - 1
    last = min(len(decided), max(room - len(others), (room + 1) // 2))
    first = min(len(others), room - last)
    for one in decided[len(decided) - last :]:
        yield _decided_line(one, width, unicode=unicode)
    for stand in others[:first]:
        yield _so_far_line(stand, width, unicode=unicode)
    if left := len(decided) + len(others) - last - first:
        yield Text(f"  and {formatting.count(left, 'more gate')}"[:width], "dim")


def _decided_line(one: Decided, width: int, *, unicode: bool) -> Text:
    from rich.text import Text

    from evalkit.report.terminal import MARKS, PLAIN_MARKS, STYLES

    mark = (MARKS if unicode else PLAIN_MARKS)[str(one.word)]
    after = f" after {formatting.count(one.cases, 'case')}"
    if len(after) > width // 2:
        after = f" after {one.cases:,}"
    name = _cut(one_line(one.gate), width - 4 - len(after), unicode=unicode)
    return Text.assemble((f"  {mark} ", STYLES[str(one.word)]), name, (after, "dim"))


def _so_far_line(one: SoFar, width: int, *, unicode: bool) -> Text:
    """Nothing is decided by it: it has no mark of a verdict."""
    from rich.text import Text

    from evalkit.report.terminal import PLAIN

    value = one_line(so_far.standing(one.value, one.unit, difference=one.difference))
    if not unicode:
        value = value.translate(PLAIN).encode("ascii", "backslashreplace").decode("ascii")
    verb = so_far.verb(holds=one.holds)
    cases = formatting.count(one.cases, "case")
    tails = (f" {verb}: {value} after {cases}", f" {verb}: {value}", f" {verb.partition(' ')[0]}: {value}")
    tail = next((tail for tail in tails if len(tail) <= width // 2), tails[-1][: width // 2])
    name = _cut(one_line(one.gate), width - 4 - len(tail), unicode=unicode)
    return Text.assemble(("  · " if unicode else "  . ", "dim"), name, (tail, "dim" if one.holds else "yellow"))


def _cut(text: str, width: int, *, unicode: bool) -> str:
    from rich.cells import cell_len, set_cell_size

    end = "…" if unicode else "..."
    return text if cell_len(text) <= width else set_cell_size(text, max(width - len(end), 0)) + end


# --- anywhere else ----------------------------------------------------------------------------------------------------


@contextmanager
def _plain_lines() -> Iterator[Callable[[Progress], None]]:
    lines, ended = PlainLines(), threading.Event()
    watching = threading.Thread(target=lines.watch, args=(ended,), name="progress lines", daemon=True)
    watching.start()
    try:
        yield lines.show
    finally:
        ended.set()
        watching.join()
        lines.end()


class PlainLines:
    """A line when one is due, and one for every gate when it is decided. A model that is silent is said to be: who
    waits for the lines, CI services among them, takes silence for the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._progress: Progress | None = None
        self._told: set[str] = set()
        self._any = False
        self._began = self._heard = self._printed = time.monotonic()

    def show(self, progress: Progress) -> None:
        with self._lock:
            self._heard = time.monotonic()
            self._progress = progress
            for one in progress.decided:
                if one.gate not in self._told:
                    self._told.add(one.gate)
                    cases = formatting.count(one.cases, "case")
                    _print(f"{progress.suite}: {str(one.word).upper()} {one.gate}, decided after {cases}")
            self._print_if_due()

    def watch(self, ended: threading.Event) -> None:
        while not ended.wait(max(self._printed + SECONDS_BETWEEN_LINES - time.monotonic(), LEAST_WAIT)):
            with self._lock:
                self._print_if_due()

    def end(self) -> None:
        """Where it stood at last, for whoever read where it stood before; a short run has its outcome only."""
        with self._lock:
            if self._any and self._progress is not None:
                self._print_standing(time.monotonic())

    def _print_if_due(self) -> None:
        now = time.monotonic()
        if now - self._printed < SECONDS_BETWEEN_LINES:
            return
        self._printed, self._any = now, True
        self._print_standing(now)

    def _print_standing(self, now: float) -> None:
        progress = self._progress
        if progress is None:
            _print(f"{GETTING_READY}, {formatting.duration(now - self._began)} so far")
            return
        so_far = formatting.duration(progress.seconds + now - self._heard)
        if progress.stage.startswith(LOADING):
            _print(f"{progress.suite}: {progress.stage}, {so_far} so far")
            return
        if not _counts_cases(progress):
            _print(f"{progress.suite}: {progress.stage}, {int(progress.done):,} of {progress.cases:,}, {so_far} so far")
            return
        share = f"{int(100 * progress.done / progress.cases)}%" if progress.cases else ""
        cases, *facts = _facts(progress)
        facts.append(_standing(progress))
        named = f"{progress.suite} on {progress.model}"
        _print(f"{named}: " + ", ".join(part for part in (cases, share, *facts, f"{so_far} so far") if part))


def _print(line: str) -> None:
    """Whoever read these lines may have gone: the run goes on."""
    with suppress(OSError, ValueError):
        print(inert(one_line(line)), file=sys.stderr, flush=True)
