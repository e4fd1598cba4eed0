"""Extension points. Built-ins and third parties come in by the same door: entry points of the installed packages."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from evalkit.errors import EvalkitError, PluginError, did_you_mean

GROUPS = (
    "evalkit.backends",
    "evalkit.checks",
    "evalkit.metrics",
    "evalkit.readers",
    "evalkit.generators",
    "evalkit.reporters",
)


@cache
def _found(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in sorted(entry_points(group=group), key=lambda point: point.name)}


def names(group: str) -> list[str]:
    return list(_found(group))


def load(group: str, name: str, *, where: str = "") -> Any:
    """The object behind a name; errors name the plugin, its package, and the names there are."""
    found = _found(group)
    what = group.removeprefix("evalkit.").removesuffix("s")
    if name not in found:
        raise PluginError(f"unknown {what} '{name}'", where=where, hint=did_you_mean(name, found, f"known {what}s"))
    point = found[name]
    try:
        return point.load()
    except EvalkitError:
        raise
    except Exception as error:  # a plugin's import may fail in any way; whichever it is, the person must learn whose
        package = point.dist.name if point.dist else "an unknown package"
        raise PluginError(
            f"{what} '{name}' from {package} ({point.value}) cannot be loaded: {type(error).__name__}: {error}",
            where=where,
            hint=f"update or uninstall {package}",
        ) from error
