"""Where the files of a local model come from, and which weights they are. Nothing here imports torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from evalkit.errors import ModelError
from evalkit.models.catalog import CATALOG, CATALOG_TARGET, CatalogEntry
from evalkit.models.fetch import fetch_package_file, remembered_sha256
from evalkit.models.hf.options import HfOptions
from evalkit.models.reference import Reference

WEIGHTS = ("*.safetensors",)
PICKLED = ("pytorch_model*.bin", "*.pt", "*.pth", "*.ckpt")
LOCAL_OR_HUB = "a local model is hf:./folder, one on the model hub hf:ORG/NAME or hf:ORG/NAME@REVISION"
IDENTITY_FILES = (
    "*.jinja",
    "*.model",
    "*.py",
    "*.safetensors.index.json",
    "added_tokens.json",
    "config.json",
    "generation_config.json",
    "merges.txt",
    "special_tokens_map.json",
    "tokenizer*.json",
    "vocab.*",
)


class Source(Protocol):
    """One place that weights come from."""

    def identity(self) -> Mapping[str, str]:
        """What makes these weights these weights: names and hashes."""

    def config(self) -> Mapping[str, Any]:
        """``config.json``, or as much of it as can be known without fetching weights."""

    def folder(self) -> Path:
        """A folder that transformers can load; fetched and converted when it is first asked for."""

    def details(self) -> Mapping[str, Any]: ...


def find_source(reference: Reference, options: HfOptions) -> Source:
    target = reference.target
    if target.startswith(CATALOG_TARGET):
        entry = CATALOG[target.removeprefix(CATALOG_TARGET)]
        if options.source == "package":
            return PackageSource(entry, options.root)
        from evalkit.models.hf.loading.hub import HubSource

        return HubSource(entry.hub.name, entry.hub.revision, options)
    if "source" in reference.options:
        raise ModelError(f"only catalog models have a choice of source, '{reference.text}' is not one")
    if not target.strip():
        raise ModelError(f"'{reference.text}' names no model", hint=LOCAL_OR_HUB)
    path = Path(target).expanduser()
    if target.casefold().endswith(".gguf"):
        if not path.is_file():
            raise ModelError(f"there is no file {target}", hint="name an existing .gguf file or model folder")
        return GgufSource(path, options.root)
    if path.is_dir():
        return FolderSource(path, options)
    return _hub_source(reference, options)


def _hub_source(reference: Reference, options: HfOptions) -> Source:
    name, _, revision = reference.target.partition("@")
    looks_local = name.startswith((".", "/", "~")) or name.endswith("/") or name.count("/") > 1 or "\\" in name
    if looks_local or not name:
        raise ModelError(f"there is no model folder '{reference.target}'", hint=LOCAL_OR_HUB)
    from evalkit.models.hf.loading.hub import HubSource

    return HubSource(name, revision or "main", options)


def read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(found, dict):
        raise ModelError(f"{path} should hold a JSON object")
    return found


def weight_files(folder: Path, allow_pickle: bool) -> list[Path]:
    """The weights in a folder. Pickled ones only where that was allowed: reading them can run their author's code."""
    safe = sorted(path for pattern in WEIGHTS for path in folder.glob(pattern))
    if safe:
        return safe
    pickled = sorted(path for pattern in PICKLED for path in folder.glob(pattern))
    if pickled and allow_pickle:
        return pickled
    if pickled:
        raise ModelError(
            f"{folder} has pickled weights only ({pickled[0].name}), which can run code when they are read",
            hint="save them as safetensors, or add ?allow_pickle=1 if you trust who made them",
        )
    raise ModelError(f"{folder} has no weights", hint="a model folder holds config.json, *.safetensors and a tokenizer")


@dataclass(frozen=True, slots=True)
class FolderSource:
    path: Path
    options: HfOptions

    def identity(self) -> Mapping[str, str]:
        if not (self.path / "config.json").is_file():
            hint = "a model folder holds config.json, *.safetensors and a tokenizer"
            if (self.path / "adapter_config.json").is_file():
                hint = f"this is an adapter: name its base model and add ?adapter={self.path}"
            raise ModelError(f"{self.path} is not a model folder: it has no config.json", hint=hint)
        weights = weight_files(self.path, self.options.allow_pickle)
        return {path.name: remembered_sha256(path, self.options.root) for path in [*weights, *self._small_files()]}

    def _small_files(self) -> list[Path]:
        return sorted({path for pattern in IDENTITY_FILES for path in self.path.glob(pattern) if path.is_file()})

    def config(self) -> Mapping[str, Any]:
        return read_json(self.path / "config.json")

    def folder(self) -> Path:
        return self.path

    def details(self) -> Mapping[str, Any]:
        return {"source": "folder"}


@dataclass(frozen=True, slots=True)
class GgufSource:
    """A single quantised file; transformers reads it once and the cache keeps it as safetensors in float32."""

    path: Path
    root: Path

    def identity(self) -> Mapping[str, str]:
        """By content alone, and as a package's file has it: under whatever name, it is the same model."""
        return {"gguf": self._sha256()}

    def _sha256(self) -> str:
        from evalkit.models.hf.loading.gguf import check_magic

        check_magic(self.path)
        return remembered_sha256(self.path, self.root)

    def config(self) -> Mapping[str, Any]:
        from evalkit.models.hf.loading.gguf import context_length, converted_folder

        converted = converted_folder(self._sha256(), self.root)
        known = read_json(converted / "config.json")
        return known or {"max_position_embeddings": context_length(self.path)}

    def folder(self) -> Path:
        from evalkit.models.hf.loading.gguf import convert

        return convert(self.path, self._sha256(), self.root)

    def details(self) -> Mapping[str, Any]:
        return {"source": "gguf file"}


@dataclass(frozen=True, slots=True)
class PackageSource:
    """A catalog model whose weights a package carries. Its identity is pinned, so nothing is fetched to know it."""

    entry: CatalogEntry
    root: Path

    def identity(self) -> Mapping[str, str]:
        return {"gguf": self.entry.package.sha256}

    def config(self) -> Mapping[str, Any]:
        return {"max_position_embeddings": self.entry.context_length}

    def folder(self) -> Path:
        from evalkit.models.conversion import is_complete
        from evalkit.models.hf.loading.gguf import convert, converted_folder

        done = converted_folder(self.entry.package.sha256, self.root)
        if is_complete(done):
            return done
        return convert(fetch_package_file(self.entry.package, self.root), self.entry.package.sha256, self.root)

    def details(self) -> Mapping[str, Any]:
        entry = self.entry
        package = f"{entry.package.project}=={entry.package.version}"
        return {
            "title": entry.title,
            "licence": entry.licence,
            "parameters": entry.parameters,
            "source": f"package {package}",
        }


def fingerprint(identity: Mapping[str, str], adapter: Mapping[str, str], dtype: str) -> str:
    """One hash for weights, tokenizer, adapter and dtype: another of any of them is another model."""
    content = json.dumps([sorted(identity.items()), sorted(adapter.items()), dtype], ensure_ascii=True)
    return f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"


def adapter_identity(adapter: Path | None, options: HfOptions) -> Mapping[str, str]:
    if adapter is None:
        return {}
    if not (adapter / "adapter_config.json").is_file():
        raise ModelError(
            f"{adapter} is not an adapter folder: it has no adapter_config.json",
            hint="an adapter folder is what peft's save_pretrained writes",
        )
    weights = weight_files(adapter, options.allow_pickle)
    files = [*weights, adapter / "adapter_config.json"]
    return {path.name: remembered_sha256(path, options.root) for path in files}
