"""Extension points. Built-ins and third parties come in by the same door: entry points of the installed packages."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from evalkit.errors import PLUGIN_BREAKS, EvalkitError, PluginError, did_you_mean

GROUPS = (
    "evalkit.backends",
    "evalkit.checks",
    "evalkit.metrics",
    "evalkit.perturbations",
    "evalkit.readers",
    "evalkit.generators",
    "evalkit.modes",
    "evalkit.reporters",
)


@cache
def _found() -> dict[str, dict[str, tuple[EntryPoint, ...]]]:
    """By group and name; more than one where packages contend for it. All at once: every look goes through the files
    of all installed packages."""
    installed = entry_points()
    groups: dict[str, dict[str, tuple[EntryPoint, ...]]] = {}
    for group in GROUPS:
        found: dict[str, dict[str, EntryPoint]] = {}
        for point in sorted(installed.select(group=group), key=lambda point: point.name):
            found.setdefault(point.name, {}).setdefault(point.value, point)
        groups[group] = {name: tuple(points.values()) for name, points in found.items()}
    return groups


def names(group: str) -> list[str]:
    return list(_found()[group])


def modules(group: str) -> set[str]:
    """In which all that is registered in a group lies."""
    return {point.module for points in _found()[group].values() for point in points}


def load(group: str, name: str, *, where: str = "") -> Any:
    """The object behind a name; errors name the plugin, its package, and the names there are."""
    found = _found()[group]
    what = group.removeprefix("evalkit.").removesuffix("s")
    if name not in found:
        raise PluginError(f"unknown {what} '{name}'", where=where, hint=did_you_mean(name, found, f"known {what}s"))
    point, *others = found[name]
    if others:
        listed = " and ".join(f"{_package(one)} ({one.value})" for one in found[name])
        raise PluginError(f"{what} '{name}' comes from {listed}", where=where, hint="uninstall all but one of them")
    try:
        return point.load()
    except EvalkitError:
        raise
    except PLUGIN_BREAKS as error:  # a plugin's import may fail in any way; the person must learn whose
        package = _package(point)
        raise PluginError(
            f"{what} '{name}' from {package} ({point.value}) cannot be loaded: {type(error).__name__}: {error}",
            where=where,
            hint=f"update or uninstall {package}",
        ) from error


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "an unknown package"
