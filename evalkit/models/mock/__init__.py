"""Models whose answers are known beforehand: for tests, for trying a suite, and to prove that its gates can fail.

``mock:KIND?option=value``; ``evalkit.models.mock.kinds`` and docs/endpoints.md list the kinds and their options.
"""

from evalkit.models.mock.backend import open_mock

__all__ = ["open_mock"]
