"""What a run is told, and what its stages share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from evalkit.models import ModelSettings
from evalkit.protocols import Backend
from evalkit.results import Run
from evalkit.runner.attending import Attendant
from evalkit.runner.ending import Ending, say_on_standard_error
from evalkit.runner.events import Announcer, Tell
from evalkit.runner.plan import Plan, Scope
from evalkit.runner.stopping import Stopping
from evalkit.runner.takeover import Takeover
from evalkit.runner.timeline import Timeline
from evalkit.runner.troubles import Troubles
from evalkit.runner.under_way import Progress
from evalkit.store import Store


@dataclass(frozen=True, slots=True)
class RunOptions:
    scope: Scope = field(default_factory=Scope)
    settings: ModelSettings = field(default_factory=ModelSettings)
    baseline: str = ""
    """What to compare with: a baseline's name or file, or a finished run's id, prefix, ``last`` or ``last:SUITE``."""
    allow_different: bool = False
    """A baseline that was made differently is compared all the same, and the report says so."""
    stop_early: bool | None = None
    """Whether checks stop when their gates are decided; none: as the suite says."""
    continues: str = ""
    """A finished run that stopped early: this one goes on from its answers."""
    replicate: int = 0
    """Independent repetitions of a whole run do not share answers."""
    seed: int | None = None
    resume: str = "auto"
    """``auto``, ``required`` or ``never``, as in ``begin_run``."""
    judge: tuple[str, ModelSettings] | None = None
    """How the suite's judge is reached, where the configuration says more than its name."""
    strict: bool = False
    """Warnings about the suite are errors."""
    scoring_workers: int | None = None
    """Processes that score beside this one; none: as many as pay."""
    reproduce: str = ""
    on_progress: Callable[[Progress], None] = lambda _: None
    on_ending: Callable[[], None] = say_on_standard_error
    """Says that the run ends in order, from within a handler of signals."""
    on_event: Tell | None = None
    """Is told what happens, one event after the other."""
    attendants: Sequence[Attendant] = ()
    mode: str = "pipeline"
    mode_reason: str = ""


AS_USUAL = RunOptions()


@dataclass(slots=True)
class Running:
    """What the stages of one run share."""

    plan: Plan
    backends: Mapping[str, Backend]
    """By role."""
    store: Store
    run: Run
    options: RunOptions
    started: float
    warnings: list[str]
    stopping: Stopping
    timeline: Timeline = field(default_factory=Timeline)
    takeover: Takeover = field(init=False)
    announcer: Announcer = field(init=False)
    troubles: Troubles = field(init=False)
    ending: Ending = field(init=False)

    def __post_init__(self) -> None:
        self.ending = Ending(self.options.on_ending)
        self.takeover = Takeover(self.store)
        self.announcer = Announcer(self.run, self.options.on_event)
        self.troubles = Troubles(self.backends.values(), self.announcer.trouble)
