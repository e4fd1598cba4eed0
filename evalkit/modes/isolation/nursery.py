"""A process that tries scenarios, each in a process of its own that it makes by forking itself: one that crashes,
hangs or takes all memory takes nothing with it, and nothing that one leaves behind is there for the next.

It is started by ``selftest``, reads a scenario a line as JSON, and answers each with a line.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any

from evalkit.modes.isolation.apart import LONGEST_TRACE, Apart, Left, Unheard
from evalkit.modes.isolation.scenarios import Scenario
from evalkit.modes.isolation.trial import FAIL, Trial, begun, out_of_memory, try_scenario
from evalkit.suite.load import Suite, SuiteCheck, load_suite

LARGEST_UNIT = 1024.0 if sys.platform != "darwin" else 1024.0 * 1024.0
"""Of ``ru_maxrss`` in a megabyte: Linux counts kilobytes, macOS bytes."""


def main() -> None:
    questions, answers = _lines()
    apart = Apart(questions.fileno(), [answers.fileno()])
    suite: Suite | None = None
    with suppress(Unheard):
        for line in questions:
            asked = json.loads(line)
            suite = suite or load_suite(Path(asked["suite"]), trust_code=asked["trust_code"])
            check, scenario = suite.check(asked["check"]), Scenario.from_json(asked["scenario"])
            trial = _tried(apart, suite, check, scenario, Path(asked["folder"]))
            answers.write(json.dumps(asdict(trial)) + "\n")
            answers.flush()


def _lines() -> tuple[IO[str], IO[str]]:
    """Questions and answers. What a plugin reads is no question, and what it prints is no answer."""
    questions = os.fdopen(os.dup(0), "r", encoding="ascii")
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return questions, answers


def _tried(apart: Apart, suite: Suite, check: SuiteCheck, scenario: Scenario, folder: Path) -> Trial:
    started, limits = time.monotonic(), scenario.config.limits

    def work() -> Iterator[bytes]:
        _limit_memory(limits.memory_mb)
        with suppress(MemoryError):
            yield _as_answer(replace(try_scenario(suite, check, scenario), peak_mb=_peak_mb()))
            return
        yield nothing_left

    nothing_left = _as_answer(out_of_memory(check, scenario))  # made while there is memory to make it
    left = apart.run(work, limits.seconds, folder)
    with suppress(ValueError, TypeError):  # what was not said whole is nothing
        if left.status is not None:
            return Trial(**json.loads(left.said))
    cause, why = _became(left, limits.seconds)
    seconds = round(time.monotonic() - started, 3)
    trace = left.trace[:LONGEST_TRACE]
    return replace(begun(check, scenario), word=FAIL, cause=cause, why=why, trace=trace, seconds=seconds)


def _became(left: Left, seconds: float) -> tuple[str, str]:
    """Cause and sentence."""
    place = f" ({left.place})" if left.place else ""
    if left.status is None:
        return "time", f"it is not done after {seconds:g} seconds{place}"
    if os.WIFSIGNALED(left.status):
        return "process", f"its process was ended by {signal.Signals(os.WTERMSIG(left.status)).name}{place}"
    return "process", f"its process ended with {os.waitstatus_to_exitcode(left.status)} and said nothing"


def _as_answer(trial: Trial) -> bytes:
    return json.dumps(asdict(trial)).encode("ascii")


def _peak_mb() -> float:
    import resource

    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / LARGEST_UNIT, 1)


def _limit_memory(megabytes: float) -> None:
    """Of addresses, which is what a limit can be set on: beyond those that an idle Python with its libraries has."""
    import resource

    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + int(megabytes * 1e6)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def as_question(suite: Suite, check: str, scenario: Scenario, folder: Path) -> str:
    asked: dict[str, Any] = {"suite": str(suite.path.resolve()), "trust_code": suite.trust_code, "check": check}
    asked |= {"scenario": scenario.to_json(), "folder": str(folder)}
    return json.dumps(asked) + "\n"
