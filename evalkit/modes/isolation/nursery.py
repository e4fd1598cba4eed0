"""A process that tries scenarios, each in a process of its own that it makes by forking itself: one that crashes,
hangs or takes all memory takes nothing with it, and nothing that one leaves behind is there for the next.

It is started by ``selftest``, reads a scenario a line as JSON, and answers each with a line.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import sys
import time
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any

from evalkit.modes.isolation.scenarios import Scenario
from evalkit.modes.isolation.trial import FAIL, Trial, begun, out_of_memory, try_scenario
from evalkit.suite.load import Suite, SuiteCheck, load_suite

LARGEST_UNIT = 1024.0 if sys.platform != "darwin" else 1024.0 * 1024.0
"""Of ``ru_maxrss`` in a megabyte: Linux counts kilobytes, macOS bytes."""


def main() -> None:
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a plugin prints is no answer
    suite: Suite | None = None
    for line in sys.stdin:
        asked = json.loads(line)
        suite = suite or load_suite(Path(asked["suite"]), trust_code=asked["trust_code"])
        trial = _in_a_process_of_its_own(suite, suite.check(asked["check"]), Scenario.from_json(asked["scenario"]))
        channel.write(json.dumps(asdict(trial)) + "\n")
        channel.flush()


def _in_a_process_of_its_own(suite: Suite, check: SuiteCheck, scenario: Scenario) -> Trial:
    reading, writing = os.pipe()
    started = time.monotonic()
    child = os.fork()
    if not child:
        os.close(reading)
        _be_the_child(writing, suite, check, scenario)
    os.close(writing)
    with os.fdopen(reading, "r", encoding="ascii") as answer:
        ended = _waited_for(child, answer, scenario.config.limits.seconds)
    seconds = round(time.monotonic() - started, 3)
    if isinstance(ended, Trial):
        return ended
    cause, why = ended
    return replace(begun(check, scenario), word=FAIL, cause=cause, why=why, seconds=seconds)


def _be_the_child(writing: int, suite: Suite, check: SuiteCheck, scenario: Scenario) -> None:
    """Never returns. A group of its own: what it starts ends with it."""
    import resource

    said = _as_answer(out_of_memory(check, scenario))  # where there is no memory left, none is left to say so
    try:
        os.setpgid(0, 0)
        _limit_memory(scenario.config.limits.memory_mb)
        with suppress(MemoryError):
            trial = try_scenario(suite, check, scenario)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / LARGEST_UNIT
            said = _as_answer(replace(trial, peak_mb=round(peak, 1)))
        while said:
            said = said[os.write(writing, said) :]
    finally:
        os._exit(0)


def _as_answer(trial: Trial) -> bytes:
    return json.dumps(asdict(trial)).encode("ascii")


def _limit_memory(megabytes: float) -> None:
    """Of addresses, which is what a limit can be set on: beyond those that an idle Python with its libraries has."""
    import resource

    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + int(megabytes * 1e6)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _waited_for(child: int, answer: IO[str], seconds: float) -> Trial | tuple[str, str]:
    """Its trial, or what became of it: cause and sentence."""
    deadline, said = time.monotonic() + seconds, ""
    with selectors.DefaultSelector() as selector:
        selector.register(answer, selectors.EVENT_READ)
        piece = "?"
        while piece and selector.select(max(0.0, deadline - time.monotonic())):
            piece = os.read(answer.fileno(), 1 << 16).decode("ascii")
            said += piece
    timed_out = bool(piece)
    if timed_out:
        _end(child)
    _, status = os.waitpid(child, 0)
    _end(child, group_only=True)
    if said and not timed_out:
        return Trial(**json.loads(said))
    if timed_out:
        return "time", f"it is not done after {seconds:g} seconds"
    if os.WIFSIGNALED(status):
        return "process", f"its process was ended by {signal.Signals(os.WTERMSIG(status)).name}"
    return "process", f"its process ended with {os.waitstatus_to_exitcode(status)} and said nothing"


def _end(child: int, *, group_only: bool = False) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    if not group_only:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def as_question(suite: Suite, check: str, scenario: Scenario) -> str:
    asked: dict[str, Any] = {"suite": str(suite.path.resolve()), "trust_code": suite.trust_code, "check": check}
    asked["scenario"] = scenario.to_json()
    return json.dumps(asked) + "\n"
