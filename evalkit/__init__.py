"""evalkit: is this model good enough, is that answer to be trusted, and what changed since last time?"""

from __future__ import annotations

__version__ = "0.1.0"
