"""A suite on a model in a mode: what the command line and Python both call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from evalkit.errors import PLUGIN_BREAKS, ConfigurationError, EvalkitError, ModeBroken
from evalkit.failures import without_secrets
from evalkit.modes.auto import run_chosen
from evalkit.modes.choosing import choose
from evalkit.modes.mode import Asked, Mode, find_mode, is_ours, options_of
from evalkit.results import Result
from evalkit.runner.events import Announcer, Event


def run_in_mode(asked: Asked, named: str = "", given: Sequence[str] | Mapping[str, Any] = ()) -> Result:
    """``given``: options of the mode that was named, over those that the suite gives it.

    Whoever listens is told how it ended, also where no model was asked and nothing else is told.
    """
    tell = asked.options.on_event
    if tell is None:
        return _in_mode(asked, named, given)
    told: set[str] = set()

    def noting(event: Event) -> None:
        told.add(event.run)
        tell(event)

    result = _in_mode(replace(asked, options=replace(asked.options, on_event=noting)), named, given)
    if result.run.id not in told:
        Announcer(result.run, tell).finished(result)
    return result


def _in_mode(asked: Asked, named: str, given: Sequence[str] | Mapping[str, Any]) -> Result:
    if not named:
        if given:
            raise ConfigurationError(
                "options are of a mode, and none is named", where="--mode-option", hint="--mode NAME"
            )
        chosen = choose(asked.suite, "", is_mock=asked.is_mock)
        return run_chosen(replace(asked, plain=True), chosen.mode, chosen.reason, chosen.preflight)
    mode = find_mode(named)
    options = options_of(named, mode, asked.suite, given)
    asked = asked.called(named, "it was asked for")
    return mode.run(asked, options) if is_ours(mode) else _run_of_a_plugin(named, mode, asked, options)


def _run_of_a_plugin(name: str, mode: Mode, asked: Asked, options: Any) -> Result:
    """What it raises is told as its own, and it does not end the program as if all were well."""
    try:
        found: Any = mode.run(asked, options)
    except EvalkitError:
        raise
    except PLUGIN_BREAKS as error:
        raise _broken(name, mode, f"{type(error).__name__}: {error}") from error
    if not isinstance(found, Result):
        raise _broken(name, mode, f"run gives {type(found).__name__}, not a Result")
    return found


def _broken(name: str, mode: Mode, said: str) -> ModeBroken:
    made_by = type(mode)
    return ModeBroken(
        f"mode '{name}' ({made_by.__module__}:{made_by.__qualname__}) broke: {without_secrets(said)}",
        hint="'evalkit --debug ...' shows where; what was answered is kept",
    )
