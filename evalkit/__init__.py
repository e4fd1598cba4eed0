"""evalkit: is this model good enough, is that answer to be trusted, and what changed since last time?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalkit.api import RunResult, compare, evaluate, load_suite, search, sql
    from evalkit.models.manager import ModelManager

__version__ = "0.1.0"
__all__ = [
    "ModelManager",
    "RunResult",
    "__version__",
    "compare",
    "evaluate",
    "load_result",
    "load_suite",
    "search",
    "sql",
]

_HOMES = {
    "ModelManager": "evalkit.models.manager",
    "RunResult": "evalkit.api",
    "compare": "evalkit.api",
    "evaluate": "evalkit.api",
    "load_result": "evalkit.api",
    "load_suite": "evalkit.api",
    "search": "evalkit.api",
    "sql": "evalkit.api",
}


def __getattr__(name: str) -> Any:
    """Public names load their module when first used, so that ``import evalkit`` costs next to nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
