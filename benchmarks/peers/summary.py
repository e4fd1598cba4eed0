"""Ratios with their spread, as a table for people and a document for programs."""

from __future__ import annotations

import shlex
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from benchmarks.peers.contestants import OURS
from benchmarks.peers.measure import Outcome, Repetition
from benchmarks.results import head, keep, machine

QUANTITIES: dict[str, Callable[[Repetition], float]] = {
    "cpu_seconds": lambda one: one.cpu_seconds,
    "wall_seconds": lambda one: one.wall_seconds,
    "peak_megabytes": lambda one: one.peak_megabytes,
    "stored_megabytes": lambda one: one.stored_megabytes,
}

FORMATS = {
    "cpu_seconds": "{:.2f}",
    "wall_seconds": "{:.2f}",
    "peak_megabytes": "{:.0f}",
    "stored_megabytes": "{:.1f}",
}


MARGINS = ("cpu_seconds", "wall_seconds")
MARGIN = "{:,.3g}"


class Measured(Protocol):
    """An outcome, or what was kept of one."""

    @property
    def sizes(self) -> tuple[int, ...]: ...

    @property
    def repetitions(self) -> tuple[Repetition, ...]: ...


@dataclass(frozen=True, slots=True)
class Spread:
    least: float
    median: float
    most: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread | None:
        """None where there is nothing to tell."""
        told = sorted(values)
        return cls(told[0], statistics.median(told), told[-1]) if told else None


def spread(outcome: Measured, contestant: str, size: int, quantity: str) -> Spread | None:
    return Spread.of(_by_round(outcome, contestant, size, quantity).values())


def ratio(outcome: Measured, contestant: str, size: int, quantity: str) -> Spread | None:
    """evalkit's part of the peer's cost, round by round: what slows a round slows both. Below 1 evalkit costs less."""
    ours = _by_round(outcome, OURS, size, quantity)
    theirs = _by_round(outcome, contestant, size, quantity)
    return Spread.of(ours[number] / theirs[number] for number in ours.keys() & theirs.keys() if theirs[number] > 0)


def at_the_margin(outcome: Measured, contestant: str, quantity: str = "cpu_seconds") -> Spread | None:
    """Samples for each further second between the smallest and the largest size; what a start costs falls out.

    None with one size, and where a round's larger size cost no more than its smaller one: then there is only noise.
    """
    return Spread.of(_margins(outcome, contestant, quantity).values())


def margin_ratio(outcome: Measured, contestant: str, quantity: str = "cpu_seconds") -> Spread | None:
    """How many times as many samples evalkit does for each further second as the contestant does, round by round."""
    ours, theirs = _margins(outcome, OURS, quantity), _margins(outcome, contestant, quantity)
    return Spread.of(ours[number] / theirs[number] for number in ours.keys() & theirs.keys())


def _margins(outcome: Measured, contestant: str, quantity: str) -> dict[int, float]:
    small, large = min(outcome.sizes), max(outcome.sizes)
    first = _by_round(outcome, contestant, small, quantity)
    last = _by_round(outcome, contestant, large, quantity)
    further = {number: last[number] - first[number] for number in first.keys() & last.keys()}
    if small == large or any(seconds <= 0 for seconds in further.values()):
        return {}
    return {number: (large - small) / seconds for number, seconds in further.items()}


def document(outcome: Outcome) -> dict[str, Any]:
    """Everything that was measured, and on what."""
    names = [one.name for one in outcome.workload.contestants]
    workload = outcome.workload
    return {
        **head(workload.name, workload.title, command_of(outcome)),
        "unit": workload.unit,
        "compared": workload.compared,
        "contestants": {one.name: one.what for one in workload.contestants},
        "versions": outcome.versions,
        "absent": [asdict(one) for one in outcome.absences],
        "ratios_of_evalkit": [
            {"size": size, "contestant": name, **_ratios(outcome, name, size)}
            for size in outcome.sizes
            for name in names
            if name != OURS and spread(outcome, name, size, "cpu_seconds")
        ],
        "margins": [
            {"contestant": name, "quantity": quantity, "samples_a_second": asdict(told)}
            for name in names
            for quantity in MARGINS
            if (told := at_the_margin(outcome, name, quantity))
        ],
        "answers_like_evalkits": [asdict(one) for one in outcome.agreements],
        "settings_tried": [asdict(one) for one in outcome.trials],
        "interrupted": outcome.interrupted,
        "repetitions": [asdict(one) for one in outcome.repetitions],
    }


def command_of(outcome: Outcome) -> str:
    """What measures this again."""
    sizes = ",".join(str(size) for size in outcome.sizes)
    told = f"python -m benchmarks {outcome.workload.name} --sizes {sizes} --rounds {outcome.rounds}"
    known = {one.name for one in outcome.workload.contestants}
    settings = [f"{name}={setting}" for name, setting in outcome.settings.items() if name in known]
    only = [f"--only {shlex.quote(','.join(outcome.only))}"] if outcome.only else []
    return " ".join([told, *only, *(f"--setting {shlex.quote(one)}" for one in settings)])


