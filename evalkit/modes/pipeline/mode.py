"""The mode ``pipeline``: the suite end to end, watched at every boundary."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from evalkit.modes.mode import Asked, ModeOptions
from evalkit.modes.pipeline.watch import Counted, Watched
from evalkit.results import Result
from evalkit.runner.execute import run_suite


class PipelineOptions(ModeOptions):
    contracts: Literal["strict", "lenient"] = Field(
        "lenient", description="Whether a broken contract ends the run, or is told in the report."
    )


class Pipeline:
    sentence = "The whole suite end to end, with what passes each boundary checked and counted."
    Options = PipelineOptions

    def run(self, asked: Asked, options: PipelineOptions) -> Result:
        strict = options.contracts == "strict"
        watch = Counted if asked.plain and not options.model_fields_set else Watched
        asked = asked.attended_by(watch(asked.suite, strict=strict))
        return run_suite(asked.suite, asked.model, asked.store, asked.options)
