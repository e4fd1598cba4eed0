"""The mode ``pipeline``: the suite end to end."""

from __future__ import annotations

from evalkit.modes.mode import Asked, ModeOptions
from evalkit.results import Result
from evalkit.runner.execute import run_suite


class PipelineOptions(ModeOptions):
    pass


class Pipeline:
    sentence = "The whole suite end to end."
    Options = PipelineOptions

    def run(self, asked: Asked, options: PipelineOptions) -> Result:
        return run_suite(asked.suite, asked.model, asked.store, asked.options)
