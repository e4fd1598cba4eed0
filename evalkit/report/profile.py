"""Where the time of a profiled run went, laid out once for terminal, page and files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.profiles import ModelWork, Profile, Stage
from evalkit.report.formatting import NONE, count, number
from evalkit.report.hostile import one_line, shorten_end
from evalkit.results import Result

if TYPE_CHECKING:
    from rich.text import Text

WHOLE = "whole run"
BESIDE = "beside: "
ROW = 26
"""Height of a row of the picture."""
LEAST_WIDTH = 0.15
"""Percent: what would be narrower is not drawn. The table has it."""
PERCENT_A_CHARACTER, PERCENT_AROUND = 0.75, 1.3
"""Of the page's width, where it is wide; on a narrow one labels are cut, and the table below has them."""
LONGEST_NAME = 60
MOST_BATCHES = 4
TONES = 4


@dataclass(frozen=True, slots=True)
class Line:
    """A stage in a table."""

    depth: int
    name: str
    seconds: str
    share: str
    cpu: str
    times: str


@dataclass(frozen=True, slots=True)
class Block:
    """A stage in the picture: place and width in percent, under the stage that it is a part of."""

    left: float
    width: float
    top: int
    tone: int
    label: str
    """Nothing where there is no room for it."""
    said: str


@dataclass(frozen=True, slots=True)
class ProfileView:
    lines: tuple[Line, ...]
    blocks: tuple[Block, ...]
    height: int
    said: str
    """The picture, for those who cannot see it."""
    models: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """Heading, and facts by name."""
    row: int = ROW


def view(result: Result) -> ProfileView | None:
    profile = result.profile
    if profile is None:
        return None
    whole = Stage(WHOLE, profile.seconds, profile.cpu_seconds, 1, profile.stages)
    blocks = tuple(_blocks(whole, 0, 0.0, profile.seconds))
    models = [(f"{_name(work.role)}: {_name(work.model)}", tuple(facts(work))) for work in profile.models]
    return ProfileView(
        lines=tuple(lines(profile)),
        blocks=blocks,
        height=ROW + max(block.top for block in blocks),
        said="; ".join(f"{line.name} {line.share}" for line in lines(profile) if line.depth == 1),
        models=(("requests", tuple(requests(result))), *models),
    )


def lines(profile: Profile) -> Iterator[Line]:
    """The whole, its stages with their parts below each, and what went on beside them."""
    yield from _lines(Stage(WHOLE, profile.seconds, profile.cpu_seconds, 1, profile.stages), 0, profile.seconds)
    for one in profile.beside:
        yield Line(0, BESIDE + _name(one.name), _figure(one.seconds), "", _figure(one.cpu_seconds), "")


def _lines(stage: Stage, depth: int, whole: float) -> Iterator[Line]:
    times = f"{stage.times:,}" if stage.times else ""
    yield Line(
        depth, _name(stage.name), _figure(stage.seconds), _share(stage, whole), _figure(stage.cpu_seconds), times
    )
    for part in stage.stages:
        yield from _lines(part, depth + 1, whole)


def _blocks(stage: Stage, depth: int, left: float, whole: float) -> Iterator[Block]:
    width = 100 * stage.seconds / whole if whole else 100.0
    if width < LEAST_WIDTH:
        return
    name, share = _name(stage.name), _share(stage, whole)
    cpu = "" if stage.cpu_seconds is None else f", CPU {_figure(stage.cpu_seconds)} s"
    label = next((text for text in (f"{name} {share}", name) if _fits(text, width)), "")
    said = f"{name}: {_figure(stage.seconds)} s, {share} of the run{cpu}"
    yield Block(round(left, 3), round(width, 3), depth * ROW, depth % TONES, label, said)
    for part in stage.stages:
        yield from _blocks(part, depth + 1, left, whole)
        left += 100 * part.seconds / whole if whole else 0.0


def _fits(text: str, width: float) -> bool:
    return len(text) * PERCENT_A_CHARACTER + PERCENT_AROUND <= width


def facts(work: ModelWork) -> Iterator[tuple[str, str]]:
    """What is known of a model's work, each by its name."""
    yield "answers", f"{work.answers:,}, {work.prompt_tokens:,} tokens read, {work.output_tokens:,} written"
    rates = (("written", work.output_tokens_per_second), ("read", work.prompt_tokens_per_second))
    if speeds := [f"{_figure(rate)} {what}" for what, rate in rates if rate]:
        yield "tokens a second", ", ".join(speeds)
    if work.rows is None and any(size > 1 for size, _ in work.batches):
        largest = sorted(work.batches, key=lambda pair: -pair[1])
        told = [f"{count(answers, 'answer')} in batches of {size}" for size, answers in largest[:MOST_BATCHES]]
        rest = len(largest) - MOST_BATCHES
        yield "batches", "; ".join(told) + (f"; {count(rest, 'other size')}" if rest > 0 else "")
    if work.rows is not None:
        yield "written at once", f"{number(work.rows)} answers in the mean"
    if work.padding is not None:
        yield "padding", f"{_percent(work.padding)} of the positions that were computed"
    if work.shared is not None:
        yield "shared beginnings", f"{_percent(work.shared)} of the prompts' tokens were computed for another prompt"
    if work.latency:
        yield "latency", ", ".join(f"{_name(name)} {_figure(value)} s" for name, value in work.latency.items())
    if work.under_way is not None:
        yield "under way at once", f"{number(work.under_way)} requests in the mean"


