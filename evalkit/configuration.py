"""Settings from ``evalkit.toml`` or ``[tool.evalkit]``, then ``EVALKIT_*``, then options; each knows its origin."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from evalkit.errors import ConfigurationError, did_you_mean, nearest
from evalkit.models.reference import ModelSettings

PREFIX = "EVALKIT_"
NOT_SETTINGS = frozenset({"EVALKIT_TEST_DATA", "EVALKIT_CACHE", "EVALKIT_VIEW_TOKEN"})
"""Variables with the prefix that are read elsewhere."""
DEVICES = r"^(auto|cpu|mps|xpu|cuda(:\d+)?)$"
ENGINES = ("transformers", "openvino")
DTYPES = ("auto", "float32", "float16", "bfloat16")


class Settings(BaseModel):
    """What can be configured. A missing key keeps the default."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    model: str = Field("smollm2-135m", min_length=1, description="Model reference, when none is given.")
    store: str = Field(".evalkit/runs.db", min_length=1, description="Path or URL of the runs database.")
    report: str = Field("reports", min_length=1, description="Folder in which every run gets a folder.")
    limit: int | None = Field(None, ge=1, description="At most this many cases of every check.")
    engine: str | None = Field(
        None, pattern="^(" + "|".join(ENGINES) + ")$", description=f"{' or '.join(ENGINES)}, of local models."
    )
    device: str = Field("auto", pattern=DEVICES, description="auto, cpu, cuda, cuda:1, mps or xpu.")
    dtype: str = Field("auto", pattern="^(" + "|".join(DTYPES) + ")$", description=", ".join(DTYPES))
    batch_size: int | None = Field(None, ge=1)
    threads: int | None = Field(None, ge=1)
    timeout: float = Field(60.0, gt=0, description="Seconds an endpoint may take for one answer.")
    retries: int = Field(4, ge=0)
    concurrency: int | None = Field(None, ge=1, description="Requests under way at once to an endpoint, at most.")
    scoring_workers: int | None = Field(
        None, ge=0, le=64, description="Processes that judge answers beside the run; by default as many as pay."
    )
    trust_code: bool = Field(False, description="Let functions run that a suite names in transform.")
    trust_remote_code: bool = False
    allow_pickle: bool = False
    models: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Named models: ref, body, response, ..."
    )


@dataclass(frozen=True, slots=True)
class Configuration:
    settings: Settings
    origins: Mapping[str, str] = field(default_factory=dict)
    """Key to the file, variable or option that set it."""

    def model_settings(self, name: str) -> tuple[str, ModelSettings]:
        """The reference behind a model name, and the settings that go with it. ``[models.NAME]`` comes first."""
        shared = {key.name for key in fields(ModelSettings)} & set(Settings.model_fields)
        base = ModelSettings(**{key: getattr(self.settings, key) for key in shared})
        named = self.settings.models.get(name, {}).get("ref", name)
        if base.engine and not self.origins.get("engine", "").startswith("--") and not _has_engine(named):
            base = replace(
                base, engine=None
            )  # a project's choice for its local models; asked for by name, it is an error
        if name not in self.settings.models:
            return name, base
        where = self.origins.get("models", "")
        where = f"{where} [models.{name}]" if where else f"models.{name}"
        own = dict(self.settings.models[name])
        reference = own.pop("ref", "")
        if not isinstance(reference, str) or not reference.strip():
            raise ConfigurationError(f"model '{name}' has no ref", where=where, hint="ref = 'http://HOST/path'")
        known = {key.name for key in fields(ModelSettings)}
        for key in own:
            if key not in known:
                raise ConfigurationError(
                    f"unknown key '{key}' of model '{name}'",
                    where=where,
                    hint=did_you_mean(key, ["ref", *sorted(known)]),
                )
        checked = _checked(own, shared, where)
        above = (PREFIX, "--")  # variables and options outrank what stands in the file
        return reference, replace(
            base, **{key: value for key, value in checked.items() if not self.origins.get(key, "").startswith(above)}
        )


def judge_settings(configuration: Configuration, name: str) -> tuple[str, ModelSettings]:
    """Those of the model that judges. ``--engine`` is said of the model under test, so a served judge has none."""
    reference, settings = configuration.model_settings(name)
    own = configuration.settings.models.get(name, {})
    if settings.engine and "engine" not in own and not _has_engine(reference):
        settings = replace(settings, engine=None)
    return reference, settings


