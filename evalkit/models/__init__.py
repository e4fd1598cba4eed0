"""Who answers: local models, endpoints and mocks, opened by one string."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalkit.models.manager import ModelManager
    from evalkit.models.reference import ModelSettings
    from evalkit.models.registry import open_backend

__all__ = ["ModelManager", "ModelSettings", "open_backend"]

_HOMES = {
    "ModelManager": "evalkit.models.manager",
    "ModelSettings": "evalkit.models.reference",
    "open_backend": "evalkit.models.registry",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
