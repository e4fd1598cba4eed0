"""The whole suite, and then the model under load."""

from evalkit.modes.deep_dive.mode import DeepDive

__all__ = ["DeepDive"]
