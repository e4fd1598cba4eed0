"""Runs the contestants of a workload in turn, several times over, and keeps every repetition."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    apart: float | None = None
    """The largest difference of the numbers behind the answers, where they are kept."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a contestant cost in one setting, or why there is no telling."""

    contestant: str
    setting: str
    size: int
    cpu_seconds: float | None
    reason: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    workload: Workload
    sizes: tuple[int, ...]
    rounds: int
    repetitions: tuple[Repetition, ...]
    absences: tuple[Absence, ...]
    versions: dict[str, dict[str, str]]
    agreements: tuple[Agreement, ...] = ()
    trials: tuple[Trial, ...] = ()
    interrupted: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    """Those that were given instead of looked for."""
    only: tuple[str, ...] = ()
    """The tools that were asked for beside evalkit; nothing where all were."""


@dataclass(frozen=True, slots=True)
class _Ready:
    contestant: Contestant
    python: Path
    setting: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one process. No limit of memory in what is measured: only trials look for how much is too much."""

    seconds: float
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    """What a contestant left to be compared."""

    answers: dict[str, str]
    numbers: dict[str, list[float]]


@dataclass(slots=True)
class _Run:
    """What is measured, and what is known so far: an interruption takes none of that back."""

    workload: Workload
    folder: Path
    say: Callable[[str], None]
    repetitions: list[Repetition] = field(default_factory=list)
    absences: list[Absence] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    told: dict[tuple[int, int, str], _Told] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)

    def all_ready(self, find_python: FindPython) -> list[_Ready]:
        ready = []
        for contestant in self.workload.contestants:
            try:
                own = contestant.environment
                ready.append(_Ready(contestant, Path(sys.executable) if own is None else find_python(own)))
            except Failed as failure:
                self.absences.append(Absence(contestant.name, str(failure)))
                self.say(f"{contestant.name} {failure}")
        return ready

    def all_set(self, ready: Sequence[_Ready], size: int, given: Mapping[str, str]) -> list[_Ready]:
        """Everybody in the best setting. Who fails in all of them is absent."""
        found = []
        for one in ready:
            name = one.contestant.name
            if name in given or not one.contestant.settings:
                found.append(replace(one, setting=given.get(name, one.contestant.setting)))
                continue
            trials = list(self._tried(one, size))
            done = [trial for trial in trials if trial.cpu_seconds is not None]
            best = min(done, key=lambda trial: trial.cpu_seconds or 0.0, default=None)
            self.trials += [replace(trial, chosen=trial is best) for trial in trials]
            if best is None:
                self.absences.append(Absence(name, f"in none of its settings: {trials[0].reason}"))
            else:
                found.append(replace(one, setting=best.setting))
        return found

    def _tried(self, one: _Ready, size: int) -> Iterable[Trial]:
        """One process for each setting. None is let run twice as long as the best before it, or take more than half of
        the machine's memory: a tool that looks for its own batch size may start with one that would take all."""
        half = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
        limits = Limits(self.workload.limit_seconds, half)
        for setting in one.contestant.settings:
            what = f"trial    {size:>7,} {self.workload.unit}  {one.contestant.name} {setting}: "
            try:
                done, _ = _measure_one(replace(one, setting=setting), self.folder, 0, size, limits)
            except Failed as failure:
                self.say(what + str(failure))
                yield Trial(one.contestant.name, setting, size, None, str(failure))
                continue
            limits = replace(limits, seconds=min(limits.seconds, 2 * done.wall_seconds + 1))
            self.say(f"{what}{done.cpu_seconds:.2f} CPU s")
            yield Trial(one.contestant.name, setting, size, done.cpu_seconds)

    def all_rounds(self, ready: list[_Ready], sizes: Sequence[int], rounds: int) -> None:
        limits = Limits(self.workload.limit_seconds)
        warm_up = self.workload.warm_up_size(sizes)
        for number, size, one in _turns(ready, warm_up, sizes, rounds):
            if one not in ready:
                continue
            try:
                repetition, told = _measure_one(one, self.folder, number, size, limits)
            except Failed as failure:
                ready.remove(one)
                where = f"at {size:,} {self.workload.unit}: "
                self.absences.append(Absence(one.contestant.name, where + str(failure)))
                self.say(f"{one.contestant.name} {where}{failure}")
                continue
            if number:
                self.repetitions.append(repetition)
                self.told[number, size, one.contestant.name] = told
            self.say(_line(repetition, self.workload.unit))