def table(outcome: Outcome) -> str:
    """Markdown: medians, and in brackets the least and the most of the rounds."""
    unit = outcome.workload.unit
    loads = [one.load for one in outcome.repetitions]
    lines = [f"# {outcome.workload.title}", "", f"`{command_of(outcome)}`: {outcome.rounds} rounds, in turn.", ""]
    if loads:
        lines += [
            f"{machine()['cores']} cores; load average before a process {min(loads):.1f} to {max(loads):.1f}.",
            "Medians (least–most). Shares are evalkit's cost divided by the tool's, by round: below 1 it costs less.",
            "",
        ]
    lines += [
        f"| {unit} | tool | CPU s | wall s | peak MB | stored MB | evalkit's share: CPU | wall | memory |",
        "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for size in outcome.sizes:
        lines += [_row(outcome, one.name, size) for one in outcome.workload.contestants]
    if outcome.interrupted:
        lines[4:4] = ["**Interrupted**: only the rounds that were measured by then are counted.", ""]
    lines += _margin_table(outcome)
    lines += ["", *[f"* {one.name}: {one.what}{_of(outcome, one.name)}" for one in outcome.workload.contestants]]
    for name in dict.fromkeys(one.contestant for one in outcome.agreements):
        told = [one for one in outcome.agreements if one.contestant == name]
        equal, of = sum(one.equal for one in told), sum(one.of for one in told)
        apart = max((one.apart for one in told if one.apart is not None), default=None)
        further = "" if apart is None else f" Their log-probabilities are at most {apart:.1g} apart."
        lines.append(
            f"* Of evalkit's {of:,} {outcome.workload.compared} {equal:,} are those of {name}, word for word.{further}"
        )
    lines += _trialsshown_spread(outcome)
    lines += [f"* **Not measured: {one.contestant}**: {one.reason}" for one in outcome.absences]
    return "\n".join(lines) + "\n"


def write(outcome: Outcome, folder: Path) -> tuple[Path, Path]:
    told = keep(document(outcome), folder)
    shown = folder / f"{outcome.workload.name}.md"
    shown.write_text(table(outcome), encoding="utf-8")
    return told, shown


def _by_round(outcome: Measured, contestant: str, size: int, quantity: str) -> dict[int, float]:
    value = QUANTITIES[quantity]
    return {one.round: value(one) for one in outcome.repetitions if one.contestant == contestant and one.size == size}


def _ratios(outcome: Outcome, name: str, size: int) -> dict[str, Any]:
    told = {quantity: ratio(outcome, name, size, quantity) for quantity in QUANTITIES}
    return {quantity: asdict(one) for quantity, one in told.items() if one}


def _row(outcome: Outcome, name: str, size: int) -> str:
    costs = [spread(outcome, name, size, quantity) for quantity in FORMATS]
    if not any(costs):
        return f"| {size:,} | {name} | not measured" + " |" * 7
    cells = [shown_spread(cost, form) for cost, form in zip(costs, FORMATS.values(), strict=True)]
    shared = ("cpu_seconds", "wall_seconds", "peak_megabytes")
    cells += [
        "" if name == OURS else shown_spread(ratio(outcome, name, size, quantity), "{:.3g}") for quantity in shared
    ]
    return f"| {size:,} | {name} | " + " | ".join(cells) + " |"


def _margin_table(outcome: Outcome) -> list[str]:
    unit, rows = outcome.workload.unit, []
    for name in [one.name for one in outcome.workload.contestants]:
        told = [(at_the_margin(outcome, name, quantity), margin_ratio(outcome, name, quantity)) for quantity in MARGINS]
        if any(margin for margin, _ in told):
            cells = [
                shown_spread(one, MARGIN) for margin, times in told for one in (margin, None if name == OURS else times)
            ]
            rows.append(f"| {name} | {' | '.join(cells)} |")
    if not rows:
        return []
    between = f"between {min(outcome.sizes):,} and {max(outcome.sizes):,} {unit}"
    return [
        "",
        f"Without what a start costs: {unit} for each further second {between}.",
        "",
        "| tool | a CPU second | evalkit's, times as many | a second of wall time | evalkit's, times as many |",
        "| --- | ---: | ---: | ---: | ---: |",
        *rows,
    ]


def _trialsshown_spread(outcome: Outcome) -> list[str]:
    """Which setting each tool was measured in, and what the others cost."""
    lines = []
    for name in dict.fromkeys(one.contestant for one in outcome.trials):
        own = [one for one in outcome.trials if one.contestant == name]
        best = next((one.setting for one in own if one.chosen), "none")
        costs = [f"{one.setting}: {f'{one.cpu_seconds:.1f}' if one.cpu_seconds else one.reason}" for one in own]
        lines.append(f"* {name} was measured with the best of its settings, {best} (CPU s: {', '.join(costs)}).")
    return lines


def shown_spread(told: Spread | None, form: str) -> str:
    if told is None:
        return ""
    shown = [_shown(value, form) for value in (told.median, told.least, told.most)]
    return shown[0] if shown[1] == shown[2] else f"{shown[0]} ({shown[1]}–{shown[2]})"


def _shown(value: float, form: str) -> str:
    """Thousands are written out: three digits of them would be 6.68e+03."""
    return f"{value:,.0f}" if form == MARGIN and value >= 100 else form.format(value)


def _of(outcome: Outcome, name: str) -> str:
    packages: Sequence[str] = [f"{one} {version}" for one, version in outcome.versions.get(name, {}).items()]
    return f" ({', '.join(packages)})" if packages else ""
