"""Who attends a run that is dived into: watches its resources, and when its gates are decided asks its model more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from evalkit.errors import EvalkitError, Interrupted
from evalkit.failures import without_secrets
from evalkit.modes.deep_dive.asking import requests_of
from evalkit.modes.deep_dive.budget import Budget
from evalkit.modes.deep_dive.comparison import against_baseline, against_run, between_datasets
from evalkit.modes.deep_dive.figures import Figures
from evalkit.modes.deep_dive.forecast import prompts_of_rates, prompts_wanted
from evalkit.modes.deep_dive.growth import Growth, measure_growth
from evalkit.modes.deep_dive.rates import Rates, measure_rates
from evalkit.modes.deep_dive.reading import read_cases
from evalkit.modes.deep_dive.resources import Look, Sampler, peak_mb
from evalkit.modes.deep_dive.slices import Slicing
from evalkit.modes.deep_dive.stages import Blocks
from evalkit.modes.deep_dive.volume import Scaling, measure_scaling
from evalkit.runner.attending import Attendant, Concluded
from evalkit.runner.beating import beating
from evalkit.runner.ending import Ending, in_order, say_on_standard_error
from evalkit.runner.profile import recorder, stage, uncounted
from evalkit.sections import Section

if TYPE_CHECKING:
    from evalkit.modes.deep_dive.mode import DeepDiveOptions
    from evalkit.protocols import Backend
    from evalkit.runner.examine import Examined
    from evalkit.runner.plan import Plan

Tell = Callable[[str, int, int], None]
T = TypeVar("T")
RATES, VOLUME = 0.5, 0.5
"""Of the time that is left when each begins; the rest is that of the memory's growth."""
MEASURING = "measuring beside the run"


class Diving(Attendant):
    def __init__(
        self,
        options: DeepDiveOptions,
        *,
        is_timed: bool,
        tell: Tell = lambda *_: None,
        say_ending: Callable[[], None] = say_on_standard_error,
    ) -> None:
        """``is_timed``: it has a speed of its own, or somebody asked for that of all around it. ``say_ending``: that
        the measurements end, as somebody wanted."""
        self._options = options
        self._ending = Ending(say_ending)
        self._is_timed = is_timed
        self._tell = tell
        self._sampler = Sampler()
        self._blocks = Blocks()
        self._begun: Look | None = None

    def planned(self, plan: Plan, backends: Mapping[str, Backend]) -> None:
        if self._is_timed:
            self._sampler.start()
            self._begun = self._sampler.note()
            if (open_one := recorder()) is not None:
                self._blocks.begin(open_one.profile())

    def examined(self, block: Sequence[Examined]) -> None:
        open_one = recorder()
        if open_one is not None and self._is_timed:
            self._blocks.note(open_one.profile())

    def concluded(self, concluded: Concluded) -> Sequence[Section]:
        from evalkit.modes.deep_dive.told import sections

        open_one = recorder()
        profile = open_one.profile() if open_one is not None else None
        if self._begun is not None:
            self._sampler.add_phase("the run", self._begun)
        figures = Figures(concluded, self._options, profile=profile, blocks=self._blocks, is_timed=self._is_timed)
        with stage("deep dive"), uncounted(), beating(concluded.store, concluded.run.id):
            if self._is_timed:
                with in_order(self._ending):  # the run is decided: who wants no more of this keeps its verdicts
                    self._measure(figures)
            self._read(figures)
        self._sampler.stop()
        figures.looks, figures.phases, figures.peak_mb = self._sampler.looks, self._sampler.phases, peak_mb()
        return sections(figures)

    def closed(self) -> None:
        self._sampler.stop()

    def _measure(self, figures: Figures) -> None:
        """The model is asked, and what it answers is kept nowhere."""
        options, concluded = self._options, figures.concluded
        budget = figures.budget = self._budget(concluded)
        backend = concluded.backends["subject"]
        requests = requests_of(concluded.plan, prompts_wanted(options), options.max_tokens)
        if not requests or budget.is_over:
            budget.untimed.append("speed: no time was given" if requests else "speed: no check asks for plain answers")
            return
        asked = requests[: prompts_of_rates(options)]
        figures.rates = self._tried(
            figures,
            "speed",
            RATES,
            Rates(""),
            lambda part, tell: measure_rates(backend, asked, options.batch_sizes, options.repeats, part, tell=tell),
        )
        figures.scaling = self._tried(
            figures,
            "volume",
            VOLUME,
            Scaling(()),
            lambda part, tell: measure_scaling(backend, requests, options.rows, options.repeats, part, tell=tell),
        )
        figures.growth = self._tried(
            figures,
            "memory",
            1.0,
            Growth(0),
            lambda part, tell: measure_growth(backend, requests, options.growth_requests, part, tell=tell),
        )
        if self._ending.asked:
            budget.untimed.insert(0, "stopped by hand")

    def _budget(self, concluded: Concluded) -> Budget:
        """The suite's own limits hold for what is asked beside its run, too."""
        suite, usage = concluded.plan.suite, concluded.result.usage
        requests = None if suite.requests is None else max(0, suite.requests - usage.asked)
        return Budget(self._options.seconds, requests, is_stopped=lambda: self._ending.asked)

    def _tried(
        self,
        figures: Figures,
        name: str,
        share: float,
        nothing: T,
        measure: Callable[[Budget, Callable[[int, int], None]], T],
    ) -> T:
        """A model that breaks while it is measured takes no verdict with it."""
        part = figures.budget.part(share)
        try:
            with self._sampler.phase(f"measuring {name}"):
                return measure(part, lambda done, of: self._tell(f"{MEASURING}: {name}", done, of))
        except Interrupted:
            raise
        except EvalkitError as error:
            part.untimed.append(f"{name}: {error.message}")
        except Exception as error:  # noqa: BLE001 - backends are plugins
            part.untimed.append(without_secrets(f"{name}: {type(error).__name__}: {error}"))
        finally:
            figures.budget.take_back(part)
        return nothing

    def _read(self, figures: Figures) -> None:
        concluded, slicing = figures.concluded, Slicing(figures.concluded)
        self._tell("reading the run's cases", 0, 1)
        for one in read_cases(concluded, self._options.cases):
            figures.latencies.add(one.check, one.answers)
            figures.patterns.add(one)
            slicing.add(one)
        figures.worst = slicing.worst()
        if self._options.against:
            figures.against += (against_run(concluded, self._options.against),)
        if concluded.result.contrasts:
            figures.against += (against_baseline(concluded.result),)
        figures.datasets = between_datasets(concluded)
        self._tell("reading the run's cases", 1, 1)
