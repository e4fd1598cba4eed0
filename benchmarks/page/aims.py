"""What speed was aimed at, and what is reached by the results that are there: the first table of docs/performance.md.

An aim is reached by what a benchmark has measured, or is held by tests that count; each names the command that tells.
Nothing here is written by hand but the aims themselves and what limits those that are missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.page.kept import Results

NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, and whether it is enough."""

    text: str
    enough: bool


Judge = Callable[[Results], Sequence[Figure]]
"""Nothing where the results that it needs are not there."""


@dataclass(frozen=True, slots=True)
class Aim:
    topic: str
    aim: str
    command: str
    judge: Judge
    limits: str = ""
    """What limits it, told where it is missed."""

    def reached(self, results: Results) -> str:
        figures = self.judge(results)
        if not figures:
            return NOT_MEASURED
        missed = not all(figure.enough for figure in figures)
        told = "; ".join(figure.text if figure.enough else f"**missed**: {figure.text}" for figure in figures)
        return f"{told}. {self.limits}".strip() if missed and self.limits else told


def held_by(text: str) -> Judge:
    """By tests that count what is done: it holds wherever they pass."""
    return lambda _: [Figure(text, True)]


def told_by(name: str, judge: Judge) -> Judge:
    """Of a benchmark that may not have been run."""
    return lambda results: judge(results) if name in {*results.side_by_side, *results.others} else []


def table(aims: Iterable[Aim], results: Results) -> list[str]:
    rows = [f"| {aim.topic} | {aim.aim} | {aim.reached(results)} | `{aim.command}` |" for aim in aims]
    return ["| | aim | reached | command |", "| --- | --- | --- | --- |", *rows]
