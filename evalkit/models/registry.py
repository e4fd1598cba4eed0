"""From the one string that names a model to the backend that answers for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import cast

from evalkit import plugins
from evalkit.errors import PLUGIN_BREAKS, EvalkitError, ModelError, PluginError, did_you_mean
from evalkit.failures import words_of
from evalkit.models.catalog import CATALOG, expand
from evalkit.models.reference import ModelSettings, Reference, parse_reference
from evalkit.protocols import Backend
from evalkit.records import ModelInfo

GROUP = "evalkit.backends"

ENGINES: Mapping[str, str] = MappingProxyType({"transformers": "hf", "openvino": "openvino"})
"""What can run a local model, and its kind of reference."""


def resolve(text: str) -> Reference:
    """Which backend a model name means, without opening it.

    In this order: a catalog name; a path to a local folder or ``.gguf`` file (written as a path or simply there);
    ``scheme:rest``. A folder named like a catalog entry needs ``./`` in front.
    """
    from_catalog = expand(text)
    if from_catalog is not None:
        return from_catalog
    stripped = text.strip()
    path, separator, query = stripped.partition("?")
    looks_local = path.startswith(("./", "../", "/", "~", ".\\")) or (path.endswith("/") and "://" not in path)
    if path and (looks_local or _is_local(path)):
        parsed = parse_reference(f"hf:{path}{separator}{query}")
        return Reference(stripped, parsed.scheme, parsed.target, parsed.options)
    if stripped and ":" not in path:
        raise ModelError(
            f"unknown model '{stripped}'",
            hint=did_you_mean(path, CATALOG, "catalog")
            + "; or write hf:ORG/NAME, hf:./folder, http://HOST/v1?model=NAME, mock:echo",
        )
    reference = parse_reference(stripped)
    known = plugins.names(GROUP)
    if reference.scheme not in known:
        raise ModelError(
            f"unknown kind of model '{reference.scheme}:' in '{stripped}'",
            hint=did_you_mean(reference.scheme, known, "known kinds"),
        )
    return reference


def takes_engine(text: str) -> bool:
    """Whether a name is a local model's, which has a choice of engine. What is no model at all is told elsewhere."""
    try:
        return resolve(text).scheme in ENGINES.values()
    except ModelError:
        return False


def run_by(reference: Reference, engine: str) -> Reference:
    """The same local model, run by the engine. ``hf:`` names a model as well as who runs it, ``openvino:`` insists."""
    if engine not in ENGINES:
        raise ModelError(f"unknown engine '{engine}'", hint=did_you_mean(engine, ENGINES, "engines"))
    scheme = ENGINES[engine]
    if reference.scheme not in ENGINES.values():
        raise ModelError(
            f"'{reference.text}' has no choice of engine: only local models have",
            hint="leave engine out, or name a local model: smollm2-135m, ./folder, ./file.gguf",
        )
    if reference.scheme == scheme:
        return reference
    if reference.scheme != "hf":
        raise ModelError(
            f"'{reference.text}' names its engine itself, which is not {engine}",
            hint=f"leave engine out, or name the model without '{reference.scheme}:'",
        )
    shown = reference.text.removeprefix("hf:")
    return Reference(f"{scheme}:{shown}", scheme, reference.target, reference.options)


def _is_local(path: str) -> bool:
    try:
        return Path(path).is_dir() or (path.casefold().endswith(".gguf") and Path(path).is_file())
    except (OSError, ValueError):  # too long, or not a possible file name: then it is no local model either
        return False


def open_backend(text: str, settings: ModelSettings | None = None) -> Backend:
    """The backend for a model name. Cheap: weights load when the first question is asked."""
    reference = resolve(text)
    if settings is not None and settings.engine:
        reference = run_by(reference, settings.engine)
    open_it = plugins.load(GROUP, reference.scheme)
    try:
        return cast("Backend", open_it(reference, settings or ModelSettings()))
    except EvalkitError:
        raise
    except PLUGIN_BREAKS as error:
        module = str(getattr(open_it, "__module__", ""))
        if module.partition(".")[0] == "evalkit":
            raise
        said = f"backend '{reference.scheme}' ({module}) cannot be opened: {type(error).__name__}: {words_of(error)}"
        raise PluginError(said) from error


def describe(text: str, settings: ModelSettings | None = None) -> ModelInfo:
    """Who would answer, without loading weights."""
    backend = open_backend(text, settings)
    try:
        return backend.info
    finally:
        backend.close()
