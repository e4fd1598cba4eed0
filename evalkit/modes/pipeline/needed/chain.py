"""Suites that are needed, run before the one that needs them: in order, side by side where they may, within limits."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.errors import ExitCode, Interrupted, StoreError
from evalkit.gates.outcome import worst_code
from evalkit.models.registry import resolve
from evalkit.modes.mode import Asked
from evalkit.modes.pipeline.needed.ended import EARLIER, FAILED, NOT_RUN, PASSED, STOPPED, WRONG, Ended
from evalkit.modes.pipeline.needed.order import Step
from evalkit.suite.needs import Need

if TYPE_CHECKING:
    from evalkit.modes.pipeline.mode import PipelineOptions
    from evalkit.modes.pipeline.needed.step import Job

GRACE = 20.0
"""Seconds that a suite that is stopped has to finish the answers under way, and to save."""
SIDE_BY_SIDE = frozenset({"mock", "http", "https", "openai"})
"""Models that hold nothing in this machine's memory: suites on them are run several at a time."""
MOST_AT_ONCE = 4
LOOK_EVERY = 0.05
_BEGIN = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from evalkit.modes.pipeline.needed.step import main; main()"
)


@dataclass(slots=True)
class _Running:
    step: Step
    process: subprocess.Popen[str]
    began: float
    stopped_for: str = ""
    stopped_at: float = 0.0


