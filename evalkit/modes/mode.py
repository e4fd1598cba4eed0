"""What a mode is: a way to run a suite, with options of its own and what it tells in the report."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from evalkit import plugins
from evalkit.errors import ConfigurationError, PluginError, SuiteError, did_you_mean
from evalkit.models.registry import resolve
from evalkit.results import Result
from evalkit.runner.ask import Tally
from evalkit.runner.attending import Attendant
from evalkit.runner.running import RunOptions
from evalkit.runner.under_way import Progress
from evalkit.store import Store
from evalkit.suite.load import Suite

GROUP = "evalkit.modes"


class ModeOptions(BaseModel):
    """Options of a mode; its schema is published. Every option has a default."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True)
class Asked:
    """A suite that is to be run on a model."""

    suite: Suite
    model: str
    store: Store
    options: RunOptions
    plain: bool = False
    """No mode was named: no more is done than the suite asks."""
    began: float = field(default_factory=time.monotonic)

    @cached_property
    def is_mock(self) -> bool:
        return resolve(self.model).scheme == "mock"

    def tell(self, stage: str, done: int, of: int) -> None:
        """How far the mode is with what it does beside the run, to whoever is told how far the run is."""
        told = Progress(self.suite.name, self.model, of, done, Tally(), stage, time.monotonic() - self.began)
        self.options.on_progress(told)

    def attended_by(self, *attendants: Attendant) -> Asked:
        """Further ones, after those there are."""
        return replace(self, options=replace(self.options, attendants=(*self.options.attendants, *attendants)))

    def called(self, mode: str, reason: str) -> Asked:
        return replace(self, options=replace(self.options, mode=mode, mode_reason=reason))


class Mode(Protocol):
    """Registered as an entry point of the group ``evalkit.modes``; its name there is the mode's."""

    @property
    def sentence(self) -> str:
        """What it does, for lists and help."""

    @property
    def Options(self) -> type[ModeOptions]: ...

    def run(self, asked: Asked, options: Any) -> Result: ...


def modes() -> list[str]:
    return plugins.names(GROUP)


def find_mode(name: str) -> Mode:
    if name not in modes():
        raise ConfigurationError(f"there is no mode '{name}'", hint=did_you_mean(name, modes(), "modes"))
    found = plugins.load(GROUP, name)
    try:
        mode: Mode = found() if isinstance(found, type) else found
        lacking = _lacking(mode)
    except Exception as error:  # a plugin may do anything; whichever it is, the person must learn whose
        raise PluginError(f"mode '{name}' cannot be made: {type(error).__name__}: {error}") from error
    if lacking:
        raise PluginError(
            f"mode '{name}' ({type(mode).__module__}) {lacking}", hint="docs/modes.md says what a mode is"
        )
    return mode


def _lacking(mode: Any) -> str:
    """What it has not that a mode has; of nothing, nothing."""
    options = getattr(mode, "Options", None)
    if not isinstance(getattr(mode, "sentence", None), str):
        return "says in no 'sentence' what it does"
    if not (isinstance(options, type) and issubclass(options, ModeOptions)):
        return "has no 'Options' that are ModeOptions"
    options()  # each has a default
    return "" if callable(getattr(mode, "run", None)) else "has no 'run'"


def is_ours(mode: Mode) -> bool:
    return type(mode).__module__.partition(".")[0] == __name__.partition(".")[0]


def options_of(name: str, mode: Mode, suite: Suite, given: Sequence[str] | Mapping[str, Any] = ()) -> Any:
    """What the suite says of this mode, and over it what the caller says: ``KEY=VALUE`` each, or a mapping."""
    written = dict(suite.modes.get(name, {}))
    _validated(name, mode, written, where=str(suite.path), origin=SuiteError)
    said = dict(given) if isinstance(given, Mapping) else dict(map(_pair, given))
    return _validated(name, mode, {**written, **said}, where="--mode-option", origin=ConfigurationError)


def _pair(text: str) -> tuple[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ConfigurationError(f"'{text}' is not KEY=VALUE", where="--mode-option", hint="such as contracts=strict")
    try:
        return key.strip(), YAML(typ="safe", pure=True).load(value)
    except YAMLError as error:
        raise ConfigurationError(f"the value of '{key}' cannot be read: {value}", where="--mode-option") from error


def _validated(name: str, mode: Mode, data: Mapping[str, Any], *, where: str, origin: type[Exception]) -> Any:
    try:
        return mode.Options.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        known = list(mode.Options.model_fields)
        if first["type"] == "extra_forbidden":
            said, hint = f"mode '{name}' has no option '{key}'", did_you_mean(key, known, "its options")
        else:
            said, hint = f"option '{key}' of mode '{name}': {first['msg']}, not {first['input']!r}", ""
        raise origin(said, where=where, hint=hint) from error  # type: ignore[call-arg]


def json_schema() -> dict[str, Any]:
    """Of what a suite may say under ``modes``: by name, what it does and its options, or why it cannot be used."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "evalkit modes",
        "type": "object",
        "properties": {name: _schema_of(name) for name in modes()},
        "additionalProperties": False,
    }


def _schema_of(name: str) -> dict[str, Any]:
    try:
        mode = find_mode(name)
    except PluginError as error:  # of one package: the others' options are still known
        return {"title": name, "description": str(error)}
    return {**mode.Options.model_json_schema(), "title": name, "description": mode.sentence}
