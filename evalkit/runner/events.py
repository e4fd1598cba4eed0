"""What happens in a run, one event after the other: for programs that look on while it goes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from evalkit.failures import explain, without_secrets
from evalkit.protocols import Told
from evalkit.results import Result, Run
from evalkit.runner.ask import Tally
from evalkit.runner.under_way import ASKING, LOADING, Progress

STARTED, RESUMED = "run started", "run resumed"
LOADS, BLOCK, DECIDED = "model loading", "block done", "gate decided"
TROUBLE = "trouble"
FINISHED, INTERRUPTED, FAILED = "run finished", "run interrupted", "run failed"
ENDS = {FINISHED, INTERRUPTED, FAILED}
NAMES = (STARTED, RESUMED, LOADS, BLOCK, DECIDED, TROUBLE, FINISHED, INTERRUPTED, FAILED)


@dataclass(frozen=True, slots=True)
class Event:
    name: str
    """One of ``NAMES``."""
    time: str
    run: str
    suite: str
    model: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Flat: what every event has, then its own facts."""
        data = asdict(self)
        return {
            "event": data.pop("name"),
            **{key: value for key, value in data.items() if key != "facts"},
            **self.facts,
        }


Tell = Callable[[Event], None]


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def told_of(error: BaseException, cause: str) -> dict[str, Any]:
    """What an event says of an error; of what is none, its cause alone."""
    advice = explain(error)
    return {
        "cause": without_secrets(cause),
        **({"class": str(advice.kind), "recommendation": without_secrets(advice.recommendation)} if advice else {}),
    }


class Announcer:
    """Tells each event once. With nobody to tell it does nothing."""

    def __init__(self, run: Run, tell: Tell | None, now: Callable[[], str] = now) -> None:
        self._run = run
        self._tell = tell
        self._now = now
        self._decided: set[str] = set()
        self._stage = ASKING

    @property
    def listens(self) -> bool:
        return self._tell is not None

    def began(self, cases: int, *, before: int = 0) -> None:
        """``before``: how often the run had begun until now."""
        self._say(RESUMED if before else STARTED, cases=cases)

    def stands(self, progress: Progress) -> None:
        if self._tell is None:
            return
        if progress.stage != self._stage:
            self._stage = progress.stage
            if progress.stage.startswith(f"{LOADING} "):
                self._say(LOADS, loads=progress.stage.removeprefix(f"{LOADING} "))
        for one in progress.decided:
            self._gate(one.gate, word=str(one.word), cases=one.cases, early=True)

    def block(self, number: int, cases: int, done: int, of: int, tally: Tally) -> None:
        if self._tell is not None:
            counts = {"asked": tally.asked, "reused": tally.reused, "output_tokens": tally.output_tokens}
            self._say(BLOCK, block=number, cases=cases, done=done, of=of, **counts)

    def finished(self, result: Result) -> None:
        if self._tell is None:
            return
        for verdict in result.outcome.verdicts:
            value = verdict.estimate.value if verdict.estimate else None
            counts_as = str(verdict.counts_as)
            self._gate(verdict.gate, word=str(verdict.word), counts_as=counts_as, value=value, reason=verdict.reason)
        outcome, usage = result.outcome, result.usage
        told = {"outcome": outcome.word, "exit_code": int(outcome.exit_code), "reason": outcome.reason}
        self._say(FINISHED, **told, cases=usage.cases, asked=usage.asked, seconds=usage.seconds)

    def trouble(self, told: Told) -> None:
        """What happened to a model, though the run goes on."""
        self._say(TROUBLE, **{"class": str(told.failure), "said": told.said})

    def ended(self, state: str, cause: str, error: BaseException) -> None:
        """Otherwise than with a result."""
        self._say(INTERRUPTED if state == "interrupted" else FAILED, **told_of(error, cause))

    def _gate(self, gate: str, **facts: Any) -> None:
        if gate not in self._decided:
            self._decided.add(gate)
            self._say(DECIDED, gate=gate, **facts)

    def _say(self, name: str, **facts: Any) -> None:
        """Whoever listens is a guest: where it fails it is told nothing more, and the run goes on."""
        if self._tell is None:
            return
        try:
            self._tell(Event(name, self._now(), self._run.id, self._run.suite, self._run.model, facts))
        except Exception as error:  # noqa: BLE001 - anybody's code
            self._tell = None
            said = f"on_event failed at '{name}' and is told nothing more: {type(error).__name__}: {error}"
            warnings.warn(said, RuntimeWarning, stacklevel=2)