def _has_engine(reference: object) -> bool:
    from evalkit.models.registry import takes_engine

    return isinstance(reference, str) and takes_engine(reference)


def _checked(own: Mapping[str, Any], shared: Set[str], where: str) -> dict[str, Any]:
    """The values of a model's table, held to the same rules as the settings of that name."""
    try:
        settings = Settings.model_validate({key: value for key, value in own.items() if key in shared})
        rest = TypeAdapter(ModelSettings).validate_python({k: v for k, v in own.items() if k not in shared})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = str(first["loc"][0])
        raise ConfigurationError(f"{key} is {own[key]!r}: {_sentence(first['msg'])}", where=where) from error
    if rest.context_length is not None and rest.context_length < 1:
        raise ConfigurationError(f"context_length is {rest.context_length}: it must be above 0", where=where)
    return {key: getattr(settings if key in shared else rest, key) for key in own}


def configure(
    options: Mapping[str, Any] | None = None, *, folder: Path | None = None, environ: Mapping[str, str] = os.environ
) -> Configuration:
    """``options`` are those given on the command line or as keywords; None means not given."""
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    from_file = _from_file(folder or Path.cwd())
    for layer, layer_origins in (
        from_file,
        _from_environment(environ, _key_variables(from_file[0].get("models"))),
        _from_options(options or {}),
    ):
        values.update(layer)
        origins.update(layer_origins)
    try:
        return Configuration(Settings.model_validate(values), origins)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = str(first["loc"][0])
        where = origins.get(key, "")
        if first["type"] == "extra_forbidden":
            raise ConfigurationError(
                f"unknown key '{key}'", where=where, hint=did_you_mean(key, Settings.model_fields)
            ) from error
        if key == "models":  # what stands there is not repeated: people put keys into it by mistake
            what = ".".join(str(part) for part in first["loc"])
            raise ConfigurationError(
                f"{what}: {_sentence(first['msg'])}", where=where, hint="[models.NAME] with ref = 'http://HOST/path'"
            ) from error
        field_ = Settings.model_fields[key]
        hint = f"{key}: {field_.description}" if field_.description else ""
        raise ConfigurationError(
            f"{key} is {first['input']!r}: {_sentence(first['msg'])}", where=where, hint=hint
        ) from error


def _from_file(folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The nearest ``evalkit.toml``, or ``pyproject.toml`` with our table, here or in a parent folder."""
    for place in (folder, *folder.resolve().parents):
        for name, table in (("evalkit.toml", ()), ("pyproject.toml", ("tool", "evalkit"))):
            path = place / name
            if not path.is_file():
                continue
            try:
                data: Any = tomllib.loads(path.read_text(encoding="utf-8-sig"))
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
                if not table:
                    hint = "correct it, or move it away: all settings can be given as options, too"
                    raise ConfigurationError(f"cannot be read: {error}", where=str(path), hint=hint) from error
                continue  # a project's broken pyproject.toml is not ours to complain about
            for key in table:
                data = data.get(key) if isinstance(data, dict) else None
            if isinstance(data, dict):
                where = f"{path} [{'.'.join(table)}]" if table else str(path)
                return data, dict.fromkeys(data, where)
    return {}, {}


def _key_variables(models: Any) -> set[str]:
    """Variables that hold keys of configured models may have our prefix too."""
    tables = models.values() if isinstance(models, dict) else ()
    return {str(table["api_key_env"]) for table in tables if isinstance(table, dict) and "api_key_env" in table}


def _from_environment(environ: Mapping[str, str], others: Set[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Unknown variables are other programs' (or hold a key), unless they look like one of ours misspelt."""
    values, origins = {}, {}
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or variable in NOT_SETTINGS or variable in others:
            continue
        key = variable.removeprefix(PREFIX).lower()
        if key == "models":
            raise ConfigurationError("models cannot be set by a variable", where=variable, hint="use evalkit.toml")
        if key not in Settings.model_fields and not nearest(key, Settings.model_fields):
            continue
        values[key] = text
        origins[key] = variable
    return values, origins


def _from_options(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    given = {key: value for key, value in options.items() if value is not None}
    return given, {key: f"--{key.replace('_', '-')}" for key in given}


def _sentence(message: str) -> str:
    return message[:1].lower() + message[1:]
