"""Live progress: one line that moves in a terminal, a plain line every ten seconds anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from evalkit.runner.execute import Progress

SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def showing_progress(*, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        with _moving_line() as show:
            yield show
    else:
        yield _plain_lines()


@contextmanager
def _moving_line() -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[cases]}"),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("loading", total=None, cases="", rate="")

        def show(progress: Progress) -> None:
            bar.update(
                task,
                description=f"{progress.suite} on {progress.model}: {progress.stage}",
                total=progress.cases,
                completed=progress.done,
                cases=f"{progress.done:,.0f}/{progress.cases:,} cases",
                rate=_rate(progress),
            )

        yield show


def _plain_lines() -> Callable[[Progress], None]:
    shown_at = time.monotonic()

    def show(progress: Progress) -> None:
        nonlocal shown_at
        if time.monotonic() - shown_at < SECONDS_BETWEEN_LINES:
            return
        shown_at = time.monotonic()
        parts = [
            f"{progress.suite}: {progress.done:,.0f}/{progress.cases:,} cases",
            f"{progress.tally.asked} asked",
            f"{progress.seconds:.0f} s",
            _rate(progress),
        ]
        print(", ".join(part for part in parts if part), file=sys.stderr, flush=True)

    return show


def _rate(progress: Progress) -> str:
    tokens = progress.tally.output_tokens
    speed = f"{tokens / progress.seconds:,.0f} tokens/s" if tokens and progress.seconds > 1 else ""
    return ", ".join(part for part in (speed, progress.traffic) if part)
