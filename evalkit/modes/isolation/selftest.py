"""All scenarios of all checks of a suite, several at a time, and what their failures have in common."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from evalkit.errors import ConfigurationError, SuiteError
from evalkit.modes.isolation.nursery import as_question
from evalkit.modes.isolation.scenarios import Scenario
from evalkit.modes.isolation.trial import FAIL, PASS, SKIP, Trial, begun
from evalkit.suite.load import Suite, SuiteCheck

WITHOUT_A_WORD = "the process that tries scenarios ended without a word"
_BEGIN = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from evalkit.modes.isolation.nursery import main
main()
"""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""A process that forks must have no threads, which libraries of numbers would start."""
LAST_SECONDS = 5.0
"""In which a process ends the scenario that nobody waits for any more, with all that it started."""
ONE_ARENA = {"MALLOC_ARENA_MAX": "1"}
"""Each thread of a library would reserve addresses by the hundred megabytes, and it is addresses that are limited."""
GRACE = 30.0
"""Seconds beyond a scenario's limit after which the process that ends late scenarios is itself taken for dead."""


@dataclass(frozen=True, slots=True)
class SharedFailure:
    """Failures of one kind: their cause, their sentence without what differs, and where they are."""

    cause: str
    why: str
    checks: tuple[str, ...]
    scenarios: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Selftest:
    """What became of every scenario of every check."""

    suite: str
    trials: tuple[Trial, ...]
    seconds: float = 0.0
    patterns: tuple[SharedFailure, ...] = field(default=())

    @property
    def failed(self) -> tuple[Trial, ...]:
        return tuple(trial for trial in self.trials if trial.word == FAIL)

    @property
    def passed(self) -> bool:
        return not self.failed and any(trial.word == PASS for trial in self.trials)

    def counts(self) -> Mapping[str, int]:
        return {word: sum(trial.word == word for trial in self.trials) for word in (PASS, FAIL, SKIP)}


Told = Callable[[Trial, int, int], None]
"""A trial that ended, how many have, and how many there are."""


def selftest(
    suite: Suite,
    checks: Sequence[SuiteCheck],
    scenarios: Sequence[Scenario],
    *,
    jobs: int = 1,
    told: Told = lambda *_: None,
) -> Selftest:
    if not hasattr(os, "fork"):
        raise ConfigurationError("a self-test needs a system whose processes can fork", hint="run it on Linux or macOS")
    started = time.monotonic()
    wanted = [
        (check, one) for check in checks for one in scenarios if one.is_for(str(getattr(check.check, "kind", "")))
    ]
    if not wanted:
        raise SuiteError("no scenario is for any of these checks", where=str(suite.path))
    with tempfile.TemporaryDirectory(prefix="evalkit-selftest-", ignore_cleanup_errors=True) as folder:
        trials = _Farm(suite, wanted, told, Path(folder)).run(jobs)
    return Selftest(suite.name, tuple(trials), round(time.monotonic() - started, 3), tuple(patterns(trials)))


def patterns(trials: Iterable[Trial]) -> list[SharedFailure]:
    """The failures, those that more checks share first."""
    grouped: dict[tuple[str, str], list[Trial]] = {}
    for trial in trials:
        if trial.word == FAIL:
            grouped.setdefault((trial.cause, _alike(trial.why, trial)), []).append(trial)
    found = []
    for (cause, _), alike in grouped.items():
        checks = tuple(dict.fromkeys(trial.check for trial in alike))
        found.append(
            SharedFailure(cause, alike[0].why, checks, tuple(dict.fromkeys(one.scenario for one in alike)), len(alike))
        )
    return sorted(found, key=lambda one: (-len(one.checks), -one.count))


def _alike(why: str, trial: Trial) -> str:
    """The sentence without numbers, names and quotations: what is left is the same where the cause is. Two lines of
    code are two causes."""
    for name in (trial.check, trial.dataset, trial.scenario):
        why = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "", why)
    return re.sub(r"'[^']*'|(?<!, line )(?<!\d)\d+(?:[.,]\d+)*", "", why)


class _Farm:
    """A thread for each process; each takes the next scenario when its process has answered the last."""

    def __init__(self, suite: Suite, wanted: Sequence[tuple[SuiteCheck, Scenario]], told: Told, folder: Path) -> None:
        self._suite = suite
        self._folder = folder
        self._wanted = wanted
        self._left = deque(range(len(wanted)))
        self._trials: dict[int, Trial] = {}
        self._told = told
        self._lock = threading.Lock()
        self._broken: list[BaseException] = []
        self._processes: list[subprocess.Popen[str]] = []

    def run(self, jobs: int) -> list[Trial]:
        threads = [
            threading.Thread(target=self._work, daemon=True) for _ in range(max(1, min(jobs, len(self._wanted))))
        ]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            self._left.clear()
            for process in self._processes:
                _dismiss(process)
        if self._broken:
            raise self._broken[0]
        return [self._trials[number] for number in sorted(self._trials)]

    def _work(self) -> None:
        process = None
        try:
            while self._left:
                with suppress(IndexError):
                    number = self._left.popleft()
                    process = process or self._started()
                    check, scenario = self._wanted[number]
                    trial = self._asked(process, check, scenario)
                    if trial is None:  # the next one is asked of another process, however long this one takes to end
                        _dismiss(process)
                        process = None
                        trial = replace(begun(check, scenario), word=FAIL, cause="process", why=WITHOUT_A_WORD)
                    self._note(number, trial)
        except BaseException as error:  # noqa: BLE001 - raised again where somebody waits for it
            self._broken.append(error)
            self._left.clear()
        finally:
            if process is not None:
                _dismiss(process)

    def _started(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603 - this Python, and no shell
            [sys.executable, "-c", _BEGIN, json.dumps([str(Path(entry).absolute()) for entry in sys.path])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="ascii",
            env=os.environ | ONE_THREAD | ONE_ARENA,
            start_new_session=True,  # it is this process that is asked to stop
        )
        self._processes.append(process)
        return process

    def _asked(self, process: subprocess.Popen[str], check: SuiteCheck, scenario: Scenario) -> Trial | None:
        """None where the process that should try it has ended."""
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Timer(scenario.config.limits.seconds + GRACE, process.kill)
        late.start()
        try:
            process.stdin.write(as_question(self._suite, check.name, scenario, self._folder))
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            late.cancel()
        return Trial(**json.loads(line)) if line else None

    def _note(self, number: int, trial: Trial) -> None:
        with self._lock:
            self._trials[number] = trial
            self._told(trial, len(self._trials), len(self._wanted))


def _dismiss(process: subprocess.Popen[str]) -> None:
    """It ends when it finds that nobody asks it anything more."""
    assert process.stdin is not None
    with suppress(OSError):
        process.stdin.close()
    try:
        process.wait(LAST_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
