"""Each check and its dataset alone: on mock models and made rows, in a process of its own, within limits.

It tells whether a suite's checks can be relied upon, and nothing of any model.
"""

from evalkit.modes.isolation.mode import Isolation

__all__ = ["Isolation"]