def measure(
    workload: Workload,
    sizes: Sequence[int],
    rounds: int,
    find_python: FindPython = environment_python,
    say: Callable[[str], None] = print,
    *,
    settings: Mapping[str, str] | None = None,
) -> Outcome:
    """All contestants at all sizes, `rounds` times, each process alone; who goes first changes from round to round.

    Before them the best settings are found, but for those that `settings` names, and an unmeasured round of a small
    size fills caches (compiled modules, files) and tells who cannot do it. Ctrl-C ends it with what there is by then.
    """
    interrupted = False
    with tempfile.TemporaryDirectory(prefix="evalkit-bench-") as name:
        run = _Run(workload, Path(name), say)
        try:
            ready = run.all_ready(find_python)
            run.versions.update({one.contestant.name: _versions(one) for one in ready})
            for size in sorted({workload.warm_up_size(sizes), *sizes}):
                (run.folder / f"inputs-{size}").mkdir()
                workload.prepare(run.folder / f"inputs-{size}", size)
            run.all_rounds(run.all_set(ready, max(sizes), settings or {}), sizes, rounds)
        except KeyboardInterrupt:
            interrupted = True
            say("interrupted: what is measured so far is kept")
    return Outcome(
        workload,
        tuple(sizes),
        rounds,
        tuple(run.repetitions),
        tuple(run.absences),
        run.versions,
        tuple(_agreements(run.told)),
        tuple(run.trials),
        interrupted,
        dict(settings or {}),
    )


def _turns(
    ready: Sequence[_Ready], warm_up: int, sizes: Sequence[int], rounds: int
) -> Iterable[tuple[int, int, _Ready]]:
    """Round 0 is the unmeasured one. Nobody always runs after the same neighbour's warm caches."""
    order = list(ready)
    for one in order:
        yield 0, warm_up, one
    for number in range(1, rounds + 1):
        for size in sizes:
            first = (number - 1) % len(order) if order else 0
            for one in order[first:] + order[:first]:
                yield number, size, one


def _measure_one(one: _Ready, folder: Path, number: int, size: int, limits: Limits) -> tuple[Repetition, _Told]:
    """The repetition, and the answers where the contestant's can be read."""
    contestant = one.contestant
    with tempfile.TemporaryDirectory(dir=folder, prefix=f"{number}-{contestant.name}-") as name:
        work = Work(folder / f"inputs-{size}", Path(name), size, one.setting)
        load = os.getloadavg()[0]
        words = contestant.command(one.python, work)
        usage = run_measured(words, work.folder, _environment(folder), limits.seconds, limits.memory_bytes)
        told = _held_to_its_work(one, work)
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
    return repetition, told


def _agreements(told: Mapping[tuple[int, int, str], _Told]) -> Iterable[Agreement]:
    for (number, size, name), theirs in told.items():
        ours = told.get((number, size, OURS))
        if name != OURS and ours is not None and ours.answers and theirs.answers:
            equal = sum(theirs.answers.get(sample, "").strip() == text.strip() for sample, text in ours.answers.items())
            yield Agreement(number, size, name, equal, len(ours.answers), _apart(ours.numbers, theirs.numbers))


def _apart(ours: Mapping[str, Sequence[float]], theirs: Mapping[str, Sequence[float]]) -> float | None:
    both = [(ours[sample], theirs[sample]) for sample in ours.keys() & theirs.keys()]
    gaps = [abs(a - b) for first, second in both for a, b in zip(first, second, strict=True)]
    return max(gaps, default=None)


def _held_to_its_work(one: _Ready, work: Work) -> _Told:
    contestant = one.contestant
    try:
        stored = contestant.stored(one.python, work)
        told = _Told(
            contestant.answers(work) if contestant.answers else {},
            contestant.numbers(work) if contestant.numbers else {},
        )
    except Exception as error:  # whatever a peer left behind may be unreadable in any way; that is the finding
        raise Failed(f"left results that cannot be read: {presentable(repr(error), work.folder)}") from error
    if stored != work.size:
        raise Failed(f"stored results of {stored:,} samples where {work.size:,} were to be done")
    return told


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
