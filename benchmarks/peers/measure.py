"""Runs the contestants of a workload in turn, several times over, and keeps every repetition."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.contestants import OURS, Contestant, Work, Workload
from benchmarks.peers.environments import environment_python, versions
from benchmarks.peers.processes import Failed, presentable, run_measured

FindPython = Callable[[str], Path]


@dataclass(frozen=True, slots=True)
class Repetition:
    """`load` is the machine's load average just before: what else was running then."""

    round: int
    size: int
    contestant: str
    cpu_seconds: float
    wall_seconds: float
    peak_megabytes: float
    stored_megabytes: float
    load: float


@dataclass(frozen=True, slots=True)
class Absence:
    """A contestant that is not among the results, or not among all of them, and why."""

    contestant: str
    reason: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many of a contestant's answers are evalkit's, but for white space around them, in one round."""

    round: int
    size: int
    contestant: str
    equal: int
    of: int


@dataclass(frozen=True, slots=True)
class Outcome:
    workload: Workload
    sizes: tuple[int, ...]
    rounds: int
    repetitions: tuple[Repetition, ...]
    absences: tuple[Absence, ...]
    versions: dict[str, dict[str, str]]
    agreements: tuple[Agreement, ...] = ()


@dataclass(frozen=True, slots=True)
class _Ready:
    contestant: Contestant
    python: Path


def measure(
    workload: Workload,
    sizes: Sequence[int],
    rounds: int,
    find_python: FindPython = environment_python,
    say: Callable[[str], None] = print,
) -> Outcome:
    """All contestants at all sizes, `rounds` times, each process alone; who goes first changes from round to round.

    A first, unmeasured round at the smallest size fills caches (compiled modules, files) and tells who cannot do it.
    """
    absences: list[Absence] = []
    ready = _all_ready(workload.contestants, find_python, absences, say)
    found = {one.contestant.name: _versions(one) for one in ready}
    repetitions: list[Repetition] = []
    answers: dict[tuple[int, int, str], dict[str, str]] = {}
    with tempfile.TemporaryDirectory(prefix="evalkit-bench-") as name:
        folder = Path(name)
        for size in sizes:
            (folder / f"inputs-{size}").mkdir()
            workload.prepare(folder / f"inputs-{size}", size)
        for number, size, one in _turns(ready, sizes, rounds):
            if one not in ready:
                continue
            try:
                repetition, told = _measure_one(workload, one, folder, number, size)
            except Failed as failure:
                ready.remove(one)
                where = f"at {size:,} {workload.unit}: "
                absences.append(Absence(one.contestant.name, where + str(failure)))
                say(f"{one.contestant.name} {where}{failure}")
                continue
            if number:
                repetitions.append(repetition)
                answers[number, size, one.contestant.name] = told
            say(_line(repetition, workload.unit))
    agreed = tuple(_agreements(answers))
    return Outcome(workload, tuple(sizes), rounds, tuple(repetitions), tuple(absences), found, agreed)


def _all_ready(
    contestants: Iterable[Contestant], find_python: FindPython, absences: list[Absence], say: Callable[[str], None]
) -> list[_Ready]:
    ready = []
    for contestant in contestants:
        try:
            own = contestant.environment
            ready.append(_Ready(contestant, Path(sys.executable) if own is None else find_python(own)))
        except Failed as failure:
            absences.append(Absence(contestant.name, str(failure)))
            say(f"{contestant.name} {failure}")
    return ready


def _turns(ready: Sequence[_Ready], sizes: Sequence[int], rounds: int) -> Iterable[tuple[int, int, _Ready]]:
    """Round 0 is the unmeasured one. Nobody always runs after the same neighbour's warm caches."""
    order = list(ready)
    for one in order:
        yield 0, min(sizes), one
    for number in range(1, rounds + 1):
        for size in sizes:
            first = (number - 1) % len(order) if order else 0
            for one in order[first:] + order[:first]:
                yield number, size, one


def _measure_one(
    workload: Workload, one: _Ready, folder: Path, number: int, size: int
) -> tuple[Repetition, dict[str, str]]:
    """The repetition, and the answers where the contestant's can be read."""
    contestant = one.contestant
    with tempfile.TemporaryDirectory(dir=folder, prefix=f"{number}-{contestant.name}-") as name:
        work = Work(folder / f"inputs-{size}", Path(name), size)
        load = os.getloadavg()[0]
        words = contestant.command(one.python, work)
        usage = run_measured(words, work.folder, _environment(folder), workload.limit_seconds)
        answers = _held_to_its_work(one, work)
        stored = sum(path.stat().st_size for path in work.folder.rglob("*") if path.is_file()) / 1e6
    repetition = Repetition(
        number,
        size,
        contestant.name,
        round(usage.cpu_seconds, 3),
        round(usage.wall_seconds, 3),
        round(usage.peak_megabytes, 1),
        round(stored, 3),
        round(load, 2),
    )
    return repetition, answers


def _agreements(answers: dict[tuple[int, int, str], dict[str, str]]) -> Iterable[Agreement]:
    for (number, size, name), theirs in answers.items():
        ours = answers.get((number, size, OURS), {})
        if name != OURS and ours and theirs:
            equal = sum(theirs.get(sample, "").strip() == text.strip() for sample, text in ours.items())
            yield Agreement(number, size, name, equal, len(ours))


def _held_to_its_work(one: _Ready, work: Work) -> dict[str, str]:
    try:
        stored = one.contestant.stored(one.python, work)
        answers = one.contestant.answers(work) if one.contestant.answers else {}
    except Exception as error:  # whatever a peer left behind may be unreadable in any way; that is the finding
        raise Failed(f"left results that cannot be read: {presentable(repr(error), work.folder)}") from error
    if stored != work.size:
        raise Failed(f"stored results of {stored:,} samples where {work.size:,} were to be done")
    return answers


def _environment(folder: Path) -> dict[str, str]:
    """The caller's environment, without what would bring the checkout or a network into a peer's process."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "EVALKIT_", "COV_"))}
    if "EVALKIT_CACHE" in os.environ:
        kept["EVALKIT_CACHE"] = os.environ["EVALKIT_CACHE"]  # where the model is
    offline = dict.fromkeys(("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE"), "1")
    return {**kept, **offline, "HF_HOME": str(folder / "hf-home"), "NO_COLOR": "1"}


def _versions(one: _Ready) -> dict[str, str]:
    return {"python": sys.version.split()[0], **versions(one.python, one.contestant.packages)}


def _line(done: Repetition, unit: str) -> str:
    turn = f"round {done.round}" if done.round else "warm-up"
    return (
        f"{turn}  {done.size:>7,} {unit}  {done.contestant:<22} {done.cpu_seconds:>7.2f} CPU s "
        f"{done.wall_seconds:>7.2f} s {done.peak_megabytes:>6.0f} MB"
    )