class Chain:
    def __init__(self, asked: Asked, steps: Sequence[Step], options: PipelineOptions) -> None:
        if asked.store.database.location.in_memory:
            raise StoreError(
                f"suite '{asked.suite.name}' needs others, which run in processes of their own and cannot share a "
                "database in memory",
                hint="give a file: --store PATH",
            )
        self._asked = asked
        self._options = options
        self._waiting = list(steps)
        self._order = [step.path for step in steps]
        self._names = {step.path: step.suite.name for step in steps}
        self._running: list[_Running] = []
        self._ended: dict[Path, Ended] = {}
        self._began = time.monotonic()
        self._at_once = _at_once(asked.model, options.jobs)

    def run(self) -> list[Ended]:
        """All of them, in their order."""
        try:
            while self._waiting or self._running:
                self._start_what_can()
                self._look()
                time.sleep(LOOK_EVERY)
        except KeyboardInterrupt:
            self._stop_all()
            raise Interrupted(
                "interrupted while suites that it needs were running; what they answered is kept",
                hint="the same command goes on from here",
            ) from None
        finally:
            for one in self._running:
                _kill(one.process)
        return [self._ended[path] for path in self._order]

    def blocked(self, needs: Sequence[Need]) -> list[Ended]:
        """Those that did not pass, and have to."""
        ended = [(need, self._ended[need.path]) for need in needs if need.path in self._ended]
        return [one for need, one in ended if not one.passed and not need.continue_on_failure]

    def _start_what_can(self) -> None:
        for step in list(self._waiting):
            if self._seconds_left() <= 0:
                limit = f"the {self._options.seconds:g} seconds for all needed suites were over"
                self._note(step, NOT_RUN, ExitCode.INTERRUPTED, limit)
            elif blockers := self.blocked(step.needs):
                names = ", ".join(f"'{one.name}'" for one in blockers)
                code = worst_code(one.code for one in blockers)
                self._note(step, NOT_RUN, code, f"it needs {names}, which did not pass")
            elif len(self._running) < self._at_once and all(need.path in self._ended for need in step.needs):
                self._waiting.remove(step)
                self._running.append(_Running(step, self._process(step), time.monotonic()))
                self._tell(step)

    def _note(self, step: Step, became: str, code: int, reason: str) -> None:
        self._waiting.remove(step)
        self._ended[step.path] = Ended(step.suite.name, self._needs(step), became, int(code), reason)

    def _tell(self, step: Step) -> None:
        self._asked.tell(f"running suite '{step.suite.name}', which is needed", len(self._ended), len(self._order))

    def _needs(self, step: Step) -> tuple[str, ...]:
        return tuple(self._names[need.path] for need in step.needs)

    def _seconds_left(self) -> float:
        return self._options.seconds - (time.monotonic() - self._began)

    def _look(self) -> None:
        now = time.monotonic()
        for one in list(self._running):
            if one.process.poll() is not None:
                self._running.remove(one)
                self._ended[one.step.path] = self._what_became(one, now - one.began)
            elif not one.stopped_for and now - one.began > self._options.step_seconds:
                limit = self._options.step_seconds
                _stop(one, f"the limit of {limit:g} seconds a step {more('step_seconds', limit)}")
            elif not one.stopped_for and self._seconds_left() <= 0:
                limit = self._options.seconds
                _stop(one, f"the limit of {limit:g} seconds for all needed suites {more('seconds', limit)}")
            elif one.stopped_for and now - one.stopped_at > GRACE:
                _kill(one.process)

    def _stop_all(self) -> None:
        for one in self._running:
            _stop(one, "Ctrl-C")
        deadline = time.monotonic() + GRACE
        while time.monotonic() < deadline and any(one.process.poll() is None for one in self._running):
            time.sleep(LOOK_EVERY)

    def _process(self, step: Step) -> subprocess.Popen[str]:
        paths = json.dumps([entry for entry in sys.path if isinstance(entry, str)])
        process = subprocess.Popen(  # noqa: S603 - this Python, and no shell
            [sys.executable, "-c", _BEGIN, paths],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="ascii",
            start_new_session=True,  # Ctrl-C is ours to hand on
        )
        assert process.stdin is not None
        with suppress(OSError):  # it ended before it read: what became of it says so
            process.stdin.write(json.dumps(asdict(self._job(step))))
            process.stdin.close()
        return process

    def _job(self, step: Step) -> Job:
        from evalkit.modes.pipeline.needed.step import Job

        asked, options = self._asked, self._asked.options
        same_judge = options.judge and step.suite.judge == asked.suite.judge
        return Job(
            suite=str(step.suite.path),
            model=asked.model,
            settings=asdict(options.settings),
            judge=[options.judge[0], asdict(options.judge[1])] if options.judge and same_judge else None,
            store=asked.store.database.location.url.render_as_string(hide_password=False),
            seed=options.seed,
            replicate=options.replicate,
            fresh=options.resume == "never",
            strict=options.strict,
            scoring_workers=options.scoring_workers,
            max_age=step.max_age,
            trust_code=step.suite.trust_code,
            redact=list(asked.suite.redaction.kinds),
            memory_mb=self._options.step_memory_mb,
            reproduce=shlex.join(["evalkit", "run", str(step.suite.path), "--model", asked.model]),
        )

    def _what_became(self, one: _Running, seconds: float) -> Ended:
        assert one.process.stdout is not None
        line = one.process.stdout.read()
        said: dict[str, Any] = json.loads(line) if line.endswith("}\n") else {}
        code, reason = int(said.get("code", ExitCode.NOT_MEASURED)), str(said.get("reason", ""))
        if said.get("over"):
            limit = self._options.step_memory_mb
            one.stopped_for = f"the limit of {limit:g} MB of memory a step {more('step_memory_mb', limit)}"
        if one.stopped_for and code != ExitCode.OK:
            became, code, reason = (
                STOPPED,
                int(ExitCode.INTERRUPTED),
                f"{one.stopped_for}; the same command goes on with it",
            )
        elif not said:
            became, reason = (STOPPED if one.process.returncode < 0 else WRONG), _ended_with(one.process.returncode)
        elif said.get("before"):
            became, reason = EARLIER, f"run {said['run']} is young enough"
            said.pop("word")
        elif code == ExitCode.OK:
            became = PASSED
        else:
            became = FAILED if said.get("word") else STOPPED if code == ExitCode.INTERRUPTED else WRONG
        word = f"{said['word']} ({reason})" if said.get("word") and reason else reason
        return Ended(
            *(one.step.suite.name, self._needs(one.step), became, code, word, said.get("run", "")),
            seconds=round(seconds, 1),
            peak_mb=said.get("peak_mb"),
        )


def _at_once(model: str, jobs: int | None) -> int:
    """A local model is loaded by every suite that is run on it: one after the other, for memory's sake."""
    if resolve(model).scheme not in SIDE_BY_SIDE:
        return jobs or 1
    return jobs or max(1, min(MOST_AT_ONCE, os.cpu_count() or 1))


def more(option: str, limit: float) -> str:
    return f"(--mode pipeline --mode-option {option}={2 * limit:g} gives more)"


def _stop(one: _Running, limit: str) -> None:
    one.stopped_for, one.stopped_at = limit, time.monotonic()
    with suppress(OSError):
        if os.name == "nt":
            one.process.terminate()
        else:
            one.process.send_signal(signal.SIGINT)


def _kill(process: subprocess.Popen[str]) -> None:
    with suppress(OSError):
        process.kill()
    process.wait()


def _ended_with(code: int) -> str:
    if code >= 0:
        return f"its process ended with code {code}, and said nothing; run alone, it says why"
    name = signal.Signals(-code).name
    cause = ", as the system does where memory runs out" if name == "SIGKILL" else ""
    return f"its process was ended by {name}{cause}; what it answered is kept, and the same command goes on with it"