def requests(result: Result) -> Iterator[tuple[str, str]]:
    usage = result.usage
    merged = max(0, usage.needed - usage.asked - usage.reused)
    yield "needed", f"{usage.needed:,}"
    yield "known before", f"{usage.reused:,} {_of(usage.reused, usage.needed)}"
    yield "the same as others", f"{merged:,} {_of(merged, usage.needed)}"
    yield "asked", f"{usage.asked:,} {_of(usage.asked, usage.needed)}"


def terminal_lines(result: Result, *, width: int, unicode: bool) -> list[Text]:
    """A table of the stages, and below it what is known of requests and models."""
    from rich.text import Text

    from evalkit.report.terminal import PLAIN, wrap

    profile = result.profile
    if profile is None:
        return []
    rows = [(" " * (2 * line.depth) + line.name, line.seconds, line.share, line.cpu) for line in lines(profile)]
    rows.insert(0, ("where the time went", "seconds", "share", "CPU"))
    columns = [max(len(row[column]) for row in rows) for column in range(4)]
    columns[0] = max(8, min(columns[0], width - sum(columns[1:]) - 6))
    told = [
        f"{shorten_end(row[0], columns[0]):<{columns[0]}}"
        + "".join(f"  {cell:>{size}}" for cell, size in zip(row[1:], columns[1:], strict=True))
        for row in rows
    ]
    headed = [("requests", list(requests(result)))]
    headed += [(f"{_name(work.role)}: {_name(work.model)}", list(facts(work))) for work in profile.models]
    names = min(width // 2, 4 + max(len(name) for _, known in headed for name, _ in known))
    for heading, known in headed:
        told += wrap(heading, width)
        for name, fact in known:
            first, *more = wrap(fact, width - names)
            told += [f"  {name:<{names - 2}}{first}", *(" " * names + line for line in more)]
    if not unicode:
        told = [line.translate(PLAIN).encode("ascii", "backslashreplace").decode("ascii") for line in told]
    return [Text(line.rstrip(), style="bold" if not row else "", no_wrap=True) for row, line in enumerate(told)]


def flame(result: Result) -> dict[str, object]:
    """In the format that speedscope opens: stacks of stages, weighed by the seconds that no part of them took."""
    profile = result.profile
    assert profile is not None
    names: dict[str, int] = {}
    whole = Stage(WHOLE, profile.seconds, profile.cpu_seconds, 1, profile.stages)
    title = one_line(f"{result.run.suite} on {result.run.model}")
    return {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "name": title,
        "exporter": "evalkit",
        "activeProfileIndex": 0,
        "profiles": [
            _sampled(f"{title}: wall", list(_stacks(whole, (), names, cpu=False))),
            _sampled(f"{title}: CPU", list(_stacks(whole, (), names, cpu=True))),
        ],
        "shared": {"frames": [{"name": name} for name in names]},
    }


def _sampled(name: str, stacks: Sequence[tuple[tuple[int, ...], float]]) -> dict[str, object]:
    return {
        "type": "sampled",
        "name": name,
        "unit": "seconds",
        "startValue": 0,
        "endValue": sum(weight for _, weight in stacks),
        "samples": [list(stack) for stack, _ in stacks],
        "weights": [weight for _, weight in stacks],
    }


def _stacks(
    stage: Stage, above: tuple[int, ...], names: dict[str, int], *, cpu: bool
) -> Iterator[tuple[tuple[int, ...], float]]:
    """Leaves, for a stage's own time is a part. A stage of whose parts the CPU time is not known is one leaf there."""
    stack = (*above, names.setdefault(_name(stage.name), len(names)))
    parts = [] if cpu and any(part.cpu_seconds is None for part in stage.stages) else stage.stages
    for part in parts:
        yield from _stacks(part, stack, names, cpu=cpu)
    if not parts:
        yield stack, (stage.cpu_seconds or 0.0) if cpu else stage.seconds


def _name(text: str) -> str:
    """Backends name parts, and people models."""
    return shorten_end(one_line(text), LONGEST_NAME)


def _figure(value: float | None) -> str:
    if value is None:
        return NONE
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _share(stage: Stage, whole: float) -> str:
    return _percent(stage.seconds / whole) if whole else ""


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%" if share < 0.1 else f"{100 * share:.0f}%"


def _of(part: int, whole: int) -> str:
    return f"({_percent(part / whole)})" if whole else ""
