"""Where a run stands while it asks: for whoever shows it, and for those who look on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from evalkit.runner.ask import Tally
from evalkit.runner.pace import Pace, Work
from evalkit.runner.plan import Plan, Planned
from evalkit.runner.so_far import Looking, SoFar
from evalkit.runner.stopping import Decided, Stopping

LOADING = "loading"
"""The stage's first word, before the model's name."""
ASKING = "asking"
DECIDING = "deciding"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands, for whoever shows it."""

    suite: str
    model: str
    cases: int
    done: float
    """Finished cases, and of the block under way the share that is answered."""
    tally: Tally
    stage: str
    seconds: float
    traffic: str = ""
    """How many requests the subject's server is sent at once; empty where nobody has to find out."""
    decided: tuple[Decided, ...] = ()
    """Gates that need no more cases, in a run that may stop early."""
    gates: int = 0
    """How many the suite wrote."""
    so_far: tuple[SoFar, ...] = ()
    """How those of them stand that are not decided and have a value."""
    left: float | None = None
    """Seconds until all is asked, if nothing stops early; none where nothing can be said yet."""
    speed: float | None = None
    """Tokens a second."""


@dataclass(slots=True)
class UnderWay:
    """Counts the cases of a run as they are asked and judged."""

    plan: Plan
    model: str
    looking: Looking
    stopping: Stopping
    pass_on: Callable[[Progress, bool], None]
    """What is to be known of it; at once, where nothing may follow for a while."""
    clock: Callable[[], float]
    """Seconds of the run."""
    traffic: Callable[[], str]
    done: int = 0
    pace: Pace = field(default_factory=Pace)
    _asked: int = 0
    """Cases of the block under way."""
    _shown: float = 0.0
    _work: Work = field(init=False)
    _cases: int = field(init=False)

    def __post_init__(self) -> None:
        self._work = Work({name: len(cases) for name, cases in self.plan.cases.items()})
        self._cases = self.plan.count

    def begin(self, planned: Sequence[Planned], tally: Tally) -> list[Planned]:
        """A block: what of it has to be asked."""
        block = self.stopping.active(planned)
        self.done += len(planned) - len(block)
        self._asked = len(block)
        self._work.begin(Counter(one.check.name for one in planned), len(block), tally)
        return block

    def show(self, tally: Tally, stage: str = ASKING, *, at_once: bool = False) -> None:
        seconds, pace = self.clock(), self.pace
        # a conversation's next round begins again at nothing
        self._shown = max(self._shown, self.done + self._asked * tally.round_share)
        if seconds >= pace.due:
            pace.take(seconds, *self._work.stand(tally, self.stopping.stopped), tally.output_tokens)
        progress = Progress(
            *(self.plan.suite.name, self.model, self._cases, self._shown, tally, stage, seconds, self.traffic()),
            *(self.looking.decided, len(self.looking.gates), self.looking.so_far),
            left=pace.seconds_left if stage == ASKING else None,
            speed=pace.tokens_per_second,
        )
        self.pass_on(progress, at_once)

    def show_loading(self, tally: Tally, model: str) -> None:
        self.show(tally, f"{LOADING} {model}" if model else ASKING, at_once=True)
