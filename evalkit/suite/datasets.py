"""What a suite file says of its datasets, as the room ``data`` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import BaseModel

from evalkit import plugins
from evalkit.data import (
    Column,
    Contract,
    DatasetSpec,
    FewShotSpec,
    PerturbSpec,
    PromptSpec,
    QuerySpec,
    SampleSpec,
    TransformSpec,
)
from evalkit.errors import PluginError, SuiteError, did_you_mean
from evalkit.suite.schema import ContractConfig, DatasetConfig, Prompt, QueryConfig
from evalkit.suite.source import KeyPath, Source
from evalkit.suite.validating import validated

if TYPE_CHECKING:
    from evalkit.metrics.sql import SqlFunction


def dataset_spec(name: str, config: DatasetConfig, source: Source, *, trust_code: bool) -> DatasetSpec:
    where = source.where(("datasets", name))
    _refuse_no_source(name, config, where)
    contract: str | Contract = config.contract if isinstance(config.contract, str) else _contract(name, config.contract)
    return DatasetSpec(
        name=name,
        path=config.path,
        format=config.format,
        query=_query(name, config.query, source),
        transform=_transform(name, config.transform, source, trust_code=trust_code),
        contract=contract,
        columns=config.columns,
        prompt=_prompt(config.prompt),
        where=config.where,
        limit=config.limit,
        sample=SampleSpec(config.sample.n, config.sample.stratify, config.sample.seed) if config.sample else None,
        min_rows=config.min_rows,
        on_error=config.on_error,
        perturb=_perturbations(name, config, source),
        origin=where,
    )


def _refuse_no_source(name: str, config: DatasetConfig, where: str) -> None:
    if not config.path and config.query is None:
        hint = "path: FILE, or query: \"SELECT ... FROM 'FILE'\""
        raise SuiteError(f"'datasets.{name}.path' is missing", where=where, hint=hint)
    if config.path and config.query is not None:
        what = f"dataset '{name}' has a path and a query"
        raise SuiteError(what, where=where, hint="a query names its files itself: leave the path out")
    if config.format and config.query is not None:
        hint = "leave format out: in a query, read_csv('FILE') and others say it"
        raise SuiteError(f"dataset '{name}' has a query and a format", where=where, hint=hint)


def _query(name: str, config: str | QueryConfig | None, source: Source) -> QuerySpec | None:
    if not isinstance(config, QueryConfig):
        return None
    contract = _contract(name, config.contract) if config.contract else None
    where = source.where(("datasets", name, "query", "sql"))
    return QuerySpec(config.sql, config.folder, tuple(config.reads), contract, _functions, where)


def _functions() -> Mapping[str, SqlFunction]:
    from evalkit.metrics.sql import functions

    return functions()


def _transform(name: str, text: str, source: Source, *, trust_code: bool) -> TransformSpec | None:
    if not text:
        return None
    where = source.where(("datasets", name, "transform"))
    path, _, function = text.rpartition(":")
    if not path.endswith(".py") or not function.isidentifier():
        raise SuiteError(
            f"dataset '{name}' has a transform that names no function",
            where=where,
            hint="transform: ./FILE.py:FUNCTION",
        )
    return TransformSpec(path, function, trust_code, where)


def _perturbations(name: str, config: DatasetConfig, source: Source) -> tuple[PerturbSpec, ...]:
    """Each is a name, or a name and its options."""
    specs = []
    for index, entry in enumerate(config.perturb):
        keys: KeyPath = ("datasets", name, "perturb", index)
        where = source.where(keys)
        if isinstance(entry, dict) and len(entry) != 1:
            hint = "write each as an item of its own: [role_play, {typos: {rate: 0.05}}]"
            raise SuiteError(f"an entry of perturb names {len(entry)} perturbations, not one", where=where, hint=hint)
        kind, options = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
        known = plugins.names("evalkit.perturbations")
        if kind not in known:
            hint = did_you_mean(kind, known, "known perturbations")
            raise SuiteError(f"unknown perturbation '{kind}'", where=where, hint=hint)
        perturbation = plugins.load("evalkit.perturbations", kind, where=where)
        model = getattr(perturbation, "Options", None)
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            raise PluginError(
                f"perturbation '{kind}' has no Options, a pydantic model",
                where=where,
                hint="perturbations derive from evalkit.data.perturb.Perturbation or Rewording",
            )
        if options:
            validated(model, options, source, (*keys, kind), f" of perturbation '{kind}'")
        specs.append(PerturbSpec(kind, options or {}, where))
    return tuple(specs)


def _contract(name: str, config: ContractConfig) -> Contract:
    return Contract(
        name=f"{name}'s own",
        columns=tuple(
            Column(rule.name, rule.type, rule.nullable, tuple(rule.values or ()), rule.min, rule.max, rule.unique)
            for rule in config.columns
        ),
        min_rows=config.min_rows,
        max_rows=config.max_rows,
    )


def _prompt(config: Prompt) -> PromptSpec:
    shots = config.few_shot
    few_shot = FewShotSpec(shots.n, shots.path, shots.seed) if shots else FewShotSpec()
    return PromptSpec(config.system, config.template, few_shot)
