"""The command that makes the same run again, however it was asked for."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from evalkit.configuration import PREFIX, Configuration
from evalkit.runner.running import RunOptions


def command_line(
    suite: str,
    model: str,
    configuration: Configuration,
    options: RunOptions,
    *,
    redact: Sequence[str] = (),
    mode: str = "",
    mode_options: Sequence[str] = (),
    profile: bool = False,
) -> str:
    """``mode_options`` are written ``KEY=VALUE``."""
    words = ["evalkit", "run", suite, "--model", model]
    words += _each("--only", options.scope.only)
    words += _each("--redact", redact)
    for name, value in (("--seed", options.seed), ("--baseline", options.baseline or None)):
        if value is not None:
            words += [name, str(value)]
    words += _of_this_machine(configuration, model)
    if mode:
        words += ["--mode", mode]
    words += _each("--mode-option", mode_options)
    if mode and profile:  # a mode may do more in a run that is profiled
        words.append("--profile")
    if options.allow_different:
        words.append("--allow-different")
    if options.stop_early is not None:
        words.append("--stop-early" if options.stop_early else "--no-stop-early")
    if options.continues:
        words += ["--continue", options.continues]
    if options.replicate:
        words += ["--replicate", str(options.replicate)]
    if options.scope.limit is not None:
        words += ["--limit", str(options.scope.limit)]
    return shlex.join(words)


def _each(flag: str, values: Sequence[str]) -> Iterator[str]:
    for value in values:
        yield from (flag, value)


def _of_this_machine(configuration: Configuration, model: str) -> Iterator[str]:
    """How the model was run by options or the environment: the project's file says the rest again by itself."""
    for key in ("engine", "device", "dtype", "batch_size"):
        origin, value = configuration.origins.get(key, ""), getattr(configuration.settings, key)
        if key == "engine" and not origin.startswith("--"):
            value = configuration.model_settings(model)[1].engine  # none of a model that has no engines
        if value is not None and origin.startswith(("--", PREFIX)):
            yield from (f"--{key.replace('_', '-')}", str(value))
    if configuration.origins.get("trust_code", "").startswith("--"):
        yield "--trust-code"
