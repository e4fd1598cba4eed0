"""The mode ``deep-dive``: the suite end to end, with measurements of the model beside it."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Annotated

from pydantic import Field

from evalkit.modes.mode import Asked, ModeOptions, find_mode, options_of
from evalkit.results import Result
from evalkit.runner.profile import recorder, recording

Size = Annotated[int, Field(ge=1, le=1024)]


class DeepDiveOptions(ModeOptions):
    seconds: float = Field(
        300, ge=0, le=86_400, description="What may be spent on asking the model beside the run; 0: it is not asked."
    )
    batch_sizes: tuple[Size, ...] = Field(
        (1, 2, 4, 8, 16), max_length=16, description="Measured batch sizes; of an endpoint: requests at once."
    )
    repeats: int = Field(3, ge=1, le=50, description="How often each of them is measured.")
    prompts: int = Field(16, ge=1, le=1024, description="Different prompts of the suite that each measurement asks.")
    max_tokens: int = Field(32, ge=1, le=4096, description="The longest answer of a measurement, in tokens.")
    rows: int = Field(16, ge=1, le=100_000, description="The volume that is doubled and doubled again.")
    growth_requests: int = Field(100, ge=10, le=1_000_000, description="Requests over which memory is watched.")
    cases: int = Field(
        2000, ge=10, le=100_000, description="Cases of each check among which latencies, slices and patterns are read."
    )
    against: str = Field("", description="A run, baseline or its file to compare with, also of other cases.")


class DeepDive:
    sentence = "The whole suite, then the model under load: speed, memory, scaling, and where it is worst."
    Options = DeepDiveOptions

    def run(self, asked: Asked, options: DeepDiveOptions) -> Result:
        from evalkit.modes.deep_dive.diving import Diving

        profiled = recorder() is not None
        if options.against:
            from evalkit.runner.compare_sides import find_side

            side = find_side(asked.store, options.against)  # what is wrong with it is said before anything is asked
            options = options.model_copy(update={"against": side.found_by or side.result.run.id})
        pipeline = find_mode("pipeline")
        with nullcontext() if profiled or asked.is_mock else recording():
            is_timed = profiled or not asked.is_mock
            diving = Diving(options, is_timed=is_timed, tell=asked.tell, say_ending=asked.options.on_ending)
            return pipeline.run(asked.attended_by(diving), options_of("pipeline", pipeline, asked.suite))
