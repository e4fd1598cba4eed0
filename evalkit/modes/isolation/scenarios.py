"""Scenario files: what is done to a check's rows, who answers, and how that must end."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from evalkit import plugins
from evalkit.errors import EvalkitError, SuiteError, did_you_mean
from evalkit.models import open_backend
from evalkit.suite.find import bundled
from evalkit.suite.schema import Config
from evalkit.suite.source import Source, read_source
from evalkit.suite.validating import validated

if TYPE_CHECKING:
    from evalkit.modes.isolation.mode import IsolationOptions

FOLDER = "scenarios"
MOST_VARIANTS = 100
Characters = Literal["words", "planes", "controls", "markup", "spaces"]
Kind = Literal["standard", "edge", "error", "performance"]
_PLACE = re.compile(r"\$\{(\w+)\}")


class Texts(Config):
    characters: Characters = Field("words", description="What texts are made of.")
    length: int = Field(80, ge=0, le=10_000_000, description="Characters of each.")


class Spoiled(Config):
    column: Literal["required", "prompt", "references"] = Field(
        "required", description="Which columns, one at a time: those the check cannot do without, or what is asked."
    )
    how: Literal["missing", "null", "object", "list", "number", "empty"]


class Rows(Config):
    n: int = Field(24, ge=0, le=1_000_000, description="How many; those of a family come together.")
    same: bool = Field(False, description="All are the first one, under other ids.")
    texts: Texts | None = Field(None, description="Prompts and references are made anew.")
    spoil: Spoiled | None = Field(None, description="What is wrong with them.")


class LimitsOfScenario(Config):
    seconds: float = Field(300, gt=0)
    memory_mb: float = Field(1000, gt=0, description="Beyond what the process has when it begins.")


Expected = Literal["scored", "judged", "told", "refused", "errored", "counted"]
"""``scored``: every case ends without an error, and one at least is scored. ``judged``: every case ends without an
error. ``told``: that, or the dataset is refused in a sentence. ``refused``: the dataset is refused. ``errored``: every
case is errored. ``counted``: every case ends in one of these ways."""


class ScenarioConfig(Config):
    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    about: str = Field(min_length=1, description="One sentence: what is tried.")
    kind: Kind
    parameters: dict[str, list[Any]] = Field(default_factory=dict, description="Each combination is tried: ${name}.")
    rows: Rows = Rows()
    model: str = Field("mock:oracle", pattern=r"^mock:", description="Who answers.")
    checks: list[str] = Field(default_factory=list, description="Kinds of checks it is for; none named: all.")
    expect: Expected = "judged"
    limits: LimitsOfScenario = LimitsOfScenario()


@dataclass(frozen=True, slots=True)
class Scenario:
    """One combination of a scenario's parameters."""

    config: ScenarioConfig
    parameters: Mapping[str, Any]
    origin: str

    @property
    def name(self) -> str:
        told = ", ".join(f"{name} {value}" for name, value in self.parameters.items())
        return f"{self.config.name} ({told})" if told else self.config.name

    def is_for(self, kind: str) -> bool:
        return not self.config.checks or kind in self.config.checks

    def to_json(self) -> dict[str, Any]:
        return {"config": self.config.model_dump(), "parameters": dict(self.parameters), "origin": self.origin}

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> Scenario:
        return Scenario(ScenarioConfig.model_validate(document["config"]), document["parameters"], document["origin"])


def bundled_scenarios() -> Path:
    return bundled("suites") / FOLDER


def load_scenarios(*folders: Path) -> list[Scenario]:
    """Every combination of every file, by their names. A later folder's scenario replaces one of its name."""
    found: dict[str, list[Scenario]] = {}
    for folder in folders:
        files = sorted(folder.glob("*.yaml")) if folder.is_dir() else [folder]
        if not files:
            raise SuiteError(f"there is no scenario in '{folder}'", hint="a scenario is a .yaml file")
        here: dict[str, list[Scenario]] = {}
        for file in files:
            scenarios = list(_read(file))
            name = scenarios[0].config.name
            if name in here:
                said = f"two scenarios beside each other are called '{name}'"
                raise SuiteError(said, where=scenarios[0].origin, hint=f"the other is {here[name][0].origin}")
            here[name] = scenarios
        found |= here
    return [scenario for scenarios in found.values() for scenario in scenarios]


def chosen(scenarios: list[Scenario], names: tuple[str, ...]) -> list[Scenario]:
    known = list(dict.fromkeys(scenario.config.name for scenario in scenarios))
    for name in names:
        if name not in known:
            raise SuiteError(f"there is no scenario '{name}'", hint=did_you_mean(name, known, "scenarios"))
    return [scenario for scenario in scenarios if not names or scenario.config.name in names]


def scenarios_of(options: IsolationOptions, *further: Path) -> list[Scenario]:
    """Those of evalkit, those that the options name, and further ones; of them the chosen, within their limits."""
    every = load_scenarios(bundled_scenarios(), *map(Path, options.scenarios), *further)
    return [limited(one, options.seconds, options.memory_mb) for one in chosen(every, tuple(options.only))]


def limited(scenario: Scenario, seconds: float | None, memory_mb: float | None) -> Scenario:
    """With other limits than its own, where some are given."""
    own = scenario.config.limits
    limits = LimitsOfScenario(seconds=seconds or own.seconds, memory_mb=memory_mb or own.memory_mb)
    return replace(scenario, config=scenario.config.model_copy(update={"limits": limits}))


def _read(file: Path) -> Iterator[Scenario]:
    source = read_source(file, what="scenario")
    parameters = source.data.get("parameters") or {}
    if not isinstance(parameters, dict) or not all(
        isinstance(values, list) and values for values in parameters.values()
    ):
        where = source.where(("parameters",))
        raise SuiteError("'parameters' names lists of values", where=where, hint="parameters: {length: [1, 1000]}")
    combinations = list(itertools.islice(itertools.product(*parameters.values()), MOST_VARIANTS + 1))
    if len(combinations) > MOST_VARIANTS:
        where = source.where(("parameters",))
        raise SuiteError(f"more than {MOST_VARIANTS} combinations of parameters", where=where)
    for values in combinations:
        given = dict(zip(parameters, values, strict=True))
        yield Scenario(_configured(source, given), given, source.where(()))


def _configured(source: Source, given: Mapping[str, Any]) -> ScenarioConfig:
    data = {key: _filled(value, given, source) for key, value in source.data.items() if key != "parameters"}
    found = validated(ScenarioConfig, {**data, "parameters": source.data.get("parameters") or {}}, source, ())
    known = plugins.names("evalkit.checks")
    for kind in found.checks:
        if kind not in known:
            where = source.where(("checks",))
            raise SuiteError(
                f"there is no kind of check '{kind}'", where=where, hint=did_you_mean(kind, known, "kinds")
            )
    try:
        open_backend(found.model).close()
    except EvalkitError as error:
        raise SuiteError(error.message, where=source.where(("model",)), hint=error.hint) from error
    return found


def _filled(value: Any, given: Mapping[str, Any], source: Source) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, given, source) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, given, source) for inner in value]
    if not isinstance(value, str):
        return value
    for name in _PLACE.findall(value):
        if name not in given:
            hint = did_you_mean(name, given, "its parameters") if given else "add parameters: {NAME: [VALUE, ...]}"
            raise SuiteError(f"'${{{name}}}' is no parameter of this scenario", where=source.where(()), hint=hint)
    whole = _PLACE.fullmatch(value)
    if whole:
        return given[whole[1]]
    return _PLACE.sub(lambda found: _written(given[found[1]]), value)


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
