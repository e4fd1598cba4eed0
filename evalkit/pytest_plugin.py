"""pytest: fixtures ``model_manager`` and ``evaluate``, and the marker ``@pytest.mark.evalkit(suite=..., model=...)``."""

from __future__ import annotations
