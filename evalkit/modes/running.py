"""A suite on a model in a mode: what the command line and Python both call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from evalkit.errors import ConfigurationError
from evalkit.modes.auto import run_chosen
from evalkit.modes.choosing import choose
from evalkit.modes.mode import Asked, find_mode, options_of
from evalkit.results import Result


def run_in_mode(asked: Asked, named: str = "", given: Sequence[str] | Mapping[str, Any] = ()) -> Result:
    """``given``: options of the mode that was named, over those that the suite gives it."""
    if not named:
        if given:
            raise ConfigurationError(
                "options are of a mode, and none is named", where="--mode-option", hint="--mode NAME"
            )
        chosen = choose(asked.suite, "", is_mock=asked.is_mock)
        return run_chosen(replace(asked, plain=True), chosen.mode, chosen.reason, chosen.preflight)
    mode = find_mode(named)
    options = options_of(named, mode, asked.suite, given)
    return mode.run(asked.called(named, "it was asked for"), options)
