"""The mode ``pipeline``: the suite end to end, watched at every boundary."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from evalkit.models import open_backend
from evalkit.modes.mode import Asked, ModeOptions
from evalkit.modes.pipeline.needed.order import steps_before
from evalkit.modes.pipeline.watch import Counted, Watched
from evalkit.results import Result
from evalkit.runner.attending import Attendant
from evalkit.runner.execute import run_suite
from evalkit.runner.plan import make_plan
from evalkit.runner.profile import stage


class PipelineOptions(ModeOptions):
    contracts: Literal["strict", "lenient"] = Field(
        "lenient", description="Whether a broken contract ends the run, or is told in the report."
    )
    step_seconds: float = Field(300, gt=0, description="Limit of each suite that is needed.")
    step_memory_mb: float = Field(2048, gt=0, description="The same, of the memory of its process.")
    seconds: float = Field(3600, gt=0, description="Limit of all suites that are needed together.")
    jobs: int | None = Field(
        None, ge=1, le=64, description="Needed suites at a time; by default one on a local model, else up to four."
    )
    limit_itself: bool = Field(
        False, description="The suite that was asked for has the limits of a step, too, looked at with each answer."
    )


class Pipeline:
    sentence = "The whole suite end to end, with what passes each boundary checked and counted."
    Options = PipelineOptions

    def run(self, asked: Asked, options: PipelineOptions) -> Result:
        strict = options.contracts == "strict"
        watch = Counted if asked.plain and not options.model_fields_set else Watched
        attendants: list[Attendant] = [watch(asked.suite, strict=strict)]
        if asked.suite.needs:
            from evalkit.modes.pipeline.needed.chain import Chain
            from evalkit.modes.pipeline.needed.ended import Needed, not_run

            steps = steps_before(asked.suite, seed=asked.options.seed)
            _require_sound(asked)
            chain = Chain(asked, steps, options)
            with stage("run what is needed"):
                ended = chain.run()
            if chain.blocked(asked.suite.needs):
                return not_run(asked, ended)
            attendants.append(Needed(ended))
        if options.limit_itself:
            from evalkit.modes.pipeline.limited import Limited

            attendants.append(Limited(options.step_seconds, options.step_memory_mb))
        asked = asked.attended_by(*attendants)
        return run_suite(asked.suite, asked.model, asked.store, asked.options)


def _require_sound(asked: Asked) -> None:
    """What is wrong with the suite or the model is found before others are run for it."""
    open_backend(asked.model, asked.options.settings).close()
    make_plan(asked.suite, asked.options.scope)
