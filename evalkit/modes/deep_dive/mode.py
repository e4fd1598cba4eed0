"""The mode ``deep-dive``: the suite end to end, with measurements of the model beside it."""

from __future__ import annotations

from evalkit.modes.mode import Asked, ModeOptions, find_mode, options_of
from evalkit.results import Result


class DeepDiveOptions(ModeOptions):
    pass


class DeepDive:
    sentence = "The whole suite, then the model under load: speed, memory, scaling, and where it is worst."
    Options = DeepDiveOptions

    def run(self, asked: Asked, options: DeepDiveOptions) -> Result:
        pipeline = find_mode("pipeline")
        return pipeline.run(asked, options_of("pipeline", pipeline, asked.suite))
