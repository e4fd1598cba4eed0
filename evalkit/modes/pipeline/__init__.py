"""The whole suite, end to end."""

from evalkit.modes.pipeline.mode import Pipeline

__all__ = ["Pipeline"]
